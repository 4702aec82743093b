"""The pages of fields that the company adds to its customers."""

from __future__ import annotations

import re

import pytest

from tests.web.conftest import Browser, Office
from tests.web.test_customers import add

FIELDS = "/admin/company/customer-fields"


@pytest.fixture
def marc(office: Office) -> Browser:
    browser = office.as_("marc")
    browser.get(FIELDS)
    return browser


@pytest.fixture
def sarah(office: Office) -> Browser:
    browser = office.as_("sarah")
    browser.get("/customers/new")
    return browser


def test_a_field_is_added_filled_in_and_told(marc: Browser, sarah: Browser) -> None:
    assert marc.post(FIELDS, {"label_fr": "Remise <x>", "kind": "number", "is_active": "1"}).status_code == 303
    chosen = {"label_fr": "Secteur", "label_en": "Industry", "kind": "choice", "choices": "bois\r\nacier\r\n"}
    assert marc.post(FIELDS, chosen | {"is_active": "1"}).status_code == 303
    assert marc.post(FIELDS, {"label_fr": "Fidèle", "kind": "flag", "is_active": "1"}).status_code == 303
    page = marc.get(FIELDS).text
    assert "Remise &lt;x&gt;" in page
    assert "bois, acier" in page
    address = add(sarah, name="Client à décrire")
    assert "Champs de l’entreprise" in sarah.get(address).text
    told = {"field_remise_x": "2,50", "field_secteur": "bois", "field_fidele": "yes"}
    assert sarah.post(f"{address}/fields", told).status_code == 303
    page = sarah.get(address).text
    assert 'value="2,5"' in page
    assert "<option selected>bois</option>" in page
    assert 'name="field_fidele" value="yes" checked' in page
    assert "Remise &lt;x&gt;\N{NO-BREAK SPACE}:" in page, "the history names it as people do"


def test_what_was_typed_stays_when_it_is_refused(marc: Browser, sarah: Browser) -> None:
    marc.post(FIELDS, {"label_fr": "Depuis", "kind": "date", "is_active": "1"})
    marc.post(FIELDS, {"label_fr": "Taux", "kind": "number", "is_active": "1"})
    address = add(sarah, name="Client mal décrit")
    page = sarah.post(f"{address}/fields", {"field_depuis": "hier", "field_taux": "3,5"})
    assert page.status_code == 422
    assert 'value="hier"' in page.text
    assert 'value="3,5"' in page.text
    assert "Écrivez une date." in page.text
    page = sarah.post(f"{address}/fields", {"field_taux": "beaucoup"})
    assert page.status_code == 422
    assert 'value="beaucoup"' in page.text
    page = marc.post(FIELDS, {"label_fr": "", "label_en": "Since", "kind": "choice", "choices": "un"})
    assert page.status_code == 422
    assert 'value="Since"' in page.text
    assert "Donnez un nom au champ." in page.text
    assert "facultatif" not in page.text.partition('for="in-choices')[2].partition("</label>")[0], "a choice needs some"


def test_two_people_at_the_fields_of_one_customer_are_told_of_each_other(marc: Browser, sarah: Browser) -> None:
    marc.post(FIELDS, {"label_fr": "Tournée", "kind": "text", "is_active": "1"})
    address = add(sarah, name="Client de deux personnes")
    form = marc.get(address).text.partition(f'action="{address}/fields"')[2].partition("</form>")[0]
    seen = re.search(r'name="seen" value="(\d+)"', form)
    assert seen is not None
    assert sarah.post(f"{address}/fields", {"field_tournee": "lundi", "seen": seen[1]}).status_code == 303
    late = marc.post(f"{address}/fields", {"field_tournee": "mardi", "seen": seen[1]})
    assert late.status_code == 422
    assert 'value="mardi"' in late.text
    told = late.text.partition('id="meanwhile-title"')[2].partition("</section>")[0]
    assert "Sarah Lambert" in told
    assert "lundi" in told


def test_a_field_is_changed_and_retired(marc: Browser, sarah: Browser) -> None:
    marc.post(FIELDS, {"label_fr": "Contrat", "kind": "text", "is_active": "1"})
    address = add(sarah, name="Client sous contrat")
    sarah.post(f"{address}/fields", {"field_contrat": "C-12"})
    assert marc.post(f"{FIELDS}/contrat", {"label_fr": "Contrat cadre", "kind": "text"}).status_code == 303
    shown = sarah.get(address).text
    assert 'name="field_contrat"' not in shown, "it is not asked for any more"
    assert "Contrat cadre" in shown
    assert "C-12" in shown
    page = marc.post(f"{FIELDS}/contrat", {"label_fr": "x" * 90, "kind": "text"})
    assert page.status_code == 422
    assert "x" * 90 in page.text


def test_only_few_say_which_fields_there_are(office: Office, sarah: Browser) -> None:
    assert sarah.get(FIELDS).status_code == 403
    assert sarah.post(FIELDS, {"label_fr": "x", "kind": "text"}).status_code == 403
    assert "Champs des clients" in office.as_("admin").get(FIELDS).text


def test_an_auditor_reads_them(marc: Browser, sarah: Browser, office: Office) -> None:
    marc.post(FIELDS, {"label_fr": "Zone", "label_en": "Area", "kind": "text", "is_active": "1"})
    address = add(sarah, name="Client lu")
    sarah.post(f"{address}/fields", {"field_zone": "Jura"})
    page = office.as_("aurelien").get(address).text
    assert "Jura" in page
    assert 'name="field_zone"' not in page
