"""One message in, one answer out, and in between everything or nothing: on a real database."""

import logging
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree
from sqlalchemy import select, text

from mapping.test_zkn0320 import record
from stuf_klantcontact import contract, parsing, rgbz, rules, validation
from stuf_klantcontact.fouten import Fault
from stuf_klantcontact.intake import Intake, Received
from stuf_klantcontact.journal import Bericht
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.names import KC, SOAP11, STUF0301, STUF0302, ZKN0310, qname
from stuf_klantcontact.settings import Abonnee, Gateway, Groepen, Mail, MappingChoices, Settings, Zaaktype, Zender
from stuf_klantcontact.store import Database
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.testing import cast
from stuf_klantcontact.tijdstip import stuf0302

CONTRACT = contract.load()
NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
SYNC, ASYNC = "VerwerkSynchroonVrijBericht", "OntvangAsynchroon"
DEMO = Settings(
    gateway=Gateway(organisatie="0518", rsin=cast.RSIN),
    zender={
        "MIJNZAKEN": Zender(gebruiker="a", borgt_voor_opvoerder=True, operaties=("voegKlantcontactToe",)),
        "ZAAKSYSTEEM": Zender(gebruiker="b", operaties=("zaken",)),
        "ANDER": Zender(gebruiker="c", operaties=("voegKlantcontactToe",)),
    },
    abonnee={"ZAAKMAGAZIJN": Abonnee(endpoint="http://127.0.0.1:1/")},
    zaaktype={"B1026": Zaaktype(klantcontacten=True, medewerkers=("jdevries",), betrokkenen=True, melding=True)},
    mail=Mail(server="localhost", afzender="gateway@example.nl"),
)


def enveloped(element: etree._Element, *, space: bytes = b"") -> bytes:
    envelope = b'<s:Envelope xmlns:s="%s">%s<s:Body>%s</s:Body>%s</s:Envelope>'
    return envelope % (SOAP11.encode(), space, etree.tostring(element), space)


@dataclass
class Reply:
    """An answer, read."""

    raw: bytes
    fault: Fault | None
    element: etree._Element

    @property
    def kind(self) -> str:
        """Du02, Bv03, or the code of the fault."""
        local = etree.QName(self.element).localname
        if self.fault is None:
            return local[-4:] if local.startswith("voeg") else local[:4]
        return self.element.findtext(f".//{qname(STUF0301, 'code')}") or ""

    @property
    def rules(self) -> list[str]:
        """The rules of the bevindingen, in order."""
        return [element.text or "" for element in self.element.iter(qname(KC, "rule"))]

    def said(self, local: str, *, namespace: str = KC) -> str:
        return self.element.findtext(f".//{qname(namespace, local)}") or ""


class Town:
    """A gateway with its database, and what is in there."""

    def __init__(self, database: Database, settings: Settings = DEMO) -> None:
        self.database = database
        self.now = NOW
        self.intake = Intake(settings, database=database, contract=CONTRACT, clock=lambda: self.now)
        self.settings = settings

    def give(self, raw: bytes, *, port: str, zender: str = "MIJNZAKEN") -> Reply:
        """Bytes as the door hands them over. Every answer is valid."""
        envelope = unreadable = None
        try:
            envelope = parsing.read(raw, limits=self.settings.limits, schema=CONTRACT.envelope)
        except parsing.Unreadable as error:
            unreadable = error
        answer = self.intake.accept(Received(port, raw, zender, envelope, unreadable))
        element = etree.fromstring(answer.body)
        assert CONTRACT.violations(element) == []
        return Reply(answer.body, answer.fault, element)

    def send(self, element: etree._Element, *, port: str = "", zender: str = "MIJNZAKEN") -> Reply:
        local = etree.QName(element).localname
        return self.give(enveloped(element), port=port or (SYNC if local.endswith("02") else ASYNC), zender=zender)

    def contact(self, referentienummer: str = "c-1", **fields: Any) -> Reply:
        return self.send(cast.contact(referentienummer=referentienummer, now=NOW, **fields))

    def zaak(self, identificatie: str = cast.RUNNING, *, referentienummer: str = "", **fields: Any) -> Reply:
        message = cast.zaak(identificatie, referentienummer=referentienummer or identificatie, now=NOW, **fields)
        return self.send(message, zender="ZAAKSYSTEEM")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def count(self, table: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])

    @property
    def orders(self) -> list[tuple[str, str, str, str | None]]:
        """abonnee, sleutel, soort and document of what must be sent, in order."""
        return self.rows(
            "SELECT s.abonnee, s.sleutel, i.soort, i.document FROM outbox_item i"
            " JOIN outbox_stream s ON s.id = i.stream_id ORDER BY i.id"
        )

    @property
    def verdicts(self) -> list[tuple[str, str, str]]:
        """referentienummer, verdict and code of the journal, in order."""
        return self.rows("SELECT referentienummer, verdict, code FROM bericht ORDER BY id")


