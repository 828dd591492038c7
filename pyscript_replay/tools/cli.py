"""``pyscript-replay``: what a developer does with the project on a command line.

A failure that the user can mend is printed in two lines, what was seen and what to do, and ends with status 2.
"""

import sys
import time
import webbrowser
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from ..doctor import PROBLEM, WARNING
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


class Mode(StrEnum):
    actions = "actions"
    device = "classic-device"
    cloud = "classic-cloud"


class Level(StrEnum):
    """Of findings that can be failures, the lesser first."""

    warning = WARNING
    problem = PROBLEM


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


@app.command()
def check(
    urls: Annotated[list[str], typer.Argument(metavar="URL…", help="The pages to open.")],
    mode: Annotated[Mode | None, typer.Option(help="How Segment reaches Amplitude; left out, the page tells.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    github: Annotated[bool, typer.Option("--github", help="Print them as GitHub's annotations.")] = False,
    junit: Annotated[Path | None, typer.Option(help="Write them to this file, as JUnit's XML.")] = None,
    sarif: Annotated[Path | None, typer.Option(help="Write them to this file, as SARIF.")] = None,
    screenshot: Annotated[Path | None, typer.Option(help="Write a picture of the page to this file.")] = None,
    har: Annotated[Path | None, typer.Option(help="Write the visit's requests to this file.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Write the recording, as a page that plays it.")] = None,
    script: Annotated[
        Path | None, typer.Option(help="A file with visit(page), to be done in place of a click.")
    ] = None,
    baseline: Annotated[Path | None, typer.Option(help="Leave out what this earlier --json has found.")] = None,
    connect: Annotated[str | None, typer.Option(help="The address (ws://…) of a Playwright server.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Use the real Segment and Amplitude.")] = False,
    fail_on: Annotated[Level, typer.Option(help="The least that is a failure.")] = Level.problem,
) -> None:
    """Visit pages, with Segment and Amplitude played locally, and say whether events and replays match."""
    from . import check as checking
    from .check import reporters

    visit = checking.script(script) if script else None
    options = checking.Options(mode and mode.value, visit, screenshot, har, replay, connect, live)
    with errors.status("Visiting …"):
        reports = checking.check(urls, options)
    if baseline:
        reports = checking.without(reports, baseline)
    fails = [each.value for each in Level][list(Level).index(fail_on) :]
    for file, text in (
        (junit, reporters.as_junit(reports, fails)),
        (sarif, reporters.as_sarif(reports)),
    ):
        if file:
            file.write_text(text, "utf-8")
    shown = reporters.as_json if as_json else reporters.as_github if github else reporters.as_text
    print(shown(reports))
    if any(each.level in fails for report in reports for each in report.findings):
        raise typer.Exit(1)
