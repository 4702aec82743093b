"""The pages of customers: who may, what is typed stays, what is refused is said beside its field."""

from __future__ import annotations

import re

import pytest

from handlers.payments.customer_documents import counts_of
from tests.web.conftest import Browser, Office
from tests.web.test_quotes import write as write_quote

SEEN = re.compile(r'name="seen" value="(\d+)"')
_numbers = iter(range(1, 1_000))


@pytest.fixture
def sarah(office: Office) -> Browser:
    browser = office.as_("sarah")
    browser.get("/customers/new")
    return browser


def form(**other: str) -> dict[str, str]:
    return {"kind": "company", "name": f"Client {next(_numbers)}", "locale": "fr", "country": "FR"} | other


def add(sarah: Browser, **other: str) -> str:
    page = sarah.post("/customers/new", form(**other))
    assert page.status_code == 303, page.text
    return str(page.location)


def test_a_customer_is_added_changed_and_shown(sarah: Browser) -> None:
    address = add(
        sarah, name="Ateliers <b>Martin</b>", postal_code="39000", city="Lons", tags="bois, neuf", notes="Paie tard"
    )
    page = sarah.get(address).text
    assert "Ateliers &lt;b&gt;Martin&lt;/b&gt;" in page
    assert "39000 Lons" in page
    assert "bois, neuf" in page
    seen = SEEN.search(page)
    assert seen is not None
    assert sarah.post(address, form(name="Ateliers Martin", seen=seen.group(1))).status_code == 303
    assert "<h1>Ateliers Martin</h1>" in sarah.get(address).text
    again = sarah.post(address, form(name="Trop tard", seen=seen.group(1)))
    assert again.status_code == 422
    assert 'value="Trop tard"' in again.text
    assert "<h1>Ateliers Martin</h1>" in again.text


def test_what_is_wrong_is_said_beside_its_field_and_stays(sarah: Browser) -> None:
    page = sarah.post("/customers/new", form(name="Bois & Cie", siren="303265046", city="Lons", postal_code="3900"))
    assert page.status_code == 422
    assert 'value="Bois &amp; Cie"' in page.text
    assert 'value="303265046"' in page.text
    assert "Ce SIREN n’existe pas" in page.text
    assert 'href="#in-siren"' in page.text
    assert "Un code postal français a cinq chiffres" in page.text, "all at once, with the address"
    assert 'href="#in-postal_code"' in page.text
    assert 'id="in-postal_code"' in page.text
    only_called = sarah.post("/customers/new", form(label="Siège"))
    assert only_called.status_code == 422, "an address that has only a name is not dropped"
    assert 'value="Siège"' in only_called.text


def test_the_postal_code_says_where_it_is_required(sarah: Browser) -> None:
    def label(page: str) -> str:
        return page.partition('for="in-postal_code')[2].partition("</label>")[0]

    page = sarah.get("/customers/new").text
    assert "facultatif" not in label(page)
    assert "Obligatoire en France" in page
    abroad = sarah.post("/customers/new", form(name="", country="BE", city="Liège")).text
    assert "facultatif" in label(abroad)


def test_the_links_of_an_address_that_is_refused_lead_to_its_fields(sarah: Browser) -> None:
    address = add(sarah, postal_code="39000", city="Lons")
    page = sarah.post(f"{address}/address", {"city": "", "postal_code": "1", "country": "FR"}).text
    for name in ("city", "postal_code"):
        assert f'href="#in-{name}-new"' in page
        assert f'id="in-{name}-new"' in page
    contact = sarah.post(f"{address}/contact", {"contact_name": ""}).text
    assert 'href="#in-contact_name-new"' in contact
    assert 'id="in-contact_name-new"' in contact


def test_a_website_is_one(sarah: Browser) -> None:
    assert sarah.post("/customers/new", form(website="javascript:alert(1)")).status_code == 422
    assert "https://bois.example:8080/a" in sarah.get(add(sarah, website="bois.example:8080/a")).text


def test_who_adds_nobody_goes_back_to_where_they_came_from(sarah: Browser) -> None:
    assert 'href="/orders/new"' in sarah.get("/customers/new?then=order").text
    assert 'href="/quotes/new"' in sarah.get("/customers/new?then=quote").text


def test_the_list_is_searched_by_first_letters(sarah: Browser) -> None:
    add(sarah, name="Zéphyr Énergie", is_prospect="1")
    add(sarah, name="Zèbre Transports")
    assert "Zéphyr Énergie" in sarah.get("/customers?q=zeph").text
    assert "Zèbre" not in sarah.get("/customers?q=zeph").text
    assert "Zèbre" not in sarah.get("/customers?q=z&shown=prospects").text
    assert "Zéphyr" not in sarah.get("/customers?q=z&shown=customers").text
    assert "Aucun client ne correspond" in sarah.get("/customers?q=nobodyatall").text


