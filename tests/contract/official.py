"""Official schema sets for tests: compiled from ../shared/standards, never copied.

zkn0320 has entity types and no messages, so a driver schema supplies klcLk01 and iobLk01 on its types. Tests that
use these call `need` through the functions here: skipped where the sets are absent, failed in CI.
"""

from functools import cache
from io import BytesIO
from pathlib import Path

from lxml import etree

from conftest import SHARED, need
from stuf_klantcontact.names import KLC, STUF0302, XSD, ZKN0320

STANDARDS = SHARED / "standards"


def klc_schema() -> etree.XMLSchema:
    """The messages of koppelvlak klc on the official StUF 03.02 and zkn0320, with the Bv and Fo of StUF 03.02."""
    directory = STANDARDS / "zkn0320-draft-20170710"
    need(directory.is_dir(), "the official zkn0320 set is not in ../shared/standards")
    return _klc(directory)


def stuf0301_schema() -> etree.XMLSchema:
    """The official StUF 03.01, with its Bv and Fo messages."""
    path = STANDARDS / "zds0120-resolved-2017" / "stuf0301.xsd"
    need(path.is_file(), "the official ZDS 1.2 set is not in ../shared/standards")
    return _compiled(path)


@cache
def _compiled(path: Path) -> etree.XMLSchema:
    return etree.XMLSchema(file=str(path))


@cache
def _klc(directory: Path) -> etree.XMLSchema:
    messages = "".join(
        f"""<xs:element name="{name}Lk01"><xs:complexType><xs:sequence>
        <xs:element name="stuurgegevens" type="StUF:StuurgegevensLk01"/>
        <xs:element name="parameters" type="StUF:ParametersLk01"/>
        <xs:element name="object" type="zkn:{name.upper()}-basis" maxOccurs="2"/>
        </xs:sequence></xs:complexType></xs:element>"""
        for name in ("klc", "iob")
    )
    driver = f"""<xs:schema xmlns:xs="{XSD}" xmlns:StUF="{STUF0302}" xmlns:zkn="{ZKN0320}" targetNamespace="{KLC}"
      elementFormDefault="qualified">
      <xs:import namespace="{STUF0302}" schemaLocation="0302/stuf0302.xsd"/>
      <xs:import namespace="{ZKN0320}" schemaLocation="zkn0320/entiteiten/zkn0320_ent_basis.xsd"/>
      {messages}</xs:schema>"""
    return etree.XMLSchema(etree.parse(BytesIO(driver.encode()), base_url=(directory / "driver.xsd").as_uri()))


def errors(schema: etree.XMLSchema, message: etree._Element) -> list[str]:
    """What the official set says against `message`; empty when it is valid."""
    schema.validate(message)
    log = schema.error_log
    return [f"line {log[number].line}: {log[number].message}" for number in range(len(log))]
