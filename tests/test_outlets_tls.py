"""Two-way TLS with a real server: who is let in, whom we trust, and what is said of anything else."""

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from conftest import need
from outgoing import ABONNEE, adjusted, enqueue, items, order, remember, settings
from stuf_klantcontact import contract as contracts
from stuf_klantcontact.app import checking
from stuf_klantcontact.delivery import Delivery
from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.outlets import Attempt, Delivered, tls
from stuf_klantcontact.outlets.soap import SoapOutlet
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database
from test_outlets_soap import GOOD, OURS, message
from test_worker import wait_until, working

PASSWORD = "geheim"


def _openssl(*words: str | Path) -> None:
    openssl = shutil.which("openssl")
    need(openssl is not None, "openssl makes the certificates of these tests")
    subprocess.run([str(openssl), *map(str, words)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two roots, `ours` and `foreign`; by each a server on 127.0.0.1 and a client; NAME.pem and NAME.key."""
    folder = tmp_path_factory.mktemp("pki")

    def make(name: str, *words: str | Path) -> None:
        _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem", "-subj", f"/CN={name}", *words,
        )  # fmt: skip

    for root in ("ours", "foreign"):
        make(root)
        by = ("-CA", folder / f"{root}.pem", "-CAkey", folder / f"{root}.key")
        leaf = ("-addext", "basicConstraints=critical,CA:FALSE")
        make(f"{root}-server", *by, *leaf, "-addext", "subjectAltName=IP:127.0.0.1")
        make(f"{root}-client", *by, *leaf)
    make("elsewhere", "-CA", folder / "ours.pem", "-CAkey", folder / "ours.key",
         "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=IP:127.0.0.2")  # fmt: skip
    make("self-signed", "-addext", "subjectAltName=IP:127.0.0.1")
    _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=expired",
             "-keyout", folder / "expired.key", "-out", folder / "expired.csr")  # fmt: skip
    (folder / "expired.ext").write_text("subjectAltName=IP:127.0.0.1\n")
    _openssl("x509", "-req", "-in", folder / "expired.csr", "-out", folder / "expired.pem", "-days", "-1",
             "-CA", folder / "ours.pem", "-CAkey", folder / "ours.key", "-CAcreateserial",
             "-extfile", folder / "expired.ext")  # fmt: skip
    both = (folder / "ours-client.pem").read_text() + (folder / "ours-client.key").read_text()
    (folder / "both.pem").write_text(both)
    _openssl("pkcs8", "-topk8", "-in", folder / "ours-client.key", "-out", folder / "locked.key",
             "-passout", f"pass:{PASSWORD}")  # fmt: skip
    return folder


@contextmanager
def receiver(
    pki: Path, *, name: str = "ours-server", newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> Iterator[str]:
    """A receiver that lets in whom `ours` vouches for; gives its address."""

    class Polite(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(GOOD)))
            self.end_headers()
            self.wfile.write(GOOD)

        def log_message(self, format: str, *args: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            return

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / f"{name}.pem", pki / f"{name}.key")
    context.load_verify_locations(pki / "ours.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = newest
    if newest < ssl.TLSVersion.TLSv1_2:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:@SECLEVEL=0")
    server = Server(("127.0.0.1", 0), Polite)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def send(url: str, trust: ssl.SSLContext) -> Attempt:
    outlet = SoapOutlet(url, timeout=5, trust=trust)
    try:
        return outlet.send(message(), action="x", referentienummer=OURS)
    finally:
        outlet.close()


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_who_shows_the_right_certificate_is_let_in(pki: Path, newest: ssl.TLSVersion) -> None:
    ours = tls.context(ca=pki / "ours.pem", certificaat=pki / "ours-client.pem", sleutel=pki / "ours-client.key")
    with receiver(pki, newest=newest) as url:
        assert send(url, ours).outcome == Delivered("Bv03")


def test_the_key_may_stand_beside_the_certificate_or_have_a_password(pki: Path) -> None:
    with receiver(pki) as url:
        for trust in (
            tls.context(ca=pki / "ours.pem", certificaat=pki / "both.pem"),
            tls.context(
                ca=pki / "ours.pem",
                certificaat=pki / "ours-client.pem",
                sleutel=pki / "locked.key",
                sleutel_wachtwoord=PASSWORD,
            ),
        ):
            assert send(url, trust).outcome == Delivered("Bv03")


def test_a_worker_delivers_with_the_certificate_of_the_settings(database: Database, pki: Path) -> None:
    remember(database, 1)
    enqueue(database, order(1))
    with receiver(pki) as url:
        two_way = adjusted(
            settings(url),
            ca=pki / "ours.pem",
            certificaat=pki / "ours-client.pem",
            sleutel=pki / "ours-client.key",
        )
        with working(two_way, database, contracts.load()):
            wait_until(lambda: [item.state for item in items(database)] != ["waiting"])
            wait_until(lambda: [item.state for item in items(database)] != ["sending"])
    assert [item.state for item in items(database)] == ["delivered"]


def mistakes(tree: Settings) -> str:
    with pytest.raises(ConfigurationError) as raised:
        checking.check(tree)
    return str(raised.value)


def test_files_that_cannot_be_used_are_named_before_anything_starts(pki: Path, tmp_path: Path) -> None:
    secure = settings("https://127.0.0.1:9/")
    checking.check(adjusted(secure, ca=pki / "ours.pem", certificaat=pki / "both.pem"))
    (tmp_path / "empty.pem").write_text("")
    there = {"certificaat": pki / "ours-client.pem"}
    for wrong, said in (
        ({"ca": tmp_path / "none.pem"}, "ca: .*none.pem has no certificates that can be read .No such file"),
        ({"ca": tmp_path / "empty.pem"}, "ca: .*empty.pem has no certificates that can be read"),
        ({"certificaat": tmp_path / "none.pem"}, "certificaat: .*none.pem.* cannot be used .No such file"),
        (there, "certificaat: .*ours-client.pem.* cannot be used"),
        ({**there, "sleutel": pki / "foreign-client.key"}, "cannot be used .KEY_VALUES_MISMATCH"),
        ({**there, "sleutel": pki / "locked.key"}, f"cannot be used .{tls.ENCRYPTED}"),
        ({**there, "sleutel": pki / "locked.key", "sleutel_wachtwoord": "fout"}, "cannot be used"),
        ({"sleutel": pki / "ours-client.key"}, "sleutel: there is no certificaat that it belongs to"),
    ):
        with pytest.raises(ConfigurationError, match=rf"abonnee\.{ABONNEE}\.(certificaat: .*)?{said}"):
            checking.check(adjusted(secure, **wrong))
        with pytest.raises(ConfigurationError):
            Delivery(adjusted(secure, **wrong), database=Database("postgresql://x/"), contract=contracts.load())
    assert "https:" in mistakes(adjusted(settings("http://127.0.0.1:9/"), certificaat=pki / "both.pem"))
