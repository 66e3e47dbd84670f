"""The first tables, and the sequence behind the numbers of klantcontacten."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE klantcontact_nummer")
    op.create_table(
        "bericht",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("richting", sa.String(length=3), nullable=False),
        sa.Column(
            "moment", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("systeem", sa.Text(), nullable=False),
        sa.Column("referentienummer", sa.Text(), nullable=False),
        sa.Column("berichtcode", sa.Text(), nullable=False),
        sa.Column("operatie", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("antwoord", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("bericht_pkey")),
    )
    op.create_index(
        "bericht_accepted_once",
        "bericht",
        ["systeem", "referentienummer"],
        unique=True,
        postgresql_where=sa.text("richting = 'in' AND verdict = 'accepted'"),
    )
    op.create_index("bericht_referentienummer", "bericht", ["referentienummer"], unique=False)
    op.create_table(
        "document_inhoud",
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("inhoud", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("document_inhoud_pkey")),
    )
    op.create_table(
        "outbox_clock",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name="outbox_clock_one_row"),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_clock_pkey")),
    )
    op.create_table(
        "outbox_receiver",
        sa.Column("abonnee", sa.String(length=50), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("abonnee", name=op.f("outbox_receiver_pkey")),
    )
    op.create_table(
        "outbox_stream",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("abonnee", sa.String(length=50), nullable=False),
        sa.Column("sleutel", sa.Text(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("open_sequence", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_stream_pkey")),
        sa.UniqueConstraint("abonnee", "sleutel", name=op.f("outbox_stream_abonnee_sleutel_key")),
    )
    op.create_index(
        "outbox_stream_due_idx",
        "outbox_stream",
        ["abonnee", "due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "zaak",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("identificatie", sa.String(length=40), nullable=False),
        sa.Column("bronorganisatie", sa.String(length=9), nullable=False),
        sa.Column("omschrijving", sa.String(length=80), nullable=False),
        sa.Column("zaaktype", sa.String(length=10), nullable=False),
        sa.Column("zaaktype_omschrijving", sa.String(length=80), nullable=False),
        sa.Column("registratiedatum", sa.Date(), nullable=True),
        sa.Column("startdatum", sa.Date(), nullable=True),
        sa.Column("einddatum", sa.Date(), nullable=True),
        sa.Column("onvolledig", sa.Boolean(), nullable=False),
        sa.Column("versie", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("zaak_pkey")),
        sa.UniqueConstraint(
            "identificatie", "bronorganisatie", name=op.f("zaak_identificatie_bronorganisatie_key")
        ),
    )
    op.create_table(
        "betrokkene",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("zaak_id", sa.BigInteger(), nullable=False),
        sa.Column("rol", sa.String(length=30), nullable=False),
        sa.Column("soort", sa.String(length=30), nullable=False),
        sa.Column("identificatie", sa.String(length=40), nullable=False),
        sa.Column("naam", sa.String(length=625), nullable=False),
        sa.Column("emailadres", sa.String(length=254), nullable=False),
        sa.Column("gegevens", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["zaak_id"], ["zaak.id"], name=op.f("betrokkene_zaak_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("betrokkene_pkey")),
    )
    op.create_index(op.f("betrokkene_zaak_id_idx"), "betrokkene", ["zaak_id"], unique=False)
    op.create_table(
        "outbox_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stream_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("soort", sa.String(length=20), nullable=False),
        sa.Column("klantcontact", sa.String(length=14), nullable=False),
        sa.Column("document", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("first_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("referentienummer", sa.String(length=40), nullable=True),
        sa.Column("tijdstip_bericht", sa.DateTime(timezone=True), nullable=True),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("document_sha256", sa.LargeBinary(length=32), nullable=True),
        sa.Column("document_at", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'delivered', 'held', 'confirmed', 'refused')", name="outbox_item_state"
        ),
        sa.ForeignKeyConstraint(["stream_id"], ["outbox_stream.id"], name=op.f("outbox_item_stream_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_item_pkey")),
        sa.UniqueConstraint("referentienummer", name=op.f("outbox_item_referentienummer_key")),
        sa.UniqueConstraint("stream_id", "sequence", name=op.f("outbox_item_stream_id_sequence_key")),
    )
    op.create_index(
        "outbox_item_held_idx",
        "outbox_item",
        ["stream_id"],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index("outbox_item_klantcontact_idx", "outbox_item", ["klantcontact"], unique=False)
    op.create_table(
        "status",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("zaak_id", sa.BigInteger(), nullable=False),
        sa.Column("volgnummer", sa.BigInteger(), nullable=False),
        sa.Column("omschrijving", sa.String(length=80), nullable=False),
        sa.Column("datum_status_gezet", sa.DateTime(timezone=True), nullable=False),
        sa.Column("toelichting", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["zaak_id"], ["zaak.id"], name=op.f("status_zaak_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("status_pkey")),
        sa.UniqueConstraint(
            "zaak_id",
            "volgnummer",
            "datum_status_gezet",
            name=op.f("status_zaak_id_volgnummer_datum_status_gezet_key"),
        ),
    )
    op.create_index(op.f("status_zaak_id_idx"), "status", ["zaak_id"], unique=False)
    op.create_table(
        "klantcontact",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("identificatie", sa.String(length=14), nullable=False),
        sa.Column("verantwoordelijke_organisatie", sa.String(length=9), nullable=False),
        sa.Column("datum_tijd", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.String(length=6), nullable=False),
        sa.Column("kanaal", sa.String(length=20), nullable=False),
        sa.Column("onderwerp", sa.String(length=80), nullable=False),
        sa.Column("toelichting", sa.String(length=1000), nullable=False),
        sa.Column("groep", sa.String(length=20), nullable=False),
        sa.Column("effect", sa.String(length=12), nullable=False),
        sa.Column("opvoerder", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("medewerker", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("partij", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("partij_herkomst", sa.String(length=20), nullable=False),
        sa.Column("uitkomst", sa.Text(), nullable=False),
        sa.Column("afspraken", sa.Text(), nullable=False),
        sa.Column("extra", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("zaak_id", sa.BigInteger(), nullable=True),
        sa.Column("status_id", sa.BigInteger(), nullable=True),
        sa.Column("bericht_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name=op.f("klantcontact_bericht_id_fkey")),
        sa.ForeignKeyConstraint(["status_id"], ["status.id"], name=op.f("klantcontact_status_id_fkey")),
        sa.ForeignKeyConstraint(["zaak_id"], ["zaak.id"], name=op.f("klantcontact_zaak_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("klantcontact_pkey")),
        sa.UniqueConstraint(
            "identificatie",
            "verantwoordelijke_organisatie",
            name=op.f("klantcontact_identificatie_verantwoordelijke_organisatie_key"),
        ),
    )
    op.create_index("klantcontact_zaak_id_idx", "klantcontact", ["zaak_id"], unique=False)
    op.create_table(
        "outbox_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("referentienummer", sa.String(length=40), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["outbox_item.id"], name=op.f("outbox_event_item_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_event_pkey")),
    )
    op.create_index("outbox_event_item_id_idx", "outbox_event", ["item_id"], unique=False)
    op.create_table(
        "informatieobject",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("klantcontact_id", sa.BigInteger(), nullable=False),
        sa.Column("identificatie", sa.String(length=40), nullable=False),
        sa.Column("bronorganisatie", sa.String(length=9), nullable=False),
        sa.Column("creatiedatum", sa.Date(), nullable=False),
        sa.Column("titel", sa.String(length=200), nullable=False),
        sa.Column("bestandsnaam", sa.String(length=255), nullable=False),
        sa.Column("formaat", sa.String(length=85), nullable=False),
        sa.Column("taal", sa.String(length=20), nullable=False),
        sa.Column("ontvangstdatum", sa.Date(), nullable=True),
        sa.Column("verzenddatum", sa.Date(), nullable=True),
        sa.Column("afzender", sa.String(length=200), nullable=False),
        sa.Column("geadresseerde", sa.String(length=200), nullable=False),
        sa.Column("verwijzing", sa.Text(), nullable=False),
        sa.Column("inhoud_sha256", sa.LargeBinary(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["inhoud_sha256"], ["document_inhoud.sha256"], name=op.f("informatieobject_inhoud_sha256_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["klantcontact_id"], ["klantcontact.id"], name=op.f("informatieobject_klantcontact_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("informatieobject_pkey")),
        sa.UniqueConstraint(
            "klantcontact_id", "identificatie", name=op.f("informatieobject_klantcontact_id_identificatie_key")
        ),
    )
