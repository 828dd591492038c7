"""``python -m pyscript_replay``: the command line. Not for pages."""

from .tools.cli import main

if __name__ == "__main__":
    main()
