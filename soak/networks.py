"""Gateways and workers on networks of their own against one PostgreSQL: throughput, a cut cable, a paused worker.

Everything runs in namespaces that are made for it and go with it: a bridge without a way out, and behind it one
network for the database, for each gateway and for each worker, with addresses that exist nowhere (RFC 5737). It
needs Linux, root and the programs of PROGRAMS. What can go wrong: AssertionError, with what did not come true.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from crash.municipality import SENDERS
from soak.promise import Promise
from stuf_klantcontact import outbox
from stuf_klantcontact.access import hash_password
from stuf_klantcontact.store import Database, keeper, programs, upgrade
from stuf_klantcontact.testing import FakeZaakmagazijn, SoapClient, cast

ROOT: Final = Path(__file__).resolve().parent.parent
FAILPOINTS: Final = ROOT / "tests" / "crash" / "failpoints"
"""Shortens the lease, of which the end is awaited."""

PROGRAMS: Final = ("ip", "unshare", "nsenter", "setpriv")
NETWORK: Final = "192.0.2"
"""TEST-NET-1: nobody's."""
HERE: Final = f"{NETWORK}.1"
"""The bridge: the zaakmagazijn, and who sends and looks."""
ABONNEE: Final = "ZAAKMAGAZIJN"
ROLE: Final = "klantcontact"

GATEWAYS: Final = ("gateway1", "gateway2")
WORKERS: Final = ("worker1", "worker2", "worker3")
TIMEOUT, MARGIN = 1.5, 1.0
LEASE: Final = TIMEOUT + MARGIN
ANSWER: Final = 0.05
"""Seconds that the zaakmagazijn takes over a message."""
AT_ONCE: Final = 4

SETTINGS: Final = f"""{SENDERS}
[abonnee.{{abonnee}}]
endpoint = "{{endpoint}}"
timeout = {{timeout}}
gelijktijdig = {{at_once}}

[delivery]
poll = 0.1
lease = {{lease}}
first_retry = 0.3
longest_retry = 1.0
"""

# Who wrote what, by the address it came from: that tells a write with an old token from one with the right one.
WITNESS: Final = """
CREATE TABLE witness (id bigserial, at timestamptz DEFAULT clock_timestamp(), who inet, item bigint, state text);
CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness (who, item, state) VALUES (inet_client_addr(), NEW.item_id, NEW.state); RETURN NULL; END $$;
CREATE TRIGGER witness AFTER INSERT ON outbox_event FOR EACH ROW EXECUTE FUNCTION witness();
"""


@dataclass
class Figures:
    """What came of it. All counts but `messages`, `repeats`, `taken_over` and `refused` must be 0."""

    throughput: dict[str, float] = field(default_factory=dict)
    cut_seconds: float = 0.0
    messages: int = 0
    repeats: int = 0
    taken_over: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    old_tokens_accepted: int = 0
    lost: int = 0
    reordered: int = 0
    renumbered: int = 0
    gone_silent: int = 0

    def promises(self) -> list[Promise]:
        """The lines of the table."""
        how = f"{AT_ONCE} at a time, {ANSWER * 1000:g} ms each"
        return [
            *(
                Promise(f"{workers} worker(s), {how}", f"{rate:.0f} deliveries/s")
                for workers, rate in self.throughput.items()
            ),
            Promise("a worker cut off and one stopped, for", f"{self.cut_seconds:.0f} s", f"> {LEASE:g} s"),
            Promise("  items taken over by another", str(self.taken_over), "> 0", self.taken_over > 0),
            *(
                Promise(f"  late writes of {name} refused", str(count), "> 0", count > 0)
                for name, count in self.refused.items()
            ),
            _none("  writes with an old fencing token accepted", self.old_tokens_accepted),
            _none("  workers that did not come back", self.gone_silent),
            _none(f"lost of {self.messages} messages", self.lost),
            _none("zaken out of order", self.reordered),
            _none("messages with another referentienummer", self.renumbered),
            Promise("repeats at the receiver", str(self.repeats)),
        ]


def _none(what: str, count: int) -> Promise:
    return Promise(what, str(count), "0", count == 0)


