"""TLS to a receiver: whom we trust, and the certificate by which it knows us.

TLS 1.2 or newer, the name of the receiver is always checked. What can go wrong: ConfigurationError, with the file.
"""

import ssl
from functools import cache
from pathlib import Path
from typing import Final

from stuf_klantcontact.errors import ConfigurationError

ENCRYPTED: Final = "the key is encrypted and sleutel_wachtwoord is empty"


@cache
def usual() -> ssl.SSLContext:
    """Whom this machine trusts, and no certificate of ours. Nobody may change it.

    One for all, for it takes a quarter of a second to make.
    """
    return ssl.create_default_context()


def context(
    *,
    ca: Path | None = None,
    certificaat: Path | None = None,
    sleutel: Path | None = None,
    sleutel_wachtwoord: str = "",
) -> ssl.SSLContext:
    """What a connection needs. PEM files, read now; none: whom this machine trusts, and no certificate of ours.

    With `ca` nobody else is trusted. `certificaat` has ours and those between it and its root; `sleutel` its
    private key, if that is not in the same file. Raises ConfigurationError.
    """
    if ca is None and certificaat is None and sleutel is None:
        return usual()
    try:
        found = ssl.create_default_context(cafile=ca)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"ca: {ca} has no certificates that can be read ({_why(error)})") from None
    if certificaat is None:
        if sleutel is not None:
            raise ConfigurationError("sleutel: there is no certificaat that it belongs to")
        return found

    def password() -> str:
        if not sleutel_wachtwoord:
            raise ValueError(ENCRYPTED)
        return sleutel_wachtwoord

    try:
        found.load_cert_chain(certificaat, sleutel, password=password)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"certificaat: {certificaat}, with the key in {sleutel or certificaat}, cannot be used ({_why(error)})"
        ) from None
    return found


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "not PEM"
    return (error.strerror or "not readable") if isinstance(error, OSError) else str(error)
