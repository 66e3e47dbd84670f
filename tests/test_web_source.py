"""What a page shows of a document, and how often strangers may ask."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.web.source import WHOLE, marked, readable, written
from stuf_klantcontact.web.throttle import REMEMBERED, Throttle

SAID = Text("fout", "wrong")


def at(line: int | None, column: int | None = None, *, warning: bool = False) -> Violation:
    return Violation("XSD-TYPE", SAID, line=line, column=column, severity="warning" if warning else "error")


# --- lines ------------------------------------------------------------------------------------------------------


def test_a_finding_marks_its_tag_and_its_number_stands_before_it() -> None:
    (first, second, last) = marked("<a>\n  <kc:b x='1'>é</kc:b>\n</a>\n", [at(2, 3)])
    assert (first.number, first.severity, last.number) == (1, None, 3)
    assert second.severity == "error"
    assert [(p.text, p.numbers) for p in second.pieces] == [("  ", ()), ("<kc:b", (1,)), (" x='1'>é</kc:b>", ())]


def test_several_findings_on_one_line_each_have_their_place() -> None:
    (line,) = marked("<a><b/><c/></a>", [at(1, 8), at(1, 4, warning=True), at(1, 8), at(1)])
    assert [(p.text, p.numbers) for p in line.pieces if p.numbers] == [("", (4,)), ("<b", (2,)), ("<c", (1, 3))]
    assert line.severity == "error"
    assert marked("<a/>", [at(1, 1, warning=True)])[0].severity == "warning"


def test_a_place_outside_the_document_still_has_a_line() -> None:
    lines = marked("<a>\n<b>", [at(99, 5), at(1, 77), at(None)])
    assert [(line.number, [n for p in line.pieces for n in p.numbers]) for line in lines] == [(1, [2]), (2, [1])]
    assert marked("", [at(1, 1)]) == []


def test_of_a_long_document_the_lines_around_findings_are_shown() -> None:
    text = "\n".join(f"<r{n}/>" for n in range(1, WHOLE + 1001))
    lines = marked(text, [at(2000, 1)])
    shown = [line.number for line in lines if line.number]
    assert 1 in shown
    assert 2000 in shown
    assert len(shown) < 100
    assert sum(line.skipped for line in lines) + len(shown) == WHOLE + 1000


def test_a_long_stretch_shows_its_beginning_and_end() -> None:
    (line,) = marked("<a>" + "QUJD" * 100_000 + "</a>", [at(1, 1)])
    assert sum(len(piece.text) for piece in line.pieces) < 2_000
    assert sum(len(piece.text) + piece.left_out for piece in line.pieces) == 400_007
    assert line.pieces[-1].text.endswith("QUJD</a>")


@given(st.text(), st.lists(st.tuples(st.integers(-2, 9), st.integers(-2, 30))))
def test_nothing_of_a_short_document_is_lost_and_every_finding_has_one_place(
    text: str, places: list[tuple[int, int]]
) -> None:
    lines = marked(text, [at(line, column) for line, column in places])
    assert "".join(p.text + "\n" for line in lines for p in [*line.pieces]).replace("\n", "") == (
        "".join(line.removesuffix("\r") for line in text.split("\n"))
    )
    numbers = [n for line in lines for p in line.pieces for n in p.numbers]
    assert sorted(numbers) == (list(range(1, len(places) + 1)) if lines else [])


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "iso-8859-1", "cp1252"]
)
def test_a_document_is_shown_in_its_own_encoding(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?><a>één</a>'
    assert readable(text.encode(encoding)) == text


def test_bytes_in_no_encoding_are_shown_as_far_as_they_go() -> None:
    assert readable(b"<a>\xff\xfe</a>").startswith("<a>")
    assert "�" in readable(b'<?xml version="1.0" encoding="rot13"?><a>\xff</a>')


def test_pasted_text_becomes_the_file_that_it_came_from() -> None:
    latin = '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'
    assert written(latin) == latin.encode("latin-1")
    assert written("<a>é</a>") == "<a>é</a>".encode()
    odd = '<?xml version="1.0" encoding="rot13"?><a>é</a>'
    assert written(odd) == odd.encode()
    assert written("<a>\ud800</a>") == b"<a>?</a>"


# --- throttle ---------------------------------------------------------------------------------------------------


class Ticking:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_address_may_ask_so_often_a_minute_and_hears_when_again() -> None:
    ticks = Ticking()
    throttle = Throttle(6, ticks=ticks)
    assert [throttle.wait("192.0.2.1") for _ in range(6)] == [0.0] * 6
    assert throttle.wait("192.0.2.1") == pytest.approx(10)
    assert throttle.wait("192.0.2.2") == 0.0
    ticks.now += 10
    assert throttle.wait("192.0.2.1") == 0.0
    assert throttle.wait("192.0.2.1") > 0
    ticks.now += 3600
    assert [throttle.wait("192.0.2.1") for _ in range(7)].count(0.0) == 6


def test_a_network_of_ipv6_is_one_address() -> None:
    throttle = Throttle(1, ticks=Ticking())
    assert throttle.wait("2001:db8::1") == 0.0
    assert throttle.wait("2001:db8::ffff:1") > 0
    assert throttle.wait("2001:db8:0:1::1") == 0.0
    assert throttle.wait("::ffff:192.0.2.7") == 0.0
    assert throttle.wait("192.0.2.7") > 0


def test_what_is_remembered_is_bounded() -> None:
    throttle = Throttle(1, ticks=Ticking())
    for number in range(REMEMBERED + 5):
        throttle.wait(f"no address {number}")
    assert len(throttle._buckets) == REMEMBERED


def test_only_so_many_are_busy_at_once() -> None:
    throttle = Throttle(60, ticks=Ticking(), at_once=1)
    with throttle.place() as first, throttle.place() as second:
        assert (first, second) == (True, False)
    with throttle.place() as again:
        assert again