Make = Callable[..., Town]


@pytest.fixture
def make(database: Database) -> Make:
    """Make a gateway in which the running zaak is known; settings may be changed by section."""

    def _make(**changed: Any) -> Town:
        town = Town(database, DEMO.model_copy(update=changed))
        assert town.zaak().kind == "Bv03"
        return town

    return _make


@pytest.fixture
def town(make: Make) -> Town:
    return make()


def policy(**changed: Any) -> dict[str, Zaaktype]:
    return {"B1026": DEMO.zaaktype["B1026"].model_copy(update=changed)}


# -- accepted -----------------------------------------------------------------------------------------------------


def test_an_accepted_contact_is_answered_stored_and_ordered(town: Town) -> None:
    reply = town.contact(partij="persoon", uitkomst="Gereed")
    assert reply.kind == "Du02"
    assert (reply.said("groep"), reply.said("effect"), reply.said("melding")) == ("persoonlijk", "uitgewisseld", "")
    assert reply.said("crossRefnummer", namespace=STUF0301) == "c-1"
    identificatie = reply.said("klantcontactidentificatie")
    assert identificatie.startswith("KC2026")
    with town.database.session() as session:
        stored = rgbz.load_klantcontact(session, identificatie, rsin=cast.RSIN)
        journal = session.get(Bericht, stored.bericht_id)
        assert journal is not None
        assert journal.raw == enveloped(
            cast.contact(referentienummer="c-1", now=NOW, partij="persoon", uitkomst="Gereed")
        )
        assert journal.antwoord == reply.raw
        assert stored.zaak is not None
        assert stored.zaak.identificatie == cast.RUNNING
        assert stored.status is not None
        assert stored.status.omschrijving == "In behandeling"
        assert (stored.datum_tijd, stored.kanaal, stored.uitkomst) == (NOW, "telefoon", "Gereed")
        assert stored.partij is not None
        assert stored.partij["bsn"] == cast.BSN
        assert stored.medewerker is not None
        assert stored.medewerker["identificatie"] == "jdevries"
    assert town.orders == [
        ("ZAAKMAGAZIJN", cast.RUNNING, "klcLk01", None),
        ("mail", cast.EMAIL, "mail", None),
    ]


def test_an_asynchronous_contact_is_confirmed_with_bv03(town: Town) -> None:
    reply = town.contact(synchronous=False)
    assert reply.kind == "Bv03"
    assert reply.said("crossRefnummer", namespace=STUF0301) == "c-1"
    assert reply.said("zender", namespace=STUF0301) == ""
    assert town.count("klantcontact") == 1
    assert ("Di01",) in [tuple(row) for row in town.rows("SELECT berichtcode FROM bericht WHERE richting = 'in'")]


def test_the_contact_is_kept_at_the_status_of_the_moment(town: Town) -> None:
    town.contact("c-1")
    town.zaak(referentienummer="z-2", status="20261101090000")
    town.contact("c-2")
    found = town.rows(
        "SELECT s.datum_status_gezet FROM klantcontact k JOIN status s ON s.id = k.status_id ORDER BY k.id"
    )
    assert [row[0].month for row in found] == [9, 11]


@pytest.mark.parametrize(
    ("earlier", "later", "current"),
    [
        (("1", "20260901"), ("2", "20261001"), "2"),
        (("2", "20261001"), ("1", "20260901"), "2"),
        (("3", "20260901"), ("2", "20261001"), "2"),
        (("2", "20260901"), ("1", "20260901"), "2"),
        (("1", "20260901"), ("2", "20260901"), "2"),
    ],
)
def test_the_current_status_is_the_latest_then_the_highest(
    earlier: tuple[str, str], later: tuple[str, str], current: str, make: Make
) -> None:
    town = make()
    for number, (volgnummer, moment) in enumerate((earlier, later)):
        message = cast.zaak("0518ZAAK0000009", referentienummer=f"s-{number}", now=NOW, status=moment)
        next(message.iter(qname(ZKN0310, "volgnummer"))).text = volgnummer
        assert town.send(message, zender="ZAAKSYSTEEM").kind == "Bv03"
    assert town.contact(zaak="0518ZAAK0000009").kind == "Du02"
    ((volgnummer_,),) = town.rows("SELECT s.volgnummer FROM klantcontact k JOIN status s ON s.id = k.status_id")
    assert str(volgnummer_) == current


