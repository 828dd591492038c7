"""Answers that go wrong, because it was ordered: in Python with ``DevServer.fault``, over HTTP with ``/api/faults``."""

import asyncio
import re
from collections.abc import Mapping
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .body import Json

MAX_DELAY_MS = 60_000
MAX_TIMES = 1_000_000
WITHOUT_BODY = (204, 205, 304)
NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")  # of a header, as HTTP has it
VALUE = re.compile(r"([!-~]([ -~]*[!-~])?)?")
FRAMING = (
    "connection",
    "content-length",
    "transfer-encoding",
)  # where the answer ends is known to the server alone


class Fault(NamedTuple):
    """How requests whose path begins with ``path`` are answered, the next ``times`` times.

    ``delay_ms`` milliseconds late; with ``status`` and ``headers``, or as ever where there is no ``status``.
    """

    path: str
    status: int | None = None
    delay_ms: int = 0
    times: int = 1
    headers: dict[str, str] = {}  # noqa: RUF012  (never written to)


def ordered(
    path: str, status: int | None = None, delay_ms: int = 0, times: int = 1, headers: Mapping[str, str] = {}
) -> Fault:
    """A fault, of values that came from outside. Raises ``TypeError`` when they make none."""
    for name, number, lowest, highest in (
        ("status", 200 if status is None else status, 200, 599),
        ("delay_ms", delay_ms, 0, MAX_DELAY_MS),
        ("times", times, 1, MAX_TIMES),
    ):
        if type(number) is not int or not lowest <= number <= highest:
            raise TypeError(f"{name} is a whole number from {lowest} to {highest}")
    if not isinstance(path, str) or not isinstance(headers, Mapping):
        raise TypeError("path is a text, headers an object of texts")
    for name, value in headers.items():
        if not isinstance(name, str) or not NAME.fullmatch(name) or name.lower() in FRAMING:
            raise TypeError(f"{name!r} is no name of a header that can be ordered")
        if not isinstance(value, str) or not VALUE.fullmatch(value):
            raise TypeError(f"the value of the header {name} is a line of ASCII")
    return Fault(path, status, delay_ms, times, dict(headers))


class Faults:
    """Requests are answered as it was ordered, but for those with which orders are given."""

    def __init__(self, app: ASGIApp, faults: list[Fault]) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = None if scope["path"].startswith("/api/") else self._next(scope["path"])
        app = self._app
        if fault:
            await asyncio.sleep(fault.delay_ms / 1000)
            if fault.status is not None:
                app = _answer(fault.status, fault.headers)
        await app(scope, receive, send)

    def _next(self, path: str) -> Fault | None:
        """The first fault for this path, which is used up by it. (Preflights never come here.)"""
        fault = next((each for each in self._faults if path.startswith(each.path)), None)
        if fault:
            at = self._faults.index(fault)
            self._faults[at : at + 1] = [fault._replace(times=fault.times - 1)] if fault.times > 1 else []
        return fault


def _answer(status: int, headers: Mapping[str, str]) -> Response:
    if status in WITHOUT_BODY:
        return Response(status_code=status, headers=headers)
    return Json({"code": status, "error": "as ordered"}, status, headers)
