"""The Dockerfile and the GitHub Action, as far as they can be judged without Docker and without GitHub."""

import fnmatch
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

LINTS = {
    "hadolint": ["hadolint", "Dockerfile"],
    "zizmor": ["zizmor", "--offline", "--quiet", "--persona=auditor", "action.yml"],
    "schema": ["check-jsonschema", "--builtin-schema=vendor.github-actions", "action.yml"],
}


@pytest.mark.parametrize("lint", LINTS)
def test_dockerfile_and_github_action_are_linted(lint: str) -> None:
    program, *arguments = LINTS[lint]
    done = subprocess.run([BIN / program, *arguments], cwd=REPOSITORY, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("lint", "file", "right", "wrong"),
    [
        ("hadolint", "Dockerfile", "python:3.13.5-slim-bookworm", "python:latest"),
        ("zizmor", "action.yml", '<<< "$URLS"', '<<< "${{ inputs.urls }}"'),
        ("schema", "action.yml", "using: composite", "using: composition"),
    ],
)
def test_each_linter_finds_a_fault(tmp_path: Path, lint: str, file: str, right: str, wrong: str) -> None:
    text = (REPOSITORY / file).read_text("utf-8")
    assert right in text
    (tmp_path / file).write_text(text.replace(right, wrong), "utf-8")
    program, *arguments = LINTS[lint]
    assert subprocess.run([BIN / program, *arguments], cwd=tmp_path, capture_output=True).returncode != 0


def test_dockerfile_is_pinned_needs_no_root_and_starts_the_server() -> None:
    lines = (REPOSITORY / "Dockerfile").read_text("utf-8").splitlines()
    images = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert images and all(fnmatch.fnmatch(image, "python:*.*.*-slim-*") for image in images)
    last = {line.split()[0]: line for line in lines if line and line[0].isupper()}
    assert last["USER"] == "USER 1000"
    assert (last["ENTRYPOINT"], last["CMD"]) == ('ENTRYPOINT ["pyscript-replay"]', 'CMD ["serve"]')


def test_docker_context_has_what_the_wheel_is_built_of() -> None:
    kept = {line[1:] for line in (REPOSITORY / ".dockerignore").read_text("utf-8").splitlines() if line[:1] == "!"}
    assert kept == {"pyscript_replay", "web", "hatch_build.py", "pyproject.toml", "LICENSE", "README.md"}
    assert all((REPOSITORY / each).exists() for each in kept)


def test_github_action_s_inputs_are_documented() -> None:
    inputs = yaml.safe_load((REPOSITORY / "action.yml").read_text("utf-8"))["inputs"]
    page = (REPOSITORY / "docs/how-to/ci.md").read_text("utf-8")
    documented = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert documented == list(inputs)
