"""Say which of the errors of soort 3 a message makes: versions, berichtcode, entiteittype and functie.

The standard wants these checked before a Bv03, and tells what is unknown to it from what it knows and we do not
take. Pure. The version of StUF and of a sectormodel is in the namespaces; "nearest" is the version that we have.

StUF 03.01 §4.1.1 and table 8.1; stuf-facts §1.1, §3.3 and §8.2.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from lxml import etree

from stuf_klantcontact import stuurgegevens
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.intake import about
from stuf_klantcontact.intake.about import Finding
from stuf_klantcontact.names import GFOZAKEN, KC, KLC, STUF0301, STUF0302, ZDS0120, ZKN0310, prefixed, split
from stuf_klantcontact.stuurgegevens import Header
from stuf_klantcontact.validation.bericht import KNOWN_CODES

_STUF: Final = re.compile(r"http://www\.(?:egem\.nl/StUF/StUF|stufstandaarden\.nl/onderlaag/stuf)([0-9]{4})")
_SECTORMODEL: Final = re.compile(
    r"(http://www\.egem\.nl/StUF/sector/[a-z]+/|http://www\.stufstandaarden\.nl/koppelvlak/[a-z]+"
    r"|urn:stuf-klantcontact:[a-z]+:)([0-9]{4})"
)
_VERSIONS: Final = ("0301", "0302")
_SECTORMODELLEN: Final[Mapping[str, str]] = {
    found[1]: found[2] for found in map(_SECTORMODEL.fullmatch, (KC, KLC, ZKN0310, ZDS0120)) if found
}
"""The version of each sectormodel and koppelvlak that we speak, by its namespace without that."""

_NAME: Final = re.compile(r"(.*?)_?([A-Za-z]{3})?((?:Lk|Lv|La|Sa|Sh|Di|Du|Bv|Fo|Tr)[0-9]{2})(?:Bericht)?")
_OF_ENTITIES: Final = ("Lk", "Lv", "La", "Sa", "Sh")
_VRIJ: Final = ("Di", "Du")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ZKN0310: Final = _words(
    "ACD AOA ARV AVR BRT BSL BST BTR CTP DCT DTG EDC GEM GOR HHD IRE KGM KOZ KWD KZA LND MAC MDW NAT NNP NPS OBJ "
    "OEH OPR PND RDS RPS RSD SBD SDC SRV STA STT SUB TDL TGO VBT VES VZO WDL WDO WGD WOZ WPL WRD WYK ZAK ZKR ZKT "
    "ZRA ZTG"
)
_ZKN0320: Final = _words(
    "AAF AAN ACD AKG ANS AOA APS AVB AZR BRT BSL BST BTD BTR CAT CUB CUO DEC EIG FUG GBI GEM INR IOB IOG IOT KGM "
    "KLC KOZ KWD KZA LND MAC MDW NAT NNP NPS OBD OBJ OBW OEH OPR OSH OTD OWG OWT PND PRT RBN RDS RLT RON RSD RST "
    "SBI SHD SOC SOG SPR STA STT TGO TND TNS VAL VES VGO VVG VZO WDO WGD WOZ WPL WRD WTD WYK ZAK ZHR ZKR ZKT ZOT"
)
_ENTITEITTYPEN: Final[Mapping[str, frozenset[str]]] = {ZKN0310: _ZKN0310, ZDS0120: _ZKN0310, KLC: _ZKN0320}
"""Every entiteittype of the sectormodel behind a namespace."""

_FUNCTIES_KC: Final = frozenset({about.VOEG_TOE, about.WIJZIG, about.VERWIJDER})
_FUNCTIES_ZDS: Final = _words(
    "genereerzaakidentificatie genereerdocumentidentificatie genereerbesluitidentificatie geefzaakdocumentbewerken "
    "updatezaakdocument cancelcheckout ontkoppelzaakdocument overdragenzaak voegbesluittoe"
)
"""In lower case: the standard itself writes them in more than one way."""


@lru_cache(maxsize=64)
def named(local: str) -> tuple[str, str]:
    """(entiteittype or functie, berichtcode) in the name of a message; ("", "") when it names none."""
    found = _NAME.fullmatch(local)
    if found is None:
        return "", ""
    if found[3][:2] in _OF_ENTITIES:
        return found[2] or "", found[3]
    return local[: found.start(3)].rstrip("_"), found[3]


_TAKEN: Final = frozenset(named(split(tag)[1])[1] for tag in about.OPERATIONS)
_ENTITEITTYPEN_TAKEN: Final[Mapping[str, frozenset[str]]] = {
    namespace: frozenset(named(split(tag)[1])[0].upper() for tag in about.OPERATIONS if split(tag)[0] == namespace)
    for namespace in _ENTITEITTYPEN
}


def versions(element: etree._Element) -> list[Finding]:
    """StUF001, StUF004 or StUF007: the versions of StUF and of the sectormodel, which the namespaces say."""
    header = stuurgegevens.find(element)
    first = None if header is None else next(header.iterchildren(etree.Element), None)
    return [*_versions(element.tag, "" if first is None else split(first.tag)[0])]


@lru_cache(maxsize=64)
def _versions(tag: str, stuf: str) -> tuple[Finding, ...]:
    """By the name of the message and the namespace in its stuurgegevens: there are few, and each comes often."""
    own = split(tag)[0]
    wrong = tuple(
        _version(Fout.StUF001, found[1], ours=_VERSIONS)
        for found in map(_STUF.fullmatch, sorted({own, stuf}))
        if found is not None and found[0] not in (STUF0301, STUF0302)
    )
    if own in (KC, KLC, ZKN0310, ZDS0120, GFOZAKEN, STUF0301, STUF0302) or _STUF.fullmatch(own):
        return wrong
    model = _SECTORMODEL.fullmatch(own)
    if model is not None and model[1] in _SECTORMODELLEN:
        return (*wrong, _version(Fout.StUF007, model[2], ours=(_SECTORMODELLEN[model[1]],)))
    unknown = about.standard(
        Fout.StUF004,
        prefixed(tag),
        nl="Gebruik een bericht van dit koppelvlak.",
        en="Use a message of this koppelvlak.",
        value=tag[:200],
        expected=", ".join(sorted((KC, KLC, ZKN0310, ZDS0120))),
    )
    return (*wrong, unknown)


def _version(fout: Fout, version: str, *, ours: tuple[str, ...]) -> Finding:
    nearest = ours[0] if version < ours[0] else ours[-1]
    return about.standard(
        fout,
        "",
        nl=f"Gebruik versie {nearest}.",
        en=f"Use version {nearest}.",
        value=version,
        expected=nearest,
    )


def unsupported(element: etree._Element, header: Header, *, port: str) -> list[Finding]:
    """Why a message in a namespace that we know is not taken on this port."""
    namespace, local = split(element.tag)
    expected = ", ".join(
        dict.fromkeys(prefixed(tag) for tag, operation in about.OPERATIONS.items() if operation.port == port)
    )
    operation = about.OPERATIONS.get(element.tag)
    if operation is not None:
        return [
            about.standard(
                Fout.StUF025,
                prefixed(element.tag),
                nl=f"Stuur dit bericht naar de poort {operation.port}.",
                en=f"Send this message to the port {operation.port}.",
                expected=expected,
            )
        ]
    kind, code = named(local)
    code = header.berichtcode or code
    fout = _of_code(namespace, code, kind=header.entiteittype or kind.upper(), functie=header.functie or kind)
    nl, en = "Gebruik een bericht uit de WSDL.", "Use a message of the WSDL."
    return [about.standard(fout, prefixed(element.tag), nl=nl, en=en, value=element.tag[:200], expected=expected)]


def _of_code(namespace: str, code: str, *, kind: str, functie: str) -> Fout:
    if code and code not in KNOWN_CODES:
        return Fout.StUF022
    asynchronous = code[:2] == "Lv" and int(code[2:]) % 2 == 0
    if asynchronous and kind in _ENTITEITTYPEN_TAKEN.get(namespace, ()):
        return Fout.StUF124
    if code and code not in _TAKEN:
        return Fout.StUF025
    if code[:2] in _OF_ENTITIES and kind:
        if kind not in _ENTITEITTYPEN.get(namespace, ()):
            return Fout.StUF028
        if kind not in _ENTITEITTYPEN_TAKEN[namespace]:
            return Fout.StUF031
    if code[:2] in _VRIJ and functie:
        if namespace in (ZKN0310, ZDS0120) and functie.lower() in _FUNCTIES_ZDS:
            return Fout.StUF037
        if functie not in _FUNCTIES_KC:
            return Fout.StUF034
    return Fout.StUF040


def header(element: etree._Element, header: Header) -> Iterator[Finding]:
    """What the stuurgegevens of a message that we take say against its name. What is absent is for the schema."""
    namespace, local = split(element.tag)
    kind, code = named(local)
    if header.berichtcode and header.berichtcode != code:
        yield _against(
            "berichtcode",
            header.berichtcode,
            unknown=Fout.StUF022 if header.berichtcode not in KNOWN_CODES else None,
            expected=code,
        )
    if header.entiteittype and namespace in _ENTITEITTYPEN and header.entiteittype != kind.upper():
        known = header.entiteittype in _ENTITEITTYPEN[namespace]
        yield _against(
            "entiteittype",
            header.entiteittype,
            unknown=None if known else Fout.StUF028,
            expected=kind.upper(),
        )
    if header.functie and namespace == KC and header.functie != kind:
        known = header.functie in _FUNCTIES_KC
        yield _against("functie", header.functie, unknown=None if known else Fout.StUF034, expected=kind)


def _against(local: str, value: str, *, unknown: Fout | None, expected: str) -> Finding:
    return about.standard(
        unknown or Fout.StUF040,
        f"StUF:{local}",
        nl=f"Zet {expected} in StUF:{local}, of stuur het bericht dat erbij hoort.",
        en=f"Put {expected} into StUF:{local}, or send the message that goes with it.",
        value=value[:40],
        expected=expected,
    )


def without(findings: list[Finding], said: list[Finding]) -> list[Finding]:
    """The findings that do not speak of an element of the stuurgegevens that `said` speaks of already."""
    places = tuple(f"stuurgegevens/{finding.violation.element}" for finding in said)
    return [f for f in findings if not any(place in (f.violation.path or "") for place in places)]
