"""Invoices on pages: found, followed from draft to payment, credited; orders that wait to be invoiced; who may."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from facturx import get_facturx_xml_from_pdf
from pypdf import PdfReader
from sqlalchemy import event, text

from engine import clock, records
from engine.errors import WrongState
from engine.instances import commands
from engine.messages import store as messages
from engine.messages.store import OutgoingMessage
from engine.texts import format as formats
from engine.worker import run_pending
from handlers.invoices import queries
from handlers.invoices.queries import InvoiceRow
from handlers.invoices.verifying import Verified
from handlers.orders import commands as orders
from handlers.orders.types import OrderData
from handlers.payments import queries as payments
from handlers.payments.queries import open_items
from handlers.payments.receivables import receivables
from handlers.sales.types import Extras, Line
from tests.web.conftest import Browser, Office, leads

LINES = (
    Line(kind="heading", text="Bureaux"),
    Line(text="Bureau chêne", quantity=Decimal(4), unit="pièce", unit_price=Decimal("300.00")),
    Line(text="Pose\nsur place", unit="heure", unit_price=Decimal(50), vat="intermediate", product_type="service"),
)
HEAD = OrderData(subject="Mobilier", email="achats@vallier.example", extras=Extras(shipping=Decimal(40)))


def plain(found: str) -> str:
    return found.replace("\u202f", " ").replace("\xa0", " ")


def order(office: Office, lines: tuple[Line, ...] = LINES) -> str:
    """The number of a confirmed order."""
    now = clock.now()
    wanted = orders.AddOrder(customer="CL-2026-00001", order=HEAD, lines=lines, today=now.date())
    number = str(records.execute(office.runtime.database, orders.add_order, wanted, office.actor("sarah")).answer)
    with office.runtime.database.transaction() as session:
        session.execute(
            text(
                "UPDATE business.sales_order SET status = 'confirmed', confirmed_at = :now, confirmed_by = 'camille' WHERE number = :number"
            ),
            {"number": number, "now": now},
        )
    return number


def ask(office: Office, number: str, what: str = "remaining", asked_by: str = "camille") -> InvoiceRow:
    """What the process of the order says; gives the draft that came of it."""
    told = {"order_number": number, "what": what, "percent": None, "asked_by": asked_by}
    with office.runtime.database.transaction() as session:
        sent = OutgoingMessage(name="invoice_wanted", key=f"{number}/{what}", payload=told)
        messages.send(session, [sent], clock.now(), sender="system")
    run_pending(office.runtime)
    return newest(office, number)


def newest(office: Office, number: str) -> InvoiceRow:
    with office.runtime.database.reading() as session:
        return queries.invoices_of(session, number)[-1]


def answer(office: Office, login: str, page: str, **answers: str) -> None:
    """Complete the task that the page leads to."""
    found = re.search(r'href="/tasks/(\d+)"', page)
    assert found, "the page leads to the task"
    commands.complete_task(office.runtime, office.actor(login), int(found[1]), answers)
    run_pending(office.runtime)


def decide(office: Office, page: str, login: str = "yasmine", decision: str = "validate", **more: str) -> None:
    """Decide on the draft whose page this is."""
    answer(office, login, page, **{"decision": decision, "terms": "30_days"} | more)


def page_of(office: Office, key: str, login: str = "yasmine") -> str:
    answer = office.as_(login).get(f"/invoices/{key}")
    assert answer.status_code == 200
    return plain(answer.text)


def test_from_the_order_to_the_payment(office: Office) -> None:
    number = order(office)
    assert number in office.as_("camille").get("/invoices/orders").text
    draft = ask(office, number)
    assert number not in office.as_("camille").get("/invoices/orders?q=mob").text
    page = page_of(office, draft.key)
    assert f"Brouillon {draft.id}" in page
    assert "1 290,00 €" in page
    assert "un brouillon se modifie ou s’abandonne" in page
    assert "le SIREN du client (sur sa fiche)" in page
    with office.runtime.database.transaction() as session:
        session.execute(text('UPDATE business.invoice SET party = party || \'{"siren": "404833048"}\''))
    assert "Il manque sur ce document" not in page_of(office, draft.key)
    assert office.as_("yasmine").get(f"/invoices/{draft.key}/pdf").data.startswith(b"%PDF")
    assert (
        "Valider la facture"
        not in re.sub(r"(?s)<svg.*?</svg>", "", page_of(office, draft.key, "sarah")).split("<table")[0]
    )
    decide(office, page, decision="check")
    decide(office, page_of(office, draft.key))
    done = newest(office, number)
    assert done.number is not None
    assert done.number.startswith("FA-")
    assert office.as_("yasmine").get(f"/invoices/{done.id}").location.endswith(done.number)
    page = page_of(office, done.number)
    for said in (number, "Maillon", "Enregistrer un règlement", "Faire un avoir", "non payée"):
        assert said in page
    paper = office.as_("yasmine").get(f"/invoices/{done.number}/pdf")
    assert paper.data.startswith(b"%PDF")
    _, xml = get_facturx_xml_from_pdf(paper.data, check_xsd=False)
    assert done.number.encode() in xml
    yasmine = office.as_("yasmine")
    for shown, is_there in (
        ("open", True),
        ("paid", False),
        ("overdue", False),
        ("draft", False),
        ("credit_note", False),
    ):
        assert (done.number in yasmine.get(f"/invoices?q=mob&shown={shown}&customer=CL-2026-00001").text) == is_there
    assert yasmine.get(f"/invoices?after={10**30}&shown=x").status_code == 200
    pay(yasmine, done)
    run_pending(office.runtime)
    page = page_of(office, done.number)
    assert "rien à régler" in page
    assert "RG-" in page
    assert done.number in yasmine.get("/invoices?shown=paid").text


def test_the_task_that_validates_leads_to_the_draft(office: Office) -> None:
    draft = ask(office, order(office))
    yasmine = office.as_("yasmine")
    task = re.search(r'href="(/tasks/\d+)"', page_of(office, draft.key))
    assert task is not None
    page = yasmine.get(task[1]).text
    assert f'<a href="/invoices/{draft.id}">Brouillon {draft.id}</a>' in page
    assert yasmine.get(f"/invoices/{draft.id}").status_code == 200
    case = re.search(r'href="(/cases/\d+)"', page)
    assert case is not None
    assert f'<a href="/invoices/{draft.id}">' in yasmine.get(case[1]).text
    decide(office, page_of(office, draft.key))
    done = newest(office, str(draft.order_number))
    page = yasmine.get(case[1]).text
    assert f"Brouillon {draft.id}" not in page, "it has a number now"
    assert f'<a href="/invoices/{done.number}">{done.number}</a>' in page


def pay(browser: Browser, invoice: InvoiceRow, amount: str = "") -> None:
    form = browser.get(f"/payments/new?invoice={invoice.number}").text
    found = {
        name: re.search(rf'name="{name}"[^>]*? value="([^"]*)"', form) for name in ("key", "amount", "received_on")
    }
    given = {name: each[1] for name, each in found.items() if each}
    more = {"customer": invoice.customer_number, "method": "transfer", "way": "oldest", "act": "save"}
    given |= {"amount": amount} if amount else {}
    assert browser.post("/payments/new", given | more).status_code == 303


def test_a_draft_is_changed_and_an_invoice_credited(office: Office) -> None:
    number, yasmine = order(office), office.as_("yasmine")
    draft = ask(office, number)
    form = yasmine.get(f"/invoices/{draft.key}/quantities").text
    lines = re.findall(r'name="line" value="(\d+)"', form)
    for quantities, said in (
        (("9", "1"), "Il reste 4 au plus."),
        (("x", "1"), "nombre"),
        (("0", "0"), "au moins une ligne"),
    ):
        answer = yasmine.post(f"/invoices/{draft.key}/quantities", {"line": lines, "quantity": list(quantities)})
        assert answer.status_code == 422
        assert said in plain(answer.text)
        leads(answer.text)
    assert (
        yasmine.post(f"/invoices/{draft.key}/quantities", {"line": lines, "quantity": ["1,5", "0"]}).status_code == 303
    )
    page = page_of(office, draft.key)
    assert "490,00 €" in page
    with pytest.raises(WrongState):  # the task still shows what the draft said before
        decide(office, page)
    run_pending(office.runtime)
    decide(office, page_of(office, draft.key))
    done = newest(office, number)
    assert yasmine.get(f"/invoices/{done.number}/quantities").status_code == 303, "it does not change any more"
    form = yasmine.get(f"/invoices/{done.number}/credit").text
    (line,) = re.findall(r'name="line" value="(\d+)"', form)
    given = {"line": line, "quantity": "1", "again": "yes", "reason": "Rayé"}
    for wrong, said in (
        ({"reason": " "}, "Dites pourquoi"),
        ({"again": ""}, "à refacturer"),
        ({"quantity": "2"}, "1,5 au plus"),
    ):
        answer = yasmine.post(f"/invoices/{done.number}/credit", given | wrong)
        assert answer.status_code == 422
        assert said in plain(answer.text)
        leads(answer.text)
    answer = yasmine.post(f"/invoices/{done.number}/credit", given)
    assert answer.status_code == 303
    run_pending(office.runtime)
    page = page_of(office, answer.location.rsplit("/", 1)[1])
    assert "Rayé" in page
    assert str(done.number) in page
    decide(office, page, login="andre")  # never who drafted it
    note = newest(office, number)
    assert (note.kind, note.status) == ("credit_note", "validated")
    assert "Imputer l’avoir" in page_of(office, note.key)
    assert "Avoir" in page_of(office, str(done.number))
    assert note.key in yasmine.get("/invoices?shown=credit_note").text
    assert number in yasmine.get("/invoices/orders").text, "what was given back is to be invoiced again"
    letters = [each for each in mails(office) if str(note.number) in each]
    assert len(letters) == 1


def test_the_price_of_an_invoice_is_reduced(office: Office) -> None:
    number, yasmine = order(office), office.as_("yasmine")
    decide(office, page_of(office, ask(office, number).key))
    done = newest(office, number)
    assert f"/invoices/{done.number}/reduction" in page_of(office, str(done.number))
    assert f"/invoices/{done.number}/reduction" in yasmine.get(f"/invoices/{done.number}/credit").text
    form = yasmine.get(f"/invoices/{done.number}/reduction").text
    lines = re.findall(r'name="line" value="(\d+)"', form)
    given = {
        "line": lines,
        "amount": ["", "20"][: len(lines)] + [""] * (len(lines) - 2),
        "percent": "",
        "reason": "Retard",
    }
    for wrong, said in (
        ({"reason": " "}, "Dites pourquoi"),
        ({"amount": ["x"] * len(lines)}, "nombre"),
        ({"amount": ["999999"] * len(lines)}, "€ au plus"),
        ({"amount": [""] * len(lines)}, "Indiquez un pourcentage, ou le montant"),
        ({"percent": "5"}, "pas les deux"),
        ({"percent": "x"}, "nombre"),
        ({"percent": "101", "amount": [""] * len(lines)}, "jusqu’à 100"),
    ):
        answer = yasmine.post(f"/invoices/{done.number}/reduction", given | wrong)
        assert answer.status_code == 422
        assert said in plain(answer.text)
        leads(answer.text)
        if "percent" in wrong:
            assert f'value="{wrong["percent"]}"' in answer.text, "what was typed stays"
    answer = yasmine.post(f"/invoices/{done.number}/reduction", given)
    assert answer.status_code == 303
    run_pending(office.runtime)
    page = page_of(office, answer.location.rsplit("/", 1)[1])
    assert "réduction de prix, les articles restent facturés" in page
    today = clock.now().date()
    with office.runtime.database.reading() as session:
        before = payments.statement(session, done.customer_number, today, today)
    assert before is not None
    decide(office, page, login="andre")
    note = newest(office, number)
    assert (note.kind, note.status, note.is_reinvoiceable) == ("credit_note", "validated", False)
    assert number not in yasmine.get("/invoices/orders").text, "nothing is to be invoiced again"
    left = re.search(r"Reste à facturer TTC</dt><dd[^>]*>([^<]*)", plain(yasmine.get(f"/orders/{number}").text))
    assert left is not None
    assert left[1] == "0,00 €", "nor does the page of the order say so"
    with office.runtime.database.reading() as session:
        (standing,) = receivables(session, (done,), today)
        account = payments.statement(session, done.customer_number, today, today)
    assert account is not None
    assert (standing.state, standing.open) == ("partial", done.total - note.total)
    assert (note.number, note.total) in [(each.number, each.credit) for each in account.entries]
    assert account.closing == before.closing - note.total
    assert "payée en partie" in page_of(office, str(done.number))
    assert yasmine.get(f"/invoices/{note.number}/reduction").status_code == 303, "a credit note has no credit note"


def mails(office: Office) -> list[str]:
    with office.runtime.database.reading() as session:
        return list(session.execute(text("SELECT subject FROM engine.letter ORDER BY id")).scalars())


def test_a_proforma_takes_no_number(office: Office) -> None:
    number, camille = order(office), office.as_("camille")
    assert f"/orders/{number}/proforma" in camille.get(f"/orders/{number}").text
    paper = camille.get(f"/orders/{number}/proforma")
    assert paper.data.startswith(b"%PDF")
    said = PdfReader(io.BytesIO(paper.data)).pages[0].extract_text()
    assert number in said
    assert "FA-" not in said
    with office.runtime.database.reading() as session:
        assert queries.invoices_of(session, number) == ()
    assert camille.get("/orders/CC-0/proforma").status_code == 404
    assert office.as_("gabriel").get(f"/orders/{number}/proforma").status_code == 403


def test_who_may(office: Office) -> None:
    number = order(office)
    draft = ask(office, number)
    for login in ("sarah", "camille", "marc", "aurelien"):
        assert office.as_(login).get(f"/invoices/{draft.key}").status_code == 200
        assert office.as_(login).get(f"/invoices/{draft.key}/quantities").status_code == 403
        assert office.as_(login).post(f"/invoices/{draft.key}/quantities", {}).status_code == 403
        assert office.as_(login).post(f"/invoices/{draft.key}/credit", {}).status_code == 403
    for login in ("gabriel", "olivia"):
        for address in ("", "/orders", f"/{draft.key}", f"/{draft.key}/pdf"):
            assert office.as_(login).get(f"/invoices{address}").status_code == 403
    for key in ("FA-0", "9" * 30, "%00", "é"):
        assert office.as_("yasmine").get(f"/invoices/{key}").status_code in {404, 400}


def test_a_page_costs_as_many_statements_whatever_the_lines(office: Office) -> None:
    counts = []
    yasmine = office.as_("yasmine")
    for size in (1, 60):
        draft = ask(office, order(office, (replace(LINES[1], quantity=Decimal(1)),) * size))
        yasmine.get(f"/invoices/{draft.key}")
        said: list[str] = []

        def hear(_connection: object, _cursor: object, statement: str, *_rest: object, said: list[str] = said) -> None:
            said.append(statement)

        event.listen(office.runtime.database.engine, "before_cursor_execute", hear)
        yasmine.get(f"/invoices/{draft.key}")
        event.remove(office.runtime.database.engine, "before_cursor_execute", hear)
        counts.append(len(said))
    assert counts[0] == counts[1]


def test_an_order_that_was_given_up_meanwhile_is_told_nothing(office: Office) -> None:
    """Its case is over: the message would lie there until somebody wonders."""
    number = order(office)
    page = page_of(office, ask(office, number).key)
    given_up = "UPDATE business.sales_order SET status = 'closed', closed_at = confirmed_at, closed_because = 'x' WHERE number = :number"
    with office.runtime.database.transaction() as session:
        session.execute(text(given_up), {"number": number})
    decide(office, page)
    assert newest(office, number).number is not None
    with office.runtime.database.reading() as session:
        told = session.execute(text("SELECT name FROM engine.message WHERE correlation_key = :key"), {"key": number})
        assert list(told.scalars()) == []


def test_the_chain_is_verified_on_a_page(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    number, auditor = order(office), office.as_("aurelien")
    ask(office, number, "products")
    decide(office, page_of(office, newest(office, number).key))
    first = newest(office, number).number
    ask(office, number, "services")
    decide(office, page_of(office, newest(office, number).key), performed_on="2026-11-03")
    last = newest(office, number).number
    assert last is not None
    _, xml = get_facturx_xml_from_pdf(auditor.get(f"/invoices/{last}/pdf").data, check_xsd=False)
    assert b"20261103" in xml, "the day of the services"
    assert 'href="/invoices/verification"' in office.as_("yasmine").get("/invoices").text
    assert 'href="/invoices/verification"' not in office.as_("camille").get("/invoices").text
    assert 'href="/invoices/verification"' in auditor.get("/audit").text
    assert "Vérifier maintenant" in auditor.get("/invoices/verification").text
    page = plain(auditor.post("/invoices/verification").text)
    assert "Rien ne manque et rien n’a changé." in page
    assert first is not None
    assert last in page
    monkeypatch.setattr("web.invoices.verification.PIECES", 1)
    monkeypatch.setattr("handlers.invoices.verifying.AT_ONCE", 1)
    page = auditor.post("/invoices/verification").text
    assert "<progress" in page
    assert 'hx-trigger="load, submit"' in page
    found = re.search(r'name="so_far" value="([^"]+)"', page)
    assert found
    for forged in ("x", found[1][:-4] + "AAAA"):
        assert "1 sur" in plain(auditor.post("/invoices/verification", {"so_far": forged}).text), "it begins anew"
    assert "1 sur" in plain(office.as_("yasmine").post("/invoices/verification", {"so_far": found[1]}).text)
    while found is not None:
        page = auditor.post("/invoices/verification", {"so_far": found[1]}).text
        found = re.search(r'name="so_far" value="([^"]+)"', page)
    assert "Rien ne manque et rien n’a changé." in page


def test_invoices_from_before_the_history_noted_hashes_are_told_of_in_words(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says how many, up to which, and what is not proven of them; which they are, ``test_verifying`` shows."""
    found = Verified(count=3, of=3, last="FA-2026-00003", unnoted=2, unnoted_last="FA-2026-00002", is_done=True)
    monkeypatch.setattr("handlers.invoices.verifying.verify_more", lambda *_: found)
    page = plain(office.as_("aurelien").post("/invoices/verification").text)
    assert "Parmi elles, 2 (jusqu’à FA-2026-00002) ont été validées par une version" in page
    assert "Rien ne manque et rien n’a changé." in page