def test_documents_go_before_their_contact_and_their_bytes_are_stored_once(town: Town) -> None:
    assert town.contact("c-1", pdf=cast.PDF).kind == "Du02"
    assert town.contact("c-2", pdf=cast.PDF).kind == "Du02"
    assert [order[2] for order in town.orders if order[0] == "ZAAKMAGAZIJN"] == ["iobLk01", "klcLk01"] * 2
    assert town.count("informatieobject") == 2
    assert town.rows("SELECT inhoud FROM document_inhoud") == [(cast.PDF,)]


@pytest.mark.parametrize(
    ("fields", "groep", "sent"),
    [
        ({"type": "mail", "opvoerder": cast.SJANSEN}, "ontvangst", ["iobLk01"]),
        ({"type": "e-mail"}, "verzending", ["iobLk01"]),
        ({"partij": "anoniem"}, "anoniem", []),
        ({"opvoerder": cast.SJANSEN}, "zonder_medewerker", []),
        ({"opvoerder": cast.SJANSEN, "medewerker": "jdevries"}, "persoonlijk", ["klcLk01"]),
        ({"toelichting": "Woord. " * 200}, "persoonlijk", ["iobLk01", "klcLk01"]),
    ],
)
def test_each_group_is_exchanged_or_kept_as_it_should(
    fields: dict[str, Any], groep: str, sent: list[str], town: Town
) -> None:
    reply = town.contact(**fields)
    assert (reply.kind, reply.said("groep")) == ("Du02", groep)
    assert reply.said("effect") == ("uitgewisseld" if sent else "bewaard")
    assert bool(reply.said("melding")) is not bool(sent)
    assert [order[2] for order in town.orders if order[0] == "ZAAKMAGAZIJN"] == sent


def test_the_municipality_decides_per_group(make: Make) -> None:
    groepen = Groepen(persoonlijk="keep", ontvangst="keep", verzending="refuse", anoniem="refuse")
    town = make(zaaktype=policy(groepen=groepen))
    assert town.contact("c-1").said("effect") == "bewaard"
    assert town.contact("c-2", type="mail", opvoerder=cast.SJANSEN).said("effect") == "bewaard"
    assert town.contact("c-3", type="mail").rules == ["KC-08"]
    assert town.contact("c-4", partij="anoniem").rules == ["KC-08"]
    assert [order for order in town.orders if order[0] == "ZAAKMAGAZIJN"] == []


@pytest.mark.parametrize("fields", [{}, {"type": "mail"}, {"type": "click", "opvoerder": cast.BEDRIJF}])
def test_a_contact_without_a_zaak_may_be_kept_and_goes_nowhere(fields: dict[str, Any], make: Make) -> None:
    town = make(mapping=MappingChoices(zonder_zaak="keep"))
    reply = town.contact(zaak=None, **fields)
    assert (reply.kind, reply.said("effect")) == ("Du02", "bewaard")
    assert "geen zaak" in reply.said("melding")
    assert town.orders == []


def test_each_abonnee_hears_of_its_own_zaaktypen_in_its_own_order(make: Make) -> None:
    town = make(
        abonnee={
            "ALLES": Abonnee(endpoint="http://x/"),
            "SYSTEEM": Abonnee(endpoint="http://x/", volgorde="systeem", zaaktypen=("B1026",)),
            "ANDERS": Abonnee(endpoint="http://x/", zaaktypen=("B9999",)),
        }
    )
    town.contact()
    assert {order[:2] for order in town.orders} == {("ALLES", cast.RUNNING), ("SYSTEEM", ""), ("mail", cast.EMAIL)}


def test_mail_goes_to_betrokkenen_but_not_to_who_added_the_contact_or_to_staff(town: Town) -> None:
    assert town.contact("c-1", opvoerder=cast.SJANSEN).kind == "Du02"
    assert [order for order in town.orders if order[0] == "mail"] == []
    town.contact("c-2")
    assert [order[1] for order in town.orders if order[0] == "mail"] == [cast.EMAIL]


