"""What the gateway is held against, under the same server with as many processes and threads.

floor: one durable INSERT of the request's bytes by psycopg, and a fixed answer: nothing that must not be lost can
be cheaper. spyne: Spyne as it is meant to be used, with classes and its lxml validator, and nothing stored.
"""

import argparse
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg

from stuf_klantcontact import server
from stuf_klantcontact.names import GFOZAKEN, KC, STUF0301
from stuf_klantcontact.soap import layer  # noqa: F401 - makes Spyne importable on every supported Python

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
TABLE = "CREATE TABLE IF NOT EXISTS benchmark_floor (id bigint GENERATED ALWAYS AS IDENTITY, raw bytea NOT NULL)"


@dataclass(frozen=True, slots=True)
class Served:
    """What server.run wants."""

    wsgi: WSGI

    def close(self) -> None:
        """Nothing is held that the end of the process does not give back."""


def floor(conninfo: str) -> Served:
    """One INSERT in its own transaction for each request; a connection for each thread."""
    own = threading.local()
    answer = b"<ok/>"
    headers = [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(answer)))]

    def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        raw = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        if not hasattr(own, "connection"):
            own.connection = psycopg.connect(conninfo, autocommit=True)
        own.connection.execute("INSERT INTO benchmark_floor (raw) VALUES (%b)", (raw,))
        start_response("200 OK", headers)
        return [answer]

    return Served(wsgi)


def spyne() -> Served:
    """The same message as classes, except that Klantcontact stands in the namespace of the message.

    (An element of another namespace than its parent's type is more than Spyne's schemas can say.)
    """
    from spyne import Application, ComplexModel, ComplexModelBase, DateTime, ServiceBase, Unicode, rpc
    from spyne.protocol.soap import Soap11
    from spyne.server.wsgi import WsgiApplication

    def model(name: str, namespace: str, *fields: tuple[str, Any]) -> type[ComplexModelBase]:
        members = {"__namespace__": namespace, "_type_info": list(fields)}
        made: type[ComplexModelBase] = type(ComplexModel)(name, (ComplexModel,), members)
        return made

    text = Unicode(min_occurs=1, nillable=False)
    systeem = model("Systeem", STUF0301, ("organisatie", text), ("applicatie", text))
    stuurgegevens = model(
        "Stuurgegevens",
        STUF0301,
        ("berichtcode", Unicode(values=["Di02", "Du02"])),
        ("zender", systeem),
        ("ontvanger", systeem),
        ("referentienummer", Unicode(max_len=40)),
        ("tijdstipBericht", Unicode(pattern="[0-9]{8,17}")),
        ("crossRefnummer", Unicode(max_len=40)),
        ("functie", text),
    )
    medewerker = model(
        "Medewerker",
        GFOZAKEN,
        *((local, text) for local in ("Identificatie", "Achternaam", "Voorletters", "Voorvoegsel")),
    )
    klantcontact = model(
        "Klantcontact",
        GFOZAKEN,
        ("DatumGezet", DateTime),
        ("Documenten", model("Documenten", GFOZAKEN)),
        ("Opvoerder", model("Opvoerder", GFOZAKEN, ("Medewerker", medewerker))),
        ("Toelichting", text),
        ("Type", Unicode(values=["click", "call", "face", "mail", "e-mail"])),
    )
    answer = model(
        "Antwoord",
        KC,
        ("stuurgegevens", stuurgegevens),
        ("klantcontactidentificatie", text),
        ("groep", text),
        ("effect", text),
    )

    class Service(ServiceBase):  # type: ignore[misc]
        @rpc(
            stuurgegevens,
            Unicode(max_len=40),
            klantcontact,
            _args=("stuurgegevens", "zaakidentificatie", "Klantcontact"),
            _returns=answer,
            _in_message_name="voegKlantcontactToe_Di02",
            _out_message_name="voegKlantcontactToe_Du02",
        )  # type: ignore[untyped-decorator]
        def voeg_toe(ctx: Any, *words: Any) -> Any:  # noqa: N805 - Spyne calls it so
            asked, _, contact = words
            header = stuurgegevens(
                berichtcode="Du02",
                zender=asked.ontvanger,
                ontvanger=asked.zender,
                referentienummer=asked.referentienummer,
                tijdstipBericht=asked.tijdstipBericht,
                crossRefnummer=asked.referentienummer,
                functie=asked.functie,
            )
            return answer(
                stuurgegevens=header,
                klantcontactidentificatie="KC202600000001",
                groep=contact.Type,
                effect="bewaard",
            )

    application = Application(
        [Service], KC, name="stock", in_protocol=Soap11(validator="lxml"), out_protocol=Soap11()
    )
    return Served(WsgiApplication(application))


def for_spyne(message: bytes) -> bytes:
    """The gateway's message as `spyne` knows it."""
    return message.replace(b"<gfo:Klantcontact>", b"<kc:Klantcontact>").replace(
        b"</gfo:Klantcontact>", b"</kc:Klantcontact>"
    )


def main() -> int:
    """Serve one of the two until a signal."""
    words = argparse.ArgumentParser()
    words.add_argument("peer", choices=("floor", "spyne"))
    words.add_argument("--port", type=int, required=True)
    words.add_argument("--workers", type=int, required=True)
    words.add_argument("--threads", type=int, required=True)
    given = words.parse_args()
    # The address has a password in it, so it comes by standard input.
    build: partial[Served] = (
        partial(floor, sys.stdin.readline().strip()) if given.peer == "floor" else partial(spyne)
    )
    return server.run(build, port=given.port, workers=given.workers, threads=given.threads)


if __name__ == "__main__":
    sys.exit(main())
