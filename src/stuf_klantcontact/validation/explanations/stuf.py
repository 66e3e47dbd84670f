"""StUF-…: rules of the standard that have no error code of their own and that no schema holds."""

from typing import Final

from stuf_klantcontact.validation.explanations.entry import entry

ENTRIES: Final = (
    entry(
        "StUF-BERICHTCODE",
        "StUF 03.01 §4.1",
        meaning=("De berichtcode is niet die van het bericht.", "The berichtcode is not that of the message."),
        cause=("Gekopieerd uit een ander bericht.", "Copied from another message."),
        cure=("Stuur de code waarop de naam eindigt.", "Send the code that the name ends in."),
        wrong="zakLk01: <StUF:berichtcode>Lk02</StUF:berichtcode>",
        right="zakLk01: <StUF:berichtcode>Lk01</StUF:berichtcode>",
    ),
    entry(
        "StUF-STUURGEGEVENS",
        "StUF 03.01 §4.1 tot §4.4, tabel 5.1",
        meaning=(
            "De stuurgegevens hebben iets te weinig of te veel voor dit berichtsoort.",
            "The stuurgegevens have something too little or too much for this kind of message.",
        ),
        cause=(
            "Elke berichtsoort kent eigen verplichte en verboden elementen.",
            "Each kind of message has mandatory and forbidden elements of its own.",
        ),
        cure=("Voeg toe of laat weg wat de bevinding noemt.", "Add or leave out what the finding names."),
        wrong="Fo02: <StUF:berichtcode>Fo02</StUF:berichtcode><StUF:zender>…</StUF:zender>",
        right="Fo02: <StUF:berichtcode>Fo02</StUF:berichtcode>",
    ),
    entry(
        "StUF-REFERENTIENUMMER",
        "StUF 03.01 §4.3.1",
        meaning=(
            "Het referentienummer ontbreekt, is leeg of is langer dan 40 tekens.",
            "The referentienummer is absent, empty or longer than 40 characters.",
        ),
        cause=("Een UUID met iets ervoor past niet.", "A UUID with something before it does not fit."),
        cure=(
            "Geef elk bericht een eigen nummer; houd het bij herhaling gelijk.",
            "Give every message a number of its own; keep it when repeating.",
        ),
        wrong="<StUF:referentienummer>MIJNZAKEN-6f1c2a9e-5e0f-4a77-9a51-3c8f2b7d1e60</StUF:referentienummer>",
        right="<StUF:referentienummer>6f1c2a9e-5e0f-4a77-9a51-3c8f2b7d1e60</StUF:referentienummer>",
    ),
    entry(
        "StUF-TIJDSTIPBERICHT",
        "StUF 03.01 §4.3.2",
        meaning=(
            "tijdstipBericht ontbreekt, bestaat niet of ligt in de toekomst.",
            "tijdstipBericht is absent, does not exist or is in the future.",
        ),
        cause=(
            "Het schema telt alleen cijfers: 99999999999999 komt er door.",
            "The schema only counts digits: 99999999999999 passes.",
        ),
        cure=(
            "Stuur EEJJMMDDhhmmssddd in Nederlandse tijd (03.01), of een dateTime (03.02).",
            "Send EEJJMMDDhhmmssddd in Dutch time (03.01), or a dateTime (03.02).",
        ),
        wrong="<StUF:tijdstipBericht>20261322101500</StUF:tijdstipBericht>",
        right="<StUF:tijdstipBericht>20261122101500000</StUF:tijdstipBericht>",
    ),
    entry(
        "StUF-OBJECTEN",
        "StUF 03.01 §5.1",
        meaning=(
            "Het aantal objecten past niet bij de mutatiesoort.",
            "The number of objects does not fit the mutatiesoort.",
        ),
        cause=(
            "T en V hebben één object, W, C en F hebben er twee: oud en huidig.",
            "T and V have one object, W, C and F have two: oud and huidig.",
        ),
        cure=("Stuur bij een wijziging eerst oud, dan huidig.", "For a change send oud first, then huidig."),
        wrong="<StUF:mutatiesoort>W</StUF:mutatiesoort> … <ZKN:object/>",
        right="<StUF:mutatiesoort>W</StUF:mutatiesoort> … <ZKN:object/><ZKN:object/>",
    ),
    entry(
        "StUF-ENTITEITTYPE",
        "StUF 03.01 §5.1",
        meaning=(
            "Het entiteittype van het object is niet dat van de stuurgegevens.",
            "The entiteittype of the object is not that of the stuurgegevens.",
        ),
        cause=("Vergeten, of een supertype.", "Forgotten, or a supertype."),
        cure=("Maak ze gelijk.", "Make them equal."),
        wrong='<StUF:entiteittype>ZAK</StUF:entiteittype> … <ZKN:object StUF:entiteittype="EDC">',
        right='<StUF:entiteittype>ZAK</StUF:entiteittype> … <ZKN:object StUF:entiteittype="ZAK">',
    ),
    entry(
        "StUF-VERWERKINGSSOORT",
        "StUF 03.01 §5.2.3, tabellen 5.3 tot 5.5; ONV0419",
        meaning=(
            "De verwerkingssoort ontbreekt, of past niet bij de mutatiesoort.",
            "The verwerkingssoort is absent, or does not fit the mutatiesoort.",
        ),
        cause=(
            "Elke mutatiesoort staat op object, relatie en gerelateerde maar enkele waarden toe.",
            "Each mutatiesoort allows only some values on object, relation and gerelateerde.",
        ),
        cure=("Kies een waarde die de bevinding noemt.", "Choose a value that the finding names."),
        wrong='T: <ZKN:heeft StUF:entiteittype="ZAKSTT" StUF:verwerkingssoort="W">',
        right='T: <ZKN:heeft StUF:entiteittype="ZAKSTT" StUF:verwerkingssoort="T">',
    ),
    entry(
        "StUF-KERNGEGEVENS",
        "StUF 03.01 §5.2.4",
        meaning=("Niets wijst het object aan.", "Nothing identifies the object."),
        cause=(
            "Geen enkel kerngegeven heeft een waarde, en er is geen sleutelOntvangend.",
            "No kerngegeven has a value, and there is no sleutelOntvangend.",
        ),
        cure=("Vul ten minste één kerngegeven.", "Fill at least one kerngegeven."),
        wrong='<ZKN:gerelateerde StUF:entiteittype="ZAK" StUF:verwerkingssoort="I"/>',
        right='<ZKN:gerelateerde StUF:entiteittype="ZAK" …><ZKN:identificatie>0518ZAAK0000001</ZKN:identificatie>',
    ),
    entry(
        "StUF-MATCHGEGEVENS",
        "StUF 03.02 (RFC0461); zkn0320 *-matchgegevens",
        meaning=("Matchgegevens ontbreken.", "Matchgegevens are missing."),
        cause=(
            "In StUF 03.02 staan ze er altijd, leeg als er geen waarde is.",
            "In StUF 03.02 they are always there, empty when there is no value.",
        ),
        cure=("Stuur ze mee, leeg of met xsi:nil.", "Send them, empty or with xsi:nil."),
        wrong="<zkn:zaakidentificatie>0518ZAAK0000001</zkn:zaakidentificatie>",
        right='… </zkn:zaakidentificatie><zkn:bronorganisatie xsi:nil="true"/><zkn:omschrijving/>',
    ),
    entry(
        "StUF-SLEUTEL",
        "StUF 03.01 §5.2.4",
        meaning=(
            "sleutelVerzendend verschilt tussen oud en huidig.",
            "sleutelVerzendend differs between oud and huidig.",
        ),
        cause=("Een nieuwe sleutel is een correctie van soort S.", "A new key is a correction of kind S."),
        cure=(
            "Houd hem gelijk, of gebruik mutatiesoort C en verwerkingssoort S.",
            "Keep it equal, or use mutatiesoort C and verwerkingssoort S.",
        ),
        wrong='<ZKN:object StUF:sleutelVerzendend="1"/><ZKN:object StUF:sleutelVerzendend="2"/>',
        right='<ZKN:object StUF:sleutelVerzendend="1"/><ZKN:object StUF:sleutelVerzendend="1"/>',
    ),
    entry(
        "StUF-NIL",
        "StUF 03.01 §3.4.1; ERR0480",
        meaning=(
            "xsi:nil zonder noValue zegt niet waarom er geen waarde is.",
            "xsi:nil without noValue does not say why there is no value.",
        ),
        cause=(
            "Een serialiseerder (.NET, Java) schrijft null als xsi:nil; een ontvanger kan het als wissen lezen.",
            "A serialiser (.NET, Java) writes null as xsi:nil; a receiver may read it as erasing.",
        ),
        cure=(
            "Geef met noValue de reden: geenWaarde, waardeOnbekend. Of laat het element weg.",
            "Give the reason by noValue: geenWaarde, waardeOnbekend. Or leave the element out.",
        ),
        wrong='<ZKN:einddatum xsi:nil="true"/>',
        right='<ZKN:einddatum xsi:nil="true" StUF:noValue="geenWaarde"/>',
    ),
    entry(
        "StUF-NOVALUE",
        "StUF 03.01 §3.4",
        meaning=(
            "Een waarde, en toch noValue.",
            "A value, and yet noValue.",
        ),
        cause=("noValue is in een sjabloon blijven staan.", "noValue was left in a template."),
        cure=("Laat een van beide weg.", "Leave one of the two out."),
        wrong='<ZKN:creatiedatum StUF:noValue="geenWaarde">20261122</ZKN:creatiedatum>',
        right="<ZKN:creatiedatum>20261122</ZKN:creatiedatum>",
    ),
    entry(
        "StUF-DATUM",
        "StUF 03.01 §3.2; stuf0301.xsd Datum",
        meaning=("Deze datum bestaat niet.", "There is no such date."),
        cause=(
            "In StUF 03.01 is een datum een getal: 31, -5 en 20260230 komen door het schema.",
            "In StUF 03.01 a date is a number: 31, -5 and 20260230 pass the schema.",
        ),
        cure=(
            "Stuur EEJJMMDD; is de dag onbekend, dan een bestaande datum met indOnvolledigeDatum.",
            "Send EEJJMMDD; when the day is unknown, a real date with indOnvolledigeDatum.",
        ),
        wrong="<ZKN:startdatum>20260230</ZKN:startdatum>",
        right="<ZKN:startdatum>20260228</ZKN:startdatum>",
    ),
    entry(
        "StUF-TIJDVAK",
        "StUF 03.01 §5.2.5",
        meaning=("Begin en eind van een tijdvak gaan samen.", "Begin and eind of a period go together."),
        cause=("Een open eind is weggelaten.", "An open end was left out."),
        cure=("Stuur het eind leeg met noValue geenWaarde.", "Send the end empty with noValue geenWaarde."),
        wrong="<StUF:tijdvakGeldigheid><StUF:beginGeldigheid>20260101</StUF:beginGeldigheid></StUF:tijdvakGeldigheid>",
        right='… <StUF:eindGeldigheid xsi:nil="true" StUF:noValue="geenWaarde"/></StUF:tijdvakGeldigheid>',
    ),
    entry(
        "StUF-PERIODE",
        "StUF 03.01 §3.3.1",
        meaning=("Het tijdvak eindigt voor het begint.", "The period ends before it begins."),
        cause=("Begin en eind zijn verwisseld.", "Begin and end were swapped."),
        cure=("Controleer beide.", "Check both."),
        wrong="begin 20260601, eind 20260101",
        right="begin 20260101, eind 20260601",
    ),
    entry(
        "StUF-TOEKOMST",
        "StUF 03.01 §5.2.5",
        meaning=("Het begin past niet bij de berichtcode.", "The begin does not fit the berichtcode."),
        cause=(
            "Lk01 vertelt wat nu geldt, Lk05 alleen wat nog komt.",
            "Lk01 tells what holds now, Lk05 only what is to come.",
        ),
        cure=("Kies de berichtcode bij het begin.", "Choose the berichtcode by the begin."),
        wrong="Lk01 van 22 november met beginGeldigheid 1 december",
        right="Lk05 van 22 november met beginGeldigheid 1 december",
    ),
    entry(
        "StUF-PARAMETERS",
        "StUF 03.01 §6.1, tabel 6.1",
        meaning=("De parameters van de vraag kloppen niet.", "The parameters of the question are not right."),
        cause=(
            "sortering en indicatorVervolgvraag zijn verplicht; indicatorAantal is er alleen synchroon.",
            "sortering and indicatorVervolgvraag are mandatory; indicatorAantal is synchronous only.",
        ),
        cure=("Vul of verwijder wat de bevinding noemt.", "Fill or remove what the finding names."),
        wrong="<ZKN:parameters/>",
        right="<StUF:sortering>0</StUF:sortering><StUF:indicatorVervolgvraag>false</StUF:indicatorVervolgvraag>",
    ),
    entry(
        "StUF-BERICHTENSET",
        "Protocolbindingen StUF §2",
        meaning=(
            "Dit bericht hoort niet in deze berichtenSet.",
            "This message does not belong in this berichtenSet.",
        ),
        cause=(
            "Een set bevat alleen asynchrone berichten, zonder bevestigingen, van één StUF-versie.",
            "A set holds asynchronous messages only, without confirmations, of one StUF version.",
        ),
        cure=("Laat het weg, of maak er een eigen set van.", "Leave it out, or make it a set of its own."),
        wrong="<StUF:StUF-berichtenSet><ZKN:zakLk02/></StUF:StUF-berichtenSet>",
        right="<StUF:StUF-berichtenSet><ZKN:zakLk01/></StUF:StUF-berichtenSet>",
    ),
    entry(
        "StUF-VOLGORDE",
        "Protocolbindingen StUF §2",
        meaning=(
            "De berichten staan niet op volgorde van tijdstipBericht.",
            "The messages are not in order of tijdstipBericht.",
        ),
        cause=(
            "De set is samengevoegd uit meer bronnen; of de delen van een gesplitste set zijn verwisseld.",
            "The set was joined from several sources; or the parts of a split set were exchanged.",
        ),
        cure=("Sorteer op tijdstipBericht, ook over de delen heen.", "Sort by tijdstipBericht, also across parts."),
        wrong="20261122101500000, 20261122101400000",
        right="20261122101400000, 20261122101500000",
    ),
    entry(
        "StUF-BESTANDSNAAM",
        "StUF 03.02, protocolbindingen §2",
        meaning=(
            "De bestanden van een gesplitste berichtenSet heten niet zoals het hoort, of er ontbreekt een.",
            "The files of a split berichtenSet are not called as they should be, or one is absent.",
        ),
        cause=(
            "Een deel ontbreekt, het laatste heet niet _laatste, of het gemeenschappelijke begin is te kort.",
            "A part is absent, the last is not called _laatste, or the beginning they share is too short.",
        ),
        cure=(
            "Geef alle delen eenzelfde begin van ten minste acht tekens, dan _ en een volgnummer vanaf 1; het "
            "laatste krijgt ook _laatste.",
            "Give all parts the same beginning of at least eight characters, then _ and a number from 1; the last "
            "one gets _laatste too.",
        ),
        wrong="contact_1.xml, contact_3.xml",
        right="klantcontact_1.xml, klantcontact_2_laatste.xml",
    ),
)
