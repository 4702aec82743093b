"""Pictures of every page, for people to look at (desktop, dark, phone; both languages): ``python -m tests.browser.screenshots FOLDER``.

Runs the product on a database of its own with a few cases in different states, then deletes it.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from engine import clock, log
from engine.database.embedded import EmbeddedServer
from engine.database.migrations import migrate
from engine.database.session import Database
from engine.handler import Actor
from engine.history.keeping import Keeping, sign
from engine.history.search import Asked, search
from engine.identity.people import find_actor
from engine.inbox import commands as inbox_commands
from engine.instances import commands, queries
from tests.browser.conftest import CHROMIUM, LAUNCH_ARGUMENTS
from tests.browser.running import Application, start
from tests.browser.sales_for_pictures import sell
from tests.company import fill_company

SIZES = {
    "desktop": {"width": 1440, "height": 900},
    "dark": {"width": 1440, "height": 900},
    "phone": {"width": 390, "height": 844},
}
LOCALES = {"fr": "fr-FR", "en": "en-GB"}
MAIL_SECONDS = 60

REQUESTS = (
    {"article": "BUR-CH-160", "quantity": "12", "comment": "Livraison prévue chez Martin Frères le 15 décembre."},
    {"article": "LAM-LED-11", "quantity": "40"},
    {"article": "CHA-ERG-02", "quantity": "25"},
    {"article": "CAB-RJ-305", "quantity": "6"},
    {"article": "BUR-CH-160", "quantity": "8"},
    {"article": "PAN-AC-120", "quantity": "30"},
)


def fill(application: Application) -> dict[str, int | str]:
    """A few cases: waiting, taken, waiting for the manager, ordered, refused, with mails; and sales. Gives what pages need."""
    camille, gabriel, monique = (_actor(application, each) for each in ("camille", "gabriel", "monique"))
    cases = [begin(application, each) for each in REQUESTS]
    ordered, refused, high, approved = cases[1], cases[2], cases[0], cases[4]
    launch = {"decision": "launch", "supplier": "OFFICE-NORD"}
    _complete(application, gabriel, ordered, launch | {"unit_price": "18,50"})
    _complete(application, gabriel, refused, {"decision": "refuse", "reason": "Le modèle est remplacé en janvier."})
    for case, price in ((high, "478,00"), (approved, "890")):
        _complete(application, gabriel, case, launch | {"unit_price": price, "supplier": "MENUISERIE-JURA"})
    _complete(application, monique, approved, {"agreement": "granted"})
    mine = claimed(application, cases[3])
    free = _task_of(application, gabriel, cases[5])
    hold_quote(application)
    sales = sell(application)
    _wait_for_mails(application, camille)
    sign(application.runtime.database, kept_by(application), clock.now())
    with application.runtime.database.reading() as session:
        step = search(session, Asked(case=str(approved), topic="task")).steps[-1].first
    return {
        "step": step,
        "ordered": approved,
        "high": high,
        "mine": mine,
        "free": free,
        "manager": _task_of(application, monique, high),
        **sales,
    }


def begin(application: Application, request: Mapping[str, str] = REQUESTS[0]) -> int:
    """Camille's request; gives its case."""
    return commands.start_instance(
        application.runtime, _actor(application, "camille"), "replenishment", request
    ).instance_id


def hold_quote(application: Application) -> None:
    """A quote that was approved, and whose letter waits; longer than it would, for the pictures take their time."""
    sarah, marc = (_actor(application, each) for each in ("sarah", "marc"))
    answers = {"quote": f"DV-{clock.now().year}-00004"}
    case = commands.start_instance(application.runtime, sarah, "quote_acceptance", answers).instance_id
    with clock.frozen(clock.now() + timedelta(hours=1)):
        _complete(application, marc, case, {"agreement": "granted"})


def claimed(application: Application, case: int) -> int:
    """The open task of a case, taken by Gabriel."""
    gabriel = _actor(application, "gabriel")
    task = _task_of(application, gabriel, case)
    inbox_commands.claim(application.runtime.database, gabriel, task)
    return task


def kept_by(application: Application) -> Keeping:
    assert application.runtime.keeping is not None
    return application.runtime.keeping


def _actor(application: Application, login: str) -> Actor:
    with application.runtime.database.reading() as session:
        found = find_actor(session, login)
    assert found is not None
    return found


def _task_of(application: Application, actor: Actor, case: int) -> int:
    with application.runtime.database.reading() as session:
        tasks = queries.case(session, actor, case).tasks
    return next(each.id for each in tasks if each.is_open)


def _complete(application: Application, actor: Actor, case: int, answers: dict[str, str]) -> None:
    commands.complete_task(application.runtime, actor, _task_of(application, actor, case), answers)


