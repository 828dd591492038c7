"""Faults in the page's Python, one at a time, and whether the fast tests notice: ``python -m tests.mutation``.

mutmut makes the mutants. They run here in forks of one pytest that has collected the tests and seen once, by coverage,
which of them run which line: a mutant is put into the function that it changes, and meets only the tests of its line,
the quick ones first, until one fails. What none notices must be in ``tests/unit/survivors.toml``, with its reason.
"""

# pyright: basic, reportMissingImports=false
# (the group "mutation" is not installed where everything is checked)

import __future__

import argparse
import gc
import importlib
import json
import os
import random
import resource
import signal
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import coverage
import hypothesis
import libcst as cst
import pytest
from _pytest.runner import runtestprotocol
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider
from mutmut.mutation.file_mutation import create_mutations

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pyscript_replay"
SURVIVORS = ROOT / "tests/unit/survivors.toml"
REPORT = ROOT / "bench/results/mutation.md"
LAST = ROOT / "mutants/last.json"
ENOUGH = 0.9
# fmt: off
MODULES = (
    "session", "following", "lifecycle", "device", "reach", "segment", "recorder", "handover", "link", "session_events",
    "modes.base", "modes.actions", "modes.classic_device", "modes.classic_cloud", "modes.auto", "wiring", "replay",
    "tag", "source", "options", "sdk_options", "spelling", "errors", "__init__", "bridge", "doctor",
)
# fmt: on
PHASES = (hypothesis.Phase.explicit, hypothesis.Phase.generate)  # a fault need not be made small


@dataclass(frozen=True)
class Mutant:
    module: str  # "modes.actions"
    function: str  # "Actions.event"
    line: int
    lines: range  # who runs none of them cannot notice
    was: str
    now: str
    source: str  # of the function, or of a class with nothing but it

    @property
    def change(self) -> str:
        return f"{self.was} -> {self.now}"

    @property
    def key(self) -> tuple[str, str, str]:
        return self.module, self.function, self.change

    @property
    def name(self) -> str:
        return f"{self.module}.{self.function}:{self.line}: {self.change}"

    def install(self, functions: list[FunctionType]) -> None:
        """The function goes on being the same object, for whoever has imported it; so do those that it has made."""
        module = importlib.import_module(f"pyscript_replay.{self.module}".removesuffix(".__init__"))
        made = dict(vars(module))
        code = compile(self.source, "<mutant>", "exec", __future__.annotations.compiler_flag, dont_inherit=True)
        exec(code, made)
        mutated, function = _function(made, self.function), _function(vars(module), self.function)
        inner = dict(zip(_inner(function.__code__), _inner(mutated.__code__), strict=False))
        function.__code__ = _closing_over(function.__code__.co_freevars, mutated.__code__) or mutated.__code__
        function.__defaults__, function.__kwdefaults__ = mutated.__defaults__, mutated.__kwdefaults__
        for each in functions:
            changed = inner.get(each.__code__)
            if changed and (code := _closing_over(each.__code__.co_freevars, changed)):
                each.__code__ = code


def _closing_over(names: tuple[str, ...], mutated: CodeType) -> CodeType | None:
    """The mutant with the same variables as before, of which it may need fewer; ``None`` where it needs others."""
    needed = mutated.co_freevars
    return mutated.replace(co_freevars=names) if names[: len(needed)] == needed else None


