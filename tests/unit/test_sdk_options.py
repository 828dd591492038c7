"""The SDKs' options: privacy fails closed, other slips are warned of, and the tables are the SDKs' own."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyscript_replay import ReplayError, options, sdk_options
from pyscript_replay.sdk_options import ATTRIBUTE, BOOLEAN, NUMBER, PRIVATE, SELECTOR, TEXT, URL_PATTERN, URL_RULE
from pyscript_replay.tools.npm import installed

# How the page hands them over, what it hands, and the name or value that is offered instead.
MEANT_FOR_PRIVACY = [
    ("options", {"privacyconfig": {"blockSelector": ".secret"}}, "privacyConfig"),
    ("options", {"PrivacyConfig": {"blockSelector": ".secret"}}, "privacyConfig"),
    ("options", {"privacy_config": {"blockSelector": ".secret"}}, "privacyConfig"),
    ("options", {"pirvacyConfig": {}}, "privacyConfig"),
    ("options", {"privacy": {"mask": ".secret"}}, "privacyConfig"),
    ("options", {"blockSelector": ".secret"}, "privacyConfig.blockSelector"),
    ("options", {"maskSelectors": [".secret"]}, "privacyConfig.maskSelector"),
    ("options", {"maskAllInputs": True}, "?"),
    ("options", {"sessionReplay": {"privacyConfig": {"blockSelector": ".secret"}}}, "privacyConfig"),
    ("options", {"plugins": [{"maskSelector": [".secret"]}]}, "privacyConfig.maskSelector"),
    ("options", {"optout": True}, "optOut"),
    ("options", {"opt_out": True}, "optOut"),
    ("options", {"optOut": "true"}, "boolean"),
    ("options", {"optOut": None}, "boolean"),
    ("options", {"crossoriginIframes": {"enabled": False}}, "crossOriginIframes"),
    ("options", {"crossOriginIframes": {"enable": False}}, "crossOriginIframes.enabled"),
    ("options", {"applyBackgroundColorToBlockedElement": True}, "applyBackgroundColorToBlockedElements"),
    ("options", {"captureDocumentTitle": "no"}, "boolean"),
    ("options", {"interactionconfig": {"enabled": False}}, "interactionConfig"),
    ("options", {"interactionConfig": {"ugcFilterRule": []}}, "interactionConfig.ugcFilterRules"),
    ("options", {"interactionConfig": {"ugcFilterRules": [{"selector": "/u/*", "replacement": "/u"}]}}, "http"),
    ("options", {"interactionConfig": {"ugcFilterRules": [{"selector": "https://a.test/*"}]}}, "text"),
    ("options", {"interactionConfig": {"ugcFilterRules": [{"selector": 5, "replacement": "/u"}]}}, "http"),
    ("options", {"interactionConfig": {"ugcFilterRules": [{"selector": "https://a b/", "replacement": "/u"}]}}, "http"),
    (
        "options",
        {"interactionConfig": {"ugcFilterRules": [{"selector": "ftp://a.test/", "replacement": "/u"}]}},
        "http",
    ),
    ("options", {"loggingConfig": {"network": {"enabled": False}}}, "remote configuration"),
    ("options", {"privacyConfig": []}, "object"),
    ("options", {"privacyConfig": ".secret"}, "object"),
    ("options", {"privacyConfig": None}, "object"),
    ("options", {"privacyConfig": {"blockselector": ".secret"}}, "privacyConfig.blockSelector"),
    ("options", {"privacyConfig": {"blockSelectors": ".secret"}}, "privacyConfig.blockSelector"),
    ("options", {"privacyConfig": {"blockSelector": 5}}, "CSS selector"),
    ("options", {"privacyConfig": {"blockSelector": None}}, "CSS selector"),
    ("options", {"privacyConfig": {"blockSelector": "!"}}, "CSS selector"),
    ("options", {"privacyConfig": {"blockSelector": [".secret", "!"]}}, "CSS selector"),
    ("options", {"privacyConfig": {"maskSelector": ".secret"}}, "list"),
    ("options", {"privacyConfig": {"unmaskSelector": [["p"]]}}, "CSS selector"),
    ("options", {"privacyConfig": {"maskAttributes": "title"}}, "list"),
    ("options", {"privacyConfig": {"maskAttributes": ["Title"]}}, "lower case"),
    ("options", {"privacyConfig": {"maskAttributes": ["[title]"]}}, "attribute"),
    ("options", {"privacyConfig": {"maskAttributes": ["style"]}}, "attribute"),
    ("options", {"privacyConfig": {"defaultMaskLevel": "strikt"}}, "nearest is"),
    ("options", {"privacyConfig": {"defaultMaskLevel": "Conservative"}}, "nearest is conservative"),
    ("options", {"privacyConfig": {"urlMaskLevels": {"*": "light"}}}, "list"),
    ("options", {"privacyConfig": {"urlMaskLevels": [{"match": "*/account"}]}}, "conservative"),
    ("options", {"privacyConfig": {"urlMaskLevels": [{"match": "/account", "maskLevel": "light"}]}}, "whole URL"),
    ("options", {"privacyConfig": {"urlMaskLevels": [{"match": 5, "maskLevel": "light"}]}}, "whole URL"),
    ("options", {"privacyConfig": {"urlMaskLevels": [{"match": "", "maskLevel": "light"}]}}, "whole URL"),
    ("options", {"privacyConfig": {"urlMaskLevels": [{"match": "shop/*", "maskLevel": "light"}]}}, "whole URL"),
    ("options", {"privacyConfig": {"urlMaskLevels": [{"match": "shop*", "maskLevel": "light"}]}}, "whole URL"),
    ("options", {"privacyConfig": {"maskAttributes": [5]}}, "attribute"),
    ("options", {"privacyConfig": {"maskAttributes": [""]}}, "attribute"),
    ("options", {"privacyConfig": {"urlMaskLevels": [{"Match": "*", "match": "*", "maskLevel": "light"}]}}, "match"),
    ("amplitude_options", {"privacyConfig": {"blockSelector": ".secret"}}, "privacyConfig"),
    ("amplitude_options", {"optout": True}, "optOut"),
    ("amplitude_options", {"optOut": 1}, "boolean"),
    ("amplitude_options", {"trackingoptions": {"ipAddress": False}}, "trackingOptions"),
    ("amplitude_options", {"trackingOptions": {"ip_address": False}}, "trackingOptions.ipAddress"),
    ("segment_options", {"privacyConfig": {}}, "privacyConfig"),
]
MEANT_OTHERWISE = [
    ("options", {"smapleRate": 1}, "sampleRate"),
    ("options", {"samplerate": 1}, "sampleRate"),
    ("options", {"performanceConfig": {"enable": True}}, "performanceConfig.enabled"),
    ("amplitude_options", {"autoCapture": True}, "autocapture"),
    ("segment_options", {"initialPageView": True}, "initialPageview"),
]
SOUND = [
    *(
        {"privacyConfig": {"urlMaskLevels": [{"match": match, "maskLevel": "light"}]}}
        for match in (
            "*",
            "?ttps://a.test/*",
            "htt*://a.test/",
            "https*",
            "http://a.test/",
            "https://a.test/*",
            "about:blank",
            "*/a",
        )
    ),
    *(
        {"interactionConfig": {"ugcFilterRules": [{"selector": selector, "replacement": "/u"}]}}
        for selector in ("http://a.test/u/*", "https://a.test/u/*")
    ),
    {"privacyConfig": {"maskAttributes": ["title", "data-name", "aria-label"]}},
    {},
    {"privacyConfig": {}},
    {"privacyConfig": {"blockSelector": ".secret", "defaultMaskLevel": "conservative"}},
    {"privacyConfig": {"blockSelector": [], "maskSelector": ["p", ".a > b"], "unmaskSelector": ["[x='1']"]}},
    {"privacyConfig": {"maskAttributes": ["aria-label", "data-x", "xlink:href", "title"]}},
    {"privacyConfig": {"urlMaskLevels": [{"match": "https://a.test/*", "maskLevel": "light"}]}},
    {"privacyConfig": {"urlMaskLevels": [{"match": "*/account/*", "maskLevel": "medium"}]}},
    {"interactionConfig": {"ugcFilterRules": [{"selector": "https://a.test/u/*", "replacement": "https://a.test/u"}]}},
    {"optOut": False, "crossOriginIframes": {"enabled": True}, "captureDocumentTitle": True},
    {"userProperties": {"optOut": "anything", "mask": 1}, "sampleRate": None},
]


def is_selector(text: str) -> bool:
    return bool(text) and "!" not in text


def both_ways(option: str, given: dict) -> Iterator[tuple]:
    """Handed over by the tag, and by ``connect()``: how to read it, and what our option is called."""
    attribute = option.replace("_", "-")
    yield lambda: options.from_attributes({"api-key": "k", attribute: json.dumps(given)}, is_selector), True
    yield lambda: options.from_keywords({"api_key": "k", option: given}, is_selector), False


@pytest.mark.parametrize(("option", "given", "offered"), MEANT_FOR_PRIVACY, ids=str)
def test_a_privacy_option_that_means_nothing_is_an_error(option: str, given: dict, offered: str) -> None:
    for read, on_tag in both_ways(option, given):
        with pytest.raises(ReplayError) as raised:
            read()
        assert raised.value.code == "option-value"
        assert raised.value.message.startswith(
            ("data-" if on_tag else "") + option.replace("_", "-" if on_tag else "_")
        )
        assert offered in raised.value.fix


@pytest.mark.parametrize(("option", "given", "offered"), MEANT_OTHERWISE, ids=str)
def test_another_unknown_option_is_warned_of_with_the_nearest_name(option: str, given: dict, offered: str) -> None:
    for read, on_tag in both_ways(option, given):
        (warning,) = options.unheeded(read(), on_tag)
        assert offered in warning


@pytest.mark.parametrize("given", SOUND, ids=str)
def test_sound_options_are_handed_through_in_silence(given: dict) -> None:
    for read, on_tag in both_ways("options", given):
        assert read()["options"] == given
        assert options.unheeded(read(), on_tag) == []


def test_every_private_name_in_every_other_case_fails_closed() -> None:
    for name in PRIVATE:
        for slip in (
            name.lower(),
            name.upper(),
            name[0].upper() + name[1:],
            name + "s",
            re.sub("([A-Z])", r"_\1", name),
        ):
            with pytest.raises(ReplayError, match=name):
                options.from_keywords({"api_key": "k", "options": {slip: {}}})


def test_a_javascript_object_cannot_be_looked_into() -> None:
    """Nothing of Python's plain data: what is in it is not known, and so not trusted."""
    with pytest.raises(ReplayError, match="privacyConfig"):
        options.from_keywords({"api_key": "k", "options": {"privacyConfig": object()}})


