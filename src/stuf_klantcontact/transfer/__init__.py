"""Take the dossier out to a StUF-berichtenSet, and a berichtenSet into an empty gateway.

A set holds, in the order of their tijdstipBericht, for each klantcontact its documents (iobLk01) and the contact as
it is now (klcSa01), the kept ones too; of a withdrawn one its number (klcLk01, V), and then the documents of no
klantcontact. What RGBZ has no place for travels in extraElementen, so that a record comes back as it was. Both
ways stream: nothing is held but a page of contacts or the message that is read. An import is one transaction; it
notifies nobody, leaves alone what is here already, and says what of it differs. What can go wrong: Refusal, with
the message and what is wrong with it, and then nothing was imported.

Protocolbindingen §2; StUF 03.01 §5.4; stuf-facts §7 and §9.3; docs/operations.md.
"""

from stuf_klantcontact import journal as _journal  # noqa: F401 - klantcontact refers to its table
from stuf_klantcontact.transfer.inward import Imported, take_in
from stuf_klantcontact.transfer.outward import PART_BYTES, Exported, take_out
from stuf_klantcontact.transfer.synchronising import Berichtenset

__all__ = ["PART_BYTES", "Berichtenset", "Exported", "Imported", "take_in", "take_out"]
