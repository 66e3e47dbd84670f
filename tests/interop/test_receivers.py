"""Receivers that nobody here wrote, built from our WSDL, take what the delivery process sends."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from interop import programs
from interop.gateway import Running
from standin import until
from stuf_klantcontact.testing import cast


@dataclass(frozen=True)
class Receiver:
    """A zaakmagazijn that runs, and the file with what it kept."""

    name: str
    output: Path

    def kept(self, about: str) -> list[dict[str, Any]]:
        """What it read of the messages about a contact."""
        lines = self.output.read_text(encoding="utf-8").splitlines()
        read = [json.loads(line) for line in lines if line.startswith("{")]
        return [message for message in read if message["identificatie"].startswith(about)]


@pytest.fixture(params=["NODE", "PHP"])
def receiver(request: pytest.FixtureRequest, gateway: Running, tmp_path: Path) -> Iterator[Receiver]:
    """A zaakmagazijn that listens."""
    name, log, kept = request.param, tmp_path / "log", tmp_path / "bewaard"
    wsdl, port = gateway.wsdls()["klc0320_ontvangAsynchroon"], gateway.ports[request.param]
    here = programs.HERE
    if name == "NODE":
        command = [*programs.node(), here / "node" / "zaakmagazijn.js", wsdl, str(port)]
        with programs.process(command, log=log) as started:
            assert until(lambda: "klaar" in log.read_text() or started.poll() is not None)
            assert started.poll() is None, log.read_text()
            yield Receiver(name, log)
    else:
        command = [*programs.php(), "-S", f"127.0.0.1:{port}", here / "php" / "zaakmagazijn.php"]
        with programs.process(command, log=log, WSDL=wsdl, BEWAARD=str(kept)) as started:
            assert until(lambda: "started" in log.read_text() or started.poll() is not None)
            assert started.poll() is None, log.read_text()
            yield Receiver(name, kept)


def test_it_takes_a_contact_with_its_document_and_refuses_another(receiver: Receiver, gateway: Running) -> None:
    zaak = gateway.zaak(receiver.name)
    contact = {"pdf": cast.PDF, "partij": "vestiging", "medewerker": "jdevries", "uitkomst": "beantwoord"}
    taken = gateway.contact(zaak, onderwerp="vraag", **contact)
    item = gateway.settled(taken)
    assert (item.state, item.code) == ("delivered", "Bv03")
    assert gateway.settled(taken, soort="iobLk01").state == "delivered"
    document = {"soort": "iobLk01", "identificatie": f"{taken}-1", "titel": "Bouwtekening", "bytes": len(cast.PDF)}
    assert receiver.kept(taken) == [
        document,
        {
            "soort": "klcLk01",
            "identificatie": taken,
            "onderwerp": "vraag",
            "zaak": zaak,
            "vestiging": cast.VESTIGING,
            "documenten": [f"{taken}-1"],
        },
    ]
    refused = gateway.contact(zaak, onderwerp="weiger", **contact)
    item = gateway.settled(refused)
    assert (item.state, item.code) == ("held", "StUF058")
    assert "Dit onderwerp nemen wij niet aan" in item.reason
    assert [message["soort"] for message in receiver.kept(refused)] == ["iobLk01"]
