"""A municipality whose gateway runs in processes of its own, that may be killed and started again."""

import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from conftest import need
from crash.processes import Family, wait_until
from stuf_klantcontact import contract
from stuf_klantcontact.testing import FakeZaakmagazijn, SoapClient, cast, closed_port

TIMEOUT = 2.0
LEASE_MARGIN = 1.0
"""Together they are the lease, of which the end is awaited after a kill."""

SENDERS = """
[gateway]
organisatie = "{organisatie}"
rsin = "{rsin}"
data_dir = "{folder}/data"
database_url = "{database_url}"

[zender.MIJNZAKEN]
gebruiker = "mijnzaken"
wachtwoord_hash = "{password_hash}"
borgt_voor_opvoerder = true
operaties = ["voegKlantcontactToe"]

[zender.ZAAKSYSTEEM]
gebruiker = "zaaksysteem"
wachtwoord_hash = "{password_hash}"
operaties = ["zaken"]

[zaaktype.{zaaktype}]
klantcontacten = true
medewerkers = ["jdevries"]
"""
"""A gateway with its two senders."""

SETTINGS = f"""{SENDERS}
[delivery]
poll = 0.1
lease = {{lease}}
first_retry = 0.5
longest_retry = 2.0
"""

ABONNEE = """
[abonnee.{abonnee}]
profiel = "{profiel}"
endpoint = "{endpoint}"
timeout = {timeout}
"""


@dataclass
class Municipality:
    """A configuration, a zaakmagazijn that judges and dedupes, and a client for the senders."""

    folder: Path
    config: Path
    port: int
    zaakmagazijn: FakeZaakmagazijn
    client: SoapClient
    _stack: ExitStack = field(repr=False)
    _started: int = 0
    _plans: int = 0

    def crash(self, place: str, *, nth: int) -> None:
        """Have the process die that comes to this place for the nth time from now."""
        self._plans += 1
        (self.folder / "died").unlink(missing_ok=True)
        draft = self.folder / "plan.new"
        draft.write_text(f"{place}\n{nth}\n{self._plans}\n", encoding="utf-8")
        draft.rename(self.folder / "plan")

    def wait_for_death(self) -> None:
        """Return when a process came to its place and ended itself."""
        wait_until((self.folder / "died").exists, seconds=30, what="nobody came to that place")

    def start(self, *, workers: int = 1, delivery: bool = True) -> Family:
        """`serve`, ready to take messages; it is ended with the municipality."""
        options = ["--port", str(self.port), "--workers", str(workers)] + ([] if delivery else ["--no-delivery"])
        family = self._family("serve", *options)
        wait_until(lambda: family.head.poll() is not None or self.is_ready(), seconds=60, what="not ready")
        assert family.head.poll() is None, family.log.read_text()
        return family

    def deliver(self) -> Family:
        """`deliver` alone."""
        return self._family("deliver")

    def is_ready(self) -> bool:
        """Whether the gateway answers, and its database too."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _family(self, command: str, *options: str) -> Family:
        self._started += 1
        return self._stack.enter_context(
            Family(
                command,
                "--config",
                str(self.config),
                *options,
                folder=self.folder,
                log=self.folder / f"{command}-{self._started}.log",
                environment={"CRASH_PLAN": str(self.folder / "plan"), "LEASE_MARGIN": str(LEASE_MARGIN)},
            )
        )


@contextmanager
def municipality(
    folder: Path,
    *,
    password_hash: str,
    database_url: str = "embedded",
    delay: float = 0.0,
    profiel: str = "zkn0320",
) -> Iterator[Municipality]:
    """Everything but the gateway is there.

    `delay` is how long the zaakmagazijn takes over a message, `profiel` what it speaks.
    """
    need(Path("/proc/self/environ").exists(), "processes are found again in /proc")
    behaviour = "slow" if delay else "well-behaved"
    judging = contract.load_zaakdocumenten() if profiel == "zds0120" else contract.load()
    with (
        FakeZaakmagazijn(contract=judging, behaviour=behaviour, delay=delay) as zaakmagazijn,
        ExitStack() as stack,
    ):
        config = write_config(
            folder,
            password_hash=password_hash,
            database_url=database_url,
            endpoints={"ZAAKMAGAZIJN": zaakmagazijn.url},
            profiel=profiel,
        )
        port = closed_port()
        client = SoapClient(f"http://127.0.0.1:{port}", timeout=15.0)
        yield Municipality(folder, config, port, zaakmagazijn, client, stack)


def write_config(
    folder: Path, *, password_hash: str, database_url: str, endpoints: Mapping[str, str], profiel: str = "zkn0320"
) -> Path:
    """The configuration of a municipality with an abonnee at each of the endpoints."""
    config = folder / "gateway.toml"
    text = SETTINGS.format(
        organisatie=cast.ORGANISATIE,
        rsin=cast.RSIN,
        folder=folder,
        database_url=database_url,
        password_hash=password_hash,
        zaaktype=cast.ZAAKTYPE,
        lease=TIMEOUT + LEASE_MARGIN,
    )
    text += "".join(
        ABONNEE.format(abonnee=abonnee, profiel=profiel, endpoint=endpoint, timeout=TIMEOUT)
        for abonnee, endpoint in endpoints.items()
    )
    config.write_text(text, encoding="utf-8")
    return config