def _wait_for_mails(application: Application, actor: Actor) -> None:
    from engine.mail.letters import to_person

    end = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < end:
        with application.runtime.database.reading() as session:
            if sum(each.kind == "process" for each in to_person(session, actor.login)) >= 3:
                return
        time.sleep(0.2)
    raise RuntimeError(f"no mails after {MAIL_SECONDS} s; the worker said:\n{application.worker_log()}")


def pages(ids: Mapping[str, int | str]) -> Iterator[tuple[str, str, str]]:
    """Name, who looks (``-``: nobody), address."""
    yield "sign-in", "-", "/sign-in"
    yield "inbox-empty", "camille", "/inbox"
    yield "inbox-role", "gabriel", "/inbox?view=role"
    yield "inbox-chosen", "gabriel", f"/inbox?view=role&task={ids['free']}"
    yield "inbox-mine", "gabriel", "/inbox?view=mine"
    yield "inbox-filtered", "gabriel", "/inbox?view=role&q=panneau&due=week"
    yield "inbox-nothing", "gabriel", "/inbox?view=role&q=zebre"
    yield "inbox-several", "gabriel", f"/inbox/bulk/complete?task={ids['free']}"
    yield "absences", "gabriel", "/absences"
    yield "absences-admin", "admin", "/absences"
    yield "papers", "gabriel", f"/cases/{ids['high']}/papers"
    yield "task-free", "gabriel", f"/tasks/{ids['free']}"
    yield "task-mine", "gabriel", f"/tasks/{ids['mine']}"
    yield "task-manager", "monique", f"/tasks/{ids['manager']}"
    yield "start", "camille", "/start/replenishment"
    yield "cases", "camille", "/cases"
    yield "cases-nothing", "camille", "/cases?q=XYZ"
    yield "case-ordered", "aurelien", f"/cases/{ids['ordered']}"
    yield "case-detailed", "aurelien", f"/cases/{ids['ordered']}?detail=all&el=decide_request"
    yield "case-waiting", "camille", f"/cases/{ids['high']}"
    yield "customers", "sarah", "/customers"
    yield "customers-nothing", "sarah", "/customers?q=zebre"
    yield "customer", "sarah", "/customers/CL-2026-00001"
    yield "customer-new", "sarah", "/customers/new"
    yield "customer-read", "aurelien", "/customers/CL-2026-00002"
    yield "quotes", "sarah", "/quotes"
    yield "quote-new", "sarah", "/quotes/new"
    yield "quote", "sarah", f"/quotes/DV-{clock.now().year}-00001"
    yield "quote-held", "sarah", f"/quotes/DV-{clock.now().year}-00004"
    yield "quote-edit", "sarah", f"/quotes/DV-{clock.now().year}-00003/edit"
    yield "orders", "camille", "/orders"
    yield "order", "camille", f"/orders/CC-{clock.now().year}-00002"
    yield "order-edit", "camille", f"/orders/CC-{clock.now().year}-00002/edit"
    yield "order-confirmed", "camille", f"/orders/{ids['order']}"
    yield "order-revise", "camille", f"/orders/{ids['order']}/revise"
    yield "order-settings", "admin", "/admin/company/orders"
    yield "deliveries", "bruno", "/deliveries"
    yield "delivery", "bruno", f"/deliveries/{ids['delivery']}"
    yield "delivery-open", "bruno", f"/deliveries/{ids['picked']}"
    yield "picking", "bruno", f"/deliveries/{ids['picked']}/pick"
    yield "return", "bruno", f"/deliveries/{ids['return']}"
    yield "invoices", "yasmine", "/invoices"
    yield "invoices-to-make", "yasmine", "/invoices/orders"
    yield "invoice", "yasmine", f"/invoices/{ids['invoice']}"
    yield "invoice-credit", "yasmine", f"/invoices/{ids['invoice']}/credit"
    yield "invoice-reduction", "yasmine", f"/invoices/{ids['invoice']}/reduction"
    yield "credit-note", "yasmine", f"/invoices/{ids['credit']}"
    yield "invoices-verification", "yasmine", "/invoices/verification"
    yield "payments", "yasmine", "/payments"
    yield "payment", "yasmine", f"/payments/{ids['payment']}"
    yield "payment-new", "yasmine", f"/payments/new?invoice={ids['invoice']}"
    yield "statement", "yasmine", "/customers/CL-2026-00003/account"
    yield "price-lists", "marc", "/price-lists"
    yield "price-list", "marc", "/price-lists/REV"
    yield "customer-fields", "admin", "/admin/company/customer-fields"
    yield "letter-texts", "admin", "/admin/company/letters"
    yield "letter-text", "admin", "/admin/company/letters/quote_sent/fr"
    yield "articles", "camille", "/articles"
    yield "article", "ines", "/articles/CHA-ERG-02"
    yield "article-new", "ines", "/articles/new"
    yield "article-read", "bruno", "/articles/CHA-ERG-02"
    yield "movements", "bruno", "/articles/CHA-ERG-02/movements"
    yield "warehouses", "monique", "/warehouses"
    yield "warehouse", "monique", "/warehouses/DEPOT"
    yield "repair", "olivia", f"/cases/{ids['high']}/repair"
    yield "repair-variable", "olivia", f"/cases/{ids['high']}/repair/variable?scope=s1&name=quantity"
    yield "mailbox", "camille", "/mailbox"
    yield "mailbox-held", "sarah", "/mailbox"
    yield "notices", "camille", "/account/notices"
    yield "mail", "admin", "/admin/mail"
    yield "letters", "admin", "/admin/letters"
    yield "letter", "admin", "/admin/letters/1"
    yield "processes", "olivia", "/processes"
    yield "process", "olivia", "/processes/replenishment"
    yield "editor", "olivia", "/processes/replenishment/edit"
    yield "decision-editor", "olivia", "/processes/replenishment/decisions/approval.dmn"
    yield "decision", "camille", "/processes/replenishment/versions/1/decisions/approval.dmn"
    yield "audit", "aurelien", "/audit"
    yield "audit-steps", "aurelien", "/audit/steps"
    yield "audit-steps-nothing", "aurelien", "/audit/steps?case=XYZ"
    yield "audit-step", "aurelien", f"/audit/steps/{ids['step']}"
    yield "audit-checkpoints", "aurelien", "/audit/checkpoints"
    yield "account", "camille", "/account"
    yield "company", "admin", "/admin/company"
    yield "people", "admin", "/admin/people"
    yield "person", "admin", "/admin/people/gabriel"
    yield "person-new", "admin", "/admin/people/new"
    yield "roles", "admin", "/admin/roles"
    yield "services", "admin", "/admin/services"
    yield "personal", "admin", "/admin/personal?q=camille"
    yield "retention", "admin", "/admin/retention"
    yield "not-found", "camille", "/cases/999999"
    yield "not-allowed", "camille", "/audit"


