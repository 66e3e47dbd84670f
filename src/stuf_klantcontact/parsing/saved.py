"""A multipart message as it was saved from a wire log: below its headers, or from its first boundary on.

What comes before the first boundary (a request or status line, other headers) is passed over. Raises Unreadable:
"HTTP-MTOM" when its Content-Type is no multipart of MTOM, and a rule "SOAP-MTOM-…" for what is wrong inside.
(RFC 2387; protocolbindingen §3.1.)
"""

import re
from typing import Final

from stuf_klantcontact.errors import Text
from stuf_klantcontact.limits import Limits
from stuf_klantcontact.parsing import xop
from stuf_klantcontact.parsing.multipart import HEAD_BYTES, MTOM_TYPE, Related, related
from stuf_klantcontact.parsing.refusals import Unreadable

_BEGINNING: Final = re.compile(rb"--[^\s<>]|[A-Za-z][!-9;-~]*+(?::|[ ][^\r\n<]*+\r?\n[A-Za-z][!-9;-~]*+:)")
"""A boundary, a header, or a line of HTTP with a header below it. Nothing that is XML begins so."""
_BOUNDARY: Final = re.compile(rb"--([!-~][ -~]{0,69}?)[ \t]*\r?\n")
_TYPE: Final = re.compile(rb"^content-type:[ \t]*((?:[^\r\n]|\r?\n[ \t])*+)", re.IGNORECASE | re.MULTILINE)


def is_multipart(data: bytes) -> bool:
    """Whether it looks like one; cheap enough to ask of every file."""
    if data[:1] == b"<" or not _BEGINNING.match(data):
        return False
    return data.startswith(b"--") or _TYPE.search(_head(data)) is not None


def envelope(data: bytes, *, limits: Limits) -> bytes:
    """The envelope in it, with its documents in their places; never longer than four thirds of `data`."""
    announced = _announced(data)
    if re.match(rb"[^\n]*[^\r]\n", data):
        raise Unreadable(
            "SOAP-MTOM-MULTIPART",
            Text(
                "De regels eindigen op LF, die van een multipart op CRLF.",
                "The lines end in LF, those of a multipart in CRLF.",
            ),
            hint=Text(
                "Bewaar het bericht byte voor byte zoals het verstuurd is: als tekst kunnen documenten kapot zijn.",
                "Save the message byte by byte as it was sent: saved as text, documents in it may be damaged.",
            ),
        )
    found, _ = xop.inlined(data, related=announced, limits=limits)
    return found


def _announced(data: bytes) -> Related:
    """What its Content-Type says; without headers, the boundary that it begins with."""
    bare = _BOUNDARY.match(data)
    if bare is not None:
        return Related(bare[1].decode("ascii"))
    said = _TYPE.search(_head(data))
    announced = None if said is None else related(re.sub(r"\r?\n[ \t]+", " ", said[1].decode("latin-1")))
    if announced is None:
        raise Unreadable(
            "HTTP-MTOM",
            Text(
                "Boven het bericht staan headers, maar geen Content-Type van MTOM voor SOAP 1.1.",
                "There are headers above the message, but no Content-Type of MTOM for SOAP 1.1.",
            ),
            hint=MTOM_TYPE,
        )
    return announced


def _head(data: bytes) -> bytes:
    return re.split(rb"\r?\n\r?\n", data[:HEAD_BYTES], maxsplit=1)[0]
