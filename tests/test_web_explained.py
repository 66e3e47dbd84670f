"""The pages about rules and codes."""

import re

import pytest
from flask.testing import FlaskClient

from standin import the_contract
from stuf_klantcontact import web
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.rules import RULES
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.validation.explanations import EXPLANATIONS


@pytest.fixture(scope="module")
def visitor() -> FlaskClient:
    return web.build(contract=the_contract(), settings=Settings(), ready=dict).test_client()


def test_the_index_names_every_rule_and_code_once(visitor: FlaskClient) -> None:
    page = visitor.get("/fouten").text
    listed = re.findall(r'<li><a href="/fouten/([^"?]+)">', page)
    assert sorted(listed) == sorted(EXPLANATIONS)
    assert {rule.id for rule in RULES} | {fout.name for fout in Fout} <= set(listed)


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_every_page_has_meaning_cause_cure_example_and_section(visitor: FlaskClient, code: str) -> None:
    found = EXPLANATIONS[code]
    for lang, words in (("nl", ("Oorzaak", "Oplossing")), ("en", ("Cause", "Cure"))):
        reply = visitor.get(f"/fouten/{code}?lang={lang}")
        assert reply.status_code == 200
        page = reply.text
        assert f'<html lang="{lang}">' in page
        for word in words:
            assert f">{word}</h2>" in page
        assert str(_escaped(found.section)) in page
        assert str(_escaped(found.wrong)) in page
        assert str(_escaped(found.right)) in page


def test_a_business_rule_names_the_code_of_its_fault(visitor: FlaskClient) -> None:
    assert 'href="/fouten/StUF064"' in visitor.get("/fouten/KC-01").text


def test_capitals_do_not_matter(visitor: FlaskClient) -> None:
    reply = visitor.get("/fouten/kc-05?lang=en")
    assert (reply.status_code, reply.headers["Location"]) == (301, "/fouten/KC-05?lang=en")


@pytest.mark.parametrize("code", ["KC-99", "nope", "<b>", "KC-05/x", "%00"])
def test_what_nobody_explains_is_no_page(visitor: FlaskClient, code: str) -> None:
    reply = visitor.get(f"/fouten/{code}")
    assert reply.status_code == 404
    assert "<b>" not in reply.text


def _escaped(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))
