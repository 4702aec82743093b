"""The pages of articles: numbers as people type them, stock, what is short and the request that it leads to."""

from __future__ import annotations

import re

from tests.web.conftest import Browser, Office

SEEN = re.compile(r'name="seen" value="(\d+)"')


def form(**other: str) -> dict[str, str]:
    return {"name": "Table basse", "unit": "pièce", "kind": "product", "vat": "normal", "is_active": "1"} | other


def add(browser: Browser, reference: str, **other: str) -> str:
    browser.get("/articles/new")
    page = browser.post("/articles/new", form(reference=reference, **other))
    assert page.status_code == 303, page.text
    return str(page.location)


def test_an_article_is_added_and_changed_with_a_price_as_people_type_it(office: Office) -> None:
    ines = office.as_("ines")
    address = add(ines, "tab-bas 01", sale_price="1 249,50", category="Tables")
    assert address.endswith("/articles/TAB-BAS01")
    page = ines.get(address).text
    assert 'value="1249,5"' in page
    assert "1\N{NARROW NO-BREAK SPACE}249,50\N{NO-BREAK SPACE}€" in page
    seen = SEEN.search(page)
    assert seen is not None
    refused = ines.post(f"{address}/change", form(sale_price="cher", seen=seen.group(1)))
    assert refused.status_code == 422
    assert 'value="cher"' in refused.text
    assert "Ce n’est pas un nombre" in refused.text
    assert ines.post(f"{address}/change", form(sale_price="0,123456", seen=seen.group(1))).status_code == 303
    assert "0,123456 €" in ines.get("/articles?q=tab").text


def test_all_that_is_wrong_with_an_article_is_said_at_once(office: Office) -> None:
    ines = office.as_("ines")
    ines.get("/articles/new")
    page = ines.post("/articles/new", form(reference="é", name="", unit="", sale_price="cinq"))
    assert page.status_code == 422
    for field in ("reference", "name", "unit", "sale_price"):
        assert f'href="#in-{field}"' in page.text
    assert 'value="cinq"' in page.text


def test_what_was_counted_and_the_level_make_it_short(office: Office) -> None:
    ines, camille = office.as_("ines"), office.as_("camille")
    address = add(ines, "POUF-1")
    assert "Personne n’a encore compté" in ines.get(address).text
    wrong = ines.post(f"{address}/count", {"counted": "", "reason": ""})
    assert wrong.status_code == 422
    assert "Dites pourquoi" in wrong.text
    assert ines.post(f"{address}/count", {"counted": "2,5", "reason": "Inventaire"}).status_code == 303
    assert ines.post(f"{address}/level", {"reorder_level": "10"}).status_code == 303
    page = ines.get(address).text
    assert "Inventaire" in page
    assert "sous le seuil" in page
    assert "en rupture" not in page
    link = "/start/replenishment?article=POUF-1"
    assert link in camille.get(address).text
    assert link not in page
    assert re.search(r'<option value="POUF-1"[^>]* selected', camille.get(link).text)
    assert camille.get("/start/replenishment?article=NIX&csrf_token=x&other=1").status_code == 200


def test_who_may_see_change_and_count(office: Office) -> None:
    address = add(office.as_("ines"), "BANC-1")
    bruno, sarah, nobody = office.as_("bruno"), office.as_("sarah"), office.as_("olivia")
    for browser in (bruno, sarah):
        assert browser.get(address).status_code == 200
        assert browser.get("/articles/new").status_code == 403
        assert browser.post(f"{address}/change", form()).status_code == 403
    assert sarah.post(f"{address}/count", {"counted": "1", "reason": "x"}).status_code == 403
    assert bruno.post(f"{address}/count", {"counted": "1", "reason": "x"}).status_code == 303
    assert nobody.get(address).status_code == 403
    assert nobody.get("/articles").status_code == 403
    assert bruno.get("/articles/NIX").status_code == 404