@pytest.mark.parametrize(
    ("attribute", "warnings"),
    [("mod", ["mode"]), ("smaple-rate", ["sample-rate"]), ("apikey", ["api-key"]), ("option", ["options"])]
    + [(foreign, []) for foreign in ("type", "service", "domain", "precedence", "cfasync", "ot-ignore", "id", "")],
)
def test_an_attribute_near_to_one_of_ours_is_warned_of(attribute: str, warnings: list[str]) -> None:
    said = options.misspelled({"api-key": "k", attribute: "x"})
    assert len(said) == len(warnings)
    for each, right in zip(said, warnings, strict=True):
        assert each == f"data-{attribute} is no option. Did you mean data-{right}?"


# The tables against the SDKs' own declarations.

AMPLITUDE = installed() / "@amplitude"
REPLAY_TYPES = AMPLITUDE / "session-replay-browser/lib/esm/config/types.d.ts"
CORE_TYPES = AMPLITUDE / "analytics-core/lib/esm/types/config"


def declared(file: Path, name: str) -> dict[str, str]:
    """The fields of an interface or a type: what TypeScript says of each, without its ``?``."""
    text = re.sub(r"/\*.*?\*/", "", file.read_text("utf-8"), flags=re.S)
    found = re.search(rf"(?:interface|type) {name}(?: =| extends [\w, ]+)? \{{(.*?)\n\}}", text, re.S)
    assert found, name
    return fields(found[1])


