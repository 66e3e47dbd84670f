"""The parts of a multipart/related body, as views on its bytes: nothing is copied, and each byte is looked at once.

What a part may be is narrow, because an MTOM message needs no more: a short head, no multipart in it, sent as it is
or in base64. Whatever else there is raises Unreadable with a rule "SOAP-MTOM-…". (RFC 2045 §6, RFC 2046 §5.1,
RFC 2387.)
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stuf_klantcontact.errors import Text
from stuf_klantcontact.parsing.binary import decode_base64
from stuf_klantcontact.parsing.refusals import Unreadable

PARTS: Final = 100
"""Most parts of one message, the root among them."""
HEAD_BYTES: Final = 8 * 1024
"""Most bytes of the head of one part."""

XOP: Final = "application/xop+xml"
_AS_IT_IS: Final = frozenset({"", "binary", "8bit", "7bit"})
_ONCE: Final = ("content-id", "content-type", "content-transfer-encoding")

_PARAMETER: Final = re.compile(
    r""";[ \t]*+([!#$%&'*+.^_`|~0-9A-Za-z-]++)[ \t]*+=[ \t]*+(?:"((?:[^"\\]|\\.)*+)"|([^ \t;"]*+))[ \t]*+""",
    re.ASCII | re.DOTALL,
)
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]", re.ASCII)
_FOLD: Final = re.compile(r"\r\n[ \t]++")
_HEADER: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}):[ \t]*+([^\x00-\x08\x0a-\x1f\x7f]*+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Related:
    """What the Content-Type of an MTOM message says; `start` is the Content-ID of its root, "" the first part."""

    boundary: str
    start: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One part: what its head says of it, and a view on its bytes as they were sent."""

    content_id: str
    media: str
    charset: str | None
    encoding: str
    sent: memoryview

    def content(self) -> memoryview | bytes:
        """Its bytes, decoded if they were sent as base64."""
        if self.encoding in _AS_IT_IS:
            return self.sent
        decoded = decode_base64(str(self.sent, "latin-1"))
        if decoded is None:
            raise mtom("SOAP-MTOM-ENCODING")
        return decoded


def related(content_type: str) -> Related | None:
    """Read the Content-Type of a request; None when it is not that of MTOM for SOAP 1.1, or not a usable one."""
    media, parameters = _content_type(content_type)
    if media != "multipart/related" or parameters is None:
        return None
    if parameters.get("type", "").lower() != XOP:
        return None
    if parameters.get("start-info", "text/xml").partition(";")[0].strip().lower() != "text/xml":
        return None
    boundary = parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        return None
    return Related(boundary, _bare(parameters.get("start", "")))


def parts(data: bytes, *, boundary: str) -> list[Part]:
    """Every part of a body, in order."""
    line = re.escape(b"--" + boundary.encode("ascii")) + rb"(--)?[ \t]*+(?:\r\n|\Z)"
    delimiter = re.compile(rb"\r\n" + line)
    # Before the first part there may be a preamble.
    behind = re.compile(line).match(data) or delimiter.search(data)
    if behind is None or behind[1]:
        raise mtom("SOAP-MTOM-MULTIPART")
    result: list[Part] = []
    view = memoryview(data)
    while not behind[1]:
        if len(result) == PARTS:
            raise mtom("SOAP-MTOM-PARTS", expected=f"≤ {PARTS}")
        at = behind.end()
        # A part without a head begins with the empty line itself.
        end_of_head = data.find(b"\r\n\r\n", at - 2, at + HEAD_BYTES)
        if end_of_head < 0:
            cut_off = len(data) - at < HEAD_BYTES and delimiter.search(data, at) is None
            raise mtom("SOAP-MTOM-INCOMPLETE" if cut_off else "SOAP-MTOM-HEADER")
        behind = delimiter.search(data, end_of_head + 2)
        if behind is None:
            raise mtom("SOAP-MTOM-INCOMPLETE")
        head = str(view[at : max(at, end_of_head)], "latin-1")
        result.append(_part(head, view[min(end_of_head + 4, behind.start()) : behind.start()]))
    return result


def mtom(rule: str, *, line: int | None = None, expected: str | None = None) -> Unreadable:
    """Why a multipart body is no MTOM message."""
    message, hint = _RULES[rule]
    return Unreadable(rule, message, hint=hint, line=line, expected=expected)


def _part(head: str, sent: memoryview) -> Part:
    headers: dict[str, str] = {}
    for line in _FOLD.sub(" ", head).split("\r\n") if head else ():
        found = _HEADER.fullmatch(line)
        if found is None:
            raise mtom("SOAP-MTOM-HEADER")
        name = found[1].lower()
        if name in headers and name in _ONCE:
            raise mtom("SOAP-MTOM-HEADER")
        headers[name] = found[2].strip()
    media, parameters = _content_type(headers.get("content-type", ""))
    if parameters is None:
        raise mtom("SOAP-MTOM-HEADER")
    if media.startswith("multipart/"):
        raise mtom("SOAP-MTOM-TYPE")
    encoding = headers.get("content-transfer-encoding", "").lower()
    if encoding not in _AS_IT_IS and encoding != "base64":
        raise mtom("SOAP-MTOM-ENCODING", expected="binary, 8bit, base64")
    return Part(_bare(headers.get("content-id", "")), media, parameters.get("charset"), encoding, sent)


def _content_type(value: str) -> tuple[str, Mapping[str, str] | None]:
    """The media type in lower case, and its parameters; None when they are malformed or one is there twice."""
    media, _, _ = value.partition(";")
    at = len(media)
    found: dict[str, str] = {}
    while at < len(value):
        parameter = _PARAMETER.match(value, at)
        if parameter is None:
            return media.strip().lower(), found if not value[at:].strip("; \t") else None
        name = parameter[1].lower()
        if name in found:
            return media.strip().lower(), None
        found[name] = re.sub(r"\\(.)", r"\1", parameter[2]) if parameter[2] is not None else parameter[3]
        at = parameter.end()
    return media.strip().lower(), found


def _bare(content_id: str) -> str:
    """A Content-ID without the brackets that some leave out."""
    return content_id.strip().removeprefix("<").removesuffix(">")


MTOM_TYPE: Final = Text(
    nl='Verstuur MTOM met Content-Type: multipart/related; type="application/xop+xml"; start-info="text/xml"; '
    'boundary="…", of documenten als base64 met Content-Type: text/xml; charset=utf-8.',
    en='Send MTOM with Content-Type: multipart/related; type="application/xop+xml"; start-info="text/xml"; '
    'boundary="…", or documents as base64 with Content-Type: text/xml; charset=utf-8.',
)
"""What to do about another Content-Type (HTTP-MTOM)."""
_SEND_MTOM: Final = Text(
    nl="Laat een bibliotheek die MTOM voor SOAP 1.1 kent het bericht maken, of verstuur documenten als base64.",
    en="Let a library that knows MTOM for SOAP 1.1 make the message, or send documents as base64.",
)
_SEND_ALL: Final = Text(
    nl="Verstuur het bericht tot en met de laatste boundary, die met -- eindigt.",
    en="Send the message up to and including the last boundary, which ends with --.",
)
_ONE_EACH: Final = Text(
    nl="Geef elk document een eigen deel met een eigen Content-ID, en verwijs er precies één keer naar.",
    en="Give every document a part and a Content-ID of its own, and refer to it exactly once.",
)

_RULES: Final[Mapping[str, tuple[Text, Text]]] = {
    "SOAP-MTOM-MULTIPART": (
        Text(
            nl="Het bericht bevat geen delen tussen de boundary uit Content-Type.",
            en="The message has no parts between the boundary of Content-Type.",
        ),
        _SEND_MTOM,
    ),
    "SOAP-MTOM-INCOMPLETE": (
        Text(nl="Het bericht houdt op voor de laatste boundary.", en="The message stops before the last boundary."),
        _SEND_ALL,
    ),
    "SOAP-MTOM-PARTS": (
        Text(nl=f"Het bericht heeft meer dan {PARTS} delen.", en=f"The message has more than {PARTS} parts."),
        Text(nl="Verdeel de documenten over meer berichten.", en="Spread the documents over more messages."),
    ),
    "SOAP-MTOM-HEADER": (
        Text(
            nl="De headers van een deel zijn te lang, staan er dubbel of zijn niet goed geschreven.",
            en="The headers of a part are too long, there twice, or not written correctly.",
        ),
        _SEND_MTOM,
    ),
    "SOAP-MTOM-ENCODING": (
        Text(
            nl="Een deel heeft een Content-Transfer-Encoding die hier niet gelezen wordt, of is geen goede base64.",
            en="A part has a Content-Transfer-Encoding that is not read here, or is not correct base64.",
        ),
        Text(nl="Verstuur elk deel als binary.", en="Send every part as binary."),
    ),
    "SOAP-MTOM-TYPE": (
        Text(
            nl=f"Een deel is zelf een multipart, of het hoofddeel is geen {XOP}.",
            en=f"A part is a multipart itself, or the root part is not {XOP}.",
        ),
        _SEND_MTOM,
    ),
    "SOAP-MTOM-ROOT": (
        Text(
            nl="Het hoofddeel dat start in Content-Type noemt is er niet.",
            en="The root part that start in Content-Type names is not there.",
        ),
        Text(
            nl="Geef het deel met de SOAP-envelop de Content-ID die in start staat, of laat start weg.",
            en="Give the part with the SOAP envelope the Content-ID that start names, or leave start out.",
        ),
    ),
    "SOAP-MTOM-CID": (
        Text(
            nl="Een deel heeft geen Content-ID, of dezelfde als een ander.",
            en="A part has no Content-ID, or the same one as another.",
        ),
        _ONE_EACH,
    ),
    "SOAP-MTOM-INCLUDE": (
        Text(
            nl="Een xop:Include staat niet alleen in een element voor binaire inhoud, of heeft geen href met cid:.",
            en="An xop:Include is not alone in an element for binary content, or has no href with cid:.",
        ),
        Text(
            nl='Zet xop:Include alleen in Inhoud of inhoud, als enige kind, met href="cid:…".',
            en='Put xop:Include in Inhoud or inhoud alone, as the only child, with href="cid:…".',
        ),
    ),
    "SOAP-MTOM-UNKNOWN": (
        Text(
            nl="Een xop:Include verwijst naar een deel dat er niet is.",
            en="An xop:Include refers to a part that is not there.",
        ),
        _ONE_EACH,
    ),
    "SOAP-MTOM-TWICE": (
        Text(
            nl="Naar één deel wordt meer dan één keer verwezen, of naar het hoofddeel zelf.",
            en="One part is referred to more than once, or the root part itself is.",
        ),
        _ONE_EACH,
    ),
    "SOAP-MTOM-UNUSED": (
        Text(
            nl="Naar een deel van het bericht verwijst geen xop:Include; het zou verloren gaan.",
            en="No xop:Include refers to a part of the message; it would be lost.",
        ),
        _ONE_EACH,
    ),
}
