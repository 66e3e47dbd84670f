"""SOAP 1.1 around a message: what an envelope must be, and the header and the message in it.

What can go wrong: Unreadable. SOAP 1.1 §4; WS-I Basic Profile 1.1 §3.1.
"""

from typing import Final

from lxml import etree

from stuf_klantcontact.names import SOAP11, SOAP12, qname
from stuf_klantcontact.parsing.refusals import soap

_ENVELOPE: Final = qname(SOAP11, "Envelope")
_HEADER: Final = qname(SOAP11, "Header")
_BODY: Final = qname(SOAP11, "Body")
_FAULT: Final = qname(SOAP11, "Fault")
_MUST_UNDERSTAND: Final = qname(SOAP11, "mustUnderstand")
_ACTOR: Final = qname(SOAP11, "actor")
_NEXT_ACTOR: Final = "http://schemas.xmlsoap.org/soap/actor/next"

ENVELOPES: Final = frozenset({_ENVELOPE, qname(SOAP12, "Envelope")})
"""Roots that are an envelope, of 1.1 or of the version that is refused."""


def unfold(root: etree._Element) -> tuple[etree._Element | None, etree._Element]:
    """(Header, the one child of Body); every departure from SOAP 1.1 and WS-I BP 1.1 is refused: Unreadable."""
    if root.tag != _ENVELOPE:
        if root.tag == qname(SOAP12, "Envelope"):
            raise soap("SOAP-VERSION", root, expected=SOAP11)
        raise soap("SOAP-ENVELOPE", root, expected="soap:Envelope")
    children = list(root)
    header = children.pop(0) if children and children[0].tag == _HEADER else None
    if len(children) != 1 or children[0].tag != _BODY:
        raise soap("SOAP-ENVELOPE", children[0] if children else root, expected="soap:Header?, soap:Body")
    (soap_body,) = children
    if _is_said(root.text) or _is_said(soap_body.tail) or (header is not None and _is_said(header.tail)):
        raise soap("SOAP-TEXT", root)
    if header is not None:
        _understand(header)
    messages = list(soap_body)
    if len(messages) != 1 or _is_said(soap_body.text) or _is_said(messages[0].tail):
        raise soap("SOAP-BODY", soap_body)
    (body,) = messages
    if body.tag == _FAULT:
        raise soap("SOAP-FAULT", body)
    return header, body


def _is_said(text: str | None) -> bool:
    """Whether it is more than white space."""
    return text is not None and not text.isspace()


def _understand(header: etree._Element) -> None:
    """No header block is known here, so none may insist (SOAP 1.1 §4.2.3); what is meant for another may stay."""
    for block in header:
        if block.get(_MUST_UNDERSTAND, "0").strip() in ("0", "false"):
            continue
        if block.get(_ACTOR, _NEXT_ACTOR).strip() in ("", _NEXT_ACTOR):
            raise soap("SOAP-MUSTUNDERSTAND", block)
