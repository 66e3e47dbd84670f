"""Records from what an object says, and what an object says from records; an Opvoering too, for the rules.

docs/mapping.md §7.
"""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from stuf_klantcontact.mapping.zkn0320.gegevens import InformatieobjectGegevens, KlantcontactGegevens
from stuf_klantcontact.opvoering import Opvoering

if TYPE_CHECKING:
    from stuf_klantcontact.rgbz import Informatieobject, Klantcontact


def gegevens(klantcontact: "Klantcontact") -> KlantcontactGegevens:
    """What a klantcontact says in a message that adds it (mutatiesoort T)."""
    raise NotImplementedError


def klantcontact(gegevens: KlantcontactGegevens, *, types: Mapping[str, str]) -> "Klantcontact":
    """The record of a whole object (mutatiesoort T), without zaak, documents and ids.

    `types` is Type by kanaal, for a sender that does not say the Type in extraElementen.
    """
    raise NotImplementedError


def velden(gegevens: KlantcontactGegevens, *, now: "Klantcontact", types: Mapping[str, str]) -> dict[str, Any]:
    """The columns that the huidig of a change (W, C) sets on the record `now`; what it does not name stays."""
    raise NotImplementedError


def opvoering(gegevens: KlantcontactGegevens, *, types: Mapping[str, str]) -> Opvoering:
    """The same as a voegKlantcontactToe would have said it, so that the business rules can judge it."""
    raise NotImplementedError


def informatieobject(gegevens: InformatieobjectGegevens, *, made: date) -> "Informatieobject":
    """The record of a document; `made` is its creatiedatum where the message names none."""
    raise NotImplementedError
