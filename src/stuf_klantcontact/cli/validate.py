"""Commands that judge messages without a database: validate."""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import click

from stuf_klantcontact import report, validation
from stuf_klantcontact.cli import crew
from stuf_klantcontact.cli.crew import Judged
from stuf_klantcontact.contract import OWN
from stuf_klantcontact.errors import Severity
from stuf_klantcontact.limits import STANDARD
from stuf_klantcontact.report.streams import Form, open_stream
from stuf_klantcontact.report.text import Tally
from stuf_klantcontact.validation import parts
from stuf_klantcontact.validation.berichtenset import Series

SCHEMA = click.option(
    "--schema",
    "source",
    metavar="NAME|DIR|ZIP",
    help="A release of VNG as downloaded, or a folder with a municipality's own GFOZaken and DGA-UF schemas. "
    "Without it, or by its name: our own set, stuf-klantcontact.",
)
LANGUAGE = click.option("--lang", type=click.Choice(["nl", "en"]), default="nl", show_default=True)


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH… | -")
@SCHEMA
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sarif", "junit"]), default="text", show_default=True
)
@LANGUAGE
@click.option("--jobs", "-j", type=click.IntRange(min=0), default=1, show_default=True,
              help="Processes that share the files, also those of one folder; 0: one for each core. A "
              "berichtenSet, however large, is one stream: it is not shared.")  # fmt: skip
@click.option("--fail-on", type=click.Choice(["error", "warning"]), default="error", show_default=True,
              help="The least severe finding that gives exit status 1.")  # fmt: skip
@click.option("--color/--no-color", default=None, help="Colour in text; without it, on a terminal only.")
@click.option("--source/--no-source", "quote", default=True, show_default=True,
              help="Show the line of the message in text.")  # fmt: skip
@click.option("--quiet", "-q", is_flag=True, help="Say nothing about what is in order.")
@click.option("--public-url", metavar="URL", default="", envvar="KLANTCONTACT_GATEWAY__PUBLIC_URL",
              help="Where a gateway serves its pages, for the links of SARIF and JSON.")  # fmt: skip
def validate(
    paths: tuple[str, ...],
    source: str | None,
    form: Form,
    lang: report.Language,
    jobs: int,
    fail_on: Severity,
    color: bool | None,
    quote: bool,
    quiet: bool,
    public_url: str,
) -> None:
    """Check messages: files, folders (*.xml in them), or - for standard input; needs no database.

    A message may stand alone, in a SOAP 1.1 or 1.2 envelope or fault, in a multipart (MTOM) as saved from a wire
    log, or in a StUF-berichtenSet of any size. Every finding has its layer: well-formedness, XSD, StUF, RGBZ or
    gateway. Exit status 1 when anything is invalid.

    Example: stuf-klantcontact validate fixtures/ --format sarif --jobs 4
    """
    out = sys.stdout
    colour = form == "text" and (out.isatty() and "NO_COLOR" not in os.environ if color is None else color)
    tally = Tally()
    failed = False
    base = public_url.rstrip("/")
    try:
        files = list(_files(paths))
        schema = _schema(source)
        several = len(paths) > 1 or Path(paths[0]).is_dir() or any(map(_is_set, files))
        quiet = quiet and (several or form != "json")
        stream = open_stream(
            form,
            out,
            language=lang,
            as_dict=partial(report.as_dict, base=base),
            describe=_describe(lang),
            version=_version,
            colour=colour,
            fail_on=fail_on,
            several=several,
            base=base,
        )
        with _Progress(files, wanted=form != "text" or not out.isatty() or _size(files) > 5_000_000) as progress:
            for judged in _judged(files, schema=schema, jobs=jobs or (os.cpu_count() or 1), progress=progress):
                tally.add(judged.report)
                failed = failed or judged.report.fails(fail_on)
                if not quiet or judged.report.violations or not judged.report.valid:
                    progress.clear()
                    stream.add(judged.report, source=judged.lines.get if quote else None)
        stream.close()
        if form == "text" and tally.files > 1 and not (quiet and not tally.rules):
            out.write(tally.as_text(language=lang) + "\n")
            out.flush()
    except BrokenPipeError:
        # Whoever read us has seen enough; nothing may be written any more, not even at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
    if not tally.files:
        raise click.UsageError("no *.xml in what was named")
    sys.exit(1 if failed else 0)


def _schema(source: str | None) -> Path | None:
    """Where the schemas are; None is our own."""
    if source is None or source == OWN:
        return None
    path = Path(source)
    if not path.exists():
        raise click.UsageError(
            f"no such schemas: {source}; there is our own set, {OWN}, and any folder or ZIP file of a release"
        )
    return path


