"""The wrong example of an explanation gives its code in a real message, and the right one does not."""

import re
from copy import deepcopy
from datetime import UTC, datetime

import pytest
from lxml import etree

from conftest import ROOT, need
from contract.official import STANDARDS
from contract.test_real_messages import message_of, rows
from stuf_klantcontact import contract, validation
from stuf_klantcontact.names import (
    BG0320,
    DGA_UF,
    GFOZAKEN,
    KC,
    KLC,
    SOAP11,
    STUF0301,
    STUF0302,
    XSI,
    ZKN0310,
    ZKN0320,
    split,
)
from stuf_klantcontact.validation.explanations import EXPLANATIONS

NOW = datetime(2026, 12, 1, tzinfo=UTC)
OURS = validation.schemas()
FIXTURES = sorted((ROOT / "fixtures").glob("k*/*/valid/*.xml"))
PREFIXES = {
    **{"kc": KC, "klc": KLC, "gfo": GFOZAKEN, "dga": DGA_UF, "zkn": ZKN0320, "bg": BG0320, "ZKN": ZKN0310},
    **{"xsi": XSI, "soap": SOAP11},
}
NOT_CLOSED = re.compile(r"<([\w:.-]+)(?:\s[^<>]*[^/<>])?>\s*")
COMMENT = re.compile(r"\s*<!--.*?-->")

IN_A_MESSAGE = (
    *("XSD-UNKNOWN-ROOT", "XSD-MISSING", "XSD-UNEXPECTED", "XSD-ORDER", "XSD-CONTENT", "XSD-ATTRIBUTE", "XSD-TYPE"),
    *("XSD-ENUM", "XSD-PATTERN", "XSD-LENGTH", "XSD-RANGE", "XSD-FIXED", "XSD-NIL"),
    *("RGBZ-VERPLICHT", "RGBZ-TOEKOMST", "RGBZ-VERWERKINGSSOORT", "RGBZ-NUMMER", "RGBZ-STATUS"),
    *("KC-06", "KC-09", "KC-11", "KC-12"),
)
IN_A_DOCUMENT = (
    "XML-ENTITY",
    "XML-CHARACTER",
    "XML-TAG",
    "XML-ATTRIBUTE",
    "SOAP-ENVELOPE",
    "SOAP-TEXT",
    "SOAP-BODY",
)


def lines(example: str) -> list[str]:
    """Each line of an example by itself: they are for different versions of the standard."""
    return [COMMENT.sub("", line) for line in example.splitlines() if line.strip()]


def fragment(text: str, *, stuf: str) -> tuple[list[etree._Element], bool]:
    """The elements of an example, and whether only the tag of one is meant."""
    only = NOT_CLOSED.fullmatch(text)
    closed = f"{text}</{only[1]}>" if only else text
    spaces = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in {**PREFIXES, "StUF": stuf}.items())
    return list(etree.fromstring(f"<x{spaces}>{closed}</x>")), only is not None


def put_in(message: etree._Element, text: str, *, instead_of: str) -> etree._Element | None:
    """The message with the example in it, where the elements of the right one stand; None when it has no place."""
    stuf = STUF0302 if split(str(message.tag))[0] == KLC else STUF0301
    wanted, tag_only = fragment(instead_of, stuf=stuf)
    given, _ = fragment(text, stuf=stuf)
    copy = deepcopy(message)
    if tag_only:
        found = next(copy.iter(wanted[0].tag), None)
        if found is None:
            return None
        found.tag = given[0].tag
        told = {split(str(name))[1] for name in given[0].attrib}
        for name in [name for name in found.attrib if split(str(name))[1] in told]:
            del found.attrib[name]
        for name, value in given[0].items():
            found.set(name, value)
        return copy
    for first in copy.iter(wanted[0].tag):
        parent = first.getparent()
        assert parent is not None
        tags = [element.tag for element in wanted]
        old = [child for child in parent.iterchildren() if child.tag in tags]
        if [child.tag for child in old] != tags:
            continue
        texts = {child.tag: child for child in old}
        place = parent.index(old[0])
        for child in old:
            parent.remove(child)
        for number, element in enumerate(given):
            whole = texts.get(element.tag) if element.text == "…" else None
            parent.insert(place + number, element if whole is None else deepcopy(whole))
        return copy
    return None


def rules(message: etree._Element | None, against: validation.Schemas) -> list[str]:
    """The codes that a message gets."""
    assert message is not None
    report = validation.check(etree.tostring(message), against=against, clock=lambda: NOW)
    return [violation.rule for violation in report.violations]


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[validation.Schemas, etree._Element]]:
    """Valid messages: ours, and those of the official set that others sent."""
    need((STANDARDS / "zds0120").is_dir() and bool(rows()), "../shared has no official set or no real messages")
    official = contract.load_set(STANDARDS / "zds0120", cache=tmp_path_factory.mktemp("cache"))
    found: list[tuple[validation.Schemas, etree._Element]] = [
        (OURS, etree.parse(str(path)).getroot()) for path in FIXTURES
    ]
    return found + [(official, message_of(row)) for row in rows() if row["valid by Xerces"] == "yes"]


@pytest.mark.parametrize("code", IN_A_MESSAGE)
def test_the_wrong_one_gives_the_code_and_the_right_one_does_not(
    code: str, messages: list[tuple[validation.Schemas, etree._Element]]
) -> None:
    found = EXPLANATIONS[code]
    for wrong, right in zip(lines(found.wrong), lines(found.right), strict=True):
        places = 0
        for against, message in messages:
            mended = put_in(message, right, instead_of=right)
            if mended is not None and not rules(mended, against):
                places += code in rules(put_in(message, wrong, instead_of=right), against)
        assert places, wrong


@pytest.mark.parametrize("code", IN_A_DOCUMENT)
def test_of_markup_too(code: str) -> None:
    found = EXPLANATIONS[code]

    def of_document(example: str) -> list[str]:
        only = NOT_CLOSED.fullmatch(example)
        text = (f"{example}</{only[1]}>" if only else example).replace("\\x0b", "\x0b")
        spaces = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in {**PREFIXES, "StUF": STUF0301}.items())
        document = re.sub(r"^<([\w:]+)", rf"<\1{spaces}", text, count=1)
        if document.startswith("<soap:Body"):
            document = f"<soap:Envelope{spaces}>{document}</soap:Envelope>"
        return [v.rule for v in validation.check(document.encode(), against=OURS, clock=lambda: NOW).violations]

    assert code in of_document(found.wrong)
    assert code not in of_document(found.right)
