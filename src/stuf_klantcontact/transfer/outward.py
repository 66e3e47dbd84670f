"""The dossier as a StUF-berichtenSet, in one file or in the parts that the standard prescribes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

from lxml import etree
from sqlalchemy.orm import Session

from stuf_klantcontact import outbox, rgbz, stuurgegevens
from stuf_klantcontact.contract import Contract
from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.names import STUF0302
from stuf_klantcontact.parsing.binary import as_base64, base64_length
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.stuurgegevens import Header
from stuf_klantcontact.tijdstip import Clock, after, stuf0302, system_clock
from stuf_klantcontact.transfer.files import Files

PART_BYTES: Final = 2_750_000_000
"""Bytes of a part: all but the last have 2.5 to 3 GByte."""
PAGE: Final = 200

STATUS: Final = "dossier.status."
"""extraElementen with the status at which a contact was stored: volgnummer, datumStatusGezet, omschrijving."""


@dataclass(slots=True)
class Exported:
    """What was written: the files, and how much of what is in them."""

    files: list[Path] = field(default_factory=list)
    klantcontacten: int = 0
    ingetrokken: int = 0
    """Withdrawn klantcontacten, of which nothing but the number is in it."""
    losse_documenten: int = 0
    """Documents of no klantcontact."""


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
) -> Exported:
    """Write the dossier to `target`; to more than one file when it is larger than a part.

    With `since`, documents of no klantcontact are left out: nothing says of when they are. Only who runs it may
    read the files. Raises ConfigurationError when `target` exists.

    `progress` gets how many klantcontacten and loose documents are done, and how many there are.
    """
    if target.exists():
        raise ConfigurationError(f"{target} is there already: name another file, or remove it first")
    files = Files(target, part_bytes=part_bytes)
    with database.connection() as connection:
        stamp = outbox.next_tijdstip(connection)
    exported = Exported()
    try:
        with database.session() as session:
            # One moment of the whole dossier, however long it takes.
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            total = rgbz.tel(session, since=since, zaak=zaak)
            total += 0 if since else rgbz.tel_los(session, zaak=zaak)
            things = _things(session, exported, settings=settings, since=since, zaak=zaak)
            for done, messages in enumerate(things, start=1):
                for message in messages:
                    stamp = after(stamp, now=clock())
                    for moment in message.element.iter(f"{{{STUF0302}}}tijdstipBericht"):
                        moment.text = stuf0302(stamp)
                    contract.check(message.element)
                    message.write(files)
                progress(done, total)
        with database.connection() as connection:
            # What we send after it is later than anything in it.
            outbox.next_tijdstip(connection, now=stamp)
        files.end()
        exported.files = files.publish()
        return exported
    except BaseException:
        files.discard()
        raise


@dataclass(frozen=True, slots=True)
class Message:
    """A message, and the document whose base64 belongs in it at `mark`: base64 itself to every schema."""

    element: etree._Element
    mark: str = ""
    inhoud: bytes = b""

    def write(self, files: Files) -> None:
        whole = etree.tostring(self.element)
        if not self.inhoud:
            files.write([whole], length=len(whole))
            return
        before, _, rest = whole.partition(self.mark.encode())

        def pieces() -> Iterator[bytes]:
            yield before
            yield from as_base64(self.inhoud)
            yield rest

        files.write(pieces(), length=len(before) + len(rest) + base64_length(len(self.inhoud)))


def _things(
    session: Session, exported: Exported, *, settings: Settings, since: datetime | None, zaak: str | None
) -> Iterator[Iterator[Message]]:
    """The messages of each klantcontact, then of each document of none; counted in `exported`."""
    last = 0
    while page := rgbz.blader(session, na=last, limit=PAGE, since=since, zaak=zaak):
        last = page[-1].id
        for contact in page:
            if contact.ingetrokken:
                exported.ingetrokken += 1
                yield iter([_withdrawn(contact, settings=settings)])
            else:
                exported.klantcontacten += 1
                yield _messages(session, contact, settings=settings)
        session.expunge_all()
    last = 0
    while since is None and (loose := rgbz.blader_los(session, na=last, limit=PAGE, zaak=zaak)):
        last = loose[-1][0].id
        for document, of_zaak in loose:
            exported.losse_documenten += 1
            yield iter([_document(session, document, contact=None, zaak=of_zaak, settings=settings)])
            rgbz.return_inhoud(document)
        session.expunge_all()


def _withdrawn(contact: rgbz.Klantcontact, *, settings: Settings) -> Message:
    """Only its number: what it said is in the dossier no longer, and nobody else may get that number."""
    return Message(zkn0320.klc_lk01(contact, header=_header("Lk01", "KLC", settings=settings), mutatiesoort="V"))


def _messages(session: Session, contact: rgbz.Klantcontact, *, settings: Settings) -> Iterator[Message]:
    """The documents of a contact, then the contact; only one document's bytes are in memory at a time."""
    for document in contact.informatieobjecten:
        yield _document(session, document, contact=contact, zaak=None, settings=settings)
        rgbz.return_inhoud(document)
    status = contact.status
    session.expunge(contact)
    if status is not None:
        beside = {
            f"{STATUS}volgnummer": str(status.volgnummer),
            f"{STATUS}datumStatusGezet": status.datum_status_gezet.isoformat(),
            f"{STATUS}omschrijving": status.omschrijving,
        }
        contact.extra = {**contact.extra, **{name: value for name, value in beside.items() if value}}
    yield Message(
        zkn0320.klc_sa(
            contact,
            header=_header("Sa01", "KLC", settings=settings),
            actueel=_header("Lk01", "KLC", settings=settings),
        )
    )


def _document(
    session: Session,
    document: rgbz.Informatieobject,
    *,
    contact: rgbz.Klantcontact | None,
    zaak: rgbz.Zaak | None,
    settings: Settings,
) -> Message:
    rgbz.lend_inhoud(session, document)
    mark = uuid4().hex * 2  # of no two messages, so that nothing else in one can be it
    element = zkn0320.iob_lk01(
        document,
        klantcontact=contact,
        zaak=zaak,
        header=_header("Lk01", "IOB", settings=settings),
        beside_contact=True,
        inhoud_als=lambda inhoud: mark if inhoud else "",
    )
    return Message(element, mark, b"" if document.inhoud is None else document.inhoud.inhoud)


def _header(code: str, entiteittype: str, *, settings: Settings) -> Header:
    us = stuurgegevens.ours(settings.gateway)
    return Header(
        berichtcode=code,
        zender=us,
        ontvanger=us,
        referentienummer=str(uuid4()),
        tijdstip_bericht="-",
        entiteittype=entiteittype,
    )
