"""What there is to know about one rule or code."""

from dataclasses import dataclass

from stuf_klantcontact.errors import Text


@dataclass(frozen=True, slots=True)
class Explanation:
    """A rule or error code for people; `wrong` and `right` are examples, `section` is where the standard has it."""

    code: str
    meaning: Text
    cause: Text
    cure: Text
    wrong: str
    right: str
    section: str


def entry(
    code: str,
    section: str,
    *,
    meaning: tuple[str, str],
    cause: tuple[str, str],
    cure: tuple[str, str],
    wrong: str,
    right: str,
) -> Explanation:
    """An explanation, with each sentence as (Dutch, English)."""
    return Explanation(code, Text(*meaning), Text(*cause), Text(*cure), wrong, right, section)
