"""The suite that runs on each Python of the page: its functions are pytest's items, once for each runtime.

Written for MicroPython. ``things`` is what there is in JavaScript (``things.mjs``); where there is none, a border made
of Python has the same. What only JavaScript itself can show is marked so.
"""

# What the border lets in has the type it has there.
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportOperatorIssue=false
# pyright: reportOptionalMemberAccess=false

import asyncio
import gc
import io
import json
import sys

from stories import ATTRIBUTES, DEVICES, EXPIRED, FIRST, KEYWORDS, MAX, OUTLIVED, PAGE, PARSED, SOUND, STORIES

from pyscript_replay import ReplayError, bridge, device, doctor, options, session
from pyscript_replay.bridge import MISSING, UNDEFINED, Js, JsError


async def run(names):
    """Run these, telling of each as a line of JSON: its name, and what went wrong or ``null``."""
    for name in names:
        told = None
        try:
            await globals()[name]()
        except Exception as error:
            told = _told(error)
        print(json.dumps([name, told]))


def _told(error):
    if hasattr(sys, "print_exception"):  # MicroPython
        written = io.StringIO()
        sys.print_exception(error, written)
        return written.getvalue()
    import traceback

    return "".join(traceback.format_exception(error))


def in_javascript(test):
    """Marks what a border made of Python cannot show."""
    return test


def things(name):
    return bridge.window().get("things").get(name)


def value(name):
    return things("values").get(name)


def same(given):
    return things("same")(given)


def raised(kind, attempt, *args):
    """What of that kind the attempt raises."""
    try:
        attempt(*args)
    except kind as error:
        return error
    raise AssertionError("nothing was raised")


async def rejected(awaitable):
    try:
        await awaitable
    except JsError as error:
        return error
    raise AssertionError("it was kept")


def equal(found, expected):
    assert found == expected and type(found) is type(expected), (found, expected)


# The pure rules.


async def test_parse():
    for raw, expected in PARSED:
        assert session.parse(raw) == expected, repr(raw)[:60]


async def test_stories():
    for name, story in STORIES.items():
        for look, decision in story:
            assert tuple(session.decide(*look)) == decision, (name, look)


async def test_is_expired():
    for last_access, now, expected in EXPIRED:
        assert session.is_expired(last_access, now) is expected


async def test_is_outlived():
    for last_access, now, expected in OUTLIVED:
        assert session.is_outlived(last_access, now) is expected


async def test_device():
    for device_id, bad in DEVICES:
        if bad is None:
            assert device.check(device_id) == device_id
        else:
            error = raised(ReplayError, device.check, device_id)
            assert error.code == "device-id"
            assert bad[1] == 0 or "{!r} at position {}".format(*bad) in error.message, error.message
    assert device.replay_id("d", FIRST) == "d/1795433609897"


async def test_options():
    for read, cases in ((options.from_attributes, ATTRIBUTES), (options.from_keywords, KEYWORDS)):
        for given, expected in cases:
            if isinstance(expected, dict):
                answer = read(given)
                assert {name: answer[name] for name in expected} == expected, given
            else:
                error = raised(ReplayError, read, given)
                assert error.code == expected[0], given
                assert expected[1] in error.message + error.fix, (given, error)


async def test_doctor():
    assert [finding["code"] for finding in doctor.findings(PAGE)] == SOUND
    assert str(FIRST) in doctor.findings(PAGE)[1]["message"]


# Numbers.

WHOLE = (0, 1, -1, 2**30, -(2**30), 2**31 - 1, 2**31, -(2**31) - 1, 2**32, 2**32 + 1, FIRST, -FIRST, MAX, -MAX)
FRACTIONS = (
    (0.1, "0.1"),
    (-0.5, "-0.5"),
    (0.1 + 0.2, "0.30000000000000004"),
    (1 / 3, "0.3333333333333333"),
    (1795433609897.123, "1795433609897.123"),
    (123456789.12345679, "123456789.12345679"),
    (1e300, "1e+300"),
    (1e21, "1e+21"),
    (2.5e-7, "2.5e-7"),
    (1.7976931348623157e308, "1.7976931348623157e+308"),
)


async def test_whole_numbers_cross_exactly():
    for number in WHOLE:
        equal(same(number), number)
        equal(things("text")(number), str(number))


async def test_whole_floats_arrive_as_whole_numbers():
    equal(same(5.0), 5)
    equal(same(1795433609897.0), FIRST)
    equal(value("whole"), 5)
    equal(same(-0.0), 0)


