"""The report: three forms of the same fields, which reach the reader whatever is in them."""

import io
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from stuf_klantcontact import contract, report
from stuf_klantcontact.errors import Severity, Text, Violation
from stuf_klantcontact.names import KC, split
from stuf_klantcontact.report import Report
from stuf_klantcontact.report.streams import open_stream

CONTRACT = contract.load()
FINDING = Violation(
    rule="KC-05",
    message=Text("Dit is er mis.", "This is wrong."),
    hint=Text("Doe dit.", "Do this."),
    line=12,
    column=3,
    path="/kc:voegKlantcontactToe_Di02/gfo:Klantcontact",
    element="gfo:Klantcontact",
    value="waarde",
    expected="iets anders",
)
BARE = Violation(rule="StUF013", message=Text("Wie?", "Who?"), severity="warning")
ANYTHING = st.text(st.characters(), max_size=30)
FILLED = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cn")), min_size=1, max_size=30)
TEXTS = st.builds(Text, nl=FILLED, en=FILLED)
VIOLATIONS = st.builds(
    Violation,
    rule=st.from_regex(r"[A-Za-z0-9-]{1,40}", fullmatch=True),
    message=TEXTS,
    hint=st.none() | TEXTS,
    severity=st.sampled_from(("error", "warning")),
    line=st.none() | st.integers(1),
    column=st.none() | st.integers(1),
    path=st.none() | ANYTHING,
    element=st.none() | ANYTHING,
    value=st.none() | ANYTHING,
    expected=st.none() | ANYTHING,
)


def fields(element: etree._Element) -> dict[str, object]:
    """What a kc:bevinding says, in the form of the JSON."""
    return {
        split(child.tag)[1]: {split(text.tag)[1]: text.text for text in child} if len(child) else child.text
        for child in element
    }


def test_text_says_file_place_rule_what_is_wrong_and_the_cure() -> None:
    said = report.as_text(Report("bericht.xml", "kc 0100", (FINDING, BARE)), language="nl")
    assert said.splitlines() == [
        "bericht.xml: ongeldig (kc 0100)",
        "bericht.xml:12:3: fout KC-05 Dit is er mis.",
        "    pad: /kc:voegKlantcontactToe_Di02/gfo:Klantcontact",
        "    waarde: waarde",
        "    verwacht: iets anders",
        "    oplossing: Doe dit.",
        "bericht.xml: waarschuwing StUF013 Wie?",
    ]


def test_text_speaks_english_when_asked() -> None:
    said = report.as_text(Report("message.xml", "kc 0100", (FINDING,)), language="en")
    assert "message.xml: invalid (kc 0100)" in said
    assert "This is wrong." in said
    assert "    cure: Do this." in said
    assert "Dit is er mis." not in said


@pytest.mark.parametrize(
    ("language", "word"), [("nl", "geldig, met waarschuwingen"), ("en", "valid, with warnings")]
)
def test_a_warning_alone_leaves_a_message_valid(language: report.Language, word: str) -> None:
    found = Report("bericht.xml", "kc 0100", (BARE,))
    assert found.valid
    assert report.as_text(found, language=language).splitlines()[0] == f"bericht.xml: {word} (kc 0100)"
    assert not Report("bericht.xml", "kc 0100", (BARE, FINDING)).valid


def test_findings_are_in_the_order_of_the_lines_whatever_found_them() -> None:
    later = replace(FINDING, line=12, column=9)
    unplaced_in_line = replace(FINDING, line=12, column=None)
    found = Report("bericht.xml", "kc 0100", (BARE, later, FINDING, replace(FINDING, line=2), unplaced_in_line))
    assert [(v.line, v.column) for v in found.violations] == [(2, 3), (12, None), (12, 3), (12, 9), (None, None)]
    places = re.findall(r"^bericht\.xml((?::\d+)*): (?:fout|waarschuwing)", report.as_text(found), re.MULTILINE)
    assert places == [":2:3", ":12", ":12:3", ":12:9", ""]


def test_a_document_without_a_file_name_is_called_a_message() -> None:
    lines = report.as_text(Report("", "kc 0100", (FINDING,)), language="en").splitlines()
    assert lines[:2] == ["message: invalid (kc 0100)", "message:12:3: error KC-05 This is wrong."]
    assert report.as_text(Report("", "kc 0100", ()), language="nl") == "bericht: geldig (kc 0100)"


