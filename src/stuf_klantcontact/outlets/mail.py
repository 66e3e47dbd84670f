"""Speak to one mail server; classify the answer.

The mail says that there is a contact, not what was said: zaaknummer, type, moment, the municipality's own portal.
No number of a person and no content ever go into it. The address is the stored one, one recipient a mail, so a bad
address blocks nobody. What can go wrong: an address that would break a header raises ValueError when
composing; while sending, every answer of the server and every failure of the network is an outcome.

RFC 5321 §4.2 (replies), RFC 3834 (Auto-Submitted); docs/mapping.md §5.
"""

import io
import smtplib
import socket
import ssl
import time
from contextlib import suppress
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

from stuf_klantcontact.errors import Text
from stuf_klantcontact.outlets import Attempt, Deferred, Delivered, Outcome, Refused, tls
from stuf_klantcontact.settings import Mail
from stuf_klantcontact.tijdstip import AMSTERDAM

ANSWER_BYTES: Final = 64 * 1024
"""Most that is read in one exchange: a server that means well says a few kilobytes."""

QUIT_SECONDS: Final = 2.0
"""How long a server may take to say goodbye: by then the outcome is known."""

TYPES: Final = {
    "click": Text(nl="via internet", en="through the website"),
    "call": Text(nl="per telefoon", en="by telephone"),
    "face": Text(nl="aan de balie", en="at the counter"),
    "mail": Text(nl="per post", en="by post"),
    "e-mail": Text(nl="per e-mail", en="by e-mail"),
}
_MONTHS: Final = (
    Text(nl="januari", en="January"),
    Text(nl="februari", en="February"),
    Text(nl="maart", en="March"),
    Text(nl="april", en="April"),
    Text(nl="mei", en="May"),
    Text(nl="juni", en="June"),
    Text(nl="juli", en="July"),
    Text(nl="augustus", en="August"),
    Text(nl="september", en="September"),
    Text(nl="oktober", en="October"),
    Text(nl="november", en="November"),
    Text(nl="december", en="December"),
)


def compose(
    address: str,
    *,
    zaak: str,
    type: str,
    moment: datetime,
    settings: Mail,
    referentienummer: str,
    sent: datetime,
) -> bytes:
    """The mail to one betrokkene, Dutch first; ValueError when the address is not usable."""
    kind = TYPES[type]
    local = moment.astimezone(AMSTERDAM)
    month = _MONTHS[local.month - 1]
    nl = [
        f"In uw zaak {zaak} is een contact vastgelegd: {kind.nl}, op {local.day} {month.nl} "
        f"{local:%Y} om {local:%H:%M} uur.",
        *([f"Meer leest u op {settings.portaal}"] if settings.portaal else []),
        "U kunt op dit bericht niet antwoorden.",
    ]
    en = [
        f"A contact has been recorded in your case {zaak}: {kind.en}, on {local.day} {month.en} "
        f"{local:%Y} at {local:%H:%M}.",
        *([f"Read more at {settings.portaal}"] if settings.portaal else []),
        "You cannot reply to this message.",
    ]
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = settings.afzender
        message["To"] = Address(addr_spec=address)
        message["Subject"] = "Nieuw contact in uw zaak / New contact in your case"
        message["Date"] = format_datetime(sent)
        message["Message-ID"] = f"<{referentienummer}@{settings.afzender.rpartition('@')[2].rstrip('>')}>"
        message["Auto-Submitted"] = "auto-generated"
        message["Content-Language"] = "nl, en"
        message.set_content("\n\n".join(nl) + "\n\n--\n\n" + "\n\n".join(en) + "\n", cte="quoted-printable")
        return message.as_bytes()
    except (ValueError, MessageError, IndexError):
        raise ValueError("not an address that mail can be sent to") from None  # theirs repeat the address


class MailOutlet:
    """The municipality's mail server. A connection for each mail: there are few, and they are not in a hurry."""

    def __init__(self, settings: Mail, *, timeout: float = 30.0, trust: ssl.SSLContext | None = None) -> None:
        """`timeout`: seconds for a whole exchange, however slowly the server drips."""
        self._settings = settings
        self._timeout = timeout
        self._trust = trust

    def send(self, message: bytes, *, address: str) -> Attempt:
        """Offer one mail for one recipient."""
        mail = self._settings
        try:
            server = _Exchange(mail.server, mail.port, seconds=self._timeout)
            try:
                server.ehlo_or_helo_if_needed()
                if mail.starttls:
                    server.starttls(context=self._trust or tls.usual())
                if mail.gebruiker:
                    server.login(mail.gebruiker, mail.wachtwoord)
                server.sendmail(_bare(mail.afzender), [address], message)
            finally:
                server.leave()
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return Attempt(_verdict(error, address=address))
        return Attempt(Delivered("250"))


