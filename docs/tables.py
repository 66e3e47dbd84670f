"""The tables in README.md and docs/ that come from the code.

A table stands between ``<!-- table: name -->`` and ``<!-- end -->``. ``make docs`` writes them anew;
tests/test_docs.py fails while one is out of date.
"""

import ast
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from stuf_klantcontact.cli import cli
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.intake.about import OPERATIONS
from stuf_klantcontact.names import prefixed
from stuf_klantcontact.rules import RULES
from stuf_klantcontact.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "stuf_klantcontact"

LAYERS: Mapping[str, tuple[str, ...]] = {
    "entry": ("cli", "server", "app"),
    "doors": ("soap", "web", "worker"),
    "flow": ("resync", "housekeeping", "intake", "delivery", "asking", "transfer", "validation"),
    "knowledge": ("rules", "access", "mapping", "outlets"),
    "records": ("journal", "rgbz", "outbox"),
    "contract": ("contract", "report"),
    "StUF": ("opvoering", "berichten", "fouten", "stuurgegevens", "tijdstip"),
    "ground": (
        "parsing",
        "store",
        "settings",
        "retry",
        "names",
        "errors",
        "limits",
        "memory",
        "onderhoud",
        "secrecy",
    ),
    "beside": ("testing",),
}
"""Every module of the package, as a message meets them."""


def modules() -> set[str]:
    """The modules and packages that there are; ``__init__`` and ``__main__`` speak for themselves."""
    files = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    return files | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def responsibility(module: str) -> str:
    """The first line of a module's docstring, without the full stop."""
    file = PACKAGE / f"{module}.py"
    source = file if file.exists() else PACKAGE / module / "__init__.py"
    text = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    words = " ".join(text.split("\n\n")[0].split()).replace("``", "`").removesuffix(".")
    return words[:1].upper() + words[1:]


def road_map() -> str:
    """One line per module, in message order."""
    return "\n".join(f"- `{name}`: {responsibility(name)}" for names in LAYERS.values() for name in names)


def module_table() -> str:
    """Layer, module, responsibility."""
    rows = [
        ("" if position else layer, f"`{name}`", responsibility(name))
        for layer, names in LAYERS.items()
        for position, name in enumerate(names)
    ]
    return table(rows, head=("layer", "module", "one responsibility"))


def rule_table() -> str:
    """Every business rule."""
    rows = [
        (f"`{r.id}`", f"`{r.fout.name}`", f"{r.demand.nl} / {r.demand.en}", f"{r.cure.nl} / {r.cure.en}")
        for r in RULES
    ]
    return table(rows, head=("rule", "code", "what is wrong", "what to do"))


def fout_table() -> str:
    """Every error code of the standard, in its order of precedence, and whether this gateway answers with it."""
    used = answered_with()
    rows = [
        (f"`{f.name}`", f.plek, "yes" if f.name in used else "", f"{f.situation.nl} / {f.situation.en}")
        for f in Fout
    ]
    return table(rows, head=("code", "plek", "sent", "omschrijving"))


_OF_QUESTIONS = frozenset(f"StUF{n:03}" for n in (76, 79, 82, 88, 91, 97, 103, 106))
"""What the validation of a message finds in a klcLv01 or zakLv01, and the door refuses with."""


@cache
def answered_with() -> frozenset[str]:
    """The codes that the code of this gateway itself answers with."""
    found: set[str] = set()
    for path in sources():
        if {"testing", "outlets", "validation"} & set(path.parts) or path.name == "fouten.py":
            continue
        found |= set(re.findall(r"\bFout\.(StUF\d{3})\b", path.read_text(encoding="utf-8")))
    return frozenset(found) | _OF_QUESTIONS