def impossible() -> str:
    """Why this cannot be played here; empty when it can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "network namespaces need root"
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"network namespaces need {', '.join(missing)} (iproute2, util-linux)"
    if not FAILPOINTS.exists():
        return "only in a checkout"
    if subprocess.run([*_APART, "true"], capture_output=True, check=False).returncode != 0:
        return "this machine lets nobody make namespaces"
    return ""


# A process namespace too: whatever happens to us, nothing of it is left.
_APART: Final = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


def run(*, short: bool) -> Sequence[Promise]:
    """Play it."""
    assert not impossible(), impossible()
    words = [*_APART, sys.executable, "-m", "soak.networks", *(["--short"] if short else [])]
    path = os.pathsep.join(
        filter(None, (str(ROOT), str(ROOT / "src"), str(ROOT / "tests"), os.environ.get("PYTHONPATH")))
    )
    done = subprocess.run(
        words, stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, text=True, check=False
    )
    assert done.returncode == 0, f"the play ended with {done.returncode}"
    return Figures(**json.loads(done.stdout.splitlines()[-1])).promises()


# --- inside the namespaces ----------------------------------------------------------------------------------------


class Networks:
    """The bridge and what hangs on it."""

    def __init__(self) -> None:
        # `ip netns` keeps its names in /run/netns; in our own mount namespace, so that nobody else sees them.
        _run("mount", "-t", "tmpfs", "tmpfs", "/run")
        _run("ip", "link", "set", "lo", "up")
        _run("ip", "link", "add", "bridge", "type", "bridge")
        _run("ip", "address", "add", f"{HERE}/24", "dev", "bridge")
        _run("ip", "link", "set", "bridge", "up")
        self._number = 9

    def add(self, name: str) -> str:
        """A network with one machine on it; its address."""
        self._number += 1
        address = f"{NETWORK}.{self._number}"
        _run("ip", "netns", "add", name)
        _run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        _run("ip", "link", "set", name, "master", "bridge", "up")
        _run("ip", "-n", name, "address", "add", f"{address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _run("ip", "-n", name, "link", "set", device, "up")
        return address

    def cable(self, name: str, *, plugged: bool) -> None:
        """Pull it out at the other end, or put it back."""
        _run("ip", "link", "set", name, "up" if plugged else "down")

    @staticmethod
    def on(name: str) -> list[str]:
        """What goes before a command to run it there."""
        return ["nsenter", f"--net=/run/netns/{name}"]


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr.strip()}"


def wait_until(condition: Callable[[], object], *, seconds: float, what: str) -> None:
    """Return when the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


@contextmanager
def postgresql(folder: Path, networks: Networks) -> Iterator[str]:
    """A PostgreSQL that listens on the address of its network only, and lets in one role with a password."""
    address = networks.add("database")
    user = programs.user_for(folder / "nothing")
    binaries = programs.folder_for(user)
    data, handover, password = folder / "data", folder / "password", secrets.token_urlsafe(24)
    data.mkdir(mode=0o700)
    handover.touch(mode=0o600)
    handover.write_text(password)
    for path in (data, handover):
        os.chown(path, user.uid, user.gid)
    done = user.run(
        binaries / "initdb", f"--pgdata={data}", f"--username={ROLE}", f"--pwfile={handover}",
        "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions",
    )  # fmt: skip
    handover.unlink()
    assert done.returncode == 0, done.stderr
    (data / "pg_hba.conf").write_text(f"host all {ROLE} {NETWORK}.0/24 scram-sha-256\n")
    options = {"listen_addresses": address, "unix_socket_directories": "", "io_method": "sync", "jit": "off"}
    with (folder / "postgresql.log").open("wb") as log:
        server = subprocess.Popen(
            [*networks.on("database"), "setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups",
             str(binaries / "postgres"), "-D", str(data),
             *(word for name, value in options.items() for word in ("-c", f"{name}={value}"))],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=keeper.environment(),
        )  # fmt: skip
    try:
        url = f"postgresql://{ROLE}:{password}@{address}/postgres"
        wait_until(lambda: _answers(url), seconds=60, what="the database answers")
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def _answers(url: str) -> bool:
    database = Database(url, pool_size=1)
    try:
        with database.connection() as connection:
            connection.execute("SELECT 1")
    except Exception:  # it starts
        return False
    finally:
        database.close()
    return True


