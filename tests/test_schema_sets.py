"""A schema set as somebody downloaded it: small ones made here, good, broken and hostile; and the official ones."""

import io
import json
import socket
import stat
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree

from conftest import SHARED, cpu_seconds, need
from stuf_klantcontact import contract
from stuf_klantcontact.cli import cli
from stuf_klantcontact.errors import ConfigurationError, Violation

STANDARDS = SHARED / "standards"
XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
STUF = f"""<xs:schema {XS} xmlns:S="urn:stuf" targetNamespace="urn:stuf" elementFormDefault="qualified" version="1">
  <xs:attribute name="entiteittype" type="xs:string"/>
  <xs:attribute name="functie" type="xs:string"/>
  <xs:simpleType name="Code"><xs:restriction base="xs:string">
    <xs:maxLength value="4"/></xs:restriction></xs:simpleType>
</xs:schema>"""
STUF_EXTRA = f"""<xs:schema {XS} xmlns:S="urn:stuf" targetNamespace="urn:stuf" elementFormDefault="qualified">
  <xs:include schemaLocation="stuf.xsd"/>
  <xs:complexType name="Kop"><xs:sequence><xs:element name="code" type="S:Code"/></xs:sequence></xs:complexType>
</xs:schema>"""
SECTOR = f"""<xs:schema {XS} xmlns:Z="urn:sector" xmlns:S="urn:stuf" targetNamespace="urn:sector"
    elementFormDefault="qualified">
  <xs:import namespace="urn:stuf" schemaLocation="../stuf/stuf.xsd"/>
  <xs:import namespace="urn:stuf" schemaLocation="../stuf/extra.xsd"/>
  <xs:complexType name="Object"><xs:sequence>
    <xs:element name="naam" type="xs:string" minOccurs="0"/>
    <xs:element name="inhoud" type="xs:base64Binary" minOccurs="0" nillable="true"/>
  </xs:sequence><xs:attribute ref="S:entiteittype" use="required" fixed="ZAK"/></xs:complexType>
  <xs:element name="zakLk01"><xs:complexType><xs:sequence>
    <xs:element name="kop" type="S:Kop"/><xs:element name="object" type="Z:Object" maxOccurs="2"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>"""
GOOD = {"stuf/stuf.xsd": STUF, "stuf/extra.xsd": STUF_EXTRA, "sector/msg.xsd": SECTOR}
MESSAGE = """<Z:zakLk01 xmlns:Z="urn:sector" xmlns:S="urn:stuf"><Z:kop><S:code>a</S:code></Z:kop>
  <Z:object S:entiteittype="ZAK"><Z:naam>x</Z:naam><Z:inhoud>aGFsbG8=</Z:inhoud></Z:object></Z:zakLk01>"""


