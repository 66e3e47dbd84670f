"""The contract as an integrator meets it: verdicts, violations, schemas and WSDLs."""

import json
import random
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin, urlsplit

import pytest
import xmlschema
import zeep
from lxml import etree

from conftest import ROOT, cpu_seconds
from stuf_klantcontact import contract
from stuf_klantcontact.errors import ConfigurationError, Violation
from stuf_klantcontact.names import DGA_UF, GFOZAKEN, KC, KLC, PREFIXES, SOAP11, STUF0301, STUF0302, XSD, XSI, qname

FIXTURES = ROOT / "fixtures"
VALID = sorted(FIXTURES.glob("k*/*/valid/*.xml"))
INVALID = sorted(FIXTURES.glob("k*/*/invalid/*.xml"))
CALL = FIXTURES / "kc" / "voegKlantcontactToe" / "valid" / "call-medewerker.xml"
SCHEMAS = contract.schema_directory()
PORTS = (
    "OntvangAsynchroon",
    "VerwerkSynchroonVrijBericht",
    "VerwerkSynchroneKennisgeving",
    "BeantwoordVraag",
    "VerstrekSynchronisatieBericht",
    "VerwerkTriggerbericht",
)
PERSONAL = ("999993653", "99999365", "Jansen", "Vries", "jdevries", "Idrissi", "Mevrouw", "1980", "example.org")


@pytest.fixture(scope="module")
def ours() -> contract.Contract:
    return contract.load()


def body(data: bytes) -> etree._Element:
    root = etree.fromstring(data)
    found = root.find(qname(SOAP11, "Body"))
    return root if found is None else found[0]


def verdict(data: bytes, ours: contract.Contract) -> bool:
    """As the door asks for it: one pass of a parser over the envelope."""
    message = etree.tostring(body(data), with_tail=False)
    parser = etree.XMLPullParser(schema=ours.envelope)
    parser.feed(f'<s:Envelope xmlns:s="{SOAP11}"><s:Body>'.encode() + message + b"</s:Body></s:Envelope>")
    try:
        parser.close()
    except etree.XMLSyntaxError:
        return False
    return True


def altered(old: str, new: str) -> etree._Element:
    text = CALL.read_text(encoding="utf-8")
    assert old in text
    return body(text.replace(old, new).encode())


def rules(violations: list[Violation]) -> list[str]:
    return [violation.rule for violation in violations]


def named(path: Path) -> str:
    return f"{path.parent.parent.name}-{path.stem}"


class TestFixtures:
    @pytest.mark.parametrize("path", VALID, ids=named)
    def test_valid(self, path: Path, ours: contract.Contract) -> None:
        data = path.read_bytes()
        assert verdict(data, ours)
        assert ours.violations(body(data)) == []
        ours.check(body(data))

    @pytest.mark.parametrize("path", INVALID, ids=named)
    def test_invalid_names_every_violation_with_its_line(self, path: Path, ours: contract.Contract) -> None:
        data = path.read_bytes()
        expected = json.loads(path.with_suffix(".expected.json").read_text())
        found = ours.violations(body(data))
        assert [{"rule": violation.rule, "line": violation.line} for violation in found] == expected
        assert not verdict(data, ours) or rules(found) == ["XSD-UNKNOWN-ROOT"]

    @pytest.mark.parametrize("path", INVALID, ids=named)
    def test_a_violation_is_in_two_languages_and_shows_nothing_of_a_person(
        self, path: Path, ours: contract.Contract
    ) -> None:
        for violation in ours.violations(body(path.read_bytes())):
            assert violation.message.nl.endswith(".")
            assert violation.message.en.endswith(".")
            assert violation.message.nl != violation.message.en
            assert violation.hint is not None
            shown = repr(violation)
            assert not [text for text in PERSONAL if text in shown]

    @pytest.mark.parametrize("path", INVALID, ids=named)
    def test_the_path_leads_to_the_element(self, path: Path, ours: contract.Contract) -> None:
        message = etree.fromstring(etree.tostring(body(path.read_bytes()), with_tail=False))
        namespaces = {prefix: uri for uri, prefix in PREFIXES.items() if uri != STUF0302}
        if etree.QName(message).namespace in (KLC, STUF0302):
            namespaces["StUF"] = STUF0302
        lost = etree.QName(message).localname.startswith("voeg") and "namespace" in path.stem
        for violation in ours.violations(message):
            if lost or (violation.path or "").rpartition("/")[2].startswith("@"):
                continue  # a namespace without a prefix of ours; an attribute that is not there
            [element] = message.xpath(violation.path, namespaces=namespaces)
            assert violation.element is not None
            assert etree.QName(element).localname == violation.element.rpartition(":")[2]

    @pytest.mark.parametrize("path", [*VALID, *INVALID], ids=named)
    def test_a_second_validator_agrees(self, path: Path) -> None:
        message = etree.fromstring(etree.tostring(body(path.read_bytes()), with_tail=False))
        assert strict(etree.QName(message).namespace).is_valid(message) == (path.parent.name == "valid")

    def test_every_type_actor_and_partij_is_among_the_valid_ones(self) -> None:
        contacts = [body(path.read_bytes()) for path in VALID if path.parent.parent.name == "voegKlantcontactToe"]
        types = {message.findtext(f".//{qname(GFOZAKEN, 'Type')}") for message in contacts}
        actors = {etree.QName(m.find(f".//{qname(GFOZAKEN, 'Opvoerder')}")[0]).localname for m in contacts}
        partijen = [m.find(qname(KC, "contactpartij")) for m in contacts]
        assert types == {"click", "call", "face", "mail", "e-mail"}
        assert len(actors) == 5
        assert {etree.QName(p[0]).localname for p in partijen if p is not None} == {
            "natuurlijkPersoon",
            "vestiging",
            "anoniem",
        }
        assert any(m.find(f".//{qname(DGA_UF, 'Inhoud')}") is not None for m in contacts)


