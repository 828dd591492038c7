"""Device ids: the rule, and an error that shows where it is broken."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyscript_replay import ReplayError, device

from ..runtime.stories import DEVICES, FIRST

ALLOWED = string.ascii_letters + string.digits + "_-.|@:="


def test_the_alphabet() -> None:
    assert sorted(device.ALLOWED) == sorted(ALLOWED)


@given(st.text(ALLOWED, min_size=1))
def test_accepts_what_the_alphabet_spells(device_id: str) -> None:
    assert device.check(device_id) == device_id


@given(st.text(ALLOWED), st.characters(exclude_characters=ALLOWED), st.text())
def test_names_the_first_character_that_is_not_accepted(good: str, bad: str, rest: str) -> None:
    with pytest.raises(ReplayError) as raised:
        device.check(good + bad + rest)
    assert raised.value.code == "device-id"
    assert f"{bad!r} at position {len(good) + 1}" in raised.value.message
    assert "a-z A-Z 0-9 _ - . | @ : =" in raised.value.fix


@pytest.mark.parametrize(("device_id", "bad"), DEVICES)
def test_examples(device_id: str, bad: tuple[str, int] | None) -> None:
    if bad is None:
        assert device.check(device_id) == device_id
        return
    with pytest.raises(ReplayError) as raised:
        device.check(device_id)
    assert raised.value.code == "device-id"
    assert bad[1] == 0 or f"{bad[0]!r} at position {bad[1]}" in raised.value.message


def test_replay_id() -> None:
    assert device.replay_id("d", FIRST) == f"d/{FIRST}"
    assert device.replay_id(None, FIRST) is device.replay_id("d", None) is device.replay_id("", 0) is None


def test_what_is_said_of_a_device_id_that_is_refused() -> None:
    for device_id, text in (
        ("", "the device id is empty or no text: ''. Let Segment make its anonymous id, "),
        (5, "the device id is empty or no text: 5. Let Segment make its anonymous id, "),
        ("a/b", "the device id 'a/b' has '/' at position 2. Use only a-z A-Z 0-9 _ - . | @ : = in a device id: "),
    ):
        with pytest.raises(ReplayError) as raised:
            device.check(device_id)
        assert str(raised.value).startswith("device-id: " + text)
        assert str(raised.value).endswith((" or set one with analytics.setAnonymousId().", " at '/'."))
