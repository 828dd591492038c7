"""The pages that are compared: the same page with Segment, in Actions mode, wired by each candidate.

There are two pages, one with Segment's snippet and one with Segment out of npm. Each has a *peer*, the documented
wiring made right, in JavaScript, as esbuild splits it for a site, with the preload hints that a site would have: what
the others cost is divided by what it costs. Our tag is as ``pyscript-replay tag`` prints it, with its hints where the
page's Segment is out of npm (``docs/how-to/hosting.md`` says why). All files are compressed, those of the peers too,
and browsers may keep them for as long: for ever what has a hash in its name, as all that a bundler makes.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import brotli

from pyscript_replay.tools import bundle, npm, script_tag
from tests.sites import shop

HERE = Path(__file__).parent / "pages"
WRAPPER = "@amplitude/segment-session-replay-wrapper"
# Of the SDK, so that the first snapshot is soon uploaded: a visit ends with that
HASTE = {"flushIntervalConfig": {"minIntervalMs": 100, "maxIntervalMs": 200}, "eagerFullSnapshotSend": True}
# Where the wrapper's SDK takes Amplitude to be: the option that the others have for it, and what follows it here.
ADDRESSES = {
    "https://sr-client-cfg.amplitude.com/config": ("configServerUrl", "/local"),
    "https://api-sr.amplitude.com/sessions/v2/track": ("trackServerUrl", ""),
}
# A page with some text to record: as much as its address says.
BODY = """<h1>A page</h1><main></main><script>
  const paragraphs = Number(new URLSearchParams(location.search).get("paragraphs") ?? 200);
  document.querySelector("main").innerHTML = "<p>With some text to record.</p>".repeat(paragraphs);
</script>"""
PYSCRIPT = """
from pyscript_replay import connect
await connect("actions", api_key="local", sample_rate=1, options=OPTIONS)
"""


class Candidate(NamedTuple):
    page: str
    head: str

    @property
    def peer(self) -> str:
        return f"JavaScript, {self.page}"


def built(root: Path, url: str, options: Mapping[str, Any] = HASTE) -> dict[str, Candidate]:
    """The candidates by name, each with a page of its name below ``root``, which the server at ``url`` has as /dist.

    ``options`` are the SDK's.
    """
    amplitude = f"{url}/amplitude/session-replay"
    options = {**options, "configServerUrl": f"{amplitude}/config", "trackServerUrl": f"{amplitude}/track"}
    cdn = f"{url}/segment"
    site = _Site(root, options, cdn)
    snippet = shop.SNIPPET.format(cdn=cdn, options="{}").replace("segment-key", "actions")
    snippet += "<script>analytics.page();</script>"
    segment = site.script("npm")
    pyscript = site.text("main.py", PYSCRIPT.replace("OPTIONS", repr(options)))
    candidates = {
        "JavaScript, snippet": Candidate("snippet", snippet + site.script("snippet-javascript")),
        "MicroPython, snippet": Candidate("snippet", snippet + site.tag("micropython", hints=False)),
        "Pyodide, snippet": Candidate("snippet", snippet + site.tag("pyodide", hints=False)),
        "JavaScript, npm": Candidate("npm", site.script("npm-javascript")),
        "wrapper 0.4.0, npm": Candidate("npm", site.script("npm-wrapper")),
        "MicroPython, npm": Candidate("npm", segment + site.tag("micropython")),
        "MicroPython brings Segment": Candidate("npm", site.early() + site.tag("micropython", site.write_key)),
        "PyScript page, npm": Candidate(
            "npm",
            f'{segment}<script type="module" src="pyscript.js"></script><script type="mpy" src="{pyscript}" async>'
            "</script>",
        ),
    }
    for name, candidate in candidates.items():
        (root / address(name)).write_text(f"<!doctype html><title>Bench</title>{candidate.head}{BODY}")
    _compress(root)
    return candidates


def address(name: str) -> str:
    return f"{name.replace(',', '').replace(' ', '-').lower()}.html"


class _Site:
    """The files of a site that loads its own."""

    def __init__(self, root: Path, options: dict[str, Any], cdn: str) -> None:
        self.root, self.options, self.cdn = root, options, cdn
        self.write_key = {"write-key": "actions", "segment-cdn": cdn}

    def text(self, name: str, text: str) -> str:
        (self.root / name).write_text(text)
        return name

    def early(self) -> str:
        """The page's first event, on a page whose Segment is still to come."""
        name = self.text("event.js", 'window.analytics = window.analytics || []; analytics.push(["page"]);')
        return f'<script src="{name}"></script>'

    def tag(self, runtime: str, more: Mapping[str, str] = {}, hints: bool = True) -> str:
        given = {"mode": "actions", "api-key": "local", "sample-rate": "1", "runtime": runtime, **more}
        given["options"] = json.dumps(self.options)
        manifest = json.loads((self.root / "manifest.json").read_text())
        lines = script_tag.lines(manifest, ".", given)
        return "".join(line for line in lines if hints or line.startswith("<script"))

    def script(self, name: str) -> str:
        """One of ``pages/`` as a bundler makes it, with hints for all that is needed before the first snapshot."""
        with tempfile.TemporaryDirectory() as directory:
            meta = Path(directory) / "meta.json"
            bundle.esbuild(
                HERE / f"{name}.js",
                "--splitting",
                f"--outdir={self.root}",
                "--entry-names=assets/[name]-[hash]",  # browsers may keep them for ever, as they may ours
                "--chunk-names=assets/[name]-[hash]",
                f"--metafile={meta}",
                define={"OPTIONS": json.dumps(self.options), "CDN": json.dumps(self.cdn)},
                alias={WRAPPER: str(npm.installed(Path(shop.__file__).parent / "npm") / WRAPPER)},
            )
            outputs = json.loads(meta.read_text())["outputs"]
        for each in outputs:  # the wrapper's SDK has no options for where Amplitude is
            file = self.root / "assets" / Path(each).name
            text = file.read_text("utf-8")
            for address, (option, rest) in ADDRESSES.items():
                text = text.replace(address, self.options[option] + rest)
            file.write_text(text, "utf-8")
        entry = next(each for each, it in outputs.items() if it.get("entryPoint", "").startswith("bench/"))
        files = [f"assets/{Path(each).name}" for each in _needed(entry, outputs)]
        hints = "".join(f'<link rel="modulepreload" href="{each}">' for each in files)
        settings = f'<link rel="preload" as="fetch" crossorigin href="{self.cdn}/v1/projects/actions/settings">'
        early = settings if name.startswith("npm") else ""
        return f'{early}{hints}<script type="module" src="{files[0]}"></script>'


def _needed(entry: str, outputs: dict[str, Any]) -> Iterator[str]:
    """The entry, rrweb's recorder and the SDK's worker, each with what it imports."""
    waiting = [entry]
    waiting += [
        each
        for each in outputs
        if any(part in name for part in ("rrweb-record", "/worker") for name in outputs[each]["inputs"])
    ]
    seen: set[str] = set()
    while waiting:
        each = waiting.pop(0)
        if each not in seen:
            seen.add(each)
            yield each
            waiting += [it["path"] for it in outputs[each]["imports"] if it["kind"] == "import-statement"]


def _compress(root: Path) -> None:
    for file in root.rglob("*.js"):
        compressed = file.with_name(f"{file.name}.br")
        if not compressed.exists():
            compressed.write_bytes(brotli.compress(file.read_bytes(), quality=11))