def fields(body: str) -> dict[str, str]:
    """The fields between two braces; those of objects within them are left to their field."""
    found, start, depth = {}, 0, 0
    for position, character in enumerate(body):
        depth += (character in "{(<[") - (character in "})]") - (character == ">" and body[position - 1] != "=")
        if character == ";" and depth == 0:
            name, _, kind = body[start:position].partition(":")
            found[name.strip().rstrip("?")] = " ".join(kind.split())
            start = position + 1
    return found


def declared_shape(kind: str) -> object:
    """A type of TypeScript's, in the form of ``shape``."""
    several = [each.strip() for each in kind.split(" | ")]
    if len(several) > 1:
        return {declared_shape(each) for each in several}
    if kind.startswith("Array<{"):
        return (frozenset((name, declared_shape(each)) for name, each in fields(kind[7:-2]).items()),)
    if kind.endswith("[]"):
        return (declared_shape(kind[:-2]),)
    if kind in ("UGCFilterRule", "InteractionPerformanceConfig"):
        return frozenset((name, declared_shape(each)) for name, each in declared(REPLAY_TYPES, kind).items())
    return "MaskLevel" if kind == "MaskLevel" else kind


def shape(kind: object) -> object:
    """One of our kinds, as TypeScript would have it."""
    if isinstance(kind, sdk_options.Required):
        return shape(kind.kind)
    if kind == sdk_options.LEVEL:
        return "MaskLevel"
    if isinstance(kind, dict):
        return frozenset((name, shape(each)) for name, each in kind.items())
    if isinstance(kind, list):
        return (shape(kind[0]),)
    if isinstance(kind, tuple):
        return {shape(each) for each in kind}
    return {BOOLEAN: "boolean", NUMBER: "number"}.get(str(kind), "string")


