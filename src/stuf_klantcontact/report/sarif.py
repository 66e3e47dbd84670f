"""Findings as SARIF 2.1.0, for code scanning of GitHub and others.

A run is written piece by piece, results first, so that a file of gigabytes can be reported in constant memory.
OASIS SARIF 2.1.0 §3.13 to §3.52.
"""

from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from stuf_klantcontact.report.model import Language, Report, json_text, layer, said, url

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


class Described(NamedTuple):
    """What there is to say about a rule, in one language."""

    meaning: str
    cause: str = ""
    help: str = ""
    """What to do, with an example, as text; and the same as markdown."""
    markdown: str = ""


Describe = Callable[[str], Described]
"""Says what a rule is about."""


def results(report: Report, *, language: Language) -> list[dict[str, Any]]:
    """A result for each finding."""
    return [
        {
            "ruleId": violation.rule,
            "level": violation.severity,
            "message": {
                "text": _plain(
                    *(said(text, language) for text in (violation.message, violation.hint) if text is not None)
                )
            },
            "locations": [_location(report, violation.line, violation.column, violation.path)],
            "properties": {"layer": layer(violation.rule)}
            | ({} if violation.index is None else {"message": violation.index})
            | ({} if violation.referentienummer is None else {"referentienummer": violation.referentienummer}),
        }
        for violation in report.violations
    ]


def begin() -> str:
    """What comes before the results."""
    return f'{{\n"$schema": "{SCHEMA}",\n"version": "2.1.0",\n"runs": [\n{{\n"results": ['


def end(rules: Iterable[str], *, describe: Describe, version: str, base: str = "") -> str:
    """What comes after them: the tool, and every rule that was named."""
    driver: dict[str, Any] = {
        "name": "stuf-klantcontact",
        "version": version,
        "rules": [_rule(rule, describe(rule), base=base) for rule in sorted(rules)],
    }
    tool = json_text({"driver": driver})
    return f'\n],\n"columnKind": "unicodeCodePoints",\n"tool": {tool}\n}}\n]\n}}'


def _rule(rule: str, said: Described, *, base: str) -> dict[str, Any]:
    """A reportingDescriptor (§3.49); helpUri must be absolute, so only who has an address gets one."""
    found: dict[str, Any] = {"id": rule, "shortDescription": {"text": _plain(said.meaning)}}
    if said.cause:
        found["fullDescription"] = {"text": _plain(said.meaning, said.cause)}
    if said.help:
        found["help"] = {"text": _plain(said.help), "markdown": _plain(said.markdown or said.help)}
    if base:
        found["helpUri"] = url(rule, base=base)
    return found | {"properties": {"layer": layer(rule)}}


def _plain(*sentences: str) -> str:
    """A message string: braces would be placeholders (§3.11.5)."""
    return " ".join(sentences).replace("{", "{{").replace("}", "}}")


def _location(report: Report, line: int | None, column: int | None, path: str | None) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(report.file)}}
    if line:
        place["region"] = {"startLine": line} | ({"startColumn": column} if column else {})
    location: dict[str, Any] = {"physicalLocation": place}
    if path:
        location["logicalLocations"] = [{"fullyQualifiedName": path}]
    return location


def _uri(file: str) -> str:
    """A relative path as a relative reference, an absolute one as file:; standard input by name."""
    if file in ("", "-"):
        return "stdin.xml"
    path = PurePath(file)
    name = quote(path.as_posix())
    return f"file://{name}" if path.is_absolute() else name.removeprefix("./")
