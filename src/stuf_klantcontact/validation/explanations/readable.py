"""XML-… and SOAP-…: why bytes are not a message."""

from typing import Final

from stuf_klantcontact.validation.explanations.entry import entry

_XML: Final = "XML 1.0"
_SOAP: Final = "SOAP 1.1 §4; WS-I Basic Profile 1.1; protocolbindingen StUF §3"
_LIMIT: Final = "docs/settings.md [limits]"
_START: Final = '<?xml version="1.0" encoding="UTF-8"?>'
_RAISE: Final = (
    "Verdeel de inhoud over meer berichten, of vraag de beheerder de grens te verhogen.",
    "Spread the content over more messages, or ask the administrator to raise the limit.",
)
_LIBRARY: Final = (
    "Maak XML met een XML-bibliotheek, niet door teksten te plakken, en bewerk haar daarna niet meer.",
    "Make XML with an XML library, not by pasting texts, and do not edit it afterwards.",
)

ENTRIES: Final = (
    entry(
        "XML-EMPTY",
        _XML + " §2.1",
        meaning=("Er is geen document.", "There is no document."),
        cause=(
            "Een leeg bestand, of een verbinding die te vroeg stopte.",
            "An empty file, or a connection that stopped.",
        ),
        cure=("Stuur het bericht.", "Send the message."),
        wrong="",
        right=f"{_START}<kc:voegKlantcontactToe_Di02 …>",
    ),
    entry(
        "XML-BOM",
        "XML 1.0 appendix F; protocolbindingen StUF §3",
        meaning=("Voor het bericht staat een byte order mark.", "A byte order mark precedes the message."),
        cause=(
            "Een editor bewaarde het bestand als 'UTF-8 with BOM'.",
            "An editor saved the file as 'UTF-8 with BOM'.",
        ),
        cure=("Bewaar als UTF-8 zonder BOM.", "Save as UTF-8 without BOM."),
        wrong="EF BB BF 3C 3F 78 6D 6C",
        right="3C 3F 78 6D 6C",
    ),
    entry(
        "XML-ENCODING",
        "XML 1.0 §4.3.3; protocolbindingen StUF §3",
        meaning=("Het bericht is niet in UTF-8.", "The message is not in UTF-8."),
        cause=(
            "De bytes zijn in een andere codering dan de XML-declaratie zegt, of die noemt een andere dan UTF-8.",
            "The bytes are in another encoding than the XML declaration says, or it names another one than UTF-8.",
        ),
        cure=("Codeer in UTF-8 en zeg dat ook.", "Encode in UTF-8 and say so."),
        wrong='<?xml version="1.0" encoding="ISO-8859-1"?>',
        right=_START,
    ),
    entry(
        "XML-DECLARATION",
        "XML 1.0 §2.8",
        meaning=("De XML-declaratie is niet goed.", "The XML declaration is not right."),
        cause=(
            "Er staat iets voor, een attribuut is verkeerd gespeld, of zij staat er tweemaal.",
            "Something precedes it, an attribute is misspelt, or it is there twice.",
        ),
        cure=(f"Begin met {_START}.", f"Begin with {_START}."),
        wrong='\n<?xml version="1.0"?>',
        right=_START,
    ),
    entry(
        "XML-VERSION",
        "XML 1.0 §2.8",
        meaning=("Het bericht is geen XML 1.0.", "The message is not XML 1.0."),
        cause=("De declaratie zegt 1.1.", "The declaration says 1.1."),
        cure=("Gebruik XML 1.0.", "Use XML 1.0."),
        wrong='<?xml version="1.1"?>',
        right='<?xml version="1.0"?>',
    ),
    entry(
        "XML-DOCTYPE",
        "SOAP 1.1 §3",
        meaning=("Het bericht heeft een DOCTYPE.", "The message has a DOCTYPE."),
        cause=("Een sjabloon, of een poging om bestanden te lezen.", "A template, or an attempt to read files."),
        cure=("Laat DOCTYPE en entiteiten weg.", "Leave DOCTYPE and entities out."),
        wrong="<!DOCTYPE bericht [ … ]>",
        right=_START,
    ),
    entry(
        "XML-ENTITY",
        "XML 1.0 §4.1",
        meaning=("Er staat een & die niets betekent.", "There is an & that means nothing."),
        cause=("Tekst is niet als XML geschreven.", "Text was not written as XML."),
        cure=("Schrijf & als &amp;.", "Write & as &amp;."),
        wrong="<kc:onderwerp>Bouw & Milieu</kc:onderwerp>",
        right="<kc:onderwerp>Bouw &amp; Milieu</kc:onderwerp>",
    ),
    entry(
        "XML-CHARACTER",
        "XML 1.0 §2.2",
        meaning=("Er staat een teken dat in XML niet mag.", "There is a character that XML does not allow."),
        cause=(
            "Een besturingsteken, vaak meegekopieerd uit een ander programma.",
            "A control character, often copied from another program.",
        ),
        cure=(
            "Verwijder besturingstekens behalve tab en regeleinde.",
            "Remove control characters but tab and line end.",
        ),
        wrong="<gfo:Toelichting>Regel\\x0bRegel</gfo:Toelichting>",
        right="<gfo:Toelichting>Regel\nRegel</gfo:Toelichting>",
    ),
    entry(
        "XML-TAG",
        "XML 1.0 §3.1",
        meaning=("Een begin- en een eindtag passen niet bij elkaar.", "A start and an end tag do not match."),
        cause=("Een tag is vergeten, verkeerd gespeld of gekruist.", "A tag was forgotten, misspelt or crossed."),
        cure=(
            "Sluit elk element af met een eindtag van dezelfde naam, het binnenste het eerst.",
            "Close each element by an end tag of the same name, the innermost first.",
        ),
        wrong="<gfo:Type>call</gfo:type>",
        right="<gfo:Type>call</gfo:Type>",
    ),
    entry(
        "XML-ATTRIBUTE",
        "XML 1.0 §3.1",
        meaning=("Een attribuut is niet goed geschreven.", "An attribute is not written correctly."),
        cause=(
            "Aanhalingstekens ontbreken, of het staat er tweemaal.",
            "Quotes are missing, or it is there twice.",
        ),
        cure=(
            'Schrijf elk attribuut eenmaal, als naam="waarde", met een spatie ervoor.',
            'Write each attribute once, as name="value", with a blank before it.',
        ),
        wrong="<klc:object verwerkingssoort=T>",
        right='<klc:object verwerkingssoort="T">',
    ),
    entry(
        "XML-NAMESPACE",
        "Namespaces in XML 1.0 §5",
        meaning=("Een prefix of namespace is niet goed.", "A prefix or namespace is not right."),
        cause=(
            "De prefix is niet gedeclareerd, of de namespace is geen URI.",
            "The prefix is not declared, or the namespace is no URI.",
        ),
        cure=(
            "Declareer elke prefix met de namespace uit de XSD.",
            "Declare every prefix with the namespace of the XSD.",
        ),
        wrong="<kc:zaakidentificatie>  <!-- zonder xmlns:kc -->",
        right='<kc:voegKlantcontactToe_Di02 xmlns:kc="urn:stuf-klantcontact:koppelvlak:0100">',
    ),
    entry(
        "XML-INCOMPLETE",
        "XML 1.0 §2.1",
        meaning=("Het document houdt te vroeg op.", "The document stops too early."),
        cause=(
            "Het is afgekapt, of Content-Length is te klein.",
            "It was cut off, or Content-Length is too small.",
        ),
        cure=("Stuur het hele bericht.", "Send the whole message."),
        wrong="<gfo:Type>call</gfo:Ty",
        right="<gfo:Type>call</gfo:Type></gfo:Klantcontact></kc:voegKlantcontactToe_Di02>",
    ),
    entry(
        "XML-END",
        "XML 1.0 §2.1",
        meaning=("Na het document volgt nog iets.", "Something follows the document."),
        cause=(
            "Twee berichten achter elkaar, of rommel aan het eind.",
            "Two messages in a row, or rubbish at the end.",
        ),
        cure=(
            "Stuur één bericht, of maak er een StUF-berichtenSet van.",
            "Send one message, or make it a StUF-berichtenSet.",
        ),
        wrong="</kc:voegKlantcontactToe_Di02><kc:voegKlantcontactToe_Di02>",
        right="</kc:voegKlantcontactToe_Di02>",
    ),
    entry(
        "XML-SYNTAX",
        _XML,
        meaning=("Het bericht is geen correcte XML.", "The message is not correct XML."),
        cause=("Zie regel en kolom.", "See line and column."),
        cure=_LIBRARY,
        wrong="<gfo:Type call",
        right="<gfo:Type>call</gfo:Type>",
    ),
    entry(
        "XML-SIZE",
        _LIMIT,
        meaning=("Het bericht is te groot.", "The message is too large."),
        cause=("Een document dat groter is dan verwacht.", "A document that is larger than expected."),
        cure=_RAISE,
        wrong="<dga:Inhoud>  <!-- 60 MB -->",
        right="<dga:Verwijzing>https://…</dga:Verwijzing>",
    ),
    entry(
        "XML-DEPTH",
        _LIMIT,
        meaning=("Elementen zijn te diep genest.", "Elements are nested too deep."),
        cause=("Een fout in een lus, of een aanval.", "A mistake in a loop, or an attack."),
        cure=_RAISE,
        wrong="<a><a><a> …",
        right="<kc:voegKlantcontactToe_Di02> …",
    ),
    entry(
        "XML-ELEMENTS",
        _LIMIT,
        meaning=("Het bericht heeft te veel elementen.", "The message has too many elements."),
        cause=("Te veel in één bericht.", "Too much in one message."),
        cure=_RAISE,
        wrong="<dga:Document/> x 100 000",
        right="<dga:Document/> x 10",
    ),
    entry(
        "XML-ATTRIBUTES",
        _LIMIT,
        meaning=("Een element heeft te veel attributen.", "An element has too many attributes."),
        cause=("Een fout in een lus, of een aanval.", "A mistake in a loop, or an attack."),
        cure=_RAISE,
        wrong='<klc:object a1="" a2="" a3="" …>',
        right='<klc:object zkn:entiteittype="KLC" verwerkingssoort="T">',
    ),
    entry(
        "XML-NAMESPACES",
        _LIMIT,
        meaning=("Het bericht declareert te veel namespaces.", "The message declares too many namespaces."),
        cause=("Elk element declareert ze opnieuw.", "Every element declares them anew."),
        cure=("Declareer de namespaces op het eerste element.", "Declare the namespaces on the first element."),
        wrong='<gfo:Type xmlns:gfo="urn:nl:gfozaken">',
        right='<kc:voegKlantcontactToe_Di02 xmlns:gfo="urn:nl:gfozaken">',
    ),
    entry(
        "SOAP-VERSION",
        _SOAP,
        meaning=("De envelop is SOAP 1.2.", "The envelope is SOAP 1.2."),
        cause=("StUF gebruikt SOAP 1.1; de client staat op 1.2.", "StUF uses SOAP 1.1; the client is set to 1.2."),
        cure=(
            "Zet de client op SOAP 1.1 en Content-Type text/xml.",
            "Set the client to SOAP 1.1 and Content-Type text/xml.",
        ),
        wrong='xmlns:soap="http://www.w3.org/2003/05/soap-envelope"',
        right='xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"',
    ),
    entry(
        "SOAP-ENVELOPE",
        _SOAP,
        meaning=("Dit is geen SOAP-envelop met één Body.", "This is no SOAP envelope with one Body."),
        cause=("Een ander element in de envelop, of geen Body.", "Another element in the envelope, or no Body."),
        cure=(
            "Stuur Envelope met hooguit een Header en dan een Body.",
            "Send Envelope with at most a Header and then a Body.",
        ),
        wrong="<soap:Envelope><kc:voegKlantcontactToe_Di02/></soap:Envelope>",
        right="<soap:Envelope><soap:Body><kc:voegKlantcontactToe_Di02/></soap:Body></soap:Envelope>",
    ),
    entry(
        "SOAP-TEXT",
        _SOAP,
        meaning=("Er staat losse tekst in de envelop.", "There is loose text in the envelope."),
        cause=("Resten van een sjabloon.", "Remains of a template."),
        cure=("Haal de tekst weg.", "Remove the text."),
        wrong="<soap:Body>bericht: <kc:voegKlantcontactToe_Di02/></soap:Body>",
        right="<soap:Body><kc:voegKlantcontactToe_Di02/></soap:Body>",
    ),
    entry(
        "SOAP-BODY",
        _SOAP,
        meaning=("De Body bevat niet precies één bericht.", "The Body does not hold exactly one message."),
        cause=("Een lege Body, of meer berichten tegelijk.", "An empty Body, or several messages at once."),
        cure=("Stuur per envelop één bericht.", "Send one message per envelope."),
        wrong="<soap:Body/>",
        right="<soap:Body><kc:voegKlantcontactToe_Di02/></soap:Body>",
    ),
    entry(
        "SOAP-FAULT",
        "SOAP 1.1 §4.4",
        meaning=("De Body is een fout zonder bericht erin.", "The Body is a fault without a message in it."),
        cause=("Een antwoord is als verzoek gestuurd.", "An answer was sent as a request."),
        cure=("Stuur een bericht; valideer de inhoud van detail.", "Send a message; validate what is in detail."),
        wrong="<soap:Body><soap:Fault/></soap:Body>",
        right="<soap:Fault> … <detail><StUF:Fo02Bericht/></detail></soap:Fault>",
    ),
    entry(
        "SOAP-MUSTUNDERSTAND",
        "SOAP 1.1 §4.2.3",
        meaning=("Een header moet begrepen worden, en wordt dat niet.", "A header must be understood, and is not."),
        cause=(
            "WS-Security of WS-Addressing met mustUnderstand.",
            "WS-Security or WS-Addressing with mustUnderstand.",
        ),
        cure=(
            'Zet mustUnderstand op "0", of laat de header weg.',
            'Set mustUnderstand to "0", or leave the header out.',
        ),
        wrong='<wsse:Security soap:mustUnderstand="1">',
        right='<wsse:Security soap:mustUnderstand="0">',
    ),
)
