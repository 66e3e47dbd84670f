"""From the files of a release to files that libxml2 loads: one hub per namespace, and what is wrong with it.

libxml2 honours the first import of a namespace and ignores the others, and stops at the first file that is not
there. So each namespace gets a hub that includes all its files; in those the includes go and the imports point at
hubs; no definition is touched. What a release lacks or contradicts is said, and left out; the rest works.
"""

import posixpath
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote

from lxml import etree

from stuf_klantcontact.contract.description import Description, SchemaFile, is_answer, is_message
from stuf_klantcontact.errors import Severity, Text, Violation
from stuf_klantcontact.names import SOAP11, SOAP12, WSDL, XSD, qname, split
from stuf_klantcontact.parsing.markup import quoteattr

ENVELOPE: Final = "set.xsd"
"""The file to compile."""
XML: Final = "http://www.w3.org/XML/1998/namespace"

_PARTS: Final = 20_000
"""A group with more elements than this is a bomb."""
_SCHEMA: Final = qname(XSD, "schema")
_INCLUDE, _IMPORT, _REDEFINE = (qname(XSD, local) for local in ("include", "import", "redefine"))
_SYMBOLS: Final = {qname(XSD, "simpleType"): "type", qname(XSD, "complexType"): "type"}
_ELSEWHERE: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:|//|/|\\")
_XML_SCHEMA: Final = f"""<xs:schema xmlns:xs="{XSD}" targetNamespace="{XML}">
  <xs:attribute name="lang" type="xs:language"/>
  <xs:attribute name="space"><xs:simpleType><xs:restriction base="xs:NCName">
    <xs:enumeration value="default"/><xs:enumeration value="preserve"/>
  </xs:restriction></xs:simpleType></xs:attribute>
  <xs:attribute name="base" type="xs:anyURI"/>
  <xs:attribute name="id" type="xs:ID"/>
  <xs:attributeGroup name="specialAttrs">
    <xs:attribute ref="xml:lang"/><xs:attribute ref="xml:space"/><xs:attribute ref="xml:base"/>
  </xs:attributeGroup>
</xs:schema>
"""
"""The four attributes that XML itself has, for a set that only gives their address on the web."""


@dataclass(slots=True, eq=False)
class Document:
    """One schema of the set: a file, or one that stands in a WSDL."""

    path: str
    namespace: str
    root: etree._Element
    version: str
    stored: str = ""
    """Under which name it is stored for libxml2."""
    components: frozenset[tuple[str, str]] = frozenset()


