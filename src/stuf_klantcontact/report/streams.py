"""Reports written one after another, so that nobody need hold them all: text, JSON, SARIF, JUnit."""

import shutil
from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from typing import Final, Literal, Protocol, TextIO

from stuf_klantcontact.errors import Severity
from stuf_klantcontact.report import junit, sarif
from stuf_klantcontact.report.model import Language, Report, json_text
from stuf_klantcontact.report.text import Source, as_text

Form = Literal["text", "json", "sarif", "junit"]
_IN_MEMORY: Final = 8_000_000


class Stream(Protocol):
    """Takes reports in order; `close` writes what comes last."""

    def add(self, report: Report, *, source: Source | None = None) -> None:
        """Write one report."""
        ...

    def close(self) -> None:
        """Write the end."""
        ...


def open_stream(
    form: Form,
    out: TextIO,
    *,
    language: Language,
    as_dict: Callable[[Report], object],
    describe: sarif.Describe,
    version: Callable[[], str],
    colour: bool = False,
    fail_on: Severity = "error",
    several: bool = True,
    base: str = "",
) -> Stream:
    """The stream of a form.

    `fail_on` is the least severe finding that fails a test case of JUnit; `several` whether more than one message
    was asked about, which makes JSON an array, however many reports come; `base` the address of a gateway, for the
    links of SARIF.
    """
    match form:
        case "text":
            return _Text(out, language, colour)
        case "json":
            return _Json(out, as_dict, several)
        case "sarif":
            return _Sarif(out, language, describe, version, base)
        case "junit":
            return _JUnit(out, language, fail_on)


class _Text:
    def __init__(self, out: TextIO, language: Language, colour: bool) -> None:
        self._out, self._language, self._colour = out, language, colour

    def add(self, report: Report, *, source: Source | None = None) -> None:
        text = as_text(report, language=self._language, colour=self._colour, source=source)
        self._out.write(text + "\n")
        self._out.flush()

    def close(self) -> None:
        self._out.flush()


class _Json:
    """About one message an object, about several an array."""

    def __init__(self, out: TextIO, as_dict: Callable[[Report], object], several: bool) -> None:
        self._out, self._as_dict = out, as_dict
        self._begin, self._end = ("[\n", "\n]\n") if several else ("", "\n")
        self._count = 0

    def add(self, report: Report, *, source: Source | None = None) -> None:
        self._out.write((",\n" if self._count else self._begin) + json_text(self._as_dict(report), indent=2))
        self._count += 1

    def close(self) -> None:
        self._out.write(self._end if self._count else "[]\n")
        self._out.flush()


class _Sarif:
    def __init__(
        self, out: TextIO, language: Language, describe: sarif.Describe, version: Callable[[], str], base: str
    ) -> None:
        self._out, self._language, self._describe, self._version = out, language, describe, version
        self._base = base
        self._rules: set[str] = set()
        self._separator = "\n"
        out.write(sarif.begin())

    def add(self, report: Report, *, source: Source | None = None) -> None:
        for result in sarif.results(report, language=self._language):
            self._rules.add(result["ruleId"])
            self._out.write(self._separator + json_text(result))
            self._separator = ",\n"

    def close(self) -> None:
        self._out.write(
            sarif.end(self._rules, describe=self._describe, version=self._version(), base=self._base) + "\n"
        )
        self._out.flush()


class _JUnit:
    """The counts come first, so the cases wait in a file."""

    def __init__(self, out: TextIO, language: Language, fail_on: Severity) -> None:
        self._out, self._language, self._fail_on = out, language, fail_on
        self._tests = self._failures = 0
        self._cases = SpooledTemporaryFile(max_size=_IN_MEMORY, mode="w+", encoding="utf-8")  # noqa: SIM115

    def add(self, report: Report, *, source: Source | None = None) -> None:
        self._tests += 1
        self._failures += report.fails(self._fail_on)
        self._cases.write(junit.case(report, language=self._language, fail_on=self._fail_on))

    def close(self) -> None:
        self._out.write(junit.begin(tests=self._tests, failures=self._failures))
        with self._cases as cases:
            cases.seek(0)
            shutil.copyfileobj(cases, self._out)
        self._out.write(junit.end() + "\n")
        self._out.flush()