_STRICT: dict[str, xmlschema.XMLSchema] = {}


def strict(namespace: str) -> xmlschema.XMLSchema:
    name = "klc0320.xsd" if namespace in (KLC, STUF0302) else "kc0100.xsd"
    if name not in _STRICT:
        _STRICT[name] = xmlschema.XMLSchema(str(SCHEMAS / "klantcontact" / name), allow="local")
    return _STRICT[name]


class TestVerdict:
    def test_a_message_we_do_not_know_passes_for_intake_to_judge(self, ours: contract.Contract) -> None:
        zaak = b'<z:zakLk01 xmlns:z="http://www.egem.nl/StUF/sector/zkn/0310"><z:object><z:x>1</z:x></z:object></z:zakLk01>'
        assert verdict(zaak, ours)
        assert rules(ours.violations(body(zaak))) == ["XSD-UNKNOWN-ROOT"]

    def test_the_body_holds_one_message(self, ours: contract.Contract) -> None:
        parser = etree.XMLPullParser(schema=ours.envelope)
        parser.feed(f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><a/><b/></s:Body></s:Envelope>')
        with pytest.raises(etree.XMLSyntaxError):
            parser.close()

    def test_what_we_send_ourselves_must_be_right(self, ours: contract.Contract) -> None:
        with pytest.raises(contract.ContractError, match="XSD-ENUM") as raised:
            ours.check(altered(">call<", ">fax<"))
        assert rules(list(raised.value.violations)) == ["XSD-ENUM"]


class TestViolations:
    def test_every_independent_error_is_named(self, ours: contract.Contract) -> None:
        message = altered(">MIJNZAKEN<", ">MZ<")
        for tag, text in (("functie", "iets"), ("tijdstipBericht", "morgen")):
            message.find(f".//{{*}}{tag}").text = text
        contact = message.find(qname(GFOZAKEN, "Klantcontact"))
        contact.remove(contact.find(qname(GFOZAKEN, "Documenten")))
        contact.find(qname(GFOZAKEN, "Type")).text = "fax"
        assert sorted(rules(ours.violations(message))) == [
            "XSD-ENUM",
            "XSD-ENUM",
            "XSD-LENGTH",
            "XSD-MISSING",
            "XSD-PATTERN",
        ]

    def test_what_follows_an_unexpected_element_is_still_looked_at(self, ours: contract.Contract) -> None:
        message = altered("<gfo:Documenten/>", "<gfo:Bijlagen/>\n<gfo:Documenten/>\n<gfo:Notitie/>")
        message.find(f".//{qname(GFOZAKEN, 'Type')}").text = "fax"
        assert rules(ours.violations(message)) == ["XSD-UNEXPECTED", "XSD-UNEXPECTED", "XSD-ENUM"]

    @pytest.mark.parametrize(
        ("old", "new", "hint"),
        [
            ("gfo:DatumGezet", "gfo:datumgezet", "gfo:DatumGezet"),
            ("gfo:Toelichting", "gfo:Toelichtng", "gfo:Toelichting"),
            ("<gfo:Documenten/>", '<Documenten xmlns="urn:nl:dga-uf"/>', "urn:nl:gfozaken"),
            (">call<", ">phone<", "click, call, face, mail, e-mail"),
        ],
    )
    def test_the_hint_says_what_to_send(self, old: str, new: str, hint: str, ours: contract.Contract) -> None:
        [violation] = ours.violations(altered(old, new))
        assert violation.hint is not None
        assert hint in violation.hint.en

    def test_expected_lists_the_values(self, ours: contract.Contract) -> None:
        [violation] = ours.violations(altered(">call<", ">fax<"))
        assert (violation.value, violation.expected) == ("fax", "click, call, face, mail, e-mail")

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (">call<", ">999993653<"),
            (">call<", ">s.jansen@example.org<"),
            ("<gfo:Identificatie>jdevries", "<gfo:Identificatie>mevrouw S. Jansen uit de straat"),
            ("<gfo:Documenten/>", "<gfo:Documenten>999993653</gfo:Documenten>"),
            ("<gfo:Documenten/>", '<gfo:Documenten bsn="999993653"/>'),
        ],
    )
    def test_a_persons_number_or_name_is_never_repeated(self, old: str, new: str, ours: contract.Contract) -> None:
        [violation] = ours.violations(altered(old, new))
        assert violation.value == "***"
        assert not [text for text in PERSONAL if text in repr(violation)]

    def test_a_value_cannot_break_the_line(self, ours: contract.Contract) -> None:
        [violation] = ours.violations(altered(">call<", ">call\n2026 INFO forged\u202e<"))
        assert violation.value is not None
        assert violation.value.isprintable()

    def test_a_value_cannot_pose_as_the_schemas_words(self, ours: contract.Contract) -> None:
        posing = "x' is not an element of the set {'fax'}. Expected is ( fax )."
        [violation] = ours.violations(altered(">call<", f">{posing}<"))
        assert violation.expected == "click, call, face, mail, e-mail"

    def test_a_list_that_is_cut_off_says_so(self, ours: contract.Contract) -> None:
        document = (
            '<dga:Document xmlns:dga="urn:nl:dga-uf"><dga:Titel/><dga:Inhoud>aGFsbG8=</dga:Inhoud></dga:Document>'
        )
        found = ours.violations(altered("<gfo:Documenten/>", f"<gfo:Documenten>{document * 300}</gfo:Documenten>"))
        assert len(found) == contract.LIMIT + 1
        assert (found[-1].rule, found[-1].severity) == ("XSD-MORE", "warning")

    @pytest.mark.parametrize(
        "sibling",
        [
            "<gfo:x/>",
            '<dga:Document xmlns:dga="urn:nl:dga-uf"><dga:Titel/><dga:Verwijzing>u</dga:Verwijzing></dga:Document>',
            "<gfo:Documenten/>",
        ],
    )
    def test_forty_thousand_bad_siblings_take_no_second(self, sibling: str, ours: contract.Contract) -> None:
        message = altered("<gfo:Documenten/>", f"<gfo:Documenten>{sibling * 40_000}</gfo:Documenten>")
        with cpu_seconds(1):
            found = ours.violations(message)
        assert len(found) == contract.LIMIT + 1

    @pytest.mark.parametrize("count", [600, 13_000])
    def test_nor_do_many_elements_with_an_error_each(self, count: int, ours: contract.Contract) -> None:
        sibling = "<dga:Document><dga:Titel/><dga:Verwijzing>u</dga:Verwijzing></dga:Document>"
        message = altered(
            "<gfo:Documenten/>", f'<gfo:Documenten xmlns:dga="{DGA_UF}">{sibling * count}</gfo:Documenten>'
        )
        with cpu_seconds(1):
            assert not ours.valid(message)
            found = ours.violations(message)
        assert len(found) == contract.LIMIT + 1

    def test_of_what_libxml2_does_not_look_at_the_children_are_told(self, ours: contract.Contract) -> None:
        message = altered("<gfo:Documenten/>", "<gfo:Documenten/><gfo:Onzin/>")
        message.find(f".//{qname(GFOZAKEN, 'Opvoerder')}").insert(0, etree.Element(qname(GFOZAKEN, "Fout")))
        message.find(f".//{qname(GFOZAKEN, 'Identificatie')}").text = ""
        assert rules(ours.violations(message)) == ["XSD-UNEXPECTED", "XSD-UNEXPECTED", "XSD-LENGTH"]

    def test_a_message_inside_an_envelope_gets_the_same(self, ours: contract.Contract) -> None:
        wrong = altered("<gfo:Documenten/>", "<gfo:Bijlagen/>")
        wrong.find(f".//{qname(GFOZAKEN, 'Type')}").text = "fax"
        bare = etree.tostring(wrong, with_tail=False)
        inside = body(b'<s:Envelope xmlns:s="' + SOAP11.encode() + b'"><s:Body>' + bare + b"</s:Body></s:Envelope>")
        alone = ours.violations(etree.fromstring(bare))
        assert [(v.rule, v.path) for v in ours.violations(inside)] == [(v.rule, v.path) for v in alone]

    def test_threads_never_see_each_others_values(self, ours: contract.Contract) -> None:
        def ask(number: int) -> bool:
            found = ours.violations(altered(">call<", f">fax{number}<"))
            return [violation.value for violation in found] == [f"fax{number}"]

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(ask, range(400)))

    def test_whatever_is_changed_the_search_agrees_with_the_verdict(self, ours: contract.Contract) -> None:
        chance = random.Random(17)
        messages = [etree.tostring(body(path.read_bytes()), with_tail=False) for path in VALID]
        refused = 0
        for _ in range(600):
            changed = mutant(etree.fromstring(chance.choice(messages)), chance)
            found = ours.violations(etree.fromstring(changed))
            assert verdict(changed, ours) == (found == []), changed.decode()
            refused += bool(found)
        assert refused > 400


