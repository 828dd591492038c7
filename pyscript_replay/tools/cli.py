"""``pyscript-replay``: what a developer does with the project on a command line.

A failure that the user can mend is printed in two lines, what was seen and what to do, and ends with status 2.
"""

import sys
import time
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from ..errors import ReplayError

app = typer.Typer(
    help="Amplitude Session Replay for sites that send their events through Segment.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
console = Console()
errors = Console(stderr=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; always raises ``SystemExit``."""
    try:
        app(args=arguments)
    except ReplayError as error:
        print(f"{error.code}: {error.message}.", error.fix, sep="\n", file=sys.stderr)
        sys.exit(2)


@app.command()
def build(
    out: Annotated[Path, typer.Option(help="The directory to write; an earlier bundle in it is replaced.")],
) -> None:
    """Write the bundle: replay.js and all that it needs, for any static host."""
    from . import bundle

    with errors.status("Building the bundle …"):
        manifest = bundle.build(out)
    table = Table(box=None)
    table.add_column("file", overflow="fold")
    for heading in ("bytes", "gzip", "brotli"):
        table.add_column(heading, justify="right")
    for name, file in manifest["files"].items():
        if not name.startswith("pyscript/"):
            table.add_row(name, *(f"{file[size]:,}" for size in ("bytes", "gzip", "brotli")))
    console.print(table)
    total = sum(file["bytes"] for file in manifest["files"].values())
    console.print(f"{len(manifest['files'])} files, {decimal(total)}, in {out}", highlight=False)


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.", min=0, max=65535)] = 8765,
    open: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    db: Annotated[Path | None, typer.Option(help="Keep what is recorded in this file.")] = None,
    write_key: Annotated[
        str | None, typer.Option(help="Segment's write key: use the real Segment and Amplitude.")
    ] = None,
    api_key: Annotated[str | None, typer.Option(help="Amplitude's API key, the one saved in Segment.")] = None,
) -> None:
    """The demo, with a local Segment and a local Amplitude: watch your own session being recorded and played back."""
    from . import bundle
    from .devserver import DevServer, Real

    if bool(write_key) != bool(api_key):
        raise ReplayError("keys", "Only one of the two keys is given", "Give --write-key and --api-key, or neither.")
    real = Real(write_key, api_key) if write_key and api_key else None
    with errors.status("Building the bundle …"):
        dist = bundle.cached()
    with DevServer(dist, port=port, db=db, real=real) as server:
        console.print(f"Serving at {server.url}/ until Ctrl-C", highlight=False)
        if open:
            webbrowser.open(server.url)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass
