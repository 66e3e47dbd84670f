"""What /api/v1 takes and gives, as an OpenAPI 3.1 document.

Written by hand and pure; tests hold every answer against it.
"""

from collections.abc import Sequence
from typing import Any, Final, get_args

from stuf_klantcontact.report import Layer

_TEXT: Final = {
    "type": "object",
    "required": ["nl", "en"],
    "additionalProperties": False,
    "properties": {"nl": {"type": "string"}, "en": {"type": "string"}},
}


def document(*, release: str, base: str, sets: Sequence[str], limit: int) -> dict[str, Any]:
    """The document of this gateway: its release, its address when it has one, its schema sets."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "stuf-klantcontact",
            "version": release,
            "description": "Valideert StUF-berichten, bewaart niets. / Validates StUF messages, stores nothing.",
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": base or "/"}],
        "paths": {"/api/v1/validate": {"post": _validate(sets, limit)}},
        "components": {
            "schemas": {"Text": _TEXT, "Violation": _VIOLATION, "Report": _REPORT, "Problem": _PROBLEM},
            "responses": {name: _problem(text) for name, text in _PROBLEMS.items()},
        },
    }


def _validate(sets: Sequence[str], limit: int) -> dict[str, Any]:
    message = {"schema": {"type": "string", "contentMediaType": "application/xml"}}
    return {
        "operationId": "validate",
        "summary": "Valideer een bericht / Validate a message",
        "description": (
            "A message alone, in a SOAP envelope, or a StUF-berichtenSet. The answer is 200 for an invalid message "
            f"too: see `valid`. At most {limit} bytes; the number of requests per minute is limited per address."
        ),
        "parameters": [
            {
                "name": "schema",
                "in": "query",
                "description": "the set of schemas to hold it against",
                "schema": {"type": "string", "enum": list(sets), "default": sets[0]},
            },
            {
                "name": "lang",
                "in": "query",
                "description": "the language of a report in text and of a problem; a report in JSON has both",
                "schema": {"type": "string", "enum": ["nl", "en"], "default": "nl"},
            },
        ],
        "requestBody": {
            "required": True,
            "content": {"application/xml": message, "text/xml": message, "application/soap+xml": message},
        },
        "responses": {
            "200": {
                "description": "the report",
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Report"}},
                    "text/plain": {"schema": {"type": "string"}},
                },
            },
            **{status: {"$ref": f"#/components/responses/{status}"} for status in _PROBLEMS},
        },
        "security": [],
    }


def _problem(description: str) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": description,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if description in _COME_BACK:
        response["headers"] = {
            "Retry-After": {"description": "seconds", "required": True, "schema": {"type": "integer", "minimum": 1}}
        }
    return response


_COME_BACK: Final = ("too many requests from this address", "too busy, or the set does not load")
_PROBLEMS: Final = {
    "400": "no such parameter, set or language: the detail says what there is",
    "413": "too large",
    "415": "not sent as XML, or compressed",
    "429": _COME_BACK[0],
    "503": _COME_BACK[1],
}

_VIOLATION: Final = {
    "type": "object",
    "required": [
        *("rule", "layer", "severity", "line", "column", "path", "element", "value", "expected"),
        *("message", "hint", "url"),
    ],
    "properties": {
        "rule": {"type": "string", "description": "stable id", "examples": ["KC-05", "XSD-ENUM", "StUF062"]},
        "layer": {"type": "string", "enum": list(get_args(Layer))},
        "severity": {"type": "string", "enum": ["error", "warning"]},
        "line": {"type": ["integer", "null"], "minimum": 1},
        "column": {"type": ["integer", "null"], "minimum": 1},
        "path": {"type": ["string", "null"], "description": "XPath with prefixes"},
        "element": {"type": ["string", "null"]},
        "value": {"type": ["string", "null"], "description": "what was there; *** where it may be of a person"},
        "expected": {"type": ["string", "null"]},
        "message": {"$ref": "#/components/schemas/Text"},
        "hint": {"oneOf": [{"$ref": "#/components/schemas/Text"}, {"type": "null"}]},
        "url": {"type": "string", "description": "page about the rule"},
        "index": {"type": "integer", "minimum": 1, "description": "of a StUF-berichtenSet: in which message"},
        "referentienummer": {"type": ["string", "null"], "description": "and what that message calls itself"},
    },
}
_REPORT: Final = {
    "type": "object",
    "required": ["file", "valid", "schema", "violations"],
    "properties": {
        "file": {"type": "string"},
        "valid": {"type": "boolean", "description": "whether nothing but warnings was found"},
        "schema": {"type": "string"},
        "messages": {"type": "integer", "description": "of a StUF-berichtenSet: how many there are in it"},
        "invalid": {"type": "integer", "description": "and how many of them are invalid"},
        "warned": {"type": "integer", "description": "and how many are valid, with warnings"},
        "violations": {"type": "array", "items": {"$ref": "#/components/schemas/Violation"}},
    },
}
_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
