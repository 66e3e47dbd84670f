"""HTTP-…: why a request never becomes a message."""

from typing import Final

from stuf_klantcontact.validation.explanations.entry import entry

_BINDING: Final = "protocolbindingen StUF §3; SOAP 1.1 §6"
_TYPE: Final = "Content-Type: text/xml; charset=utf-8"
_LIBRARY: Final = (
    "De header is met de hand gezet, of een tussenliggende server heeft hem veranderd.",
    "The header was set by hand, or a server in between changed it.",
)
_TO_LIBRARY: Final = (
    "Laat de HTTP-bibliotheek de header zelf bepalen.",
    "Leave the header to the HTTP library.",
)

ENTRIES: Final = (
    entry(
        "HTTP-PORT",
        _BINDING,
        meaning=("Onder /soap/ is er geen poort met deze naam.", "There is no port of this name below /soap/."),
        cause=("Het adres is verkeerd gespeld, of mist /soap/.", "The address is misspelt, or lacks /soap/."),
        cure=(
            "Neem het adres over uit de WSDL; de voorpagina noemt elke poort.",
            "Copy the address from the WSDL; the front page names every port.",
        ),
        wrong="POST /soap/VerwerkSynchroonBericht",
        right="POST /soap/VerwerkSynchroonVrijBericht",
    ),
    entry(
        "HTTP-WSDL",
        _BINDING,
        meaning=("De poort heeft geen WSDL met deze naam.", "The port has no WSDL of this name."),
        cause=("De naam na ?wsdl= is verkeerd gespeld.", "The name after ?wsdl= is misspelt."),
        cure=(
            "Vraag ?wsdl zonder naam, of neem de naam over van de voorpagina.",
            "Ask ?wsdl without a name, or copy the name from the front page.",
        ),
        wrong="GET /soap/OntvangAsynchroon?wsdl=klc",
        right="GET /soap/OntvangAsynchroon?wsdl",
    ),
    entry(
        "HTTP-METHOD",
        _BINDING,
        meaning=("Een poort neemt alleen POST aan.", "A port takes POST only."),
        cause=("Het adres is in een browser geopend.", "The address was opened in a browser."),
        cure=(
            "Verstuur het bericht met POST; GET met ?wsdl geeft de WSDL.",
            "Send the message with POST; GET with ?wsdl gives the WSDL.",
        ),
        wrong="GET /soap/OntvangAsynchroon",
        right="GET /soap/OntvangAsynchroon?wsdl",
    ),
    entry(
        "HTTP-HOST",
        "RFC 9110 §7.2",
        meaning=("De header Host ontbreekt.", "The header Host is missing."),
        cause=_LIBRARY,
        cure=("Noem de server in de header Host.", "Name the server in the header Host."),
        wrong="POST /soap/OntvangAsynchroon HTTP/1.1",
        right="POST /soap/OntvangAsynchroon HTTP/1.1\nHost: gateway.example.nl",
    ),
    entry(
        "HTTP-AUTH",
        "RFC 7617; protocolbindingen StUF §3",
        meaning=("Wie dit verstuurt is niet bekend.", "Who sends this is not known."),
        cause=(
            "Gebruiker en wachtwoord ontbreken, of kloppen niet.",
            "User name and password are absent, or not right.",
        ),
        cure=(
            "Verstuur ze met HTTP Basic; de beheerder stelt ze in bij [zender].",
            "Send them by HTTP Basic; the administrator sets them under [zender].",
        ),
        wrong="POST /soap/OntvangAsynchroon  (zonder Authorization)",
        right="Authorization: Basic bWlqbnpha2VuOmdlaGVpbQ==",
    ),
    entry(
        "HTTP-BUSY",
        "RFC 9110 §15.6.4",
        meaning=(
            "De gateway controleert al te veel wachtwoorden.",
            "The gateway checks too many passwords already.",
        ),
        cause=(
            "Veel verzoeken met steeds andere gegevens: iemand raadt. Naar uw wachtwoord is niet gekeken.",
            "Many requests with ever other credentials: somebody guesses. Nobody looked at yours.",
        ),
        cure=(
            "Bied het bericht na Retry-After seconden ongewijzigd opnieuw aan.",
            "Offer the message again after Retry-After seconds, unchanged.",
        ),
        wrong="Authorization: Basic … (tien per seconde, elk anders)",
        right="Authorization: Basic bWlqbnpha2VuOmdlaGVpbQ==",
    ),
    entry(
        "HTTP-CONTENT-TYPE",
        _BINDING,
        meaning=("Het verzoek is geen SOAP 1.1.", "The request is not SOAP 1.1."),
        cause=(
            "SOAP 1.2 (application/soap+xml), MTOM (multipart) of een andere Content-Type.",
            "SOAP 1.2 (application/soap+xml), MTOM (multipart) or another Content-Type.",
        ),
        cure=(
            "Stel SOAP 1.1 in en verstuur documenten als base64 in het bericht.",
            "Choose SOAP 1.1 and send documents as base64 in the message.",
        ),
        wrong="Content-Type: application/soap+xml",
        right=_TYPE,
    ),
    entry(
        "HTTP-CHARSET",
        _BINDING,
        meaning=(
            "Content-Type noemt een andere codering dan UTF-8, of dan het bericht zelf.",
            "Content-Type names another encoding than UTF-8, or than the message itself.",
        ),
        cause=(
            "De bibliotheek zet een standaardwaarde, vaak iso-8859-1.",
            "The library sets a default, often iso-8859-1.",
        ),
        cure=(
            "Codeer het bericht in UTF-8 en noem dat.",
            "Encode the message in UTF-8 and say so.",
        ),
        wrong="Content-Type: text/xml; charset=iso-8859-1",
        right=_TYPE,
    ),
    entry(
        "HTTP-CONTENT-ENCODING",
        "RFC 9110 §8.4",
        meaning=("Het verzoek is gecomprimeerd.", "The request is compressed."),
        cause=("De client comprimeert wat hij verstuurt.", "The client compresses what it sends."),
        cure=("Zet compressie van verzoeken uit.", "Turn the compression of requests off."),
        wrong="Content-Encoding: gzip",
        right="(geen Content-Encoding)",
    ),
    entry(
        "HTTP-SOAPACTION",
        "SOAP 1.1 §6.1.1",
        meaning=("De header SOAPAction is te lang.", "The header SOAPAction is too long."),
        cause=(
            "Er staat iets anders in dan de actie uit de WSDL.",
            "It holds something else than the action of the WSDL.",
        ),
        cure=(
            "Neem SOAPAction over uit de WSDL, of laat hem leeg: er wordt niet naar gekeken.",
            "Copy SOAPAction from the WSDL, or leave it empty: it is not looked at.",
        ),
        wrong='SOAPAction: "<soap:Envelope …"',
        right='SOAPAction: ""',
    ),
    entry(
        "HTTP-LENGTH",
        "RFC 9112 §6",
        meaning=("De lengte van het bericht is niet bekend.", "The length of the message is not known."),
        cause=_LIBRARY,
        cure=_TO_LIBRARY,
        wrong="Content-Length: 1.024",
        right="Content-Length: 1024",
    ),
    entry(
        "HTTP-FRAMING",
        "RFC 9112 §6.1",
        meaning=(
            "Waar het bericht ophoudt is op twee manieren gezegd, of op een die wij niet kennen.",
            "Where the message ends is said in two ways, or in one that we do not know.",
        ),
        cause=_LIBRARY,
        cure=_TO_LIBRARY,
        wrong="Content-Length: 1024\nTransfer-Encoding: chunked",
        right="Transfer-Encoding: chunked",
    ),
    entry(
        "HTTP-INCOMPLETE",
        "RFC 9112 §8",
        meaning=("Het bericht is niet geheel aangekomen.", "Not all of the message arrived."),
        cause=(
            "De verbinding brak af, of Content-Length telt tekens in plaats van bytes.",
            "The connection broke, or Content-Length counts characters instead of bytes.",
        ),
        cure=("Tel de bytes en verstuur het bericht opnieuw.", "Count the bytes and send the message again."),
        wrong="Content-Length: 1030  (1024 bytes volgen)",
        right="Content-Length: 1024",
    ),
    entry(
        "HTTP-SIZE",
        "docs/settings.md [limits]",
        meaning=("Het bericht is te groot.", "The message is too large."),
        cause=("Meestal een groot document.", "A large document, most of the time."),
        cure=(
            "Verklein het document, of vraag de beheerder om een hogere limits.message_bytes.",
            "Make the document smaller, or ask the administrator for a higher limits.message_bytes.",
        ),
        wrong="Content-Length: 250000000",
        right="Content-Length: 1024",
    ),
)
