"""The dossier as a StUF-berichtenSet, in one file or in the parts that the standard prescribes."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

from lxml import etree
from sqlalchemy.orm import Session

from stuf_klantcontact import outbox, rgbz
from stuf_klantcontact.contract import Contract
from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.names import STUF0302
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.tijdstip import Clock, after, stuf0302, system_clock

PART_BYTES: Final = 2_750_000_000
"""Bytes of a part: all but the last have 2.5 to 3 GByte."""
PAGE: Final = 200

_OPEN: Final = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<StUF:StUF-berichtenSet xmlns:StUF="{STUF0302}">\n'.encode()
)
_CLOSE: Final = b"</StUF:StUF-berichtenSet>\n"

STATUS: Final = "dossier.status."
"""extraElementen with the status at which a contact was stored: volgnummer, datumStatusGezet, omschrijving."""


def take_out(
    database: Database,
    target: Path,
    *,
    settings: Settings,
    contract: Contract,
    since: datetime | None = None,
    zaak: str | None = None,
    clock: Clock = system_clock,
    part_bytes: int = PART_BYTES,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Path]:
    """Write the dossier to `target`; the files that were written, more than one when it is larger than a part.

    Only who runs it may read them. Raises ConfigurationError when `target` exists.

    `progress` gets how many klantcontacten are done, and how many there are.
    """
    if target.exists():
        raise ConfigurationError(f"{target} is there already: name another file, or remove it first")
    files = _Files(target, part_bytes=part_bytes)
    with database.connection() as connection:
        stamp = outbox.next_tijdstip(connection)
    try:
        with database.session() as session:
            # One moment of the whole dossier, however long it takes.
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            total = rgbz.tel(session, since=since, zaak=zaak)
            for done, contact in enumerate(_contacts(session, since=since, zaak=zaak), start=1):
                for element in _messages(session, contact, settings=settings):
                    stamp = after(stamp, now=clock())
                    for moment in element.iter(f"{{{STUF0302}}}tijdstipBericht"):
                        moment.text = stuf0302(stamp)
                    contract.check(element)
                    files.write(etree.tostring(element))
                progress(done, total)
        with database.connection() as connection:
            # What we send after it is later than anything in it.
            outbox.next_tijdstip(connection, now=stamp)
        return files.close()
    except BaseException:
        files.discard()
        raise


def _contacts(session: Session, *, since: datetime | None, zaak: str | None) -> Iterator[rgbz.Klantcontact]:
    last = 0
    while page := rgbz.blader(session, na=last, limit=PAGE, since=since, zaak=zaak):
        last = page[-1].id
        yield from page
        session.expunge_all()


def _messages(session: Session, contact: rgbz.Klantcontact, *, settings: Settings) -> Iterator[etree._Element]:
    """The documents of a contact, then the contact; only one document's bytes are in memory at a time."""
    for document in contact.informatieobjecten:
        session.refresh(document, ["inhoud"])
        yield zkn0320.iob_lk01(
            document,
            klantcontact=contact,
            header=_header("Lk01", "IOB", settings=settings),
            beside_contact=True,
        )
        if document.inhoud is not None:
            session.expunge(document.inhoud)
            session.expire(document, ["inhoud"])
    status = contact.status
    session.expunge(contact)
    if status is not None:
        beside = {
            f"{STATUS}volgnummer": str(status.volgnummer),
            f"{STATUS}datumStatusGezet": status.datum_status_gezet.isoformat(),
            f"{STATUS}omschrijving": status.omschrijving,
        }
        contact.extra = {**contact.extra, **{name: value for name, value in beside.items() if value}}
    yield zkn0320.klc_sa(
        contact,
        header=_header("Sa01", "KLC", settings=settings),
        actueel=_header("Lk01", "KLC", settings=settings),
    )


def _header(code: str, entiteittype: str, *, settings: Settings) -> Header:
    gateway = settings.gateway
    us = Systeem(gateway.organisatie, gateway.applicatie, gateway.administratie)
    return Header(
        berichtcode=code,
        zender=us,
        ontvanger=us,
        referentienummer=str(uuid4()),
        tijdstip_bericht="-",
        entiteittype=entiteittype,
    )


class _Files:
    """The file that is written, or the parts it falls into: NAME_1, NAME_2, … NAME_9_laatste."""

    def __init__(self, target: Path, *, part_bytes: int) -> None:
        self._target = target
        self._part_bytes = part_bytes
        self._paths: list[Path] = []
        self._stream: BinaryIO | None = None
        self._size = 0
        self._begin()

    def write(self, message: bytes) -> None:
        """Add a message, to a new part when it does not fit."""
        if self._size + len(message) + len(_CLOSE) > self._part_bytes and self._size > len(_OPEN):
            self._end()
            self._begin()
        self._put(message + b"\n")

    def close(self) -> list[Path]:
        """End the last file, give all of them their names, and give those."""
        self._end()
        count = len(self._paths)
        names = [self._target]
        if count > 1:
            names = [
                self._target.with_stem(f"{self._target.stem}_{number}{'_laatste' if number == count else ''}")
                for number in range(1, count + 1)
            ]
        for path, name in zip(self._paths, names, strict=True):
            path.replace(name)
        return names

    def discard(self) -> None:
        """Leave nothing of what was begun."""
        if self._stream is not None:
            with suppress(OSError):  # a full disk is no reason to leave what is on it
                self._stream.close()
        for path in self._paths:
            path.unlink(missing_ok=True)

    def _begin(self) -> None:
        path = self._target.with_name(f".{self._target.name}.{len(self._paths) + 1}.bezig")
        # Persons are in it: nobody but who exports may read it.
        self._stream = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        self._paths.append(path)
        self._size = 0
        self._put(_OPEN)

    def _end(self) -> None:
        self._put(_CLOSE)
        if self._stream is not None:
            self._stream.close()

    def _put(self, data: bytes) -> None:
        if self._stream is None:
            raise AssertionError("a part is open from the beginning")
        self._stream.write(data)
        self._size += len(data)
