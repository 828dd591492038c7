"""What is generated from the Python tables is up to date, and an editor can see what ``connect()`` takes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pyscript_replay import doctor, lifecycle
from pyscript_replay.options import LISTENER, TABLE
from pyscript_replay.tools import error_codes, facade, findings, generate

CALL = """
from pyscript_replay import ReplayError, connect

async def main() -> None:
    try:
        replay = await connect({arguments})
    except ReplayError as error:
        print(error.code, error.fix)
    else:
        reveal_type(replay)
"""
RIGHT = 'mode="actions", api_key="KEY", sample_rate=0.5, options={"useWebWorker": False}, consent="wait"'


@pytest.mark.parametrize("file", generate.FILES, ids=lambda file: file.name)
def test_generated_file_is_not_stale(file: Path) -> None:
    assert file.read_text("utf-8") == generate.FILES[file](), f"run: {generate.COMMAND}"


def test_each_finding_s_link_has_its_place() -> None:
    places = [line.removeprefix("## ") for line in findings.text().splitlines() if line.startswith("## ")]
    for rule in doctor.RULES:
        assert places.count(rule.code) == 1
        assert doctor.DOCS.format(rule.code) == f"reference/findings/#{rule.code}"
    assert "{" not in findings.text()


def test_each_error_code_that_the_sources_can_say_has_a_meaning_and_its_place() -> None:
    said = {each.code for each in error_codes.in_page()}
    assert said == set(error_codes.MEANINGS)
    places = [line.removeprefix("### ") for line in error_codes.text().splitlines() if line.startswith("### ")]
    for code in {*said, *(each.code for each in error_codes.on_command_line())}:
        assert places.count(code) == 1
        error = {"code": code, "message": "seen", "fix": "mend"}
        assert doctor.findings({"errors": [error]})[0]["docs"] == f"reference/errors/#{code}"


def test_each_member_of_the_facade_is_documented() -> None:
    members = {each.name for each in facade.members()}
    assert sorted(facade.documented()) == sorted(members)
    assert {"status", "doctor", "push"} < members
    assert set(facade.STATUS) == set(lifecycle.SHOWN.values())


def test_stub_names_every_keyword_of_the_table_and_no_other() -> None:
    call = generate.stub().partition("async def connect(")[2].partition(") -> Replay")[0]
    names = [line.split(":")[0].strip() for line in call.splitlines() if ":" in line]
    assert names == [*(option.name for option in TABLE if not option.tag_only), LISTENER]


# What is wrong with a call, and what of it the type checker names.
WRONG = {
    '"actions", api_key="KEY", smaple_rate=1': 'No parameter named "smaple_rate"',
    '"actions"': '"api_key"',
    '"actoins", api_key="KEY"': '"mode"',
    '"actions", api_key="KEY", sample_rate="1"': '"sample_rate"',
    '"actions", api_key="KEY", server_zone="UK"': '"server_zone"',
    '"actions", api_key="KEY", hold_ms=1': 'No parameter named "hold_ms"',
}


@pytest.fixture(scope="module")
def pyright(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict]]:
    """What pyright says about programs that somebody else has written, by what they give to ``connect()``."""
    root = tmp_path_factory.mktemp("programs")
    programs = {str(root / f"program{number}.py"): given for number, given in enumerate((RIGHT, *WRONG))}
    for file, arguments in programs.items():
        Path(file).write_text(CALL.format(arguments=arguments), encoding="utf-8")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, *programs]
    done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8")
    said: dict[str, list[dict]] = {arguments: [] for arguments in programs.values()}
    for each in json.loads(done.stdout)["generalDiagnostics"]:
        said[programs[each["file"]]].append(each)
    return said


@pytest.mark.xdist_group("pyright")
def test_type_checker_accepts_the_right_keywords(pyright: dict[str, list[dict]]) -> None:
    (revealed,) = pyright[RIGHT]
    assert revealed["severity"] == "information"
    assert '"Replay"' in revealed["message"]


@pytest.mark.xdist_group("pyright")
@pytest.mark.parametrize("arguments", WRONG)
def test_type_checker_reports_a_wrong_keyword(pyright: dict[str, list[dict]], arguments: str) -> None:
    (message,) = [each["message"] for each in pyright[arguments] if each["severity"] == "error"]
    assert WRONG[arguments] in message
