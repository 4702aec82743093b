"""The story of the walking skeleton in a real browser: from a shortage to an order, a changed process, a verified history."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from handlers.purchasing.queries import order_of_request
from tests.browser.conftest import Complaints
from tests.browser.running import Application

ABOVE_THRESHOLD = "5 736,00"
TOO_LATE = "Failed to load resource: the server responded with a status of 409"
REFUSED = "Failed to load resource: the server responded with a status of 403"


def sign_in(page: Page, application: Application, login: str) -> None:
    """Leave whoever is signed in and come in as ``login``."""
    page.goto("about:blank")  # what the page before still loads would bring its cookies back
    page.context.clear_cookies()
    page.goto(f"{application.url}/sign-in")
    page.locator(f"button[data-login={login}]").click()
    expect(page.get_by_role("heading", name="Boîte de réception")).to_be_visible()


def submit(page: Page, article: str, quantity: str) -> str:
    """Send a request; gives its number."""
    page.get_by_role("link", name="Nouvelle demande").first.click()
    page.get_by_role("link", name="Demande d’approvisionnement").click()
    page.get_by_label("Article").select_option(article)
    page.get_by_label("Quantité").fill(quantity)
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_text("Dossier ouvert :")).to_be_visible()
    number = re.search(r"DA-\d{4}-\d{5}", page.title())
    assert number is not None
    return number.group()


def take(page: Page, application: Application, number: str) -> None:
    """Open the task of a case from the inbox, and take it."""
    page.goto(f"{application.url}/inbox?view=role")
    page.get_by_role("listitem").filter(has_text=number).get_by_role("link").click()
    pane = page.get_by_role("region", name="Tâche choisie")
    expect(pane.get_by_text(number).first).to_be_visible()
    pane.get_by_role("button", name="Prendre et ouvrir").click()
    expect(page.get_by_text("La tâche est à vous.")).to_be_visible()


def launch(page: Page, price: str, supplier: str = "MENUISERIE-JURA") -> None:
    """Fill in the decision form: its fields appear as the answers ask for them."""
    expect(page.get_by_label("Fournisseur")).to_have_count(0)
    page.get_by_label("Lancer la commande").check()
    page.get_by_label("Fournisseur").select_option(supplier)
    page.get_by_label("Prix unitaire hors taxes").fill(price)


def test_a_request_becomes_an_order(application: Application, clean_page: Page) -> None:
    page = clean_page
    sign_in(page, application, "camille")
    number = submit(page, "BUR-CH-160", "12")
    expect(page.get_by_text("Étape 2 sur 5")).to_be_visible()
    expect(page.locator(".bd-count--active")).to_have_count(1)

    sign_in(page, application, "gabriel")
    take(page, application, number)
    launch(page, "478")
    expect(page.locator("#field-total output")).to_have_text(re.compile(ABOVE_THRESHOLD.replace(" ", r"\s")))
    page.get_by_role("button", name="Terminer la tâche").click()
    expect(page.get_by_text("est terminée pour")).to_be_visible()

    sign_in(page, application, "monique")
    take(page, application, number)
    expect(page.get_by_text("ne peut pas la prendre")).to_be_visible()
    page.get_by_label("J’approuve la commande").check()
    page.get_by_role("button", name="Terminer la tâche").click()
    expect(page.get_by_text("est terminée pour")).to_be_visible()

    with application.runtime.database.reading() as session:
        order = order_of_request(session, number)
    assert order is not None
    assert (order.launched_by, order.approved_by) == ("gabriel", "monique")

    sign_in(page, application, "camille")
    _await_mail(page, application, number)
    page.get_by_role("link", name=f"Ouvrir le dossier {number}").click()
    expect(page.get_by_role("heading", name=number)).to_contain_text("En cours")
    expect(page.locator("#timeline")).to_contain_text("Monique Lacaze")
    expect(page.locator(".bjs-powered-by")).to_be_visible()

    sign_in(page, application, "bruno")
    take(page, application, number)
    page.get_by_label("Quantité arrivée").fill("12")
    page.get_by_role("button", name="Enregistrer la réception").click()
    expect(page.locator(".bd-flash--success").first).to_be_visible()

    sign_in(page, application, "camille")
    page.goto(f"{application.url}/cases?q={number}")
    page.get_by_role("link", name=number).first.click()
    expect(page.get_by_role("heading", name=number)).to_contain_text("Terminé")


def _await_mail(page: Page, application: Application, number: str) -> None:
    """The worker sends it a moment after the order; the mailbox is looked at until it is there."""
    letter = page.get_by_role("link", name=re.compile(f"{number}.*passée"))
    for _ in range(60):
        page.goto(f"{application.url}/mailbox")
        if letter.count():
            letter.first.click()
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"no mail about {number}; the worker said:\n{application.worker_log()}")


def test_sales_cannot_launch_by_address(application: Application, clean_page: Page, complaints: Complaints) -> None:
    """Not only is there no button: the server refuses the very request that the button would make."""
    complaints.allowed.append(REFUSED)
    page = clean_page
    sign_in(page, application, "camille")
    submit(page, "LAM-LED-11", "40")
    sign_in(page, application, "gabriel")
    page.goto(f"{application.url}/inbox?view=role")
    page.locator(".bd-row-link").first.click()
    page.get_by_role("link", name="Consulter").click()
    task = re.search(r"/tasks/(\d+)", page.url)
    assert task is not None

    sign_in(page, application, "camille")
    page.goto(f"{application.url}/tasks/{task.group(1)}")
    expect(page.get_by_text("attend le rôle")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Prendre|Terminer"))).to_have_count(0)
    token = page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    answers: dict[str, str | float | bool] = {
        "csrf_token": token,
        "decision": "launch",
        "supplier": "OFFICE-NORD",
        "unit_price": "10",
    }
    for act in ("claim", "complete"):
        refused = page.request.post(f"{application.url}/tasks/{task.group(1)}/{act}", form=answers)
        assert refused.status == 403
    with application.runtime.database.reading() as session:
        assert order_of_request(session, "DA-2026-00001") is None


@pytest.mark.long
def test_the_owner_publishes_and_only_new_requests_follow(application: Application, clean_page: Page) -> None:
    page = clean_page
    sign_in(page, application, "camille")
    running = submit(page, "BUR-CH-160", "2")

    sign_in(page, application, "olivia")
    page.goto(f"{application.url}/processes/replenishment")
    page.get_by_role("link", name="Modifier", exact=True).click()
    rename(page, "decide_request", "Trancher la demande")
    page.get_by_role("button", name="Enregistrer le brouillon").click()
    expect(page.locator("#editor")).to_have_attribute("data-state", "saved")
    page.reload()
    expect(page.get_by_text("Brouillon de Olivia Prost")).to_be_visible()
    publish(page, "Un mot plus juste pour la décision.")
    expect(page.get_by_role("heading", level=1)).to_contain_text("version 2")
    expect(page.get_by_role("row", name=re.compile("v2 en vigueur"))).to_contain_text("Olivia Prost")

    sign_in(page, application, "camille")
    following = submit(page, "LAM-LED-11", "40")
    sign_in(page, application, "gabriel")
    page.goto(f"{application.url}/inbox?view=role")
    expect(page.get_by_role("listitem").filter(has_text=running)).to_contain_text("Décider de la demande")
    expect(page.get_by_role("listitem").filter(has_text=following)).to_contain_text("Trancher la demande")
    take(page, application, running)
    launch(page, "100")
    page.get_by_role("button", name="Terminer la tâche").click()
    expect(page.get_by_text("est terminée pour")).to_be_visible()


def rename(page: Page, element: str, name: str) -> None:
    """Change the name of an element in the properties panel."""
    expect(page.locator("#editor")).to_have_attribute("data-state", "unchanged")
    page.locator(f".djs-element[data-element-id={element}] .djs-hit").first.click(force=True)
    field = page.locator("#bio-properties-panel-name")
    if not field.is_visible():
        page.locator("[data-group-id=group-general] .bio-properties-panel-group-header").click()
    field.fill(name)
    expect(page.locator("#editor")).to_have_attribute("data-state", "changed")


def publish(page: Page, note: str) -> None:
    """Publish with a note; the page of the new version opens."""
    page.get_by_role("button", name="Publier…").click()
    page.get_by_role("dialog").get_by_role("textbox").fill(note)
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Publier")).click()
    page.wait_for_url(re.compile(r"/processes/replenishment$"))


def test_the_auditor_verifies_a_history_and_a_changed_byte_is_found(
    application: Application, clean_page: Page, tmp_path: Path
) -> None:
    page = clean_page
    sign_in(page, application, "camille")
    number = submit(page, "CHA-ERG-02", "25")

    sign_in(page, application, "aurelien")
    page.get_by_role("link", name="Audit").click()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Télécharger le vérificateur").click()
    verifier = tmp_path / "verifier.py"
    downloading.value.save_as(verifier)
    with page.expect_download() as downloading:
        page.get_by_role("link", name=f"Télécharger {number}").click()
    assert downloading.value.suggested_filename == f"historique-{number}.zip"
    bundle = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(bundle)

    whole = _verify(verifier, bundle)
    assert whole.returncode == 0, whole.stdout
    changed = _verify(verifier, _with_one_byte_changed(bundle))
    assert changed.returncode == 1
    assert "1" in changed.stdout

    page.get_by_role("link", name=number).first.click()
    shown = page.get_by_role("region", name="Vérifier l’historique").locator(".bd-hash")
    expect(shown).to_have_text(re.compile(r"^[0-9a-f]{64}$"))
    assert (shown.text_content() or "") in whole.stdout


def _verify(verifier: Path, bundle: Path) -> subprocess.CompletedProcess[str]:
    """As an auditor would: another machine, nothing of ours installed (``-I``), no network needed."""
    return subprocess.run(
        [sys.executable, "-I", str(verifier), str(bundle)], check=False, capture_output=True, text=True, timeout=60
    )


def _with_one_byte_changed(bundle: Path) -> Path:
    """The quantity that was asked for, 25, becomes 26: a bundle that is whole in every other respect."""
    target = bundle.with_name("changed.zip")
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, content.replace(b'"value":25', b'"value":26', 1) if "events" in member else content)
    assert target.read_bytes() != bundle.read_bytes()
    return target


def test_two_tabs_at_once(
    application: Application, clean_page: Page, context: BrowserContext, complaints: Complaints
) -> None:
    """A task that one tab has completed is gone, and the other tab says so in words."""
    complaints.allowed.append(TOO_LATE)
    page = clean_page
    sign_in(page, application, "camille")
    number = submit(page, "PAN-AC-120", "30")
    sign_in(page, application, "gabriel")
    take(page, application, number)
    other = context.new_page()
    other.goto(page.url)
    for tab in (page, other):
        tab.get_by_label("Refuser la demande").check()
        tab.get_by_label("Raison du refus").fill("Plus au catalogue.")
    page.get_by_role("button", name="Terminer la tâche").click()
    expect(page.get_by_text("est terminée pour")).to_be_visible()
    other.get_by_role("button", name="Terminer la tâche").click()
    expect(other.get_by_role("alert")).to_be_visible()
