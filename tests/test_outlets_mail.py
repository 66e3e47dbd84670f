"""Mail to betrokkenen: what it says, what it never says, and what each answer of a mail server means."""

import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from rude_mail import RudeMailServer
from stuf_klantcontact.outlets import Deferred, Delivered, Outcome, Refused
from stuf_klantcontact.outlets import mail as module
from stuf_klantcontact.outlets.mail import MailOutlet, compose
from stuf_klantcontact.settings import Mail
from stuf_klantcontact.testing import FakeMailServer, closed_port

JANSEN = "s.jansen@example.org"
MOMENT = datetime(2026, 11, 22, 9, 12, tzinfo=UTC)


def settings(port: int = 25, *, starttls: bool = False, portaal: str = "", gebruiker: str = "") -> Mail:
    return Mail(
        server="127.0.0.1",
        port=port,
        starttls=starttls,
        afzender="Gemeente <noreply@gemeente.example>",
        portaal=portaal,
        gebruiker=gebruiker,
        wachtwoord="x",
    )


def mail(address: str = JANSEN, *, portaal: str = "") -> bytes:
    return compose(
        address,
        zaak="0518ZAAK0000001",
        type="call",
        moment=MOMENT,
        settings=settings(portaal=portaal),
        referentienummer="R-1",
        sent=MOMENT,
    )


@pytest.fixture
def server() -> Iterator[FakeMailServer]:
    with FakeMailServer() as fake:
        yield fake


def test_a_mail_says_that_there_is_a_contact_in_both_languages(server: FakeMailServer) -> None:
    attempt = MailOutlet(settings(server.port)).send(mail(portaal="https://mijn.gemeente.example"), address=JANSEN)
    assert attempt.outcome == Delivered("250")
    (got,) = server.wait_for(1)
    assert got.recipients == (JANSEN,)
    assert got.sender == "noreply@gemeente.example"
    assert got.message["To"] == JANSEN
    assert got.message["Message-ID"] == "<R-1@gemeente.example>"
    assert got.message["Auto-Submitted"] == "auto-generated"
    assert got.message["Subject"] == "Nieuw contact in uw zaak / New contact in your case"
    assert "contact vastgelegd: per telefoon, op 22 november 2026 om 10:12 uur" in got.text
    assert "recorded in your case 0518ZAAK0000001: by telephone, on 22 November 2026 at 10:12" in got.text
    assert got.text.index("uw zaak") < got.text.index("your case")
    assert got.text.count("https://mijn.gemeente.example") == 2


