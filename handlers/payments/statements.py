"""The statement of a customer's account: on paper, and sent by mail."""

from __future__ import annotations

from datetime import date
from typing import Final, cast

from engine.addresses import is_address
from engine.data import data
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.letter import Attachment, Letter, ToAddress, write
from engine.record import Change, RecordContext, RecordTable, record_command
from engine.texts import format as forms
from engine.texts import say
from handlers.base.letters import worded
from handlers.customers import queries as customers
from handlers.customers.commands import KIND as CUSTOMER
from handlers.customers.queries import CustomerView
from handlers.documents.model import Buyer, Document, DocumentKind, Language, PostalAddress, Statement, StatementRow
from handlers.documents.ours import Ours
from handlers.payments.queries import Entry, StatementView

SENDERS: Final = ("accounting", "sales_admin")
"""Who may send statements."""


@data
class SendStatement:
    """A statement by mail. ``paper``: its PDF, drawn before; ``closing``: what it says is owed; ``key``: of the form, so that sending it
    twice writes one letter.
    """

    customer: str
    email: str
    since: date
    until: date
    closing: str
    paper: bytes
    key: str


@record_command(
    "payments.send_statement",
    event="statement:sent",
    kind=CUSTOMER,
    key="customer",
    may=SENDERS,
    personal=("email",),
    fr="Envoyer un relevé de compte",
    en="Send a statement of account",
)
def send_statement(given: SendStatement, context: RecordContext) -> Change:
    """Raises InvalidInput; NotFound (``customer_unknown``)."""
    found = customers.find_customer(context.session, given.customer)
    if found is None:
        raise NotFound("customer_unknown", number=given.customer[:40])
    email = given.email.strip()
    if not is_address(email):
        raise InvalidInput((FieldProblem(field="email", code="email_invalid"),))
    locale = found.data.locale
    facts = {
        "customer": found.data.name,
        "until": forms.day(given.until, locale),
        "since": forms.day(given.since, locale),
        "closing": given.closing,
    }
    subject, body = worded(context.session, "mail.statement", locale, facts)
    letter = Letter(
        key=f"statement/{given.key}",
        kind="process",
        to=ToAddress(address=email),
        locale=locale,
        subject=subject,
        body=body,
        attachment=Attachment(name=file_name(found, given.until), content=given.paper),
        business_key=found.number,
    )
    written = write(context.session, letter, context.now, context.actor.login)
    told = {"email": email, "since": given.since, "until": given.until} if written else {}
    return Change(before={}, after={}, facts=told)


COMMANDS = RecordTable.of(send_statement)


def document_of(view: StatementView, customer: CustomerView, ours: Ours) -> Document:
    """The statement as it is printed, in the customer's language."""
    language = cast("Language", customer.data.locale)
    return Document(
        kind=DocumentKind.STATEMENT,
        language=language,
        number="",
        is_draft=False,
        issued_on=view.until,
        seller=ours.seller(),
        buyer=_buyer(customer),
        lines=(),
        terms=ours.terms("", language),
        statement=Statement(
            since=view.since,
            until=view.until,
            opening=view.opening,
            rows=tuple(_row(each, view.until, language) for each in view.entries),
            closing=view.closing,
            overdue=view.overdue,
        ),
    )


def file_name(customer: CustomerView, until: date) -> str:
    """What the PDF is called where it is saved: ``Relevé de compte CL-2026-00001 2026-11-23.pdf``."""
    return f"{say('document.kind.statement', customer.data.locale)} {customer.number} {until.isoformat()}.pdf"


def label_of(entry: Entry, locale: str) -> str:
    """What an entry is called: *Facture*, *Règlement (virement)*."""
    if not entry.method:
        return say(f"document.kind.{entry.kind}", locale)
    kind, method = say(f"payment.kind.{entry.kind}", locale), say(f"web.customers.payment.{entry.method}", locale)
    return say("payment.by", locale, kind=kind, method=method.lower())


def _row(entry: Entry, until: date, language: Language) -> StatementRow:
    is_open = entry.open > 0
    return StatementRow(
        day=entry.day,
        label=label_of(entry, language),
        number=entry.number,
        due_on=entry.due_on if is_open else None,
        is_overdue=is_open and entry.due_on is not None and entry.due_on < until,
        debit=entry.debit,
        credit=entry.credit,
    )


def _buyer(customer: CustomerView) -> Buyer:
    billing = next((each.data for each in customer.addresses if each.data.is_billing), None)
    known = customer.data
    return Buyer(
        number=customer.number,
        name=known.name,
        is_company=known.is_company,
        address=None
        if billing is None
        else PostalAddress(
            name=billing.label,
            street=billing.street,
            postal_code=billing.postal_code,
            city=billing.city,
            country=billing.country,
        ),
        siren=known.siren,
        siret=known.siret,
        vat_number=known.vat_number,
        email=known.email,
    )