class Play:
    """The municipality: who sends, what was acknowledged, who works, what arrived."""

    def __init__(self, stack: ExitStack, *, folder: Path) -> None:
        self.figures = Figures()
        self.networks = Networks()
        self.folder = folder
        self.password = secrets.token_urlsafe(12)
        url = stack.enter_context(postgresql(folder, self.networks))
        self.database = Database(url, pool_size=2)
        stack.callback(self.database.close)
        upgrade(self.database)
        with self.database.connection() as connection:
            connection.execute(WITNESS)
        self.zaakmagazijn = stack.enter_context(FakeZaakmagazijn(host=HERE, behaviour="slow", delay=ANSWER))
        self.config = folder / "gateway.toml"
        self.config.write_text(
            SETTINGS.format(
                organisatie=cast.ORGANISATIE, rsin=cast.RSIN, folder=self.folder, database_url=url,
                password_hash=hash_password(self.password),
                abonnee=ABONNEE, endpoint=self.zaakmagazijn.url, timeout=TIMEOUT, at_once=AT_ONCE,
                zaaktype=cast.ZAAKTYPE, lease=LEASE,
            )
        )  # fmt: skip
        self.addresses: dict[str, str] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for name in GATEWAYS:
            self._start(stack, name, "serve", "--no-delivery", "--host", "{address}")
        for name in WORKERS:
            self._start(stack, name, "deliver")
        self.clients = [SoapClient(f"http://{self.addresses[name]}:8080", timeout=30) for name in GATEWAYS]
        self.sent: dict[str, list[str]] = {}
        """For every zaak the numbers of its acknowledged klantcontacten, in order."""

    def _start(self, stack: ExitStack, name: str, *words: str) -> None:
        self.addresses[name] = address = self.networks.add(name)
        options = [word.format(address=address) for word in words]
        path = os.pathsep.join((str(FAILPOINTS), os.environ["PYTHONPATH"]))
        with self.log(name).open("wb") as log:
            process = subprocess.Popen(
                [*self.networks.on(name), sys.executable, "-m", "stuf_klantcontact", options[0],
                 "--config", str(self.config), *options[1:]],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "PYTHONPATH": path, "LEASE_MARGIN": str(MARGIN)},
            )  # fmt: skip
        self.processes[name] = process
        stack.callback(process.wait, 30)
        stack.callback(process.terminate)

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def wait_until_ready(self, zaken: Sequence[str]) -> None:
        """Return when both gateways answer, the zaken are known, and each worker has delivered."""
        for name in GATEWAYS:
            url = f"http://{self.addresses[name]}:8080/health/ready"
            wait_until(partial(_is_ready, url), seconds=180, what=f"{name} is ready")
        now = datetime.now(UTC)
        for zaak in zaken:
            message = cast.zaak(zaak, referentienummer=f"ZS-{zaak}", now=now, emailadres="")
            reply = self.clients[0].post(
                "/soap/OntvangAsynchroon", message, user="zaaksysteem", password=self.password
            )
            assert reply.name == "Bv03Bericht", reply.raw
            self.sent[zaak] = []
        for name in WORKERS:
            wait_until(partial(self._looks, name), seconds=180, what=f"{name} works")

    def _looks(self, name: str) -> bool:
        """Whether it has a connection to the database."""
        with self.database.connection() as connection:
            query = "SELECT count(*) FROM pg_stat_activity WHERE client_addr = %s AND state = 'idle'"
            row = connection.execute(query, (self.addresses[name],)).fetchone()
        return row is not None and row[0] > 0

    def send(self, *, each: int) -> int:
        """For every zaak so many contacts, alternately through one gateway and the other; how many in all."""
        zaken, errors = list(self.sent), []

        def post(part: list[str]) -> None:
            try:
                for number in range(each):
                    for zaak in part:
                        self._post(zaak, number)
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=post, args=(zaken[place::4],)) for place in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors, errors[0]
        self.figures.messages += each * len(zaken)
        return each * len(zaken)

    def _post(self, zaak: str, number: int) -> None:
        now = datetime.now(UTC) - timedelta(seconds=1)
        message = cast.contact(referentienummer=f"MZ-{zaak[-4:]}-{len(self.sent[zaak])}", now=now, zaak=zaak)
        client = self.clients[number % len(self.clients)]
        reply = client.post("/soap/VerwerkSynchroonVrijBericht", message, user="mijnzaken", password=self.password)
        assert reply.status == 200, reply.raw
        self.sent[zaak].append(reply.text("klantcontactidentificatie"))

    def open_items(self) -> int:
        with self.database.session() as session:
            return outbox.open_items(session)

    def signal(self, name: str, number: signal.Signals) -> None:
        self.processes[name].send_signal(number)

    # --- the acts -------------------------------------------------------------------------------------------------

    def throughput(self, *, workers: int, each: int) -> None:
        """How fast so many workers empty a queue."""
        with self.database.connection() as connection:
            assert outbox.pause(connection, abonnee=ABONNEE, door="soak", reason="a queue to empty")
            count = self.send(each=each)
            for name in WORKERS[workers:]:
                self.signal(name, signal.SIGSTOP)
            before = len(self.zaakmagazijn.received)
            outbox.resume(connection, abonnee=ABONNEE, door="soak")
        begin = time.monotonic()
        self.zaakmagazijn.wait_for(before + count, kept=False, timeout=300)
        seconds = time.monotonic() - begin
        for name in WORKERS[workers:]:
            self.signal(name, signal.SIGCONT)
        wait_until(lambda: self.open_items() == 0, seconds=30, what="all is settled")
        self.figures.throughput[str(workers)] = count / seconds

    def cut(self, *, seconds: float, each: int) -> None:
        """Pull the cable of one worker and stop another, both with messages under way; the third goes on."""
        self.zaakmagazijn.delay = TIMEOUT / 2
        sender = threading.Thread(target=self.send, kwargs={"each": each})
        sender.start()
        wait_until(
            lambda: min(self._under_way(WORKERS[0]), self._under_way(WORKERS[1])) > 0,
            seconds=30,
            what="both have something under way",
        )
        self.networks.cable(WORKERS[0], plugged=False)
        self.signal(WORKERS[1], signal.SIGSTOP)
        begin = time.monotonic()
        sender.join()
        self.zaakmagazijn.delay = ANSWER
        wait_until(lambda: self.open_items() == 0, seconds=120, what="the third worker takes over")
        time.sleep(max(0.0, begin + seconds - time.monotonic()))
        self.networks.cable(WORKERS[0], plugged=True)
        self.signal(WORKERS[1], signal.SIGCONT)
        self.figures.cut_seconds = max(self.figures.cut_seconds, time.monotonic() - begin)

    def _under_way(self, name: str) -> int:
        query = (
            "SELECT count(*)"
            " FROM (SELECT DISTINCT ON (item) item, who, state FROM witness ORDER BY item, id DESC) w"
            " JOIN outbox_item i ON i.id = w.item WHERE w.who = %s AND w.state = 'sending' AND i.body IS NOT NULL"
        )
        with self.database.connection() as connection:
            row = connection.execute(query, (self.addresses[name],)).fetchone()
        return 0 if row is None else int(row[0])

    def wait_until_all_work(self) -> None:
        """Return when each worker, the two that were away too, has claimed something since."""
        with self.database.connection() as connection:
            row = connection.execute("SELECT max(id) FROM witness").fetchone()
        since = row[0] if row else 0
        end = time.monotonic() + 90
        silent = set(WORKERS)
        while silent and time.monotonic() < end:
            self.send(each=1)
            with self.database.connection() as connection:
                rows = connection.execute("SELECT DISTINCT host(who) FROM witness WHERE id > %s", (since,))
                heard = {row[0] for row in rows.fetchall()}
            silent = {name for name in WORKERS if self.addresses[name] not in heard}
        self.figures.gone_silent = len(silent)
        wait_until(lambda: self.open_items() == 0, seconds=60, what="all is settled")

    def count(self) -> None:
        """Hold what was acknowledged against what arrived, and who wrote against who had the lease."""
        figures, kept = self.figures, self.zaakmagazijn.kept
        arrived: dict[str, list[str]] = {zaak: [] for zaak in self.sent}
        for message in kept:
            zaak = message.text("object/heeftBetrekkingOp/gerelateerde/zaakidentificatie")
            arrived[zaak].append(message.text("object/identificatie"))
        numbers: dict[str, set[str]] = {}
        for message in self.zaakmagazijn.received:
            numbers.setdefault(message.text("object/identificatie"), set()).add(message.referentienummer)
        figures.lost = sum(len(set(self.sent[zaak]) - set(arrived[zaak])) for zaak in self.sent)
        figures.reordered = sum(self.sent[zaak] != arrived[zaak] for zaak in self.sent)
        figures.renumbered = sum(len(found) != 1 for found in numbers.values())
        figures.repeats = len(self.zaakmagazijn.received) - len(kept)
        with self.database.connection() as connection:
            rows = connection.execute("SELECT item, host(who), state, at FROM witness ORDER BY item, id").fetchall()
        owner: dict[int, tuple[str, datetime]] = {}
        for item, who, state, at in rows:
            if state == "sending":
                figures.taken_over += item in owner and owner[item][0] != who
                owner[item] = who, at
            else:
                name, since = owner[item]
                figures.old_tokens_accepted += who != name or at - since > timedelta(seconds=LEASE)
        for name in WORKERS[:2]:
            figures.refused[name] = self.refused(name)

    def refused(self, name: str) -> int:
        """How often it was told that its lease is lost, or its connection to the database was."""
        text = self.log(name).read_text(errors="replace")
        return text.count("lease lost before") + text.count("attempt broken off")


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def play(*, short: bool) -> Figures:
    """All acts, in namespaces that were made for it."""
    zaken = [f"0518ZAAK{number:07d}" for number in range(12 if short else 100)]
    with tempfile.TemporaryDirectory(prefix="klantcontact-", dir="/var/tmp") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o711)
        town = Play(stack, folder=folder)
        town.wait_until_ready(zaken)
        for workers in (1, 2, 3):
            town.throughput(workers=workers, each=2 * workers if short else 20 * workers)
        for seconds in (LEASE + 1,) if short else (LEASE + 1, 10.0, 60.0):
            town.cut(seconds=seconds, each=2 if short else 5)
            wait_until(
                lambda: all(town.refused(name) for name in WORKERS[:2]), seconds=60, what="late writes are refused"
            )
            town.wait_until_all_work()
        town.count()
        return town.figures


if __name__ == "__main__":
    print(json.dumps(asdict(play(short="--short" in sys.argv))))