def mutant(message: etree._Element, chance: random.Random) -> bytes:
    """The message with one thing changed that may or may not be wrong."""
    elements = list(message.iter(etree.Element))[1:]
    element = chance.choice(elements)
    parent = element.getparent()
    match chance.randrange(8):
        case 0:
            parent.remove(element)
        case 1:
            parent.insert(parent.index(element), etree.fromstring(etree.tostring(element, with_tail=False)))
        case 2:
            parent.insert(chance.randrange(len(parent)), element)
        case 3:
            element.tag = f"{element.tag}x"
        case 4:
            element.tag = qname("urn:elders", etree.QName(element).localname)
        case 5:
            element.text = chance.choice(["", "x" * 300, "99", "'}. Expected is ( a )", "\r\n", "ü<&>\"'"])
        case 6:
            element.set(
                chance.choice(["naam", qname(XSI, "nil"), qname(XSI, "type")]), chance.choice(["true", "a:b"])
            )
        case _:
            element.append(etree.fromstring(etree.tostring(chance.choice(elements), with_tail=False)))
    return etree.tostring(message)


class TestSchemas:
    @pytest.mark.parametrize("path", sorted(SCHEMAS.rglob("*.xsd")), ids=lambda path: path.name)
    def test_every_schema_compiles_alone_in_both_libraries(self, path: Path) -> None:
        etree.XMLSchema(file=str(path))
        assert xmlschema.XMLSchema(str(path), allow="local", validation="strict").built

    def test_klantcontact_is_the_published_type(self) -> None:
        root = etree.parse(str(SCHEMAS / "gfozaken" / "gfozaken.xsd")).getroot()
        [kind] = root.findall(f"{{{XSD}}}complexType[@name='Klantcontact']")
        [sequence] = kind
        assert etree.QName(sequence).localname == "sequence"
        assert [
            (e.get("name"), e.get("type"), e.get("minOccurs", "1"), e.get("maxOccurs", "1")) for e in sequence
        ] == [
            ("DatumGezet", "DGA-UF:Tijdstip", "1", "1"),
            ("Documenten", "DGA-UF:Documenten", "1", "1"),
            ("Opvoerder", "GFOZaken:Actor", "1", "1"),
            ("Toelichting", "DGA-UF:Toelichting", "0", "1"),
            ("Type", "GFOZaken:KlantcontactType", "1", "1"),
        ]

    def test_no_location_leads_out_of_the_files(self, ours: contract.Contract) -> None:
        locations = [
            urljoin(f"http://gateway.example.nl/schemas/{name}", reference.get("schemaLocation"))
            for name, data in ours.files().items()
            for reference in etree.fromstring(data).iter(qname(XSD, "import"), qname(XSD, "include"))
        ]
        served = {f"http://gateway.example.nl/schemas/{name}" for name in ours.files()}
        assert locations
        assert set(locations) <= served

    def test_every_file_of_the_tree_is_served(self, ours: contract.Contract) -> None:
        tree = {path.relative_to(SCHEMAS).as_posix() for path in SCHEMAS.rglob("*") if path.is_file()}
        assert set(ours.files()) == {name for name in tree if not name.startswith("zds0120/")}

    def test_the_report_has_a_place_in_the_contract(self, ours: contract.Contract) -> None:
        report = f"""<kc:bevindingen xmlns:kc="{KC}"><kc:bevinding><kc:rule>KC-05</kc:rule>
          <kc:severity>error</kc:severity><kc:line>3</kc:line><kc:path>/kc:a</kc:path>
          <kc:message><kc:nl>Nee.</kc:nl><kc:en>No.</kc:en></kc:message></kc:bevinding></kc:bevindingen>"""
        ours.check(etree.fromstring(report))


