"""The HTTP guard of the SOAP door: what is refused before a byte of the message is read or parsed.

Everything it refuses raises Rejected: a status, a rule "HTTP-…", and a sentence in Dutch and English that says what
to send instead. (SOAP 1.1 §6; RFC 9110 §8 and §9; RFC 9112 §6; protocolbindingen §3.)
"""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from stuf_klantcontact.errors import Text
from stuf_klantcontact.parsing.multipart import MTOM_TYPE, Related, related

SOAP_ACTION_BYTES: Final = 512
BLOCK: Final = 64 * 1024

Environ = Mapping[str, Any]
Headers = Sequence[tuple[str, str]]

_LENGTH: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
_CHARSET: Final = re.compile(r"""charset=(?:"([^"]*)"|([^\s;"]*))""", re.ASCII | re.IGNORECASE)

_STATUS: Final = {
    400: "400 Bad Request",
    401: "401 Unauthorized",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    411: "411 Length Required",
    413: "413 Content Too Large",
    415: "415 Unsupported Media Type",
    503: "503 Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back over HTTP."""

    status: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Announced:
    """What the head of a request says of its body: its length (None: chunked), its charset, whether it is MTOM."""

    length: int | None
    charset: str | None = None
    related: Related | None = None


class Rejected(Exception):
    """The request never becomes a message."""

    def __init__(self, code: int, rule: str, text: Text, *, headers: Headers = ()) -> None:
        self.code, self.rule, self.text, self.headers = code, rule, text, tuple(headers)
        super().__init__(f"{code} {rule}")

    def response(self) -> Response:
        """As plain text: the sentence in both languages and the rule."""
        body = f"{self.text.nl}\n{self.text.en}\n[{self.rule}]\n".encode()
        return Response(
            _STATUS[self.code],
            (
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("X-Content-Type-Options", "nosniff"),
                *self.headers,
            ),
            body,
        )


def check(environ: Environ, *, limit: int) -> Announced:
    """Check method and headers."""
    if environ.get("REQUEST_METHOD") != "POST":
        raise Rejected(
            405,
            "HTTP-METHOD",
            Text(
                nl="Verstuur een bericht met POST; de WSDL staat op dit adres gevolgd door ?wsdl.",
                en="Send a message with POST; the WSDL is at this address followed by ?wsdl.",
            ),
            headers=[("Allow", "GET, POST")],
        )
    if environ.get("SERVER_PROTOCOL") == "HTTP/1.1" and not environ.get("HTTP_HOST"):
        raise Rejected(
            400,
            "HTTP-HOST",
            Text(nl="De header Host ontbreekt.", en="The header Host is missing."),
        )
    content_type = environ.get("CONTENT_TYPE") or ""
    parts = _related(content_type)
    charset = None if parts else _content_type(content_type)
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in ("", "identity"):
        raise Rejected(
            415,
            "HTTP-CONTENT-ENCODING",
            Text(nl="Verstuur het bericht ongecomprimeerd.", en="Send the message without compression."),
            headers=[("Accept-Encoding", "identity")],
        )
    if len(environ.get("HTTP_SOAPACTION", "")) > SOAP_ACTION_BYTES:
        raise Rejected(
            400,
            "HTTP-SOAPACTION",
            Text(
                nl=f"De header SOAPAction mag hooguit {SOAP_ACTION_BYTES} tekens zijn.",
                en=f"The header SOAPAction may have at most {SOAP_ACTION_BYTES} characters.",
            ),
        )
    return Announced(_length(environ, limit=limit), charset, parts)


def read_body(environ: Environ, *, length: int | None, limit: int) -> bytes:
    """The whole request body and no more than `limit`; `length` is what the sender announced, None if chunked."""
    stream = environ["wsgi.input"]
    most = limit + 1 if length is None else length
    body = io.BytesIO()  # gives what was written without another copy
    size = 0
    try:
        while size < most:
            block = stream.read(min(BLOCK, most - size) if size else min(most, BLOCK))
            if not block:
                break
            size += body.write(block)
    except (OSError, ValueError, RuntimeError):
        raise _incomplete() from None
    if size > limit:
        raise _too_large(limit)
    if length is not None and size < length:
        raise _incomplete()
    return body.getvalue()


def _related(value: str) -> Related | None:
    """What a multipart content type says, which must be that of MTOM for SOAP 1.1; None for any other type."""
    if not value.lstrip().lower().startswith("multipart/"):
        return None
    found = related(value)
    if found is None:
        raise Rejected(415, "HTTP-MTOM", MTOM_TYPE)
    return found


def _content_type(value: str) -> str | None:
    """The charset of a text/xml content type; anything else is refused."""
    media, _, parameters = value.partition(";")
    media = media.strip().lower()
    if media != "text/xml":
        raise Rejected(415, "HTTP-CONTENT-TYPE", _MEDIA.get(media.partition("/")[0], _MEDIA_OTHER))
    if not parameters.strip():
        return None
    found = [first or second for first, second in _CHARSET.findall(parameters)]
    if not found:
        return None
    if {charset.lower() for charset in found} - {"utf-8", "utf8"}:
        raise Rejected(
            415,
            "HTTP-CHARSET",
            Text(
                nl="Verstuur het bericht in UTF-8: Content-Type: text/xml; charset=utf-8.",
                en="Send the message in UTF-8: Content-Type: text/xml; charset=utf-8.",
            ),
        )
    return "utf-8"


def _length(environ: Environ, *, limit: int) -> int | None:
    coding = environ.get("HTTP_TRANSFER_ENCODING", "").strip().lower()
    announced = environ.get("CONTENT_LENGTH") or environ.get("HTTP_CONTENT_LENGTH")
    if coding:
        if announced or coding != "chunked":
            raise Rejected(
                400,
                "HTTP-FRAMING",
                Text(
                    nl="Gebruik Content-Length of Transfer-Encoding: chunked, niet beide en niets anders.",
                    en="Use Content-Length or Transfer-Encoding: chunked, not both and nothing else.",
                ),
            )
        return None
    if announced is None or announced == "":
        raise Rejected(
            411,
            "HTTP-LENGTH",
            Text(
                nl="Noem in de header Content-Length de lengte van het bericht.",
                en="Give the length of the message in the header Content-Length.",
            ),
        )
    if not _LENGTH.fullmatch(announced):
        raise Rejected(
            400,
            "HTTP-LENGTH",
            Text(
                nl="De header Content-Length moet uit alleen cijfers bestaan.",
                en="The header Content-Length must consist of digits only.",
            ),
        )
    length = int(announced)
    if length > limit:
        raise _too_large(limit)
    return length


def _too_large(limit: int) -> Rejected:
    return Rejected(
        413,
        "HTTP-SIZE",
        Text(
            nl=f"Een bericht mag hooguit {limit} bytes zijn.",
            en=f"A message may have at most {limit} bytes.",
        ),
    )


def _incomplete() -> Rejected:
    return Rejected(
        400,
        "HTTP-INCOMPLETE",
        Text(
            nl="Het bericht is korter dan de header Content-Length zegt; verstuur het opnieuw.",
            en="The message is shorter than the header Content-Length says; send it again.",
        ),
    )


_MEDIA_OTHER: Final = Text(
    nl="Verstuur SOAP 1.1: Content-Type: text/xml; charset=utf-8.",
    en="Send SOAP 1.1: Content-Type: text/xml; charset=utf-8.",
)
_MEDIA: Final[Mapping[str, Text]] = {
    "application": Text(
        nl="Verstuur SOAP 1.1 met Content-Type: text/xml; charset=utf-8; SOAP 1.2 wordt niet ondersteund.",
        en="Send SOAP 1.1 with Content-Type: text/xml; charset=utf-8; SOAP 1.2 is not supported.",
    ),
}
