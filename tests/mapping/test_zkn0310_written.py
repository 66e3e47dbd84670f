"""StUF 03.01 at random: what is said of a zaak is read as it was meant, and written again is the same message."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import HealthCheck, Phase, event, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from lxml import etree

from mapping import contacten
from stuf_klantcontact import stuurgegevens
from stuf_klantcontact.mapping import zds0120, zkn0310
from stuf_klantcontact.mapping.zkn0310.zaak import ROLLEN
from stuf_klantcontact.names import BG0310, STUF0301, STUF0302, XSI, ZKN0310, qname
from stuf_klantcontact.rgbz import BetrokkeneMutatie, StatusMutatie, ZaakMutatie
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.testing import cast
from stuf_klantcontact.testing.zaakdocumenten import Zaakdocumenten
from stuf_klantcontact.tijdstip import stuf0301

QUICK = profile(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
RELATIONS = {rol: local for local, rol in ROLLEN.items()}
NUMBERS = {"natuurlijkPersoon": "inp.bsn", "vestiging": "vestigingsNummer", "medewerker": "identificatie"}
NAMES = {"natuurlijkPersoon": "geslachtsnaam", "vestiging": "handelsnaam", "medewerker": "achternaam"}
BEFORE = {"natuurlijkPersoon": "voorvoegselGeslachtsnaam", "medewerker": "voorvoegselAchternaam"}
FAMILY = st.sampled_from(("", "A", "Bakker & Zn.", "Élise <x>"))
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 9, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
DAYS = st.dates(date(2020, 1, 1), date(2026, 12, 31))
Draw = Any


def an(longest: int) -> st.SearchStrategy[str]:
    """A text without blanks around it, which no reader keeps."""
    return contacten.an(longest).map(lambda text: text.strip() or "x")


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value, that there is none (""), or nothing said of it (None)."""
    return st.none() | st.just("") | values


@st.composite
def betrokkenen(draw: Draw) -> BetrokkeneMutatie:
    soort = draw(st.sampled_from(tuple(NUMBERS)))
    naam = draw(maybe(an(40)))
    gegevens: dict[str, str] = {}
    if soort == "natuurlijkPersoon":
        if naam is not None:
            gegevens["geslachtsnaam"] = naam
        for name, values in (
            ("voorletters", st.sampled_from(("", "S.", "J.A."))),
            ("geslachtsaanduiding", st.sampled_from(("", "M", "V", "O"))),
            ("geboortedatum", st.sampled_from(("", "1980-05-17", "1980-05", "1980"))),
        ):
            if draw(st.booleans()):
                gegevens[name] = draw(values)
    if soort in BEFORE and draw(st.booleans()):
        gegevens["voorvoegsel"] = draw(st.sampled_from(("", "van der")))
    return BetrokkeneMutatie(
        rol=draw(st.sampled_from(tuple(RELATIONS))),
        soort=soort,
        identificatie=draw(st.sampled_from(("", "999993653", "123456782"))),
        naam=naam,
        emailadres=draw(maybe(st.just(cast.EMAIL))),
        gegevens=gegevens,
    )


@st.composite
def mutaties(draw: Draw) -> ZaakMutatie:
    velden: dict[str, Any] = {}
    if (omschrijving := draw(maybe(an(80)))) is not None:
        velden["omschrijving"] = omschrijving
    for name in ("startdatum", "registratiedatum", "einddatum"):
        if draw(st.booleans()):
            velden[name] = draw(st.none() | DAYS)
    if draw(st.booleans()):
        velden |= {"zaaktype": draw(st.sampled_from(("B1026", "1"))), "zaaktype_omschrijving": draw(FAMILY)}
    statuses = st.builds(
        StatusMutatie,
        volgnummer=st.none() | st.integers(0, 9999),
        datum_status_gezet=MOMENTS,
        omschrijving=maybe(an(80)),
        toelichting=maybe(an(100)),
    )
    changed = draw(st.booleans())
    now = draw(st.lists(betrokkenen(), max_size=3))
    gone = draw(st.lists(betrokkenen(), max_size=2)) if changed else []
    kept = {(b.rol, b.soort) for b in now}
    return ZaakMutatie(
        identificatie=draw(st.sampled_from((cast.RUNNING, "12345", "Z/1 & 2"))),
        mutatiesoort="W" if changed else "T",
        velden=velden,
        statussen=tuple(draw(st.lists(statuses, max_size=3))),
        betrokkenen=tuple(now),
        # Whoever goes in one rol and comes in the same is not gone: that is said apart in test_zkn0310.
        vervallen=tuple(b for b in gone if (b.rol, b.soort) not in kept),
    )


