"""The pages of price lists, and what a quote proposes to whom."""

from __future__ import annotations

from tests.web import test_catalogue as catalogue
from tests.web.conftest import Office
from tests.web.test_customers import add


def test_a_list_is_made_priced_and_paid_by(office: Office) -> None:
    ines, marc, sarah = office.as_("ines"), office.as_("marc"), office.as_("sarah")
    catalogue.add(ines, "PR-1", name="Prisme", sale_price="100")
    marc.get("/price-lists/new")
    made = marc.post("/price-lists/new", {"code": "pro 1", "name": "Les <pros>"})
    assert made.status_code == 303
    assert str(made.location).endswith("/price-lists/PRO1")
    page = marc.get("/price-lists/PRO1?q=prisme").text
    assert "Les &lt;pros&gt;" in page
    assert 'name="price PR-1" value=""' in page
    refused = marc.post("/price-lists/PRO1/prices", {"q": "prisme", "was PR-1": "", "price PR-1": "cher"})
    assert refused.status_code == 422
    assert 'value="cher"' in refused.text
    assert marc.post("/price-lists/PRO1/prices", {"was PR-1": "", "price PR-1": "87,25"}).status_code == 303
    assert 'value="87,25"' in marc.get("/price-lists/PRO1?q=prisme").text
    sarah.get("/customers/new")
    address = add(sarah, name="Client pro")
    number = address.rpartition("/")[2]
    assert sarah.post(f"{address}/price-list", {"price_list": "PRO1"}).status_code == 403
    assert marc.post(f"{address}/price-list", {"price_list": "PRO1"}).status_code == 303
    assert "Les &lt;pros&gt;" in sarah.get(address).text
    sarah.get(f"/quotes/new?customer={number}")
    written = sarah.post(f"/quotes/new?customer={number}", {"act": "article:PR-1", "customer": number})
    assert 'value="87,25"' in written.text
    found = sarah.post(f"/quotes/new?customer={number}", {"act": "search", "search": "prisme", "customer": number})
    assert "87,25" in found.text


def test_only_few_say_what_things_cost(office: Office) -> None:
    sarah = office.as_("sarah")
    sarah.get("/customers/new")
    assert sarah.get("/price-lists").status_code == 200
    assert sarah.get("/price-lists/new").status_code == 403
    assert sarah.post("/price-lists/new", {"code": "X", "name": "X"}).status_code == 403
    assert sarah.post("/price-lists/X/prices", {"price LAM": "0"}).status_code == 403


def test_what_was_typed_stays_when_it_is_refused(office: Office) -> None:
    marc = office.as_("marc")
    marc.get("/price-lists/new")
    page = marc.post("/price-lists/new", {"code": "a b!", "name": "Nouvelle grille"})
    assert page.status_code == 422
    assert 'value="Nouvelle grille"' in page.text
    assert "Écrivez un code court" in page.text
    marc.post("/price-lists/new", {"code": "KEPT", "name": "Gardée"})
    page = marc.post("/price-lists/KEPT", {"name": "x" * 120})
    assert page.status_code == 422
    assert "x" * 120 in page.text
    assert marc.post("/price-lists/KEPT", {"name": "Gardée"}).status_code == 303
    assert "ne propose plus rien" in marc.get("/price-lists").text
