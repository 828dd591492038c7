"""The session in a web view's address: what is taken over, and what is not."""

import pytest

from pyscript_replay import handover

from ..runtime.stories import FIRST

NOW = FIRST + 60_000
SESSION = f"ampSessionId={FIRST}&ampTimestamp={NOW + 1}"


@pytest.mark.parametrize(
    ("address", "device_ids"),
    [
        (f"https://a.example/?ajs_aid=ada&{SESSION}", ["ada"]),
        (f"https://a.example/p?x=1&{SESSION}&ampDeviceId=a%7Cb%40c#top", ["a|b@c"]),
        (f"https://a.example/?ampDeviceId=app&ajs_aid=ada&amp_device_id=old&{SESSION}", ["app", "ada", "old"]),
        (f"https://a.example/?ajs_aid=ada&back=/?&{SESSION}", ["ada"]),
        (f"https://a.example/?ajs_aid=a=b&{SESSION}", ["a=b"]),
        (f"https://a.example/?{SESSION}", None),  # whose it is, is not said
        (f"https://a.example/?ajs_aid=&{SESSION}", None),
        (f"https://a.example/?ajs_aid=%zz&{SESSION}", None),
        (f"https://a.example/#?ajs_aid=ada&{SESSION}", None),
        (f"https://a.example/?ajs_aid=ada&ampSessionId={FIRST}", None),  # until when, is not said
        (f"https://a.example/?ajs_aid=ada&ampSessionId={FIRST}&ampTimestamp=soon", None),
        (f"https://a.example/?ajs_aid=ada&ampSessionId=1e3&ampTimestamp={NOW + 1}", None),
        ("", None),
    ],
)
def test_what_an_address_hands_over(address: str, device_ids: list[str] | None) -> None:
    assert handover.read(address) == (device_ids and (device_ids, FIRST, NOW + 1))
