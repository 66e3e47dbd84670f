"""A zaaksysteem in Python, with zeep: adds a klantcontact to a zaak.

  GEBRUIKER=… WACHTWOORD=… python zaaksysteem.py GATEWAY Di02|Di01 ZAAK REFERENTIENUMMER TOELICHTING

Prints what the answer says, as JSON; exit status 1 when the gateway refused.
"""

import json
import os
import sys
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from requests import Session
from zeep import Client
from zeep.exceptions import Fault
from zeep.transports import Transport

gateway, soort, zaak, referentienummer, toelichting = sys.argv[1:]
poort = {"Di02": "VerwerkSynchroonVrijBericht", "Di01": "OntvangAsynchroon"}[soort]

session = Session()
session.auth = (os.environ["GEBRUIKER"], os.environ["WACHTWOORD"])
client = Client(f"{gateway}/soap/{poort}?wsdl", transport=Transport(session=session))

# StUF 03.01 writes Dutch time in digits; DatumGezet takes any ISO 8601 with a time zone.
nu = datetime.now(ZoneInfo("Europe/Amsterdam"))

bericht = {
    "stuurgegevens": {
        "berichtcode": soort,
        "zender": {"organisatie": "0518", "applicatie": "MIJNZAKEN"},
        "ontvanger": {"organisatie": "0518", "applicatie": "KLANTCONTACT"},
        "referentienummer": referentienummer,
        "tijdstipBericht": f"{nu:%Y%m%d%H%M%S}",
        "functie": "voegKlantcontactToe",
    },
    "zaakidentificatie": zaak,
    "Klantcontact": {
        "DatumGezet": nu.isoformat(timespec="seconds"),
        "Documenten": {},
        "Opvoerder": {"Medewerker": {"Identificatie": "jdevries"}},
        "Toelichting": toelichting or None,
        "Type": "call",
    },
}

try:
    antwoord = client.service[f"voegKlantcontactToe_{soort}"](**bericht)
except Fault as fout:
    # zeep gives the detail as XML; the WSDL makes objects of it.
    def lees(element: Any) -> Any:
        return client.get_element(element.tag).parse(element, client.wsdl.types)

    fo = lees(fout.detail[0])
    gevonden = [
        bevinding
        for element in (fo.body.detailsXML._value_1 if fo.body.detailsXML else [])
        if element.tag.endswith("}bevindingen")
        for bevinding in lees(element).bevinding
    ]
    gelezen = {
        "faultcode": fout.code,
        "faultstring": fout.message,
        "berichtcode": fo.stuurgegevens.berichtcode,
        "code": fo.body.code,
        "plek": fo.body.plek,
        "omschrijving": fo.body.omschrijving,
        "details": fo.body.details,
        "bevindingen": [
            {"rule": b.rule, "path": b.path, "message": b.message.nl, "hint": b.hint and b.hint.nl}
            for b in gevonden
        ],
    }
    print(json.dumps(gelezen))
    sys.exit(1)

if soort == "Di01":
    stuurgegevens, gelezen = antwoord, {}  # zeep leaves out an element that has one child: here Bv03Bericht
else:
    stuurgegevens = antwoord.stuurgegevens
    gelezen = {naam: antwoord[naam] for naam in ("klantcontactidentificatie", "groep", "effect")}
print(
    json.dumps(
        {"berichtcode": stuurgegevens.berichtcode, "crossRefnummer": stuurgegevens.crossRefnummer, **gelezen}
    )
)