@dataclass(slots=True)
class Hubs:
    """A release, made loadable."""

    documents: list[Document] = field(default_factory=list)
    problems: list[Violation] = field(default_factory=list)
    wsdls: dict[str, etree._Element] = field(default_factory=dict)
    _files: Mapping[str, bytes] = field(default_factory=dict)
    _redefined: set[str] = field(default_factory=set)
    _referred: set[str] = field(default_factory=set)
    _includers: dict[str, set[str]] = field(default_factory=dict)

    # What it says

    def description(self) -> Description:
        """The files, namespaces and messages."""
        files = [
            SchemaFile(d.path, d.namespace, d.version, len(_elements(d.root))) for d in self.documents if d.stored
        ]
        files += [SchemaFile(p, r.get("targetNamespace", ""), _version(r), 0) for p, r in self.wsdls.items()]
        return Description(
            files=tuple(sorted(files, key=lambda file: file.path)),
            namespaces=tuple(sorted({d.namespace for d in self.documents})),
            messages=tuple(sorted(name for name in self.roots() if is_message(name))),
        )

    def roots(self) -> frozenset[str]:
        """Every global element that can be the root of a message."""
        return frozenset(
            qname(d.namespace, name) if d.namespace else name for d in self.documents for name in _elements(d.root)
        )

    def pairs(self) -> list[tuple[str, etree._Element]]:
        """The schemas, each with the namespace that it defines."""
        return [(document.namespace, document.root) for document in self.documents]

    # What libxml2 gets

    def stored(self) -> dict[str, bytes]:
        """The files to compile, by name."""
        found = {d.stored: etree.tostring(d.root, encoding="utf-8", xml_declaration=True) for d in self.documents}
        namespaces = sorted({d.namespace for d in self.documents})
        for number, namespace in enumerate(namespaces):
            target = f" targetNamespace={quoteattr(namespace)}" if namespace else ""
            includes = "".join(
                f"  <xs:include schemaLocation={quoteattr(d.stored)}/>\n"
                for d in self.documents
                if d.namespace == namespace and d.path not in self._redefined
            )
            found[f"hub{number}.xsd"] = f'<xs:schema xmlns:xs="{XSD}"{target}>\n{includes}</xs:schema>\n'.encode()
        imports = "".join(
            f"  <xs:import{f' namespace={quoteattr(namespace)}' if namespace else ''}"
            f' schemaLocation="hub{number}.xsd"/>\n'
            for number, namespace in enumerate(namespaces)
            if namespace not in (SOAP11, SOAP12)
        )
        twelve = f'  <xs:import namespace="{SOAP12}" schemaLocation="soap12.xsd"/>\n'
        found["soap12.xsd"] = envelope(SOAP12, imports).encode()
        found[ENVELOPE] = envelope(SOAP11, imports + twelve).encode()
        return found

    def leave_out(self, stored: str, *, line: int, reason: str) -> bool:
        """Go on without the file that libxml2 does not compile; False when there is no such file."""
        document = next((d for d in self.documents if d.stored == stored), None)
        if document is None:
            return False
        self._left_out(document, line, reason)
        self._point()
        return True

    def _left_out(self, document: Document, line: int | None, reason: str) -> None:
        self.documents.remove(document)
        self._say(
            "SET-COMPILE",
            document.path,
            line,
            nl=f"Dit schema is niet te gebruiken en weggelaten: {reason}",
            en=f"This schema cannot be used and is left out: {reason}",
            hint=Text(
                "Haal de levering opnieuw op, of vraag de leverancier om een die klopt.",
                "Fetch the release again, or ask its publisher for one that is right.",
            ),
        )

    # Making it

    def _say(
        self,
        rule: str,
        path: str,
        line: int | None,
        *,
        nl: str,
        en: str,
        hint: Text | None = None,
        severity: Severity = "error",
    ) -> None:
        self.problems.append(
            Violation(rule=rule, message=Text(nl, en), hint=hint, severity=severity, line=line, path=path)
        )

    def _parse(self, name: str, data: bytes) -> etree._Element | None:
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
        )
        try:
            root = etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            line = error.lineno if isinstance(error, etree.XMLSyntaxError) else None
            self._say(
                "SET-MALFORMED",
                name,
                line,
                nl=f"Geen welgevormde XML: {_short(str(error))}",
                en=f"Not well-formed XML: {_short(str(error))}",
                hint=Text("Haal het bestand opnieuw op.", "Fetch the file again."),
            )
            return None
        if root.getroottree().docinfo.internalDTD is not None:
            self._say(
                "SET-DOCTYPE",
                name,
                1,
                nl="Een DOCTYPE, en dus misschien entiteiten: dit bestand is niet gelezen.",
                en="A DOCTYPE, and so perhaps entities: this file was not read.",
                hint=Text("Haal de DOCTYPE uit het bestand.", "Take the DOCTYPE out of the file."),
            )
            return None
        wanted = WSDL if name.lower().endswith(".wsdl") else XSD
        if split(str(root.tag))[0] != wanted:
            self._say(
                "SET-MALFORMED",
                name,
                _line(root),
                nl="Dit is geen schema of WSDL; overgeslagen.",
                en="This is no schema or WSDL; skipped.",
                severity="warning",
            )
            return None
        return root

    def _gather(self) -> None:
        for name, data in self._files.items():
            root = self._parse(name, data)
            if root is None:
                continue
            if name.lower().endswith(".wsdl"):
                self.wsdls[name] = root
                for number, schema in enumerate(root.iter(_SCHEMA), start=1):
                    if any(child.tag not in (_INCLUDE, _IMPORT) for child in schema.iterchildren(etree.Element)):
                        self._add(f"{name}#{number}", schema)
            elif root.tag == _SCHEMA:
                self._add(name, root)

    def _add(self, path: str, root: etree._Element) -> None:
        self.documents.append(
            Document(
                path,
                (root.get("targetNamespace") or "").strip(),
                root,
                _version(root),
                components=frozenset(
                    (_SYMBOLS.get(str(part.tag), str(part.tag)), part.get("name", "").strip())
                    for part in root.iterchildren(etree.Element)
                    if part.get("name") is not None
                ),
            )
        )

    def _references(self) -> None:
        """Look at every include and import: where it leads, and whether that is what it says."""
        known = {d.path: d for d in self.documents}
        names = {d.path.lower(): d.path for d in self.documents}
        namespaces = {d.namespace for d in self.documents}
        for document in self.documents:
            for reference in document.root.iterchildren(_INCLUDE, _IMPORT, _REDEFINE):
                target = self._target(document.path, reference, namespaces=namespaces, names=names)
                found = known.get(target or "")
                if found is not None:
                    self._agree(document, reference, found)
        for name, root in self.wsdls.items():
            for schema in root.iter(_SCHEMA):
                for reference in schema.iterchildren(_INCLUDE, _IMPORT):
                    self._target(name, reference, namespaces=namespaces, names=names)
            for reference in root.iterchildren(qname(WSDL, "import")):
                target = _joined(name, reference.get("location", ""))
                if target not in self.wsdls and target not in known:
                    self._missing(name, reference, reference.get("location", ""), list(self.wsdls), used=False)

    def _target(
        self, path: str, reference: etree._Element, *, namespaces: set[str], names: dict[str, str]
    ) -> str | None:
        location = reference.get("schemaLocation")
        namespace = reference.get("namespace", "")
        used = reference.tag == _IMPORT and (namespace in namespaces or namespace == XML)
        if location is None:
            if reference.tag == _IMPORT and not used:
                self._missing(path, reference, namespace, [], used=False)
            return None
        if _ELSEWHERE.match(location):
            self._network(path, reference, location, used=used)
            return None
        target = _joined(path.partition("#")[0], location)
        if target.lower() in names:
            if target not in names.values():
                self._case(path, reference, location, names[target.lower()])
            self._referred.add(names[target.lower()])
            return names[target.lower()]
        self._missing(path, reference, location, list(names.values()), used=used)
        return None

    def _network(self, path: str, reference: etree._Element, location: str, *, used: bool) -> None:
        shown = _short(location)
        what = ("Het schema van die namespace uit de set is gebruikt.", "The set's own schema of it was used.")
        if not used:
            what = ("Zonder dat bestand ontbreekt er iets.", "Without that file something is missing.")
        self._say(
            "SET-NETWORK",
            path,
            _line(reference),
            nl=f"Verwijst naar {shown}: er wordt niets van het netwerk of van buiten de set gehaald. {what[0]}",
            en=f"Refers to {shown}: nothing is fetched from the network or from outside the set. {what[1]}",
            hint=Text(
                "Leg het bestand in de map en verwijs ernaar met een pad.",
                "Put the file into the folder and refer to it by a path.",
            ),
            severity="warning" if used else "error",
        )

    def _missing(
        self, path: str, reference: etree._Element, location: str, names: list[str], *, used: bool
    ) -> None:
        local = PurePosixPath(location).name
        close = get_close_matches(local[:80], [PurePosixPath(name).name for name in names], n=1, cutoff=0.92)
        hint = Text(
            "Vul de levering aan; wat alleen daarin staat, is nu onbekend.",
            "Complete the release; what only that file defines is not known now.",
        )
        if used:
            hint = Text(
                "Niets te doen: de namespace is er uit andere bestanden.",
                "Nothing to do: other files have that namespace.",
            )
        elif close:
            hint = Text(f"Bedoeld is misschien {close[0]}.", f"Perhaps {close[0]} is meant.")
        self._say(
            "SET-MISSING",
            path,
            _line(reference),
            nl=f"Verwijst naar {_short(location)}, en dat zit niet in de set.",
            en=f"Refers to {_short(location)}, which is not in the set.",
            hint=hint,
            severity="warning",
        )

    def _case(self, path: str, reference: etree._Element, location: str, actual: str) -> None:
        self._say(
            "SET-CASE",
            path,
            _line(reference),
            nl=f"Verwijst naar {_short(location)}; het bestand heet {PurePosixPath(actual).name}.",
            en=f"Refers to {_short(location)}; the file is called {PurePosixPath(actual).name}.",
            hint=Text("Schrijf de naam precies zo.", "Write the name exactly so."),
            severity="warning",
        )

    def _agree(self, document: Document, reference: etree._Element, found: Document) -> None:
        if reference.tag == _IMPORT:
            wanted, actual = reference.get("namespace", ""), found.namespace
        else:
            wanted, actual = document.namespace, found.namespace or document.namespace
            self._includers.setdefault(found.path, set()).add(document.namespace)
            if reference.tag == _REDEFINE:
                self._redefined.add(found.path)
        if wanted != actual:
            self._say(
                "SET-NAMESPACE",
                document.path,
                _line(reference),
                nl=f"Verwacht in {found.path} namespace {wanted or '-'}, maar dat bestand heeft {actual or '-'}.",
                en=f"Expects namespace {wanted or '-'} in {found.path}, but that file has {actual or '-'}.",
                hint=Text("Laat beide dezelfde namespace noemen.", "Let both name the same namespace."),
            )

    def _adopt(self) -> None:
        """A schema without a namespace takes that of each that includes it."""
        for document in list(self.documents):
            if document.namespace:
                continue
            for number, namespace in enumerate(sorted(self._includers.get(document.path, set()) - {""})):
                if number == 0:
                    document.namespace = namespace
                else:
                    self.documents.append(replace(document, namespace=namespace, root=deepcopy(document.root)))

    def _one_of_each(self) -> None:
        """Of two files that define the same, the one that is referred to stays, and then the newest."""
        owner: dict[tuple[str, str, str], Document] = {}
        for document in sorted(self.documents, key=self._rank, reverse=True):
            twice = [
                (other, name)
                for tag, name in sorted(document.components)
                if (other := owner.get((document.namespace, tag, name))) is not None
            ]
            if document.path in self._redefined:
                continue
            if not twice:
                for tag, name in document.components:
                    owner[document.namespace, tag, name] = document
                continue
            self.documents.remove(document)
            other, name = twice[0]
            if other.components == document.components and _same(other.root, document.root):
                self._say(
                    "SET-DUPLICATE",
                    document.path,
                    None,
                    nl=f"Hetzelfde als {other.path}; een keer gebruikt.",
                    en=f"The same as {other.path}; used once.",
                    severity="warning",
                )
                continue
            ours, theirs = document.version or "?", other.version or "?"
            self._say(
                "SET-CONTRADICTORY",
                document.path,
                None,
                nl=f"Definieert net als {other.path} {name} (versie {ours} en {theirs}); weggelaten.",
                en=f"Defines {name}, as {other.path} does (version {ours} and {theirs}); left out.",
                hint=Text(
                    "Leg elk patchniveau in een eigen map en noem die apart.",
                    "Put each patch level into a folder of its own and name that.",
                )
                if document.path in self._referred
                else Text("Niets te doen: niets verwijst ernaar.", "Nothing to do: nothing refers to it."),
                severity="error" if document.path in self._referred else "warning",
            )

    def _rank(self, document: Document) -> tuple[bool, str, str]:
        said = re.search(r"patchdatum ([0-9]{8})", document.version)
        return document.path in self._referred, said.group(1) if said else "", document.version

    def _bound(self) -> None:
        """Groups that refer to groups that refer to groups: compiling them costs as much as they become."""
        groups = {
            (d.namespace, group.get("name", "").strip()): (d, group)
            for d in self.documents
            for group in d.root.iterchildren(qname(XSD, "group"))
        }
        sizes: dict[tuple[str, str], int] = {}

        def size(key: tuple[str, str], depth: int) -> int:
            if key in sizes or key not in groups or depth > 100:
                return sizes.get(key, 1)
            document, group = groups[key]
            total = 0
            for part in group.iter(qname(XSD, "element"), qname(XSD, "group")):
                reference = part.get("ref")
                if part is not group and part.tag == group.tag and reference:
                    prefix, colon, local = reference.strip().rpartition(":")
                    namespace = part.nsmap.get(prefix if colon else None) or document.namespace
                    total += size((namespace, local), depth + 1)
                else:
                    total += 1
            sizes[key] = total
            return total

        for key, (document, group) in groups.items():
            if size(key, 0) > _PARTS and document in self.documents:
                self._left_out(document, _line(group), f"group {key[1]} becomes {sizes[key]} elements")

    def _point(self) -> None:
        """Name the stored files and let every import point at a hub; what is included is in the hub."""
        hubs = {ns: f"hub{number}.xsd" for number, ns in enumerate(sorted({d.namespace for d in self.documents}))}
        by_path: dict[str, str] = {}
        for number, document in enumerate(self.documents):
            if not document.stored:
                name = re.sub(r"[^A-Za-z0-9_.-]", "_", document.path.rpartition("/")[2])[:60]
                document.stored = f"{number:03d}_{name.removesuffix('.xsd')}.xsd"
            by_path[document.path] = document.stored
        for document in self.documents:
            seen: set[str] = set()
            for reference in list(document.root.iterchildren(_INCLUDE, _IMPORT, _REDEFINE)):
                namespace = reference.get("namespace", "")
                if reference.tag == _REDEFINE:
                    target = by_path.get(_joined(document.path, reference.get("schemaLocation", "")))
                    if target is not None:
                        reference.set("schemaLocation", target)
                elif reference.tag == _INCLUDE or namespace in seen:
                    document.root.remove(reference)
                else:
                    seen.add(namespace)
                    if "schemaLocation" in reference.attrib:
                        del reference.attrib["schemaLocation"]
                    if namespace in hubs:
                        reference.set("schemaLocation", hubs[namespace])

    def _words(self) -> None:
        """What WSDLs promise and schemas do not have; patterns that can take for ever; no messages at all."""
        roots = self.roots()
        for name, root in self.wsdls.items():
            for part in root.iter(qname(WSDL, "part")):
                element = part.get("element")
                if element is None:
                    continue
                prefix, colon, local = element.rpartition(":")
                wanted = qname(part.nsmap.get(prefix if colon else None) or "", local)
                if wanted not in roots:
                    close = get_close_matches(local[:80], [split(root)[1] for root in roots], n=1, cutoff=0.8)
                    self._say(
                        "SET-WSDL",
                        name,
                        _line(part),
                        nl=f"Noemt bericht {_short(element)}, dat geen schema van de set definieert.",
                        en=f"Names message {_short(element)}, which no schema of the set defines.",
                        hint=Text(f"Bedoeld is misschien {close[0]}.", f"Perhaps {close[0]} is meant.")
                        if close
                        else None,
                        severity="warning",
                    )
        for document in self.documents:
            for pattern in document.root.iter(qname(XSD, "pattern")):
                if explosive(pattern.get("value", "")):
                    self._say(
                        "SET-PATTERN",
                        document.path,
                        _line(pattern),
                        nl="Dit patroon kan bij een lange waarde zeer veel rekentijd kosten.",
                        en="This pattern may take very much computing time on a long value.",
                        hint=Text(
                            "Schrijf het patroon zonder herhaling binnen een herhaling.",
                            "Write the pattern without a repetition inside a repetition.",
                        ),
                        severity="warning",
                    )
        if not any(is_message(name) and not is_answer(name) for name in roots):
            self._say(
                "SET-NO-MESSAGES",
                "",
                None,
                nl="Deze set heeft typen en geen berichten, hooguit de Bv en Fo van StUF: niets te valideren.",
                en="This set has types but no messages, at most the Bv and Fo of StUF: nothing can be validated.",
                hint=Text(
                    "Voeg de schema's met berichten (…_msg_….xsd) toe.",
                    "Add the schemas with messages (…_msg_….xsd).",
                ),
                severity="warning",
            )


