"""A mail server that means harm, or is only odd in how it ends."""

import socket
import threading
from contextlib import suppress
from io import BufferedReader
from types import TracebackType
from typing import Final, Self

BEHAVIOURS: Final = {
    "drip": "a byte now and then, for ten seconds",
    "drip-tls": "the same where a TLS handshake is expected",
    "endless": "lines that say that another one follows, megabytes of them",
    "quit-421": "takes the mail, and answers QUIT by 421",
    "quit-silent": "takes the mail, and answers QUIT by nothing",
    "quit-endless": "takes the mail, and answers QUIT by megabytes of lines",
    "data-554": "refuses the mail, and answers RSET and QUIT by 421",
}
PAUSE: Final = 0.05


class RudeMailServer:
    """Listens on 127.0.0.1 inside a `with`; `behaviour` is one of BEHAVIOURS. `taken` counts accepted mails."""

    def __init__(self, behaviour: str) -> None:
        self._act, _, self._end = behaviour.partition("-")
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.taken = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if self._act == "endless":
                self._talk(connection)
            if (self._act, self._end) == ("drip", ""):
                self._drip(connection, b"2" * 200)
            connection.sendall(b"220 mail\r\n")
            with connection.makefile("rb") as lines:
                for line in lines:
                    self._answer(connection, line[:4].upper(), lines=lines)

    def _answer(self, connection: socket.socket, verb: bytes, *, lines: BufferedReader) -> None:
        if verb == b"EHLO":
            connection.sendall(b"250-mail\r\n250 STARTTLS\r\n")
        elif verb == b"STAR":
            connection.sendall(b"220 go on\r\n")
            self._drip(connection, b"\x16\x03\x03\x40\x00" + b"\x02" * 200)
        elif verb == b"DATA" and self._act == "data":
            connection.sendall(b"554 no\r\n")
        elif verb == b"DATA":
            connection.sendall(b"354 go on\r\n")
            while lines.readline() not in (b".\r\n", b""):
                pass
            self.taken += 1
            connection.sendall(b"250 taken\r\n")
        elif verb == b"QUIT" and self._end == "silent":
            self._ended.wait(30)
        elif verb == b"QUIT" and self._end == "endless":
            self._talk(connection)
        elif verb in (b"QUIT", b"RSET"):
            connection.sendall(b"421 too busy\r\n")
        else:
            connection.sendall(b"250 OK\r\n")

    def _drip(self, connection: socket.socket, data: bytes) -> None:
        for byte in data:
            connection.sendall(bytes([byte]))
            if self._ended.wait(PAUSE):
                return

    def _talk(self, connection: socket.socket) -> None:
        for _ in range(1000):  # twenty megabytes: for whoever reads on, enough to see
            connection.sendall(b"220-and another thing\r\n" * 1000)