async def test_fractions_cross_exactly():
    for number, text in FRACTIONS:
        equal(things("text")(number), text)
        equal(same(number), number)
    equal(value("third"), 1 / 3)
    equal(value("huge"), 1e21)


async def test_what_is_no_number():
    for number in (float("inf"), float("-inf")):
        equal(same(number), number)
    not_a_number = same(float("nan"))
    assert not_a_number != not_a_number
    assert value("nan") != value("nan")
    equal(things("text")(float("nan")), "NaN")
    equal(things("text")(float("-inf")), "-Infinity")
    equal(value("infinity"), float("inf"))
    equal(value("minus"), float("-inf"))


async def test_javascripts_numbers_arrive_exactly():
    equal(value("id"), FIRST)
    equal(value("max"), MAX)
    equal(value("zero"), 0)
    assert session.parse(value("id")) == FIRST


# Text and truth.

TEXTS = ("", "a", "\u00fc", "\u20ac", "\U0001f600", "a\0b", "a\u2028b", "\r\n\t\"'\\", "\ufffd", "a" * 10000)


async def test_text_crosses():
    for text in TEXTS:
        equal(same(text), text)
    equal(value("emoji"), "\U0001f600")
    equal(value("nul"), "a\0b")
    equal(value("separator"), "a\u2028b")


async def test_text_crosses_alone():
    for text in TEXTS:
        equal(things("call")(lambda text=text: text), text)


async def test_text_that_looks_like_something_else_stays_text():
    for text in ("1795433609897", "true", "null", "undefined", "NaN", "{}"):
        equal(same(text), text)
        equal(things("kind")(text), "string")


@in_javascript
async def test_lone_surrogate_does_no_harm():
    assert isinstance(things("lone"), str)
    assert isinstance(same(things("lone")), str)


async def test_truth_crosses():
    equal(same(True), True)
    equal(same(False), False)
    equal(things("kind")(True), "boolean")
    equal(value("no"), False)


# Three kinds of nothing.


async def test_nothing_is_told_apart():
    assert value("null") is None
    assert value("undefined") is UNDEFINED
    assert value("nowhere") is MISSING


async def test_nothing_is_false_and_has_a_name():
    assert not UNDEFINED and not MISSING
    assert (repr(UNDEFINED), repr(MISSING)) == ("UNDEFINED", "MISSING")


async def test_nothing_crosses():
    assert same(None) is None
    assert same(UNDEFINED) is UNDEFINED
    assert same(MISSING) is UNDEFINED
    equal(things("kind")(None), "null")
    equal(things("kind")(UNDEFINED), "undefined")
    assert things("same")() is UNDEFINED
    equal(things("count")(UNDEFINED, None), 2)


async def test_a_default_takes_the_place_of_nothing():
    for name in ("null", "undefined", "nowhere"):
        equal(things("values").get(name, 7), 7)
        assert things("values").get(name, None) is None
    for name, kept in (("zero", 0), ("empty", ""), ("no", False)):
        equal(things("values").get(name, 7), kept)


async def test_a_member_is_an_object_or_an_error():
    assert things("values").member("list").get(0) == 1
    for name in ("zero", "empty", "null", "undefined", "nowhere"):
        try:
            things("values").member(name)
        except TypeError as error:
            assert name in str(error)
        else:
            raise AssertionError(name)


@in_javascript
async def test_what_is_inherited_is_not_missing():
    assert isinstance(things("values").get("toString"), Js)
    assert bridge.window().get("Object").get("prototype").get("nowhere") is MISSING


# Objects.


async def test_merged_objects_stay_as_they_are():
    one = same({"a": 1, "b": 1})
    equal(bridge.merged(one, {"b": 2}).data(), {"a": 1, "b": 2})
    equal(one.data(), {"a": 1, "b": 1})


async def test_any_key():
    equal(things("values").get("Actions Amplitude").get("session_id"), FIRST)
    equal(value("1"), "one")
    made = same({})
    for key in ("a b", "", "1", "\u00fc", "a.b", "constructor"):
        made.set(key, key)
        equal(made.get(key), key)


async def test_set():
    made = same({"a": 1})
    made.set("a", FIRST)
    equal(made.get("a"), FIRST)
    made.set("b", UNDEFINED)
    assert made.get("b") is UNDEFINED
    equal(made.data(), {"a": FIRST})