def put(parent: etree._Element, name: str, value: Any) -> None:
    """An element with a value, one that says that there is none, or nothing."""
    if value is None:
        return
    element = etree.SubElement(parent, name)
    if value == "":
        element.set(qname(STUF0301, "noValue"), "geenWaarde")
        element.set(qname(XSI, "nil"), "true")
    else:
        element.text = str(value)


def entity(parent: etree._Element, local: str, soort: str, *, verwerkingssoort: str = "") -> etree._Element:
    element = etree.SubElement(parent, qname(ZKN0310, local), {qname(STUF0301, "entiteittype"): soort})
    if verwerkingssoort:
        element.set(qname(STUF0301, "verwerkingssoort"), verwerkingssoort)
    return element


def write(mutatie: ZaakMutatie) -> etree._Element:
    """The zakLk01 that says so."""
    root = etree.Element(qname(ZKN0310, "zakLk01"), nsmap={"ZKN": ZKN0310, "StUF": STUF0301, "BG": BG0310})
    header = Header(
        berichtcode="Lk01",
        zender=cast.ZAAKSYSTEEM,
        ontvanger=cast.GATEWAY,
        referentienummer="1",
        tijdstip_bericht="20261122101500000",
        entiteittype="ZAK",
    )
    root.append(stuurgegevens.write(header, tag=qname(ZKN0310, "stuurgegevens"), namespace=STUF0301))
    parameters = etree.SubElement(root, qname(ZKN0310, "parameters"))
    etree.SubElement(parameters, qname(STUF0301, "mutatiesoort")).text = mutatie.mutatiesoort
    if mutatie.mutatiesoort == "W":
        oud = entity(root, "object", "ZAK", verwerkingssoort="W")
        put(oud, qname(ZKN0310, "identificatie"), mutatie.identificatie)
        for betrokkene in mutatie.vervallen:
            write_betrokkene(oud, betrokkene, verwerkingssoort="V")
    huidig = entity(root, "object", "ZAK", verwerkingssoort=mutatie.mutatiesoort)
    put(huidig, qname(ZKN0310, "identificatie"), mutatie.identificatie)
    write_velden(huidig, mutatie.velden)
    for betrokkene in mutatie.betrokkenen:
        write_betrokkene(huidig, betrokkene, verwerkingssoort="T")
    for status in mutatie.statussen:
        relation = entity(huidig, "heeft", "ZAKSTT", verwerkingssoort="T")
        statustype = entity(relation, "gerelateerde", "STT", verwerkingssoort="I")
        put(statustype, qname(ZKN0310, "volgnummer"), status.volgnummer)
        put(statustype, qname(ZKN0310, "omschrijving"), status.omschrijving)
        put(relation, qname(ZKN0310, "toelichting"), status.toelichting)
        assert status.datum_status_gezet is not None
        put(relation, qname(ZKN0310, "datumStatusGezet"), stuf0301(status.datum_status_gezet))
    return root