def test_every_attempt_sends_the_same_bytes() -> None:
    assert mail() == mail()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "jansen",
        "a@b\r\nBcc: c@d",
        "a@example.org, b@example.org",
        "Jan <a@example.org>",
        "a b@example.org",
        "a@",
    ],
)
def test_an_address_that_is_none_is_refused_before_sending(address: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        mail(address)


@pytest.mark.parametrize(
    ("line", "kind", "code"),
    [
        ("550 5.1.1 unknown", Refused, "SMTP 550"),
        ("553 5.1.3 bad syntax", Refused, "SMTP 553"),
        ("450 4.2.1 greylisted", Deferred, "SMTP 450"),
        ("421 4.3.2 closing", Deferred, "SMTP 421"),
    ],
)
def test_the_answer_about_a_recipient(server: FakeMailServer, line: str, kind: type, code: str) -> None:
    server.refuse[JANSEN] = line
    outcome = MailOutlet(settings(server.port)).send(mail(), address=JANSEN).outcome
    assert isinstance(outcome, kind)
    assert outcome.code == code
    assert server.mails == []


@pytest.mark.parametrize(("line", "kind"), [("554 5.6.0 spam", Refused), ("452 4.3.1 full", Deferred)])
def test_the_answer_about_a_mail(server: FakeMailServer, line: str, kind: type) -> None:
    server.refuse_data = line
    outcome = MailOutlet(settings(server.port)).send(mail(), address=JANSEN).outcome
    assert isinstance(outcome, kind)
    assert server.mails == []


def test_no_starttls_where_it_is_wanted_is_configuration_trouble_and_sends_nothing(server: FakeMailServer) -> None:
    outcome = MailOutlet(settings(server.port, starttls=True)).send(mail(), address=JANSEN).outcome
    assert isinstance(outcome, Deferred)
    assert outcome.trouble == "configuration"
    assert server.mails == []


def test_no_login_where_it_is_wanted_is_configuration_trouble(server: FakeMailServer) -> None:
    outcome = MailOutlet(settings(server.port, gebruiker="kc")).send(mail(), address=JANSEN).outcome
    assert isinstance(outcome, Deferred)
    assert outcome.trouble == "configuration"


def test_a_dead_mail_server_defers() -> None:
    outcome = MailOutlet(settings(closed_port())).send(mail(), address=JANSEN).outcome
    assert isinstance(outcome, Deferred)
    assert (outcome.code, outcome.trouble) == ("connection", "receiver")


def test_a_mail_server_that_says_nothing_defers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outcome = MailOutlet(settings(silent.getsockname()[1]), timeout=0.3).send(mail(), address=JANSEN).outcome
    assert isinstance(outcome, Deferred)
    assert outcome.code == "time-out"


def test_a_mail_server_that_hangs_up_defers() -> None:
    def answer() -> None:
        connection, _ = rude.accept()
        connection.sendall(b"220 hello\r\n")
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as rude:
        thread = threading.Thread(target=answer)
        thread.start()
        outcome = MailOutlet(settings(rude.getsockname()[1]), timeout=5).send(mail(), address=JANSEN).outcome
        thread.join(5)
    assert isinstance(outcome, Deferred)
    assert outcome.trouble == "receiver"


@pytest.mark.parametrize(
    ("behaviour", "code"), [("drip", "time-out"), ("drip-tls", "time-out"), ("endless", "answer-size")]
)
def test_a_mail_server_that_never_ends_is_left_at_a_deadline_and_a_size(behaviour: str, code: str) -> None:
    with RudeMailServer(behaviour) as rude:
        began = time.monotonic()
        attempt = MailOutlet(settings(rude.port, starttls=behaviour == "drip-tls"), timeout=0.5).send(
            mail(), address=JANSEN
        )
        took = time.monotonic() - began
    assert isinstance(attempt.outcome, Deferred)
    assert attempt.outcome.code == code
    assert took < 5


@pytest.mark.parametrize("behaviour", ["quit-421", "quit-silent", "quit-endless"])
def test_a_mail_that_was_taken_is_delivered_however_the_server_says_goodbye(
    behaviour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUIT_SECONDS", 0.2)
    with RudeMailServer(behaviour) as rude:
        attempt = MailOutlet(settings(rude.port), timeout=20).send(mail(), address=JANSEN)
        assert rude.taken == 1
    assert attempt.outcome == Delivered("250")


def test_a_mail_that_was_refused_is_refused_however_the_server_says_goodbye() -> None:
    with RudeMailServer("data-554") as rude:
        outcome = MailOutlet(settings(rude.port)).send(mail(), address=JANSEN).outcome
    assert isinstance(outcome, Refused)
    assert outcome.code == "SMTP 554"


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (smtplib.SMTPSenderRefused(550, b"no", "a@b"), "configuration"),
        (smtplib.SMTPSenderRefused(451, b"later", "a@b"), "receiver"),
        (smtplib.SMTPAuthenticationError(535, b"no"), "configuration"),
        (smtplib.SMTPAuthenticationError(454, b"later"), "receiver"),
        (smtplib.SMTPHeloError(504, b"no"), "configuration"),
        (smtplib.SMTPConnectError(554, b"no service"), "receiver"),
        (smtplib.SMTPServerDisconnected("gone"), "receiver"),
        (ssl.SSLCertVerificationError("self-signed"), "configuration"),
        (ConnectionResetError(), "receiver"),
        (ValueError("unexpected"), "receiver"),
    ],
)
def test_every_other_error_defers(error: Exception, trouble: str) -> None:
    outcome: Outcome = module._verdict(error, address=JANSEN)
    assert isinstance(outcome, Deferred)
    assert outcome.trouble == trouble
