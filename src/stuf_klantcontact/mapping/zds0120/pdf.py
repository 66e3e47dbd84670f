"""A contactverslag as PDF/A-2b: fonts embedded, sRGB as output intent, and nothing that time can change.

fpdf2 guards the rules of ISO 19005-2 while it writes, and raises at what they forbid. What the font has no
character for is written as its code point, `[U+1F600]`: a missing glyph is not allowed and would tell nothing.
"""

import unicodedata
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stuf_klantcontact.mapping.zds0120.verslag import Verslag

if TYPE_CHECKING:
    from fpdf import FPDF

PROFILE: Final = "PDF/A-2B"
FONT: Final = Path(__file__).with_name("DejaVuSans.ttf")
_FAMILY: Final = "DejaVu"
_MARGIN, _INDENT, _LINE = 22.0, 42.0, 5.5
"""Millimetres."""


def as_pdf(verslag: Verslag, *, gemaakt: datetime, auteur: str) -> bytes:
    """Write a verslag on A4. Raises what fpdf2 raises when it cannot be PDF/A."""
    from fpdf import FPDF  # only who wants a PDF pays for it: half a second and 20 MB

    page = FPDF(format="A4", enforce_compliance=PROFILE)
    page.set_margin(_MARGIN)
    page.set_auto_page_break(True, margin=_MARGIN)
    page.set_creation_date(gemaakt)
    page.set_lang("nl-NL")
    page.add_font(_FAMILY, fname=FONT)
    paper = _Paper(page)
    page.set_title(paper.drawn(verslag.kop))
    page.set_author(paper.drawn(auteur))
    page.add_page()
    paper.write(verslag.kop, size=16, after=3)
    if verslag.vooraf:
        paper.write(verslag.vooraf, after=3)
    for naam, waarde in verslag.regels:
        paper.label(naam)
        paper.write(waarde)
    for naam, inhoud in verslag.delen:
        page.ln(4)
        paper.write(naam, size=12, after=1)
        paper.write(inhoud)
    page.ln(4)
    paper.write(verslag.slot, size=8)
    return bytes(page.output())


class _Paper:
    """The page with its one font."""

    def __init__(self, page: "FPDF") -> None:
        self._page = page
        # Direction and join controls have a glyph in the font but nothing to see.
        self._known = frozenset(
            code
            for font in page.fonts.values()
            for code in getattr(font, "cmap", ())
            if unicodedata.category(chr(code)) not in ("Cf", "Cc", "Zl", "Zp")
        )

    def label(self, text: str) -> None:
        self._page.set_font(_FAMILY, size=10)
        self._page.cell(_INDENT, _LINE, text)

    def write(self, text: str, *, size: int = 10, after: float = 0) -> None:
        self._page.set_font(_FAMILY, size=size)
        self._page.multi_cell(0, _LINE * size / 10, self.drawn(text), align="L", new_x="LMARGIN", new_y="NEXT")
        if after:
            self._page.ln(after)

    def drawn(self, text: str) -> str:
        """The text in characters that the font has; white space of any kind is a blank or a line end."""
        result = []
        for character in unicodedata.normalize("NFC", text):
            if character == "\n" or ord(character) in self._known:
                result.append(character)
            elif character.isspace():
                result.append("\n" if character in "\x85\u2028\u2029" else " ")
            else:
                result.append(f"[U+{ord(character):04X}]")
        return "".join(result)
