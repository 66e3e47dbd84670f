"""A place inside COMMIT where a message waits until the test lets it go on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from crash.processes import wait_until
from crash.traffic import Sent
from stuf_klantcontact.store import Database

GATE = 4711


@dataclass
class Gate:
    """Whoever commits an accepted message with a certain number waits here, all its rows written."""

    connection: psycopg.Connection

    def wait_for_somebody(self, *, waiting_for: str = "advisory") -> int:
        """The server process that waits."""
        found: list[int] = []

        def look() -> bool:
            rows = self.connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                " AND wait_event = %s",
                [waiting_for],
            )
            found[:] = [row[0] for row in rows]
            return bool(found)

        wait_until(look, seconds=10, what=f"nobody waits for {waiting_for}")
        return found[0]

    def open(self) -> None:
        """Let everybody commit."""
        self.connection.execute("SELECT pg_advisory_unlock_all()")

    def terminate(self, backend: int) -> None:
        """End a server process in its transaction, and wait until it is gone."""
        self.connection.execute("SELECT pg_terminate_backend(%s, 10000)", [backend])


@contextmanager
def held_at_commit(database: Database, sent: Sent) -> Iterator[Gate]:
    """A deferred constraint trigger runs inside COMMIT: there, the message waits until the gate opens."""
    with database.connection() as connection:
        connection.execute(
            f"""
            CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON bericht DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                WHEN (NEW.referentienummer = '{sent.referentienummer}' AND NEW.verdict = 'accepted')
                EXECUTE FUNCTION wait_at_gate();
            SELECT pg_advisory_lock({GATE});
            """
        )
        gate = Gate(connection)
        try:
            yield gate
        finally:
            gate.open()
            connection.execute("DROP TRIGGER gate ON bericht; DROP FUNCTION wait_at_gate()")
