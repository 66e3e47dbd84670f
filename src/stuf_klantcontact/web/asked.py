"""What a request asks: in which language, from which address, with which body.

A body stays in memory: nothing of it is ever written to a file. Behind a reverse proxy the address is what the
outermost of our own proxies saw ([validator] proxies); what a client says of itself before that is not believed.
"""

from io import BytesIO
from typing import IO, Literal

import flask

Language = Literal["nl", "en"]


class Request(flask.Request):
    """A request whose files are never spooled to disk."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return BytesIO()


def language() -> Language:
    """Dutch, unless ?lang=en."""
    return "en" if flask.request.args.get("lang") == "en" else "nl"


def address(*, proxies: int) -> str:
    """Who asks, for the throttle."""
    direct = flask.request.remote_addr or ""
    if not proxies:
        return direct
    passed = [part.strip() for line in flask.request.headers.getlist("X-Forwarded-For") for part in line.split(",")]
    return passed[-proxies] if len(passed) >= proxies else direct