def junit(reports: list[Report], fail_on: Severity) -> etree._Element:
    out = io.StringIO()
    stream = open_stream(
        "junit",
        out,
        language="nl",
        as_dict=report.as_dict,
        describe=report.Described,
        version=str,
        fail_on=fail_on,
    )
    for one in reports:
        stream.add(one)
    stream.close()
    return etree.fromstring(out.getvalue().encode())


def test_a_warning_is_a_failure_of_junit_only_when_it_fails_the_run() -> None:
    warned = Report("bericht.xml", "kc 0100", (BARE,))
    failed = Report("fout.xml", "kc 0100", (BARE, FINDING))
    told, strict = junit([warned, failed], "error"), junit([warned, failed], "warning")
    assert (told[0].get("failures"), strict[0].get("failures")) == ("1", "2")
    assert [[child.tag for child in case] for case in told[0]] == [["system-out"], ["failure", "system-out"]]
    assert [[child.tag for child in case] for case in strict[0]] == [["failure"], ["failure"]]
    assert "waarschuwing StUF013 Wie?" in (told[0][0][0].text or "")
    assert "waarschuwing StUF013 Wie?" in (strict[0][0][0].text or "")


def test_the_failures_that_junit_counts_are_those_that_it_shows() -> None:
    message = Report("set.xml", "kc 0100", (FINDING,), index=2)
    file = Report("set.xml", "kc 0100", (), messages=3, invalid=1)
    suite = junit([message, file], "error")[0]
    assert suite.get("failures") == "2" == str(len(suite.findall("testcase/failure")))


def test_json_and_element_hold_the_same_fields() -> None:
    found = json.loads(
        report.as_json([Report("bericht.xml", "kc 0100", (FINDING, BARE))], base="https://g.example")
    )
    assert list(found) == ["file", "valid", "schema", "violations"]
    elements = report.as_element([FINDING, BARE], base="https://g.example")
    for entry, element in zip(found["violations"], elements, strict=True):
        layer = entry.pop("layer")  # only JSON says it: the element has the fields of the published schema
        assert layer == report.layer(entry["rule"])
        said = {name: value if isinstance(value, dict) else str(value) for name, value in entry.items() if value}
        assert fields(element) == said
    assert list(found["violations"][0]) == list(fields(elements[0]))
    assert found["violations"][0]["url"] == "https://g.example/fouten/KC-05"


def test_several_reports_are_an_array_and_one_is_an_object() -> None:
    one = Report("een.xml", "kc 0100", ())
    assert json.loads(report.as_json([one]))["valid"] is True
    assert [found["file"] for found in json.loads(report.as_json([one, one]))] == ["een.xml", "een.xml"]


@settings(max_examples=40)
@given(st.lists(VIOLATIONS, min_size=1, max_size=3))
def test_whatever_was_found_the_element_is_what_our_schema_wants(violations: list[Violation]) -> None:
    element = report.as_element(violations)
    assert CONTRACT.violations(etree.fromstring(etree.tostring(element))) == []
    assert split(element.tag) == (KC, "bevindingen")


@settings(max_examples=40)
@given(st.lists(VIOLATIONS, max_size=3), ANYTHING)
def test_whatever_was_found_text_and_json_can_be_written(violations: list[Violation], file: str) -> None:
    found = Report(file, "kc 0100", tuple(violations))
    assert json.loads(report.as_json([found]).encode())["valid"] is found.valid
    for line in report.as_text(found).split("\n"):
        assert line.isprintable()


def test_what_xml_cannot_hold_is_left_out_and_the_rest_stays() -> None:
    nasty = "a\x00b\x1bc\ud800d\ufffee\U0001f600f\u202eg"
    element = report.as_element([Violation("KC-12", Text("nl", "en"), value=nasty)])
    assert fields(element[0])["value"] == "abcde\U0001f600f\u202eg"


def test_text_shows_what_would_move_the_cursor_or_turn_the_reading_order() -> None:
    finding = Violation("KC-12", Text("nl", "en"), value="a\x1b[31m\x9b2J\u202eb\nc")
    assert "    waarde: a\\x1b[31m\\x9b2J\\u202eb c" in report.as_text(Report("x", "y", (finding,))).splitlines()
