"""QNames: the namespaces of the messages, their recommended prefixes, and how to join them to a local name.

Nothing here can go wrong. Prefixes are for people and for what we write; nothing is ever matched on a prefix
(StUF 03.01 §1.2).
"""

from typing import Final

SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12: Final = "http://www.w3.org/2003/05/soap-envelope"
WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
WSDL_SOAP: Final = "http://schemas.xmlsoap.org/wsdl/soap/"
XSD: Final = "http://www.w3.org/2001/XMLSchema"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XMIME: Final = "http://www.w3.org/2005/05/xmlmime"

STUF0301: Final = "http://www.egem.nl/StUF/StUF0301"
STUF0302: Final = "http://www.stufstandaarden.nl/onderlaag/stuf0302"
BG0310: Final = "http://www.egem.nl/StUF/sector/bg/0310"
ZKN0310: Final = "http://www.egem.nl/StUF/sector/zkn/0310"
ZDS0120: Final = "http://www.stufstandaarden.nl/koppelvlak/zds0120"
ZKN0320: Final = "http://www.stufstandaarden.nl/basisschema/zkn0320"
BG0320: Final = "http://www.stufstandaarden.nl/basisschema/bg0320"
ZTC0320: Final = "http://www.stufstandaarden.nl/basisschema/ztc0320"

KC: Final = "urn:stuf-klantcontact:koppelvlak:0100"
KLC: Final = "urn:stuf-klantcontact:klc:0320"
GFOZAKEN: Final = "urn:nl:gfozaken"
DGA_UF: Final = "urn:nl:dga-uf"

PREFIXES: Final[dict[str, str]] = {
    SOAP11: "soap",
    XSI: "xsi",
    XMIME: "xmime",
    STUF0301: "StUF",
    STUF0302: "StUF",
    BG0310: "BG",
    ZKN0310: "ZKN",
    ZDS0120: "ZDS",
    ZKN0320: "zkn",
    BG0320: "bg",
    ZTC0320: "ztc",
    KC: "kc",
    KLC: "klc",
    GFOZAKEN: "gfo",
    DGA_UF: "dga",
}


def qname(namespace: str, local: str) -> str:
    """Join a namespace URI and a local name in Clark notation, ``{uri}local``, as lxml wants it."""
    return f"{{{namespace}}}{local}"


def split(tag: str) -> tuple[str, str]:
    """Split Clark notation into (namespace URI or "", local name)."""
    namespace, _, local = tag.rpartition("}")
    return namespace[1:], local


def prefixed(tag: str) -> str:
    """Write a Clark name for people: ``gfo:Toelichting``; without a known prefix the local name alone."""
    namespace, local = split(tag)
    prefix = PREFIXES.get(namespace)
    return f"{prefix}:{local}" if prefix else local
