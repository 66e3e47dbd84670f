"""Error codes as one enum with a row per code, and the fault built from it.

A fault is the complete StUF message (Fo02 on a synchronous port, Fo03 on an asynchronous one) and the SOAP
faultcode and faultstring that go around it. Nothing here can fail: a value that is too long is cut to what the
schema allows, because a fault must always reach the sender.

StUF 03.01 §4.4.3 and table 8.1; stuf-facts §8.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from lxml import etree

from stuf_klantcontact.errors import Text
from stuf_klantcontact.names import STUF0301, qname
from stuf_klantcontact.stuurgegevens import Header, write

Plek = Literal["client", "server"]

OMSCHRIJVING_LENGTH = 200
DETAILS_LENGTH = 1000


class Fout(Enum):
    """A standard error code: its plek, and what the situation is, in both languages.

    The order is the precedence of the standard: of several errors, the first in this list is the one to report.
    """

    StUF001 = ("server", "De StUF-versie wordt niet ondersteund", "The StUF version is not supported")
    StUF004 = ("server", "Het sectormodel wordt niet ondersteund", "The sectormodel is not supported")
    StUF007 = (
        "server",
        "De versie van het sectormodel wordt niet ondersteund",
        "The version of the sectormodel is not supported",
    )
    StUF010 = ("client", "De ontvanger is hier niet bekend", "The ontvanger is not known here")
    StUF013 = ("client", "De zender is hier niet bekend", "The zender is not known here")
    StUF016 = (
        "client",
        "Het referentienummer is al gebruikt voor een bericht met een andere inhoud",
        "The referentienummer was already used for a message with other content",
    )
    StUF019 = (
        "client",
        "Het tijdstipBericht is niet later dan dat van een eerder bericht van deze zender",
        "The tijdstipBericht is not later than that of an earlier message of this zender",
    )
    StUF022 = ("client", "De berichtcode is onbekend", "The berichtcode is unknown")
    StUF025 = ("server", "De berichtcode wordt niet ondersteund", "The berichtcode is not supported")
    StUF028 = ("client", "Het entiteittype is onbekend", "The entiteittype is unknown")
    StUF031 = ("server", "Het entiteittype wordt niet ondersteund", "The entiteittype is not supported")
    StUF034 = ("client", "De functie is onbekend", "The functie is unknown")
    StUF037 = ("server", "De functie wordt niet ondersteund", "The functie is not supported")
    StUF040 = (
        "server",
        "Deze combinatie van berichtcode, entiteittype en functie wordt niet ondersteund",
        "This combination of berichtcode, entiteittype and functie is not supported",
    )
    StUF043 = ("client", "Het crossRefnummer is onbekend", "The crossRefnummer is unknown")
    StUF046 = ("server", "Het bericht kan nu niet worden opgeslagen", "The message cannot be stored now")
    StUF049 = ("server", "Het bericht kan nu niet worden verwerkt", "The message cannot be processed now")
    StUF052 = ("client", "De zender is hiervoor niet geautoriseerd", "The zender is not authorised for this")
    StUF055 = ("client", "Het bericht voldoet niet aan het schema", "The message does not conform to the schema")
    StUF058 = ("server", "Het bericht voldoet niet aan de regels", "The message does not conform to the rules")
    StUF061 = ("server", "Verzenden kan niet binnen vijf minuten beginnen", "Sending cannot start in five minutes")
    StUF062 = ("client", "tijdvakGeldigheid is niet juist gevuld", "tijdvakGeldigheid is not filled correctly")
    StUF063 = ("server", "Een gewijzigd gegeven begint hier later", "A changed value begins later here")
    StUF064 = ("server", "Het object is hier niet gevonden", "The object was not found here")
    StUF065 = ("server", "tijdstipRegistratie is te vroeg", "tijdstipRegistratie is too early")
    StUF066 = ("client", "Er is niets te corrigeren", "There is nothing to correct")
    StUF067 = ("server", "Meer dan een object voldoet", "More than one object matches")
    StUF068 = ("client", "Toekomstige mutatie in een synchroon bericht", "Future mutation in a synchronous message")
    StUF069 = ("client", "De oude waarden zijn hier niet gevonden", "The old values were not found here")
    StUF070 = ("client", "De historische synchronisatie is niet consistent", "The history is not consistent")
    StUF076 = ("client", "vanaf en totEnMet verschillen in elementen", "vanaf and totEnMet differ in elements")
    StUF079 = ("client", "Een element staat in gelijk en in het bereik", "An element is in gelijk and in the range")
    StUF082 = ("client", "exact of wildcard is gebruikt in een bereik", "exact or wildcard is used in a range")
    StUF085 = ("client", "Onvolledige datum in een bereik", "Incomplete date in a range")
    StUF088 = ("client", "Meer dan een sleutel", "More than one key")
    StUF091 = ("client", "Sleutel en elementen samen", "Key and elements together")
    StUF094 = (
        "server",
        "De sleutels van de zender zijn hier niet bekend",
        "The keys of the zender are not kept here",
    )
    StUF097 = ("client", "scope-attribuut en inhoud samen", "scope attribute and content together")
    StUF103 = ("client", "Vervolgvraag zonder start", "Follow-up without start")
    StUF106 = ("client", "start mist elementen van het bereik", "start lacks elements of the range")
    StUF118 = ("client", "peiltijdstipMaterieel ontbreekt", "peiltijdstipMaterieel is missing")
    StUF119 = ("client", "peiltijdstipFormeel ontbreekt", "peiltijdstipFormeel is missing")
    StUF124 = ("server", "Asynchrone vragen worden niet ondersteund", "Asynchronous questions are not supported")
    StUF127 = ("server", "De gebruiker is onbekend", "The gebruiker is unknown")
    StUF130 = ("server", "De asynchrone vraag is te zwaar", "The asynchronous question is too expensive")
    StUF133 = ("server", "De sortering wordt niet ondersteund", "The sortering is not supported")
    StUF960 = ("server", "Antwoord is niet op tijd mogelijk", "No answer is possible in time")

    def __init__(self, plek: Plek, nl: str, en: str) -> None:
        self.plek: Plek = plek
        self.situation = Text(nl=nl, en=en)

    @property
    def technical(self) -> bool:
        """Whether it is of soort 3: checked before a Bv03 is given, and refused with Fo03."""
        return self.name <= "StUF046"

    @property
    def precedence(self) -> int:
        """Position in the standard's table; lower goes first."""
        return _PRECEDENCE[self]