def sources() -> list[Path]:
    """The Python files of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def rule_ids(*prefixes: str) -> set[str]:
    """Every rule id with one of these prefixes that stands in the code as a string of its own."""
    pattern = re.compile(rf"(?:{'|'.join(prefixes)})-[A-Z0-9-]+")
    return {
        node.value
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and pattern.fullmatch(node.value)
    }


def settings_tables() -> str:
    """Every section of gateway.toml with its keys."""
    return "\n\n".join(
        f"### [{heading}]\n\n{meaning}\n\n{table(rows, head=('key', 'kind', 'default', 'meaning'))}"
        for heading, meaning, rows in sections()
    )


def sections() -> Iterator[tuple[str, str, list[tuple[str, str, str, str]]]]:
    """(heading, meaning, rows) of every section, nested ones after the one they are in."""
    pending = [_section(info.annotation) for info in Settings.model_fields.values()]
    while pending:
        model = pending.pop(0)
        heading, _, meaning = " ".join((model.__doc__ or "").split()).partition(": ")
        rows = []
        for name, info in model.model_fields.items():
            if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
                pending.insert(0, info.annotation)
                continue
            rows.append((f"`{name}`", _kind(info.annotation), _default(info), info.description or ""))
        yield heading.strip("[]"), meaning[:1].upper() + meaning[1:], rows


def _section(annotation: Any) -> type[BaseModel]:
    """The model of a section, or of the values of a section with keys of the municipality's own."""
    model = get_args(annotation)[1] if get_args(annotation) else annotation
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise TypeError(f"{annotation} is no section of settings")
    return model


def _kind(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(arguments[0])
    if origin is Literal:
        return ", ".join(f"`{word}`" for word in arguments)
    if origin in (Union, types.UnionType):
        return _kind(next(a for a in arguments if a is not type(None)))
    if origin is tuple:
        return "list"
    if origin is not None and issubclass(origin, Mapping):
        return "table"
    return {str: "text", int: "number", float: "number", bool: "`true`, `false`", Path: "path"}[annotation]


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "none: must be given"
    value = info.get_default(call_default_factory=True)
    return "none" if value is None else f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str() | Path():
            return f'"{value}"'
        case Mapping():
            inner = ", ".join(f"{key} = {_toml(item)}" for key, item in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case tuple() | list():
            return f"[{', '.join(_toml(item) for item in value)}]"
        case float() if value == int(value):
            return str(int(value))
        case _:
            return str(value)


_ALLOWS = {
    "zaken": "what a zaaksysteem tells us of zaken",
    "klantcontacten": "klantcontacten and their documents, as other systems have them",
    "vragen": "questions about klantcontacten, and to be sent them for synchronisation",
    "bevestigingen": "what an abonnee answers later to what we sent it",
}


def operation_table() -> str:
    """The words for `operaties` of a zender, with the messages that each allows."""
    messages: dict[str, list[str]] = {}
    for tag, operation in OPERATIONS.items():
        name = f"`{prefixed(tag)}`"
        if name not in messages.setdefault(operation.operatie, []):
            messages[operation.operatie].append(name)
    rows = [
        (f"`{word}`", _ALLOWS.get(word, "the vrij bericht of that name"), ", ".join(names))
        for word, names in messages.items()
    ]
    return table(rows, head=("word", "allows", "messages"))


def command_table() -> str:
    """Every command with the first line of its help."""
    rows = []
    for words, command in commands():
        usage = " ".join(
            p.make_metavar(click.Context(command)) for p in command.params if isinstance(p, click.Argument)
        )
        rows.append((f"`{' '.join((*words, usage)).strip()}`", command.get_short_help_str(limit=200)))
    return table(rows, head=("command", "does"))


def commands(
    group: click.Group = cli, *, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that call it, in alphabetical order."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        if isinstance(command, click.Group):
            yield from commands(command, words=(*words, name))
        else:
            yield (*words, name), command


def table(rows: Iterable[Sequence[str]], *, head: Sequence[str]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


TABLES: Mapping[str, Callable[[], str]] = {
    "road map": road_map,
    "modules": module_table,
    "rules": rule_table,
    "codes": fout_table,
    "settings": settings_tables,
    "operaties": operation_table,
    "commands": command_table,
}
_PLACE = re.compile(r"(<!-- table: ([a-z ]+) -->\n).*?(^<!-- end -->)", re.DOTALL | re.MULTILINE)


def rewritten(text: str) -> str:
    """The same text with its tables as the code says now. KeyError when a table is not known."""
    return _PLACE.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n\n{found[3]}", text)


def documents() -> list[Path]:
    """README.md and everything in docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


if __name__ == "__main__":
    for document in documents():
        before = document.read_text(encoding="utf-8")
        if (after := rewritten(before)) != before:
            document.write_text(after, encoding="utf-8")
            print(f"rewrote {document.relative_to(ROOT)}")
