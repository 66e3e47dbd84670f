"""The gateway's own rules about voegKlantcontactToe, as far as they need no database.

KC-04, 05, 06 (an opvoerder can be told), 09 (the future), 10, 11 and 12. What the zaak, the zaaktype and the zender
decide is left to the gateway. docs/mapping.md §4.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from lxml import etree

from stuf_klantcontact import rules
from stuf_klantcontact.errors import Violation
from stuf_klantcontact.limits import Limits
from stuf_klantcontact.mapping import gfozaken
from stuf_klantcontact.names import KC, qname
from stuf_klantcontact.validation.places import placed

RULES: Final = frozenset({"KC-04", "KC-05", "KC-06", "KC-09", "KC-10", "KC-11", "KC-12"})
"""The rules that need nothing but the message."""
ROOTS: Final = frozenset(qname(KC, f"voegKlantcontactToe_{code}") for code in ("Di01", "Di02"))
"""The messages they are about."""
_INTERACTIEF: Final = ("call", "face")


def check(root: etree._Element, *, valid: bool, now: datetime, limits: Limits) -> Iterator[Violation]:
    """Everything that is wrong by the rules of the gateway; `valid` says that the schema found nothing."""
    opvoering = gfozaken.read(root)
    partij, _ = gfozaken.partij(opvoering, betrokkenen=(), uit_zaak=False)
    medewerker = gfozaken.medewerker(opvoering, betrokkenen=(), uit_zaak=False)
    judgement = rules.judge(
        rules.Case(
            opvoering=opvoering,
            zaak=None,
            zaaktype=None,
            zender=None,
            partij=partij,
            medewerker=medewerker,
            groep=rules.groep(opvoering, partij=partij, medewerker=medewerker, interactief=_INTERACTIEF),
            now=now,
            limits=limits,
            valid=valid,
        ),
        only=RULES,
    )
    for violation in judgement.violations:
        yield placed(violation, root=root)