_PRECEDENCE = {fout: position for position, fout in enumerate(Fout)}


@dataclass(frozen=True, slots=True)
class Fault:
    """What the SOAP envelope needs to know: where the cause lies, and the sentence for faultstring."""

    plek: Plek
    omschrijving: str


def first(fouten: list[Fout]) -> Fout:
    """The one to report, by the precedence of the standard."""
    return min(fouten, key=lambda fout: fout.precedence)


def build(
    fout: Fout,
    *,
    header: Header,
    details: str = "",
    details_xml: tuple[etree._Element, ...] = (),
    namespace: str = STUF0301,
) -> tuple[etree._Element, Fault]:
    """Build the Fo message that `header.berichtcode` (Fo01, Fo02 or Fo03) names, and its SOAP fault.

    `namespace` is that of StUF 03.01 or 03.02, which say it alike. omschrijving is Dutch and English in one line,
    at most 200 characters; details at most 1,000.
    """
    root = etree.Element(qname(namespace, f"{header.berichtcode}Bericht"), nsmap={"StUF": namespace})
    root.append(write(header, tag=qname(namespace, "stuurgegevens"), namespace=namespace))
    body = etree.SubElement(root, qname(namespace, "body"))
    omschrijving = f"{fout.situation.nl} / {fout.situation.en}"[:OMSCHRIJVING_LENGTH]
    for local, value in (("code", fout.name), ("plek", fout.plek), ("omschrijving", omschrijving)):
        etree.SubElement(body, qname(namespace, local)).text = value
    if details:
        etree.SubElement(body, qname(namespace, "details")).text = details[:DETAILS_LENGTH]
    if details_xml:
        etree.SubElement(body, qname(namespace, "detailsXML")).extend(details_xml)
    return root, Fault(plek=fout.plek, omschrijving=omschrijving)
