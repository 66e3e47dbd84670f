"""Shipped and itself tested: a fake zaakmagazijn (well-behaved, slow, dead, rude), a SOAP test client, a clock.

For the demo, for our own tests, and for whoever connects a system to the gateway. Nothing here belongs in
production: the servers listen on 127.0.0.1 unless told otherwise. What can go wrong: OSError when a port is taken,
AssertionError when what was waited for does not come.

StUF 03.01 §4.4 and stuf-facts §9.2 say how a well-behaved receiver answers.
"""

from stuf_klantcontact.testing.client import Reply, SoapClient
from stuf_klantcontact.testing.clock import FixedClock
from stuf_klantcontact.testing.mailserver import FakeMailServer, Mail
from stuf_klantcontact.testing.zaakmagazijn import FakeZaakmagazijn, Received, closed_port
from stuf_klantcontact.testing.zaaksysteem import FakeZaaksysteem

__all__ = [
    "FakeMailServer",
    "FakeZaakmagazijn",
    "FakeZaaksysteem",
    "FixedClock",
    "Mail",
    "Received",
    "Reply",
    "SoapClient",
    "closed_port",
]
