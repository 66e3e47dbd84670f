"""Which settings are secret, and which parts of an address; what may be shown of them.

An address that is not what it should be may hold a password in any place: then nothing of it is shown.
"""

import re
from typing import Final
from urllib.parse import unquote

MASK: Final = "***"

_SECRET: Final = re.compile(r"passw|wachtwoord|secret|token|credential|gebruikers|(?:api|client|server).?key", re.I)
"""Names of settings, of parameters of libpq and of what is put into the query of an address."""


def is_secret(name: str) -> bool:
    """Whether the value of a setting, or of a parameter in an address, is for nobody to read."""
    return bool(_SECRET.search(name))


def shown(address: str) -> str:
    """An address of HTTP or of a database without its secrets: ``postgresql://user:***@host/name``."""
    scheme, mark, rest = address.partition("://")
    if not mark:
        return MASK if set("@=") & set(address) else address
    authority, tail = re.fullmatch(r"([^/?#]*)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
    if "@" in tail:  # it may be the rest of a password in which a / is not written as %2F
        return f"{scheme}://{MASK}"
    userinfo, at, host = authority.rpartition("@")
    user, colon, _ = userinfo.partition(":")
    path, question, query = tail.partition("?")
    return f"{scheme}://{user}{colon and ':' + MASK}{at}{host}{path}{question}" + re.sub(
        r"([^&;=#]*)=([^&;#]*)",
        lambda found: f"{found[1]}={MASK}" if is_secret(unquote(found[1])) else found[0],
        query,
    )
