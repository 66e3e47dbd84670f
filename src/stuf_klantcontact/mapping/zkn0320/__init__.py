"""RGBZ 2.0 on StUF 03.02 and the zkn0320 entity types: klantcontacten and their documents, out and in.

An object is read into plain values (`gegevens`) and written from them; records become such values and come from
them (`records`). What has no column travels as `bijzonderheden`. Pure: no database, no clock.

stuf-facts §4 to §7, §10; docs/mapping.md §5 and §7.
"""

from stuf_klantcontact.mapping.zkn0320.gegevens import (
    DocumentVerwijzing,
    InformatieobjectGegevens,
    Kennisgeving,
    KlantcontactGegevens,
    Relatie,
    Sleutels,
    Verzoek,
    ZaakVerwijzing,
)
from stuf_klantcontact.mapping.zkn0320.merging import changed_informatieobject, merge, other_one
from stuf_klantcontact.mapping.zkn0320.reading import read, read_iob, read_verzoek
from stuf_klantcontact.mapping.zkn0320.records import (
    gegevens,
    informatieobject,
    klantcontact,
    moment,
    opvoering,
    unreadable,
)
from stuf_klantcontact.mapping.zkn0320.vragen import Bereik, Criterium, Scope, Vraag, prune, read_vraag
from stuf_klantcontact.mapping.zkn0320.writing import iob_lk01, klc, klc_lk01, klc_sa, mutatiesoort, zak

__all__ = [
    "Bereik",
    "Criterium",
    "DocumentVerwijzing",
    "InformatieobjectGegevens",
    "Kennisgeving",
    "KlantcontactGegevens",
    "Relatie",
    "Scope",
    "Sleutels",
    "Verzoek",
    "Vraag",
    "ZaakVerwijzing",
    "changed_informatieobject",
    "gegevens",
    "informatieobject",
    "iob_lk01",
    "klantcontact",
    "klc",
    "klc_lk01",
    "klc_sa",
    "merge",
    "moment",
    "mutatiesoort",
    "opvoering",
    "other_one",
    "prune",
    "read",
    "read_iob",
    "read_verzoek",
    "read_vraag",
    "unreadable",
    "zak",
]
