"""Who is the zender, who is the opvoerder, what may they do.

The zender is whom HTTP Basic says it is; stuurgegevens must agree with it. A password is checked against an argon2
hash, which takes about 0.15 s of CPU on purpose; a credential that was right is therefore remembered for a short
time, by keyed hash in memory, and only a few are checked at once. What can go wrong: Denied, for the door to answer
401 with, or Busy, for 503; the sentences never say which half of the credential was wrong.

StUF 03.01 §4.2; the opvoerder is judged by KC-06 and KC-07 (docs/mapping.md §4).
"""

import base64
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from stuf_klantcontact.errors import GatewayError, Text
from stuf_klantcontact.settings import Gateway, Zender
from stuf_klantcontact.stuurgegevens import Systeem

REMEMBERED_SECONDS: Final = 300.0
REMEMBERED_MOST: Final = 1_000
CONCURRENT_CHECKS: Final = 2
PATIENCE_SECONDS: Final = 10.0


class Denied(GatewayError):
    """The caller did not prove who it is."""

    def __init__(self, text: Text) -> None:
        self.text = text
        super().__init__(text.en)


class Busy(Denied):
    """Nobody looked: too many passwords are being checked at once. The door answers 503."""


_WHO = Text(
    nl="Meld u aan met HTTP Basic, met de gebruiker en het wachtwoord van uw systeem.",
    en="Authenticate with HTTP Basic, with the user name and password of your system.",
)
_BUSY = Text(
    nl="Er worden te veel wachtwoorden tegelijk gecontroleerd; probeer het zo weer.",
    en="Too many passwords are being checked at once; try again shortly.",
)


@dataclass(slots=True)
class Access:
    """The door-keeper of one process. `zenders` as configured, `monotonic` a clock in seconds."""

    zenders: Mapping[str, Zender]
    monotonic: Callable[[], float] = time.monotonic
    hasher: PasswordHasher = field(default_factory=PasswordHasher, repr=False)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _right: dict[bytes, tuple[str, float]] = field(default_factory=dict, repr=False)
    _wrong: dict[bytes, tuple[str, float]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _checks: threading.Semaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(CONCURRENT_CHECKS), repr=False
    )
    _dummy: str = field(default="", repr=False)

    def authenticate(self, authorization: str | None) -> str:
        """The applicatie of the caller, from the Authorization header. Raises Denied."""
        gebruiker, wachtwoord = _credentials(authorization)
        seal = hmac.digest(self._key, f"{gebruiker}:{wachtwoord}".encode(), "sha256")
        applicatie = self._remembered(seal)
        if applicatie is None:
            applicatie = self._check(gebruiker, wachtwoord, seal=seal)
        if not applicatie:
            raise Denied(_WHO)
        return applicatie

    def _remembered(self, seal: bytes) -> str | None:
        """The applicatie, or "" for a credential that was wrong; None when neither is known (any longer)."""
        with self._lock:
            known = self._right.get(seal) or self._wrong.get(seal)
        return known[0] if known is not None and self.monotonic() < known[1] else None

    def _remember(self, seal: bytes, applicatie: str) -> None:
        with self._lock:
            # Whoever guesses passwords cannot make us forget those that were right.
            remembered = self._right if applicatie else self._wrong
            if len(remembered) >= REMEMBERED_MOST:
                remembered.clear()
            remembered[seal] = (applicatie, self.monotonic() + REMEMBERED_SECONDS)

    def _check(self, gebruiker: str, wachtwoord: str, *, seal: bytes) -> str:
        """The applicatie, or "" when the credential is wrong; both are remembered."""
        found = next(((a, z) for a, z in self.zenders.items() if z.gebruiker and z.gebruiker == gebruiker), None)
        if not self._checks.acquire(timeout=PATIENCE_SECONDS):
            raise Busy(_BUSY)
        try:
            # A busy system comes with many requests at once: what another has just found need not be found again.
            applicatie = self._remembered(seal)
            if applicatie is None:
                # An unknown user costs as much as a known one, so that time does not tell them apart.
                known = self._is_right(found[1].wachtwoord_hash if found else "", wachtwoord)
                applicatie = found[0] if found and known else ""
                self._remember(seal, applicatie)
            return applicatie
        finally:
            self._checks.release()

    def _is_right(self, stored: str, wachtwoord: str) -> bool:
        if not self._dummy:
            self._dummy = self.hasher.hash(secrets.token_hex(16))
        try:
            self.hasher.verify(stored or self._dummy, wachtwoord)
        except (VerificationError, InvalidHashError):
            return False
        return stored != ""


def is_known(systeem: Systeem, *, zenders: Mapping[str, Zender], gateway: Gateway) -> bool:
    """Whether stuurgegevens.zender is one of ours (else StUF013)."""
    zender = zenders.get(systeem.applicatie)
    if zender is None:
        return False
    return systeem.organisatie == (zender.organisatie or gateway.organisatie) and (
        not zender.administratie or systeem.administratie == zender.administratie
    )


def is_us(systeem: Systeem, *, gateway: Gateway) -> bool:
    """Whether stuurgegevens.ontvanger is this gateway (else StUF010)."""
    return (systeem.organisatie, systeem.applicatie, systeem.administratie) == (
        gateway.organisatie,
        gateway.applicatie,
        gateway.administratie,
    )


def may(zender: Zender, *, operatie: str) -> bool:
    """Whether the zender may use an operation (else StUF052): listed in its `operaties`."""
    return operatie in zender.operaties


def hash_password(password: str) -> str:
    """The argon2 hash to put in gateway.toml."""
    return PasswordHasher().hash(password)


def _credentials(authorization: str | None) -> tuple[str, str]:
    scheme, _, packed = (authorization or "").partition(" ")
    if scheme.lower() != "basic" or len(packed) > 1_000:
        raise Denied(_WHO)
    try:
        gebruiker, colon, wachtwoord = base64.b64decode(packed.strip(), validate=True).decode().partition(":")
    except ValueError:
        raise Denied(_WHO) from None
    if not colon:
        raise Denied(_WHO)
    return gebruiker, wachtwoord
