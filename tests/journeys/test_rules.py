"""The eight rules that come with the published type (docs/mapping.md §4), each as a sender and a citizen meet it.

The last test stubs each rule out in turn and expects its journey to fail: a journey that cannot fail shows nothing.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from journeys.town import Town, rules_of
from stuf_klantcontact import rules
from stuf_klantcontact.contract import Contract
from stuf_klantcontact.intake import adding, sending
from stuf_klantcontact.store import Statement
from stuf_klantcontact.testing import cast


def stored_with_the_current_status(town: Town) -> None:
    """1. A klantcontact is stored with the current status of the zaak."""
    town.zaak(status="20260901090000")
    before = town.record(town.contact())
    town.zaak(status="20261001090000", operation="zakLk01")
    after = town.record(town.contact())
    assert before.status is not None
    assert after.status is not None
    assert before.status.datum_status_gezet < after.status.datum_status_gezet


def only_with_a_running_zaak(town: Town) -> None:
    """2. It can only be added to a running zaak."""
    town.zaak(cast.RUNNING)
    town.zaak(cast.CLOSED, einddatum="20261001")
    assert town.contact(zaak=cast.RUNNING).status == 200
    refused = town.contact(zaak=cast.CLOSED)
    assert (refused.status, refused.code, rules_of(refused)) == (500, "StUF058", ["KC-02"])


def one_of_five_types(town: Town) -> None:
    """3. Its type is one of click, call, face, mail, e-mail."""
    town.zaak()
    for kind in ("click", "call", "face", "mail", "e-mail"):
        assert town.contact(type=kind).status == 200
    refused = town.contact(type="fax")
    assert (refused.status, refused.code, rules_of(refused)[0]) == (500, "StUF055", "XSD-ENUM")
    assert refused.text("body/details").count("click, call, face, mail, e-mail") == 2


def a_toelichting_or_a_document(town: Town) -> None:
    """4. It has at least a toelichting or a document."""
    town.zaak()
    assert town.contact(toelichting=None, pdf=cast.PDF).status == 200
    assert town.contact(toelichting="Gebeld.").status == 200
    for nothing in (None, " \n "):
        refused = town.contact(toelichting=nothing)
        assert refused.status == 500
        assert "KC-05" in rules_of(refused)


def an_authenticated_opvoerder(town: Town) -> None:
    """5. The opvoerder is authenticated: by a zender that proved who it is and may vouch for opvoerders."""
    town.zaak()
    portaal = replace(cast.MIJNZAKEN, applicatie="PORTAAL")
    refused = town.contact(user="portaal", zender=portaal)
    assert (refused.status, refused.code, rules_of(refused)) == (500, "StUF052", ["KC-06"])
    assert town.contact(user="niemand").status == 401


def an_authorised_opvoerder(town: Town) -> None:
    """6. The opvoerder is authorised: a medewerker for this zaaktype, or a betrokkene of this zaak."""
    town.zaak()
    assert town.contact(opvoerder=cast.JDEVRIES).status == 200
    assert town.contact(opvoerder=cast.SJANSEN, type="click").status == 200
    for stranger in (cast.KBAKKER, cast.BEDRIJF):
        refused = town.contact(opvoerder=stranger)
        assert (refused.status, refused.code, rules_of(refused)) == (500, "StUF052", ["KC-07"])


def where_the_proceseigenaar_allows_it(town: Town) -> None:
    """7. The proceseigenaar decides whether contacts may be added."""
    town.zaak(cast.NOT_ALLOWED, zaaktype=cast.ZAAKTYPE_NOT_ALLOWED)
    refused = town.contact(zaak=cast.NOT_ALLOWED)
    assert (refused.status, refused.code, rules_of(refused)) == (500, "StUF058", ["KC-08"])


def betrokkenen_are_told_by_mail(town: Town) -> None:
    """8. Betrokkenen get an e-mail when a contact is added; not who added it, and nothing personal is in it."""
    town.zaak()
    assert town.contact(opvoerder=cast.SJANSEN, type="click").status == 200
    town.deliver()
    assert town.mail.mails == []
    assert town.contact(toelichting="Geheim gesprek.").status == 200
    town.deliver()
    assert [m.recipients for m in town.mail.mails] == [(cast.EMAIL,)]
    text = town.mail.mails[0].text
    assert cast.RUNNING in text
    assert cast.BSN not in text
    assert "Geheim" not in text


Journey = Callable[[Town], None]
Stub = Callable[[pytest.MonkeyPatch], None]


def _without_rule(identifier: str) -> Stub:
    """A gateway that forgot one rule of rules.RULES."""

    def stub(monkeypatch: pytest.MonkeyPatch) -> None:
        blind = tuple(replace(r, check=lambda _: []) if r.id == identifier else r for r in rules.RULES)
        monkeypatch.setattr(rules, "RULES", blind)

    return stub


def _first_status_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    oldest = Statement(adding._FACTS.sql.replace("datum_status_gezet DESC", "datum_status_gezet ASC"))
    monkeypatch.setattr(adding, "_FACTS", oldest)


def _blind_to_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Contract, "violations", lambda *_: [])


def _silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "mails", lambda *_, **__: [])


JOURNEYS: tuple[tuple[Journey, Stub], ...] = (
    (stored_with_the_current_status, _first_status_for_ever),
    (only_with_a_running_zaak, _without_rule("KC-02")),
    (one_of_five_types, _blind_to_the_schema),
    (a_toelichting_or_a_document, _without_rule("KC-05")),
    (an_authenticated_opvoerder, _without_rule("KC-06")),
    (an_authorised_opvoerder, _without_rule("KC-07")),
    (where_the_proceseigenaar_allows_it, _without_rule("KC-08")),
    (betrokkenen_are_told_by_mail, _silent),
)
NAMES = [journey.__name__ for journey, _ in JOURNEYS]


@pytest.mark.parametrize(("journey", "stub"), JOURNEYS, ids=NAMES)
def test_rule(town: Town, journey: Journey, stub: Any) -> None:
    """The rule holds."""
    journey(town)
    assert stub is not None


@pytest.mark.parametrize(("journey", "stub"), JOURNEYS, ids=NAMES)
def test_journey_notices_that_its_rule_is_gone(
    town: Town, journey: Journey, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the rule, its journey fails."""
    stub(monkeypatch)
    with pytest.raises(AssertionError):
        journey(town)


def test_the_log_has_the_code_and_the_rules_of_a_refusal_and_nothing_of_the_message(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    town.zaak()
    with caplog.at_level(logging.INFO):
        town.contact(toelichting=" ", zaak="0518ZAAK0000099")
    (line,) = [r.getMessage() for r in caplog.records if r.getMessage().startswith("refused ")]
    assert "zender=MIJNZAKEN code=StUF058 rules=KC-05,KC-01 " in line
    assert "0518ZAAK0000099" not in caplog.text
