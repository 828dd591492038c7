"""``pyscript-replay``: what a developer does with the project on a command line.

A failure that the user can mend is printed in two lines, what was seen and what to do, and ends with status 2. What
takes long says so by ``logging``: its steps (INFO), and with ``--verbose`` what other programs said (DEBUG).
"""

import contextlib
import json
import logging
import signal
import sys
import time
import webbrowser
from collections.abc import Generator, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.filesize import decimal

from .. import __version__
from ..doctor import PROBLEM, WARNING
from ..errors import ReplayError
from ..options import MODES, TABLE, attribute, from_attributes
from .former import KEEP_DAYS

EXIT_CODES = (
    "Exit codes: 0 it is done; 2 it cannot be done, and what to do is said; 1 a fault of ours, with its traceback; "
    "or, from check, that there are problems, and nothing else."
)

app = typer.Typer(
    help="Amplitude Session Replay for sites that send their events through Segment.",
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
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
        app(args=arguments, prog_name="pyscript-replay")
    except ReplayError as error:
        print(f"{error.code}: {error.message}.", error.fix, sep="\n", file=sys.stderr)
        sys.exit(2)


def _version(asked: bool) -> None:
    if asked:
        print(f"pyscript-replay {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Amplitude Session Replay for sites that send their events through Segment."""


Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say what the other programs said, too.")]


class _Printed(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)


@contextlib.contextmanager
def _steps(verbose: bool) -> Generator[None]:
    """What takes long is told, line by line, when it begins."""
    log, printed = logging.getLogger("pyscript_replay"), _Printed()
    printed.setFormatter(logging.Formatter("%(relativeCreated)6d ms  %(message)s" if verbose else "%(message)s …"))
    log.addHandler(printed)
    log.setLevel(logging.DEBUG if verbose else logging.INFO)
    try:
        with errors.status("Building the bundle …"):
            yield
    finally:
        log.removeHandler(printed)


@app.command(epilog=EXIT_CODES)
def build(
    directory: Annotated[Path | None, typer.Argument(metavar="DIR", help="The directory to write.")] = None,
    out: Annotated[Path | None, typer.Option(help="The same as DIR.", metavar="DIR")] = None,
    keep: Annotated[
        int, typer.Option(help="For so many days a file of earlier builds stays, for who has replay.js cached.", min=0)
    ] = KEEP_DAYS,
    verbose: Verbose = False,
) -> None:
    """Write the bundle: replay.js and all that it needs, for any static host."""
    from . import bundle, script_tag

    place = directory or out
    if not place or (directory and out):
        raise typer.BadParameter("name one directory: build DIR")
    with _steps(verbose):
        manifest = bundle.build(place, keep)
    _print_sizes({name: file for name, file in manifest["files"].items() if not name.startswith("pyscript/")})
    total = sum(file["bytes"] for file in manifest["files"].values())
    print(f"{len(manifest['files'])} files, {decimal(total)}, in {place}")
    print("\nThe tag, with your API key and the folder's address (pyscript-replay tag has more):\n")
    print(*script_tag.lines(manifest, "/dist", {"api-key": "KEY", "sample-rate": "1"}), sep="\n")


def _attribute(text: str) -> tuple[str, str]:
    """``NAME=VALUE``, taken apart; ``data-`` may be before it."""
    name, equals, value = text.removeprefix("data-").partition("=")
    if not equals or name not in map(attribute, TABLE):
        raise typer.BadParameter(f'--set takes NAME=VALUE, an option of the tag and its value; it was given "{text}"')
    return name, value


@app.command(epilog=EXIT_CODES)
def tag(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A directory that build has written.")],
    url: Annotated[str, typer.Option(help="Where that is served: a path or a whole address.")] = "/dist",
    mode: Annotated[str | None, typer.Option(help=f"One of {', '.join((*MODES, 'auto'))}.")] = None,
    api_key: Annotated[str, typer.Option(help="Amplitude's API key, the one saved in Segment.")] = "KEY",
    sample_rate: Annotated[float, typer.Option(help="How many of the sessions are recorded.", min=0, max=1)] = 1,
    more: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Another option, as write-key=KEY; as often as needed."),
    ] = None,
    nonce: Annotated[str | None, typer.Option(help="For a policy with one; or your template's placeholder.")] = None,
    integrity: Annotated[bool, typer.Option(help="Have browsers refuse all but this very build.")] = True,
) -> None:
    """Print the script tag for a page's head. With integrity hashes, print it anew after each build."""
    from . import script_tag

    if mode and mode not in (*MODES, "auto"):
        raise typer.BadParameter(f"--mode is one of {', '.join((*MODES, 'auto'))}")
    try:
        manifest = json.loads((directory / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        fix = f"Write one: pyscript-replay build {directory}."
        raise ReplayError("tag-bundle", f"There is no bundle in {directory}", fix) from error
    attributes = {"mode": mode, "api-key": api_key, "sample-rate": f"{sample_rate:g}"}
    told = {name: value for name, value in attributes.items() if value} | dict(map(_attribute, more or ()))
    from_attributes(told)  # what a page would refuse is refused here
    print(*script_tag.lines(manifest, url, told, nonce, integrity), sep="\n")


def _print_sizes(files: dict[str, dict]) -> None:
    """A line for each file, however long its name, so that it can be searched and copied."""
    sizes = ("bytes", "gzip", "brotli")
    width = max(map(len, files), default=0)
    print("file".ljust(width), *(size.rjust(10) for size in sizes))
    for name, file in files.items():
        print(name.ljust(width), *(f"{file[size]:,}".rjust(10) for size in sizes))


@app.command(epilog=EXIT_CODES)
def serve(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.", min=0, max=65535)] = 8765,
    open: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    db: Annotated[Path | None, typer.Option(help="Keep what is recorded in this file.")] = None,
    write_key: Annotated[
        str | None, typer.Option(help="Segment's write key: use the real Segment and Amplitude.")
    ] = None,
    api_key: Annotated[str | None, typer.Option(help="Amplitude's API key, the one saved in Segment.")] = None,
    verbose: Verbose = False,
) -> None:
    """The demo, with a local Segment and a local Amplitude: watch your own session being recorded and played back."""
    from . import bundle
    from .devserver import DevServer, Real

    if bool(write_key) != bool(api_key):
        raise ReplayError("keys", "Only one of the two keys is given", "Give --write-key and --api-key, or neither.")
    real = Real(write_key, api_key) if write_key and api_key else None
    with _steps(verbose):
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


AT = Annotated[int, typer.Option(help="The port of the local Segment and Amplitude, on 127.0.0.1.", max=65534)]


@app.command(epilog=EXIT_CODES, context_settings={"allow_interspersed_args": False})
def watch(
    command: Annotated[list[str] | None, typer.Argument(metavar="[-- COMMAND…]", help="What runs the site.")] = None,
    port: Annotated[
        int | None, typer.Option(help="The site's port; left out, the first that COMMAND prints.", min=1, max=65535)
    ] = None,
    mode: Annotated[Mode, typer.Option(help="How the local Segment reaches Amplitude.")] = Mode.actions,
    at: AT = 8765,
    verbose: Verbose = False,
) -> None:
    """Your own site, as it is developed, with a local Segment and a local Amplitude: events and replays as they come.

    The site is shown at one more than --at, each of its pages with one line more. Without COMMAND and --port, the line
    is for you to add.
    """
    from . import bundle
    from .devserver import DevServer, elsewhere, sources
    from .watch import proxy, tail
    from .watch.command import Command

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what it has started ends with it
    with _steps(verbose):
        dist = bundle.cached()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(DevServer(dist, port=at, sources=sources(mode.value)))
        runs = Command(command) if command else None
        if runs:
            stack.callback(runs.stop)
        if runs or port:
            site = proxy.before(lambda: port or (runs and runs.port), server.url, at and at + 1)
            print(f"The site, watched:  {stack.enter_context(site)}/")
        else:
            print(f"For the site's pages, before their other scripts:  {elsewhere.line(server.url)}")
        print(f"Recorded sessions:  {server.url}/sessions", flush=True)
        server.store.listen(lambda name, what: _print_lines(tail.text(name, what, server.url)))
        with contextlib.suppress(KeyboardInterrupt):
            if runs and (status := runs.wait()):
                message = f"{' '.join(command or ())} ended with status {status}"
                raise ReplayError("command", message, "See above what it printed.")
            while not runs:
                time.sleep(3600)


@app.command(epilog=EXIT_CODES)
def tail(
    at: AT = 8765, as_json: Annotated[bool, typer.Option("--json", help="An object for each, as JSON.")] = False
) -> None:
    """Print events and recordings as they arrive at a running watch or serve, each with the link to its replay."""
    from .devserver.server import HOST
    from .watch import tail as tailing

    lines = tailing.as_json if as_json else tailing.text
    with contextlib.suppress(KeyboardInterrupt):
        for name, what in tailing.follow(at):
            _print_lines(lines(name, what, f"http://{HOST}:{at}"))


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)


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

    checking.writable(junit, sarif, screenshot, har, replay)
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
            checking.write(file, text)
    shown = reporters.as_json if as_json else reporters.as_github if github else reporters.as_text
    print(shown(reports))
    if any(each.level in fails for report in reports for each in report.findings):
        raise typer.Exit(1)
