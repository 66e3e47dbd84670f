"""What docs/operations.md tells who has a PostgreSQL of their own to run: the tests run it."""

import re

from conftest import ROOT


def chapter(heading: str, *, kind: str = "sql") -> list[str]:
    """The lines of the blocks of that kind under `### heading`; "" is what comes before the first."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    text = text.partition("\n## Your own PostgreSQL\n")[2].partition("\n## ")[0]
    section = text.partition(f"\n### {heading}\n")[2] if heading else text
    blocks = re.findall(rf"^```{kind}\n(.*?)^```$", section.partition("\n### ")[0], re.DOTALL | re.MULTILINE)
    assert blocks, f"nothing to run under {heading!r}"
    return [line for block in blocks for line in block.splitlines()]
