"""Clients that nobody here wrote load our WSDLs, add a klantcontact, and read why one was refused.

What each does is a program that a vendor may copy (docs/interoperability.md); here it is run as it stands.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from interop import programs
from interop.gateway import Running
from journeys.town import PASSWORD
from stuf_klantcontact.names import WSDL
from stuf_klantcontact.rgbz import load_klantcontact
from stuf_klantcontact.testing import cast

Command = Callable[[], list[str | Path]]
HERE = programs.HERE


@pytest.fixture(params=["node-soap", "php", "zeep", "gsoap"])
def zaaksysteem(request: pytest.FixtureRequest, gsoap_zaaksysteem: Callable[[], Path]) -> list[str | Path]:
    """The command of a client that adds a klantcontact."""
    clients: dict[str, Command] = {
        "node-soap": lambda: [*programs.node(), HERE / "node" / "zaaksysteem.js"],
        "php": lambda: [*programs.php(), HERE / "php" / "zaaksysteem.php"],
        "zeep": lambda: [*programs.python(), HERE / "python" / "zaaksysteem.py"],
        "gsoap": lambda: [gsoap_zaaksysteem()],
    }
    return clients[request.param]()


def add(
    zaaksysteem: list[str | Path], gateway: Running, *, soort: str, toelichting: str, password: str = PASSWORD
) -> tuple[int, str, str, dict[str, Any]]:
    """Let a client add a contact: its exit status, the zaak, our number for it, and what it read."""
    zaak, number = gateway.zaak(), gateway.number("ANDER")
    arguments = [gateway.url, soort, zaak, number, toelichting]
    done = programs.finish([*zaaksysteem, *arguments], GEBRUIKER="mijnzaken", WACHTWOORD=password)
    return done.returncode, zaak, number, json.loads(done.stdout) if done.stdout else {"error": done.stderr}


def test_it_adds_a_klantcontact_and_reads_the_answer(zaaksysteem: list[str | Path], gateway: Running) -> None:
    status, zaak, number, read = add(zaaksysteem, gateway, soort="Di02", toelichting="Zij belde: «é» & <b>.")
    assert status == 0, read
    identificatie = read.pop("klantcontactidentificatie")
    assert read == {
        "berichtcode": "Du02",
        "crossRefnummer": number,
        "groep": "persoonlijk",
        "effect": "uitgewisseld",
    }
    with gateway.database.session() as session:
        stored = load_klantcontact(session, identificatie, rsin=cast.RSIN)
        assert stored.toelichting == "Zij belde: «é» & <b>."
        assert stored.zaak is not None
        assert stored.zaak.identificatie == zaak


@pytest.mark.parametrize(("soort", "berichtcode"), [("Di02", "Fo02"), ("Di01", "Fo03")])
def test_it_reads_the_typed_fault_of_a_refusal(
    zaaksysteem: list[str | Path], gateway: Running, soort: str, berichtcode: str
) -> None:
    status, _, _, read = add(zaaksysteem, gateway, soort=soort, toelichting="")
    assert status == 1, read
    assert read.pop("faultcode").rpartition(":")[2] == "Server"
    assert read["faultstring"].startswith("Het bericht voldoet niet aan de regels / ")
    assert read.pop("faultstring") == read.pop("omschrijving")
    assert read.pop("details").startswith(
        "KC-05: Een klantcontact heeft ten minste een toelichting of een document."
    )
    assert read == {
        "berichtcode": berichtcode,
        "code": "StUF058",
        "plek": "server",
        "bevindingen": [
            {
                "rule": "KC-05",
                "path": f"/kc:voegKlantcontactToe_{soort}/gfo:Klantcontact",
                "message": "Een klantcontact heeft ten minste een toelichting of een document.",
                "hint": "Vul gfo:Toelichting (witruimte telt niet) of voeg een document toe aan gfo:Documenten.",
            }
        ],
    }


def test_it_reads_the_confirmation_of_an_asynchronous_message(
    zaaksysteem: list[str | Path], gateway: Running
) -> None:
    status, _, number, read = add(zaaksysteem, gateway, soort="Di01", toelichting="Gebeld.")
    assert (status, read) == (0, {"berichtcode": "Bv03", "crossRefnummer": number})


def test_it_says_that_it_may_not_come_in(zaaksysteem: list[str | Path], gateway: Running) -> None:
    status, _, _, read = add(zaaksysteem, gateway, soort="Di02", toelichting="Gebeld.", password="verkeerd")
    assert status != 0
    assert "401" in read["error"] or "Unauthorized" in read["error"]


# --- every WSDL -------------------------------------------------------------------------------------------------


def operations(gateway: Running) -> dict[str, list[str]]:
    """The operations of every WSDL by its address, as the WSDL itself has them."""
    return {
        address: [
            str(operation.get("name"))
            for operation in etree.fromstring(gateway.client.get(address.removeprefix(gateway.url)).raw).iterfind(
                f"{{{WSDL}}}portType/{{{WSDL}}}operation"
            )
        ]
        for address in gateway.wsdls().values()
    }


READERS: dict[str, Command] = {
    "node-soap": lambda: [*programs.node(), HERE / "node" / "operaties.js"],
    "php": lambda: [*programs.php(), HERE / "php" / "operaties.php"],
    "zeep": lambda: [*programs.python(), HERE / "python" / "operaties.py"],
}


@pytest.mark.parametrize("name", READERS)
def test_it_finds_the_operations_of_every_wsdl(name: str, gateway: Running) -> None:
    expected = operations(gateway)
    assert len(expected) >= 8
    assert json.loads(programs.run([*READERS[name](), *expected])) == expected


def test_gsoap_makes_cpp_that_compiles_of_every_wsdl_of_klc(gateway: Running, tmp_path: Path) -> None:
    programs.gsoap()
    expected = {address: found for address, found in operations(gateway).items() if "wsdl=klc0320_" in address}
    header = programs.generate(list(expected), name="klc", folder=tmp_path)
    programs.run(["g++", "-std=c++11", "-fsyntax-only", "soapC.cpp", header.with_suffix(".cpp")], cwd=tmp_path)
    text = header.read_text()
    absent = [name for found in expected.values() for name in found if f"virtual int {name}(" not in text]
    assert absent == []