def build(files: Mapping[str, bytes]) -> Hubs:
    """Make a release loadable."""
    hubs = Hubs(_files=files)
    hubs._gather()
    hubs._references()
    namespaces = {document.namespace for document in hubs.documents}
    wanted = {r.get("namespace") for d in hubs.documents for r in d.root.iterchildren(_IMPORT)}
    if XML in wanted - namespaces:
        hubs._add("xml.xsd (built in)", etree.fromstring(_XML_SCHEMA))
    hubs._adopt()
    hubs._one_of_each()
    hubs._bound()
    hubs._point()
    hubs._words()
    return hubs


def envelope(namespace: str, imports: str) -> str:
    """A schema of a SOAP envelope whose Body takes any message; known ones are validated."""
    skip = '<xs:any namespace="##any" processContents="skip" minOccurs="0" maxOccurs="unbounded"/>'
    attributes = '<xs:anyAttribute namespace="##any" processContents="skip"/>'
    return f"""<xs:schema xmlns:xs="{XSD}" targetNamespace="{namespace}" elementFormDefault="qualified">
{imports}  <xs:element name="Envelope"><xs:complexType><xs:sequence>
    <xs:element name="Header" minOccurs="0"><xs:complexType>
      <xs:sequence>{skip}</xs:sequence>{attributes}
    </xs:complexType></xs:element>
    <xs:element name="Body"><xs:complexType>
      <xs:sequence><xs:any namespace="##any" processContents="lax"/></xs:sequence>{attributes}
    </xs:complexType></xs:element>
  </xs:sequence>{attributes}</xs:complexType></xs:element>
</xs:schema>
"""