def place(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def packed(path: Path, files: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def load(tmp_path: Path, files: Mapping[str, str | bytes]) -> contract.SchemaSet:
    return contract.load_set(place(tmp_path / "set", files), cache=tmp_path / "cache")


def rules(problems: tuple[Violation, ...] | list[Violation]) -> list[str]:
    return [problem.rule for problem in problems]


class TestGood:
    @pytest.mark.parametrize("form", ["folder", "zip", "zip with a folder in it"])
    def test_it_loads_although_libxml2_alone_does_not(self, tmp_path: Path, form: str) -> None:
        with pytest.raises(etree.XMLSchemaParseError):
            etree.XMLSchema(file=str(place(tmp_path / "bare", GOOD) / "sector" / "msg.xsd"))
        if form == "folder":
            path = place(tmp_path / "set", GOOD)
        else:
            prefix = "release/" if "folder" in form else ""
            path = packed(tmp_path / "set.zip", {f"{prefix}{name}": text for name, text in GOOD.items()})
        held = contract.load_set(path, cache=tmp_path / "cache")
        assert held.name == "set"
        assert held.valid(etree.fromstring(MESSAGE))
        assert held.violations(etree.fromstring(MESSAGE)) == []
        assert held.problems == ()
        assert held.description.namespaces == ("urn:sector", "urn:stuf")
        assert held.description.messages == ("{urn:sector}zakLk01",)
        assert {Path(file.path).name: file.version for file in held.description.files} == {
            "extra.xsd": "",
            "msg.xsd": "",
            "stuf.xsd": "1",
        }

    @pytest.mark.parametrize(
        "soap", ["http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"]
    )
    def test_it_judges_inside_an_envelope(self, tmp_path: Path, soap: str) -> None:
        held = load(tmp_path, GOOD)
        envelope = f'<s:Envelope xmlns:s="{soap}"><s:Header><x/></s:Header><s:Body>{MESSAGE}</s:Body></s:Envelope>'
        assert held.schema.validate(etree.fromstring(envelope))
        assert not held.schema.validate(etree.fromstring(envelope.replace(">a<", ">abcde<")))

    @pytest.mark.parametrize(
        ("old", "new", "rule", "path"),
        [
            ('entiteittype="ZAK"', 'entiteittype="EDC"', "XSD-FIXED", "/Z:zakLk01/Z:object/@entiteittype"),
            (">aGFsbG8=<", ">!!!!<", "XSD-TYPE", "/Z:zakLk01/Z:object/Z:inhoud"),
            (">aGFsbG8=<", ">aGFs€bG8=<", "XSD-TYPE", "/Z:zakLk01/Z:object/Z:inhoud"),
        ],
    )
    def test_it_sees_what_libxml2_overlooks(self, tmp_path: Path, old: str, new: str, rule: str, path: str) -> None:
        held = load(tmp_path, GOOD)
        message = etree.fromstring(MESSAGE.replace(old, new))
        assert held.schema.validate(message)
        assert not held.valid(message)
        [violation] = held.violations(message)
        assert (violation.rule, violation.path) == (rule, path)

    @pytest.mark.parametrize("written", ["aGFsbG8", "aGFsbG9=", "aGF=sbG8=", "====", "aGFsbG8=="])
    def test_base64_is_whole_and_leaves_no_bits(self, tmp_path: Path, written: str) -> None:
        held = load(tmp_path, GOOD)
        message = etree.fromstring(MESSAGE.replace("aGFsbG8=", written))
        assert not held.valid(message)
        assert rules(held.violations(message)) == ["XSD-TYPE"]

    @pytest.mark.parametrize("written", ["", " aGFs\n bG8= ", "aGFsbG8=", "aGFsbA==", "aGFs"])
    def test_base64_may_be_empty_and_have_blanks(self, tmp_path: Path, written: str) -> None:
        assert load(tmp_path, GOOD).valid(etree.fromstring(MESSAGE.replace("aGFsbG8=", written)))

    def test_a_violation_has_line_and_column(self, tmp_path: Path) -> None:
        from stuf_klantcontact.parsing import positions

        envelope = f'<?xml version="1.0"?>\n<e>\n <b>{MESSAGE.replace(">a<", ">abcde<")}</b></e>'
        message = etree.fromstring(envelope)[0][0]
        [violation] = load(tmp_path, GOOD).violations(message, positions=positions(envelope.encode()))
        assert (violation.rule, violation.line, violation.column) == ("XSD-LENGTH", 3, 63)

    def test_a_schema_without_namespace_takes_that_of_its_includer(self, tmp_path: Path) -> None:
        chameleon = f'<xs:schema {XS}><xs:complexType name="Kop"><xs:sequence/></xs:complexType></xs:schema>'
        user = f"""<xs:schema {XS} xmlns:Z="urn:z" targetNamespace="urn:z"><xs:include schemaLocation="kop.xsd"/>
          <xs:element name="aLk01" type="Z:Kop"/></xs:schema>"""
        held = load(tmp_path, {"kop.xsd": chameleon, "z.xsd": user})
        assert held.valid(etree.fromstring('<aLk01 xmlns="urn:z"/>'))
        assert rules(held.violations(etree.fromstring('<aLk01 xmlns="urn:z"><x/></aLk01>'))) == ["XSD-UNEXPECTED"]

    def test_a_schema_inside_a_wsdl_counts(self, tmp_path: Path) -> None:
        schema = (
            f'<xs:schema {XS} targetNamespace="urn:q"><xs:element name="vraagDi02" type="xs:string"/></xs:schema>'
        )
        message = '<w:message name="m"><w:part name="body" element="q:vraagDi02"/></w:message>'
        names = 'xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:q="urn:q" targetNamespace="urn:q"'
        wsdl = f"<w:definitions {names}><w:types>{schema}</w:types>{message}</w:definitions>"
        held = load(tmp_path, {"q.wsdl": wsdl})
        assert held.valid(etree.fromstring('<vraagDi02 xmlns="urn:q">x</vraagDi02>'))
        assert held.problems == ()

    def test_patch_levels_stand_side_by_side(self, tmp_path: Path) -> None:
        longer = {**GOOD, "stuf/stuf.xsd": STUF.replace('"4"', '"9"').replace('version="1"', 'version="2"')}
        old = contract.load_set(place(tmp_path / "old", GOOD), cache=tmp_path / "cache")
        new = contract.load_set(place(tmp_path / "new", longer), cache=tmp_path / "cache")
        message = etree.fromstring(MESSAGE.replace(">a<", ">abcde<"))
        assert (old.valid(message), new.valid(message)) == (False, True)
        assert rules(old.violations(message)) == ["XSD-LENGTH"]

    def test_threads_never_see_each_others_values(self, tmp_path: Path) -> None:
        held = load(tmp_path, GOOD)

        def ask(number: int) -> bool:
            found = held.violations(etree.fromstring(MESSAGE.replace('"ZAK"', f'"E{number}"')))
            return [violation.value for violation in found] == [f"E{number}"]

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(ask, range(400)))


class TestRemembered:
    def test_a_second_load_says_the_same(self, tmp_path: Path) -> None:
        first = load(tmp_path, {**GOOD, "los.xsd": "<x/>"})
        again = load(tmp_path, {**GOOD, "los.xsd": "<x/>"})
        assert (first.description, first.roots, first.problems) == (again.description, again.roots, again.problems)
        for old, new in (('"ZAK"', '"EDC"'), (">aGFsbG8=<", ">!<"), (">a<", ">abcde<"), ("Z:naam", "Z:naan")):
            message = etree.fromstring(MESSAGE.replace(old, new))
            assert first.violations(message) == again.violations(message) != []

    def test_it_is_private_and_written_once(self, tmp_path: Path) -> None:
        load(tmp_path, GOOD)
        [folder] = (tmp_path / "cache" / "sets").iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        before = folder.stat().st_mtime_ns
        load(tmp_path, GOOD)
        assert [folder] == list((tmp_path / "cache" / "sets").iterdir())
        assert folder.stat().st_mtime_ns == before

    @pytest.mark.parametrize("harm", ["empty manifest", "file gone", "not XML", "another form", "open to others"])
    def test_what_is_spoilt_is_made_again(self, tmp_path: Path, harm: str) -> None:
        load(tmp_path, GOOD)
        [folder] = (tmp_path / "cache" / "sets").iterdir()
        manifest = folder / "manifest.json"
        match harm:
            case "empty manifest":
                manifest.write_text("")
            case "file gone":
                next(folder.glob("0*.xsd")).unlink()
            case "not XML":
                next(folder.glob("0*.xsd")).write_text("<")
            case "another form":
                manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "form": 0}))
            case _:
                next(folder.glob("0*.xsd")).write_text("<")
                folder.chmod(0o777)
        assert load(tmp_path, GOOD).valid(etree.fromstring(MESSAGE))
        assert load(tmp_path, GOOD).valid(etree.fromstring(MESSAGE))

    def test_without_a_place_to_write_it_works_all_the_same(self, tmp_path: Path) -> None:
        (tmp_path / "cache").write_text("a file where the folder should be")
        assert load(tmp_path, GOOD).valid(etree.fromstring(MESSAGE))

    def test_by_default_it_is_in_the_cache_of_this_user(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
        contract.load_set(place(tmp_path / "set", GOOD))
        assert list((tmp_path / "home" / "stuf-klantcontact" / "sets").iterdir())


def loose(content: str = "", *, attributes: str = "", before: str = "") -> dict[str, str | bytes]:
    """One more schema in the set."""
    return {"los.xsd": f"{before}<xs:schema {XS} {attributes}>{content}</xs:schema>"}


def importing(location: str) -> dict[str, str | bytes]:
    return loose(f'<xs:import namespace="urn:weg" schemaLocation="{location}"/>')


def sector(old: str, new: str) -> dict[str, str | bytes]:
    assert old in SECTOR
    return {"sector/msg.xsd": SECTOR.replace(old, new)}


EXTRA = "../stuf/extra.xsd"
TO_EXTRA = f'"urn:stuf" schemaLocation="{EXTRA}"'
INCLUDE = '<xs:include schemaLocation="weg.xsd"/>'
ENTITY = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
EXPLODES = """<xs:simpleType name="p"><xs:restriction base="xs:string"><xs:pattern value="(a|aa)+b"/>
  </xs:restriction></xs:simpleType>"""
OTHER_WSDL = """<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:Z="urn:sector">
  <w:message name="m"><w:part name="b" element="Z:zakLk1"/></w:message></w:definitions>"""
DOUBLING = "".join(
    f'<xs:group name="g{n}"><xs:choice><xs:group ref="g{n + 1}"/><xs:group ref="g{n + 1}"/></xs:choice></xs:group>'
    for n in range(30)
)
LAST = '<xs:group name="g30"><xs:sequence><xs:element name="x" type="xs:string"/></xs:sequence></xs:group>'
USER = '<xs:element name="aLk01"><xs:complexType><xs:group ref="g0"/></xs:complexType></xs:element>'

BROKEN: dict[str, tuple[dict[str, str | bytes], str, str]] = {
    "include of a missing file": (
        {"stuf/stuf.xsd": STUF.replace("<xs:attribute", f"{INCLUDE}<xs:attribute", 1)},
        "SET-MISSING",
        "weg.xsd",
    ),
    "import of a missing file whose namespace is there": (
        sector(EXTRA, "../stuf/weg.xsd"),
        "SET-MISSING",
        "Nothing to do",
    ),
    "another case in the name": (sector(EXTRA, "../stuf/EXTRA.xsd"), "SET-CASE", "extra.xsd"),
    "what is there, from the network": (sector(EXTRA, "http://127.0.0.1:9/extra.xsd"), "SET-NETWORK", "network"),
    "what is not there, from the network": (importing("https://example.nl/weg.xsd"), "SET-NETWORK", "missing"),
    "a file of this machine": (importing("file:///etc/passwd"), "SET-NETWORK", "outside the set"),
    "a path that leads out": (importing("../../../etc/passwd"), "SET-MISSING", "not in the set"),
    "not well-formed": ({"los.xsd": "<xs:schema"}, "SET-MALFORMED", "well-formed"),
    "no schema": ({"los.xsd": "<html/>"}, "SET-MALFORMED", "no schema"),
    "an entity": (loose("&x;", before=ENTITY), "SET-DOCTYPE", "not read"),
    "the same twice": ({"kopie/stuf.xsd": STUF.replace('"1"', '"1a"')}, "SET-DUPLICATE", "used once"),
    "another namespace than it says": (
        sector(TO_EXTRA, TO_EXTRA.replace("urn:stuf", "urn:anders")),
        "SET-NAMESPACE",
        "anders",
    ),
    "a reference to nothing": (
        loose('<xs:element name="a" type="xs:weg"/>', attributes='targetNamespace="urn:los"'),
        "SET-COMPILE",
        "left out",
    ),
    "groups that double thirty times": (loose(DOUBLING + LAST + USER), "SET-COMPILE", "left out"),
    "a pattern that explodes": (loose(EXPLODES), "SET-PATTERN", "computing time"),
    "a WSDL with another message": ({"w.wsdl": OTHER_WSDL}, "SET-WSDL", "zakLk01"),
}


@pytest.mark.parametrize(("files", "rule", "word"), list(BROKEN.values()), ids=list(BROKEN))
def test_what_is_wrong_is_said_and_the_rest_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str | bytes], rule: str, word: str
) -> None:
    monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("nothing may go out"))
    held = load(tmp_path, {**GOOD, **files})
    assert rules(held.problems) == [rule]
    problem = held.problems[0]
    assert word in problem.message.en + (problem.hint.en if problem.hint else "")
    assert problem.message.nl != problem.message.en
    assert held.valid(etree.fromstring(MESSAGE))
    assert rules(held.violations(etree.fromstring(MESSAGE.replace(">a<", ">abcde<")))) == ["XSD-LENGTH"]