class TestWsdl:
    @pytest.mark.parametrize("port", PORTS)
    def test_a_served_wsdl_has_the_address_and_its_schemas_resolve(
        self, port: str, ours: contract.Contract
    ) -> None:
        address = f"https://gateway.example.nl/kc/soap/{port}"
        for data in ours.wsdls(port, address=address).values():
            root = etree.fromstring(data)
            [place] = root.iter("{http://schemas.xmlsoap.org/wsdl/soap/}address")
            assert place.get("location") == address
            locations = [r.get("schemaLocation") for r in root.iter(qname(XSD, "import"), qname(XSD, "include"))]
            assert locations
            for location in locations:
                path = urlsplit(urljoin(f"{address}?wsdl", location)).path
                assert PurePosixPath(path).relative_to("/kc/schemas").as_posix() in ours.files()

    @pytest.mark.parametrize("port", PORTS)
    def test_a_port_has_one_wsdl_per_namespace_and_each_says_which_port_it_is(
        self, port: str, ours: contract.Contract
    ) -> None:
        roots = [etree.fromstring(data) for data in ours.wsdls(port, address="http://127.0.0.1/").values()]
        namespaces = [root.get("targetNamespace", "") for root in roots]
        assert namespaces == sorted(set(namespaces), reverse=True), "kc, then klc"
        for root in roots:
            for place in ("{*}portType", "{*}service", "{*}service/{*}port"):
                assert [element.get("name") for element in root.findall(place)] == [port]

    def test_every_wsdl_is_of_a_port_or_for_the_zender(self, ours: contract.Contract) -> None:
        served = {name for port in PORTS for name in ours.wsdls(port, address="http://127.0.0.1/")}
        files = {PurePosixPath(name).stem for name in ours.files() if name.endswith(".wsdl")}
        assert files - served == {"kc0100_ontvangAsynchroon_zender"}
        assert served <= files

    def test_what_a_wsdl_names_is_declared_and_of_one_koppelvlak(self, ours: contract.Contract) -> None:
        for name, data in ours.files().items():
            if not name.endswith(".wsdl"):
                continue
            root = etree.fromstring(data)
            for part in root.iter("{http://schemas.xmlsoap.org/wsdl/}part"):
                prefix, _, local = part.get("element").partition(":")
                assert qname(part.nsmap[prefix], local) in ours.roots, (name, part.get("element"))

    @pytest.mark.parametrize("path", sorted(SCHEMAS.rglob("*.wsdl")), ids=lambda path: path.stem)
    def test_the_types_of_every_wsdl_compile_in_both_libraries(self, path: Path) -> None:
        [types] = etree.parse(str(path)).getroot().iter(qname(XSD, "schema"))
        alone = etree.tostring(types, with_tail=False)
        etree.XMLSchema(etree.fromstring(alone, base_url=path.as_uri()))
        built = xmlschema.XMLSchema(
            alone.decode(), base_url=path.parent.as_uri(), allow="local", validation="strict"
        )
        assert built.built
        for part in etree.parse(str(path)).getroot().iter("{http://schemas.xmlsoap.org/wsdl/}part"):
            prefix, _, local = part.get("element", "").partition(":")
            assert qname(part.nsmap[prefix], local) in built.maps.elements

    def test_there_is_no_wsdl_of_another_port(self, ours: contract.Contract) -> None:
        with pytest.raises(KeyError):
            ours.wsdls("Ontvang", address="http://127.0.0.1/")

    @pytest.mark.parametrize(
        ("name", "operations"),
        [
            (
                "kc0100_verwerkSynchroonVrijBericht",
                {"voegKlantcontactToe_Di02", "wijzigKlantcontact_Di02", "verwijderKlantcontact_Di02"},
            ),
            (
                "kc0100_ontvangAsynchroon",
                {"voegKlantcontactToe_Di01", "wijzigKlantcontact_Di01", "verwijderKlantcontact_Di01"}
                | {"Bv01", "Fo01", "Fo03"},
            ),
            (
                "kc0100_ontvangAsynchroon_zender",
                {"voegKlantcontactToe_Du01", "wijzigKlantcontact_Du01", "verwijderKlantcontact_Du01"}
                | {"Bv01", "Fo01", "Fo03"},
            ),
            ("kc0100_verwerkTriggerbericht", {"Tr01"}),
            (
                "klc0320_ontvangAsynchroon",
                {"klcLk01", "iobLk01", "klcSa01", "klcSa03", "Bv01", "Fo01", "Fo03"},
            ),
            ("klc0320_verwerkSynchroneKennisgeving", {"klcLk02", "iobLk02", "klcSa02"}),
            ("klc0320_beantwoordVraag", {"klcLv01", "zakLv01"}),
            ("klc0320_verstrekSynchronisatieBericht", {"klcSa04"}),
            ("klc0320_verwerkTriggerbericht", {"Tr01"}),
        ],
    )
    def test_zeep_loads_it(self, name: str, operations: set[str]) -> None:
        client = zeep.Client(
            str(SCHEMAS / "klantcontact" / f"{name}.wsdl"), settings=zeep.Settings(forbid_dtd=True)
        )
        [binding] = client.wsdl.bindings.values()
        assert set(binding._operations) == operations
        namespace, stuf = (KC, STUF0301) if name.startswith("kc0") else (KLC, STUF0302)
        assert {n: o.soapaction for n, o in binding._operations.items()} == {
            n: f"{stuf if re.fullmatch('(Bv|Fo|Tr)[0-9]{2}', n) else namespace}/{n}" for n in operations
        }

    def test_zeep_makes_a_message_that_is_valid(self, ours: contract.Contract) -> None:
        client = zeep.Client(
            str(SCHEMAS / "klantcontact" / "kc0100_verwerkSynchroonVrijBericht.wsdl"),
            settings=zeep.Settings(forbid_dtd=True),
        )
        envelope = client.create_message(
            client.service,
            "voegKlantcontactToe_Di02",
            stuurgegevens={
                "berichtcode": "Di02",
                "zender": {"organisatie": "0518", "applicatie": "MIJNZAKEN"},
                "ontvanger": {"organisatie": "0518", "applicatie": "KLANTCONTACT"},
                "referentienummer": "MZ-1",
                "tijdstipBericht": "20261122101500000",
                "functie": "voegKlantcontactToe",
            },
            zaakidentificatie="0518ZAAK0000001",
            Klantcontact={
                "DatumGezet": "2026-11-22T10:12:00+01:00",
                "Documenten": {
                    "Document": [
                        {
                            "Titel": "Brief",
                            "Ontvangstdatum": "2026-11-21",
                            "Inhoud": {"_value_1": b"hallo", "contentType": "text/plain"},
                        }
                    ]
                },
                "Opvoerder": {"Medewerker": {"Identificatie": "jdevries"}},
                "Toelichting": "Teruggebeld.",
                "Type": "call",
            },
            contactpartij={"natuurlijkPersoon": {"bsn": "999993653", "geboortedatum": "1980-02-29"}},
            richting="inkomend",
        )
        message = envelope.find(f".//{qname(KC, 'voegKlantcontactToe_Di02')}")
        assert ours.violations(message) == []
        assert message.findtext(f".//{qname(DGA_UF, 'Inhoud')}") == "aGFsbG8="