@pytest.mark.parametrize(
    ("table", "declaration"),
    [
        (PRIVATE["privacyConfig"], "PrivacyConfig"),
        (PRIVATE["interactionConfig"], "InteractionConfig"),
        (PRIVATE["crossOriginIframes"], "CrossOriginIframesConfig"),
        (sdk_options.SESSION_REPLAY["performanceConfig"], "SessionReplayPerformanceConfig"),
        (sdk_options.SESSION_REPLAY["flushIntervalConfig"], "FlushIntervalConfig"),
    ],
)
def test_each_object_of_options_is_as_the_sdk_declares_it(table: dict, declaration: str) -> None:
    types = declared(REPLAY_TYPES, declaration)
    assert {name: shape(kind) for name, kind in table.items()} == {
        name: declared_shape(kind) for name, kind in types.items()
    }


def test_mask_levels_are_the_sdks() -> None:
    (words,) = re.findall(r"type MaskLevel = (.*?);", REPLAY_TYPES.read_text("utf-8"))
    assert [word.strip("'") for word in words.split(" | ")] == list(sdk_options.LEVEL.accepted)


SESSION_REPLAY_TYPES = {
    **declared(CORE_TYPES / "core-config.d.ts", "IConfig"),
    **declared(REPLAY_TYPES, "SessionReplayLocalConfig"),
    **declared(AMPLITUDE / "session-replay-browser/lib/esm/typings/session-replay.d.ts", "SessionIdentifiers"),
    **declared(AMPLITUDE / "plugin-session-replay-browser/lib/esm/typings/session-replay.d.ts", "SessionReplayOptions"),
}
BROWSER_TYPES = {
    **declared(CORE_TYPES / "core-config.d.ts", "IConfig"),
    **declared(CORE_TYPES / "browser-config.d.ts", "ExternalBrowserConfig"),
}
SEGMENT_TYPES = declared(installed() / "@segment/analytics-next/dist/types/browser/settings.d.ts", "InitOptions")
HIDDEN = {"apiKey"}  # the key is an option of ours
HIDDEN_FROM_BROWSER = {"apiKey", "transportProvider", "requestMetadata"}  # `HiddenOptions`


@pytest.mark.parametrize(
    ("table", "types", "hidden"),
    [
        (sdk_options.SESSION_REPLAY, SESSION_REPLAY_TYPES, HIDDEN),
        (sdk_options.BROWSER_SDK, BROWSER_TYPES, HIDDEN_FROM_BROWSER),
        (sdk_options.SEGMENT, SEGMENT_TYPES, set()),
    ],
    ids=["session replay", "browser SDK", "segment"],
)
def test_the_known_options_are_those_that_the_sdk_declares(table: dict, types: dict, hidden: set) -> None:
    assert set(table) == set(types) - hidden
    plain = {"boolean": BOOLEAN, "number": NUMBER, "string": TEXT}
    for name, kind in table.items():
        if types[name] in plain and kind not in (sdk_options.OURS, sdk_options.DURATION):
            assert kind == plain[types[name]], name


def test_the_kinds_of_texts_are_texts() -> None:
    assert {shape(kind) for kind in (TEXT, SELECTOR, ATTRIBUTE, URL_PATTERN, URL_RULE)} == {"string"}
