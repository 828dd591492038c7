"""The built folder as a package of npm's: it packs, its types hold and refuse, its schema says what the page says."""

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pyscript_replay import ReplayError, __version__
from pyscript_replay.options import TABLE, from_attributes, unheeded
from pyscript_replay.tools import bundle, package
from pyscript_replay.tools.npm import WEB, installed, node, npm

# What a site that is written in TypeScript does with us.
PROGRAM = """
import { AnalyticsBrowser } from "@segment/analytics-next";
import type { Facade, Finding, Transition } from "pyscript-replay";

const analytics = AnalyticsBrowser.load({ writeKey: "KEY" });
(window.pyscriptReplay ||= []).push(["use", analytics], ["track", "Seen", { price: 1 }], (it) => void it.start());

window.addEventListener("pyscript-replay:session", ({ detail }) => {
  const moved: Transition = detail;
  const current: number = moved.current;
  if (detail.reason === "renewed") console.log(moved.previous, current, detail.deviceId);
});
addEventListener("pyscript-replay:error", ({ detail: { code, message, fix } }) => console.error(code, message, fix));
addEventListener("pyscript-replay:status", ({ detail: { previous, status } }) => console.log(previous === status));

const linked: string | null | undefined = window.pyscriptReplay?.replayId;
export async function consented(replay: Facade): Promise<Finding[]> {
  await replay.start();
  const [segment] = await analytics;
  await replay.use(segment);
  if (replay.status === "failed") return (await replay.doctor()).filter(({ level }) => level === "problem");
  await replay.track("Consented", { linked });
  return [];
}
"""
WRONG = {
    "no such status": ("declare const it: Facade; it.status === 'runing'", "no overlap"),
    "no such member": ("declare const it: Facade; it.sesionId", "Did you mean 'sessionId'"),
    "a value that may not be set": ("declare const it: Facade; it.replayId = null", "read-only property"),
    "a session id is a number": ("declare const it: Facade; const id: string = it.sessionId!", "not assignable"),
    "it may be the stub yet": ("window.pyscriptReplay?.start()", "possibly 'undefined'"),
    "no such early call": ("(window.pyscriptReplay ||= []).push(['strat'])", "not assignable"),
    "an event without a name": ("declare const it: Facade; it.track()", "Expected 1-2 arguments"),
    "use() of what is no Segment": (
        "declare const it: Facade; it.use({ track() {} })",
        "missing the following properties",
    ),
    "a detail's member": (
        "addEventListener('pyscript-replay:session', ({ detail }) => detail.sessionId)",
        "does not exist on type 'Transition'",
    ),
    "nothing to import but types": (
        "import { start } from 'pyscript-replay'; start()",
        "has no exported member 'start'",
    ),
}
IMPORT = "import type { Facade } from 'pyscript-replay';\nexport type Used = Facade;\n"
CONFIG = {
    "compilerOptions": {
        "strict": True,
        "noEmit": True,
        "module": "esnext",
        "moduleResolution": "bundler",
        "target": "es2022",
        "lib": ["es2022", "dom"],
        "types": [],
        "skipLibCheck": True,  # of what analytics-next needs
    },
    "files": ["program.ts"],
}


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``npm pack`` has made of the built folder."""
    directory = tmp_path_factory.mktemp("packed")
    (told,) = json.loads(npm("pack", str(bundle.cached()), "--json", cwd=directory))
    return directory / told["filename"]


@pytest.fixture(scope="module")
def project(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has it installed, beside analytics-next."""
    directory = tmp_path_factory.mktemp("project")
    (directory / "node_modules").mkdir()
    with tarfile.open(packed) as archive:
        archive.extractall(directory / "node_modules", filter="data")
    (directory / "node_modules/package").rename(directory / "node_modules/pyscript-replay")
    (directory / "node_modules/@segment").symlink_to(installed() / "@segment", target_is_directory=True)
    (directory / "tsconfig.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    return directory


def compiled(project: Path, program: str, **options: object) -> list[str]:
    """What tsc complains of."""
    (project / "program.ts").write_text(program, encoding="utf-8")
    settings = {**CONFIG, "compilerOptions": {**CONFIG["compilerOptions"], **options}}
    (project / "tsconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    tsc = installed(WEB / "checks") / "typescript/bin/tsc"
    done = subprocess.run([node(), tsc, "--pretty", "false"], cwd=project, capture_output=True, encoding="utf-8")
    return [line for line in done.stdout.splitlines() if "error TS" in line]


def test_npm_pack_takes_every_file_of_the_built_folder(packed: Path) -> None:
    dist = bundle.cached()
    with tarfile.open(packed) as archive:
        names = {member.name.removeprefix("package/") for member in archive.getmembers()}
        described = json.load(archive.extractfile("package/package.json"))  # type: ignore[arg-type]
    assert names == {file.relative_to(dist).as_posix() for file in dist.rglob("*") if file.is_file()}
    assert (described["name"], described["version"], described["license"]) == ("pyscript-replay", __version__, "MIT")


def test_a_typescript_program_compiles_against_it(project: Path) -> None:
    assert compiled(project, PROGRAM) == []
    assert compiled(project, PROGRAM, module="nodenext", moduleResolution="nodenext") == []
    # the types themselves, which `skipLibCheck` leaves out
    assert compiled(project, IMPORT, skipLibCheck=False) == []


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_use_does_not_compile(project: Path, wrong: str) -> None:
    use, said = WRONG[wrong]
    errors = compiled(project, f"{IMPORT}{use};")
    assert len(errors) == 1
    assert said in errors[0]


def test_the_types_are_those_that_our_javascript_is_checked_with() -> None:
    ours = package.TYPES.read_text("utf-8")
    shipped = (bundle.cached() / "replay.d.ts").read_text("utf-8")
    kept = [line for line in ours.splitlines() if not package.IMPORT.match(line)]
    assert [line for line in shipped.splitlines() if line in kept] == kept
    assert 'export type Status = "failed" | "loading"' in shipped


# The schema.

SCHEMA = package.schema()
KEY = {"api-key": "KEY"}
RIGHT = [
    KEY,
    {**KEY, "mode": "classic-cloud", "sample-rate": 0.5, "server-zone": "EU", "hold-ms": 0, "consent": "wait"},
    {**KEY, "analytics": "ajs", "write-key": "W", "segment-cdn": "https://cdn.example", "runtime": "pyodide"},
    {**KEY, "options": {"privacyConfig": {"blockSelector": [".card"], "maskAttributes": ["title"]}}},
    {**KEY, "options": {"privacyConfig": {"urlMaskLevels": [{"match": "https://*", "maskLevel": "light"}]}}},
    {**KEY, "options": {"interactionConfig": {"ugcFilterRules": [{"selector": "https://a/*", "replacement": "x"}]}}},
    {**KEY, "segment-options": {"useQueryString": False, "storage": {}}, "amplitude-options": {"sessionTimeout": 1}},
]
REFUSED = [
    {},
    {"api-key": " "},
    {**KEY, "mode": "actoins"},
    {**KEY, "sample-rate": 1.5},
    {**KEY, "hold-ms": -1},
    {**KEY, "options": []},
    {**KEY, "options": {"useWebWorker": "no"}},
    {**KEY, "options": {"sessionId": 1}},
    {**KEY, "options": {"privacyConfig": {"defaultMaskLevel": "strict"}}},
    {**KEY, "options": {"privacyConfig": {"maskAttributes": ["Title"]}}},
    {**KEY, "options": {"privacyConfig": {"maskAttributes": ["style"]}}},
    {**KEY, "options": {"privacyConfig": {"urlMaskLevels": [{"match": "https://*"}]}}},
    {**KEY, "options": {"interactionConfig": {"ugcFilterRules": [{"selector": "a/*", "replacement": "x"}]}}},
    {**KEY, "options": {"handleFetchConfig": "function"}},
    {**KEY, "segment-options": {"useQueryString": 1}},
    {**KEY, "amplitude-options": {"sessionTimeout": 0}},
]
DOUBTED = [{**KEY, "options": {"usewebworker": True}}, {**KEY, "options": {"performanceConfig": {"on": True}}}]


def valid(options: dict[str, Any]) -> bool:
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(options)


def on_a_tag(options: dict[str, Any]) -> dict:
    """What the page makes of the same on a tag. Raises ``ReplayError``."""
    return from_attributes({n: v if isinstance(v, str) else json.dumps(v) for n, v in options.items()})


def test_schema_is_a_json_schema_of_every_attribute() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]) == {option.name.replace("_", "-") for option in TABLE}
    assert json.loads((bundle.cached() / "options.schema.json").read_text("utf-8")) == SCHEMA


@pytest.mark.parametrize("options", RIGHT, ids=str)
def test_schema_accepts_what_the_page_takes(options: dict) -> None:
    assert unheeded(on_a_tag(options), on_tag=True) == []
    assert valid(options)


@pytest.mark.parametrize("options", REFUSED, ids=str)
def test_schema_refuses_what_the_page_refuses(options: dict) -> None:
    with pytest.raises(ReplayError):
        on_a_tag(options)
    assert not valid(options)


@pytest.mark.parametrize("options", DOUBTED, ids=str)
def test_schema_refuses_what_the_sdk_would_ignore(options: dict) -> None:
    assert unheeded(on_a_tag(options), on_tag=True)
    assert not valid(options)
