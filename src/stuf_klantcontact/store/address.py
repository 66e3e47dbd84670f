"""The address of a database, as libpq reads it: more than one host, sockets, and what else a connection needs.

What can go wrong: ConfigurationError, which never repeats the address: it may hold a password.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from stuf_klantcontact.errors import ConfigurationError

Parameters = dict[str, str]
"""What libpq calls connection parameters: host, port, user, password, dbname, and so on."""

DEFAULTS: Final[Mapping[str, str]] = {
    "application_name": "stuf-klantcontact",
    "connect_timeout": "3",
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    # A replica, or a server that was made one, is never taken for the database.
    "target_session_attrs": "read-write",
}

_SCHEME: Final = re.compile(r"postgres(?:ql)?(?:\+psycopg)?://")
_LISTS: Final = ("host", "hostaddr", "port")


def parameters(address: str) -> Parameters:
    """Read an address, and set what a connection needs unless the address sets it."""
    scheme = _SCHEME.match(address)
    try:
        found = conninfo_to_dict("postgresql://" + address[scheme.end() :]) if scheme else None
    except (psycopg.Error, UnicodeError, ValueError):
        found = None
    if found is None:
        raise ConfigurationError(
            'gateway.database_url must be "embedded" or an address such as postgresql://user:password@host/name; '
            "with replicas postgresql://user:password@host1:5432,host2:5432/name"
        )
    return {**DEFAULTS, **{name: str(value) for name, value in found.items()}}


def places(found: Parameters) -> list[Parameters]:
    """The parameters for each of the hosts that an address names, in its order; one when it names none."""
    lists = {name: found[name].split(",") for name in _LISTS if name in found}
    number = max((len(values) for values in lists.values()), default=1)
    return [
        {**found, **{name: values[place if len(values) > 1 else 0] for name, values in lists.items()}}
        for place in range(number)
    ]


def written(found: Parameters) -> str:
    """The address with these parameters, secrets included."""
    rest = {name: value for name, value in found.items() if DEFAULTS.get(name) != value}
    user, secret = quote(rest.pop("user", ""), safe=""), quote(rest.pop("password", ""), safe="")
    if secret:
        user += f":{secret}"
    name = quote(rest.pop("dbname", ""), safe="")
    hosts, ports = rest.get("host", "").split(","), rest.get("port", "").split(",")
    where = ""
    if not re.search(r"[/@\\%]", rest.get("host", "")) and len(ports) in (1, len(hosts)):
        ports *= len(hosts) if len(ports) == 1 else 1
        where = ",".join(
            (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
            for host, port in zip(hosts, ports, strict=True)
        )
        rest = {key: value for key, value in rest.items() if key not in ("host", "port")}
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in rest.items())
    return f"postgresql://{user}{'@' if user else ''}{where}/{name}{'?' if query else ''}{query}"
