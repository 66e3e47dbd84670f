"""What must still be sent; the only writer of its tables.

A stream is all that goes to one abonnee about one zaak; its items leave strictly in the order in which their
transactions committed. The stream row is the only thing that enqueue, claim and settle contend for, and it is
all that a claim scans: what waits behind the first open item costs nothing, however long it waits.

What can go wrong: the database (psycopg.Error on the hot paths, sqlalchemy.exc.SQLAlchemyError elsewhere).
A worker that lost its lease is told so by a False, never by an exception.

StUF 03.01 §4.3 and §4.4: a sender keeps a message until its Bv03 or Bv04, repeats it unchanged, numbers it
uniquely and stamps it later than every message before it; reliability.md §3 has what others promise.
"""

from stuf_klantcontact.outbox.aside import Backlog, backlogs, forget_attempts, is_alone, is_busy, put_aside
from stuf_klantcontact.outbox.deliveries import DELIVER, DELIVERED, delivered, delivering, settle_delivered
from stuf_klantcontact.outbox.desk import (
    history,
    hold,
    how,
    hurry,
    listing,
    open_items,
    outcome,
    release,
    retry,
    skip,
)
from stuf_klantcontact.outbox.enqueue import (
    ENQUEUE,
    MAIL,
    ZENDER,
    Mutatiesoort,
    Order,
    Soort,
    Told,
    enqueue,
    enqueue_parameter,
    told,
)
from stuf_klantcontact.outbox.hints import Listener, Teller
from stuf_klantcontact.outbox.moment import uptime
from stuf_klantcontact.outbox.numbers import (
    keep_number,
    next_tijdstip,
    next_tijdstip_0301,
    next_tijdstippen,
    previous_number,
    stamp_all,
)
from stuf_klantcontact.outbox.pace import Paced, claim_at_pace
from stuf_klantcontact.outbox.queue import (
    BREAKER_FAILURES,
    SETTLE,
    SETTLED,
    Claim,
    Settled,
    Stamp,
    claim,
    give_back_probe,
    receiver_failed,
    settle,
    settled,
    settling,
    stamp,
)
from stuf_klantcontact.outbox.receivers import Shut, Standing, pause, resume, shut, standings
from stuf_klantcontact.outbox.renewal import (
    Rest,
    Sent,
    begin_resync,
    end_resync,
    find_resync,
    hand_over,
    hold_streams,
    last_resyncs,
    next_resync,
    open_streams,
    replace_waiting,
    rest,
    sent,
    tidy,
)
from stuf_klantcontact.outbox.tables import Clock, Event, Item, Past, Receiver, ReceiverEvent, Resync, State, Stream
from stuf_klantcontact.store import Connection

__all__ = [
    "BREAKER_FAILURES",
    "DELIVER",
    "DELIVERED",
    "ENQUEUE",
    "MAIL",
    "SETTLE",
    "SETTLED",
    "ZENDER",
    "Backlog",
    "Claim",
    "Clock",
    "Connection",
    "Event",
    "Item",
    "Listener",
    "Mutatiesoort",
    "Order",
    "Paced",
    "Past",
    "Receiver",
    "ReceiverEvent",
    "Rest",
    "Resync",
    "Sent",
    "Settled",
    "Shut",
    "Soort",
    "Stamp",
    "Standing",
    "State",
    "Stream",
    "Teller",
    "Told",
    "backlogs",
    "begin_resync",
    "claim",
    "claim_at_pace",
    "delivered",
    "delivering",
    "end_resync",
    "enqueue",
    "enqueue_parameter",
    "find_resync",
    "forget_attempts",
    "give_back_probe",
    "hand_over",
    "history",
    "hold",
    "hold_streams",
    "how",
    "hurry",
    "is_alone",
    "is_busy",
    "keep_number",
    "last_resyncs",
    "listing",
    "next_resync",
    "next_tijdstip",
    "next_tijdstip_0301",
    "next_tijdstippen",
    "open_items",
    "open_streams",
    "outcome",
    "pause",
    "previous_number",
    "put_aside",
    "receiver_failed",
    "release",
    "replace_waiting",
    "rest",
    "resume",
    "retry",
    "sent",
    "settle",
    "settle_delivered",
    "settled",
    "settling",
    "shut",
    "skip",
    "stamp",
    "stamp_all",
    "standings",
    "tidy",
    "told",
    "uptime",
]