OWN = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:g="http://www.example.nl/gfozaken"
  targetNamespace="http://www.example.nl/gfozaken" {attributes}>
  <xs:include schemaLocation="delen/typen.xsd"/>
  <xs:complexType name="Klantcontact"><xs:sequence>
    <xs:element name="DatumGezet" type="xs:dateTime"/><xs:element name="Documenten" type="g:Documenten"/>
    <xs:element name="Opvoerder" type="xs:string"/><xs:element name="Toelichting" type="xs:string" minOccurs="0"/>
    <xs:element name="Type" type="xs:string"/>
  </xs:sequence></xs:complexType>{element}
</xs:schema>"""
OWN_TYPES = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
  targetNamespace="http://www.example.nl/gfozaken"><xs:complexType name="Documenten"/></xs:schema>"""


class TestDropIn:
    def place(self, directory: Path, **parts: str) -> Path:
        (directory / "delen").mkdir(parents=True)
        (directory / "zaken.xsd").write_text(OWN.format(**{"attributes": "", "element": "", **parts}))
        (directory / "delen" / "typen.xsd").write_text(OWN_TYPES)
        return directory

    @pytest.mark.parametrize("element", ["", '<xs:element name="Klantcontact" type="g:Klantcontact"/>'])
    @pytest.mark.parametrize("qualified", [True, False])
    def test_a_municipalitys_own_schema_takes_the_place_of_ours(
        self, tmp_path: Path, element: str, qualified: bool
    ) -> None:
        attributes = 'elementFormDefault="qualified"' if qualified else ""
        theirs = contract.load(self.place(tmp_path / "eigen", element=element, attributes=attributes))
        assert theirs.gfozaken == "http://www.example.nl/gfozaken"
        prefix = "g:" if qualified else ""
        contact = "".join(
            f"<{prefix}{name}>{text}</{prefix}{name}>"
            for name, text in (
                ("DatumGezet", "2026-11-22T10:12:00"),
                ("Documenten", ""),
                ("Opvoerder", "jdevries"),
                ("Type", "chat"),
            )
        )
        text = CALL.read_text(encoding="utf-8")
        start, end = (
            text.index("<gfo:Klantcontact>"),
            text.index("</gfo:Klantcontact>") + len("</gfo:Klantcontact>"),
        )
        own = f'<g:Klantcontact xmlns:g="http://www.example.nl/gfozaken">{contact}</g:Klantcontact>'
        message = body((text[:start] + own + text[end:]).encode())
        assert theirs.violations(message) == []
        message.find(".//{*}DatumGezet").text = "gisteren"
        assert rules(theirs.violations(message)) == ["XSD-TYPE"]
        assert theirs.violations(body(CALL.read_bytes())) != []

    def test_zeep_loads_the_wsdl_with_it(self, tmp_path: Path) -> None:
        theirs = contract.load(self.place(tmp_path / "eigen"))
        assert not theirs.own
        for name, data in theirs.files().items():
            (tmp_path / "served" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "served" / name).write_bytes(data)
        wsdl = tmp_path / "served" / "klantcontact" / "kc0100_verwerkSynchroonVrijBericht.wsdl"
        client = zeep.Client(str(wsdl), settings=zeep.Settings(forbid_dtd=True))
        assert client.get_element("{http://www.example.nl/gfozaken}Klantcontact") is not None

    @pytest.mark.parametrize(
        ("files", "reason"),
        [
            ({"a.xsd": OWN_TYPES}, "one schema must define complexType Klantcontact; found: none"),
            ({"a.xsd": OWN, "b.xsd": OWN}, "found: a.xsd, b.xsd"),
            ({"a.xsd": "<xs:schema"}, "a.xsd is not well-formed"),
            ({"a.xsd": f"<!DOCTYPE a>{OWN_TYPES}"}, "DOCTYPE"),
            ({"a.xsd": OWN.replace('targetNamespace="http://www.example.nl/gfozaken"', "")}, "targetNamespace"),
            ({"a.xsd": OWN}, "do not compile"),
        ],
    )
    def test_a_set_that_will_not_do_says_why(self, tmp_path: Path, files: dict[str, str], reason: str) -> None:
        for name, text in files.items():
            (tmp_path / name).write_text(text.format(attributes="", element="") if "{element}" in text else text)
        with pytest.raises(ConfigurationError, match=reason):
            contract.load(tmp_path)