def test_a_duplicate_begins_without_what_is_one_company_s_alone(sarah: Browser) -> None:
    address = add(sarah, name="Original", siren="303265045", account_code="411ORIG", phone="03 84 00 00 00")
    page = sarah.get(f"/customers/new?copy={address.rpartition('/')[2]}").text
    assert 'value="Original (copie)"' in page
    assert 'value="03 84 00 00 00"' in page
    assert 'value="303265045"' not in page
    assert "411ORIG" not in page
    assert sarah.get("/customers/new?copy=CL-2026-99999").status_code == 404


def test_addresses_and_contacts(sarah: Browser) -> None:
    address = add(sarah)
    assert (
        sarah.post(f"{address}/address", {"city": "Dole", "postal_code": "39100", "country": "FR"}).status_code == 303
    )
    wrong = sarah.post(f"{address}/contact", {"contact_name": "", "contact_email": "marie"})
    assert wrong.status_code == 422
    assert 'value="marie"' in wrong.text
    assert "Le contact doit avoir un nom" in wrong.text
    assert sarah.post(f"{address}/contact", {"contact_name": "Marie", "department": "Achats"}).status_code == 303
    asked = {"contact_name": "Luc", "receives": ["invoices", "quotes"]}
    wrong = sarah.post(f"{address}/contact", asked)
    assert wrong.status_code == 422
    assert 'value="invoices" checked' in wrong.text
    assert sarah.post(f"{address}/contact", asked | {"contact_email": "luc@dole.example"}).status_code == 303
    luc = re.search(r"/contact/(\d+)/remove", sarah.get(address).text.partition("Luc")[2])
    assert luc is not None
    offer = sarah.get(f"/quotes/new?customer={address.rpartition('/')[2]}").text
    assert 'value="luc@dole.example"' in offer, "who receives quotes, not who comes first"
    assert sarah.post(f"{address}/contact/{luc[1]}/remove", {}).status_code == 303
    page = sarah.get(address).text
    line = re.search(r"/address/(\d+)\"", page)
    contact = re.search(r"/contact/(\d+)\"", page)
    assert line is not None
    assert contact is not None
    assert sarah.post(f"{address}/address/{line.group(1)}/remove", {}).status_code == 303
    assert sarah.post(f"{address}/address/{line.group(1)}/remove", {}).status_code in {404, 422}
    assert sarah.post(f"{address}/contact/{contact.group(1)}/remove", {}).status_code == 303
    page = sarah.get(address).text
    assert "Aucune adresse pour l’instant" in page
    assert "Aucun contact pour l’instant" in page
    assert "Retirer un contact" in page


def seen_on(page: str) -> str:
    found = SEEN.search(page)
    assert found is not None
    return found.group(1)


def line_of(page: str, kind: str) -> str:
    found = re.search(rf"/{kind}/(\d+)\"", page)
    assert found is not None
    return found.group(1)


def test_two_people_at_one_address_are_told_of_each_other_and_nothing_is_lost(office: Office, sarah: Browser) -> None:
    marc = office.as_("marc")
    address = add(sarah)
    dole = {"city": "Dole", "postal_code": "39100", "country": "FR"}
    assert sarah.post(f"{address}/address", dole | {"label": "Dépôt"}).status_code == 303
    assert sarah.post(f"{address}/address", dole | {"label": "Siège"}).status_code == 303
    page = marc.get(address).text
    line, seen = line_of(page, "address"), seen_on(page)
    other = next(each for each in re.findall(r"/address/(\d+)\"", page) if each != line)
    each_form = page.partition('id="addresses"')[2].partition('id="contacts"')[0]
    assert each_form.count(f'name="seen" value="{seen}"') == each_form.count("<form"), "changed, added and removed"
    here = f"{address}/address/{line}"
    assert sarah.post(here, dole | {"street": "1 rue de Sarah", "seen": seen}).status_code == 303
    assert marc.post(f"{address}/address/{other}", dole | {"street": "Autre", "seen": seen}).status_code == 303, (
        "who changes another address is not asked"
    )
    refused = marc.post(here, dole | {"street": "2 rue de Marc", "seen": seen})
    assert refused.status_code == 422
    assert ">2 rue de Marc</textarea>" in refused.text, "what was typed stays"
    told = refused.text.partition('id="meanwhile-title"')[2].partition("</section>")[0]
    assert "Sarah Lambert" in told
    assert "1 rue de Sarah" in told, "and what the other wrote is told"
    assert "Écrit par d’autres entre-temps" in refused.text
    assert marc.post(f"{here}/remove", {"seen": seen}).status_code == 422, "nor does it go unseen"
    main = marc.post(here, dole | {"is_billing": "1", "seen": seen_on(refused.text)})
    assert main.status_code == 303, "who was told may save over it"
    late = sarah.post(f"{address}/address/{other}", dole | {"is_billing": "1", "seen": seen_on(refused.text)})
    assert late.status_code == 422, "where invoices go was moved by somebody else"
    assert sarah.post(f"{here}/remove", {"seen": seen_on(late.text)}).status_code == 303
    gone = marc.post(here, dole | {"street": "3 rue de Marc", "seen": seen_on(late.text)})
    assert gone.status_code == 422
    assert ">3 rue de Marc</textarea>" in gone.text, "what was typed for an address that is gone can be added"
    assert "Retirer une adresse" in gone.text.partition('id="meanwhile-title"')[2].partition("</section>")[0]


