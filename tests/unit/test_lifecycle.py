"""The life cycle: what happens in, states and effects out. What has no row changes nothing."""

import pytest

from pyscript_replay import lifecycle
from pyscript_replay.lifecycle import (
    ASKED,
    BACK,
    BEGIN,
    BEGINNING,
    CONSENT_AWAITED,
    DISPLAYED,
    END,
    FAILED,
    GRANTED,
    LOAD,
    LOADING,
    LOOK,
    NEW,
    NOT_RECORDED,
    NOTHING_DUE,
    OFF,
    OPT_IN,
    OPT_OUT,
    OPTED_OUT,
    PRERENDERED,
    PRERENDERING,
    RECORDED,
    REFUSED,
    RELEASE,
    RUNNING,
    START,
    STOP,
    STOPPED,
    SWITCHED_OFF,
    SWITCHED_ON,
    UNRECORDED,
    WAITING,
    WIRED,
    WIRING_FAILED,
)

# each line: what happens, the state that follows, the effects
STORIES = {
    "a page that records": (
        (GRANTED, LOADING, (LOAD,)),
        (WIRED, BEGINNING, (RELEASE, BEGIN)),
        (RECORDED, RUNNING, ()),
        (RECORDED, RUNNING, ()),
    ),
    "no session yet": ((GRANTED, LOADING, (LOAD,)), (WIRED, BEGINNING, (RELEASE, BEGIN)), (NOTHING_DUE, RUNNING, ())),
    "consent is given": (
        (CONSENT_AWAITED, WAITING, ()),
        (WIRED, WAITING, ()),
        (BACK, WAITING, ()),
        (START, LOADING, (OPT_IN, LOAD)),
    ),
    "start() is called before the page has begun": (
        (START, ASKED, (OPT_IN,)),
        (START, ASKED, ()),
        (GRANTED, LOADING, (LOAD,)),
    ),
    "start() is called before a page begins that the browser prepares": (
        (START, ASKED, (OPT_IN,)),
        (PRERENDERING, ASKED, ()),
        (DISPLAYED, ASKED, ()),
        (GRANTED, LOADING, (LOAD,)),
    ),
    "start() is called before a page begins that cannot": (
        (START, ASKED, (OPT_IN,)),
        (REFUSED, FAILED, ()),
    ),
    "stop() is called before the page has begun, and Segment goes on": (
        (STOP, STOPPED, (OPT_OUT,)),
        (OPTED_OUT, STOPPED, (RELEASE,)),
        (START, LOADING, (OPT_IN, LOAD)),
    ),
    "the last word before the page has begun counts": (
        (START, ASKED, (OPT_IN,)),
        (STOP, STOPPED, (OPT_OUT,)),
        (OPTED_OUT, STOPPED, (RELEASE,)),
    ),
    "consent is refused": (
        (CONSENT_AWAITED, WAITING, ()),
        (STOP, STOPPED, (OPT_OUT,)),
        (START, LOADING, (OPT_IN, LOAD)),
    ),
    "who has opted out is not recorded, and may change their mind": (
        (OPTED_OUT, STOPPED, (RELEASE,)),
        (RECORDED, STOPPED, ()),
        (START, LOADING, (OPT_IN, LOAD)),
    ),
    "stop() ends the recording, whatever comes late": (
        (GRANTED, LOADING, (LOAD,)),
        (WIRED, BEGINNING, (RELEASE, BEGIN)),
        (STOP, STOPPED, (OPT_OUT, END)),
        (RECORDED, STOPPED, ()),
        (NOT_RECORDED, STOPPED, ()),
        (WIRED, STOPPED, ()),
        (BACK, STOPPED, ()),
    ),
    "stop() while Python is on its way lets the events go": (
        (GRANTED, LOADING, (LOAD,)),
        (STOP, STOPPED, (OPT_OUT, RELEASE, END)),
        (WIRED, STOPPED, ()),
    ),
    "Segment, an SDK or Python cannot be had": (
        (GRANTED, LOADING, (LOAD,)),
        (WIRING_FAILED, FAILED, (RELEASE,)),
        (START, LOADING, (LOAD,)),
        (WIRING_FAILED, FAILED, (RELEASE,)),
        (WIRED, BEGINNING, (BEGIN,)),
    ),
    "an option is wrong": ((REFUSED, FAILED, ()), (STOP, STOPPED, (OPT_OUT,))),
    "a recording that does not begin, and then does": (
        (GRANTED, LOADING, (LOAD,)),
        (WIRED, BEGINNING, (RELEASE, BEGIN)),
        (NOT_RECORDED, UNRECORDED, ()),
        (START, BEGINNING, (BEGIN,)),
        (NOT_RECORDED, UNRECORDED, ()),
        (RECORDED, RUNNING, ()),
    ),
    "uploads that are refused while it records": (
        (GRANTED, LOADING, (LOAD,)),
        (WIRED, BEGINNING, (RELEASE, BEGIN)),
        (RECORDED, RUNNING, ()),
        (NOT_RECORDED, UNRECORDED, ()),
        (BACK, UNRECORDED, (LOOK,)),
        (NOTHING_DUE, RUNNING, ()),
    ),
    "a prerendered page does nothing until it is shown": (
        (PRERENDERING, PRERENDERED, ()),
        (START, PRERENDERED, ()),
        (BACK, PRERENDERED, ()),
        (DISPLAYED, NEW, ()),
        (GRANTED, LOADING, (LOAD,)),
    ),
    "a prerendered page that is shown asks for consent then": (
        (PRERENDERING, PRERENDERED, ()),
        (DISPLAYED, NEW, ()),
        (CONSENT_AWAITED, WAITING, ()),
    ),
    "a visitor who may not reach Amplitude, and may later, and not any more": (
        (GRANTED, LOADING, (LOAD,)),
        (WIRED, BEGINNING, (RELEASE, BEGIN)),
        (SWITCHED_OFF, OFF, (END,)),
        (NOTHING_DUE, OFF, ()),
        (BACK, OFF, (LOOK,)),
        (SWITCHED_ON, BEGINNING, (BEGIN,)),
        (RECORDED, RUNNING, ()),
        (SWITCHED_OFF, OFF, (END,)),
        (SWITCHED_OFF, OFF, (END,)),
        (STOP, STOPPED, (OPT_OUT, END)),
    ),
    "Segment was given no way to Amplitude": ((GRANTED, LOADING, (LOAD,)), (SWITCHED_OFF, OFF, (RELEASE,))),
    "a page that is back from the back/forward cache looks again": (
        (GRANTED, LOADING, (LOAD,)),
        (WIRED, BEGINNING, (RELEASE, BEGIN)),
        (BACK, BEGINNING, (LOOK,)),
        (RECORDED, RUNNING, ()),
        (BACK, RUNNING, (LOOK,)),
        (DISPLAYED, RUNNING, ()),
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_story(story: tuple) -> None:
    state = NEW
    for happening, expected, effects in story:
        step = lifecycle.step(state, happening)
        assert (step.state, step.effects) == (expected, effects), (state, happening)
        state = step.state


HAPPENINGS = sorted({happening for _, happening in lifecycle.TRANSITIONS})


def test_every_state_is_shown_and_can_be_reached() -> None:
    reached = {NEW}
    while True:
        more = {lifecycle.step(state, happening).state for state in reached for happening in HAPPENINGS} | reached
        if more == reached:
            break
        reached = more
    assert reached == set(lifecycle.SHOWN)
    assert {state for state, _ in lifecycle.TRANSITIONS} == reached


@pytest.mark.parametrize("state", sorted(set(lifecycle.SHOWN) - {NEW}))
def test_off_is_off_from_every_state(state: str) -> None:
    step = lifecycle.step(state, STOP)
    assert step.state == STOPPED and OPT_OUT in step.effects
    assert (END in step.effects) == (state in (LOADING, *lifecycle.LIVE)), "what may have been stored is forgotten"


@pytest.mark.parametrize("state", sorted(lifecycle.SHOWN))
def test_events_that_are_held_are_let_go_when_the_loading_ends(state: str) -> None:
    for happening in HAPPENINGS:
        step = lifecycle.step(state, happening)
        if state == LOADING and step.state != LOADING:
            assert RELEASE in step.effects, happening


def test_nothing_but_a_wired_page_is_shown_as_running() -> None:
    running = {state for state, shown in lifecycle.SHOWN.items() if shown == "running"}
    assert running == {RUNNING, OFF} and running <= set(lifecycle.LIVE)
