"""SET-…: what may be wrong with a set of schemas, as `schemas check` says it."""

from typing import Final

from stuf_klantcontact.validation.explanations.entry import entry

_XSD: Final = "XML Schema 1.0 deel 1 §4.2"
_AGAIN: Final = (
    "Haal de uitgave opnieuw op, geheel en ongewijzigd.",
    "Fetch the release again, complete and unchanged.",
)

ENTRIES: Final = (
    entry(
        "SET-MALFORMED",
        "XML 1.0 §2.1",
        meaning=(
            "Een bestand van de set is geen schema of WSDL, of geen welgevormde XML.",
            "A file of the set is no schema or WSDL, or not well-formed XML.",
        ),
        cause=(
            "Het is half binnengehaald, of een foutpagina is onder die naam bewaard.",
            "It was fetched by half, or an error page was saved under that name.",
        ),
        cure=_AGAIN,
        wrong="<html><body>404 Not Found</body></html>",
        right='<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">',
    ),
    entry(
        "SET-DOCTYPE",
        "XML 1.0 §2.8",
        meaning=(
            "Een bestand van de set heeft een DOCTYPE en is niet gelezen.",
            "A file of the set has a DOCTYPE and was not read.",
        ),
        cause=(
            "Een editor zette hem erin, of het bestand wil elders iets ophalen.",
            "An editor put it in, or the file wants to fetch something.",
        ),
        cure=("Haal de DOCTYPE uit het bestand.", "Take the DOCTYPE out of the file."),
        wrong='<!DOCTYPE xs:schema SYSTEM "XMLSchema.dtd">',
        right='<?xml version="1.0" encoding="UTF-8"?>',
    ),
    entry(
        "SET-NETWORK",
        _XSD,
        meaning=(
            "Een bestand verwijst naar het netwerk of naar een plaats buiten de set; er wordt niets opgehaald.",
            "A file refers to the network or to a place outside the set; nothing is fetched.",
        ),
        cause=(
            "De uitgever verwijst naar een webadres, of naar een map op de eigen schijf.",
            "The publisher refers to a web address, or to a folder of its own.",
        ),
        cure=(
            "Leg het bestand in de map en verwijs ernaar met een pad.",
            "Put the file into the folder and refer to it by a path.",
        ),
        wrong='schemaLocation="http://schemas.opengis.net/gml/3.1.1/base/gml.xsd"',
        right='schemaLocation="../gml/gml.xsd"',
    ),
    entry(
        "SET-MISSING",
        _XSD,
        meaning=(
            "Een bestand verwijst naar een bestand dat niet in de set zit.",
            "A file refers to a file that is not in the set.",
        ),
        cause=(
            "Slechts een map van de uitgave is uitgepakt, of een naam is veranderd.",
            "Only one folder of the release was unpacked, or a name was changed.",
        ),
        cure=(
            "Pak de hele uitgave uit, of noem het ZIP-bestand zelf.",
            "Unpack the whole release, or name the ZIP file itself.",
        ),
        wrong="schemas check zds0120/zkn0310/",
        right="schemas check zds0120.zip",
    ),
    entry(
        "SET-CASE",
        _XSD,
        meaning=(
            "Een verwijzing noemt een bestand met andere hoofdletters dan het heeft.",
            "A reference names a file in other capitals than it has.",
        ),
        cause=(
            "Op Windows maakt dat niet uit, elders wel.",
            "On Windows that makes no difference, elsewhere it does.",
        ),
        cure=("Schrijf de naam precies zoals het bestand heet.", "Write the name exactly as the file is called."),
        wrong='schemaLocation="StUF0301.xsd"  (stuf0301.xsd)',
        right='schemaLocation="stuf0301.xsd"',
    ),
    entry(
        "SET-NAMESPACE",
        "XML Schema 1.0 deel 1 §4.2.3",
        meaning=(
            "Een verwijzing verwacht een andere namespace dan het bestand heeft.",
            "A reference expects another namespace than the file has.",
        ),
        cause=("Bestanden van verschillende versies staan door elkaar.", "Files of several versions are mixed."),
        cure=("Laat beide dezelfde namespace noemen.", "Let both name the same namespace."),
        wrong='<xs:import namespace="http://www.egem.nl/StUF/StUF0204" schemaLocation="stuf0301.xsd"/>',
        right='<xs:import namespace="http://www.egem.nl/StUF/StUF0301" schemaLocation="stuf0301.xsd"/>',
    ),
    entry(
        "SET-DUPLICATE",
        _XSD,
        meaning=("Twee bestanden zijn gelijk; een ervan is gebruikt.", "Two files are the same; one is used."),
        cause=("De uitgave bevat kopieën.", "The release has copies."),
        cure=("Niets te doen.", "Nothing to do."),
        wrong="0301/stuf0301.xsd, zkn0310/stuf0301.xsd",
        right="0301/stuf0301.xsd",
    ),
    entry(
        "SET-CONTRADICTORY",
        _XSD,
        meaning=(
            "Twee bestanden definiëren dezelfde naam anders; een ervan is weggelaten.",
            "Two files define the same name otherwise; one of them is left out.",
        ),
        cause=("Twee patchniveaus staan in dezelfde map.", "Two patch levels are in the same folder."),
        cure=(
            "Leg elk patchniveau in een eigen map en noem die apart.",
            "Put each patch level into a folder of its own and name that.",
        ),
        wrong="schemas/ (patch 22 en patch 26)",
        right="schemas/patch22/, schemas/patch26/",
    ),
    entry(
        "SET-COMPILE",
        "XML Schema 1.0 deel 1 §5",
        meaning=(
            "Een schema is niet te gebruiken en is weggelaten.",
            "A schema cannot be used and is left out.",
        ),
        cause=(
            "Het is geen geldig schema, of wat het nodig heeft ontbreekt.",
            "It is no valid schema, or lacks what it needs.",
        ),
        cure=(
            "Haal de uitgave opnieuw op, of vraag de uitgever om een die klopt.",
            "Fetch the release again, or ask its publisher for one that is right.",
        ),
        wrong='<xs:element name="object" type="ZKN:ZAK-kennisgevng"/>',
        right='<xs:element name="object" type="ZKN:ZAK-kennisgeving"/>',
    ),
    entry(
        "SET-WSDL",
        "WSDL 1.1 §2.3",
        meaning=(
            "Een WSDL noemt een bericht dat geen schema van de set definieert.",
            "A WSDL names a message that no schema of the set defines.",
        ),
        cause=(
            "De naam is verkeerd gespeld, of het schema ontbreekt.",
            "The name is misspelt, or the schema is absent.",
        ),
        cure=("Voeg het schema toe, of verbeter de naam.", "Add the schema, or mend the name."),
        wrong='<part name="body" element="ZKN:zakLk1"/>',
        right='<part name="body" element="ZKN:zakLk01"/>',
    ),
    entry(
        "SET-PATTERN",
        "XML Schema 1.0 deel 2 §4.3.4",
        meaning=(
            "Een patroon kan bij een lange waarde zeer veel rekentijd kosten.",
            "A pattern may take very much computing time on a long value.",
        ),
        cause=("Een herhaling binnen een herhaling.", "A repetition inside a repetition."),
        cure=(
            "Schrijf het patroon zonder herhaling binnen een herhaling.",
            "Write the pattern without a repetition inside a repetition.",
        ),
        wrong='<xs:pattern value="([a-z]+)*"/>',
        right='<xs:pattern value="[a-z]*"/>',
    ),
    entry(
        "SET-NO-MESSAGES",
        "docs/validator.md",
        meaning=(
            "De set heeft typen maar geen berichten: er is niets te valideren.",
            "The set has types but no messages: nothing can be validated.",
        ),
        cause=(
            "Alleen de map met entiteiten is gekozen, of een conceptuitgave heeft nog geen berichten.",
            "Only the folder with entities was chosen, or a draft has no messages yet.",
        ),
        cure=(
            "Kies de map of het ZIP-bestand waarin ook de schema's met berichten (…_msg_….xsd) zitten.",
            "Choose the folder or ZIP file that also has the schemas with messages (…_msg_….xsd).",
        ),
        wrong="schemas check zds0120/zkn0310/entiteiten/",
        right="schemas check zds0120.zip",
    ),
)
