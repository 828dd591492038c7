"""Findings, written down for people, for CI and for other programs. Pure: reports in, text out."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree

from ...doctor import OK, PROBLEM, WARNING
from .rules import Finding


class Report(NamedTuple):
    """What was found on a page."""

    url: str
    mode: str
    findings: Sequence[Finding]


def line(finding: Finding) -> str:
    """One line: level, code, what was seen, and the fix."""
    fix = f" {finding.fix}" if finding.fix else ""
    return f"{finding.level:8}{finding.code}: {' '.join(finding.message.split())}.{fix}"


def as_text(reports: Sequence[Report]) -> str:
    """A line for each page, and one for each finding."""
    lines: list[str] = []
    for report in reports:
        lines += [f"{report.url} ({report.mode})", *map(line, report.findings)]
    return _printable("\n".join(lines))


def as_json(reports: Sequence[Report]) -> str:
    told = [{**each._asdict(), "findings": [finding._asdict() for finding in each.findings]} for each in reports]
    return json.dumps(told, indent=2, ensure_ascii=False)


def as_junit(reports: Sequence[Report], fails: Sequence[str]) -> str:
    """JUnit's XML: a suite for each page, a case for each finding."""
    root = ElementTree.Element("testsuites")
    for report in reports:
        failed = [each for each in report.findings if each.level in fails]
        counts = {"tests": str(len(report.findings)), "failures": str(len(failed)), "errors": "0"}
        suite = ElementTree.SubElement(root, "testsuite", {"name": _printable(report.url), **counts})
        for each in report.findings:
            case = ElementTree.SubElement(suite, "testcase", classname=_printable(report.url), name=each.code)
            if each.level in fails:
                failure = ElementTree.SubElement(case, "failure", message=_printable(each.message), type=each.level)
                failure.text = _printable(line(each))
            else:
                ElementTree.SubElement(case, "system-out").text = _printable(line(each))
    ElementTree.indent(root)
    return ElementTree.tostring(root, "unicode", xml_declaration=True)


def as_sarif(reports: Sequence[Report]) -> str:
    """SARIF 2.1.0, for code scanning: what is sound is left out."""
    found = [(report, each) for report in reports for each in report.findings if each.level != OK]
    codes = sorted({each.code for _, each in found})
    driver = {"name": "pyscript-replay", "rules": [{"id": code} for code in codes]}
    results = [_result(report, each, codes) for report, each in found]
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    runs = [{"tool": {"driver": driver}, "results": results}]
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": runs}, indent=2, ensure_ascii=False)


def as_github(reports: Sequence[Report]) -> str:
    """Workflow commands, which GitHub shows as annotations."""
    commands = {PROBLEM: "error", WARNING: "warning"}
    return "\n".join(
        f"::{commands[each.level]} title={_property(each.code)}::{_data(f'{report.url}: {each.message}. {each.fix}')}"
        for report in reports
        for each in report.findings
        if each.level in commands
    )


def _result(report: Report, finding: Finding, codes: Sequence[str]) -> dict[str, Any]:
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": "error" if finding.level == PROBLEM else "warning",
        "message": {"text": f"{finding.message}. {finding.fix}".strip()},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": report.url}}}],
        "properties": {"mode": report.mode, "evidence": finding.evidence},
    }


def _printable(text: str) -> str:
    """Without what XML has no way to write, and what a terminal would take for a command."""
    return "".join(each if each.isprintable() or each in "\n\t" else "�" for each in text)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
