"""Bodies, both ways: a request's is read up to a limit, unpacked and parsed, or else ``Refused``; an answer's is JSON.

A text in JSON may hold half of a surrogate pair, as ``"great 😀".slice(0, 7)`` does. It is kept, and goes out again as
it came in, as an escape (``\\ud83d``): UTF-8 has no bytes for it.
"""

import json
import math
import zlib
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

WRAPPED = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
NESTING = 50  # levels that are kept free, for what answers and the store put around a value


class Json(JSONResponse):
    """An answer in JSON, of ASCII only."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


class Refused(Exception):
    """A request that is to be answered with this status and this text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


async def read(request: Request, limit: int) -> bytes:
    """The body as it was sent. A longer one is read to its end all the same, or the client would not see the answer."""
    body = bytearray()
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= limit:
            body += chunk
    if length > limit:
        raise _too_large(limit)
    return bytes(body)


def unpacked(body: bytes, encoding: str | None, limit: int) -> bytes:
    """The body before it was compressed."""
    if encoding in (None, "identity"):
        return body
    if encoding not in WRAPPED:
        raise Refused(415, f"Content-Encoding {encoding} is not supported")
    reader = zlib.decompressobj(WRAPPED[encoding])
    try:
        plain = reader.decompress(body, limit + 1)
    except zlib.error as error:
        raise Refused(400, f"malformed {encoding}: {error}") from error
    if len(plain) > limit:
        raise _too_large(limit)
    if not reader.eof:
        raise Refused(400, f"malformed {encoding}: it ends too early")
    return plain


def parsed(text: bytes | str) -> Any:
    """The JSON in it. Refused are numbers that only Python can read, and what is nested so deep that, with a little
    more around it, it could not be written again."""
    try:
        if isinstance(text, bytes):
            text = text.decode(json.detect_encoding(text), "surrogatepass")
        value = json.loads(f"{'[' * NESTING}{text}{']' * NESTING}", parse_constant=_finite, parse_float=_finite)
        for _ in range(NESTING):
            (value,) = value
        return value
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"malformed JSON: {error}") from error


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number")
    return number


def _too_large(limit: int) -> Refused:
    return Refused(413, f"Payload too large: more than {limit} bytes")