def test_what_was_forged_is_shown_with_what_it_was(office: Office) -> None:
    auditor, database = office.as_("aurelien"), office.runtime.database
    sold = order(office)
    decide(office, page_of(office, ask(office, sold).key))
    invoice = newest(office, sold)
    kept = f"SELECT number, total, sequence FROM business.invoice WHERE id = {invoice.id}"
    forge = f"UPDATE business.invoice SET net = net + {{0}}, total = total + {{0}} WHERE id = {invoice.id}"
    with database.transaction() as session:
        number, total, place = session.execute(text(kept)).one()
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(forge.format(1000)))
    try:
        auditor.get("/invoices/verification")
        page = plain(auditor.post("/invoices/verification").text)
    finally:
        with database.transaction() as session:
            session.execute(text("SET LOCAL session_replication_role = replica"))
            session.execute(text(forge.format(-1000)))
    assert "La chaîne est rompue." in page
    forged = f"{number} (place {place}) : le contenu n’est plus celui qui a été scellé."
    assert f'<a href="/invoices/{number}">{forged}</a>' in page
    was, now = (plain(formats.money(each, "fr")) for each in (total, total + 1000))
    assert f"Montant TTC : {was} dans l’historique, {now} maintenant" in page


def test_a_payment_that_is_taken_back_begins_the_reminders_again(office: Office) -> None:
    number, yasmine = order(office), office.as_("yasmine")
    ask(office, number)
    decide(office, page_of(office, newest(office, number).key))
    invoice = newest(office, number)
    assert invoice.number is not None
    with office.runtime.database.reading() as session:  # the oldest is paid first, and all of them this time
        owed = sum(each.open for each in open_items(session, invoice.customer_number))
    pay(yasmine, invoice, f"{owed}")
    run_pending(office.runtime)
    with office.runtime.database.reading() as session:
        paid = session.execute(text("SELECT number FROM business.payment ORDER BY id DESC LIMIT 1")).scalar_one()
        before = session.execute(text(CASES), {"key": invoice.number}).all()
    assert [each.status for each in before] == ["completed"]
    yasmine.get(f"/payments/{paid}")
    today = {"because": "Chèque sans provision", "on": clock.now().astimezone(office.runtime.zone).date().isoformat()}
    assert yasmine.post(f"/payments/{paid}/reverse", today).status_code == 303
    run_pending(office.runtime)
    with office.runtime.database.reading() as session:
        after = session.execute(text(CASES), {"key": invoice.number}).all()
        awaited = session.execute(
            text("SELECT name FROM engine.subscription WHERE instance_id = :id ORDER BY name"), {"id": after[-1].id}
        ).scalars()
        assert list(awaited) == ["invoice_paid", "invoice_reopened"]
    assert [each.status for each in after] == ["completed", "active"]
    closed = "UPDATE business.sales_order SET status = 'closed', closed_at = confirmed_at, closing_rule = 'paid' WHERE number = :number"
    assert "elle n’est plus payée" not in office.as_("camille").get(f"/orders/{number}").text
    with office.runtime.database.transaction() as session:  # as its own case had done when it was paid
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(closed), {"number": number})
    said = office.as_("camille").get(f"/orders/{number}").text.split("elle n’est plus payée")[1].split("</div>")[0]
    assert f'href="/invoices/{invoice.number}"' in said
    page = page_of(office, invoice.number)
    assert f'href="/cases/{after[-1].id}' in page, "the case that goes on, not the one that is over"
    pay(yasmine, invoice, f"{owed}")
    run_pending(office.runtime)
    with office.runtime.database.reading() as session:
        done = session.execute(text(CASES), {"key": invoice.number}).all()
    assert [each.status for each in done] == ["completed", "completed"]
    assert "elle n’est plus payée" not in office.as_("camille").get(f"/orders/{number}").text


CASES = "SELECT id, status FROM engine.instance WHERE business_key = :key ORDER BY id"
