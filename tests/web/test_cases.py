"""The list of cases: narrowed by a business field, as the inbox is."""

from __future__ import annotations

import re
from html import unescape

from tests.web.conftest import Browser, Office

QUANTITY = "number:replenishment:quantity"


def keys(browser: Browser, query: str) -> list[str]:
    page = browser.get(f"/cases?{query}")
    assert page.status_code == 200, query
    return re.findall(r'<a class="bd-key" href="/cases/(\d+)"', page.text)


def test_cases_are_narrowed_by_a_field(office: Office) -> None:
    few, many = office.start("LAM-LED-11", "7001"), office.start("LAM-LED-11", "7500")
    camille = office.as_("camille")
    page = camille.get("/cases").text
    assert f'<option value="{QUANTITY}">Quantité</option>' in page
    assert 'name="from"' not in page
    for asked, found in (
        ("from=7001&to=7 400,5", [few]),
        ("from=7 400,5&to=8000", [many]),
        ("from=7001&to=8000", [many, few]),
        ("from=7001&to=8000&status=active", [many, few]),
        ("from=7001&to=8000&status=completed", []),
        ("from=7001&to=8000&process=replenishment", [many, few]),
        ("from=9000", []),
    ):
        assert keys(camille, f"field={QUANTITY}&{asked}") == [str(each) for each in found], asked
    assert str(few) in keys(camille, "field=text:replenishment:request_number&from=da-")
    page = camille.get(f"/cases?field={QUANTITY}&from=7001&to=8000").text
    assert 'inputmode="decimal"' in page
    assert 'value="7001"' in unescape(page).replace("\u202f", "")


def test_what_nobody_can_read_narrows_nothing_and_is_kept(office: Office) -> None:
    case = office.start("LAM-LED-11", "2")
    camille = office.as_("camille")
    page = camille.get(f"/cases?field={QUANTITY}&from=beaucoup").text
    assert "field-from-problem" in page
    assert 'value="beaucoup"' in page
    assert f'href="/cases/{case}"' in page
    for hostile in ("x", "number:", "number::x", "boolean:a:b", "text:a:" + "x" * 300):
        assert 'name="from"' not in camille.get(f"/cases?field={hostile}&from=1").text, hostile
    assert keys(camille, "field=text:replenishment:x') OR true --&from=a") == []
    assert keys(office.as_("zoe"), f"field={QUANTITY}&from=1") == []


def test_pages_keep_what_narrows(office: Office) -> None:
    for _ in range(51):
        office.start("LAM-LED-11", "6000")
    camille = office.as_("camille")
    query = f"field={QUANTITY}&from=6000&to=6000"
    first = keys(camille, query)
    following = re.search(r'rel="next" href="/cases\?([^"]+)"', camille.get(f"/cases?{query}").text)
    assert following is not None
    second = keys(camille, unescape(following[1]))
    assert len(first) == 50
    assert second
    assert not set(first) & set(second)
