"""The same suite on MicroPython, on Pyodide, and on CPython with a border made of Python."""
