"""Deliveries a second of one delivery process, held against a bare httpx loop; and how long a message is under way.

Both send to the same receiver, a process of its own that costs next to nothing, with as many threads, and take
turns; the receiver counts. The bare loop sends the very bytes that were delivered, and keeps nothing.
"""

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import httpx

from benchmarks.echo import MARK, Echo, echo
from benchmarks.figure import Figure
from benchmarks.intake import serving
from benchmarks.stage import GEBRUIKER, PORT, REFERENTIENUMMER, Stage, stage
from stuf_klantcontact import contract as contracts
from stuf_klantcontact import parsing
from stuf_klantcontact.intake import Intake, Received

AIM = 0.6
SENDERS = 4
"""Connections by which messages come in while their way is timed."""
_numbers = itertools.count(10**9)


def measure(*, rounds: int, messages: int) -> list[Figure]:
    """Rounds of delivering and of bare sending in turn; then the way of a message at half of that."""
    with echo() as receiver, stage(endpoint=receiver.url, toelichting=MARK + REFERENTIENUMMER) as found:
        rates: list[tuple[float, float]] = []
        for _ in range(rounds):
            _fill(found, messages=messages)
            with _delivering(found):
                receiver.wait_for(messages)
            ours = receiver.report().rate
            _send_bare(found, receiver, messages=messages)
            rates.append((ours, receiver.report().rate))
        ours = median(rate for rate, _ in rates)
        under_way = _under_way(found, receiver, rate=ours / 2, messages=messages // 2)
    bare = "bare httpx, as many threads, the same bytes"
    ratio = median(mine / theirs for mine, theirs in rates)
    cuts = quantiles(under_way, n=100)
    half = "at half load"
    return [
        Figure("deliveries, one process", ours, "/s", bare, median(b for _, b in rates), ratio, at_least=AIM),
        Figure(f"Du02 to arrival, median, {half}", cuts[49] * 1000, "ms", *_second(cuts[49])),
        Figure(f"Du02 to arrival, p99, {half}", cuts[98] * 1000, "ms", *_second(cuts[98])),
    ]


def _second(value: float) -> tuple[str, float, float]:
    return "a second", 1000.0, value


def _fill(stage: Stage, *, messages: int) -> None:
    """Take so many contacts, each about the next zaak, as the door would."""
    contract = contracts.load()
    intake = Intake(stage.settings, database=stage.database, contract=contract)
    for _ in range(messages):
        raw = stage.request(next(_numbers))
        envelope = parsing.read(raw, limits=stage.settings.limits, schema=contract.envelope)
        if intake.accept(Received(PORT, raw, next(iter(stage.settings.zender)), envelope, None)).fault:
            raise RuntimeError("a message of the benchmark was refused")


@contextmanager
def _delivering(stage: Stage) -> Iterator[None]:
    """The real `deliver`, until the end of the block."""
    command = [sys.executable, "-m", "stuf_klantcontact", "deliver", "--config", str(stage.config)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def _send_bare(stage: Stage, receiver: Echo, *, messages: int) -> None:
    with stage.database.connection() as connection:
        row = connection.execute("SELECT action, body FROM outbox_item WHERE body IS NOT NULL LIMIT 1").fetchone()
    if row is None:
        raise RuntimeError("nothing was delivered")
    (abonnee,) = stage.settings.abonnee.values()
    body = stage.config.parent / "body"
    body.write_bytes(row[1])
    words = [receiver.url, row[0], str(body), str(messages), str(abonnee.gelijktijdig)]
    subprocess.run([sys.executable, "-m", "benchmarks.delivery", *words], check=True)


def _bare(url: str, action: str, body: Path, messages: int, threads: int) -> None:
    """What a loop of httpx does that only wants the answer."""
    content = body.read_bytes()
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}
    left = iter(range(messages))
    turn = threading.Lock()

    def send() -> None:
        while True:
            with turn:
                if next(left, None) is None:
                    return
            client.post(url, content=content, headers=headers).raise_for_status()

    with httpx.Client(trust_env=False) as client, ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(send) for _ in range(threads)]:
            done.result()


def _under_way(stage: Stage, receiver: Echo, *, rate: float, messages: int) -> list[float]:
    """Seconds from the sender's answer to the arrival at the receiver, of each message, at a steady rate."""
    answered: dict[int, float] = {}
    client = httpx.Client(auth=(GEBRUIKER, stage.password), trust_env=False)
    with _delivering(stage), serving(stage) as port, client, ThreadPoolExecutor(SENDERS) as pool:
        url = f"http://127.0.0.1:{port}/soap/{PORT}"
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}

        def send(number: int) -> None:
            client.post(url, content=stage.request(number), headers=headers).raise_for_status()
            answered[number] = time.monotonic()

        for _ in range(SENDERS * 10):  # both processes have begun, and are warm
            send(next(_numbers))
        receiver.wait_for(SENDERS * 10)
        answered.clear()
        begin = time.monotonic()
        for place in range(messages):
            time.sleep(max(0.0, begin + place / rate - time.monotonic()))
            pool.submit(send, next(_numbers))
        receiver.wait_for(SENDERS * 10 + messages)
    arrived = receiver.report().marked
    return [max(0.0, arrived[number] - moment) for number, moment in answered.items()]


if __name__ == "__main__":
    _bare(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