def test_no_mail_where_the_zaaktype_or_the_gateway_wants_none(make: Make) -> None:
    town = make(zaaktype=policy(melding=False))
    town.contact("c-1")
    without_server = Town(town.database, DEMO.model_copy(update={"mail": Mail()}))
    without_server.contact("c-2")
    assert [order for order in town.orders if order[0] == "mail"] == []
    assert town.count("klantcontact") == 2


def test_numbers_rise_and_name_the_dutch_year(town: Town) -> None:
    first = town.contact("c-1").said("klantcontactidentificatie")
    town.now = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    second = town.contact("c-2").said("klantcontactidentificatie")
    assert (first[:6], second[:6]) == ("KC2026", "KC2027")
    assert int(second[6:]) > int(first[6:])


# -- repeated -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("synchronous", [True, False])
def test_an_accepted_message_repeated_gets_the_same_answer_and_changes_nothing(
    town: Town, synchronous: bool
) -> None:
    first = town.contact(synchronous=synchronous)
    message = cast.contact(referentienummer="c-1", now=NOW, synchronous=synchronous)
    port = SYNC if synchronous else ASYNC
    town.now += timedelta(days=3)
    again = town.give(enveloped(message, space=b"\n<!-- opnieuw -->\n"), port=port)
    assert again.raw == first.raw
    assert (town.count("klantcontact"), len(town.orders)) == (1, 2)
    assert town.verdicts[1:] == [("c-1", "accepted", ""), ("c-1", "repeated", "")]


def test_the_repeat_is_answered_though_the_zaak_was_closed_since(town: Town) -> None:
    first = town.contact()
    town.zaak(referentienummer="z-2", einddatum="20261122")
    assert town.contact().raw == first.raw
    assert town.contact("c-2").rules == ["KC-02"]


def test_another_message_with_an_accepted_number_is_refused(town: Town) -> None:
    town.contact()
    reply = town.contact(toelichting="Iets anders.")
    assert (reply.kind, reply.rules) == ("StUF016", ["StUF016"])
    assert town.count("klantcontact") == 1
    assert town.contact().kind == "Du02"


def test_numbers_of_another_zender_are_others(make: Make) -> None:
    ander = DEMO.zender["MIJNZAKEN"].model_copy(update={"gebruiker": "d"})
    town = make(zender={**DEMO.zender, "ANDER": ander})
    town.contact()
    message = cast.contact(referentienummer="c-1", now=NOW, zender=Systeem("0518", "ANDER"))
    assert town.send(message, zender="ANDER").kind == "Du02"
    other_administratie = cast.contact(referentienummer="c-1", now=NOW, zender=Systeem("0518", "MIJNZAKEN", "test"))
    assert town.send(other_administratie).kind == "Du02"
    assert town.count("klantcontact") == 3


def test_a_refused_message_is_judged_anew_once_the_cause_is_cured(town: Town) -> None:
    refused = town.contact(zaak=cast.CLOSED)
    assert (refused.kind, refused.rules) == ("StUF064", ["KC-01"])
    town.zaak(cast.CLOSED)
    assert town.contact(zaak=cast.CLOSED).kind == "Du02"
    assert town.count("klantcontact") == 1
    assert [verdict for _, verdict, _ in town.verdicts] == ["accepted", "refused", "accepted", "accepted"]


def test_a_refused_number_may_be_used_for_the_mended_message(town: Town) -> None:
    assert town.contact(toelichting=None).rules == ["KC-05"]
    assert town.contact(toelichting="Nu wel.").kind == "Du02"


def test_the_same_message_at_the_same_moment_is_one_contact(town: Town) -> None:
    start = threading.Barrier(2)

    def both(number: int) -> set[bytes]:
        raws = []
        for _ in range(50):
            raws.append(town.contact(f"c-{number}").raw)
            number += 1
        return set(raws)

    def run() -> set[bytes]:
        start.wait(timeout=30)
        return both(1)

    with ThreadPoolExecutor(2) as pool:
        one, other = [future.result() for future in [pool.submit(run), pool.submit(run)]]
    assert one == other
    assert len(one) == 50
    assert town.count("klantcontact") == 50
    assert len([order for order in town.orders if order[2] == "klcLk01"]) == 50
    assert sorted(verdict for _, verdict, _ in town.verdicts) == ["accepted"] * 51 + ["repeated"] * 50


# -- refused ------------------------------------------------------------------------------------------------------

WRONG_GATEWAY = Systeem("0518", "ANDERS")


def header_of(message: etree._Element, local: str) -> etree._Element:
    return next(message.iter(qname(STUF0301, local)))


def edited(change: Callable[[etree._Element], None], **fields: Any) -> etree._Element:
    message = cast.contact(referentienummer="c-1", now=NOW, **fields)
    change(message)
    return message


def to_another(message: etree._Element) -> None:
    header_of(message, "ontvanger")[1].text = "ANDERS"


def from_nobody(message: etree._Element) -> None:
    header_of(message, "zender")[1].text = "NIEMAND"


def from_elsewhere(message: etree._Element) -> None:
    header_of(message, "zender")[0].text = "0363"


def from_another(message: etree._Element) -> None:
    header_of(message, "zender")[1].text = "ZAAKSYSTEEM"


def renamed(message: etree._Element) -> None:
    message.tag = qname(KC, "vergeetKlantcontact_Di02")


def foreign(message: etree._Element) -> None:
    message.tag = "{urn:iets:anders}voegKlantcontactToe_Di02"


@pytest.mark.parametrize("synchronous", [True, False])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (to_another, "StUF010"),
        (from_nobody, "StUF013"),
        (from_elsewhere, "StUF013"),
        (from_another, "StUF052"),
        (renamed, "StUF040"),
        (foreign, "StUF004"),
    ],
)
def test_a_fault_of_the_header_or_kind_is_told_by_its_code(
    change: Callable[[etree._Element], None], code: str, synchronous: bool, town: Town
) -> None:
    message = edited(change, synchronous=synchronous)
    reply = town.send(message, port=SYNC if synchronous else ASYNC)
    assert reply.kind == code
    assert etree.QName(reply.element).localname == ("Fo02Bericht" if synchronous else "Fo03Bericht")
    assert reply.rules[0] == code
    assert town.count("klantcontact") == 0
    assert town.verdicts[-1] == ("c-1", "refused", code)
    if synchronous:
        assert reply.said("referentienummer") == "c-1"
    else:
        assert reply.said("crossRefnummer", namespace=STUF0301) == "c-1"


def test_a_message_on_another_port_is_told_where_to_go(town: Town) -> None:
    message = cast.contact(referentienummer="c-1", now=NOW)
    reply = town.send(message, port=ASYNC)
    assert (reply.kind, etree.QName(reply.element).localname) == ("StUF025", "Fo03Bericht")
    zaak = cast.zaak(cast.RUNNING, referentienummer="z-2", now=NOW)
    assert town.send(zaak, port=SYNC, zender="ZAAKSYSTEEM").kind == "StUF025"


@pytest.mark.parametrize(("zender", "systeem"), [("ZAAKSYSTEEM", cast.ZAAKSYSTEEM), ("ONBEKEND", cast.MIJNZAKEN)])
def test_an_operation_that_a_zender_may_not_use_is_refused(zender: str, systeem: Systeem, town: Town) -> None:
    reply = town.send(cast.contact(referentienummer="c-1", now=NOW, zender=systeem), zender=zender)
    assert reply.kind == "StUF052"
    zaak = cast.zaak("0518ZAAK0000005", referentienummer="z-5", now=NOW)
    header_of(zaak, "zender")[1].text = "MIJNZAKEN"
    assert town.send(zaak, zender="MIJNZAKEN").kind == "StUF052"
    assert town.count("zaak") == 1


def test_who_is_not_let_in_learns_nothing_about_zaken(town: Town) -> None:
    for zaak in (cast.RUNNING, "0518ZAAK9999999"):
        message = edited(from_nobody, zaak=zaak, toelichting=None)
        assert town.send(message).rules == ["StUF013"]


def test_the_standard_says_which_of_several_codes_goes_first(town: Town) -> None:
    def all_wrong(message: etree._Element) -> None:
        to_another(message)
        from_nobody(message)
        next(message.iter(qname(STUF0301, "functie"))).text = "iets"

    reply = town.send(edited(all_wrong, type="fax"))
    assert reply.kind == "StUF010"
    # That the functie is unknown is said once, not by the schema too.
    assert reply.rules == ["StUF010", "StUF013", "StUF034", "XSD-ENUM"]


def test_schema_and_rules_are_told_together_with_line_and_path(town: Town) -> None:
    reply = town.contact(type="fax", toelichting=None, zaak="0518ZAAK9999999", opvoerder=cast.KBAKKER)
    assert reply.kind == "StUF055"
    assert reply.rules == ["XSD-ENUM", "KC-01", "KC-05"]
    for bevinding in reply.element.iter(qname(KC, "bevinding")):
        assert int(bevinding.findtext(qname(KC, "line")) or 0) > 0
        assert (bevinding.findtext(qname(KC, "path")) or "").startswith("/kc:voegKlantcontactToe_Di02/")


