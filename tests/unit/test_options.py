"""The options: what the design documents is what the table drives, and what is wrong is said with the way out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyscript_replay import ReplayError, options

from ..runtime.stories import ATTRIBUTES, KEYWORDS

# What users rely on, as the design has it: attribute and default.
DOCUMENTED = {
    "data-mode": "auto",
    "data-api-key": "required",
    "data-analytics": "analytics",
    "data-write-key": None,
    "data-segment-cdn": None,
    "data-segment-options": {},
    "data-sample-rate": None,
    "data-server-zone": "US",
    "data-replay-url": None,
    "data-amplitude-org": None,
    "data-amplitude-project": None,
    "data-replay-url-property": None,
    "data-session-events": "off",
    "data-url-session": "ignore",
    "data-options": {},
    "data-amplitude-options": {},
    "data-session-hook": "enrichment",
    "data-runtime": "micropython",
    "data-consent": "granted",
    "data-hold-ms": 2000,
}
WORDS = {
    "mode": ("actions", "classic-device", "classic-cloud", "auto"),
    "server_zone": ("US", "EU"),
    "session_hook": ("enrichment", "middleware", "deferred"),
    "runtime": ("micropython", "pyodide"),
    "consent": ("granted", "wait"),
    "session_events": ("off", "on"),
    "url_session": ("ignore", "follow"),
}
ROWS = {option.name: option for option in options.TABLE}
ALONE = [option for option in options.TABLE if not option.tag_only and option.name not in options.TOGETHER]
OPTIONAL = [option for option in ALONE if option.name != "api_key"]


def examine(read, given: dict, expected: dict | tuple[str, str]) -> None:
    if isinstance(expected, dict):
        answer = read(given)
        assert set(answer) == set(ROWS)
        assert {name: answer[name] for name in expected} == expected
        return
    code, word = expected
    with pytest.raises(ReplayError) as raised:
        read(given)
    assert raised.value.code == code
    assert word in raised.value.message + raised.value.fix
    assert raised.value.fix


@pytest.mark.parametrize(("given", "expected"), ATTRIBUTES, ids=str)
def test_attributes(given: dict, expected: dict | tuple[str, str]) -> None:
    examine(options.from_attributes, given, expected)


@pytest.mark.parametrize(("given", "expected"), KEYWORDS, ids=str)
def test_keywords(given: dict, expected: dict | tuple[str, str]) -> None:
    examine(options.from_keywords, given, expected)


def test_the_table_is_what_is_documented() -> None:
    defaults = {name: "required" if row.default is options.REQUIRED else row.default for name, row in ROWS.items()}
    assert {f"data-{name.replace('_', '-')}": default for name, default in defaults.items()} == DOCUMENTED
    assert all(option.help for option in options.TABLE)


def test_words() -> None:
    assert {option.name: option.kind for option in options.TABLE if isinstance(option.kind, tuple)} == WORDS


def test_left_out_is_the_default() -> None:
    read = options.from_attributes({"api-key": "k"})
    for attribute, default in DOCUMENTED.items():
        assert read[attribute.removeprefix("data-").replace("-", "_")] == ("k" if default == "required" else default)


def test_defaults_are_not_shared() -> None:
    options.from_keywords({"api_key": "k"})["options"]["storeType"] = "idb"
    assert options.from_keywords({"api_key": "k"})["options"] == {}


@pytest.mark.parametrize("option", [each for each in options.TABLE if isinstance(each.kind, tuple)])
def test_every_word_and_no_other(option: options.Option) -> None:
    attribute = option.name.replace("_", "-")
    for word in option.kind:
        assert options.from_attributes({"api-key": "k", attribute: word})[option.name] == word
    for other in ("", option.kind[0].swapcase(), option.kind[0] + " "):
        examine(options.from_attributes, {"api-key": "k", attribute: other}, ("option-value", "nearest"))


texts = st.text(max_size=12)
values = {
    "text": texts.filter(str.strip),
    "name": texts.filter(str.strip),
    "template": st.just("https://help.example/{replayId}"),
    "rate": st.floats(0, 1),
    "object": st.dictionaries(st.sampled_from("abc"), st.none() | texts | st.integers(0, 2**53)),
}


def value_of(option: options.Option) -> st.SearchStrategy:
    return st.sampled_from(option.kind) if isinstance(option.kind, tuple) else values[option.kind]


@given(st.fixed_dictionaries({"api_key": texts.filter(str.strip)}, optional={o.name: value_of(o) for o in OPTIONAL}))
def test_the_tag_and_connect_agree(keywords: dict) -> None:
    attributes = {name.replace("_", "-"): as_text(value) for name, value in keywords.items()}
    assert options.from_attributes(attributes) == options.from_keywords(keywords)


def as_text(value: object) -> str:
    return json.dumps(value) if isinstance(value, dict) else str(value)


@given(
    st.dictionaries(
        st.sampled_from([*(a.removeprefix("data-") for a in DOCUMENTED), "api_key", "x", "ot-x"]), st.text()
    )
)
def test_any_tag_is_understood_or_refused(attributes: dict) -> None:
    try:
        assert set(options.from_attributes(attributes)) == set(ROWS)
    except ReplayError as error:
        assert error.code in ("option-unknown", "option-missing", "option-value")
        assert error.fix


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()) | st.binary()


@given(st.dictionaries(st.sampled_from([*ROWS, "x"]), anything))
def test_any_call_is_understood_or_refused(keywords: dict) -> None:
    try:
        assert set(options.from_keywords(keywords)) == set(ROWS)
    except ReplayError as error:
        assert error.code in ("option-unknown", "option-missing", "option-value")
        assert error.fix


@pytest.mark.parametrize(
    ("word", "expected"),
    [("smaple_rate", "sample_rate"), ("apiKey", "api_key"), ("serverzone", "server_zone")],
)
def test_nearest(word: str, expected: str) -> None:
    assert options.nearest(word, list(ROWS)) == expected


@given(st.sampled_from(list(ROWS)), st.integers(0), st.sampled_from("aqz_"))
def test_one_slip_finds_the_name(name: str, position: int, slip: str) -> None:
    position %= len(name)
    assert options.nearest(name[:position] + slip + name[position + 1 :], list(ROWS)) == name


SAID = [
    (
        "tag",
        {"options": '{"maskSelector": ["a"]}'},
        "option-value: data-options has maskSelector, which the SDK does not know there. "
        "Did you mean privacyConfig.maskSelector?",
    ),
    (
        "connect",
        {"api_key": None},
        "option-missing: api_key is missing. Set it: Amplitude API key, the one saved in Segment.",
    ),
    (
        "connect",
        {"hold_ms": 5},
        "option-unknown: hold_ms is for the script tag only. Leave it out.",
    ),
    (
        "connect",
        {"mod": 1},
        "option-unknown: there is no option mod. Did you mean mode?",
    ),
    (
        "connect",
        {"mode": "action"},
        "option-value: mode is 'action'. It takes one of actions, classic-device, classic-cloud, auto "
        "(nearest: actions): how Segment reaches Amplitude.",
    ),
    (
        "connect",
        {"mode": 5},
        "option-value: mode is 5. It takes one of actions, classic-device, classic-cloud, auto: how "
        "Segment reaches Amplitude.",
    ),
    (
        "connect",
        {"sample_rate": True},
        "option-value: sample_rate is True. It takes a number from 0 to 1: 0 to 1; left out: the SDK's "
        "own, 0 (nothing is recorded) unless Amplitude's remote configuration sets one.",
    ),
    (
        "connect",
        {"amplitude_org": "a"},
        "option-missing: amplitude_org is set, but not amplitude_project. Set both, or neither.",
    ),
    (
        "connect",
        {"replay_url_property": "p"},
        "option-missing: replay_url_property is set, but not replay_url or amplitude_org. Set both, or neither.",
    ),
    (
        "connect",
        {"options": {"sampleRate": "1"}},
        "option-value: options has sampleRate: '1'. The SDK takes a value of type number.",
    ),
    (
        "connect",
        {"options": {"privacyConfig": {"maskSelector": "x"}}},
        "option-value: options has privacyConfig.maskSelector: 'x'. The SDK takes a value of type list "
        "of CSS selector.",
    ),
    (
        "connect",
        {"options": {"privacyConfig": {"defaultMaskLevel": "lihgt"}}},
        "option-value: options has privacyConfig.defaultMaskLevel: 'lihgt'. The SDK takes a value of "
        "type one of light, medium, conservative, nearest is light.",
    ),
    (
        "connect",
        {"options": {"version": 1}},
        "option-value: options has version: 1. The SDK takes a value of type object with type, version.",
    ),
    (
        "connect",
        {"options": {"privacyConfig": {"maskSelector": ["p", 5]}}},
        "option-value: options has privacyConfig.maskSelector[1]: 5. The SDK takes a value of type CSS selector.",
    ),
    (
        "connect",
        {"options": {"sessionReplay": {"optOut": True}}},
        "option-value: options has sessionReplay.optOut, which the SDK does not know there. Did you mean optOut?",
    ),
    (
        "tag",
        {"sample_rate": "0_1"},
        "option-value: data-sample-rate is '0_1'. It takes a number from 0 to 1: 0 to 1; left out: the SDK's "
        "own, 0 (nothing is recorded) unless Amplitude's remote configuration sets one.",
    ),
    (
        "tag",
        {"api_key": ""},
        "option-value: data-api-key is ''. It takes a text that is not empty: Amplitude API key, the one"
        " saved in Segment.",
    ),
    (
        "tag",
        {"hold_ms": "2.5"},
        "option-value: data-hold-ms is '2.5'. It takes a whole number of milliseconds, 0 or more: the "
        "longest an event waits for the wiring to be ready, in milliseconds.",
    ),
    (
        "tag",
        {"options": "{"},
        "option-value: data-options is '{'. It takes an object, in JSON on the tag: handed on to Session"
        " Replay's init.",
    ),
    (
        "tag",
        {"options": '{"deviceId":"x"}'},
        "option-value: data-options has deviceId: 'x'. Leave it out: it follows Segment, so that "
        "recordings and events agree.",
    ),
    (
        "tag",
        {"options": '{"privacyConfig":{"blockSelector":"!"}}'},
        "option-value: data-options has privacyConfig.blockSelector: '!'. The SDK takes a value of type "
        "CSS selector or list of CSS selector.",
    ),
    (
        "tag",
        {"options": '{"privacyConfig":{"maskSelectors":["a"]}}'},
        "option-value: data-options has privacyConfig.maskSelectors, which the SDK does not know there. "
        "Did you mean privacyConfig.maskSelector?",
    ),
    (
        "tag",
        {"amplitude_options": '{"sessionTimeout":"x"}'},
        "option-value: data-amplitude-options has sessionTimeout: 'x'. The SDK takes a value of type "
        "milliseconds above 0.",
    ),
    (
        "tag",
        {"segment_options": "[]"},
        "option-value: data-segment-options is []. It takes an object, in JSON on the tag: handed to "
        "AnalyticsBrowser.load as its options.",
    ),
]


@pytest.mark.parametrize(("how", "given", "text"), SAID)
def test_what_is_said_of_a_wrong_option(how: str, given: dict, text: str) -> None:
    with pytest.raises(ReplayError) as raised:
        if how == "tag":
            attributes = {name.replace("_", "-"): value for name, value in given.items()}
            options.from_attributes({"api-key": "k", **attributes}, lambda selector: selector != "!")
        else:
            options.from_keywords({"api_key": "k", **given})
    assert str(raised.value) == text


def test_what_is_said_of_what_the_sdks_will_ignore() -> None:
    chosen = options.from_keywords(
        {
            "api_key": "k",
            "options": {"debugmode": True},
            "amplitude_options": {"autocaptur": 1},
            "segment_options": {"integration": {}},
        }
    )
    said = [
        "segment-options has integration, which the SDK does not know there. Did you mean integrations?",
        "options has debugmode, which the SDK does not know there. Did you mean debugMode?",
        "amplitude-options has autocaptur, which the SDK does not know there. Did you mean autocapture?",
    ]
    assert options.unheeded(chosen, on_tag=True) == ["data-" + text for text in said]
    assert options.unheeded(chosen, on_tag=False) == [text.replace("-options", "_options") for text in said]
