"""StUF-berichtensets: each message on its own, exact lines at any size, constant memory, what may not be in one."""

import io
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from conftest import ROOT
from stuf_klantcontact import report, validation
from stuf_klantcontact.limits import StandardLimits
from stuf_klantcontact.report import Report

OWN = validation.schemas()
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
KLC = (ROOT / "fixtures/klc/klcLk01/valid/met-natuurlijk-persoon.xml").read_bytes().partition(b"?>")[2]
BAD = KLC.replace(b">telefoon<", b">telefoontelefoontelefoon<").replace(
    b'verwerkingssoort="T" sleutel', b'verwerkingssoort="W" sleutel'
)
LATE = re.sub(rb"(<StUF:tijdstipBericht>)2026", rb"\g<1>2027", KLC)
"""tijdstipBericht in the future: a warning."""
START = b'<?xml version="1.0" encoding="UTF-8"?>\n<StUF:StUF-berichtenSet\n  xmlns:StUF="http://www.egem.nl/StUF/StUF0301">'
SYNCHRONOUS = b"""<x:zakLk02 xmlns:x="urn:x" xmlns:S="http://www.stufstandaarden.nl/onderlaag/stuf0302">
<x:stuurgegevens><S:berichtcode>Lk02</S:berichtcode></x:stuurgegevens></x:zakLk02>"""
END = b"</StUF:StUF-berichtenSet>\n"


def reports(data: bytes, *, limits: StandardLimits | None = None) -> list[Report]:
    stream = io.BytesIO(data)
    found = validation.check_set(
        stream, against=OWN, file="set.xml", limits=limits or StandardLimits(), clock=lambda: NOW
    )
    return [one for one, _ in found]


def rules(data: bytes) -> list[tuple[int | None, str]]:
    return [(one.index, v.rule) for one in reports(data) for v in one.violations]


def test_each_message_has_its_own_report_and_the_file_the_last() -> None:
    *messages, file = reports(START + KLC + BAD + KLC + BAD + END)
    assert [(one.index, one.valid) for one in messages] == [(2, False), (4, False)]
    assert (file.index, file.messages, file.invalid, file.valid) == (None, 4, 2, False)
    assert reports(START + KLC * 3 + END) == [
        Report(file="set.xml", schema=OWN.name, violations=(), messages=3, invalid=0)
    ]


def test_a_finding_says_in_which_message_it_is_and_the_file_how_many_are_only_warned_about() -> None:
    named = BAD.replace(b"<StUF:referentienummer>", b"<StUF:referentienummer>TWEE-")
    message, file = reports(START + KLC + named + END)
    assert {violation.index for violation in message.violations} == {2}
    assert all((violation.referentienummer or "").startswith("TWEE-") for violation in message.violations)
    assert (file.invalid, file.warned, file.warns) == (1, 0, False)
    said = report.as_text(message, language="nl")
    assert f"    bericht: 2, referentienummer {message.violations[0].referentienummer}" in said.splitlines()
    in_memory = validation.check(START + KLC + named + END, against=OWN, clock=lambda: NOW)
    assert [(v.index, v.rule) for v in in_memory.violations] == [(2, v.rule) for v in message.violations]


def test_a_set_of_which_a_message_is_only_warned_about_is_valid_with_warnings() -> None:
    data = START + KLC + LATE + END
    *_, file = reports(data)
    for found in (file, validation.check(data, against=OWN, clock=lambda: NOW)):
        assert (found.valid, found.invalid, found.warned) == (True, 0, 1)
        assert "valid, with warnings" in report.as_text(found, language="en").splitlines()[0]


def test_lines_and_columns_are_exact_beyond_what_libxml2_counts() -> None:
    messages = [BAD if number % 250 == 249 else KLC for number in range(2000)]
    data = START + b"".join(messages) + END
    lines = data.decode().split("\n")
    assert len(lines) > 2 * 65_535
    wanted = [number for number, line in enumerate(lines, 1) if "telefoontelefoon" in line]
    found = [one for one in reports(data) if one.index is not None]
    assert [one.violations[1].line for one in found] == wanted
    assert {one.violations[1].column for one in found} == {5}
    assert all('verwerkingssoort="W"' in lines[(one.violations[0].line or 0) - 1] for one in found)


def test_the_line_of_the_source_comes_with_the_finding() -> None:
    stream = io.BytesIO(START + KLC * 120 + BAD + KLC * 120 + END)
    for one, line in validation.check_set(stream, against=OWN, clock=lambda: NOW):
        for violation in one.violations:
            assert ("telefoontelefoon" if violation.rule == "XSD-LENGTH" else "<klc:object") in (
                line(violation.line or 0) or ""
            )