def test_of_two_that_contradict_each_other_the_newest_stays(tmp_path: Path) -> None:
    newer = STUF.replace('"4"', '"9"').replace('version="1"', 'version="2"')
    user = f"""<xs:schema {XS} targetNamespace="urn:user">
      <xs:import namespace="urn:stuf" schemaLocation="nieuw/stuf.xsd"/></xs:schema>"""
    held = load(tmp_path, {**GOOD, "nieuw/stuf.xsd": newer, "user.xsd": user})
    assert rules(held.problems) == ["SET-CONTRADICTORY"]
    assert held.problems[0].path == "stuf/stuf.xsd"
    assert "version 1 and 2" in held.problems[0].message.en
    assert held.valid(etree.fromstring(MESSAGE.replace(">a<", ">abcde<")))


def test_types_without_messages_say_so(tmp_path: Path) -> None:
    assert rules(load(tmp_path, {"stuf.xsd": STUF}).problems) == ["SET-NO-MESSAGES"]


class TestRefused:
    @pytest.mark.parametrize(
        "name", ["../los.xsd", "/etc/los.xsd", "a/../../los.xsd", "..\\los.xsd", "C:\\los.xsd", "\\los.xsd"]
    )
    def test_a_zip_with_names_that_lead_out(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ConfigurationError, match="leads out of it"):
            contract.load_set(packed(tmp_path / "set.zip", {**GOOD, name: STUF}), cache=tmp_path / "cache")
        assert not list(tmp_path.parent.glob("los.xsd"))

    def test_a_zip_with_a_link(self, tmp_path: Path) -> None:
        path = packed(tmp_path / "set.zip", GOOD)
        with zipfile.ZipFile(path, "a") as archive:
            link = zipfile.ZipInfo("link.xsd")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, "/etc/passwd")
        with pytest.raises(ConfigurationError, match="a link in it"):
            contract.load_set(path, cache=tmp_path / "cache")

    def test_a_folder_with_a_link_that_leads_out(self, tmp_path: Path) -> None:
        place(tmp_path / "set", GOOD)
        (tmp_path / "elders.xsd").write_text(STUF)
        (tmp_path / "set" / "link.xsd").symlink_to(tmp_path / "elders.xsd")
        with pytest.raises(ConfigurationError, match="leads out"):
            contract.load_set(tmp_path / "set", cache=tmp_path / "cache")

    def test_a_bomb_costs_little(self, tmp_path: Path) -> None:
        path = packed(tmp_path / "set.zip", {"a.xsd": b" " * 200_000_000})
        with cpu_seconds(1), pytest.raises(ConfigurationError, match="16 MB"):
            contract.load_set(path, cache=tmp_path / "cache")

    def test_many_that_are_large_together(self, tmp_path: Path) -> None:
        files: dict[str, str | bytes] = {f"{number}.xsd": b" " * 15_000_000 for number in range(6)}
        with pytest.raises(ConfigurationError, match="64 MB"):
            contract.load_set(packed(tmp_path / "set.zip", files), cache=tmp_path / "cache")

    def test_too_many_files(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="more than 5000 files"):
            contract.load_set(packed(tmp_path / "set.zip", {f"{n}.txt": "" for n in range(5_001)}))

    def test_the_same_name_twice(self, tmp_path: Path) -> None:
        path = packed(tmp_path / "set.zip", GOOD)
        with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("stuf/stuf.xsd", STUF)
        with pytest.raises(ConfigurationError, match="twice"):
            contract.load_set(path, cache=tmp_path / "cache")

    @pytest.mark.parametrize("data", [b"", b"PK", b"hello", b"PK\x03\x04" + b"\x00" * 60])
    def test_what_is_no_zip(self, tmp_path: Path, data: bytes) -> None:
        path = tmp_path / "set.zip"
        path.write_bytes(data)
        with pytest.raises(ConfigurationError, match="not a ZIP file"):
            contract.load_set(path)

    def test_a_damaged_zip(self, tmp_path: Path) -> None:
        path = packed(tmp_path / "set.zip", GOOD)
        data = bytearray(path.read_bytes())
        for at in range(40, 300, 7):
            data[at] ^= 0xFF
        path.write_bytes(data)
        with pytest.raises(ConfigurationError):
            contract.load_set(path, cache=tmp_path / "cache")

    @pytest.mark.parametrize("files", [{}, {"lees.txt": "x"}, {"a.xsd": "<x/>"}, {"a.xsd": "<"}])
    def test_nothing_that_can_be_used(self, tmp_path: Path, files: dict[str, str | bytes]) -> None:
        (tmp_path / "set").mkdir()
        with pytest.raises(ConfigurationError):
            load(tmp_path, files)

    def test_no_such_place(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="no such folder"):
            contract.load_set(tmp_path / "weg")

    @pytest.mark.parametrize("form", ["attribute", "group", "type", "billion laughs", "deep"])
    def test_what_goes_round_or_explodes_ends(self, tmp_path: Path, form: str) -> None:
        text = {
            "attribute": '<xs:attributeGroup name="g"><xs:attributeGroup ref="g"/></xs:attributeGroup>',
            "group": '<xs:group name="g"><xs:sequence><xs:group ref="g"/></xs:sequence></xs:group>'
            '<xs:element name="aLk01"><xs:complexType><xs:group ref="g"/></xs:complexType></xs:element>',
            "type": '<xs:complexType name="t"><xs:complexContent><xs:extension base="t"/></xs:complexContent>'
            '</xs:complexType><xs:element name="aLk01" type="t"/>',
            "deep": "<xs:annotation>" * 3_000,
        }.get(form, "")
        laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
        doctype = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>' if form == "billion laughs" else ""
        hostile = f'{doctype}<xs:schema {XS} id="{"&l9;" if doctype else "x"}">{text}</xs:schema>'
        with cpu_seconds(2):
            held = load(tmp_path, {**GOOD, "los.xsd": hostile})
            assert held.problems != ()
            assert held.valid(etree.fromstring(MESSAGE))

    def test_a_hundred_thousand_times_is_no_hundred_thousand_states(self, tmp_path: Path) -> None:
        held = load(tmp_path, {**GOOD, "sector/msg.xsd": SECTOR.replace('"2"', '"100000"')})
        with cpu_seconds(1):
            assert rules(held.violations(etree.fromstring(MESSAGE.replace("Z:naam", "Z:naan")))) == [
                "XSD-UNEXPECTED"
            ]


