"""Quotes on pages: found, written with lines, shown with what can be done; who may."""

from __future__ import annotations

import re
from typing import Any

import pytest

from handlers.sales import queries
from handlers.sales.queries import QuoteView
from tests.web.conftest import Browser, Office
from tests.web.drafts import SECOND, two_at_one_draft

HEAD = {
    "subject": "Mobilier",
    "email": "achats@vallier.example",
    "locale": "fr",
    "valid_until": "2026-12-31",
    "terms": "30_days",
    "billing_id": "",
}
DESK = {
    "line_kind": "item",
    "line_article": "BUR-CH-160",
    "line_text": "Bureau chêne 160 cm",
    "line_quantity": "2",
    "line_unit": "pièce",
    "line_unit_price": "690,00",
    "line_discount": "10",
    "line_vat": "normal",
    "line_product_type": "product",
}


def quote(office: Office, number: str) -> QuoteView:
    with office.runtime.database.reading() as session:
        found = queries.find_quote(session, number)
    assert found is not None
    return found


def write(browser: Browser, customer: str = "CL-2026-00001", **more: Any) -> str:
    """The number of a new quote of one line."""
    browser.get(f"/quotes/new?customer={customer}")
    answer = browser.post("/quotes/new", HEAD | DESK | {"customer": customer, "act": "save"} | more)
    assert answer.status_code == 303, re.findall(r'role="alert".*?</ul>', answer.text, re.DOTALL)
    return answer.location.rsplit("/", 1)[1]


def test_a_quote_is_written_for_a_customer_found_by_first_letters(office: Office) -> None:
    sarah = office.as_("sarah")
    assert "Cabinet Vallier" in sarah.get("/quotes/new?q=vall").text
    page = sarah.get("/quotes/new?customer=CL-2026-00001").text
    assert 'value="contact@vallier.example"' in page, "filled from the customer"
    number = write(sarah)
    found = quote(office, number)
    assert (str(found.totals.net), found.lines[0].article, found.data.email) == ("1242.00", "BUR-CH-160", HEAD["email"])
    page = sarah.get(f"/quotes/{number}").text
    assert "1 242,00" in page.replace("\u202f", " ").replace("\xa0", " ")
    assert f"/start/quote_acceptance?quote={number}" in page
    assert "Étape 1 sur 4" in page, "where it stands, before its case has begun"
    assert number in sarah.get("/quotes?q=cabinet+mob&shown=draft").text
    assert number not in sarah.get("/quotes?shown=accepted").text
    assert number in sarah.get("/quotes?customer=CL-2026-00001&shown=open").text


def test_all_that_is_wrong_with_a_quote_is_said_at_once(office: Office) -> None:
    sarah = office.as_("sarah")
    sarah.get("/quotes/new?customer=CL-2026-00001")
    wrong = {"line_quantity": "-3", "line_unit_price": "douze", "email": "non", "valid_until": "2020-01-01"}
    page = sarah.post("/quotes/new", HEAD | DESK | wrong | {"customer": "CL-2026-00001", "act": "save"})
    assert page.status_code == 422
    for field in ("lines.0.quantity", "lines.0.unit_price", "email", "valid_until"):
        assert f'href="#in-{field}"' in page.text
    for typed in wrong.values():
        assert f'value="{typed}"' in page.text


def test_lines_are_pasted_and_what_cannot_be_taken_stays(office: Office) -> None:
    sarah = office.as_("sarah")
    sarah.get("/quotes/new?customer=CL-2026-00001")
    base = HEAD | DESK | {"customer": "CL-2026-00001"}
    pasted = "cha-erg-02\t4\t310,50\r\n\r\nLAM-LED-11\r\nNOT-THERE;2\r\nLAM-LED-11;deux\r\nBUR-CH-160; 3;;\r\n"
    page = sarah.post("/quotes/new", base | {"act": "paste", "pasted": pasted})
    assert page.status_code == 200

    def cells(name: str) -> list[str]:
        return re.findall(rf'name="line_{name}"[^>]* value="([^"]*)"', page.text)

    assert cells("article")[1:] == ["CHA-ERG-02", "LAM-LED-11", "BUR-CH-160"]
    assert cells("quantity")[1:] == ["4", "1", "3"]
    assert cells("unit_price")[1:] == ["310,50", "64,9", "690"]
    left = re.search(r'<textarea[^>]*name="pasted"[^>]*>([^<]*)</textarea>', page.text)
    assert left is not None
    assert left.group(1).splitlines() == ["NOT-THERE;2", "LAM-LED-11;deux"]
    assert "n’est pas encore dans le document" in page.text
    figures = page.text.replace("\u202f", " ").replace("\xa0", " ")
    assert "Total TTC" in figures, "what is left does not keep the figures away"
    kept = sarah.post("/quotes/new", base | {"act": "save", "pasted": "NOT-THERE;2"})
    assert kept.status_code == 422, "what was pasted is not lost by saving"
    assert 'href="#in-pasted"' in kept.text
    assert "NOT-THERE;2" in kept.text
    many = sarah.post("/quotes/new", base | {"act": "paste", "pasted": "LAM-LED-11\n" * 201})
    assert len(re.findall(r'name="line_kind"', many.text)) == 201
    assert ">LAM-LED-11</textarea>" in many.text, "the rest is taken next"


def test_two_people_at_one_draft_are_told_of_each_other_and_nothing_is_lost(office: Office) -> None:
    sarah, marc = office.as_("sarah"), office.as_("marc")
    number = write(sarah)
    address = f"/quotes/{number}/edit"
    refused = two_at_one_draft(sarah, marc, address, HEAD | DESK | {"customer": "CL-2026-00001"})
    assert "Sarah Lambert" in refused
    assert quote(office, number).data.subject == SECOND