def test_all_broken_rules_are_told_and_the_answer_repeats_nothing_personal(town: Town) -> None:
    secret = "Mevrouw heeft een geheim."
    reply = town.contact(toelichting=secret, opvoerder=cast.KBAKKER, gezet=NOW + timedelta(days=2))
    assert reply.rules == ["KC-07", "KC-09"]
    assert reply.kind == "StUF052"
    assert secret.encode() not in reply.raw


@pytest.mark.parametrize("moment", ["20260231", "20261131101500"])
def test_what_the_schema_takes_for_a_moment_and_the_calendar_does_not_is_refused(moment: str, town: Town) -> None:
    def change(message: etree._Element) -> None:
        next(e for e in message.iter(etree.Element) if etree.QName(e).localname == "DatumGezet").text = moment

    reply = town.send(edited(change))
    assert reply.kind in ("StUF055", "StUF058")
    assert reply.rules != []


_MOMENTS = st.sampled_from(
    ["20261122", "20261122101500", "99999999", "20261122999999", "261122101500", "9999999999999"]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.text(" \t\u00a0\u2003R1", max_size=4),
    moment=_MOMENTS | st.text("0129", min_size=8, max_size=17),
    lenient=st.booleans(),
)
@example(number=" ", moment="20261122", lenient=False)
@example(number="\u00a0", moment="20261122", lenient=False)
@example(number="R", moment="99999999", lenient=True)
def test_the_door_says_of_the_stuurgegevens_what_the_validator_says(
    make: Make, number: str, moment: str, lenient: bool
) -> None:
    zender = DEMO.zender["MIJNZAKEN"].model_copy(update={"strikt": not lenient})
    town = make(zender={**DEMO.zender, "MIJNZAKEN": zender})

    def change(message: etree._Element) -> None:
        # Examples share one gateway: what has a number has one of its own.
        header_of(message, "referentienummer").text = number + uuid4().hex if number.strip() else number
        header_of(message, "tijdstipBericht").text = moment

    message = edited(change)
    raw = etree.tostring(message)
    report = validation.check(raw, against=CONTRACT, clock=lambda: NOW)
    wrong = {v.rule for v in report.violations if v.severity == "error"}
    before = town.count("klantcontact")
    reply = town.send(message)
    assert (set(reply.rules), reply.kind) == (wrong, "StUF055" if wrong else "Du02")
    assert town.count("klantcontact") == before + (not wrong)


def test_a_message_that_the_schema_refuses_without_a_reason_is_refused(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract.Contract, "violations", lambda self, element: [])
    raw = enveloped(cast.contact(referentienummer="c-1", now=NOW, type="call", onderwerp="x" * 81))
    reply = town.give(raw, port=SYNC)
    assert reply.kind == "StUF055"
    assert town.count("klantcontact") == 0


@pytest.mark.parametrize("local", ["referentienummer", "organisatie", "berichtcode", "functie"])
def test_a_value_of_any_length_is_refused_and_journalled(local: str, town: Town) -> None:
    # Random enough that PostgreSQL cannot compress it into the limit of an index.
    long = "".join(chr(0x4E00 + (number * 7919) % 20000) for number in range(20_000))

    def change(message: etree._Element) -> None:
        header_of(message, local).text = long

    reply = town.send(edited(change))
    assert reply.kind in ("StUF055", "StUF013", "StUF022", "StUF034")
    assert town.verdicts[-1][1] == "refused"
    assert [len(row[0]) > 20_000 for row in town.rows("SELECT raw FROM bericht ORDER BY id DESC LIMIT 1")] == [True]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<",
        b"geen xml",
        b"\xff\xfe\x00",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<a/>",
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body/></s:Envelope>',
        b'<s:Envelope xmlns:s="%s"><s:Body/></s:Envelope>' % SOAP11.encode(),
    ],
)
@pytest.mark.parametrize("port", [SYNC, ASYNC])
def test_what_cannot_be_read_is_kept_and_answered_to_who_authenticated(raw: bytes, port: str, town: Town) -> None:
    reply = town.give(raw, port=port)
    assert reply.kind == "StUF055"
    assert town.rows("SELECT raw, verdict, partner FROM bericht ORDER BY id DESC LIMIT 1") == [
        (raw, "unreadable", "MIJNZAKEN")
    ]
    if port == ASYNC:
        applicaties = [e.text for e in reply.element.iter(qname(STUF0301, "applicatie"))]
        assert applicaties == ["KLANTCONTACT", "MIJNZAKEN"]