def take(application: Application, folder: Path, ids: Mapping[str, int | str], only: str | None = None) -> int:
    """Write the pictures; gives how many."""
    count = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(LAUNCH_ARGUMENTS))
        for language in LOCALES:
            for size in SIZES:
                signed: dict[str, Page] = {}
                for name, login, address in pages(ids):
                    if only and only not in f"{name}-{size}-{language}":
                        continue
                    page = signed.get(login) or _sign_in(browser, application.url, login, language, size)
                    signed[login] = page
                    page.goto(application.url + address)
                    page.wait_for_load_state("networkidle")
                    page.screenshot(path=folder / f"{name}-{size}-{language}.png", full_page="editor" not in name)
                    count += 1
                for page in signed.values():
                    page.context.close()
        browser.close()
    return count


def _sign_in(browser: Browser, url: str, login: str, language: str, size: str) -> Page:
    context = browser.new_context(
        viewport=SIZES[size],  # type: ignore[arg-type]
        locale=LOCALES[language],
        timezone_id="Europe/Paris",
        reduced_motion="reduce",
        color_scheme="dark" if size == "dark" else "light",
    )
    context.add_cookies([{"name": "bordereau-language", "value": language, "url": url}])
    page = context.new_page()
    page.on("console", lambda message: print("console", message.type, page.url, message.text))
    page.on("pageerror", lambda error: print("page error", page.url, error))
    if login != "-":
        page.goto(f"{url}/sign-in")
        page.locator(f"button[data-login={login}]").click()
        page.wait_for_url("**/inbox")
    return page


@contextmanager
def running() -> Iterator[Application]:
    """The product on a database of its own."""
    folder = Path(tempfile.mkdtemp(prefix="bordereau-pictures-"))
    server = EmbeddedServer(Path(tempfile.mkdtemp(prefix="bordereau-pictures-")), durable=False)
    try:
        url = server.start()
        migrate(url)
        database = Database(url)
        fill_company(database)
        database.dispose()
        application = start(url, folder)
        try:
            yield application
        finally:
            application.stop()
    finally:
        server.stop()
        for each in (folder, server.folder):
            shutil.rmtree(each, ignore_errors=True)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", help="only pictures whose name (page-size-language) contains this")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    log.configure("pictures", level="error")
    with running() as application:
        print(take(application, chosen.folder, fill(application), chosen.only), "pictures")


if __name__ == "__main__":
    main()