def _files(paths: tuple[str, ...]) -> Iterator[str]:
    for path in paths:
        place = Path(path)
        if path == "-":
            yield path
        elif place.is_dir():
            yield from (str(file) for file in sorted(place.rglob("*.xml")))
        elif place.exists():
            yield path
        else:
            raise click.UsageError(f"cannot read {path}: no such file")


def _judged(files: list[str], *, schema: Path | None, jobs: int, progress: "_Progress") -> Iterator[Judged]:
    """Every report, in the order of the files. Sets are streamed here; other files may go to other processes."""
    against = validation.schemas(schema)
    sets = {file for file in files if file == "-" or _is_set(file)}
    alone = [file for file in files if file not in sets]
    split = parts.families(file for file in files if file in sets)
    series = {part.file: shared for one in split for shared in [Series()] for part in one}
    names = [found for one in split for found in parts.check(one)]
    with crew.Crew(alone, against=against, schema=schema, jobs=min(jobs, len(alone))) as judged:
        for file in parts.in_order(files, split=split):
            if file not in sets:
                yield next(judged)
                progress.step(_size([file]))
                continue
            with sys.stdin.buffer if file == "-" else open(file, "rb") as stream:
                for found in _streamed(stream, file, against=against, series=series.get(file), progress=progress):
                    named = tuple(violation for one, violation in names if one == file)
                    if found.report.index is None and named:
                        about = replace(found.report, violations=(*found.report.violations, *named))
                        found = Judged(about, found.lines)
                    yield found
            if file in series:
                series[file].next_part()


def _streamed(
    stream: BinaryIO,
    file: str,
    *,
    against: validation.Schemas,
    series: Series | None,
    progress: "_Progress",
) -> Iterator[Judged]:
    if not validation.is_berichtenset(_head(stream)):
        data = stream.read(STANDARD.message_bytes + 1)
        yield crew.judge(data, file=file, against=against)
        return
    reports = validation.check_set(stream, against=against, file=file, series=series, progress=progress.step)
    for found, line in reports:
        wanted = {violation.line for violation in found.violations if violation.line}
        yield Judged(found, {number: text for number in wanted if (text := line(number)) is not None})


def _head(stream: BinaryIO) -> bytes:
    """How it begins, left in it."""
    return bytes(stream.peek(4096)[:4096]) if hasattr(stream, "peek") else b""


def _is_set(file: str) -> bool:
    if file == "-":
        return validation.is_berichtenset(_head(sys.stdin.buffer))
    try:
        with open(file, "rb") as stream:
            return validation.is_berichtenset(stream.read(4096))
    except OSError as error:
        raise click.UsageError(f"cannot read {file}: {error.strerror}") from error


def _size(files: list[str]) -> int:
    return sum(Path(file).stat().st_size for file in files if file != "-")


def _describe(language: report.Language) -> report.Describe:
    def describe(rule: str) -> report.Described:
        from stuf_klantcontact.validation.explanations import explain

        known = explain(rule)
        if known is None:
            return report.Described(rule)
        meaning, cause, cure = (
            text.nl if language == "nl" else text.en for text in (known.meaning, known.cause, known.cure)
        )
        wrong, right = ("Fout", "Goed") if language == "nl" else ("Wrong", "Right")
        return report.Described(
            meaning,
            cause,
            f"{cause} {cure}\n\n{wrong}: {known.wrong}\n{right}: {known.right}\n\n{known.section}",
            f"{cause} **{cure}**\n\n{wrong}:\n```xml\n{known.wrong}\n```\n{right}:\n```xml\n{known.right}\n```\n\n"
            f"{known.section}",
        )

    return describe


def _version() -> str:
    from importlib.metadata import version

    return version("stuf-klantcontact")


class _Progress:
    """A bar on standard error, when that is a terminal and the report does not go by there itself."""

    def __init__(self, files: list[str], *, wanted: bool) -> None:
        self._bar = (
            click.progressbar(length=max(1, _size(files)), label="validate", file=sys.stderr, show_pos=False)
            if wanted and sys.stderr.isatty() and "-" not in files
            else None
        )

    def __enter__(self) -> "_Progress":
        if self._bar is not None:
            self._bar.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)

    def step(self, count: int) -> None:
        """So many bytes are done."""
        if self._bar is not None:
            self._bar.update(count)

    def clear(self) -> None:
        """Make room for a report on the same terminal."""
        if self._bar is not None and sys.stdout.isatty():
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


COMMANDS = (validate,)
