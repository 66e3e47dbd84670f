"""Strategies: any klantcontact that our schema allows, up to the limits of each field, about zaken of any kind."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from lxml import etree

from stuf_klantcontact import rules, settings
from stuf_klantcontact.mapping import gfozaken, zkn0310
from stuf_klantcontact.names import DGA_UF, GFOZAKEN, KC, STUF0301, XMIME, qname, split
from stuf_klantcontact.opvoering import Opvoering
from stuf_klantcontact.rgbz import BetrokkeneFeiten, Informatieobject, Klantcontact, Zaak, ZaakFeiten
from stuf_klantcontact.settings import Limits, Zaaktype, Zender
from stuf_klantcontact.stuurgegevens import Header, Systeem, write
from stuf_klantcontact.testing import cast

NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
IDENTIFICATIE = "KC202600000001"
NUMBERS = ("999993653", "999990019", "111222333", "123456782")
Draw = Callable[[st.SearchStrategy[Any]], Any]
Field = tuple[str, "str | list[Field] | None"]

SEEDS = (
    *("woord ", "één. ", "<&>'\"", "a\nb\t", " ", "\U0001f600", "é", "e\u0301", "\u202e", "\xa0", "\x85", "\u2028"),
    *("\ud7ff", "\ue000", "\ufffd", "\U0010ffff", "]]>", "%00", "\\u0000", "{}", "0", "²", "&#x10;", "a\rb"),
)
"""What fields are filled with: markup, white space, and characters at the edges of what XML and UTF-8 hold."""


def an(longest: int) -> st.SearchStrategy[str]:
    """Text of at most `longest` characters, often just that long."""
    return st.builds(
        lambda seed, size: (seed * size)[:size],
        st.sampled_from(SEEDS),
        st.sampled_from((1, 2, 5, longest // 2, longest - 1, longest)),
    )


def digits(length: int) -> st.SearchStrategy[str]:
    return st.integers(0, 10**length - 1).map(lambda number: f"{number:0{length}d}")


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(strategy, st.none())


DATES = st.dates(date(1, 1, 2), date(9998, 12, 30)) | st.sampled_from((date(2024, 2, 29), date(2000, 1, 1)))
DATE_TEXTS = st.one_of(
    DATES.map(date.isoformat),
    DATES.map(lambda day: day.isoformat().replace("-", "")),
    DATES.map(lambda day: f"{day.isoformat()}+01:00"),
    DATES.map(lambda day: f"{day.isoformat()}-14:00"),
    DATES.map(lambda day: f"{day.isoformat()}Z"),
    st.sampled_from(("20240229", "20260231")),
)
MOMENTS = st.one_of(
    st.datetimes(datetime(1, 1, 2), datetime(2026, 11, 22)).map(lambda moment: moment.isoformat()),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 11, 22), timezones=st.just(UTC)).map(datetime.isoformat),
    st.datetimes(datetime(1000, 1, 1), datetime(2026, 11, 22)).map(lambda moment: f"{moment:%Y%m%d%H%M%S}"),
    st.sampled_from(("2026-11-21T24:00:00+14:00", "20261121", "1850-01-01T00:00:00Z", "20260231")),
)


@st.composite
def actors(draw: Draw) -> Field:
    kind = draw(
        st.sampled_from(
            (
                *("Medewerker", "Medewerker", "OrganisatorischeEenheid"),
                *("NatuurlijkPersoon", "NietNatuurlijkPersoon", "Vestiging"),
            )
        )
    )
    if kind == "Medewerker":
        return kind, [
            ("Identificatie", draw(an(24))),
            ("Achternaam", draw(maybe(an(200)))),
            ("Voorletters", draw(maybe(an(20)))),
            ("Voorvoegsel", draw(maybe(an(10)))),
        ]
    identifiers: dict[str, st.SearchStrategy[tuple[str, str]]] = {
        "OrganisatorischeEenheid": st.tuples(st.just("Identificatie"), an(24)),
        "NatuurlijkPersoon": st.tuples(st.just("BSN"), st.sampled_from(NUMBERS))
        | st.tuples(st.just("Identificatie"), an(40) | digits(9) | digits(17)),
        "NietNatuurlijkPersoon": st.tuples(st.just("RSIN"), st.sampled_from(NUMBERS))
        | st.tuples(st.just("KVKnummer"), digits(8)),
        "Vestiging": st.tuples(st.just("Vestigingsnummer"), digits(12)),
    }
    longest = {"OrganisatorischeEenheid": 50, "NietNatuurlijkPersoon": 500, "Vestiging": 625}.get(kind, 200)
    return kind, [draw(identifiers[kind]), ("Naam", draw(maybe(an(longest))))]


@st.composite
def documents(draw: Draw) -> Field:
    content = draw(st.binary(min_size=1, max_size=20))
    inhoud = ("Inhoud", base64.b64encode(content).decode())
    choice = draw(st.sampled_from((inhoud, ("Verwijzing", "https://documenten.example/1?a=b&c=%20d"))))
    return "Document", [
        ("Identificatie", draw(maybe(an(40)))),
        ("Titel", draw(an(200))),
        (
            "Bestandsnaam",
            draw(maybe(st.sampled_from(("brief.pdf", "a." + "x" * 251, "zonder", "a.b.docxx", "é" * 127)))),
        ),
        ("Formaat", draw(st.sampled_from(("application/pdf", "text/plain; charset=utf-8", "image/" + "x" * 79)))),
        ("Taal", draw(maybe(an(20)))),
        ("Ontvangstdatum", draw(maybe(DATE_TEXTS))),
        ("Verzenddatum", draw(maybe(DATE_TEXTS))),
        choice,
    ]


@st.composite
def parties(draw: Draw) -> Field:
    kind = draw(st.sampled_from(("natuurlijkPersoon", "vestiging", "natuurlijkPersoon", "anoniem")))
    if kind == "anoniem":
        return kind, ""
    number = draw(st.sampled_from(NUMBERS))
    namens: list[Field] = []
    if draw(st.booleans()):
        namens = [("namens", [("nietNatuurlijkPersoon", [("rsin", number), ("naam", draw(an(500)))])])]
    if kind == "natuurlijkPersoon":
        return kind, [
            draw(st.just(("bsn", number)) | st.tuples(st.just("anpIdentificatie"), digits(17))),
            ("geslachtsnaam", draw(maybe(an(200)))),
            ("voorvoegsel", draw(maybe(an(10)))),
            ("voorletters", draw(maybe(an(20)))),
            ("geslachtsaanduiding", draw(maybe(st.sampled_from("MVO")))),
            ("geboortedatum", draw(maybe(DATE_TEXTS))),
            *namens,
        ]
    contactpersoon: list[Field] = [
        ("naam", draw(an(40))),
        ("functie", draw(maybe(an(50)))),
        ("telefoonnummer", draw(maybe(an(20)))),
        ("emailadres", draw(maybe(st.just("a" * 120 + "@" + "b" * 133)))),
    ]
    return kind, [
        ("vestigingsnummer", draw(digits(12))),
        ("handelsnaam", draw(maybe(an(625)))),
        ("contactpersoon", contactpersoon),
        *namens,
    ]


@st.composite
def messages(draw: Draw) -> etree._Element:
    """voegKlantcontactToe_Di02, of what our schema allows nearly everything."""
    root = etree.Element(
        qname(KC, "voegKlantcontactToe_Di02"),
        nsmap={"kc": KC, "StUF": STUF0301, "gfo": GFOZAKEN, "dga": DGA_UF},
    )
    header = Header(
        "Di02",
        Systeem("0518", "MIJNZAKEN"),
        cast.GATEWAY,
        "MZ-1",
        "20261122101500000",
        functie="voegKlantcontactToe",
    )
    root.append(write(header, tag=qname(KC, "stuurgegevens"), namespace=STUF0301))
    fill(root, KC, [("zaakidentificatie", draw(st.sampled_from((*(cast.RUNNING,) * 6, None, "?"))))])
    contact = etree.SubElement(root, qname(GFOZAKEN, "Klantcontact"))
    fill(contact, GFOZAKEN, [("DatumGezet", draw(MOMENTS)), ("Documenten", [])])
    for document in draw(st.lists(documents(), max_size=2)):
        fill(contact[-1], DGA_UF, [document])
        for inhoud in contact[-1].iter(qname(DGA_UF, "Inhoud")):
            inhoud.set(qname(XMIME, "contentType"), "application/pdf")
    fill(
        contact,
        GFOZAKEN,
        [
            ("Opvoerder", [draw(actors())]),
            ("Toelichting", draw(an(1200) | maybe(an(100)))),
            ("Type", draw(st.sampled_from((*rules.TYPES, "call", "face")))),
        ],
    )
    party = draw(maybe(parties()))
    fill(
        root,
        KC,
        [
            ("onderwerp", draw(maybe(an(80)))),
            ("contactpartij", party and [party]),
            (
                "medewerker",
                draw(
                    maybe(
                        st.tuples(an(24), maybe(an(200)), maybe(an(20)), maybe(an(10))).map(
                            lambda words: list(
                                zip(
                                    ("identificatie", "achternaam", "voorletters", "voorvoegsel"),
                                    words,
                                    strict=True,
                                )
                            )
                        )
                    )
                ),
            ),
            ("richting", draw(maybe(st.sampled_from(("inkomend", "uitgaand"))))),
            ("uitkomst", draw(maybe(an(300)))),
            ("afspraken", draw(maybe(an(300)))),
        ],
    )
    # As it comes in: through bytes, so that line ends and characters are what a parser makes of them.
    return etree.fromstring(etree.tostring(root))


@st.composite
def facts(draw: Draw) -> ZaakFeiten:
    """A zaak as its zaaksysteem announced it, with values in it that no standard allows."""
    message = cast.zaak(cast.RUNNING, referentienummer="1", now=NOW, omschrijving=draw(an(80)), startdatum="")
    for element in list(message.iter(etree.Element)):
        local = split(element.tag)[1]
        parent = element.getparent()
        if parent is None or split(parent.tag)[1] == "object":
            continue
        if local in ("inp.bsn", "identificatie", "geslachtsnaam", "voorletters", "achternaam") and draw(
            st.booleans()
        ):
            element.text = draw(an(700) | digits(9) | digits(12) | digits(17))
        if local == "voorletters":
            extra = etree.Element(element.tag.replace("voorletters", "geboortedatum"))
            extra.text = draw(st.sampled_from(("19800101", "19800231", "00000000", "1980", "x", "")))
            extra.set(qname(STUF0301, "indOnvolledigeDatum"), draw(st.sampled_from("VDMJ")))
            element.addnext(extra)
    return zaak_feiten(message)


def zaak_feiten(message: etree._Element) -> ZaakFeiten:
    """What intake would know of a zaak after this message alone."""
    mutatie = zkn0310.read(message)
    return ZaakFeiten(
        id=1,
        versie=1,
        identificatie=mutatie.identificatie,
        omschrijving=mutatie.velden.get("omschrijving", ""),
        zaaktype="B1026",
        startdatum=mutatie.velden.get("startdatum"),
        einddatum=None,
        status_id=1,
        betrokkenen=tuple(
            BetrokkeneFeiten(b.rol, b.soort, b.identificatie, b.naam or "", b.emailadres or "", b.gegevens)
            for b in mutatie.betrokkenen
        ),
    )


@dataclass(frozen=True)
class Judged:
    """A message, the zaak it found, and what came of it; `record` is None when it was refused."""

    opvoering: Opvoering
    refused: tuple[str, ...]
    record: Klantcontact | None
    documenten: list[Informatieobject]


def judge(message: etree._Element, zaak: ZaakFeiten, *, policy: Zaaktype | None = None) -> Judged:
    """Judge and map as intake does, under a zaaktype that allows all it can."""
    policy = policy or Zaaktype(
        klantcontacten=True,
        medewerkers=("*",),
        betrokkenen=True,
        voor_startdatum=True,
        medewerker_uit_zaak=True,
        interactief=("call", "face", "click"),
    )
    opvoering = gfozaken.read(message)
    found = zaak if opvoering.zaakidentificatie == zaak.identificatie else None
    betrokkenen = found.betrokkenen if found else ()
    partij, herkomst = gfozaken.partij(opvoering, betrokkenen=betrokkenen, uit_zaak=True)
    medewerker = gfozaken.medewerker(opvoering, betrokkenen=betrokkenen, uit_zaak=True)
    groep = rules.groep(opvoering, partij=partij, medewerker=medewerker, interactief=policy.interactief)
    judgement = rules.judge(
        rules.Case(
            opvoering=opvoering,
            zaak=found,
            zaaktype=policy if found else None,
            zender=Zender(borgt_voor_opvoerder=True),
            partij=partij,
            medewerker=medewerker,
            groep=groep,
            now=NOW + timedelta(days=1),
            limits=Limits(),
            zonder_zaak="keep",
        )
    )
    # Who the opvoerder is to the zaak does not change what a message can hold.
    refused = tuple(v.rule for v in judgement.violations if v.rule != "KC-07")
    if refused:
        return Judged(opvoering, refused, None, [])
    record = gfozaken.klantcontact(
        opvoering,
        identificatie=IDENTIFICATIE,
        rsin=cast.RSIN,
        kanaal=settings.KANAAL_BIJ_TYPE[opvoering.type],
        groep=groep,
        effect="uitgewisseld",
        partij=partij,
        herkomst=herkomst,
        medewerker=medewerker,
        zaakomschrijving=found.omschrijving if found else "",
        zaak_id=1 if found else None,
        status_id=1 if found else None,
    )
    documenten = gfozaken.documenten(
        opvoering,
        identificatie=IDENTIFICATIE,
        rsin=cast.RSIN,
        groep=groep,
        made=NOW.date(),
        partijnaam=gfozaken.partijnaam(partij, betrokkenen=betrokkenen),
    )
    record.informatieobjecten.extend(documenten)
    if found:
        record.zaak = Zaak(
            identificatie=found.identificatie, bronorganisatie=cast.RSIN, omschrijving=found.omschrijving
        )
    return Judged(opvoering, (), record, documenten)


def fill(parent: etree._Element, namespace: str, fields: list[Field]) -> None:
    """Add these fields to an element, and theirs to them; None is left out."""
    for local, value in fields:
        if value is None:
            continue
        element = etree.SubElement(parent, qname(namespace, local))
        if isinstance(value, str):
            element.text = value or None
        else:
            fill(element, namespace, value)