_NESTED: Final = re.compile(r"\((?:[^()\\]|\\.)*(?:[+*]|\{\d*,\})(?:[^()\\]|\\.)*\)(?:[+*]|\{\d*,\}|\{\d{2,}\})")
_REPEATED_CHOICE: Final = re.compile(r"\(((?:[^()\\|]|\\.)+(?:\|(?:[^()\\|]|\\.)+)+)\)(?:[+*]|\{\d*,\})")


def explosive(pattern: str) -> bool:
    """Whether a pattern repeats what can itself be read in several ways: (a+)+ or (a|aa)*."""
    if _NESTED.search(pattern[:2_000]):
        inner = _NESTED.search(pattern[:2_000])
        # (b+c)* is harmless: what ends each round is not what is repeated in it.
        return inner is not None and inner.group(0)[1:].rpartition(")")[0][-1:] in "+*}"
    for found in _REPEATED_CHOICE.finditer(pattern[:2_000]):
        ways = found.group(1).split("|")
        if any(one != other and other.startswith(one) for one in ways for other in ways):
            return True
    return False


def _elements(root: etree._Element) -> list[str]:
    return [
        element.get("name", "").strip()
        for element in root.iterchildren(qname(XSD, "element"))
        if element.get("abstract") not in ("true", "1")
    ]


