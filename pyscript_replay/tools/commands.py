"""``docs/reference/cli.md``: the command line, as Typer documents it.

Written, with what else comes from the code, by ``generate.py``.
"""

import typer
from typer.cli import get_docs_for_click

from . import cli

NAME = "pyscript-replay"
HEAD = "Written from the code by `uv run python -m pyscript_replay.tools.generate`."


def text() -> str:
    """The page."""
    command = typer.main.get_command(cli.app)
    context = typer.Context(command, info_name=NAME, **command.context_settings)
    written = get_docs_for_click(obj=command, ctx=context, name=NAME, title="The command line")
    title, _, rest = written.partition("\n")
    return f"{title}\n\n{HEAD}\n{rest.rstrip()}\n"