class TestOfficial:
    @pytest.mark.parametrize(
        ("name", "messages", "problems"),
        [
            ("zds0120", 1_400, {"SET-CASE": 2, "SET-MISSING": 2}),
            ("zds0120-resolved-2017", 40, {"SET-CONTRADICTORY": 1}),
            ("zkn0320-draft-20170710", 8, {"SET-NO-MESSAGES": 1}),
        ],
    )
    def test_it_loads_as_downloaded(
        self, tmp_path: Path, name: str, messages: int, problems: dict[str, int]
    ) -> None:
        need((STANDARDS / name).is_dir(), f"the official set {name} is not in ../shared/standards")
        held = contract.load_set(STANDARDS / name, cache=tmp_path)
        found = rules(held.problems)
        assert {rule: found.count(rule) for rule in found} == problems
        assert {problem.severity for problem in held.problems} == {"warning"}
        assert len(held.description.messages) >= messages
        assert "http://www.opengis.net/gml" in held.description.namespaces

    def test_a_zip_of_it_is_the_same(self, tmp_path: Path) -> None:
        folder = STANDARDS / "zkn0320-draft-20170710"
        need(folder.is_dir(), "the official zkn0320 set is not in ../shared/standards")
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for path in folder.rglob("*"):
                archive.write(path, path.relative_to(folder))
        (tmp_path / "zkn.zip").write_bytes(buffer.getvalue())
        unpacked = contract.load_set(folder, cache=tmp_path / "cache")
        zipped = contract.load_set(tmp_path / "zkn.zip", cache=tmp_path / "cache")
        assert zipped.description == unpacked.description
        assert len(list((tmp_path / "cache" / "sets").iterdir())) == 1

    def test_gml_is_judged_too(self, tmp_path: Path) -> None:
        need((STANDARDS / "zds0120").is_dir(), "the official ZDS 1.2 set is not in ../shared/standards")
        held = contract.load_set(STANDARDS / "zds0120", cache=tmp_path)
        point = '<g:Point xmlns:g="http://www.opengis.net/gml"><g:pos>{}</g:pos></g:Point>'
        assert held.valid(etree.fromstring(point.format("1 2")))
        assert rules(held.violations(etree.fromstring(point.format("een twee")))) == ["XSD-TYPE"]


