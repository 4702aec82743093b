"""In Chromium: a customer in another member state, and a quote whose figures follow the VAT treatment that is chosen, at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.running import Application

pytestmark = pytest.mark.long(minutes=1)


def shot(page: Page, name: str) -> None:
    """A picture for whoever asks for pictures."""
    folder = os.environ.get("BORDEREAU_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_figures_follow_the_treatment_that_is_chosen(application: Application, clean_page: Page) -> None:
    page = clean_page
    page.goto(f"{application.url}/sign-in")
    page.locator("button[data-login=sarah]").click()
    expect(page.get_by_role("heading", name="Boîte de réception")).to_be_visible()

    page.goto(f"{application.url}/customers/new")
    page.get_by_label("Nom", exact=True).fill("Möbelhaus Berlin")
    page.get_by_label("Numéro de TVA").fill("DE 136 695 976")
    page.get_by_label("Rue").fill("Torstraße 1")
    page.get_by_label("Code postal").fill("10115")
    page.get_by_label("Ville").fill("Berlin")
    page.get_by_label("Pays").select_option("DE")
    page.locator(".bd-actions").get_by_role("button").first.click()
    expect(page.get_by_text("Proposé : Union européenne, entreprise")).to_be_visible()
    shot(page, "customer")

    page.get_by_role("link", name="Nouveau devis").click()
    treatment, figures = page.get_by_label("Régime de TVA"), page.locator("#figures")
    expect(treatment).to_have_value("intra_eu")
    page.locator("#search").fill("bureau")
    page.locator("[name=pick]").first.check()
    page.get_by_role("button", name="Ajouter les articles cochés").click()
    expect(figures).to_contain_text("Sans TVA (exonéré UE)")
    shot(page, "quote")
    treatment.select_option("domestic")
    expect(figures).to_contain_text("TVA 20 %")
    expect(figures).to_contain_text("Vérifiez : l’adresse et le numéro de TVA proposent Union européenne")
    shot(page, "quote_other")
    treatment.select_option("export")
    expect(figures).to_contain_text("Sans TVA (export)")
