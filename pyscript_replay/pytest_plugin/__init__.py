"""The pytest plugin: events and replays of any site, checked without a network.

    def test_checkout(page, replay):
        page.goto("https://shop.example/checkout")
        replay.expect_event("Checkout Started").in_replay()

Segment's and Amplitude's hosts are answered by the development server, which each test has to itself. It builds on
pytest-playwright, and on pytest-playwright-asyncio for ``async_replay``; without either nothing of it is in the way.
"""

from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..tools.devserver import DevServer
    from ..tools.expectations import AsyncReplay, Replay

MISSING = "The fixture {} needs {}, which is not installed. pip install '{}' brings it."


@pytest.fixture
def replay_mode() -> str:
    """In which of the three ways the local Segment plays for write keys that it does not know.

    To be overridden or parametrised: ``actions``, ``classic-device``, ``classic-cloud``.
    """
    return "actions"


@pytest.fixture
def replay_server(replay_mode: str) -> "Iterator[DevServer]":
    """The local Segment and Amplitude, with nothing in them yet."""
    from ..tools import bundle
    from ..tools.devserver import DevServer, sources

    with DevServer(bundle.cached(), sources=sources(replay_mode)) as server:
        yield server


if find_spec("pytest_playwright"):

    @pytest.fixture
    def replay(context: Any, replay_server: "DevServer", output_path: str, request: pytest.FixtureRequest) -> Any:
        """What the test may expect of its visit: see ``Replay``."""
        from ..tools import routing
        from ..tools.expectations import Replay

        wire = routing.Wire(replay_server)
        routing.route(context, wire)
        replay = Replay(context, wire)
        yield replay
        keep(replay, output_path, request)
        context.unroute_all(behavior="ignoreErrors")

else:

    @pytest.fixture
    def replay() -> None:
        pytest.fail(MISSING.format("replay", "pytest-playwright", "pyscript_replay[pytest]"), pytrace=False)


if find_spec("pytest_playwright_asyncio") and find_spec("pytest_asyncio"):
    import pytest_asyncio  # pyright: ignore[reportMissingImports]

    @pytest_asyncio.fixture(loop_scope="session")  # pyright: ignore[reportUntypedFunctionDecorator]
    async def async_replay(  # pyright: ignore[reportRedeclaration]
        context: Any, replay_server: "DevServer", output_path: str, request: pytest.FixtureRequest
    ) -> "AsyncIterator[AsyncReplay]":
        """``replay`` for tests with Playwright's asynchronous API: see ``AsyncReplay``."""
        from ..tools import routing
        from ..tools.expectations import AsyncReplay

        wire = routing.Wire(replay_server)
        await routing.route_async(context, wire)
        replay = AsyncReplay(context, wire)
        yield replay
        keep(replay, output_path, request)
        await context.unroute_all(behavior="ignoreErrors")

else:

    @pytest.fixture
    def async_replay() -> None:
        needed = "pytest-playwright-asyncio"
        pytest.fail(MISSING.format("async_replay", needed, needed), pytrace=False)


def keep(replay: "Replay | AsyncReplay", output_path: str, request: pytest.FixtureRequest) -> None:
    """The end of a visit. Of a test that has failed its time line and its recordings are kept, in pytest-playwright's
    directory for it."""
    report = getattr(request.node, "rep_call", None)  # pytest-playwright's
    if report is not None and report.failed:
        replay.save(Path(output_path))
    replay.wire.close()
