"""Why bytes are not a message: the sentences, in Dutch and English, for every rule "XML-…" and "SOAP-…".

Nothing here can go wrong. A sentence never holds anything of the message; line and column say where to look.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Final, Literal, cast
from xml.parsers import expat

from lxml import etree

from stuf_klantcontact.errors import Refusal, Text, Violation
from stuf_klantcontact.names import SOAP11


class Unreadable(Refusal):
    """The bytes are not a message: what the sender sent cannot be judged any further (StUF055)."""

    def __init__(
        self,
        rule: str,
        message: Text,
        *,
        hint: Text,
        line: int | None = None,
        column: int | None = None,
        expected: str | None = None,
    ) -> None:
        violation = Violation(rule, message, hint=hint, line=line, column=column, expected=expected)
        super().__init__("StUF055", violations=[violation])

    @property
    def rule(self) -> str:
        """The rule that was broken: "XML-…" or "SOAP-…"."""
        return self.violations[0].rule


def line_of(element: etree._Element) -> int | None:
    """The line of an element in the bytes that were read."""
    return cast(int | None, element.sourceline)


_SEND_DECLARATION: Final = Text(
    nl='Begin het bericht met <?xml version="1.0" encoding="UTF-8"?>.',
    en='Begin the message with <?xml version="1.0" encoding="UTF-8"?>.',
)
_SEND_NAMESPACE: Final = Text(
    nl="Gebruik alleen volledige namespaces, zoals in de WSDL en de XSD's staan.",
    en="Use complete namespaces only, as in the WSDL and the XSDs.",
)
_DECLARATION: Final = Text(nl="De XML-declaratie is niet correct.", en="The XML declaration is not correct.")
_VERSION: Final = Text(nl="Het bericht is geen XML 1.0.", en="The message is not XML 1.0.")
_RELATIVE: Final = Text(
    nl="Een namespace in het bericht is geen absolute URI.",
    en="A namespace in the message is not an absolute URI.",
)
_SEND_XML: Final = Text(
    nl="Maak het bericht met een XML-bibliotheek en verstuur het zonder het daarna nog te bewerken.",
    en="Make the message with an XML library and send it without editing it afterwards.",
)
_SEND_ENVELOPE: Final = Text(
    nl="Verstuur een SOAP 1.1-envelop met hooguit één soap:Header en één soap:Body met daarin één StUF-bericht.",
    en="Send a SOAP 1.1 envelope with at most one soap:Header and one soap:Body that holds one StUF message.",
)

_SOAP: Final[Mapping[str, tuple[Text, Text]]] = {
    "SOAP-VERSION": (
        Text(nl="De envelop is SOAP 1.2, niet SOAP 1.1.", en="The envelope is SOAP 1.2, not SOAP 1.1."),
        Text(
            nl=f"Gebruik SOAP 1.1: namespace {SOAP11} en Content-Type text/xml.",
            en=f"Use SOAP 1.1: namespace {SOAP11} and Content-Type text/xml.",
        ),
    ),
    "SOAP-ENVELOPE": (
        Text(
            nl="Het bericht is geen SOAP 1.1-envelop met een soap:Body.",
            en="The message is not a SOAP 1.1 envelope with a soap:Body.",
        ),
        _SEND_ENVELOPE,
    ),
    "SOAP-TEXT": (
        Text(nl="Er staat losse tekst in de SOAP-envelop.", en="There is loose text in the SOAP envelope."),
        _SEND_ENVELOPE,
    ),
    "SOAP-BODY": (
        Text(
            nl="De soap:Body bevat niet precies één bericht.",
            en="The soap:Body does not hold exactly one message.",
        ),
        _SEND_ENVELOPE,
    ),
    "SOAP-FAULT": (
        Text(nl="Een soap:Fault is geen vraag.", en="A soap:Fault is not a request."),
        _SEND_ENVELOPE,
    ),
    "SOAP-MUSTUNDERSTAND": (
        Text(
            nl="De soap:Header bevat een blok met mustUnderstand dat hier niet bekend is.",
            en="The soap:Header has a block with mustUnderstand that is not known here.",
        ),
        Text(
            nl='Laat dat blok weg, of zet mustUnderstand op "0".',
            en='Leave that block out, or set mustUnderstand to "0".',
        ),
    ),
}

_BEYOND: Final[Mapping[str, tuple[str, str]]] = {
    "XML-DEPTH": ("is dieper genest dan {} elementen", "nests deeper than {} elements"),
    "XML-ELEMENTS": ("heeft meer dan {} elementen", "has more than {} elements"),
    "XML-ATTRIBUTES": ("heeft een element met meer dan {} attributen", "has an element with over {} attributes"),
    "XML-SIZE": ("is groter dan {} bytes", "is larger than {} bytes"),
    "XML-NAMESPACES": ("heeft meer dan {} namespace-declaraties", "has more than {} namespace declarations"),
}

_SEND_ALL: Final = Text(
    nl="Verstuur het bericht tot en met zijn laatste eindtag; na deze plaats komt niets meer.",
    en="Send the message up to and including its last end tag; nothing comes after this place.",
)
_E: Final = etree.ErrorTypes
_RESOURCE_LIMIT: Final = 114  # XML_ERR_RESOURCE_LIMIT: libxml2's own cap on nesting; lxml has no name for it
_TAGS: Final = (
    "XML-TAG",
    Text(nl="Een begin- en een eindtag passen niet bij elkaar.", en="A start tag and an end tag do not match."),
)
_CUT_OFF: Final = (
    "XML-INCOMPLETE",
    Text(nl="Het bericht houdt op voordat het af is.", en="The message stops before it is complete."),
)
_CHARACTER: Final = (
    "XML-CHARACTER",
    Text(
        nl="Het bericht bevat een teken dat in XML niet mag voorkomen.",
        en="The message has a character that XML does not allow.",
    ),
)
_ATTRIBUTE: Final = (
    "XML-ATTRIBUTE",
    Text(nl="Een attribuut is niet goed geschreven.", en="An attribute is not written correctly."),
)
_ENTITY: Final = (
    "XML-ENTITY",
    Text(
        nl="Het bericht bevat een & die geen bekende verwijzing is; schrijf die als &amp;.",
        en="The message has an & that is no known reference; write it as &amp;.",
    ),
)
_ENCODING: Final = (
    "XML-ENCODING",
    Text(nl="Het bericht is niet in UTF-8 gecodeerd.", en="The message is not encoded in UTF-8."),
)
_NAMESPACE: Final = (
    "XML-NAMESPACE",
    Text(
        nl="Een namespaceprefix is niet of niet goed gedeclareerd.",
        en="A namespace prefix is not declared, or not correctly.",
    ),
)
_EMPTY: Final = (
    "XML-EMPTY",
    Text(nl="Er staat geen XML-document in het bericht.", en="There is no XML document in the message."),
)
_SYNTAX: Final = ("XML-SYNTAX", Text(nl="Het bericht is geen correcte XML.", en="The message is not correct XML."))

_MALFORMED: Final[Mapping[int, tuple[str, Text]]] = {
    _E.ERR_TAG_NAME_MISMATCH: _TAGS,
    _E.ERR_GT_REQUIRED: _TAGS,
    _E.ERR_LTSLASH_REQUIRED: _TAGS,
    _E.ERR_TAG_NOT_FINISHED: _CUT_OFF,
    _E.ERR_CDATA_NOT_FINISHED: _CUT_OFF,
    _E.ERR_COMMENT_NOT_FINISHED: _CUT_OFF,
    _E.ERR_PI_NOT_FINISHED: _CUT_OFF,
    _E.ERR_INVALID_CHAR: _CHARACTER,
    _E.ERR_INVALID_CHARREF: _CHARACTER,
    _E.ERR_INVALID_ENCODING: _ENCODING,
    _E.I18N_CONV_FAILED: _ENCODING,
    _E.ERR_ATTRIBUTE_NOT_STARTED: _ATTRIBUTE,
    _E.ERR_ATTRIBUTE_NOT_FINISHED: _ATTRIBUTE,
    _E.ERR_ATTRIBUTE_WITHOUT_VALUE: _ATTRIBUTE,
    _E.ERR_ATTRIBUTE_REDEFINED: _ATTRIBUTE,
    _E.ERR_LT_IN_ATTRIBUTE: _ATTRIBUTE,
    _E.ERR_SPACE_REQUIRED: _ATTRIBUTE,
    _E.NS_ERR_ATTRIBUTE_REDEFINED: _ATTRIBUTE,
    _E.ERR_UNDECLARED_ENTITY: _ENTITY,
    _E.ERR_ENTITYREF_SEMICOL_MISSING: _ENTITY,
    _E.NS_ERR_XML_NAMESPACE: _NAMESPACE,
    _E.NS_ERR_UNDEFINED_NAMESPACE: _NAMESPACE,
    _E.NS_ERR_QNAME: _NAMESPACE,
    _E.NS_ERR_EMPTY: _NAMESPACE,
    _E.NS_ERR_COLON: _NAMESPACE,
    _E.ERR_DOCUMENT_EMPTY: _EMPTY,
    _E.ERR_DOCUMENT_END: (
        "XML-END",
        Text(nl="Na het einde van het bericht volgt nog iets.", en="Something follows the end of the message."),
    ),
    _E.ERR_RESERVED_XML_NAME: (
        "XML-DECLARATION",
        Text(
            nl="De XML-declaratie staat niet helemaal aan het begin.",
            en="The XML declaration is not at the very beginning.",
        ),
    ),
}


_CURES: Final[Mapping[str, Text]] = {
    "XML-TAG": Text(
        nl="Sluit elk element af met een eindtag van dezelfde naam (hoofdletters tellen), het binnenste het eerst.",
        en="Close each element by an end tag of the same name (capitals count), the innermost first.",
    ),
    "XML-INCOMPLETE": _SEND_ALL,
    "XML-CHARACTER": Text(
        nl="Haal besturingstekens uit de tekst; alleen tab en regeleinde mogen.",
        en="Take control characters out of the text; only tab and line end are allowed.",
    ),
    "XML-ATTRIBUTE": Text(
        nl='Schrijf elk attribuut als naam="waarde", met een spatie ervoor; sluit ook de waarde daarvoor af.',
        en='Write each attribute as name="value", with a blank before it; end the value before it, too.',
    ),
    "XML-ENTITY": Text(
        nl="Schrijf in tekst en in waarden & als &amp; en < als &lt;; namen als &eacute; kent XML niet.",
        en="In text and in values write & as &amp; and < as &lt;; XML does not know names such as &eacute;.",
    ),
    "XML-NAMESPACE": Text(
        nl='Declareer de prefix op het element of daarboven: xmlns:prefix="de namespace uit de WSDL".',
        en='Declare the prefix on the element or above it: xmlns:prefix="the namespace in the WSDL".',
    ),
    "XML-EMPTY": Text(
        nl="Stuur het bericht zelf, beginnend met <?xml of met zijn begintag.",
        en="Send the message itself, beginning with <?xml or with its start tag.",
    ),
    "XML-END": Text(
        nl="Een document heeft één buitenste element: haal weg wat na zijn eindtag staat, of stuur meer berichten "
        "los of in een StUF-berichtenSet.",
        en="A document has one outermost element: take out what follows its end tag, or send several messages one "
        "by one or in a StUF-berichtenSet.",
    ),
    "XML-DECLARATION": Text(
        nl='Laat <?xml version="1.0" encoding="UTF-8"?> het allereerste zijn, eenmaal, zonder iets ervoor.',
        en='Let <?xml version="1.0" encoding="UTF-8"?> be the very first thing, once, with nothing before it.',
    ),
}
"""What to do about each kind; of the others there is nothing better to say than how to make XML."""
_CURES_OF_ATTRIBUTES: Final[Mapping[int, Text]] = {
    _E.ERR_ATTRIBUTE_NOT_STARTED: Text(
        nl='Zet de waarde tussen aanhalingstekens: naam="waarde".', en='Put the value in quotes: name="value".'
    ),
    _E.ERR_ATTRIBUTE_NOT_FINISHED: Text(
        nl="Sluit de waarde af met hetzelfde aanhalingsteken als waarmee zij begint.",
        en="End the value by the same quote that it begins with.",
    ),
    _E.ERR_LT_IN_ATTRIBUTE: Text(
        nl="Sluit de waarde af met hetzelfde aanhalingsteken als waarmee zij begint; een < daarin is &lt;.",
        en="End the value by the same quote that it begins with; a < in it is &lt;.",
    ),
    _E.ERR_ATTRIBUTE_WITHOUT_VALUE: Text(
        nl='Geef het attribuut een waarde: naam="waarde".', en='Give the attribute a value: name="value".'
    ),
    _E.ERR_ATTRIBUTE_REDEFINED: Text(nl="Schrijf het attribuut eenmaal.", en="Write the attribute once."),
    _E.NS_ERR_ATTRIBUTE_REDEFINED: Text(nl="Schrijf het attribuut eenmaal.", en="Write the attribute once."),
}
_BARE: Final = Text(
    nl="Begint hier geen tag, schrijf < dan als &lt;; een tag heeft direct na < zijn naam.",
    en="If no tag begins here, write < as &lt;; a tag has its name right after <.",
)
_PERHAPS_CUT_OFF: Final = frozenset({_TAGS[0], _CUT_OFF[0], _ATTRIBUTE[0], _ENTITY[0], _SYNTAX[0]})


def encoding(line: int, column: int | None = None) -> Unreadable:
    """Not UTF-8, or said to be something else."""
    rule, message = _ENCODING
    return Unreadable(
        rule,
        message,
        hint=Text(
            nl="Codeer het bericht in UTF-8 en noem in Content-Type en XML-declaratie geen andere codering.",
            en="Encode the message in UTF-8 and name no other encoding in Content-Type and XML declaration.",
        ),
        line=line,
        column=column,
        expected="UTF-8",
    )


def doctype(data: bytes = b"", *, offset: int = 0) -> Unreadable:
    """A DOCTYPE, at `offset` in the bytes."""
    before = data[:offset]
    return Unreadable(
        "XML-DOCTYPE",
        Text(nl="Het bericht bevat een DOCTYPE.", en="The message has a DOCTYPE."),
        hint=Text(
            nl="Laat de DOCTYPE en alle entiteiten weg; een SOAP-bericht mag die niet hebben.",
            en="Leave out the DOCTYPE and all entities; a SOAP message may not have them.",
        ),
        line=before.count(b"\n") + 1,
        column=offset - before.rfind(b"\n"),
    )


def beyond(rule: str, limit: int, *, line: int | None = None) -> Unreadable:
    """More than a limit allows."""
    nl, en = _BEYOND[rule]
    return Unreadable(
        rule,
        Text(nl=f"Het bericht {nl.format(limit)}.", en=f"The message {en.format(limit)}."),
        hint=Text(
            nl="Verdeel de inhoud over meer berichten, of vraag de beheerder de grens te verhogen.",
            en="Spread the content over more messages, or ask the administrator to raise the limit.",
        ),
        line=line,
        expected=f"≤ {limit}",
    )


def soap(rule: str, element: etree._Element, *, expected: str | None = None) -> Unreadable:
    """Not SOAP 1.1 as WS-I BP 1.1 has it."""
    message, hint = _SOAP[rule]
    return Unreadable(rule, message, hint=hint, line=line_of(element), expected=expected)


def malformed(code: int, *, line: int, column: int, data: bytes = b"") -> Unreadable:
    """From libxml2's error code and position; `data` is the document, to tell whether it only ends too early."""
    if code == _RESOURCE_LIMIT:
        return beyond("XML-DEPTH", 2048, line=line)
    rule, message = _MALFORMED.get(code, _SYNTAX)
    if code == _E.ERR_NAME_REQUIRED and b"&" in _before(data, line, column):
        rule, message = _ENTITY
    if rule == "XML-ENCODING":
        return encoding(line, column)
    if rule in _PERHAPS_CUT_OFF and _is_cut_off(data):
        rule, message = _CUT_OFF
        rest = data.rstrip()
        line, column = rest.count(b"\n") + 1, len(rest.rpartition(b"\n")[2].decode("utf-8", "ignore")) + 1
    return Unreadable(
        rule,
        message,
        hint=_cure(rule, code),
        line=line or None,
        column=column or None,
    )