async def test_plain_data_crosses_both_ways():
    given = {"a": [1, {"b": None, "c": [], "d": {}}], "Actions Amplitude": {"session_id": FIRST}, "e": [True, 0.1, "x"]}
    equal(same(given).data(), given)
    equal(same([]).data(), [])
    equal(same({}).data(), {})
    equal(same((1, (2,))).data(), [1, [2]])
    equal(things("kind")([]), "array")
    equal(things("kind")(()), "array")
    equal(things("kind")({}), "object")
    equal(value("list").data(), [1, [2, {"three": 3}]])
    equal(value("list").get(1).get(0), 2)
    equal(value("list").get("length"), 2)


async def test_what_is_infinite_is_data_as_well():
    assert same({"a": float("inf"), "b": [0.5, float("-inf")]}).get("b").get(1) == float("-inf")


async def test_keys_that_are_numbers():
    made = same({1: "one", FIRST: "long"})
    equal(made.data(), {"1": "one", "1795433609897": "long"})
    equal(made.get(1), "one")


async def test_what_is_no_data_is_left_out():
    equal(same({"a": 1, "b": UNDEFINED, "c": len}).data(), {"a": 1})
    assert things("same").data() is None


@in_javascript
async def test_what_javascript_makes_of_data():
    equal(things("date").data(), "2026-11-23T11:33:29.897Z")
    equal(things("sparse").data(), [None, 1])
    equal(raised(JsError, things("circular").data).name, "TypeError")


async def test_values_inside_values_stay_what_they_are():
    pair = things("make")(things("Pair"), 1, 2)
    assert same({"pair": pair}).get("pair") == pair
    assert same([pair]).get(0) == pair
    equal(things("call")(lambda it: it.get("left"), pair), 1)


async def test_what_cannot_cross_is_refused_in_python():
    for given in (b"bytes", {1, 2}, object()):
        raised(TypeError, same, given)


async def test_identity():
    values = things("values")
    assert values == things("values")
    assert values != things("thenable")
    assert same(values) == values
    assert values != 1 and values is not None
    assert same({}) != same({})


async def test_methods_and_classes():
    pair = things("make")(things("Pair"), FIRST, 1)
    equal(pair.call("sum"), FIRST + 1)


@in_javascript
async def test_values_that_python_has_not():
    assert isinstance(things("symbol"), Js)
    assert things("symbol") == things("symbol")
    equal(things("text")(things("bigint")), "18446744073709551616")


# Exceptions.


async def test_an_exception_can_be_caught():
    error = raised(JsError, things("raises"), things("error")("too far"))
    equal((error.name, error.message), ("RangeError", "too far"))
    equal(error.value.get("message"), "too far")
    equal(str(error), "RangeError: too far")


async def test_anything_can_be_thrown():
    for thrown, message in (("a text", "a text"), (5, "5"), (None, "null"), (UNDEFINED, "undefined")):
        error = raised(JsError, things("raises"), thrown)
        equal((error.name, error.message), ("Error", message))
        assert error.value.get("code") is MISSING


async def test_what_is_no_function_cannot_be_called():
    for attempt in (things("values"), lambda: things("values").call("nowhere"), lambda: things("values").call("id")):
        equal(raised(JsError, attempt).name, "TypeError")


@in_javascript
async def test_whatever_javascript_does_can_be_caught():
    hostile = things("hostile")
    equal(raised(JsError, hostile.get, "explodes").message, "as ordered")
    equal(raised(JsError, things("frozen").set, "a", 2).name, "TypeError")
    equal(raised(JsError, bridge.window().get("JSON").call, "parse", "{").name, "SyntaxError")
    equal((await rejected(bridge.resolved(hostile))).message, "no then")


@in_javascript
async def test_an_exception_that_cannot_be_described_can_be_caught():
    for thrown in (things("bare")(), things("symbol"), hostile_error()):
        assert raised(JsError, things("raises"), thrown).value == thrown
        assert (await rejected(bridge.resolved(things("broken")(thrown)))).value == thrown


def hostile_error():
    return things("make")(bridge.window().get("Proxy"), {}, {"get": things("throws")})


# Promises.


async def test_a_promise_can_be_awaited():
    for given in (FIRST, "x", None, UNDEFINED, True):
        equal(await bridge.resolved(things("kept")(given)), given)
    equal((await bridge.resolved(things("kept")({"a": FIRST}))).data(), {"a": FIRST})


