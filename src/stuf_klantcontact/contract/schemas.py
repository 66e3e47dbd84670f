"""The schema files: where they are, which hold messages, how they are compiled together, how they are served.

libxml2 honours the first import of a namespace and ignores the others. So every namespace has one outermost file
(the koppelvlak's stuurgegevens include the standard's file), and everybody imports that one.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from threading import Lock

from lxml import etree

from stuf_klantcontact.contract.description import Description, SchemaFile, is_message
from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.names import GFOZAKEN, SOAP11, WSDL, WSDL_SOAP, XSD

ENTRIES = (
    "klantcontact/kc0100_stuf0301.xsd",
    "klantcontact/kc0100.xsd",
    "klantcontact/klc0320_stuf0302.xsd",
    "klantcontact/klc0320.xsd",
    "bg0320/bg0320.xsd",
    "ztc0320/ztc0320.xsd",
    "zkn0320/zkn0320.xsd",
)
"""The outermost file of each namespace that a message can begin in, or that it refers to."""

OUTGOING = "zds0120/"
"""Where the schemas of what we send to receivers of ZDS 1.2 are; they are a contract of their own."""

OUTGOING_ENTRIES = (
    f"{OUTGOING}zds0120_stuf0301.xsd",
    f"{OUTGOING}zds0120_zkn0310.xsd",
    f"{OUTGOING}zds0120.xsd",
)
"""The outermost file of each of its namespaces."""

WSDLS: Mapping[str, tuple[str, ...]] = {
    "OntvangAsynchroon": ("kc0100_ontvangAsynchroon", "klc0320_ontvangAsynchroon"),
    "VerwerkSynchroonVrijBericht": ("kc0100_verwerkSynchroonVrijBericht",),
    "VerwerkSynchroneKennisgeving": ("klc0320_verwerkSynchroneKennisgeving",),
    "BeantwoordVraag": ("klc0320_beantwoordVraag",),
    "VerstrekSynchronisatieBericht": ("klc0320_verstrekSynchronisatieBericht",),
    "VerwerkTriggerbericht": ("kc0100_verwerkTriggerbericht", "klc0320_verwerkTriggerbericht"),
}
"""The WSDLs of each port, one per namespace (protocolbindingen §4); the first is what a bare ?wsdl gets.

kc0100_ontvangAsynchroon_zender is not among them: a zender offers that port, and we call it.
"""

_HUB = "contract.xsd"
_KC = "klantcontact/kc0100.xsd"
_GFOZAKEN_HUB = "gfozaken/gfozaken.xsd"
_COMPILING = Lock()


def schema_directory() -> Path:
    """The folder of our own schemas: in the installed package, else (an editable install) beside src/."""
    package = Path(__file__).resolve().parent.parent
    for directory in (package / "schemas", package.parent.parent / "schemas"):
        if (directory / "klantcontact").is_dir():
            return directory
    raise ConfigurationError("the schemas are not installed: no folder schemas/ in the package or beside src/")


def read(directory: Path) -> dict[str, bytes]:
    """Every schema and WSDL below `directory`, by its relative path."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.suffix in (".xsd", ".wsdl")
    }


def incoming() -> dict[str, bytes]:
    """Our own schemas and WSDLs of what comes in."""
    return {name: data for name, data in read(schema_directory()).items() if not name.startswith(OUTGOING)}


def parse(data: bytes, *, name: str) -> etree._Element:
    """One schema or WSDL as a tree, without DTD, entities or network: a municipality may have put it there."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ConfigurationError(f"{name} is not well-formed XML: {error.msg}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise ConfigurationError(f"{name} has a DOCTYPE; a schema here may not")
    return root


def drop_in(files: Mapping[str, bytes], directory: Path) -> tuple[dict[str, bytes], str]:
    """Our files with gfozaken/ and dga-uf/ replaced by a municipality's own, and the namespace of its Klantcontact.

    The one schema that defines complexType Klantcontact says which namespace it is; the other files travel along
    with their relative paths kept.
    """
    own = read(directory)
    defining = {
        name: root
        for name, root in ((name, parse(data, name=name)) for name, data in own.items() if name.endswith(".xsd"))
        if root.find(f"{{{XSD}}}complexType[@name='Klantcontact']") is not None
    }
    if len(defining) != 1:
        found = ", ".join(sorted(defining)) or "none"
        raise ConfigurationError(f"{directory}: one schema must define complexType Klantcontact; found: {found}")
    [(name, root)] = defining.items()
    namespace = root.get("targetNamespace")
    if not namespace:
        raise ConfigurationError(f"{directory / name}: a targetNamespace is needed")
    merged = {key: data for key, data in files.items() if not key.startswith(("gfozaken/", "dga-uf/"))}
    merged |= {f"gfozaken/eigen/{key}": data for key, data in own.items()}
    declared = root.find(f"{{{XSD}}}element[@name='Klantcontact']") is not None
    merged[_GFOZAKEN_HUB] = _including(f"eigen/{name}", namespace=namespace, declare=not declared)
    merged[_KC] = merged[_KC].replace(f'"{GFOZAKEN}"'.encode(), f'"{namespace}"'.encode())
    return merged, namespace


def _including(location: str, *, namespace: str, declare: bool) -> bytes:
    schema = etree.Element(f"{{{XSD}}}schema", nsmap={"xs": XSD, "own": namespace})
    schema.set("targetNamespace", namespace)
    etree.SubElement(schema, f"{{{XSD}}}include").set("schemaLocation", location)
    if declare:
        element = etree.SubElement(schema, f"{{{XSD}}}element")
        element.set("name", "Klantcontact")
        element.set("type", "own:Klantcontact")
    return etree.tostring(schema, xml_declaration=True, encoding="UTF-8")


def envelope_schema(files: Mapping[str, bytes], *, entries: Iterable[str] = ENTRIES) -> bytes:
    """A schema of the SOAP 1.1 envelope that imports every message, so that Body can be validated in one pass."""
    imports = "".join(
        f'<xs:import namespace="{parse(files[name], name=name).get("targetNamespace")}" schemaLocation="{name}"/>'
        for name in entries
        if name in files
    )
    return f"""<xs:schema xmlns:xs="{XSD}" xmlns:soap="{SOAP11}" targetNamespace="{SOAP11}"
  elementFormDefault="qualified">
  {imports}
  <xs:element name="Envelope">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="Header" minOccurs="0">
          <xs:complexType>
            <xs:sequence>
              <xs:any namespace="##any" processContents="skip" minOccurs="0" maxOccurs="unbounded"/>
            </xs:sequence>
            <xs:anyAttribute namespace="##any" processContents="skip"/>
          </xs:complexType>
        </xs:element>
        <xs:element name="Body">
          <xs:complexType>
            <xs:sequence>
              <xs:any namespace="##any" processContents="lax"/>
            </xs:sequence>
            <xs:anyAttribute namespace="##any" processContents="skip"/>
          </xs:complexType>
        </xs:element>
      </xs:sequence>
      <xs:anyAttribute namespace="##any" processContents="skip"/>
    </xs:complexType>
  </xs:element>
