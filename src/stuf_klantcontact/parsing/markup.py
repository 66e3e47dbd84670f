"""Text as markup, and out of it.

xml.sax.saxutils escapes as well, but takes all of urllib with it: a third of the start-up time.
"""

from collections.abc import Mapping

from lxml import etree


def escape(text: str, more: Mapping[str, str] | None = None) -> str:
    """Text as element content; `more` is replaced besides."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for character, entity in (more or {}).items():
        text = text.replace(character, entity)
    return text


def quoteattr(text: str, more: Mapping[str, str] | None = None) -> str:
    """Text as the value of an attribute, with quotes around it."""
    text = escape(text, {**(more or {}), "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
    return '"' + text.replace('"', "&quot;") + '"'


def text(element: etree._Element | None) -> str:
    """The text of an element without the white space around it; "" when there is none."""
    return "" if element is None else (element.text or "").strip()
