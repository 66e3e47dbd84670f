"""From the files of a release to files that libxml2 loads: one hub per namespace, and what is wrong with it.

libxml2 honours the first import of a namespace and ignores the others, and stops at the first file that is not
there. So each namespace gets a hub that includes all its files; in those the includes go and the imports point at
hubs; no definition is touched. What a release lacks or contradicts is said, and left out; the rest works.
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Final

from lxml import etree

from stuf_klantcontact.contract import remarks
from stuf_klantcontact.contract.description import Description, SchemaFile, is_answer, is_message
from stuf_klantcontact.contract.document import XML, XML_SCHEMA, Document, elements, joined, same, version
from stuf_klantcontact.errors import Violation
from stuf_klantcontact.names import SOAP11, SOAP12, WSDL, XSD, qname, split
from stuf_klantcontact.parsing.markup import quoteattr

ENVELOPE: Final = "set.xsd"
"""The file to compile."""

_PARTS: Final = 20_000
"""A group with more elements than this is a bomb."""
_SCHEMA: Final = qname(XSD, "schema")
_INCLUDE, _IMPORT, _REDEFINE = (qname(XSD, local) for local in ("include", "import", "redefine"))
_SYMBOLS: Final = {qname(XSD, "simpleType"): "type", qname(XSD, "complexType"): "type"}
_ELSEWHERE: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:|//|/|\\")


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
            SchemaFile(d.path, d.namespace, d.version, len(elements(d.root))) for d in self.documents if d.stored
        ]
        files += [SchemaFile(p, r.get("targetNamespace", ""), version(r), 0) for p, r in self.wsdls.items()]
        return Description(
            files=tuple(sorted(files, key=lambda file: file.path)),
            namespaces=tuple(sorted({d.namespace for d in self.documents})),
            messages=tuple(sorted(name for name in self.roots() if is_message(name))),
        )

    def roots(self) -> frozenset[str]:
        """Every global element that can be the root of a message."""
        return frozenset(
            qname(d.namespace, name) if d.namespace else name for d in self.documents for name in elements(d.root)
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
        self.problems.append(remarks.left_out(document.path, line, reason=reason))

    # Making it

    def _parse(self, name: str, data: bytes) -> etree._Element | None:
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
        )
        try:
            root = etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            line = error.lineno if isinstance(error, etree.XMLSyntaxError) else None
            self.problems.append(remarks.malformed(name, line, reason=str(error)))
            return None
        if root.getroottree().docinfo.internalDTD is not None:
            self.problems.append(remarks.doctype(name))
            return None
        wanted = WSDL if name.lower().endswith(".wsdl") else XSD
        if split(str(root.tag))[0] != wanted:
            self.problems.append(remarks.no_schema(name, remarks.line(root)))
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
                version(root),
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
                target = joined(name, reference.get("location", ""))
                if target not in self.wsdls and target not in known:
                    said = reference.get("location", "")
                    self.problems.append(remarks.missing(name, reference, said, names=list(self.wsdls), used=False))

    def _target(
        self, path: str, reference: etree._Element, *, namespaces: set[str], names: dict[str, str]
    ) -> str | None:
        location = reference.get("schemaLocation")
        namespace = reference.get("namespace", "")
        used = reference.tag == _IMPORT and (namespace in namespaces or namespace == XML)
        if location is None:
            if reference.tag == _IMPORT and not used:
                self.problems.append(remarks.missing(path, reference, namespace, names=[], used=False))
            return None
        if _ELSEWHERE.match(location):
            self.problems.append(remarks.network(path, reference, location, used=used))
            return None
        target = joined(path.partition("#")[0], location)
        if target.lower() in names:
            if target not in names.values():
                self.problems.append(remarks.case(path, reference, location, actual=names[target.lower()]))
            self._referred.add(names[target.lower()])
            return names[target.lower()]
        self.problems.append(remarks.missing(path, reference, location, names=list(names.values()), used=used))
        return None

    def _agree(self, document: Document, reference: etree._Element, found: Document) -> None:
        if reference.tag == _IMPORT:
            wanted, actual = reference.get("namespace", ""), found.namespace
        else:
            wanted, actual = document.namespace, found.namespace or document.namespace
            self._includers.setdefault(found.path, set()).add(document.namespace)
            if reference.tag == _REDEFINE:
                self._redefined.add(found.path)
        if wanted != actual:
            self.problems.append(
                remarks.namespace(document.path, reference, found.path, wanted=wanted, actual=actual)
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
            if other.components == document.components and same(other.root, document.root):
                self.problems.append(remarks.duplicate(document.path, other.path))
                continue
            self.problems.append(
                remarks.contradictory(
                    document.path,
                    other.path,
                    name=name,
                    versions=(document.version, other.version),
                    referred=document.path in self._referred,
                )
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
                self._left_out(document, remarks.line(group), f"group {key[1]} becomes {sizes[key]} elements")

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
                    target = by_path.get(joined(document.path, reference.get("schemaLocation", "")))
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
                    self.problems.append(
                        remarks.wsdl(name, part, element, names=[split(root)[1] for root in roots])
                    )
        for document in self.documents:
            for pattern in document.root.iter(qname(XSD, "pattern")):
                if remarks.explosive(pattern.get("value", "")):
                    self.problems.append(remarks.pattern(document.path, pattern))
        if not any(is_message(name) and not is_answer(name) for name in roots):
            self.problems.append(remarks.NO_MESSAGES)


def build(files: Mapping[str, bytes]) -> Hubs:
    """Make a release loadable."""
    hubs = Hubs(_files=files)
    hubs._gather()
    hubs._references()
    namespaces = {document.namespace for document in hubs.documents}
    wanted = {r.get("namespace") for d in hubs.documents for r in d.root.iterchildren(_IMPORT)}
    if XML in wanted - namespaces:
        hubs._add("xml.xsd (built in)", etree.fromstring(XML_SCHEMA))
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
