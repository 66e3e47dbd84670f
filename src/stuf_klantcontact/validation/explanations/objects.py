"""RGBZ-…: what RGBZ 2.0 says of a klantcontact and a document, and the schemas of zkn0320 leave open."""

from typing import Final

from stuf_klantcontact.validation.explanations.entry import entry

_KLC: Final = "RGBZ 2.0 deel I §3.7, deel II KLANTCONTACT"
_IOB: Final = "RGBZ 2.0 deel II INFORMATIEOBJECT"
_RELATIONS: Final = "Ontwerpkeuzen RGBZ 2.0 §2.5"

ENTRIES: Final = (
    entry(
        "RGBZ-VERPLICHT",
        "RGBZ 2.0 deel II",
        meaning=(
            "Een gegeven dat RGBZ verlangt is leeg of ontbreekt.",
            "Something that RGBZ demands is empty or absent.",
        ),
        cause=("In zkn0320 is alles optioneel.", "In zkn0320 everything is optional."),
        cure=("Vul het element.", "Fill the element."),
        wrong="<zkn:onderwerp/>",
        right="<zkn:onderwerp>Voortgang vergunning</zkn:onderwerp>",
    ),
    entry(
        "RGBZ-PARTIJ",
        _KLC,
        meaning=(
            "Een klantcontact is met precies een natuurlijk persoon of vestiging.",
            "A klantcontact is with exactly one natuurlijk persoon or vestiging.",
        ),
        cause=("Geen van beide, of allebei.", "Neither, or both."),
        cure=("Stuur een van de twee relaties.", "Send one of the two relations."),
        wrong="<zkn:heeftPlaatsgevondenMetNPS/><zkn:heeftPlaatsgevondenMetVES/>",
        right="<zkn:heeftPlaatsgevondenMetNPS> … </zkn:heeftPlaatsgevondenMetNPS>",
    ),
    entry(
        "RGBZ-ZAAK",
        _KLC,
        meaning=("Een klantcontact hoort bij precies één zaak.", "A klantcontact belongs to exactly one zaak."),
        cause=("heeftBetrekkingOp ontbreekt.", "heeftBetrekkingOp is absent."),
        cure=("Stuur de zaak mee, verwerkingssoort I.", "Send the zaak, verwerkingssoort I."),
        wrong="<klc:object> … <zkn:isGevoerdDoor/></klc:object>",
        right="<zkn:heeftBetrekkingOp><zkn:gerelateerde> … </zkn:gerelateerde></zkn:heeftBetrekkingOp>",
    ),
    entry(
        "RGBZ-MEDEWERKER",
        _KLC,
        meaning=(
            "Een klantcontact is gevoerd door precies één medewerker.",
            "A klantcontact is held by exactly one medewerker.",
        ),
        cause=("isGevoerdDoor ontbreekt.", "isGevoerdDoor is absent."),
        cure=("Stuur de medewerker mee, verwerkingssoort I.", "Send the medewerker, verwerkingssoort I."),
        wrong="<klc:object> … </klc:object>",
        right="<zkn:isGevoerdDoor><zkn:gerelateerde> … </zkn:gerelateerde></zkn:isGevoerdDoor>",
    ),
    entry(
        "RGBZ-TOEKOMST",
        _KLC,
        meaning=("Een klantcontact heeft al plaatsgevonden.", "A klantcontact has taken place already."),
        cause=("Klok of tijdzone klopt niet.", "The clock or time zone is off."),
        cure=("Stuur het moment waarop het contact begon.", "Send the moment at which the contact began."),
        wrong="<StUF:tijdstip>2062-11-22T10:12:00</StUF:tijdstip>",
        right="<StUF:tijdstip>2026-11-22T10:12:00+01:00</StUF:tijdstip>",
    ),
    entry(
        "RGBZ-HISTORIE",
        _KLC,
        meaning=("RGBZ kent geen historie van een klantcontact.", "RGBZ knows no history of a klantcontact."),
        cause=("zkn0320 heeft de elementen wel.", "zkn0320 does have the elements."),
        cure=("Laat ze weg, tenzij afgesproken.", "Leave them out, unless agreed."),
        wrong="<StUF:tijdvakGeldigheid> … </StUF:tijdvakGeldigheid>",
        right="<zkn:toelichting> … </zkn:toelichting><zkn:heeftBetrekkingOp>",
    ),
    entry(
        "RGBZ-CONTACTPERSOON",
        "RGBZ 2.0 deel II KLANT-CONTACTPERSOON",
        meaning=("Een contactpersoon heeft een naam.", "A contactpersoon has a name."),
        cause=("Alleen telefoon of e-mail is bekend.", "Only a telephone number or e-mail is known."),
        cure=("Vul contactpersoonnaam, of laat de groep weg.", "Fill contactpersoonnaam, or leave the group out."),
        wrong="<zkn:contactpersoonTelefoonnummer>0201234567</zkn:contactpersoonTelefoonnummer>",
        right="<zkn:contactpersoonnaam>A. el Idrissi</zkn:contactpersoonnaam>",
    ),
    entry(
        "RGBZ-EMAILADRES",
        "RGBZ 2.0 deel II KLANT-CONTACTPERSOON",
        meaning=("Dit is geen e-mailadres.", "This is no e-mail address."),
        cause=("De @ ontbreekt of staat aan de rand.", "The @ is missing or at the edge."),
        cure=("Stuur een adres als naam@example.nl.", "Send an address such as naam@example.nl."),
        wrong="<zkn:contactpersoonEmailadres>naam.example.nl</zkn:contactpersoonEmailadres>",
        right="<zkn:contactpersoonEmailadres>naam@example.nl</zkn:contactpersoonEmailadres>",
    ),
    entry(
        "RGBZ-VERWERKINGSSOORT",
        _RELATIONS,
        meaning=(
            "Zaak, medewerker en document worden hier alleen aangewezen.",
            "Zaak, medewerker and document are only pointed at here.",
        ),
        cause=(
            "Een klantcontactbericht voegt ze niet toe; daarvoor zijn zakLk01 en iobLk01.",
            "A message about a klantcontact does not add them; zakLk01 and iobLk01 do.",
        ),
        cure=("Zet verwerkingssoort op I.", "Set verwerkingssoort to I."),
        wrong='<zkn:gerelateerde zkn:entiteittype="ZAK" verwerkingssoort="T">',
        right='<zkn:gerelateerde zkn:entiteittype="ZAK" verwerkingssoort="I">',
    ),
    entry(
        "RGBZ-NUMMER",
        "RGBZ 2.0 deel II; Logisch ontwerp BSN",
        meaning=("Een BSN of RSIN voldoet aan de 11-proef.", "A BSN or RSIN passes the 11-proef."),
        cause=("Een cijfer is verwisseld.", "A digit was swapped."),
        cure=("Controleer het nummer.", "Check the number."),
        wrong="<bg:inp.burgerservicenummer>999993654</bg:inp.burgerservicenummer>",
        right="<bg:inp.burgerservicenummer>999993653</bg:inp.burgerservicenummer>",
    ),
    entry(
        "RGBZ-AFZENDER",
        _IOB,
        meaning=("Een afzender hoort bij een ontvangen document.", "An afzender goes with a received document."),
        cause=("ontvangstdatum ontbreekt.", "ontvangstdatum is absent."),
        cure=("Vul ontvangstdatum, of laat afzender weg.", "Fill ontvangstdatum, or leave afzender out."),
        wrong="<zkn:afzender>S. Jansen</zkn:afzender>",
        right="<zkn:ontvangstdatum> … </zkn:ontvangstdatum><zkn:afzender>S. Jansen</zkn:afzender>",
    ),
    entry(
        "RGBZ-GEADRESSEERDE",
        _IOB,
        meaning=(
            "Een geadresseerde hoort bij een verzonden document.",
            "A geadresseerde goes with a sent document.",
        ),
        cause=("verzenddatum ontbreekt.", "verzenddatum is absent."),
        cure=("Vul verzenddatum, of laat geadresseerde weg.", "Fill verzenddatum, or leave geadresseerde out."),
        wrong="<zkn:geadresseerde>S. Jansen</zkn:geadresseerde>",
        right="<zkn:verzenddatum> … </zkn:verzenddatum><zkn:geadresseerde>S. Jansen</zkn:geadresseerde>",
    ),
    entry(
        "RGBZ-STATUS",
        _IOB,
        meaning=("Een ontvangen document is af.", "A received document is finished."),
        cause=("status past niet bij ontvangstdatum.", "status does not fit ontvangstdatum."),
        cure=("Stuur definitief, of laat status weg.", "Send definitief, or leave status out."),
        wrong="<zkn:status>in bewerking</zkn:status>",
        right="<zkn:status>definitief</zkn:status>",
    ),
)
