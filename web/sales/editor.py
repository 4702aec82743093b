"""Writing a document of sales: its head, its lines, its figures and its stock as they stand; nothing is kept before it is saved."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from flask import request, url_for
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.identity import people
from engine.records import queries as recorded
from handlers.catalogue.vat import NAMES
from handlers.company.queries import invoices_vat
from handlers.customers import queries as customers
from handlers.customers.fiscal import POSITIONS
from handlers.customers.queries import CustomerView
from handlers.customers.types import AddressData
from handlers.prices.queries import prices_for
from handlers.sales import rules
from handlers.sales.taxes import EXEMPT, Taxation, charged_at
from handlers.sales.types import PRODUCT_TYPES, TERMS, Line, Totals
from handlers.stock import queries as stock
from handlers.stock.ledger import availability
from handlers.stock.rules import available, is_short
from web import acting, auth, ui
from web.acting import Outcome
from web.sales import forms, pasting
from web.sales.forms import Form, LineForm, Meant
from web.ui import t

FOUND = 12
"""Customers, or articles, that a search offers."""

_REPLENISHMENT = "replenishment"
_MAY_ASK = "sales_admin"
"""Who asks for what is short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """A line that wants more than there is. ``url``: where a replenishment request begins, filled; empty where none can be made."""

    place: int
    text: str
    said: str
    url: str


def changed(session: Session, form: Form) -> Form:
    """The form after the button of this request: a line came, went or moved; anything else leaves it as it is."""
    act, _, rest = request.form.get("act", "").partition(":")
    place = int(rest) if rest.isdecimal() and len(rest) < 6 else -1
    match act:
        case "free":
            return forms.with_lines(form, LineForm())
        case "heading" | "note":
            return forms.with_lines(form, LineForm(kind=act))
        case "remove" if place >= 0:
            return forms.without(form, place)
        case "up":
            return forms.raised(form, place)
        case "article":
            return forms.with_lines(form, *_articles(session, form.customer, [rest]))
        case "paste":
            return _pasted(session, form)
        case "chosen":
            return forms.with_lines(form, *_articles(session, form.customer, request.form.getlist("pick")[:FOUND]))
        case _:
            return form


def context(
    session: Session,
    form: Form,
    meant: Meant,
    outcome: Outcome | None,
    warehouse: str | None,
    *,
    promised: Sequence[Decimal] = (),
) -> dict[str, Any]:
    """What ``sales/edit.html`` needs of any document. ``warehouse``: whose stock counts; None: all of it. ``promised``: what of the first
    lines is ordered already, and so wants nothing more of the stock.
    """
    customer = find_customer(session, form.customer)
    taxation = Taxation(
        day=ui.today(),
        is_untaxed=not invoices_vat(session),
        position=meant.head["fiscal_position"],
        is_business=customer.data.is_company,
    )
    proposal = customer.proposal(meant.head["shipping_id"], meant.head["billing_id"])
    search = request.form.get("search", "")[:100]
    found = stock.articles_page(session, search=search, limit=FOUND).articles if search.strip() else ()
    return {
        "form": form,
        "customer": customer,
        "addresses": [("", "–"), *((str(each.id), _place(each.data)) for each in customer.addresses)],
        "contacts": [each.data for each in customer.contacts],
        "terms": [(each, t(f"quote.terms.{each}")) for each in TERMS],
        "rates": [
            (each, t("web.percent", number=ui.shown(rate * 100)))
            for each, rate in taxation.rates().items()
            if each in NAMES
        ],
        "positions": [(each, t(f"fiscal.position.{each}")) for each in POSITIONS],
        "proposal": proposal,
        "effect": _effect(taxation),
        "is_other_position": meant.head["fiscal_position"] != proposal.position,
        "types": [(each, t(f"web.catalogue.kind.{each}")) for each in PRODUCT_TYPES],
        "totals": _totals(meant, taxation),
        "charged": _charged(meant, taxation),
        "short": short(session, _beyond(meant.lines, promised), warehouse),
        "amount": _amount,
        "outcome": outcome or Outcome(problems=meant.problems),
        "seen": acting.seen_revision(request.form.get("seen")),
        "search": search,
        "articles": found,
        "list_prices": prices_for(session, customer.number, [each.reference for each in found]) if found else {},
        "shown_value": ui.shown,
    }


def typed_over() -> int | None:
    """The revision up to which the person was told what others wrote, which gives way to what stands in the form; None: not asked."""
    return acting.seen_revision(request.form.get("over"))


def meanwhile(
    session: Session, kind: str, number: str, outcome: Outcome, *, labels: str, say: acting.Say
) -> dict[str, Any]:
    """What others wrote into a draft since the form of this request was opened, and its revision now, for ``sales/edit.html``; nothing
    where it was refused for another reason. ``labels`` and ``say``: as for the history of such a document.
    """
    seen = typed_over() or acting.seen_revision(request.form.get("seen"))
    now = recorded.revision(session, kind, number)
    if not outcome.message or not seen or seen >= now:
        return {}
    lines = acting.history(session, kind, number, people.names(session), labels=labels, say=say)
    return {"meanwhile": lines[: now - seen], "revision": now}


def for_customer(customer: CustomerView, form: Form, document: str) -> Form:
    """The form filled from the customer: language, the contact who receives ``document`` (else the first), where invoices and goods go, and
    the fiscal position: the customer's own, else what those places and the VAT number propose.
    """
    billing = next((str(each.id) for each in customer.addresses if each.data.is_billing), "")
    shipping = next((str(each.id) for each in customer.addresses if each.data.is_shipping), "")
    people = sorted((each.data for each in customer.contacts), key=lambda each: document not in each.receives)
    first = next(iter(people), None)
    return replace(
        form,
        customer=customer.number,
        locale=customer.data.locale,
        email=(first.email if first else "") or customer.data.email,
        contact=first.name if first else "",
        billing_id=billing,
        shipping_id=shipping,
        fiscal_position=customer.data.fiscal_position or customer.proposal().position,
    )


