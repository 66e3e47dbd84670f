"""The RGBZ 2.0 model (SQLAlchemy) and its queries.

Zaken with their statuses and betrokkenen, klantcontacten with their informatieobjecten, documents' bytes once by
hash. Intake runs FACTS and INSERT inside its own two statements. What can go wrong: the database
(sqlalchemy.exc.SQLAlchemyError, psycopg.Error), and a change of a zaak that its dossier does not allow
(errors.Refusal).

RGBZ 2.0 deel I §3.7 and deel II §2.5 (KLANTCONTACT), stuf-facts §10.
"""

from stuf_klantcontact.rgbz.bladeren import bekende, blader, reserveer, status_id, tel, zaak_id
from stuf_klantcontact.rgbz.klantcontacten import (
    Vervangen,
    add_klantcontact,
    drop_informatieobject,
    ever_exchanged,
    load_inhoud,
    load_klantcontact,
    lock_informatieobject,
    lock_klantcontact,
    put_informatieobject,
    replace_klantcontact,
    withdraw_klantcontact,
    zaak_feiten,
    zaken_of,
)
from stuf_klantcontact.rgbz.statement import (
    FACTS,
    FACTS_FROM,
    INSERT,
    INSERT_DOCUMENTEN,
    INSERT_INHOUDEN,
    KLANTCONTACT_NUMMER,
    NUMMER,
    BetrokkeneFeiten,
    ZaakFeiten,
    facts,
    klantcontactidentificatie,
    parameters,
)
from stuf_klantcontact.rgbz.tables import (
    Betrokkene,
    DocumentInhoud,
    Informatieobject,
    Klantcontact,
    KlantcontactVersie,
    Status,
    Zaak,
)
from stuf_klantcontact.rgbz.zaken import (
    BetrokkeneMutatie,
    StatusMutatie,
    ZaakMutatie,
    same_betrokkene,
    same_status,
    verwerk,
)
from stuf_klantcontact.rgbz.zoeken import (
    Vergelijking,
    Voorwaarde,
    klantcontacten_van,
    tel_klantcontacten,
    tel_zaken,
    zoek_klantcontacten,
    zoek_zaken,
)

__all__ = [
    "FACTS",
    "FACTS_FROM",
    "INSERT",
    "INSERT_DOCUMENTEN",
    "INSERT_INHOUDEN",
    "KLANTCONTACT_NUMMER",
    "NUMMER",
    "Betrokkene",
    "BetrokkeneFeiten",
    "BetrokkeneMutatie",
    "DocumentInhoud",
    "Informatieobject",
    "Klantcontact",
    "KlantcontactVersie",
    "Status",
    "StatusMutatie",
    "Vergelijking",
    "Vervangen",
    "Voorwaarde",
    "Zaak",
    "ZaakFeiten",
    "ZaakMutatie",
    "add_klantcontact",
    "bekende",
    "blader",
    "drop_informatieobject",
    "ever_exchanged",
    "facts",
    "klantcontacten_van",
    "klantcontactidentificatie",
    "load_inhoud",
    "load_klantcontact",
    "lock_informatieobject",
    "lock_klantcontact",
    "parameters",
    "put_informatieobject",
    "replace_klantcontact",
    "reserveer",
    "same_betrokkene",
    "same_status",
    "status_id",
    "tel",
    "tel_klantcontacten",
    "tel_zaken",
    "verwerk",
    "withdraw_klantcontact",
    "zaak_feiten",
    "zaak_id",
    "zaken_of",
    "zoek_klantcontacten",
    "zoek_zaken",
]