async def test_a_rejection_can_be_caught():
    error = await rejected(bridge.resolved(things("broken")(things("error")("too far"))))
    equal((error.name, error.message), ("RangeError", "too far"))
    for thrown, message in (("a text", "a text"), (UNDEFINED, "undefined"), (None, "null")):
        equal((await rejected(bridge.resolved(things("broken")(thrown)))).message, message)


async def test_what_is_no_promise_is_its_own_result():
    for given in (1, "x", None, UNDEFINED, MISSING):
        assert await bridge.resolved(given) is given
    assert await bridge.resolved(things("values")) == things("values")


async def test_a_thenable_keeps_its_methods():
    thenable = things("thenable")
    assert isinstance(thenable.get("then"), Js)
    equal(thenable.call("track", "x"), "tracked x")
    before = thenable.get("loaded")
    assert same(thenable) == thenable
    assert same({"boxed": thenable}).get("boxed") == thenable
    equal(thenable.get("loaded"), before)  # looking has not awaited it
    equal(await bridge.resolved(thenable), "the real one")


async def later(answer, milliseconds=1):
    await bridge.sleep(milliseconds)
    if isinstance(answer, Exception):
        raise answer
    return answer


async def test_a_coroutine_is_a_promise():
    for given in (FIRST, "x", None, UNDEFINED, False):
        equal(await bridge.resolved(bridge.promise(later(given))), given)
    made = bridge.promise(later([1]))
    assert isinstance(made.get("then"), Js)
    equal((await bridge.resolved(made)).data(), [1])
    assert await bridge.resolved(made) == await bridge.resolved(made)


async def test_what_a_coroutine_raises_rejects_its_promise():
    error = await rejected(bridge.resolved(bridge.promise(later(ReplayError("code", "message", "fix")))))
    equal((error.name, error.message), ("ReplayError", "message"))
    equal((error.value.get("code"), error.value.get("fix")), ("code", "fix"))


async def test_an_unforeseen_exception_rejects_too():
    error = await rejected(bridge.resolved(bridge.promise(later(ValueError("boom")))))
    equal((error.name, error.value.get("code")), ("ReplayError", "internal"))
    assert "boom" in error.message


async def test_what_cannot_cross_rejects_too():
    error = await rejected(bridge.resolved(bridge.promise(later(b"bytes"))))
    equal(error.value.get("code"), "internal")


# Functions.


async def test_a_function_is_called_with_what_javascript_gives():
    calls = []
    function = bridge.function(lambda *args: calls.append(args))
    assert things("call")(function, FIRST, "x", None, UNDEFINED, 0.5, True) is None
    things("call")(function)
    equal(calls, [(FIRST, "x", None, UNDEFINED, 0.5, True), ()])


async def test_javascript_gets_what_a_function_answers():
    for given in (FIRST, -FIRST, 0.5, "x", "", True, None, UNDEFINED):
        equal(things("call")(lambda given=given: given), given)
    equal(things("call")(lambda: {"a": [FIRST]}).data(), {"a": [FIRST]})
    equal(things("call")(lambda it: it, [FIRST]).data(), [FIRST])


async def test_a_function_may_answer_a_promise():
    answer = things("call")(lambda it: bridge.promise(later(it)), FIRST)
    equal(await bridge.resolved(answer), FIRST)


async def test_a_function_given_back_is_called_from_python():
    def double(number):
        return number * 2

    equal(same(double)(21), 42)
    equal(same({"double": double}).call("double", 21), 42)


async def test_a_released_function_does_nothing():
    calls = []
    function = bridge.function(lambda: calls.append(1))
    kept = same(function)
    kept()
    function.release()
    assert kept() is UNDEFINED
    assert things("call")(kept, 1, 2) is UNDEFINED
    equal(calls, [1])
    function.release()  # twice does no harm


async def test_an_exception_in_a_function_stays_here_and_the_page_is_told():
    def fails(*_):
        raise ValueError("boom")

    for function in (fails, bridge.told(fails), lambda: b"what cannot cross"):
        told = things("complaints").get("length")
        equal(things("outcome")(function).get(0), "returned")
        equal(things("complaints").get("length"), told + 1)
        equal(things("complaints").get(told).get("code"), "internal")
    assert "boom" in things("complaints").get(0).get("message")
    equal(things("call")(lambda: 1), 1)  # and everything still works


async def test_plain_data_crosses_in_one_go_both_ways():
    seen = []

    def look(facts):
        seen.append(facts)
        return {"store": facts["stored"], "list": [1, None, "\U0001f600"]}

    given = {"stored": FIRST, "nothing": None, "half": 0.5, "text": "a\0b", "deep": {"yes": True}}
    answer = things("call")(bridge.told(look), given)
    equal(seen, [given])
    equal(answer.data(), {"store": FIRST, "list": [1, None, "\U0001f600"]})


