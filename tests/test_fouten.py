"""Error codes and the fault messages that carry them."""

from itertools import pairwise

import pytest
from lxml import etree

from stuf_klantcontact import contract, fouten, report
from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.names import STUF0301, qname
from stuf_klantcontact.stuurgegevens import Header, Systeem

CONTRACT = contract.load()


def header(code: str) -> Header:
    return Header(
        berichtcode=code,
        zender=Systeem("0518", "KLANTCONTACT"),
        ontvanger=Systeem("0518", "MIJNZAKEN"),
        referentienummer="1",
        tijdstip_bericht="20261122101500000",
    )


@pytest.mark.parametrize("fout", Fout, ids=lambda fout: fout.name)
@pytest.mark.parametrize("code", ["Fo01", "Fo02", "Fo03"])
def test_every_code_makes_a_fault_that_the_schema_accepts(fout: Fout, code: str) -> None:
    element, fault = fouten.build(fout, header=header(code))
    CONTRACT.check(element)
    assert element.findtext(f".//{qname(STUF0301, 'code')}") == fout.name
    assert fault.plek in ("client", "server")
    assert fout.situation.nl in fault.omschrijving
    assert fout.situation.en in fault.omschrijving


def test_details_that_are_too_long_are_cut_to_what_the_schema_allows() -> None:
    finding = Violation("KC-05", Text("nl", "en"), value="x" * 5000)
    element, _ = fouten.build(
        Fout.StUF058, header=header("Fo03"), details="é" * 5000, details_xml=(report.as_element([finding]),)
    )
    CONTRACT.check(element)
    assert len(element.findtext(f".//{qname(STUF0301, 'details')}") or "") == 1000
    assert b"x" * 5000 in etree.tostring(element)


def test_of_several_codes_the_standard_says_which_goes_first() -> None:
    # The order of table 8.1, as far as the gateway answers with them.
    order = ("004", "010", "013", "016", "019", "025", "040", "046", "049", "052", "055", "058", "064")
    codes = [Fout[f"StUF{number}"] for number in order]
    assert [fout for fout in Fout if fout in codes] == codes
    assert all(one.precedence < other.precedence for one, other in pairwise(codes))
    assert fouten.first(codes[::-1]) is Fout.StUF004


def test_no_code_is_there_that_the_standard_does_not_have() -> None:
    assert not {f"StUF{number}" for number in ("073", "100", "109", "112", "115", "121")} & set(Fout.__members__)
    assert all(len(name) == 7 for name in Fout.__members__)
