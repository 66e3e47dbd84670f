"""HTTP-MTOM and SOAP-MTOM-…: why a message in parts is none."""

from typing import Final

from stuf_klantcontact.validation.explanations.entry import entry

_MTOM: Final = "SOAP 1.1 Binding for MTOM 1.0; XOP 1.0; protocolbindingen StUF §3.1"
_RELATED: Final = "RFC 2387; RFC 2046 §5.1"
_PART: Final = "RFC 2045; RFC 2387"
_TYPE: Final = 'multipart/related; type="application/xop+xml"; start-info="text/xml"; boundary="MIME_1"'
_INCLUDE: Final = '<dga:Inhoud><xop:Include href="cid:document-1@example.nl"/></dga:Inhoud>'
_LIBRARY: Final = (
    "Gebruik een bibliotheek die MTOM voor SOAP 1.1 kent, of verstuur documenten als base64 in het bericht.",
    "Use a library that knows MTOM for SOAP 1.1, or send documents as base64 in the message.",
)
_BY_HAND: Final = (
    "De multipart is met de hand gemaakt, of onderweg veranderd.",
    "The multipart was made by hand, or changed on its way.",
)

ENTRIES: Final = (
    entry(
        "HTTP-MTOM",
        _MTOM,
        meaning=(
            "Content-Type is een multipart, maar niet die van MTOM voor SOAP 1.1.",
            "Content-Type is a multipart, but not that of MTOM for SOAP 1.1.",
        ),
        cause=(
            "SOAP with Attachments, MTOM voor SOAP 1.2, of een boundary die ontbreekt of niet mag.",
            "SOAP with Attachments, MTOM for SOAP 1.2, or a boundary that is absent or not allowed.",
        ),
        cure=_LIBRARY,
        wrong='Content-Type: multipart/related; type="text/xml"',
        right=f"Content-Type: {_TYPE}",
    ),
    entry(
        "SOAP-MTOM-MULTIPART",
        _RELATED,
        meaning=(
            "Tussen de boundary uit Content-Type staan geen delen.",
            "There are no parts between the boundary of Content-Type.",
        ),
        cause=(
            "De boundary is een andere dan in Content-Type staat, of regels eindigen niet op CR LF.",
            "The boundary is another one than Content-Type says, or lines do not end with CR LF.",
        ),
        cure=_LIBRARY,
        wrong="--MIME_2\\r\\n",
        right="--MIME_1\\r\\n",
    ),
    entry(
        "SOAP-MTOM-INCOMPLETE",
        _RELATED,
        meaning=("De laatste boundary ontbreekt.", "The last boundary is absent."),
        cause=("Het bericht is afgekapt.", "The message was cut off."),
        cure=(
            "Verstuur het bericht opnieuw, tot en met de laatste boundary.",
            "Send the message again, up to and including the last boundary.",
        ),
        wrong="… %%EOF\\r\\n--MIME_1",
        right="… %%EOF\\r\\n--MIME_1--\\r\\n",
    ),
    entry(
        "SOAP-MTOM-PARTS",
        _RELATED,
        meaning=("Het bericht heeft te veel delen.", "The message has too many parts."),
        cause=("Te veel documenten in één bericht, of een aanval.", "Too many documents at once, or an attack."),
        cure=("Verdeel de documenten over meer berichten.", "Spread the documents over more messages."),
        wrong="--MIME_1 x 1000",
        right="--MIME_1 x 10",
    ),
    entry(
        "SOAP-MTOM-HEADER",
        _PART,
        meaning=("De headers van een deel kunnen niet gelezen worden.", "The headers of a part cannot be read."),
        cause=(
            "Er is geen lege regel onder de headers, een header staat er dubbel, of zij zijn langer dan 8 kB.",
            "There is no empty line below the headers, a header is there twice, or they are longer than 8 kB.",
        ),
        cure=_LIBRARY,
        wrong="Content-ID document-1@example.nl",
        right="Content-ID: <document-1@example.nl>",
    ),
    entry(
        "SOAP-MTOM-ENCODING",
        "RFC 2045 §6; protocolbindingen StUF §3.1",
        meaning=(
            "De bytes van een deel kunnen niet gelezen worden.",
            "The bytes of a part cannot be read.",
        ),
        cause=(
            "Het deel is quoted-printable, of zegt base64 te zijn en is het niet.",
            "The part is quoted-printable, or says that it is base64 and is not.",
        ),
        cure=("Verstuur elk deel als binary.", "Send every part as binary."),
        wrong="Content-Transfer-Encoding: quoted-printable",
        right="Content-Transfer-Encoding: binary",
    ),
    entry(
        "SOAP-MTOM-TYPE",
        _MTOM,
        meaning=(
            "Een deel is zelf een multipart, of het hoofddeel is geen application/xop+xml.",
            "A part is a multipart itself, or the root part is not application/xop+xml.",
        ),
        cause=_BY_HAND,
        cure=_LIBRARY,
        wrong="Content-Type: text/xml; charset=UTF-8",
        right='Content-Type: application/xop+xml; charset=UTF-8; type="text/xml"',
    ),
    entry(
        "SOAP-MTOM-ROOT",
        "RFC 2387 §3.2",
        meaning=("Het hoofddeel is er niet.", "The root part is not there."),
        cause=(
            "start in Content-Type noemt een Content-ID die geen deel heeft.",
            "start in Content-Type names a Content-ID that no part has.",
        ),
        cure=(
            "Geef het deel met de envelop die Content-ID, of laat start weg en zet het vooraan.",
            "Give the part with the envelope that Content-ID, or leave start out and put it first.",
        ),
        wrong='start="<soap@example.nl>"  (Content-ID: <envelop@example.nl>)',
        right='start="<envelop@example.nl>"',
    ),
    entry(
        "SOAP-MTOM-CID",
        "RFC 2392; XOP 1.0 §4.1",
        meaning=(
            "Een deel heeft geen Content-ID, of dezelfde als een ander.",
            "A part has no Content-ID, or the same one as another.",
        ),
        cause=_BY_HAND,
        cure=("Geef elk deel een eigen Content-ID.", "Give every part a Content-ID of its own."),
        wrong="Content-ID: <document@example.nl> x 2",
        right="Content-ID: <document-1@example.nl>",
    ),
    entry(
        "SOAP-MTOM-INCLUDE",
        "XOP 1.0 §2.1; protocolbindingen StUF §3.1",
        meaning=(
            "Een xop:Include staat waar geen document hoort, of verwijst niet naar een deel.",
            "An xop:Include stands where no document belongs, or does not refer to a part.",
        ),
        cause=(
            "Het staat in een tekstveld, naast iets anders, of met een href als http: of file:.",
            "It stands in a text field, beside something else, or with an href such as http: or file:.",
        ),
        cure=(
            "Zet het als enig kind in Inhoud of inhoud, met een href die met cid: begint.",
            "Put it in Inhoud or inhoud as the only child, with an href that begins with cid:.",
        ),
        wrong='<gfo:Toelichting><xop:Include href="cid:document-1@example.nl"/></gfo:Toelichting>',
        right=_INCLUDE,
    ),
    entry(
        "SOAP-MTOM-UNKNOWN",
        "RFC 2392; XOP 1.0 §4.1",
        meaning=(
            "Het deel waarnaar een xop:Include verwijst is er niet.",
            "The part that an xop:Include refers to is not there.",
        ),
        cause=(
            "Een deel is weggelaten, of href en Content-ID zijn niet gelijk.",
            "A part was left out, or href and Content-ID are not the same.",
        ),
        cure=(
            "Neem in href de Content-ID over, zonder < en >, met %40 of @.",
            "Copy the Content-ID into href, without < and >, with %40 or @.",
        ),
        wrong='<xop:Include href="cid:document-2@example.nl"/>',
        right=_INCLUDE,
    ),
    entry(
        "SOAP-MTOM-TWICE",
        "XOP 1.0 §3.1",
        meaning=(
            "Naar één deel wordt meer dan één keer verwezen.",
            "One part is referred to more than once.",
        ),
        cause=(
            "Hetzelfde document staat er tweemaal, of iemand probeert van een klein bericht een groot te maken.",
            "The same document is there twice, or somebody tries to make a large message of a small one.",
        ),
        cure=(
            "Verstuur een document dat er tweemaal hoort te staan in twee delen.",
            "Send a document that belongs there twice in two parts.",
        ),
        wrong='href="cid:document-1@example.nl" x 2',
        right='href="cid:document-1@example.nl", href="cid:document-2@example.nl"',
    ),
    entry(
        "SOAP-MTOM-UNUSED",
        "XOP 1.0 §3.1",
        meaning=(
            "Naar een deel van het bericht verwijst niets.",
            "Nothing refers to a part of the message.",
        ),
        cause=(
            "Een bijlage is toegevoegd zonder dga:Document, of als SOAP with Attachments.",
            "An attachment was added without a dga:Document, or as SOAP with Attachments.",
        ),
        cure=(
            "Verwijs er in het bericht naar, of laat het weg: nu zou het ongemerkt verloren gaan.",
            "Refer to it in the message, or leave it out: now it would be lost unnoticed.",
        ),
        wrong="Content-ID: <document-1@example.nl>  (zonder xop:Include)",
        right=_INCLUDE,
    ),
)
