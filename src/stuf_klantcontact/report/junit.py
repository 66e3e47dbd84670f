"""Findings as JUnit XML, for the test reports of GitLab, Jenkins and others: a document is a test case."""

from collections.abc import Iterable

from stuf_klantcontact.errors import Violation
from stuf_klantcontact.parsing.markup import escape, quoteattr
from stuf_klantcontact.report.model import Language, Report, printable, said


def case(report: Report, *, language: Language) -> str:
    """The test case of one document: failed by its errors, with its warnings beside it."""
    errors = [v for v in report.violations if v.severity == "error"]
    warnings = [v for v in report.violations if v.severity != "error"]
    attributes = (
        f"classname={_attribute(report.schema)} name={_attribute(report.name)} file={_attribute(report.file)}"
    )
    if not report.violations:
        return f"  <testcase {attributes}/>\n"
    inner = ""
    if errors:
        message = f"{errors[0].rule} {said(errors[0].message, language)}"
        inner += (
            f"    <failure type={_attribute(errors[0].rule)} message={_attribute(message)}>"
            f"{_lines(report, errors, language)}</failure>\n"
        )
    if warnings:
        inner += f"    <system-out>{_lines(report, warnings, language)}</system-out>\n"
    return f"  <testcase {attributes}>\n{inner}  </testcase>\n"


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
        lines.append(f"{place}: {violation.rule} {said(violation.message, language)}{hint}{path}")
    return escape(printable("\n".join(lines)))


def _attribute(text: str) -> str:
    return quoteattr(printable(text))
