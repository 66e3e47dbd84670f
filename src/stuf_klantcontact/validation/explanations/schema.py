"""XSD-…: what a schema can say against a message."""

from typing import Final

from stuf_klantcontact.validation.explanations.entry import entry

_PART1: Final = "XML Schema 1.0 deel 1"
_PART2: Final = "XML Schema 1.0 deel 2"

ENTRIES: Final = (
    entry(
        "XSD-UNKNOWN-ROOT",
        "StUF 03.01 §4.1.1",
        meaning=("Dit bericht kent het schema niet.", "The schema does not know this message."),
        cause=(
            "De namespace of naam is verkeerd, of het bericht hoort bij een ander schema.",
            "The namespace or name is wrong, or the message belongs to another schema.",
        ),
        cure=(
            "Neem naam en namespace over uit de WSDL, of kies met --schema het juiste.",
            "Copy name and namespace from the WSDL, or choose the right one by --schema.",
        ),
        wrong='<voegKlantcontactToe_Di02 xmlns="urn:stuf-klantcontact">',
        right='<kc:voegKlantcontactToe_Di02 xmlns:kc="urn:stuf-klantcontact:koppelvlak:0100">',
    ),
    entry(
        "XSD-MISSING",
        _PART1 + " §3.8",
        meaning=("Een verplicht element ontbreekt.", "A mandatory element is absent."),
        cause=("Het is vergeten, of leeg weggelaten.", "It was forgotten, or left out because it was empty."),
        cure=("Voeg het toe, op zijn plaats in de volgorde.", "Add it, in its place in the order."),
        wrong="<gfo:DatumGezet>…</gfo:DatumGezet><gfo:Opvoerder>…</gfo:Opvoerder>",
        right="<gfo:DatumGezet>…</gfo:DatumGezet><gfo:Documenten/><gfo:Opvoerder>…</gfo:Opvoerder>",
    ),
    entry(
        "XSD-UNEXPECTED",
        _PART1 + " §3.8",
        meaning=("Dit element kan hier niet staan.", "This element cannot stand here."),
        cause=(
            "Onbekend, verkeerd gespeld, in de verkeerde namespace, te vaak, of de andere kant van een keuze.",
            "Unknown, misspelt, in the wrong namespace, too often, or the other side of a choice.",
        ),
        cure=("Volg de aanwijzing bij de bevinding.", "Follow the hint of the finding."),
        wrong="<gfo:Datumgezet>2026-11-22T10:12:00</gfo:Datumgezet>",
        right="<gfo:DatumGezet>2026-11-22T10:12:00</gfo:DatumGezet>",
    ),
    entry(
        "XSD-ORDER",
        _PART1 + " §3.8",
        meaning=("Dit element staat niet op zijn plaats.", "This element is not in its place."),
        cause=("De volgorde van StUF ligt vast.", "The order of StUF is fixed."),
        cure=("Zet het waar de aanwijzing zegt.", "Put it where the hint says."),
        wrong="<gfo:Type>call</gfo:Type><gfo:Toelichting>…</gfo:Toelichting>",
        right="<gfo:Toelichting>…</gfo:Toelichting><gfo:Type>call</gfo:Type>",
    ),
    entry(
        "XSD-CONTENT",
        _PART1 + " §3.4",
        meaning=("Tekst waar elementen horen, of andersom.", "Text where elements belong, or the reverse."),
        cause=(
            "In StUF 03.02 staat een tijdstip in een element van zichzelf.",
            "In StUF 03.02 a moment stands in an element of its own.",
        ),
        cure=("Zet de waarde in het juiste element.", "Put the value into the right element."),
        wrong="<zkn:datum-tijd>2026-11-22T10:12:00</zkn:datum-tijd>",
        right="<zkn:datum-tijd><StUF:tijdstip>2026-11-22T10:12:00</StUF:tijdstip></zkn:datum-tijd>",
    ),
    entry(
        "XSD-ATTRIBUTE",
        _PART1 + " §3.4",
        meaning=("Een attribuut ontbreekt, of mag hier niet.", "An attribute is absent, or not allowed here."),
        cause=(
            "In StUF 03.01 hebben attributen de namespace van StUF, in 03.02 niet.",
            "In StUF 03.01 attributes are in the namespace of StUF, in 03.02 they are not.",
        ),
        cure=("Schrijf het attribuut zoals het schema het noemt.", "Write the attribute as the schema calls it."),
        wrong='<ZKN:object verwerkingssoort="T">  <!-- StUF 03.01 -->\n'
        '<klc:object StUF:verwerkingssoort="T">  <!-- StUF 03.02 -->',
        right='<ZKN:object StUF:verwerkingssoort="T">  <!-- StUF 03.01 -->\n'
        '<klc:object verwerkingssoort="T">  <!-- StUF 03.02 -->',
    ),
    entry(
        "XSD-TYPE",
        _PART2 + " §3",
        meaning=("De waarde is niet van het type.", "The value is not of the type."),
        cause=("Geen datum, getal of base64.", "No date, number or base64."),
        cure=("Stuur de vorm die de aanwijzing noemt.", "Send the form that the hint names."),
        wrong="<gfo:DatumGezet>22 november</gfo:DatumGezet>",
        right="<gfo:DatumGezet>2026-11-22T10:12:00+01:00</gfo:DatumGezet>",
    ),
    entry(
        "XSD-ENUM",
        _PART2 + " §4.3.5",
        meaning=("De waarde staat niet in de lijst.", "The value is not on the list."),
        cause=(
            "Hoofdletters, een vertaling, of een andere versie.",
            "Capitals, a translation, or another version.",
        ),
        cure=("Stuur precies een van de waarden.", "Send exactly one of the values."),
        wrong="<gfo:Type>Call</gfo:Type>",
        right="<gfo:Type>call</gfo:Type>",
    ),
    entry(
        "XSD-PATTERN",
        _PART2 + " §4.3.4",
        meaning=("De waarde heeft niet de juiste vorm.", "The value has not the right form."),
        cause=("Te weinig cijfers, een spatie, streepjes.", "Too few digits, a blank, dashes."),
        cure=("Stuur de vorm die de aanwijzing noemt.", "Send the form that the hint names."),
        wrong="<kc:bsn>99999365</kc:bsn>",
        right="<kc:bsn>999993653</kc:bsn>",
    ),
    entry(
        "XSD-LENGTH",
        _PART2 + " §4.3.1",
        meaning=("De waarde is te kort of te lang.", "The value is too short or too long."),
        cause=("Het veld is kleiner dan dat van de bron.", "The field is smaller than that of the source."),
        cure=("Kort in, of gebruik een ruimer veld.", "Shorten it, or use a larger field."),
        wrong="<kc:voorletters>Sara Johanna Margaretha</kc:voorletters>",
        right="<kc:voorletters>S.J.M.</kc:voorletters>",
    ),
    entry(
        "XSD-RANGE",
        _PART2 + " §4.3.7",
        meaning=("Het getal valt buiten de grenzen.", "The number is out of bounds."),
        cause=("Te veel cijfers of een negatief getal.", "Too many digits or a negative number."),
        cure=("Blijf binnen de grens.", "Keep within the bound."),
        wrong="<zkn:bronorganisatie>9999900190</zkn:bronorganisatie>",
        right="<zkn:bronorganisatie>999990019</zkn:bronorganisatie>",
    ),
    entry(
        "XSD-FIXED",
        _PART1 + " §3.2",
        meaning=("De waarde ligt vast en is een andere.", "The value is fixed and is another one."),
        cause=(
            "Een entiteittype of functie van een ander bericht.",
            "An entiteittype or functie of another message.",
        ),
        cure=("Stuur de vaste waarde.", "Send the fixed value."),
        wrong='<ZKN:object StUF:entiteittype="BSL">',
        right='<ZKN:object StUF:entiteittype="ZAK">',
    ),
    entry(
        "XSD-NIL",
        _PART1 + " §3.3.4; StUF 03.01 §3.4",
        meaning=("Dit element mag niet met xsi:nil leeg zijn.", "This element may not be empty by xsi:nil."),
        cause=("Een serialiseerder schrijft null als xsi:nil.", "A serialiser writes null as xsi:nil."),
        cure=("Laat het element weg, of geef een waarde.", "Leave the element out, or give a value."),
        wrong='<zkn:onderwerp xsi:nil="true"/>',
        right="<zkn:onderwerp>Voortgang</zkn:onderwerp>",
    ),
    entry(
        "XSD-INVALID",
        _PART1,
        meaning=("Het schema keurt dit af.", "The schema refuses this."),
        cause=("Een regel van het schema die zelden voorkomt.", "A rule of the schema that is rare."),
        cure=("Leg het element naast de XSD.", "Lay the element beside the XSD."),
        wrong="<zkn:object/>",
        right="<klc:object> … </klc:object>",
    ),
    entry(
        "XSD-MORE",
        "docs/error-codes.md",
        meaning=("Er is niet verder gezocht.", "The search stopped here."),
        cause=("Het bericht heeft zeer veel fouten.", "The message has very many mistakes."),
        cure=("Herstel wat er staat en valideer opnieuw.", "Mend what is listed and validate again."),
        wrong="100 bevindingen",
        right="0 bevindingen",
    ),
)