def _inner(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _inner(each)


def _function(names: Any, path: str) -> FunctionType:
    *owner, name = path.split(".")
    found = vars(names[owner[0]])[name] if owner else names[name]
    return getattr(found, "__func__", found)


def mutants(module: str) -> Iterator[Mutant]:
    """Of each function and method without a decorator, as mutmut has it: tables of a module are not changed."""
    file = PACKAGE / (module.replace(".", "/") + ".py")
    tree, mutations, _, _ = create_mutations(str(file), file.read_text("utf-8"))
    wrapper = MetadataWrapper(tree, unsafe_skip_copy=True)
    places, parents = wrapper.resolve(PositionProvider), wrapper.resolve(ParentNodeProvider)
    for mutation in mutations:
        function, node = mutation.contained_by_top_level_function, mutation.original_node
        if not isinstance(function, cst.FunctionDef):
            continue
        owner: Any = parents[parents[function]] if isinstance(parents[function], cst.IndentedBlock) else None
        changed = cst.ensure_type(function.deep_replace(node, mutation.mutated_node), cst.FunctionDef)
        source: cst.CSTNode = changed
        if owner:
            source = owner.with_changes(bases=(), keywords=(), body=owner.body.with_changes(body=[changed]))
        statement: cst.CSTNode = node
        while not isinstance(statement, cst.SimpleStatementLine | cst.BaseCompoundStatement | cst.Parameters):
            statement = parents[statement]
        default = isinstance(statement, cst.Parameters)  # is made when the function is
        first, last = places[function if default else statement].start, places[function if default else node].end
        yield Mutant(
            module,
            f"{owner.name.value}.{function.name.value}" if owner else function.name.value,
            places[node].start.line,
            range(first.line, last.line + 1),
            _shown(tree, node),
            _shown(tree, mutation.mutated_node),
            tree.code_for_node(source),
        )


def _shown(tree: cst.Module, node: cst.CSTNode) -> str:
    return " ".join(tree.code_for_node(node).split())


class Tests:
    """The pytest that has collected them. It ends where others would begin to report."""

    def __init__(self) -> None:
        self.items: dict[str, pytest.Item] = {}
        self.seconds: dict[str, float] = {}
        self.by_line: dict[str, dict[int, list[str]]] = {}
        self.killers: Counter[str] = Counter()
        self.functions: list[FunctionType] = []
        self.judge: Any = None

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        watched = coverage.Coverage(data_file=None, source=[str(PACKAGE)], config_file=False, omit=["*/tools/*"])
        watched.start()
        for item in session.items:
            watched.switch_context(item.nodeid)
            started = time.process_time()
            for report in runtestprotocol(item, log=False, nextitem=None):
                assert not report.failed, f"{item.nodeid} fails without any mutant: {report.longreprtext}"
            self.items[item.nodeid] = item
            self.seconds[item.nodeid] = time.process_time() - started
        watched.stop()
        data = watched.get_data()
        self.by_line = {file: data.contexts_by_lineno(file) for file in data.measured_files()}
        gc.collect()
        self.functions = [each for each in gc.get_objects() if type(each) is FunctionType and _is_ours(each)]
        gc.freeze()
        self.judge()
        return True

    def of(self, mutant: Mutant) -> list[str]:
        lines = self.by_line.get(str(PACKAGE / (mutant.module.replace(".", "/") + ".py")), {})
        names = {name for line in mutant.lines for name in lines.get(line, ()) if name}
        return sorted(names, key=lambda name: (self.seconds[name] > 1, -self.killers[name], self.seconds[name]))

    def run(self, mutant: Mutant, names: list[str], say: int) -> None:
        """In a process of its own. It says which test noticed."""
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        mutant.install(self.functions)
        for name in names:
            signal.setitimer(signal.ITIMER_PROF, 1 + 5 * self.seconds[name])  # of the processor's time
            signal.alarm(60)  # of the clock's, for one that waits for ever
            if any(report.failed for report in runtestprotocol(self.items[name], log=False, nextitem=None)):
                os.write(say, name.encode())
                os._exit(1)
        os._exit(0)


def _is_ours(function: FunctionType) -> bool:
    return (function.__module__ or "").startswith("pyscript_replay")


def run(tests: Tests, chosen: list[Mutant], children: int) -> Iterator[tuple[Mutant, str | None]]:
    """Each mutant, and the test that noticed it ("itself": it ended the process, or ran for ever)."""
    running: dict[int, tuple[Mutant, int]] = {}
    waiting = list(reversed(chosen))
    while waiting or running:
        while waiting and len(running) < children:
            mutant = waiting.pop()
            names = tests.of(mutant)
            if not names:
                yield mutant, None
                continue
            hear, say = os.pipe()
            pid = os.fork()
            if not pid:
                tests.run(mutant, names, say)
            os.close(say)
            running[pid] = mutant, hear
        if running:
            pid, status = os.wait()
            mutant, hear = running.pop(pid)
            with os.fdopen(hear) as pipe:
                by = pipe.read()
            tests.killers[by] += 1
            yield mutant, (by or "itself") if status else None


def reason(mutant: Mutant, listed: list[dict[str, str]]) -> str | None:
    for entry in listed:
        where, change = entry["where"], entry.get("change", "*").replace("[", "[[]")
        if fnmatchcase(f"{mutant.module}.{mutant.function}", where) and fnmatchcase(mutant.change, change):
            return entry["reason"]
    return None


@dataclass
class Last:
    """A run: how it was asked for and when, how many mutants a module has, and who noticed which."""

    how: str
    day: str
    made: dict[str, int]
    results: dict[Mutant, str | None]

    def write(self) -> None:
        LAST.parent.mkdir(exist_ok=True)
        results = [[m.module, m.function, m.line, m.was, m.now, by] for m, by in self.results.items()]
        LAST.write_text(json.dumps([self.how, self.day, self.made, results]), "utf-8")

    @staticmethod
    def read() -> "Last":
        how, day, made, results = json.loads(LAST.read_text("utf-8"))
        tried = {
            Mutant(module, function, line, range(0), was, changed, str(number)): by
            for number, (module, function, line, was, changed, by) in enumerate(results)
        }
        return Last(how, day, made, tried)


def report(last: Last, listed: list[dict[str, str]]) -> str:
    """For a reader: how many are noticed of which module, and what is not, and why."""
    results = last.results
    lines = [
        "# Mutants of the page's Python",
        "",
        f"Written on {last.day} by `{' '.join(('python -m tests.mutation', last.how)).strip()}`: mutmut's mutants, one",
        "at a time, and whether `tests/unit` notices. (The random histories are 150 here, not 30,000. The tables of",
        "modules, and properties, are not changed.) The reasons are those of `tests/unit/survivors.toml`.",
        "",
        "| module | mutants | tried | noticed | | survivors |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    tried, noticed = Counter(m.module for m in results), Counter(m.module for m, by in results.items() if by)
    for module, number in (*tried.items(), ("**all**", len(results))):
        whole = module == "**all**"
        made, good = (sum(last.made.values()), noticed.total()) if whole else (last.made[module], noticed[module])
        share = f"{good / max(1, number):.1%}"
        lines.append(f"| {module} | {made} | {number} | {good} | {share} | {number - good} |")
    lines += ["", "## Survivors", ""]
    why: dict[str, list[Mutant]] = defaultdict(list)
    for mutant, by in results.items():
        if not by:
            why[reason(mutant, listed) or "Nobody knows why"].append(mutant)
    for because, survivors in sorted(why.items(), key=lambda entry: -len(entry[1])):
        lines += [f"{because} ({len(survivors)}):", ""]
        places = Counter(f"{mutant.module}.{mutant.function}" for mutant in survivors)
        lines += [", ".join(f"`{place}`" + (f" {count}x" if count > 1 else "") for place, count in places.items()), ""]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", help="for example session or modes.actions; all, if left out")
    parser.add_argument("--sample", type=float, default=1, help="part of each module's mutants")
    parser.add_argument("--seed", type=int, default=0, help="which part")
    parser.add_argument("--again", action="store_true", help="only what nobody noticed last time")
    parser.add_argument("--tests", nargs="+", default=["tests/unit"], help="fewer of them: with --again, say")
    parser.add_argument("--judge", action="store_true", help="run nothing: judge the last run by the present list")
    parser.add_argument("--children", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    os.chdir(ROOT)
    last = Last.read() if asked.again or asked.judge else None
    if not last or asked.again:
        last = _run(asked, last)
    return _judge(last)


def _run(asked: argparse.Namespace, before: "Last | None") -> "Last":
    os.environ["MUTANT_UNDER_TEST"] = "some"  # fewer histories
    unhurried = {"deadline": None, "max_examples": 30, "suppress_health_check": list(hypothesis.HealthCheck)}
    hypothesis.settings.register_profile("mutants", database=None, derandomize=True, phases=PHASES, **unhurried)
    hypothesis.settings.load_profile("mutants")
    now = Last(" ".join(sys.argv[1:]), str(date.today()), {}, {})
    wanted: Counter[tuple[str, str, str]] | None = None
    if before:
        again = before.how if "--again" in before.how else f"{before.how}, then --again".strip(" ,")
        now = Last(again, now.day, before.made, {mutant: by for mutant, by in before.results.items() if by})
        wanted = Counter(mutant.key for mutant, by in before.results.items() if not by)

    def judge() -> None:
        chosen: list[Mutant] = []
        for module in asked.modules or MODULES:
            found = list(mutants(module))
            now.made[module] = len(found)
            picked = random.Random(f"{asked.seed} {module}").sample(found, round(len(found) * asked.sample))
            if wanted is None:
                chosen += picked
                continue
            for mutant in found:
                if wanted[mutant.key] > 0:
                    wanted[mutant.key] -= 1
                    chosen.append(mutant)
        for tried, (mutant, by) in enumerate(run(tests, chosen, asked.children), 1):
            now.results[mutant] = by
            if not by:
                print("survives:", mutant.name, flush=True)
            if tried % 100 == 0:
                print(f"{tried} of {len(chosen)} tried", flush=True)
                now.write()

    tests = Tests()
    tests.judge = judge
    pytest.main(
        [*asked.tests, "-q", "-s", "--numprocesses=0", "-p", "no:cacheprovider", "-p", "no:timeout"], plugins=[tests]
    )
    now.write()
    return now


def _judge(last: "Last") -> int:
    listed = tomllib.loads(SURVIVORS.read_text("utf-8"))["survivor"]
    text = report(last, listed)
    print(text)
    if not set(MODULES) - set(last.made):
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text(text, "utf-8")
    unknown = [mutant.name for mutant, by in last.results.items() if not by and not reason(mutant, listed)]
    for name in unknown:
        print("not listed:", name)
    return int(bool(unknown) or sum(map(bool, last.results.values())) < ENOUGH * max(1, len(last.results)))


if __name__ == "__main__":
    sys.exit(main())
