"""KC-…: the rules of the gateway. What they demand and how to cure it is said by rules.RULES itself."""

from collections.abc import Mapping
from typing import Final

from stuf_klantcontact.errors import Text
from stuf_klantcontact.rules import RULES
from stuf_klantcontact.validation.explanations.entry import Explanation

_SECTION: Final = "docs/mapping.md §4; GFOZaken Klantcontact"
_MORE: Final[Mapping[str, tuple[tuple[str, str], str, str]]] = {
    "KC-01": (
        (
            "De zaakidentificatie is verkeerd overgenomen, of het zaaksysteem heeft de zaak nog niet gemeld.",
            "The zaakidentificatie was copied wrongly, or the zaaksysteem has not announced the zaak yet.",
        ),
        "<kc:zaakidentificatie>ZAAK1</kc:zaakidentificatie>",
        "<kc:zaakidentificatie>0518ZAAK0000001</kc:zaakidentificatie>",
    ),
    "KC-02": (
        (
            "De zaak heeft een einddatum, of het bericht noemt geen zaak.",
            "The zaak has an einddatum, or the message names no zaak.",
        ),
        "<kc:zaakidentificatie>0518ZAAK0000002</kc:zaakidentificatie>  <!-- einddatum 20260301 -->",
        "<kc:zaakidentificatie>0518ZAAK0000001</kc:zaakidentificatie>  <!-- geen einddatum -->",
    ),
    "KC-03": (
        (
            "Het zaaksysteem heeft de zaak gemeld zonder status.",
            "The zaaksysteem announced the zaak without a status.",
        ),
        "zakLk01: <ZKN:object> … </ZKN:object>  <!-- zonder ZKN:heeft -->",
        'zakLk01: <ZKN:heeft StUF:entiteittype="ZAKSTT" StUF:verwerkingssoort="T"> … </ZKN:heeft>',
    ),
    "KC-04": (
        (
            "Type is in hoofdletters, vertaald, of een kanaal dat GFOZaken niet kent.",
            "Type is in capitals, translated, or a channel that GFOZaken does not know.",
        ),
        "<gfo:Type>telefoon</gfo:Type>",
        "<gfo:Type>call</gfo:Type>",
    ),
    "KC-05": (
        (
            "De toelichting is leeg of bestaat uit witruimte, en er is geen document.",
            "The toelichting is empty or white space, and there is no document.",
        ),
        "<gfo:Documenten/> … <gfo:Toelichting> </gfo:Toelichting>",
        "<gfo:Toelichting>Mevrouw vroeg wanneer haar vergunning klaar is.</gfo:Toelichting>",
    ),
    "KC-06": (
        (
            "Het verzendende systeem staat hier niet voor opvoerders in, of de opvoerder heeft geen nummer.",
            "The sending system does not vouch for opvoerders here, or the opvoerder has no number.",
        ),
        "<gfo:Medewerker><gfo:Identificatie> </gfo:Identificatie></gfo:Medewerker>",
        "<gfo:Medewerker><gfo:Identificatie>jdevries</gfo:Identificatie></gfo:Medewerker>",
    ),
    "KC-07": (
        (
            "De medewerker staat niet op de lijst van het zaaktype, of de persoon is geen betrokkene van de zaak.",
            "The medewerker is not on the list of the zaaktype, or the person is no betrokkene of the zaak.",
        ),
        "<gfo:Identificatie>kbakker</gfo:Identificatie>",
        "<gfo:Identificatie>jdevries</gfo:Identificatie>",
    ),
    "KC-08": (
        (
            "Het zaaktype staat niet in de instellingen, of deze groep contacten wordt er geweigerd.",
            "The zaaktype is not in the settings, or this group of contacts is refused there.",
        ),
        "[zaaktype.B1026]",
        "[zaaktype.B1026]\nklantcontacten = true",
    ),
    "KC-09": (
        (
            "De klok of de tijdzone van de zender klopt niet, de datum bestaat niet, of de zaak is een andere.",
            "The clock or time zone of the sender is off, the date does not exist, or the zaak is another one.",
        ),
        "<gfo:DatumGezet>2062-11-22T10:12:00</gfo:DatumGezet>",
        "<gfo:DatumGezet>2026-11-22T10:12:00+01:00</gfo:DatumGezet>",
    ),
    "KC-10": (
        (
            "De contactpartij is een niet-natuurlijk persoon, of de contactpersoon heeft geen naam.",
            "The contactpartij is a niet-natuurlijk persoon, or the contactpersoon has no name.",
        ),
        "<gfo:Opvoerder><gfo:NietNatuurlijkPersoon> … </gfo:NietNatuurlijkPersoon></gfo:Opvoerder>",
        "<kc:contactpartij><kc:natuurlijkPersoon><kc:bsn>999993653</kc:bsn></kc:natuurlijkPersoon></kc:contactpartij>",
    ),
    "KC-11": (
        (
            "Een cijfer is verwisseld, de voorloopnul is weg, of een nummer van een ander soort is ingevuld.",
            "A digit was swapped, the leading zero is gone, or a number of another kind was filled in.",
        ),
        "<kc:bsn>999993654</kc:bsn>",
        "<kc:bsn>999993653</kc:bsn>",
    ),
    "KC-12": (
        (
            "De base64 is afgebroken, het document te groot, van een soort die niet mag, of de naam is een pad.",
            "The base64 is cut off, the document too large, of a kind that may not be sent, or its name is a path.",
        ),
        "<dga:Bestandsnaam>C:\\temp\\brief.exe</dga:Bestandsnaam>",
        "<dga:Bestandsnaam>brief.pdf</dga:Bestandsnaam>",
    ),
}

ENTRIES: Final = tuple(
    Explanation(rule.id, rule.demand, Text(*_MORE[rule.id][0]), rule.cure, *_MORE[rule.id][1:], _SECTION)
    for rule in RULES
)
