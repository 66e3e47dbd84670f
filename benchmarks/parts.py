"""Where the time of one message goes, in one process and one thread: microseconds of each part."""

import base64
import io
import time
from collections import defaultdict
from statistics import median
from typing import Any

from benchmarks.figure import Figure
from benchmarks.stage import GEBRUIKER, PORT, Stage
from stuf_klantcontact import contract as contracts
from stuf_klantcontact import parsing, soap
from stuf_klantcontact.access import Access
from stuf_klantcontact.intake import PORTS, Answer, Intake, Received
from stuf_klantcontact.soap.layer import SpyneLayer
from stuf_klantcontact.store import Statement, open_database

FIRST_NUMBER = 10**20
"""Where the numbers of these messages begin, out of reach of those that `load` gives."""

WARM_UP = 50


class _Clocked:
    """Adds up the time that statements take, until the server has answered, while it is entered."""

    def __init__(self) -> None:
        self.spent = 0.0
        self._row = Statement.row

    def __enter__(self) -> "_Clocked":
        def row(statement: Statement, connection: Any, parameters: Any) -> Any:
            begin = time.perf_counter()
            try:
                return self._row(statement, connection, parameters)
            finally:
                self.spent += time.perf_counter() - begin

        Statement.row = row  # type: ignore[assignment, method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        Statement.row = self._row  # type: ignore[method-assign]


def measure(stage: Stage, *, messages: int) -> list[Figure]:
    """Messages through the door without HTTP, with the time taken at each threshold."""
    contract = contracts.load()
    database = open_database(stage.settings, pool_size=1)
    clocked = _Clocked()
    try:
        intake = Intake(stage.settings, database=database, contract=contract)
        accepting: list[float] = []

        def accept(received: Received) -> Answer:
            begin = time.perf_counter()
            try:
                return intake.accept(received)
            finally:
                accepting.append(time.perf_counter() - begin)

        door = soap.build(
            accept=accept,
            authenticate=Access(stage.settings.zender).authenticate,
            trouble=intake.trouble,
            contract=contract,
            limits=stage.settings.limits,
            ports=PORTS,
            address="http://127.0.0.1",
        )
        layer = SpyneLayer()
        spent: dict[str, list[float]] = defaultdict(list)
        for number in range(-WARM_UP, messages):
            raw = stage.request(FIRST_NUMBER + number)
            environ = _environ(stage, raw)
            clocked.spent = 0.0
            with clocked:
                total = _seconds(lambda: _answer(door, environ))  # noqa: B023
            read = _seconds(lambda: parsing.read(raw, limits=stage.settings.limits, schema=contract.envelope))  # noqa: B023
            through_spyne = _seconds(lambda: layer.run(lambda: (b"<ok/>", False)))
            if number < 0:
                continue
            spent["guard + XSD"].append(read)
            spent["Spyne layer"].append(through_spyne)
            spent["rules and mapping"].append(accepting[-1] - clocked.spent)
            spent["database (two statements)"].append(clocked.spent)
            spent["rest (transport, authentication, envelope)"].append(total - accepting[-1] - read - through_spyne)
            spent["one message, in process"].append(total)
    finally:
        database.close()
    whole = median(spent["one message, in process"]) * 1e6
    return [
        Figure(name, value, "µs", peer="one message", peer_value=whole, ratio=value / whole)
        for name, seconds in spent.items()
        for value in (median(seconds) * 1e6,)
    ]


def _answer(door: soap.Door, environ: dict[str, Any]) -> None:
    def start_response(status: str, headers: Any) -> None:
        if not status.startswith("200"):
            raise RuntimeError(f"the door answered {status}")

    b"".join(door(environ, start_response))


def _environ(stage: Stage, raw: bytes) -> dict[str, Any]:
    """What granian hands over."""
    word = base64.b64encode(f"{GEBRUIKER}:{stage.password}".encode()).decode("ascii")
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"{soap.PATH}{PORT}",
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_AUTHORIZATION": f"Basic {word}",
        "HTTP_SOAPACTION": '""',
        "CONTENT_TYPE": "text/xml; charset=utf-8",
        "CONTENT_LENGTH": str(len(raw)),
        "wsgi.input": io.BytesIO(raw),
    }


def _seconds(action: Any) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin
