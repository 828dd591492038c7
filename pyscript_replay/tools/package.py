"""The built folder as a package of npm's: for those who host it out of ``node_modules``, or write TypeScript.

- ``package.json`` names the folder and its types;
- ``replay.d.ts`` has the types of ``window.pyscriptReplay`` and of its events: those that our own JavaScript is checked
  with (``web/page/facade.d.ts``), with the words of the Python tables in them;
- ``options.schema.json`` is a JSON schema of the tag's attributes and of what they hand through to the SDKs.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from .. import __version__, doctor, options, session
from ..lifecycle import SHOWN
from ..options import REQUIRED, Option, attribute
from ..sdk_options import (
    ATTRIBUTE,
    BOOLEAN,
    DURATION,
    FUNCTION,
    KNOWN,
    LIST,
    NUMBER,
    OBJECT,
    OURS,
    SELECTOR,
    TEXT,
    URL_PATTERN,
    URL_RULE,
    Required,
    Words,
)
from .npm import WEB

TYPES = WEB / "page" / "facade.d.ts"
IMPORT = re.compile(r'^import type .* from "\./tables\.js";$', re.MULTILINE)
_ROWS = {option.name: option for option in options.TABLE}
WORDS = {
    "Level": (doctor.OK, doctor.WARNING, doctor.PROBLEM),
    "Mode": _ROWS["mode"].kind,
    "Reason": {step[-1] for step in session.TRANSITIONS.values()} - {session.UNCHANGED} | {session.IDENTITY_CHANGED},
    "Runtime": _ROWS["runtime"].kind,
    "Status": SHOWN.values(),
}
"""A type that a page is shown: its words."""

PACKAGE = {
    "name": "pyscript-replay",
    "version": __version__,
    "description": "Amplitude Session Replay for sites that send their events through Segment",
    "license": "MIT",
    "type": "module",
    "types": "./replay.d.ts",
    # nothing to import but types: a page loads replay.js with its tag
    "exports": {".": {"types": "./replay.d.ts"}, "./*": "./*"},
}

NOT_BLANK = {"type": "string", "pattern": r"\S"}
KINDS = {
    "text": NOT_BLANK,
    "name": NOT_BLANK,
    "template": {"type": "string", "pattern": r"^https?://\S*\{\w+\}"},
    "part": {"type": "string", "pattern": r"^[A-Za-z0-9_-]+$"},
    "rate": {"type": "number", "minimum": 0, "maximum": 1},
    "milliseconds": {"type": "integer", "minimum": 0},
}
"""An option's kind, as JSON schema."""
SDK_KINDS = {
    TEXT: {"type": "string"},
    NUMBER: {"type": "number"},
    BOOLEAN: {"type": "boolean"},
    OBJECT: {"type": "object"},
    LIST: {"type": "array"},
    DURATION: {"type": "number", "exclusiveMinimum": 0},
    SELECTOR: {"type": "string", "description": SELECTOR},
    ATTRIBUTE: {"type": "string", "description": ATTRIBUTE, "pattern": r"^(?!style$)[^\sA-Z\"'`=<>/\[\]{}(),*.]+$"},
    URL_PATTERN: {"type": "string", "description": URL_PATTERN, "minLength": 1},
    URL_RULE: {"type": "string", "description": URL_RULE, "pattern": r"^https?://"},
    FUNCTION: {"not": {}, "description": "a function, which JSON cannot have"},
    OURS: {"not": {}, "description": "refused: it follows Segment"},
}
"""The kind of an SDK's option, likewise; the page checks some of them more closely."""


def write(root: Path) -> None:
    """The three files of a bundle."""
    (root / "package.json").write_text(json.dumps(PACKAGE, indent=2) + "\n", encoding="utf-8")
    (root / "replay.d.ts").write_text(declarations(), encoding="utf-8")
    (root / "options.schema.json").write_text(json.dumps(schema(), indent=2) + "\n", encoding="utf-8")


def union(words: Iterable[str]) -> str:
    """Words, as a type."""
    return " | ".join(json.dumps(word) for word in sorted(set(words)))


def declarations() -> str:
    """``replay.d.ts``, which needs no other file."""
    types = "\n".join(f"export type {name} = {union(words)};" for name, words in WORDS.items())
    text, replaced = IMPORT.subn(lambda _: types, TYPES.read_text("utf-8"))
    assert replaced == 1, TYPES
    return text


def schema() -> dict:
    """``options.schema.json``: attributes by their names without ``data-``, with what their JSON says as values."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The options of pyscript_replay's script tag",
        "type": "object",
        "properties": {attribute(option): _option(option) for option in options.TABLE},
        "required": [attribute(option) for option in options.TABLE if option.default is REQUIRED],
        "additionalProperties": False,
        "$defs": {name.replace("_", "-"): _kind(known) for name, known in KNOWN.items()},
    }


def _option(option: Option) -> dict:
    told = {"description": option.help}
    if option.default is not REQUIRED and option.default is not None:
        told["default"] = option.default
    if isinstance(option.kind, tuple):
        return {"enum": list(option.kind), **told}
    if option.kind == "object":
        return {"$ref": f"#/$defs/{attribute(option)}", **told}
    return {**KINDS[option.kind], **told}


def _kind(kind: object) -> dict:
    if isinstance(kind, Required):
        return _kind(kind.kind)
    if isinstance(kind, Words):
        return {"enum": list(kind.accepted)}
    if isinstance(kind, tuple):
        return {"anyOf": [_kind(each) for each in kind]}
    if isinstance(kind, list):
        return {"type": "array", "items": _kind(kind[0])}
    if isinstance(kind, dict):
        required = [name for name, each in kind.items() if isinstance(each, Required)]
        fields = {name: _kind(each) for name, each in kind.items()}
        told = {"type": "object", "properties": fields, "additionalProperties": False}
        return {**told, "required": required} if required else told
    return SDK_KINDS[str(kind)]