def _cure(rule: str, code: int) -> Text:
    if rule == _ATTRIBUTE[0] and code in _CURES_OF_ATTRIBUTES:
        return _CURES_OF_ATTRIBUTES[code]
    if rule == _SYNTAX[0] and code == _E.ERR_NAME_REQUIRED:
        return _BARE
    return _CURES.get(rule, _SEND_XML)


def _before(data: bytes, line: int, column: int) -> bytes:
    """What stands just before a place."""
    return next(islice(data.splitlines(), line - 1, None), b"")[max(0, column - 3) : column]


def _is_cut_off(data: bytes) -> bool:
    """Whether all is well as far as it goes; libxml2 only says what it missed, expat that it wants more."""
    parser = expat.ParserCreate("utf-8")

    def declared(*_: object) -> None:
        raise ValueError("a DOCTYPE")

    parser.StartDoctypeDeclHandler = declared
    try:
        parser.Parse(data, False)
    except (expat.ExpatError, ValueError):
        return False
    return bool(data.strip())


def declaration(rule: Literal["XML-DECLARATION", "XML-VERSION"]) -> Unreadable:
    """The XML declaration is broken, or of another XML."""
    version = rule == "XML-VERSION"
    return Unreadable(
        rule,
        _VERSION if version else _DECLARATION,
        hint=_SEND_DECLARATION,
        line=1,
        column=1,
        expected="1.0" if version else None,
    )


def namespace(element: etree._Element) -> Unreadable:
    """A relative namespace URI, which has no canonical form."""
    return Unreadable("XML-NAMESPACE", _RELATIVE, hint=_SEND_NAMESPACE, line=line_of(element))