</xs:schema>
""".encode()


def compile_envelope(files: Mapping[str, bytes], *, entries: Iterable[str] = ENTRIES) -> etree.XMLSchema:
    """Compile the envelope with all that it imports.

    From real files: libxml2 swaps its document loader for the whole process while a custom resolver works, and
    another thread that compiles at that moment fails. One at a time, for the same reason.
    """
    with _COMPILING, TemporaryDirectory(prefix="stuf-klantcontact-") as folder:
        root = Path(folder)
        for name, data in {**files, _HUB: envelope_schema(files, entries=entries)}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        try:
            return etree.XMLSchema(file=str(root / _HUB))
        except etree.XMLSchemaParseError as error:
            raise ConfigurationError(f"the schemas do not compile: {_first(error.error_log, root)}") from None


def compile_file(path: Path) -> etree.XMLSchema:
    """Compile the schema at `path` with all that it imports; one at a time, as above."""
    with _COMPILING:
        return etree.XMLSchema(file=str(path))


def _first(log: Iterable[etree._LogEntry], root: Path) -> str:
    for entry in log:
        place = PurePosixPath(entry.filename).name if entry.filename else str(root.name)
        return f"{place}, line {entry.line}: {entry.message}"
    return "no reason given"


def documents(files: Mapping[str, bytes]) -> list[tuple[str, etree._Element]]:
    """Every schema with the namespace that it defines."""
    roots = (parse(data, name=name) for name, data in files.items() if name.endswith(".xsd"))
    return [(root.get("targetNamespace", ""), root) for root in roots]


def global_elements(roots: Iterable[tuple[str, etree._Element]]) -> frozenset[str]:
    """The Clark names of every element that may be the root of a message."""
    return frozenset(
        f"{{{namespace}}}{element.get('name', '').strip()}"
        for namespace, root in roots
        for element in root.iterchildren(f"{{{XSD}}}element")
    )


def describe(files: Mapping[str, bytes]) -> Description:
    """The files, namespaces and messages."""
    found = documents(files)
    names = [name for name in files if name.endswith(".xsd")]
    listed = [
        SchemaFile(name, namespace, root.get("version", ""), len(root.findall(f"{{{XSD}}}element")))
        for name, (namespace, root) in zip(names, found, strict=True)
    ]
    return Description(
        files=tuple(listed),
        namespaces=tuple(sorted({namespace for namespace, _ in found})),
        messages=tuple(sorted(name for name in global_elements(found) if is_message(name))),
    )


def served_wsdls(files: Mapping[str, bytes], *, port: str, address: str) -> dict[str, bytes]:
    """The WSDLs of `port` by their names, as a client gets them from `address`. KeyError: there is no such port."""
    return {name: _served(files[f"klantcontact/{name}.wsdl"], address=address) for name in WSDLS[port]}


def _served(data: bytes, *, address: str) -> bytes:
    """A WSDL as a client gets it from `address`: with that address, and with locations relative to it.

    On disk a location is relative to the file; from /soap/PORT the same file is at ../schemas/klantcontact/.
    """
    root = parse(data, name="WSDL")
    for reference in root.iter(f"{{{XSD}}}include", f"{{{XSD}}}import"):
        location = reference.get("schemaLocation")
        if location:
            reference.set("schemaLocation", f"../schemas/klantcontact/{location}")
    for place in root.iter(f"{{{WSDL_SOAP}}}address"):
        place.set("location", address)
    if root.tag != f"{{{WSDL}}}definitions":
        raise ConfigurationError("not a WSDL")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
