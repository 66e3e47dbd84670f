"""Findings as JUnit XML, for the test reports of GitLab, Jenkins and others: a document is a test case."""

from collections.abc import Iterable

from stuf_klantcontact.errors import Severity, Violation
from stuf_klantcontact.parsing.markup import escape, quoteattr
from stuf_klantcontact.report.model import SEVERITIES, Language, Report, printable, said, verdict


def case(report: Report, *, language: Language, fail_on: Severity = "error") -> str:
    """The test case of one document: failed by what is at least as severe as `fail_on`, with the rest beside it.

    A StUF-berichtenSet fails with its messages, which have test cases of their own.
    """
    failing = [v for v in report.violations if v.severity == "error" or fail_on == "warning"]
    others = [v for v in report.violations if v.severity != "error" and fail_on != "warning"]
    attributes = (
        f"classname={_attribute(report.schema)} name={_attribute(report.name)} file={_attribute(report.file)}"
    )
    inner = ""
    if report.fails(fail_on):
        rule = failing[0].rule if failing else "messages"
        message = f"{rule} {said(failing[0].message, language)}" if failing else said(verdict(report), language)
        inner += (
            f"    <failure type={_attribute(rule)} message={_attribute(message)}>"
            f"{_lines(report, failing, language)}</failure>\n"
        )
    if others:
        inner += f"    <system-out>{_lines(report, others, language)}</system-out>\n"
    return f"  <testcase {attributes}>\n{inner}  </testcase>\n" if inner else f"  <testcase {attributes}/>\n"


def begin(*, tests: int, failures: int) -> str:
    """What comes before the test cases."""
    counts = f'tests="{tests}" failures="{failures}" errors="0"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="stuf-klantcontact" {counts}>\n'
        f'<testsuite name="stuf-klantcontact" {counts} skipped="0">\n'
    )


def end() -> str:
    """What comes after them."""
    return "</testsuite>\n</testsuites>"


def _lines(report: Report, violations: Iterable[Violation], language: Language) -> str:
    lines = []
    for violation in violations:
        place = ":".join(str(n) for n in (report.name, violation.line, violation.column) if n)
        hint = f" {said(violation.hint, language)}" if violation.hint else ""
        path = f" [{violation.path}]" if violation.path else ""
        word = said(SEVERITIES[violation.severity], language)
        lines.append(f"{place}: {word} {violation.rule} {said(violation.message, language)}{hint}{path}")
    return escape(printable("\n".join(lines)))


def _attribute(text: str) -> str:
    return quoteattr(printable(text))