def test_lines_come_go_and_move_without_being_kept(office: Office) -> None:
    sarah = office.as_("sarah")
    sarah.get("/quotes/new?customer=CL-2026-00001")
    base = HEAD | DESK | {"customer": "CL-2026-00001"}

    def texts(**more: Any) -> list[str]:
        page = sarah.post("/quotes/new", base | more)
        assert page.status_code == 200
        return re.findall(r'name="line_text"[^>]* value="([^"]*)"', page.text)

    assert texts(act="chosen", pick=["CHA-ERG-02", "NOT-THERE"]) == ["Bureau chêne 160 cm", "Chaise ergonomique Nuage"]
    assert texts(act="heading") == ["Bureau chêne 160 cm", ""]
    assert texts(act="remove:0") == []
    assert texts(act="remove:7") == texts(act="up:0") == texts(act="up:999999999") == ["Bureau chêne 160 cm"]
    two = {name: [value, "Chaise" if name == "line_text" else value] for name, value in DESK.items()}
    assert texts(**two, act="up:1") == ["Chaise", "Bureau chêne 160 cm"]
    assert texts(act="article:NOT", pick="NOT") == texts(act="chosen", pick="NOT") == ["Bureau chêne 160 cm"]
    assert sarah.post("/quotes/new", base | {"customer": "\0", "act": "save"}).status_code == 422
    assert sarah.post("/quotes/new", base | {"customer": "NOT", "act": "save"}).status_code == 404
    assert sarah.get(f"/quotes?after={10**30}&customer=x&shown=nothing").status_code == 200
    found = sarah.post("/quotes/new", base | {"act": "search", "search": "lam"}).text
    assert 'value="LAM-LED-11"' in found
    assert "en rupture" in found.lower() or "bd-due--late" in found, "short of stock is said at entry"
    figures = sarah.post("/quotes/new", base | {"line_quantity": "3"}).text
    assert "1 863,00" in figures.replace("\u202f", " ").replace("\xa0", " ")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"line_quantity": "deux"}, "lines.0.quantity"),
        ({"line_quantity": ""}, "lines.0.quantity"),
        ({"line_unit_price": "-3"}, "lines.0.unit_price"),
        ({"line_text": "\r\n"}, "lines.0.text"),
        ({"line_article": "NOT"}, "lines.0.article"),
        ({"line_vat": "zero"}, "lines.0.vat"),
        ({"valid_until": "tomorrow"}, "valid_until"),
        ({"discount": "200"}, "discount"),
        ({"billing_id": "99999"}, "billing_id"),
    ],
)
def test_what_is_refused_is_said_and_stays_typed(office: Office, more: dict[str, str], field: str) -> None:
    sarah = office.as_("sarah")
    sarah.get("/quotes/new?customer=CL-2026-00001")
    answer = sarah.post("/quotes/new", HEAD | DESK | {"customer": "CL-2026-00001", "act": "save"} | more)
    assert answer.status_code == 422
    assert f'href="#in-{field}"' in answer.text
    assert 'value="Mobilier"' in answer.text


def test_a_draft_is_changed_cancelled_and_copied(office: Office) -> None:
    sarah = office.as_("sarah")
    number = write(sarah)
    seen = re.search(r'name="seen" value="(\d+)"', sarah.get(f"/quotes/{number}/edit").text)
    assert seen is not None
    changed = HEAD | DESK | {"customer": "CL-2026-00001", "act": "save", "seen": seen[1], "subject": "Chaises"}
    assert sarah.post(f"/quotes/{number}/edit", changed).status_code == 303
    assert sarah.post(f"/quotes/{number}/edit", changed).status_code == 422, "somebody has changed it since"
    assert sarah.post(f"/quotes/{number}/cancel", {"reason": ""}).status_code == 422
    assert sarah.post(f"/quotes/{number}/cancel", {"reason": "Doublon"}).status_code == 303
    assert (quote(office, number).status, quote(office, number).data.subject) == ("cancelled", "Chaises")
    page = sarah.get(f"/quotes/{number}").text
    assert "Doublon" in page
    assert f"/quotes/new?copy={number}" in page
    assert sarah.get(f"/quotes/{number}/edit").status_code == 303
    assert 'value="Chaises"' in sarah.get(f"/quotes/new?copy={number}").text


def test_a_customer_is_added_on_the_way(office: Office) -> None:
    sarah = office.as_("sarah")
    sarah.get("/customers/new?then=quote")
    wanted = {"name": "Atelier Neuf", "kind": "company", "locale": "fr", "country": "FR", "then": "quote"}
    answer = sarah.post("/customers/new", wanted)
    assert answer.status_code == 303
    assert answer.location.startswith("/quotes/new?customer=CL-")
    assert "Atelier Neuf" in sarah.get(answer.location).text


@pytest.mark.parametrize("login", ["bruno", "zoe", "nobody"])
def test_who_has_nothing_to_do_with_quotes_sees_none(office: Office, login: str) -> None:
    number = write(office.as_("sarah"))
    for address in ("/quotes", "/quotes/new", f"/quotes/{number}", f"/quotes/{number}/edit"):
        assert office.as_(login).get(address).status_code in {303, 403}


def test_who_reads_does_not_write(office: Office) -> None:
    number = write(office.as_("sarah"))
    yasmine = office.as_("yasmine")
    page = yasmine.get(f"/quotes/{number}")
    assert page.status_code == 200
    assert "/edit" not in page.text
    assert yasmine.post(f"/quotes/{number}/cancel", {"reason": "x"}).status_code == 403
    assert yasmine.post("/quotes/new", HEAD | {"act": "save"}).status_code == 403
    assert yasmine.get("/quotes/DV-1999-00001").status_code == 404
