"""The error codes of StUF 03.01, table 8.1. What the situation is, fouten.Fout says itself."""

from typing import Final

from stuf_klantcontact.errors import Text
from stuf_klantcontact.validation.explanations.entry import Explanation
from stuf_klantcontact.validation.explanations.standard import content, exchange

_TEXTS: Final = {**exchange.TEXTS, **content.TEXTS}

ENTRIES: Final = tuple(
    Explanation(
        fout.name,
        Text(f"{fout.situation.nl}.", f"{fout.situation.en}."),
        Text(cause_nl, cause_en),
        Text(cure_nl, cure_en),
        wrong,
        right,
        section,
    )
    for fout, (section, cause_nl, cause_en, cure_nl, cure_en, wrong, right) in _TEXTS.items()
)
