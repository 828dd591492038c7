"""The pure rules, on CPython."""
