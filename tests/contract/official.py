"""Official schema sets for tests: compiled from ../shared/standards, never copied.

zkn0320 has entity types and no messages, so a driver schema supplies those of koppelvlak klc on its types; another
does so for koppelvlak kc, of which only the stuurgegevens are the standard's. Tests that use these call `need`
through the functions here: skipped where the sets are absent, failed in CI.
"""

from functools import cache
from io import BytesIO
from pathlib import Path

from lxml import etree

from conftest import SHARED, need
from stuf_klantcontact.contract import SchemaSet, load_set
from stuf_klantcontact.names import KC, KLC, STUF0301, STUF0302, XSD, ZKN0320

STANDARDS = SHARED / "standards"


def klc_schema() -> etree.XMLSchema:
    """The messages of koppelvlak klc on the official StUF 03.02 and zkn0320, with the Bv and Fo of StUF 03.02."""
    directory = STANDARDS / "zkn0320-draft-20170710"
    need(directory.is_dir(), "the official zkn0320 set is not in ../shared/standards")
    return _klc(directory)


def kc_schema() -> etree.XMLSchema:
    """The messages of koppelvlak kc with the stuurgegevens of the official StUF 03.01, and its Bv, Fo and Tr."""
    directory = STANDARDS / "zds0120-resolved-2017"
    need((directory / "stuf0301.xsd").is_file(), "the official ZDS 1.2 set is not in ../shared/standards")
    return _kc(directory)


def zds_schemas() -> tuple[SchemaSet, ...]:
    """Both releases of the ZDS 1.2 set, as the validator loads them; the first has StUF-ZKN 3.10 whole."""
    need((STANDARDS / "zds0120").is_dir(), "the official ZDS 1.2 set is not in ../shared/standards")
    return _zds()


@cache
def _zds() -> tuple[SchemaSet, ...]:
    return tuple(load_set(STANDARDS / name) for name in ("zds0120", "zds0120-resolved-2017"))


@cache
def _kc(directory: Path) -> etree.XMLSchema:
    messages = "".join(
        _message(
            f"{operation}_{code}",
            f'<xs:element name="stuurgegevens" type="StUF:Stuurgegevens{code}"/>'
            '<xs:any namespace="##any" processContents="skip" minOccurs="0" maxOccurs="unbounded"/>',
        )
        for operation in ("voegKlantcontactToe", "wijzigKlantcontact", "verwijderKlantcontact")
        for code in ("Di01", "Di02", "Du01", "Du02")
    )
    driver = f"""<xs:schema xmlns:xs="{XSD}" xmlns:StUF="{STUF0301}" targetNamespace="{KC}"
      elementFormDefault="qualified">
      <xs:import namespace="{STUF0301}" schemaLocation="stuf0301.xsd"/>
      {messages}</xs:schema>"""
    return _compiled(driver, beside=directory)


@cache
def _klc(directory: Path) -> etree.XMLSchema:
    messages = "".join(
        [
            _message(f"{kind}{code}", _kennisgeving(kind, code))
            for kind in ("klc", "iob")
            for code in ("Lk01", "Lk02")
        ]
        + [_message(f"{kind}Lv01", _vraag(kind)) for kind in ("klc", "zak")]
        + [_message(f"{kind}La01", _antwoord(kind)) for kind in ("klc", "zak")]
        + [_message("klcSa01", _synchronisatie("Sa01", "Lk01", "ParametersLk01TInSx01"))]
        + [_message("klcSa02", _synchronisatie("Sa02", "Lk02", "ParametersLk02TInSx02"))]
        + [
            _message(
                f"klc{code}", _stuurgegevens(code) + '<xs:element name="object" type="zkn:KLC-matchgegevens"/>'
            )
            for code in ("Sa03", "Sa04")
        ]
    )
    driver = f"""<xs:schema xmlns:xs="{XSD}" xmlns:StUF="{STUF0302}" xmlns:zkn="{ZKN0320}" targetNamespace="{KLC}"
      elementFormDefault="qualified">
      <xs:import namespace="{STUF0302}" schemaLocation="0302/stuf0302.xsd"/>
      <xs:import namespace="{ZKN0320}" schemaLocation="zkn0320/entiteiten/zkn0320_ent_basis.xsd"/>
      {messages}</xs:schema>"""
    return _compiled(driver, beside=directory)


def _kennisgeving(kind: str, code: str) -> str:
    return (
        f'{_stuurgegevens(code)}<xs:element name="parameters" type="StUF:Parameters{code}"/>'
        f'<xs:element name="object" type="zkn:{kind.upper()}-basis" maxOccurs="2"/>'
    )


def _vraag(kind: str) -> str:
    basis = f'type="zkn:{kind.upper()}-basis"'
    selections = "".join(
        f'<xs:element name="{name}" {basis} minOccurs="0"/>' for name in ("gelijk", "vanaf", "totEnMet")
    )
    around = "".join(
        _message(name, f'<xs:element name="object" {basis}/>', occurs='minOccurs="0"')
        for name in ("scope", "start")
    )
    return (
        f'{_stuurgegevens("Lv01")}<xs:element name="parameters" type="StUF:ParametersVraag"/>{selections}{around}'
    )


def _antwoord(kind: str) -> str:
    objects = f'<xs:element name="object" type="zkn:{kind.upper()}-basis" maxOccurs="unbounded"/>'
    return (
        f'{_stuurgegevens("La01")}<xs:element name="parameters" type="StUF:ParametersAntwoordSynchroon"/>'
        '<xs:element name="melding" type="StUF:Melding" minOccurs="0" maxOccurs="unbounded"/>'
        + _message("antwoord", objects, occurs='minOccurs="0"')
    )


def _synchronisatie(code: str, inner: str, parameters: str) -> str:
    actueel = (
        f'{_stuurgegevens(inner)}<xs:element name="parameters" type="StUF:{parameters}"/>'
        '<xs:element name="object" type="zkn:KLC-basis"/>'
    )
    return _stuurgegevens(code) + _message("actueel", actueel)


def _stuurgegevens(code: str) -> str:
    return f'<xs:element name="stuurgegevens" type="StUF:Stuurgegevens{code}"/>'


def _message(name: str, content: str, *, occurs: str = "") -> str:
    return (
        f'<xs:element name="{name}" {occurs}><xs:complexType><xs:sequence>{content}</xs:sequence>'
        "</xs:complexType></xs:element>"
    )


def _compiled(driver: str, *, beside: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(BytesIO(driver.encode()), base_url=(beside / "driver.xsd").as_uri()))


def errors(schema: etree.XMLSchema, message: etree._Element) -> list[str]:
    """What the official set says against `message`; empty when it is valid."""
    schema.validate(message)
    log = schema.error_log
    return [f"line {log[number].line}: {log[number].message}" for number in range(len(log))]