def write_velden(huidig: etree._Element, velden: Mapping[str, Any]) -> None:
    put(huidig, qname(ZKN0310, "omschrijving"), velden.get("omschrijving"))
    for name in ("startdatum", "registratiedatum", "einddatum"):
        if name in velden:
            value = velden[name]
            put(huidig, qname(ZKN0310, name), value.strftime("%Y%m%d") if value else "")
    if "zaaktype" in velden:
        zaaktype = entity(entity(huidig, "isVan", "ZAKZKT", verwerkingssoort="T"), "gerelateerde", "ZKT")
        put(zaaktype, qname(ZKN0310, "code"), velden["zaaktype"])
        put(zaaktype, qname(ZKN0310, "omschrijving"), velden["zaaktype_omschrijving"])


def write_betrokkene(parent: etree._Element, betrokkene: BetrokkeneMutatie, *, verwerkingssoort: str) -> None:
    relation = entity(parent, RELATIONS[betrokkene.rol], "ZAKBTR", verwerkingssoort=verwerkingssoort)
    related = etree.SubElement(relation, qname(ZKN0310, "gerelateerde"))
    actor = entity(related, betrokkene.soort, betrokkene.soort[:3].upper())
    namespace = ZKN0310 if betrokkene.soort == "medewerker" else BG0310
    put(actor, qname(namespace, NUMBERS[betrokkene.soort]), betrokkene.identificatie or None)
    put(actor, qname(namespace, NAMES[betrokkene.soort]), betrokkene.naam)
    said = betrokkene.gegevens
    put(actor, qname(namespace, BEFORE.get(betrokkene.soort, "-")), said.get("voorvoegsel"))
    for name in ("voorletters", "geslachtsaanduiding"):
        put(actor, qname(namespace, name), said.get(name))
    if (geboren := said.get("geboortedatum")) is not None:
        digits = geboren.replace("-", "")
        # What is not known of it stands there as the first day or month.
        put(actor, qname(namespace, "geboortedatum"), digits and f"{digits}0101"[:8])
        if unknown := {4: "M", 6: "D"}.get(len(digits)):
            actor[-1].set(qname(STUF0301, "indOnvolledigeDatum"), unknown)
    put(relation, qname(ZKN0310, "emailadres"), betrokkene.emailadres)


@QUICK
@given(mutaties())
def test_a_zaak_that_is_told_of_is_read_as_it_was_meant(mutatie: ZaakMutatie) -> None:
    event(mutatie.mutatiesoort)
    message = write(mutatie)
    read = zkn0310.read(etree.fromstring(etree.tostring(message)))
    assert read == mutatie
    assert etree.tostring(write(read)) == etree.tostring(message)


SYSTEMS = st.builds(Systeem, st.sampled_from(("", "0518")), an(50).map(lambda t: f"abc{t}"[:50].rstrip()), an(50))


@QUICK
@given(
    st.builds(
        Header,
        berichtcode=st.sampled_from(("Lk01", "Di02", "Lv01")),
        zender=SYSTEMS,
        ontvanger=SYSTEMS,
        referentienummer=an(40),
        tijdstip_bericht=st.just("20261122101500000"),
        cross_refnummer=st.just("") | an(40),
    ),
    st.sampled_from((STUF0301, STUF0302)),
)
def test_stuurgegevens_are_read_as_they_were_written(header: Header, namespace: str) -> None:
    message = etree.Element("message")
    message.append(stuurgegevens.write(header, tag=qname(ZKN0310, "stuurgegevens"), namespace=namespace))
    assert stuurgegevens.read(etree.fromstring(etree.tostring(message))) == header


@QUICK
@given(an(40))
def test_the_number_that_a_receiver_gives_is_the_number_that_we_use(number: str) -> None:
    header = Header(
        berichtcode="Du02",
        zender=cast.ZAAKSYSTEEM,
        ontvanger=cast.GATEWAY,
        referentienummer="1",
        tijdstip_bericht="20261122101500000",
        functie=zds0120.FUNCTIE,
    )
    answer = Zaakdocumenten(next=[number]).answer(header)
    assert zds0120.documentidentificatie(etree.fromstring(etree.tostring(answer))) == number
