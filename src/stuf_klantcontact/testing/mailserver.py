"""An SMTP server that keeps what it gets."""

import email
import email.policy
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from types import TracebackType
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it was delivered."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes = field(repr=False)

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed."""
        parsed = email.message_from_bytes(self.raw, policy=email.policy.default)
        if not isinstance(parsed, EmailMessage):
            raise TypeError("the policy makes every message an EmailMessage")
        return parsed

    @property
    def text(self) -> str:
        """Its text, decoded."""
        body = self.message.get_body(("plain",))
        return "" if body is None else str(body.get_content())


class FakeMailServer:
    """Listens on 127.0.0.1 between start and stop; also a context manager.

    `refuse` maps an address to the line to answer for it, such as ``550 5.1.1 unknown``; `refuse_data` is a line to
    answer instead of taking any mail. Both may be changed while it runs.
    """

    def __init__(self, *, port: int = 0, refuse: Mapping[str, str] | None = None) -> None:
        self.refuse: dict[str, str] = dict(refuse or {})
        self.refuse_data = ""
        self.mails: list[Mail] = []
        self._changed = threading.Condition()
        self._controller = _Controller(self, hostname="127.0.0.1", port=port, ready_timeout=10)

    def start(self) -> "FakeMailServer":
        """Listen."""
        self._controller.start()
        return self

    def stop(self) -> None:
        """Listen no more."""
        self._controller.stop()

    def __enter__(self) -> "FakeMailServer":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def host(self) -> str:
        """The address it listens on."""
        return "127.0.0.1"

    @property
    def port(self) -> int:
        """The port it listens on; known once it has started."""
        server: Any = self._controller.server
        if server is None:
            raise RuntimeError("the mail server has not been started")
        return int(server.sockets[0].getsockname()[1])

    def wait_for(self, count: int, *, timeout: float = 10.0) -> list[Mail]:
        """The mails, once there are so many; AssertionError when that takes too long."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.mails) >= count, timeout):
                raise AssertionError(f"{len(self.mails)} mails came within {timeout:g} s, not {count}")
            return list(self.mails)

    # The names are those that aiosmtpd calls.

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or not."""
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail, or not."""
        if self.refuse_data:
            return self.refuse_data
        content = envelope.original_content or b""
        with self._changed:
            self.mails.append(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), content))
            self._changed.notify_all()
        return "250 OK"


class _Controller(Controller):
    """aiosmtpd proves that it listens by connecting to the port it was given, which 0 is not."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]