def test_two_people_at_one_contact_are_told_of_each_other_and_nothing_is_lost(office: Office, sarah: Browser) -> None:
    marc = office.as_("marc")
    address = add(sarah)
    assert sarah.post(f"{address}/contact", {"contact_name": "Marie"}).status_code == 303
    page = marc.get(address).text
    seen = seen_on(page)
    here = f"{address}/contact/{line_of(page, 'contact')}"
    assert sarah.post(here, {"contact_name": "Marie", "department": "Achats", "seen": seen}).status_code == 303
    refused = marc.post(here, {"contact_name": "Marie", "department": "Direction", "seen": seen})
    assert refused.status_code == 422
    assert 'value="Direction"' in refused.text
    told = refused.text.partition('id="meanwhile-title"')[2].partition("</section>")[0]
    assert "Sarah Lambert" in told
    assert "Achats" in told
    assert marc.post(f"{here}/remove", {"seen": seen}).status_code == 422
    added = marc.post(f"{address}/contact", {"contact_name": "Luc", "seen": seen})
    assert added.status_code == 303, "a new one takes nothing from anybody"
    again = {"contact_name": "Marie", "department": "Direction", "seen": seen_on(refused.text)}
    assert marc.post(here, again).status_code == 303
    assert "Direction" in sarah.get(address).text
    assert sarah.post(f"{here}/remove", {"seen": seen_on(sarah.get(address).text)}).status_code == 303
    gone = marc.post(here, again | {"seen": seen_on(refused.text)})
    assert gone.status_code == 422
    assert 'value="Direction"' in gone.text, "what was typed for a contact who is gone can be added"


def test_a_deleted_customer_is_gone(sarah: Browser) -> None:
    address = add(sarah)
    assert sarah.post(f"{address}/delete", {}).location.endswith("/customers")
    gone = sarah.get(address)
    assert gone.status_code == 404
    assert f"Le client {address.rsplit('/', 1)[1]} a été supprimé par Sarah Lambert le " in gone.text
    assert "Il n’y a pas de client" in sarah.get("/customers/CL-2026-99999").text


def test_the_documents_of_a_customer_are_counted_and_a_click_away(office: Office, sarah: Browser) -> None:
    address = add(sarah)
    number = address.rsplit("/", 1)[1]
    page = sarah.get(address).text
    assert f"/quotes?customer={number}" not in page, "there is none"
    first = write_quote(sarah, number)
    write_quote(sarah, number)
    page = sarah.get(address).text
    shown = page.split('id="documents-title"')[1].split("</section>")[0]
    assert re.search(rf'href="/quotes\?customer={number}">Devis</a> <span class="[^"]*">2<', shown)
    assert re.findall(r">(\d+)<", shown) == ["2", "0", "0", "0"]
    assert first in sarah.get(f"/quotes?customer={number}").text
    assert "documents-title" in office.as_("aurelien").get(address).text
    with office.runtime.database.reading() as session:
        counted = counts_of(session, number)
    assert (counted.quotes, counted.orders, counted.invoices, counted.payments) == (2, 0, 0, 0)


def test_who_may_see_and_who_may_change(office: Office, sarah: Browser) -> None:
    address = add(sarah)
    auditor, buyer = office.as_("aurelien"), office.as_("gabriel")
    page = auditor.get(address).text
    assert "<form" not in page.partition("<main")[2]
    assert auditor.get("/customers").status_code == 200
    for refused in (address, "/customers/new", f"{address}/address", f"{address}/contact", f"{address}/delete"):
        assert auditor.post(refused, form()).status_code == 403
        assert buyer.post(refused, form()).status_code == 403
    assert buyer.get("/customers").status_code == 403
    assert buyer.get(address).status_code == 403
    assert 'href="/customers"' not in buyer.get("/inbox").text
    assert 'href="/customers"' in sarah.get("/inbox").text