class TestCommand:
    @pytest.fixture(autouse=True)
    def _own_cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))

    def test_list_names_our_own_and_given_sets(self, tmp_path: Path) -> None:
        place(tmp_path / "set", GOOD)
        result = CliRunner().invoke(cli, ["schemas", "list", str(tmp_path / "set")])
        assert result.exit_code == 0
        for word in (
            "stuf-klantcontact",
            "gfozaken.xsd",
            "voegKlantcontactToe_Di02",
            "urn:sector",
            "zakLk01",
            "(1)",
        ):
            assert word in result.output
        listed = json.loads(CliRunner().invoke(cli, ["schemas", "list", "--format", "json"]).output)
        assert listed[0]["set"] == "stuf-klantcontact"

    @pytest.mark.parametrize(
        ("files", "status", "word"),
        [
            ({}, 0, "0 remarks"),
            ({"los.xsd": "<html/>"}, 0, "SET-MALFORMED"),
            ({"los.xsd": "<"}, 1, "los.xsd:1: error SET-MALFORMED"),
        ],
    )
    def test_check_exits_by_what_it_finds(
        self, tmp_path: Path, files: dict[str, str], status: int, word: str
    ) -> None:
        place(tmp_path / "set", {**GOOD, **files})
        result = CliRunner().invoke(cli, ["schemas", "check", str(tmp_path / "set"), "--lang", "en"])
        assert (result.exit_code, word in result.output) == (status, True), result.output
        said = CliRunner().invoke(cli, ["schemas", "check", str(tmp_path / "set"), "--format", "json"])
        assert json.loads(said.output)["usable"] == (status == 0)

    def test_check_of_what_cannot_be_used(self, tmp_path: Path) -> None:
        path = packed(tmp_path / "set.zip", {"../los.xsd": STUF})
        result = CliRunner().invoke(cli, ["schemas", "check", str(path)])
        assert result.exit_code == 1
        assert "leads out of it" in result.output
        assert CliRunner().invoke(cli, ["schemas", "check", str(tmp_path / "weg")]).exit_code == 2


def test_a_fixed_length_is_told_whichever_way_it_is_missed(tmp_path: Path) -> None:
    """Too short and too long alike: the finding says how long it must be."""
    (tmp_path / "vast.xsd").write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:vast">'
        '<xs:element name="code"><xs:simpleType><xs:restriction base="xs:string"><xs:length value="4"/>'
        "</xs:restriction></xs:simpleType></xs:element></xs:schema>",
        encoding="utf-8",
    )
    held = contract.load_set(tmp_path, cache=tmp_path / "cache")
    for value in ("abc", "abcde"):
        element = etree.fromstring(f'<code xmlns="urn:vast">{value}</code>')
        [finding] = held.violations(element)
        assert (finding.rule, finding.expected) == ("XSD-LENGTH", "length 4")
        assert finding.hint is not None
        assert "precies 4" in finding.hint.nl