def _version(root: etree._Element) -> str:
    """The version that the file gives itself, with the patch of its StUF appinfo."""
    version = (root.get("version") or "").strip()
    for appinfo in root.iter("{*}appinfo"):
        said = {split(str(part.tag))[1]: (part.text or "").strip() for part in appinfo.iterchildren(etree.Element)}
        parts = [version, *(f"{key} {said[key]}" for key in ("patch", "patchdatum") if said.get(key))]
        return _short(", ".join(part for part in parts if part))
    return _short(version)


def _same(one: etree._Element, other: etree._Element) -> bool:
    return _plain(one) == _plain(other)


def _plain(root: etree._Element) -> bytes:
    copy = etree.fromstring(etree.tostring(root))
    etree.strip_elements(copy, qname(XSD, "annotation"), with_tail=False)
    for reference in copy.iterchildren(_INCLUDE, _IMPORT):
        copy.remove(reference)
    for key in ("version", "id"):
        if key in copy.attrib:
            del copy.attrib[key]
    return b"".join(etree.tostring(part, method="c14n", exclusive=True).strip() for part in copy)


def _joined(path: str, location: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(location.strip())))


def _line(element: etree._Element) -> int | None:
    line: int | None = element.sourceline  # type: ignore[assignment]  # the stub knows no type
    return line


def _short(text: str) -> str:
    clean = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return clean if len(clean) <= 160 else clean[:159] + "…"
