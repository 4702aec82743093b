"""The page of our own company: who may, what is missing, the logo, and the specimen."""

from __future__ import annotations

import io
import re

import pytest
from pypdf import PdfReader

from handlers.demonstration.company import IDENTITY, LOGO
from tests.web.conftest import Browser, Office
from web.company.forms import NAMES

SEEN = re.compile(r'name="seen" value="(\d+)"')
VALUE = re.compile(r'id="in-(\w+)" name="\1" value="([^"]*)"')


@pytest.fixture
def admin(office: Office) -> Browser:
    return office.as_("admin")


def form(page: str, **other: str) -> dict[str, str]:
    """What the page has, with some of it changed."""
    kept = {name: str(getattr(IDENTITY, name) or "") for name in NAMES} | {"capital": "80 000"}
    seen = SEEN.search(page)
    assert seen is not None
    return kept | dict(VALUE.findall(page)) | {"seen": seen.group(1)} | other


def test_the_identity_is_changed_and_what_is_missing_is_named(admin: Browser) -> None:
    page = admin.get("/admin/company").text
    assert "Rien ne manque" in page
    assert 'value="80000"' in page
    changed = admin.post("/admin/company", form(page, registry_city="", capital="90 000,50"))
    assert changed.status_code == 303, changed.text
    after = admin.get("/admin/company").text
    assert "Ce que documents" not in after
    assert '<a href="#in-registry_city">' in after
    assert "C. com. art. R. 123-237" in after
    assert 'value="90000,5"' in after
    again = admin.post("/admin/company", form(page, name="Trop tard"))
    assert again.status_code == 422
    assert 'value="Trop tard"' in again.text
    restored = form(after, registry_city="Lons-le-Saunier", capital="80000")
    assert admin.post("/admin/company", restored).status_code == 303


def test_what_is_wrong_is_said_beside_its_field_and_stays(admin: Browser) -> None:
    page = admin.get("/admin/company").text
    wrong = {"iban": "FR00 <b>", "capital": "beaucoup"}
    unreadable = admin.post("/admin/company", form(page, **wrong))
    assert unreadable.status_code == 422
    assert 'href="#in-capital"' in unreadable.text
    refused = admin.post("/admin/company", form(page, **wrong | {"capital": ""}))
    assert refused.status_code == 422
    assert "Cet IBAN n’existe pas" in refused.text
    assert 'value="FR00 &lt;b&gt;"' in refused.text


def test_the_option_for_debits_is_ticked_and_unticked(admin: Browser) -> None:
    page = admin.get("/admin/company").text
    refused = admin.post("/admin/company", form(page, is_vat_on_debits="yes", vat_regime="franchise", vat_number=""))
    assert refused.status_code == 422
    assert "cette option n’y a pas de sens" in refused.text
    assert 'value="yes" checked' in refused.text
    assert admin.post("/admin/company", form(page, is_vat_on_debits="yes")).status_code == 303
    page = admin.get("/admin/company").text
    assert 'value="yes" checked' in page
    assert admin.post("/admin/company", form(page)).status_code == 303
    assert 'value="yes" checked' not in admin.get("/admin/company").text


def test_a_logo_is_drawn_before_it_is_taken(admin: Browser) -> None:
    admin.get("/admin/company")
    for content, said in ((b"<svg/>", "ni un PNG ni un JPEG"), (LOGO.read_bytes()[:4000], "ne peut pas être lue")):
        refused = admin.post("/admin/company/logo", {"logo": (io.BytesIO(content), "logo.png")})
        assert refused.status_code == 422
        assert said in refused.text
    assert admin.post("/admin/company/logo", {"logo": (io.BytesIO(LOGO.read_bytes()), "x.svg")}).status_code == 303
    address = re.search(r'src="(/admin/company/logo/\w+)"', admin.get("/admin/company").text)
    assert address is not None
    shown = admin.get(address.group(1))
    assert (shown.mimetype, shown.data) == ("image/png", LOGO.read_bytes())
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert admin.get("/admin/company/logo/" + "0" * 64).status_code == 404


def test_the_specimen_is_a_draft_of_ours(admin: Browser) -> None:
    sent = admin.get("/admin/company/specimen/en.pdf")
    assert sent.mimetype == "application/pdf"
    text = PdfReader(io.BytesIO(sent.data)).pages[0].extract_text()
    for each in ("DRAFT", "Quote", "Mobilier Comtois · SAS with a capital of €80,000", "1,773.60"):
        assert each in " ".join(text.split())
    assert "?kind=delivery_note" in admin.get("/admin/company").text
    sent = admin.get("/admin/company/specimen/fr.pdf?kind=credit_note")
    assert "Avoir sur la facture n° FA-0000" in PdfReader(io.BytesIO(sent.data)).pages[0].extract_text()
    for refused in ("de.pdf", "fr.pdf?kind=letter"):
        assert admin.get(f"/admin/company/specimen/{refused}").status_code == 404


def test_only_administrators_may(office: Office) -> None:
    yasmine = office.as_("yasmine")
    yasmine.get("/inbox")
    assert yasmine.get("/admin/company").status_code == 403
    assert yasmine.get("/admin/company/specimen/fr.pdf").status_code == 403
    assert yasmine.post("/admin/company", {"name": "Moi"}).status_code == 403
    assert yasmine.post("/admin/company/logo/remove").status_code == 403
