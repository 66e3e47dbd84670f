"""Where an element begins, as an editor counts."""

import random
from xml.parsers import expat

import pytest
from lxml import etree

from conftest import cpu_seconds
from stuf_klantcontact.contract.paths import Paths
from stuf_klantcontact.names import KC, qname
from stuf_klantcontact.parsing import positions


def by_expat(data: bytes) -> list[tuple[int, int]]:
    """The same from a parser, which is slower."""
    found: list[tuple[int, int]] = []
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = lambda *_: found.append((parser.CurrentLineNumber, parser.CurrentColumnNumber + 1))
    parser.Parse(data, True)
    return found


def test_each_element_has_its_line_and_column() -> None:
    data = '<?xml version="1.0"?>\n<a>\n  <b\n    c="1"/><!-- <x/> --><d>ü€</d><e/>\n</a>'.encode()
    assert list(positions(data)) == [(2, 1), (3, 3), (4, 25), (4, 34)]
    assert positions(data)[1:3] == [(3, 3), (4, 25)]


@pytest.mark.parametrize(
    "inside",
    [
        "<!-- <x/> --><b/>",
        "<![CDATA[<x/>]]><b/>",
        "<?pi <x/>?><b/>",
        "<b c='>'/><b c=\"/>\"/>",
        "<!----><b/>",
        "<![CDATA[]]]]><b/>",
        "a &lt; b &#60; c<b/>",
    ],
)
def test_what_only_looks_like_a_tag_does_not_count(inside: str) -> None:
    data = f"<a>{inside}</a>".encode()
    assert list(positions(data)) == by_expat(data)


def test_columns_count_characters_not_bytes() -> None:
    assert positions("<a>éé€€<b/></a>".encode())[1] == (1, 8)


def test_a_byte_order_mark_does_not_count() -> None:
    assert list(positions(b"\xef\xbb\xbf<a/>")) == [(1, 1)]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_every_line_end_counts_once(end: str) -> None:
    assert positions(f"<a>{end}<b/>{end}{end}<c/></a>".encode())[1:] == [(2, 1), (4, 1)]


def test_it_is_what_a_parser_says() -> None:
    chance = random.Random(5)
    parts = [
        "<b/>",
        "<c>é</c>",
        "\n",
        "é€",
        "<!--<x>-->",
        "<![CDATA[<y>]]>",
        "\r\n",
        "<d e='&lt;>'/>",
        "\u2028",
        "\x85",
    ]
    for _ in range(300):
        data = f"<a>{''.join(chance.choice(parts) for _ in range(30))}</a>".encode()
        assert list(positions(data)) == by_expat(data)


def test_fifty_thousand_elements_take_no_second() -> None:
    with cpu_seconds(1):
        found = positions(b"<a>" + b"<b/>" * 50_000 + b"</a>")
        assert len(found) == 50_001
        assert found[50_000] == (1, 200_000)


def test_paths_of_namesakes_are_the_same_however_many_are_asked() -> None:
    root = etree.fromstring(
        f"<k:a xmlns:k='{KC}' xmlns:x='urn:x'>{'<k:b><x:c/><d/></k:b>' * 50}<k:e/><!-- --><k:b/></k:a>"
    )
    paths = Paths(root)
    assert [paths.path(b) for b in root.iter(qname(KC, "b"))] == [f"/kc:a/kc:b[{n}]" for n in range(1, 52)]
    first = Paths(root)
    assert [first.path(element) for element in root[0]] == ["/kc:a/kc:b[1]/x:c", "/kc:a/kc:b[1]/d"]
    assert first.path(root) == "/kc:a"
    assert first.path(root[50], "{urn:y}f") == "/kc:a/kc:e/@f"


def test_lines_are_the_same_in_a_long_document() -> None:
    lines = "".join(f"<b>é</b>{end}" for end in ("\n", "\r\n") * 20)
    short, long = (f"<a>{lines}<!-- {'-x' * size} --></a>".encode() for size in (1, 20_000))
    assert list(positions(short)) == list(positions(long)) == by_expat(short)
