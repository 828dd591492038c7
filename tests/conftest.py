"""What all tests share: the bundle, a development server per test, and a Chromium that is found, not assumed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import BrowserContext

from pyscript_replay.tools import bundle, chromium
from pyscript_replay.tools.devserver import DevServer

# The same examples on each run, however busy the machine is.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture(scope="session")
def dist() -> Path:
    """The bundle of the present sources."""
    return bundle.cached()


@pytest.fixture
def server(dist: Path) -> Iterator[DevServer]:
    """A local Segment and Amplitude with nothing in them yet, on a free port."""
    with DevServer(dist) as server:
        yield server


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], browser_name: str) -> dict[str, Any]:
    """pytest-playwright's own, with our Chromium; with ``--browser firefox`` or ``webkit``, Playwright's."""
    return {**browser_type_launch_args, **(chromium.find() if browser_name == "chromium" else {})}


@pytest.fixture
def new_context(new_context: Callable[..., BrowserContext]) -> Iterator[Callable[..., BrowserContext]]:
    """pytest-playwright's own, without routes in flight when it closes.

    A request may still be being answered when a test ends. What its route then finds closed would fail the next test.
    """
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        contexts.append(new_context(**options))
        return contexts[-1]

    yield make
    for context in contexts:
        for routed in (*context.pages, context):
            routed.unroute_all(behavior="ignoreErrors")
