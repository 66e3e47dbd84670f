"""Which rules a message breaks, where, and what to send instead."""

from lxml import etree

from stuf_klantcontact.errors import Violation

LIMIT = 100
"""At most so many violations are listed of one message."""


def explain(element: etree._Element, *, schema: etree.XMLSchema, roots: frozenset[str]) -> list[Violation]:
    return []
