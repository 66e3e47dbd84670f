"""Messages in: kennisgevingen, synchronisations and requests of koppelvlak klc, as plain values.

Read by local name and leniently; nothing here raises. stuf-facts §4 to §7, §10.
"""

from lxml import etree

from stuf_klantcontact.mapping.zkn0320.gegevens import (
    InformatieobjectGegevens,
    Kennisgeving,
    KlantcontactGegevens,
    Verzoek,
)


def read(message: etree._Element) -> Kennisgeving[KlantcontactGegevens]:
    """Read the root element of a klcLk01, klcLk02, klcSa01 or klcSa02."""
    raise NotImplementedError


def read_iob(message: etree._Element) -> Kennisgeving[InformatieobjectGegevens]:
    """Read the root element of an iobLk01 or iobLk02."""
    raise NotImplementedError


def read_verzoek(message: etree._Element) -> Verzoek:
    """Read the root element of a klcSa03 or klcSa04."""
    raise NotImplementedError
