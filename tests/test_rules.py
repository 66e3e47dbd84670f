"""KC-01 to KC-12, each kept and broken; the six groups; which code a refusal gets."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stuf_klantcontact import rules
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.opvoering import Actor, Document, Medewerker, Opvoering, Partij
from stuf_klantcontact.rgbz import BetrokkeneFeiten, ZaakFeiten
from stuf_klantcontact.rules import Case
from stuf_klantcontact.settings import Groepen, Limits, Zaaktype, Zender

NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
BSN = "999993653"
VESTIGING = "000012345678"
JDEVRIES = Actor(soort="medewerker", identificatie="jdevries", stelsel="Identificatie", naam="Vries")
JANSEN = Actor(soort="natuurlijkPersoon", identificatie=BSN, stelsel="BSN")
PERSOON = Partij(soort="natuurlijkPersoon", bsn=BSN)
BEDRIJF = Partij(soort="nietNatuurlijkPersoon", handelsnaam="Voorbeeld BV")
PDF = Document(titel="Brief", inhoud=b"%PDF", formaat="application/pdf", bestandsnaam="brief.pdf")

OPVOERING = Opvoering(
    zaakidentificatie="0518ZAAK0000001",
    datum_gezet=NOW,
    type="call",
    toelichting="Mevrouw belde.",
    opvoerder=JDEVRIES,
)
ZAAK = ZaakFeiten(
    id=1,
    versie=1,
    identificatie="0518ZAAK0000001",
    omschrijving="Omgevingsvergunning",
    zaaktype="B1026",
    startdatum=date(2026, 9, 1),
    einddatum=None,
    status_id=1,
    betrokkenen=(BetrokkeneFeiten(rol="Initiator", soort="natuurlijkPersoon", identificatie=BSN),),
)
ZAAKTYPE = Zaaktype(klantcontacten=True, medewerkers=("jdevries",), betrokkenen=True)
CASE = Case(
    opvoering=OPVOERING,
    zaak=ZAAK,
    zaaktype=ZAAKTYPE,
    zender=Zender(borgt_voor_opvoerder=True),
    partij=PERSOON,
    medewerker=Medewerker(identificatie="jdevries"),
    groep="persoonlijk",
    now=NOW,
    limits=Limits(),
)


def said(**changed: Any) -> Case:
    """The case in which the message says something else."""
    return replace(CASE, opvoering=replace(OPVOERING, **changed))


def zaak(**changed: Any) -> Case:
    """The case in which the zaak is otherwise."""
    return replace(CASE, zaak=replace(ZAAK, **changed))


def zaaktype(**changed: Any) -> Case:
    """The case in which the proceseigenaar decided otherwise."""
    return replace(CASE, zaaktype=ZAAKTYPE.model_copy(update=changed))


def document(**changed: Any) -> Case:
    """The case with a document that is otherwise."""
    return said(documenten=(replace(PDF, **changed),))


def actor(**changed: Any) -> Actor:
    return {**JDEVRIES, **changed}  # type: ignore[typeddict-item]


def found(case: Case) -> list[str]:
    return [violation.rule for violation in rules.judge(case).violations]


def test_a_case_that_keeps_every_rule_is_not_refused() -> None:
    assert rules.judge(CASE) == rules.Judgement(violations=(), fout=None)


BROKEN: list[tuple[str, str, Case]] = [
    ("KC-01", "an unknown zaak", replace(CASE, zaak=None, zaaktype=None)),
    ("KC-02", "a closed zaak", zaak(einddatum=date(2026, 10, 1))),
    ("KC-02", "closed today", zaak(einddatum=NOW.date())),
    ("KC-02", "no zaak at all", replace(said(zaakidentificatie=""), zaak=None, zaaktype=None, groep="zonder_zaak")),
    ("KC-03", "a zaak without a status", zaak(status_id=None)),
    ("KC-04", "another type", said(type="fax")),
    ("KC-04", "in capitals", said(type="CALL")),
    ("KC-04", "none", said(type="")),
    ("KC-05", "neither toelichting nor document", said(toelichting="")),
    ("KC-05", "white space", said(toelichting=" \t\n\u00a0")),
    ("KC-05", "nothing to be seen", said(toelichting="\u200b\u200d\ufeff\u2060\u00ad\u0301\u3164\u2800")),
    ("KC-06", "a zender that may not vouch", replace(CASE, zender=Zender())),
    ("KC-06", "nobody", said(opvoerder=None)),
    ("KC-06", "without a number", said(opvoerder=Actor(soort="natuurlijkPersoon", naam="Jansen"))),
    ("KC-07", "a medewerker not on the list", said(opvoerder=actor(identificatie="kbakker"))),
    ("KC-07", "in another case", said(opvoerder=actor(identificatie="JDEVRIES"))),
    ("KC-07", "nobody on the list", zaaktype(medewerkers=())),
    (
        "KC-07",
        "an eenheid not on the list",
        said(opvoerder=Actor(soort="organisatorischeEenheid", identificatie="KCC")),
    ),
    ("KC-07", "a stranger", said(opvoerder=actor(soort="natuurlijkPersoon", identificatie="999990019"))),
    ("KC-07", "the number of another soort", said(opvoerder=actor(soort="vestiging", identificatie=BSN))),
    (
        "KC-07",
        "betrokkenen may not",
        replace(said(opvoerder=JANSEN), zaaktype=ZAAKTYPE.model_copy(update={"betrokkenen": False})),
    ),
    ("KC-08", "a zaaktype that is not listed", replace(CASE, zaaktype=None)),
    ("KC-08", "a zaaktype without contacts", zaaktype(klantcontacten=False)),
    ("KC-08", "a group that is refused", zaaktype(groepen=Groepen(persoonlijk="refuse"))),
    ("KC-09", "tomorrow", said(datum_gezet=NOW + timedelta(days=1))),
    ("KC-09", "a second beyond the skew", said(datum_gezet=NOW + timedelta(seconds=301))),
    ("KC-09", "before the zaak started", said(datum_gezet=datetime(2026, 8, 31, 21, 59, 59, tzinfo=UTC))),
    ("KC-09", "no such moment", said(datum_gezet=None)),
    ("KC-10", "a company", replace(CASE, partij=BEDRIJF)),
    (
        "KC-10",
        "a contactpersoon without a name",
        said(contactpartij=Partij(soort="vestiging", vestigingsnummer=VESTIGING, contactpersoon={"functie": "x"})),
    ),
    ("KC-11", "the BSN of a partij", said(contactpartij=Partij(soort="natuurlijkPersoon", bsn="999993654"))),
    (
        "KC-11",
        "a vestigingsnummer of eleven digits",
        said(contactpartij=Partij(soort="vestiging", vestigingsnummer="00001234567")),
    ),
    (
        "KC-11",
        "the RSIN of a principal",
        said(contactpartij=Partij(soort="natuurlijkPersoon", bsn=BSN, namens={"rsin": "123456789"})),
    ),
    *(
        (
            "KC-11",
            f"a geboortedatum that is none: {text}",
            said(contactpartij=Partij(soort="natuurlijkPersoon", bsn=BSN, geboortedatum=text)),
        )
        for text in ("20260231", "2026-02-31", "2026-13-45", "1980-00", "1980-13", "0000", "19800", "１９８０")
    ),
    ("KC-11", "a medewerker without a number", said(medewerker=Medewerker(achternaam="Vries"))),
    ("KC-12", "not base64", document(inhoud=None, onleesbaar=("Inhoud",))),
    ("KC-12", "no such date", document(onleesbaar=("Ontvangstdatum",))),
    ("KC-12", "no titel", document(titel="")),
    ("KC-12", "too large", replace(document(), limits=Limits(document_bytes=3))),
    ("KC-12", "a program", document(formaat="application/x-msdownload")),
    ("KC-12", "no type", document(formaat="")),
    ("KC-12", "another contentType", document(mediatype="image/png")),
    ("KC-12", "another extension", document(bestandsnaam="foto.png")),
    ("KC-12", "the extension of a program", document(bestandsnaam="tekening.pdf.EXE")),
    *(
        ("KC-12", f"a reference {reference}", document(inhoud=None, formaat="", verwijzing=reference))
        for reference in ("javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "//x/y", "http://", "x")
    ),
    ("KC-12", "two with one number", said(documenten=(replace(PDF, identificatie="D1"),) * 2)),
    *(
        ("KC-12", f"name {name!r}", document(bestandsnaam=name))
        for name in (
            "../etc",
            "a/b",
            "a\\b",
            "a:b",
            'a"b',
            "a\x00b",
            "a\nb",
            "a\u202egnp.exe",
            ".htaccess",
            "é" * 128,
        )
    ),
]


@pytest.mark.parametrize(("rule", "case"), [pytest.param(r, c, id=f"{r} {what}") for r, what, c in BROKEN])
def test_a_broken_rule_is_found_alone_and_refused_with_its_code(rule: str, case: Case) -> None:
    judgement = rules.judge(case)
    others = {"KC-06", "KC-07"} if rule == "KC-06" else {rule}
    assert rule in found(case)
    assert set(found(case)) <= others
    assert judgement.fout in {rules.rule(identifier).fout for identifier in others}
    for violation in judgement.violations:
        assert violation.element
        assert violation.hint is not None


KEPT: list[tuple[str, Case]] = [
    (
        "a closed zaak where the zaaktype allows",
        replace(zaaktype(gesloten_zaken=True), zaak=replace(ZAAK, einddatum=date(2026, 10, 1))),
    ),
    (
        "no zaak where that may be kept",
        replace(said(zaakidentificatie=""), zaak=None, zaaktype=None, groep="zonder_zaak", zonder_zaak="keep"),
    ),
    (
        "a document instead of a toelichting",
        replace(document(), opvoering=replace(OPVOERING, toelichting=" ", documenten=(PDF,))),
    ),
    (
        "every medewerker",
        replace(
            zaaktype(medewerkers=("*",)), opvoering=replace(OPVOERING, opvoerder=actor(identificatie="kbakker"))
        ),
    ),
    ("a betrokkene", said(opvoerder=JANSEN)),
    ("the clock of the sender a little ahead", said(datum_gezet=NOW + timedelta(seconds=300))),
    ("on the day the zaak started, Dutch time", said(datum_gezet=datetime(2026, 8, 31, 22, 0, tzinfo=UTC))),
    (
        "before the start where the zaaktype allows",
        replace(
            zaaktype(voor_startdatum=True),
            opvoering=replace(OPVOERING, datum_gezet=datetime(2020, 1, 1, tzinfo=UTC)),
        ),
    ),
    (
        "a zaak whose start is not known",
        replace(zaak(startdatum=None), opvoering=replace(OPVOERING, datum_gezet=datetime(1900, 1, 1, tzinfo=UTC))),
    ),
    ("a company that reported itself", replace(CASE, partij=BEDRIJF, medewerker=None, groep="zonder_medewerker")),
    (
        "a KvK-nummer, which has no check",
        said(contactpartij=Partij(soort="natuurlijkPersoon", bsn=BSN, namens={"kvkNummer": "1"})),
    ),
    (
        "an identificatie of another kind",
        replace(
            zaaktype(medewerkers=("123456789",)),
            opvoering=replace(OPVOERING, opvoerder=actor(identificatie="123456789")),
        ),
    ),
    (
        "a type with parameters, in capitals",
        document(formaat="Text/Plain; charset=UTF-8", bestandsnaam="brief.txt"),
    ),
    (
        "a spreadsheet",
        document(
            formaat="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", bestandsnaam="tabel.xlsx"
        ),
    ),
    ("a recording", document(formaat="audio/mpeg", bestandsnaam="gesprek.mp3", mediatype="Audio/MPEG; x=y")),
    ("a library that says the same of every document", document(mediatype="application/octet-stream")),
    ("a document elsewhere", document(inhoud=None, formaat="", verwijzing="https://documenten.example/1")),
    ("two documents without a number", said(documenten=(PDF, PDF))),
    ("an ordinary name", document(bestandsnaam="Brief aan mevrouw Çelik (1).v2.PDF")),
    ("just small enough", replace(document(), limits=Limits(document_bytes=4))),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=what) for what, case in KEPT])
def test_what_the_rules_allow_is_not_refused(case: Case) -> None:
    assert found(case) == []


def test_every_rule_has_a_test_that_breaks_it() -> None:
    assert [rule.id for rule in rules.RULES] == [f"KC-{number:02d}" for number in range(1, 13)]
    assert {rule for rule, _, _ in BROKEN} == {rule.id for rule in rules.RULES}


def test_rules_speak_dutch_and_english_and_say_what_to_do() -> None:
    for rule in rules.RULES:
        for text in (rule.demand, rule.cure):
            assert text.nl.endswith(".")
            assert text.en.endswith(".")
            assert text.nl != text.en
    assert rules.rule("KC-05").demand.en == "A klantcontact has at least a toelichting or a document."
    with pytest.raises(StopIteration):
        rules.rule("KC-99")


def test_what_the_schema_refused_is_not_said_again() -> None:
    empty = Case(
        opvoering=Opvoering(),
        zaak=ZAAK,
        zaaktype=ZAAKTYPE,
        zender=CASE.zender,
        partij=None,
        medewerker=None,
        groep="ontvangst",
        now=NOW,
        limits=Limits(),
        zonder_zaak="keep",
    )
    assert set(found(empty)) >= {"KC-04", "KC-05", "KC-06", "KC-09"}
    assert found(replace(empty, valid=False)) == ["KC-05"]


def test_all_broken_rules_are_told_together() -> None:
    case = replace(
        said(toelichting="", datum_gezet=NOW + timedelta(days=2), opvoerder=actor(identificatie="kbakker")),
        zaak=replace(ZAAK, einddatum=date(2026, 10, 1), status_id=None),
    )
    assert found(case) == ["KC-02", "KC-03", "KC-05", "KC-07", "KC-09"]


@pytest.mark.parametrize("known", [ZAAK, replace(ZAAK, einddatum=date(2026, 10, 1), status_id=None), None])
def test_who_may_not_vouch_for_anybody_learns_nothing_of_any_zaak(known: ZaakFeiten | None) -> None:
    case = replace(said(toelichting="", datum_gezet=NOW + timedelta(days=2)), zender=Zender(), zaak=known)
    assert found(case) == ["KC-06"]


@pytest.mark.parametrize(
    ("case", "fout"),
    [
        (replace(CASE, zaak=None, zaaktype=None), Fout.StUF064),
        (replace(said(toelichting=""), zaak=None, zaaktype=None), Fout.StUF058),
        (replace(said(toelichting=""), zender=Zender()), Fout.StUF052),
        (replace(said(type="fax", toelichting=""), zaak=None), Fout.StUF055),
        (replace(said(type="fax"), zender=Zender()), Fout.StUF052),
    ],
)
def test_the_code_is_the_first_by_the_precedence_of_the_standard(case: Case, fout: Fout) -> None:
    assert rules.judge(case).fout is fout


def test_a_judge_who_knows_only_the_message_can_leave_rules_out() -> None:
    case = replace(said(type="fax", toelichting=""), zaak=None, zaaktype=None, zender=None)
    assert [v.rule for v in rules.judge(case, only=("KC-04", "KC-05")).violations] == ["KC-04", "KC-05"]


def test_personal_numbers_are_not_repeated() -> None:
    case = said(
        opvoerder=actor(soort="natuurlijkPersoon", stelsel="BSN", identificatie="123456780"),
        contactpartij=Partij(soort="natuurlijkPersoon", bsn="123456789", geboortedatum="nooit"),
    )
    told = repr(rules.judge(case).violations)
    assert "KC-11" in told
    assert "123456780" not in told
    assert "123456789" not in told
    assert "nooit" not in told


@pytest.mark.parametrize("geboortedatum", ["1980-02-29", "1980-05", "1980"])
def test_a_geboortedatum_may_be_known_in_part(geboortedatum: str) -> None:
    partij = Partij(soort="natuurlijkPersoon", bsn=BSN, geboortedatum=geboortedatum)
    assert rules.judge(said(contactpartij=partij)).violations == ()


@pytest.mark.parametrize(
    ("number", "passes"),
    [
        ("999993653", True),
        ("999990019", True),
        ("111222333", True),
        ("010464554", True),
        ("123456782", True),
        ("123456789", False),
        ("999993654", False),
        ("000000000", False),
        ("99999365", False),
        ("9999936530", False),
        ("", False),
        ("99999365a", False),
        ("٩٩٩٩٩٣٦٥٣", False),
        ("²²²²²²²²²", False),
    ],
)
def test_the_eleven_test(number: str, passes: bool) -> None:
    assert rules.passes_eleven_test(number) is passes


@given(st.integers(1, 999_999_999), st.integers(0, 8), st.integers(1, 9))
def test_the_eleven_test_finds_every_single_wrong_digit(number: int, place: int, more: int) -> None:
    right = f"{number:09d}"
    wrong = right[:place] + str((int(right[place]) + more) % 10) + right[place + 1 :]
    assert not (rules.passes_eleven_test(right) and rules.passes_eleven_test(wrong))


MDW, OEH = JDEVRIES, Actor(soort="organisatorischeEenheid", identificatie="KCC")
NPS, NNP, VES = (
    JANSEN,
    Actor(soort="nietNatuurlijkPersoon", identificatie="999990019", stelsel="RSIN"),
    Actor(soort="vestiging", identificatie=VESTIGING, stelsel="Vestigingsnummer"),
)
ZAAKID = "0518ZAAK0000001"
GESPREK, BERICHT = ("call", "face"), ("click", "mail", "e-mail")


def groep(type: str, opvoerder: Actor, *, partij: bool, zaak: bool, medewerker: bool = False, **more: Any) -> str:
    """The group by the facts of a row of docs/mapping.md §3; a medewerker that opvoert is the medewerker."""
    has_medewerker = medewerker or opvoerder.get("soort") == "medewerker"
    return rules.groep(
        Opvoering(zaakidentificatie=ZAAKID if zaak else "", type=type, opvoerder=opvoerder, **more),
        partij=PERSOON if partij else None,
        medewerker=Medewerker(identificatie="jdevries") if has_medewerker else None,
        interactief=GESPREK,
    )


@pytest.mark.parametrize("type", GESPREK)
def test_row_1_a_conversation_of_a_medewerker_with_a_known_party_about_a_zaak(type: str) -> None:
    assert groep(type, MDW, partij=True, zaak=True) == "persoonlijk"


@pytest.mark.parametrize("type", GESPREK)
def test_row_2_the_same_without_a_zaak(type: str) -> None:
    assert groep(type, MDW, partij=True, zaak=False) == "zonder_zaak"


@pytest.mark.parametrize("type", GESPREK)
@pytest.mark.parametrize(("opvoerder", "medewerker"), [(MDW, False), (OEH, False), (OEH, True), (NPS, True)])
def test_row_3_a_conversation_with_an_unknown_party(type: str, opvoerder: Actor, medewerker: bool) -> None:
    facts: dict[str, Any] = {"partij": False, "medewerker": medewerker}
    assert groep(type, opvoerder, zaak=True, **facts) == "anoniem"
    assert groep(type, opvoerder, zaak=True, anoniem=True, **facts) == "anoniem"
    assert groep(type, opvoerder, zaak=False, **facts) == "zonder_zaak"


@pytest.mark.parametrize("type", GESPREK)
@pytest.mark.parametrize("opvoerder", [NPS, NNP, VES])
def test_row_4_a_conversation_that_the_other_party_reports(type: str, opvoerder: Actor) -> None:
    assert groep(type, opvoerder, partij=True, zaak=True) == "zonder_medewerker"
    assert groep(type, opvoerder, partij=True, zaak=True, medewerker=True) == "persoonlijk"
    assert groep(type, opvoerder, partij=True, zaak=False) == "zonder_zaak"


@pytest.mark.parametrize("type", BERICHT)
@pytest.mark.parametrize("partij", [True, False])
@pytest.mark.parametrize("zaak", [True, False])
def test_rows_5_and_6_what_is_no_conversation_is_received_or_sent(type: str, partij: bool, zaak: bool) -> None:
    for opvoerder in (OEH, NPS, NNP, VES):
        assert groep(type, opvoerder, partij=partij, zaak=zaak) == "ontvangst"
        assert groep(type, opvoerder, partij=partij, zaak=zaak, richting="uitgaand") == "verzending"
    assert groep(type, MDW, partij=partij, zaak=zaak) == "verzending"
    assert groep(type, MDW, partij=partij, zaak=zaak, richting="inkomend") == "ontvangst"


def test_a_municipality_that_chats_calls_a_click_a_conversation() -> None:
    opvoering = replace(OPVOERING, type="click")
    facts: dict[str, Any] = {"partij": PERSOON, "medewerker": CASE.medewerker}
    assert rules.groep(opvoering, interactief=("call", "face", "click"), **facts) == "persoonlijk"
    assert rules.groep(replace(OPVOERING, type="call"), interactief=("face",), **facts) == "verzending"


TEXT = st.text(max_size=12)
MOMENTS = st.datetimes(timezones=st.just(UTC), min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 30))
ACTORS = st.fixed_dictionaries(
    {},
    optional={
        "soort": st.sampled_from(("medewerker", "natuurlijkPersoon", "vestiging", "nietNatuurlijkPersoon")),
        "identificatie": TEXT,
        "stelsel": st.sampled_from(("BSN", "RSIN", "Vestigingsnummer", "Identificatie")),
    },
)
PARTIJEN = st.fixed_dictionaries(
    {"soort": st.sampled_from(("natuurlijkPersoon", "vestiging", "nietNatuurlijkPersoon"))},
    optional={
        "bsn": TEXT,
        "vestigingsnummer": TEXT,
        "geboortedatum": TEXT,
        "namens": st.fixed_dictionaries({}, optional={"rsin": TEXT}),
        "contactpersoon": st.fixed_dictionaries({}, optional={"naam": TEXT}),
    },
)
DOCUMENTS = st.builds(
    Document,
    titel=TEXT,
    identificatie=TEXT,
    bestandsnaam=TEXT,
    formaat=TEXT,
    inhoud=st.none() | st.binary(max_size=9),
    onleesbaar=st.sampled_from(((), ("Inhoud",), ("Inhoud", "Verzenddatum"))),
)
OPVOERINGEN = st.builds(
    Opvoering,
    zaakidentificatie=TEXT,
    datum_gezet=st.none() | MOMENTS,
    type=TEXT | st.sampled_from(rules.TYPES),
    toelichting=TEXT,
    opvoerder=st.none() | ACTORS,
    documenten=st.lists(DOCUMENTS, max_size=3).map(tuple),
    contactpartij=st.none() | PARTIJEN,
    anoniem=st.booleans(),
    medewerker=st.none() | st.fixed_dictionaries({}, optional={"identificatie": TEXT}),
    richting=TEXT | st.sampled_from(("inkomend", "uitgaand")),
)
Draw = Callable[[st.SearchStrategy[Any]], Any]


@st.composite
def cases(draw: Draw) -> Case:
    opvoering = draw(OPVOERINGEN)
    partij, medewerker = draw(st.none() | PARTIJEN), draw(st.none() | st.just(Medewerker(identificatie="a")))
    feiten = draw(
        st.none()
        | st.builds(
            ZaakFeiten,
            id=st.just(1),
            versie=st.just(1),
            identificatie=TEXT,
            omschrijving=TEXT,
            zaaktype=TEXT,
            startdatum=st.none() | st.dates(),
            einddatum=st.none() | st.dates(),
            status_id=st.none() | st.just(1),
        )
    )
    return Case(
        opvoering=opvoering,
        zaak=feiten,
        zaaktype=draw(st.none() | st.builds(Zaaktype, klantcontacten=st.booleans(), betrokkenen=st.booleans())),
        zender=draw(st.none() | st.builds(Zender, borgt_voor_opvoerder=st.booleans())),
        partij=partij,
        medewerker=medewerker,
        groep=rules.groep(opvoering, partij=partij, medewerker=medewerker, interactief=GESPREK),
        now=NOW,
        limits=Limits(document_bytes=draw(st.integers(1, 9))),
        zonder_zaak=draw(st.sampled_from(("keep", "refuse"))),
        valid=draw(st.booleans()),
    )


@settings(max_examples=200, deadline=None)
@given(cases())
def test_judging_never_raises_and_a_finding_is_a_refusal(case: Case) -> None:
    judgement = rules.judge(case)
    assert (judgement.fout is None) == (not judgement.violations)
    order = [violation.rule for violation in judgement.violations]
    assert order == sorted(order)
