"""Messages for one abonnee into a StUF-berichtenSet, as delivery would have sent them."""

from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from lxml import etree

from stuf_klantcontact import outbox, rgbz, stuurgegevens
from stuf_klantcontact.contract import Contract
from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.names import STUF0302
from stuf_klantcontact.outbox import Order
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.stuurgegevens import Header
from stuf_klantcontact.tijdstip import Clock, after, stuf0302, system_clock
from stuf_klantcontact.transfer.files import Files
from stuf_klantcontact.transfer.outward import PART_BYTES, Message


class Berichtenset:
    """A set that is being written; nothing of it has its name before `publish`."""

    def __init__(
        self,
        target: Path,
        *,
        abonnee: str,
        database: Database,
        settings: Settings,
        contract: Contract,
        clock: Clock = system_clock,
    ) -> None:
        """Raises ConfigurationError when `target` exists, or the abonnee speaks no StUF 03.02."""
        found = settings.abonnee[abonnee]
        if found.profiel != "zkn0320":
            raise ConfigurationError(f"a file is for an abonnee of profile zkn0320; {abonnee} has {found.profiel}")
        if target.exists():
            raise ConfigurationError(f"{target} is there already: name another file, or remove it first")
        self._ontvanger = stuurgegevens.abonnee(abonnee, settings=settings)
        self._zender = stuurgegevens.ours(settings.gateway)
        self._rsin = settings.gateway.rsin
        self._database = database
        self._contract = contract
        self._clock = clock
        with database.connection() as connection:
            self._stamp = outbox.next_tijdstip(connection)
        self._files = Files(target, part_bytes=PART_BYTES)
        self.files: list[Path] = []

    def add(self, orders: Iterable[Order]) -> None:
        """Write messages, in their order."""
        for order in orders:
            message = self._message(order)
            self._stamp = after(self._stamp, now=self._clock())
            for moment in message.element.iter(f"{{{STUF0302}}}tijdstipBericht"):
                moment.text = stuf0302(self._stamp)
            self._contract.check(message.element)
            message.write(self._files)

    def end(self) -> None:
        """Have all of it on disk, though not under its name."""
        with self._database.connection() as connection:
            # What is sent after it is later than anything in it.
            outbox.next_tijdstip(connection, now=self._stamp)
        self._files.end()

    def publish(self) -> None:
        """Give it its name: `files` has what was written."""
        self.files = self._files.publish()

    def discard(self) -> None:
        """Leave nothing of it."""
        self._files.discard()

    def _message(self, order: Order) -> Message:
        # Who is told of a withdrawal is told what there was.
        versie = order.versie - (order.mutatiesoort == "V")
        with self._database.session() as session:
            record = rgbz.load_klantcontact(
                session, order.klantcontact, rsin=self._rsin, versie=versie, document=order.document
            )
        lk = self._header("Lk01", "KLC" if order.document is None else "IOB")
        if order.document is None:
            element: etree._Element = (
                zkn0320.klc_sa(record, header=self._header("Sa01", "KLC"), actueel=lk)
                if order.soort == "klcSa01" and order.mutatiesoort == "T"
                else zkn0320.klc_lk01(record, header=lk, mutatiesoort=order.mutatiesoort)
            )
            return Message(element)
        document = next(d for d in record.informatieobjecten if d.identificatie == order.document)
        mark = uuid4().hex * 2
        element = zkn0320.iob_lk01(
            document,
            klantcontact=record,
            header=lk,
            mutatiesoort=order.mutatiesoort,
            inhoud_als=lambda inhoud: mark if inhoud else "",
        )
        return Message(element, mark, b"" if document.inhoud is None else document.inhoud.inhoud)

    def _header(self, code: str, entiteittype: str) -> Header:
        return Header(
            berichtcode=code,
            zender=self._zender,
            ontvanger=self._ontvanger,
            referentienummer=str(uuid4()),
            tijdstip_bericht="-",
            entiteittype=entiteittype,
        )
