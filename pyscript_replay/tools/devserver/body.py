"""The body of a request to a collector: read up to a limit, unpacked up to a limit, parsed; or else ``Refused``."""

import json
import math
import zlib
from typing import Any

from starlette.requests import Request


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
    if encoding != "gzip":
        raise Refused(415, f"Content-Encoding {encoding} is not supported")
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = reader.decompress(body, limit + 1)
    except zlib.error as error:
        raise Refused(400, f"malformed gzip: {error}") from error
    if len(plain) > limit:
        raise _too_large(limit)
    if not reader.eof:
        raise Refused(400, "malformed gzip: it ends too early")
    return plain


def parsed(text: bytes | str) -> Any:
    """The JSON in it; Python's reader would take numbers that JSON has not, and nobody else can read."""
    try:
        return json.loads(text, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"malformed JSON: {error}") from error


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number")
    return number


def _too_large(limit: int) -> Refused:
    return Refused(413, f"Payload too large: more than {limit} bytes")