async def test_functions_inside_functions():
    equal(things("call")(lambda: things("call")(lambda: same(FIRST))), FIRST)


# Lifetimes.


async def test_functions_live_as_long_as_javascript_has_them():
    keeper = same({})
    for number in range(100):
        keeper.set(number, lambda number=number: number + FIRST)
    garbage()
    await bridge.sleep(1)
    garbage()
    assert [keeper.call(str(number)) for number in range(100)] == [number + FIRST for number in range(100)]


async def test_objects_live_as_long_as_python_has_them():
    kept = [same({"number": number}) for number in range(100)]
    garbage()
    assert [each.get("number") for each in kept] == list(range(100))


async def test_tasks_live_until_they_are_done():
    done = []

    async def task(number):
        await bridge.sleep(5)
        garbage()
        await bridge.sleep(5)
        done.append(number)

    for number in range(10):
        bridge.spawn(task(number))
    garbage()
    for _ in range(50):
        if len(done) < 10:
            await bridge.sleep(20)
    equal(sorted(done), list(range(10)))


async def test_many_crossings():
    echo = things("same")
    for number in range(5000):
        assert echo(number + FIRST) == number + FIRST
    for _ in range(500):
        assert echo({"a": [FIRST]}).get("a").get(0) == FIRST


def garbage():
    """Make some, and have it collected."""
    for number in range(500):
        _ = [number] * 20
    gc.collect()


# Time.


async def test_now():
    before = bridge.now()
    assert isinstance(before, int) and before > 1700000000000
    await bridge.sleep(20)
    assert 15 <= bridge.now() - before < 2000


async def test_spawn_does_not_wait():
    order = []

    async def task():
        order.append("task")
        return FIRST

    spawned = bridge.spawn(task())
    order.append("here")
    equal(await spawned, FIRST)
    equal(order, ["here", "task"])


async def test_what_a_spawned_task_raises_is_for_who_awaits_it():
    task = bridge.spawn(later(ReplayError("code", "message", "fix"), 0))
    try:
        await task
    except ReplayError as error:
        equal(error.code, "code")
    else:
        raise AssertionError("nothing was raised")


async def test_idle_comes_back():
    before = bridge.now()
    await bridge.idle(50)
    assert bridge.now() - before < 1000


async def test_within():
    before = bridge.now()
    assert await bridge.within(1000, later(1)) is True
    assert bridge.now() - before < 500
    done = []

    async def slow():
        await bridge.sleep(50)
        done.append(1)

    assert await bridge.within(5, slow()) is False
    equal(done, [])
    await bridge.sleep(100)
    equal(done, [1])  # it has gone on
    assert await bridge.within(1000, later(ValueError("of no concern"))) is True


async def test_a_gate_lets_go_all_who_wait_and_can_be_closed_again():
    gate, order = bridge.Gate(), []

    async def wait(name):
        await gate.wait()
        order.append(name)

    bridge.spawn(wait("one"))
    bridge.spawn(wait("two"))
    await bridge.sleep(5)
    equal(order, [])
    gate.open()
    await bridge.sleep(5)
    equal(sorted(order), ["one", "two"])
    gate.close()
    bridge.spawn(wait("three"))
    await bridge.sleep(5)
    equal(len(order), 2)
    gate.open()
    gate.open()  # twice does no harm
    await bridge.sleep(5)
    equal(order[2], "three")


async def test_several_wait_at_once():
    order = []

    async def wait(milliseconds):
        await bridge.sleep(milliseconds)
        order.append(milliseconds)

    await asyncio.gather(wait(40), wait(1), wait(20))
    equal(order, [1, 20, 40])


# The rest of the border.


@in_javascript
async def test_a_module_of_the_bundle():
    module = await bridge.sdk("things")
    assert module.get("things") == bridge.window().get("things")


@in_javascript
async def test_a_module_that_cannot_be_loaded():
    for name in ("broken", "nowhere"):  # one is not to be found, of the other nobody has heard
        assert (await rejected(bridge.sdk(name))).message


async def test_storage_that_is_forbidden_is_no_failure():
    bridge.forget(["AMP_"])


async def test_the_runtime_has_a_name():
    assert bridge.RUNTIME in ("micropython", "pyodide")