def test_a_set_on_one_line_has_columns_too() -> None:
    data = (START + KLC + BAD + END).replace(b"\n", b" ")
    ((_, violation), *_) = [one.violations for one in reports(data)]
    line, column = violation.line or 0, violation.column or 0
    assert line == 2 - (b"\n" not in data)
    assert data.decode().split("\n")[line - 1][column - 1 :].startswith("<zkn:kanaal>telefoontelefoon")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(
            START + KLC.replace(b"T10:15:00.001", b"T10:16:00.001") + KLC + END, [(2, "StUF-VOLGORDE")], id="order"
        ),
        pytest.param(
            START + KLC + SYNCHRONOUS + END,
            [(2, "XSD-UNKNOWN-ROOT"), (2, "StUF-STUURGEGEVENS"), (2, "StUF-BERICHTENSET")],
            id="synchronous",
        ),
        pytest.param(START + KLC[:-30] + END, [(None, "XML-TAG")], id="not well-formed"),
        pytest.param(START + KLC, [(None, "XML-TAG")], id="cut off"),
        pytest.param(b"\xef\xbb\xbf" + START + KLC + END, [(None, "XML-BOM")], id="BOM"),
        pytest.param(b"<!DOCTYPE a>" + START[39:] + KLC + END, [(None, "XML-DOCTYPE")], id="DOCTYPE"),
        pytest.param(START + b"&unknown;" + KLC + END, [(None, "XML-ENTITY")], id="an entity nobody declared"),
        pytest.param(START + END, [], id="empty"),
        pytest.param(
            START + b"<a/>" + BAD + b"<a/>" + END,
            [(1, "XSD-UNKNOWN-ROOT"), (2, "StUF-VERWERKINGSSOORT"), (2, "XSD-LENGTH"), (3, "XSD-UNKNOWN-ROOT")],
            id="elements that end where they begin",
        ),
    ],
)
def test_what_may_not_be_in_a_set(data: bytes, expected: list[tuple[int | None, str]]) -> None:
    found = rules(data)
    if expected and expected[0][1] in ("XML-TAG", "XML-ENTITY"):
        assert found
        assert found[-1][0] is None
        assert found[-1][1].startswith("XML-")
    else:
        assert found == expected


def test_the_same_set_in_memory_gives_the_same_findings() -> None:
    data = START + KLC + BAD + KLC.replace(b"T10:15", b"T10:14") + END
    found = validation.check(data, against=OWN, clock=lambda: NOW)
    streamed = [violation for report in reports(data) for violation in report.violations]
    assert list(found.violations) == streamed
    assert (found.messages, found.invalid) == (3, 2)


@pytest.mark.parametrize(
    ("limits", "data", "rule"),
    [
        (StandardLimits(message_bytes=100_000), START + b"<a>" + b"x" * 400_000 + b"</a>" + END, "XML-SIZE"),
        (StandardLimits(elements=1000), START + b"<a>" + b"<b/>" * 100_000 + b"</a>" + END, "XML-ELEMENTS"),
        (StandardLimits(depth=10), START + b"<a>" * 30 + b"</a>" * 30 + KLC + END, "XML-DEPTH"),
    ],
)
def test_one_message_cannot_take_all_there_is(limits: StandardLimits, data: bytes, rule: str) -> None:
    *_, file = reports(data, limits=limits)
    assert [violation.rule for violation in file.violations] == [rule]


class Generated(io.RawIOBase):
    """A set that is made while it is read."""

    def __init__(self, count: int) -> None:
        self._pieces = self._make(count)
        self._rest = b""

    def _make(self, count: int) -> Iterator[bytes]:
        yield START
        for number in range(count):
            yield BAD if number % 5_000 == 4_999 else KLC
        yield END

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._rest += piece
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


def test_memory_does_not_grow_with_the_set() -> None:
    """Its own process, told the peak halfway and at the end of some 27 MB; 1 GB is for the benchmarks."""
    script = textwrap.dedent(
        """
        import re, resource, sys
        from pathlib import Path
        from datetime import UTC, datetime
        sys.path.insert(0, "tests")
        from test_berichtenset import Generated, NOW, OWN
        from stuf_klantcontact import validation

        def peak():
            if sys.platform == "linux":  # ru_maxrss begins at that of the process that started this one
                return int(re.search("VmHWM:\\\\s+([0-9]+)", Path("/proc/self/status").read_text())[1])
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        for count in (2_000, 8_000):
            *_, (file, _) = validation.check_set(Generated(count), against=OWN, clock=lambda: NOW)
            print(file.messages, file.invalid, peak())
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    early, late = (tuple(map(int, line.split())) for line in done.stdout.splitlines())
    assert early[:2] == (2_000, 0)
    assert late[:2] == (8_000, 1)
    scale = 1024 if sys.platform == "linux" else 1
    assert late[2] * scale < 200_000_000
    assert (late[2] - early[2]) * scale < 10_000_000