class _Exchange(smtplib.SMTP):
    """smtplib bounds each read and each write; here all of them together have a deadline and a number of bytes."""

    def __init__(self, host: str, port: int, *, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._room = ANSWER_BYTES
        super().__init__(host, port)

    def left(self) -> float:
        """Seconds until the deadline. Raises TimeoutError when it has passed."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of the exchange has passed")
        return left

    def leave(self) -> None:
        """Say goodbye and hang up. What the server says to that, or does not say, is all the same."""
        self._deadline = min(self._deadline, time.monotonic() + QUIT_SECONDS)
        with suppress(smtplib.SMTPException, OSError, ValueError):
            self.docmd("QUIT")
        with suppress(OSError):
            self.close()

    def receive(self, buffer: "WriteableBuffer") -> int:
        """What the server says next, as far as it may go on."""
        if self.sock is None:
            return 0
        self.sock.settimeout(self.left())
        count = self.sock.recv_into(buffer)
        self._room -= count
        if self._room < 0:
            raise _Endless
        return count

    def send(self, s: "str | WriteableBuffer") -> None:
        try:
            if self.sock:
                self.sock.settimeout(self.left())
        except OSError as error:
            raise smtplib.SMTPServerDisconnected("no time is left") from error  # as for every failure to send
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock:
            self.file = io.BufferedReader(_Answers(self))
        reply = super().getreply()
        if self.sock:  # a handshake may follow
            self.sock.settimeout(max(0.001, self._deadline - time.monotonic()))
        return reply

    def _get_socket(self, host: str, port: int, timeout: object) -> socket.socket:
        failed = OSError("the name has no address")
        for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                return socket.create_connection((str(address[0]), port), self.left())
            except OSError as error:
                failed = error
        raise failed


class _Answers(io.RawIOBase):
    """What the server says, to read lines from."""

    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        return self._exchange.receive(buffer)


class _Endless(OSError):
    """The server says more than ANSWER_BYTES: what smtplib takes for a connection that is gone."""


def _bare(sender: str) -> str:
    """The address in From, without a name."""
    return sender.rpartition("<")[2].rstrip(">").strip()


def _verdict(error: Exception, *, address: str) -> Outcome:
    """What an error of smtplib means for the mail: 4xx later, 5xx about this mail never, all else later."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code = error.recipients.get(address, (0, b""))[0]
            return _about_this_mail(
                code,
                Text(nl="De mailserver weigert het adres", en="The mail server refuses the address"),
            )
        case smtplib.SMTPSenderRefused() | smtplib.SMTPAuthenticationError() | smtplib.SMTPHeloError():
            return _about_the_server(error.smtp_code)
        case smtplib.SMTPDataError():
            return _about_this_mail(
                error.smtp_code, Text(nl="De mailserver weigert de mail", en="The mail server refuses the mail")
            )
        case smtplib.SMTPNotSupportedError() | ssl.SSLError():
            return Deferred(
                "TLS" if isinstance(error, ssl.SSLError) else "SMTP",
                Text(
                    nl="De mailserver biedt niet wat is ingesteld: controleer starttls, gebruiker en certificaat",
                    en="The mail server does not offer what is set: check starttls, user and certificate",
                ),
                trouble="configuration",
            )
        case _ if isinstance(error.__context__, _Endless):
            return Deferred(
                "answer-size",
                Text(
                    nl=f"De mailserver antwoordt met meer dan {ANSWER_BYTES // 1024} kB",
                    en=f"The mail server answers more than {ANSWER_BYTES // 1024} kB",
                ),
            )
        case _ if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            return Deferred(
                "time-out",
                Text(nl="De mailserver antwoordde niet op tijd", en="The mail server did not answer in time"),
            )
        case _:
            return Deferred(
                "connection",
                Text(nl="De mailserver is niet bereikbaar", en="The mail server cannot be reached"),
            )


def _about_this_mail(code: int, reason: Text) -> Outcome:
    if 500 <= code < 600:
        return Refused(f"SMTP {code}", reason)
    return Deferred(f"SMTP {code}", reason, trouble="item")


def _about_the_server(code: int) -> Outcome:
    reason = Text(
        nl="De mailserver weigert ons: controleer gebruiker, wachtwoord en afzender",
        en="The mail server rejects us: check user, password and sender",
    )
    return Deferred(f"SMTP {code}", reason, trouble="configuration" if code >= 500 else "receiver")
