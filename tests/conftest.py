"""What all tests share: the bundle, a development server per test, and a Chromium that is found, not assumed."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import BrowserContext, expect

from pyscript_replay.tools import bundle, chromium
from pyscript_replay.tools.devserver import DevServer

# For every window Chromium's address bar loads two pages of its own, which costs more than most of the sites that are
# tested. Only the last such list on a command line counts: those after the first two are Playwright's.
OFF = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
    # In a part of all browsers Chromium samples allocations, and walks the stack for it. It does not survive that on
    # the stacks that WebAssembly's promises have (JSPI), as Pyodide uses them: "Target crashed".
    "ExtremeLightweightUAFDetector",
    "GwpAsanMalloc",
    "GwpAsanPartitionAlloc",
    "HeapProfilerReporting",
)

os.environ.pop("PYTEST_ADDOPTS", None)  # what this pytest was given is not for those that tests run

# The same examples on each run, however busy the machine is.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
expect.set_options(timeout=30_000)  # who waits for a state waits longer where the machine is busy


@pytest.fixture(scope="session")
def dist() -> Path:
    """The bundle of the present sources."""
    return bundle.cached()


@pytest.fixture(scope="session")
def stop() -> Iterator[Callable[[DevServer], object]]:
    """Stops a server beside the next test, for a server takes a moment to notice that it shall end."""
    with ThreadPoolExecutor() as pool:
        stopped: list[Future[None]] = []
        yield lambda server: stopped.append(pool.submit(server.stop))
        for each in stopped:
            each.result()


@pytest.fixture
def server(dist: Path, stop: Callable[[DevServer], object]) -> Iterator[DevServer]:
    """A local Segment and Amplitude with nothing in them yet, on a free port."""
    server = DevServer(dist)
    server.start()
    yield server
    stop(server)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], browser_name: str) -> dict[str, Any]:
    """pytest-playwright's own, with our Chromium; with ``--browser firefox`` or ``webkit``, Playwright's."""
    if browser_name != "chromium":
        return browser_type_launch_args
    found = chromium.find()
    args = [*found["args"], f"--disable-features={','.join(OFF)}"]
    return {**browser_type_launch_args, **found, "args": args}


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