def find_customer(session: Session, number: str) -> CustomerView:
    """The customer of this number. Raises NotFound (``customer_unknown``)."""
    found = customers.find_customer(session, number[:40]) if number.isprintable() else None
    if found is None:
        raise NotFound("customer_unknown", number=number[:40])
    return found


def choosing(session: Session) -> dict[str, Any]:
    """What ``sales/for_whom.html`` needs: customers found by the first letters."""
    q = request.args.get("q", "").strip()[:100]
    return {"q": q, "customers": customers.customers_page(session, search=q, limit=FOUND).customers}


def short(session: Session, lines: Sequence[Line], warehouse: str | None) -> tuple[Short, ...]:
    """The lines that want more than is available, those before them served first. At most two statements, however many lines."""
    references = {each.article for each in lines if each.article and each.article.isprintable()}
    if not references or not (warehouse or "").isprintable():
        return ()
    levels = availability(session, references, warehouse)
    missing = rules.missing(lines, {each: available(level) for each, level in levels.items()})
    lacking = {line.article for line, lacks in zip(lines, missing, strict=True) if lacks}
    urls = _requests(session, lacking, warehouse or "") if lacking and auth.has_role(_MAY_ASK) else {}

    def found() -> Iterator[Short]:
        for place, (line, lacks) in enumerate(zip(lines, missing, strict=True)):
            if lacks:
                said = t(
                    "web.sales.short.said",
                    missing=ui.shown(lacks),
                    available=ui.shown(max(available(levels[line.article]), Decimal(0))),
                    unit=ui.beside(lacks, line.unit),
                )
                address = urls.get(line.article, "")
                url = f"{address}&quantity={math.ceil(lacks)}" if address else ""
                yield Short(place=place, text=line.text, said=said, url=url)

    return tuple(found())


def _requests(session: Session, references: AbstractSet[str], warehouse: str) -> dict[str, str]:
    """Where a replenishment request of each article begins that one can be made for: those that are short, all warehouses together."""
    return {
        reference: url_for(
            "inbox.start_process", process_key=_REPLENISHMENT, article=reference, warehouse=warehouse or None
        )
        for reference, level in availability(session, references).items()
        if is_short(level)
    }


def _articles(session: Session, customer: str, references: Sequence[str]) -> list[LineForm]:
    """Lines that sell one of each, for what this customer pays."""
    wanted = [each[:40] for each in references if each.isprintable()]
    found = [each for each in stock.find_articles(session, wanted) if each.data.is_active]
    prices = prices_for(session, customer, [each.reference for each in found]) if customer.isprintable() else {}
    return [
        forms.of_article(each.reference, each.data, prices.get(each.reference, each.data.sale_price)) for each in found
    ]


def _pasted(session: Session, form: Form) -> Form:
    """The form with a line for each one that was pasted and names an article on sale; the others stay where they were pasted."""
    rows = pasting.rows(form.pasted)
    known = {
        each.article: each for each in _articles(session, form.customer, [*{each.reference for each in rows} - {""}])
    }
    taken = [
        replace(
            known[each.reference],
            quantity=each.quantity,
            unit_price=each.unit_price or known[each.reference].unit_price,
        )
        for each in rows
        if each.reference in known
    ]
    left = "\n".join(each.text for each in rows if each.reference not in known)
    return replace(forms.with_lines(form, *taken), pasted=left)


def _totals(meant: Meant, taxation: Taxation) -> Totals | None:
    """The figures as they stand; None while something is wrong with a line."""
    lines = tuple(rules.tidied(each) for each in meant.lines)
    wrong = [each for each in rules.problems(lines, meant.extras, taxation) if not each.field.endswith(".text")]
    return None if wrong or meant.problems.keys() - {"pasted"} else rules.figures(lines, meant.extras, taxation)


def _charged(meant: Meant, taxation: Taxation) -> str:
    """What shipping and adjustment bear, as the lines are now; nothing while there are none."""
    extras = meant.extras
    if not (extras.shipping or extras.adjustment):
        return ""
    name = charged_at({taxation.name_of(each) for each in meant.lines if each.kind == "item"})
    if name in EXEMPT:
        return t("web.sales.charged.exempt", why=t(f"document.exempt.{name}"))
    rate = taxation.rates()[name]
    return t("web.sales.charged.rate", percent=ui.shown(rate * 100)) if rate else ""


def _beyond(lines: Sequence[Line], promised: Sequence[Decimal]) -> Sequence[Line]:
    """The lines with what they want beyond what is ordered already."""
    more = [
        replace(line, quantity=max(line.quantity - was, Decimal(0))) if line.quantity.is_finite() else line
        for line, was in zip(lines, promised, strict=False)
    ]
    return (*more, *lines[len(more) :])


def _effect(taxation: Taxation) -> str:
    """What the fiscal position does to the lines; nothing of one that there is not."""
    if taxation.position not in POSITIONS:
        return ""
    return t(f"fiscal.effect.{'franchise' if taxation.is_untaxed else taxation.position}")


def _place(data: AddressData) -> str:
    return ", ".join(
        filter(None, (data.label, data.street.replace("\n", ", "), f"{data.postal_code} {data.city}".strip()))
    )


def _amount(value: Decimal | None) -> str:
    return ui.shown(value, "money") if value is not None else ""