def test_one_connection_is_enough_for_every_verdict(town: Town) -> None:
    alone = Town(Database(town.database.url, pool_size=1))
    try:
        assert alone.contact("c-1").kind == "Du02"
        assert alone.contact("c-1").kind == "Du02"
        assert alone.contact("c-1", toelichting="x").kind == "StUF016"
        assert alone.contact("c-2", toelichting=None).kind == "StUF058"
        assert alone.zaak(referentienummer=cast.RUNNING).kind == "Bv03"
        assert alone.zaak(referentienummer=cast.RUNNING, omschrijving="Anders").kind == "StUF016"
        assert alone.give(b"<", port=SYNC).kind == "StUF055"
    finally:
        alone.database.close()


# -- trouble ------------------------------------------------------------------------------------------------------


def change_zaak(town: Town, **values: Any) -> None:
    """As another message about the zaak would, between two statements of intake."""
    with town.database.session() as session:
        mutatie = rgbz.ZaakMutatie(identificatie=cast.RUNNING, mutatiesoort="W", velden=values)
        rgbz.verwerk(session, mutatie, rsin=cast.RSIN)


def test_a_zaak_that_closes_while_a_contact_is_judged_is_judged_anew(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = rules.judge
    seen = []

    def meanwhile(case: rules.Case) -> rules.Judgement:
        judgement = judge(case)
        seen.append(judgement.fout)
        if len(seen) == 1:
            change_zaak(town, einddatum=NOW.date())
        return judgement

    monkeypatch.setattr(rules, "judge", meanwhile)
    reply = town.contact()
    assert len(seen) == 2
    assert seen[0] is None
    assert reply.rules == ["KC-02"]
    assert (town.count("klantcontact"), town.orders) == (0, [])


def test_a_zaak_that_keeps_changing_is_trouble_and_leaves_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = rules.judge

    def meanwhile(case: rules.Case) -> rules.Judgement:
        change_zaak(town, omschrijving="Steeds anders")
        return judge(case)

    monkeypatch.setattr(rules, "judge", meanwhile)
    assert town.contact().kind == "StUF049"
    assert (town.count("klantcontact"), town.orders) == (0, [])
    monkeypatch.undo()
    assert town.contact().kind == "Du02"


@pytest.mark.parametrize(("synchronous", "code"), [(True, "StUF049"), (False, "StUF046")])
def test_without_its_database_the_gateway_asks_to_try_again_and_logs_no_message(
    synchronous: bool, code: str, town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    gone = Town(Database(town.database.url))
    gone.database.close()
    secret = "Mevrouw heeft een geheim."
    with caplog.at_level(logging.DEBUG):
        reply = gone.contact(toelichting=secret, synchronous=synchronous)
    assert reply.kind == code
    details = reply.said("details", namespace=STUF0301)
    (record,) = [r for r in caplog.records if r.levelno >= logging.ERROR]
    reference = record.getMessage().split()[1].rstrip(":")
    assert len(reference) == 12
    assert reference in details
    assert "OperationalError" in record.getMessage()
    for private in (secret, cast.BSN, "c-1", cast.RUNNING, "jdevries"):
        assert private not in caplog.text
    assert town.contact(toelichting=secret, synchronous=synchronous).kind in ("Du02", "Bv03")


def test_trouble_is_told_in_the_version_of_the_message(town: Town) -> None:
    """To who speaks StUF 03.02 in its namespace, with a moment that names its zone."""
    gone = Town(Database(town.database.url))
    gone.database.close()
    header = Header("Lk01", cast.ZAAKSYSTEEM, cast.GATEWAY, "K-1", stuf0302(NOW), entiteittype="KLC")
    reply = gone.give(enveloped(zkn0320.klc_lk01(record(), header=header)), port=ASYNC)
    assert reply.element.tag == qname(STUF0302, "Fo03Bericht")
    assert reply.said("code", namespace=STUF0302) == "StUF046"
    (moment,) = reply.element.iter(qname(STUF0302, "tijdstipBericht"))
    assert re.fullmatch(r"\d{4}-.*[+-]\d\d:\d\d", moment.text or "")


@pytest.mark.parametrize("port", [SYNC, ASYNC])
def test_unreadable_input_without_a_database_is_trouble_too(port: str, town: Town) -> None:
    gone = Town(Database(town.database.url))
    gone.database.close()
    assert gone.give(b"<", port=port).kind == ("StUF049" if port == SYNC else "StUF046")


def test_a_defect_of_ours_is_trouble_and_its_text_stays_out_of_the_log(
    town: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(case: rules.Case) -> rules.Judgement:
        raise KeyError(case.opvoering.toelichting)

    monkeypatch.setattr(rules, "judge", broken)
    assert town.contact(toelichting="geheim").kind == "StUF049"
    assert "KeyError" in caplog.text
    assert "geheim" not in caplog.text


def test_a_sender_that_waited_too_long_is_told_so_and_nothing_is_kept(town: Town) -> None:
    clock = [0.0]

    def ask(identificatie: str, *, versie: int) -> bool:
        """A zaaksysteem that answers, but slowly."""
        clock[0] += town.settings.limits.answer_seconds + 1
        return town.zaak(identificatie).kind == "Bv03"

    town.intake = Intake(
        town.settings,
        database=town.database,
        contract=CONTRACT,
        clock=lambda: NOW,
        ask=ask,
        monotonic=lambda: clock[0],
    )
    reply = town.contact(zaak="0518ZAAK0000008")
    assert (reply.kind, reply.rules) == ("StUF960", ["StUF960"])
    assert town.count("klantcontact") == 0
    assert town.contact(zaak="0518ZAAK0000008").kind == "Du02"
    # Nobody waits for what becomes of an asynchronous message.
    assert town.contact("c-2", zaak="0518ZAAK0000009", synchronous=False).kind == "Bv03"


def test_delivery_is_told_when_what_must_be_sent_is_committed(town: Town) -> None:
    seen: list[int] = []
    town.intake = Intake(
        town.settings,
        database=town.database,
        contract=CONTRACT,
        clock=lambda: NOW,
        judged=lambda: seen.append(town.count("outbox_item")),
    )
    town.zaak("0518ZAAK0000007")
    town.contact(zaak="0518ZAAK0000007")
    assert seen == [0, town.count("outbox_item")]
    assert seen[-1] > 0


# -- zaken --------------------------------------------------------------------------------------------------------


def test_a_zaak_message_repeated_gets_the_same_answer_and_changed_is_refused(town: Town) -> None:
    first = town.zaak("0518ZAAK0000007")
    assert town.zaak("0518ZAAK0000007").raw == first.raw
    assert town.rows("SELECT versie FROM zaak WHERE identificatie = '0518ZAAK0000007'") == [(1,)]
    assert town.zaak("0518ZAAK0000007", omschrijving="Anders").kind == "StUF016"


@pytest.mark.parametrize(
    ("local", "value", "code"),
    [
        ("referentienummer", "", "StUF055"),
        ("referentienummer", "x" * 41, "StUF055"),
        ("tijdstipBericht", "", "StUF055"),
        ("tijdstipBericht", "2" * 18, "StUF055"),
        ("organisatie", "0363", "StUF013"),
        ("administratie", "x" * 51, "StUF055"),
        ("gebruiker", "x" * 101, "StUF055"),
    ],
)
def test_a_zaak_message_needs_a_header_that_can_be_answered(local: str, value: str, code: str, town: Town) -> None:
    message = cast.zaak("0518ZAAK0000007", referentienummer="z-7", now=NOW)
    zender = header_of(message, "zender")
    if local in ("administratie", "gebruiker"):
        etree.SubElement(zender, qname(STUF0301, local)).text = value
    else:
        header_of(message, local).text = value
    assert town.send(message, zender="ZAAKSYSTEEM").kind == code
    assert town.count("zaak") == 1


def test_zaak_messages_about_one_new_zaak_at_the_same_moment_all_count(town: Town) -> None:
    start = threading.Barrier(2)

    def announce(which: int) -> list[str]:
        start.wait(timeout=30)
        return [
            town.zaak(
                "0518ZAAK0000008", referentienummer=f"z-{which}-{n}", status=f"2026{9 + which:02d}{n + 1:02d}"
            ).kind
            for n in range(10)
        ]

    with ThreadPoolExecutor(2) as pool:
        kinds = [kind for answers in pool.map(announce, range(2)) for kind in answers]
    assert kinds == ["Bv03"] * 20
    with town.database.session() as session:
        zaak = session.scalars(select(rgbz.Zaak).where(rgbz.Zaak.identificatie == "0518ZAAK0000008")).one()
        assert (zaak.versie, len(zaak.statussen), len(zaak.betrokkenen)) == (20, 20, 2)
