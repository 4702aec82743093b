"""Customers: the list with its search by first letters, one customer with addresses, contacts and history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.identity import people
from engine.records import queries as recorded
from handlers.customers import queries
from handlers.customers.commands import (
    EDITORS,
    KIND,
    READERS,
    AddCustomer,
    ChangeCustomer,
    DeleteCustomer,
    RemoveAddress,
    RemoveContact,
    SaveAddress,
    SaveContact,
    add_customer,
    change_customer,
    delete_customer,
    remove_address,
    remove_contact,
    save_address,
    save_contact,
)
from handlers.customers.custom_fields import EDITORS as SETTERS
from handlers.customers.custom_fields import FIELD, CustomFieldView, SetValues, set_values, values_of
from handlers.customers.custom_fields import custom_fields as all_fields
from handlers.customers.fiscal import POSITIONS
from handlers.customers.types import DOCUMENTS, PAYMENTS, AddressData, ContactData, CustomerData
from handlers.invoices import commands as invoices
from handlers.orders import commands as orders
from handlers.payments import commands as payments
from handlers.payments.customer_documents import counts_of
from handlers.prices import queries as prices
from handlers.prices.commands import EDITORS as PRICERS
from handlers.sales import commands as sales
from web import acting, auth, ui
from web.acting import Outcome
from web.countries import countries
from web.customers import custom_fields, forms
from web.numbers import NumberUnreadable
from web.ui import t

blueprint = Blueprint("customers", __name__)

PAGE = 50
_LOOKED_THROUGH: Final = 50
"""Changes of a record; whoever looked at it before as many is told without looking."""

_FILTERS = {"customers": False, "prospects": True}
_FOLLOWING = {"quote": "quote_forms.new", "order": "order_forms.new"}
"""What a customer is added for, and where that goes on."""

_IN_ORDER = ("label", "name", "department", "street", "postal_code", "city", "country", "email", "phone")
"""How an address or a contact is told in one line."""


@blueprint.get("/customers")
@auth.requires(*READERS)
def listing() -> Answer:
    """Customers by name; what is typed begins their words."""
    q, shown = request.args.get("q", "").strip()[:100], request.args.get("shown", "")
    name, number = request.args.get("name"), request.args.get("number")
    after = (name, number) if name is not None and number else None
    with auth.runtime().database.reading() as session:
        page = queries.customers_page(session, search=q, is_prospect=_FILTERS.get(shown), after=after, limit=PAGE)
    kept: dict[str, Any] = {key: value for key, value in (("q", q), ("shown", shown)) if value}
    following = page.next and url_for("customers.listing", name=page.next[0], number=page.next[1], **kept)
    return ui.page(
        "customers/customers.html",
        q=q,
        shown=shown,
        filters=[("", t("web.customers.all")), *((each, t(f"web.customers.{each}")) for each in _FILTERS)],
        customers=page.customers,
        may_edit=auth.has_role(*EDITORS),
        may_set=auth.has_role(*SETTERS),
        pager=ui.Pager(previous=url_for("customers.listing", **kept) if after else None, next=following),
    )


@blueprint.get("/customers/new")
@auth.requires(*EDITORS)
def new() -> Answer:
    """The form of a new customer; ``copy``: the number of the one to begin from, without what is that one's alone."""
    copied = request.args.get("copy")
    if copied is None:
        return _new_page(
            CustomerData(name="", is_prospect=request.args.get("shown") == "prospects"), AddressData(city="")
        )
    with auth.runtime().database.reading() as session:
        found = queries.find_customer(session, copied)
    if found is None:
        raise NotFound("customer_unknown", number=copied)
    first = found.addresses[0].data if found.addresses else AddressData(city="")
    begun = replace(
        found.data,
        name=t("web.customers.copy_of", name=found.data.name),
        siren="",
        siret="",
        vat_number="",
        account_code="",
    )
    return _new_page(begun, first)


@blueprint.post("/customers/new")
@auth.requires(*EDITORS)
def add() -> Answer:
    """Add a customer."""
    wanted, address = forms.customer(request.form), forms.address(request.form)
    first = replace(address, is_billing=True, is_shipping=True) if forms.has_address(request.form) else None
    outcome = acting.act(add_customer, AddCustomer(customer=wanted, address=first, today=ui.today()))
    if not outcome.is_done:
        return _new_page(wanted, address, outcome)
    flash(t("web.customers.added", number=outcome.answer), "success")
    following = _FOLLOWING.get(request.form.get("then", ""))
    if following is not None:
        return redirect(url_for(following, customer=outcome.answer), 303)
    return redirect(url_for("customers.customer", number=outcome.answer), 303)


@blueprint.get("/customers/<number>")
@auth.requires(*READERS)
def customer(number: str) -> Answer:
    """One customer."""
    return _page(number)


@blueprint.post("/customers/<number>")
@auth.requires(*EDITORS)
def change(number: str) -> Answer:
    """Change a customer. What was typed stays when it is refused."""
    wanted = forms.customer(request.form)
    seen = acting.seen_revision(request.form.get("seen"))
    outcome = acting.act(change_customer, ChangeCustomer(number=number, customer=wanted), seen=seen)
    return _done(number) if outcome.is_done else _page(number, outcome, typed=wanted)


@blueprint.post("/customers/<number>/address", defaults={"line": None})
@blueprint.post("/customers/<number>/address/<int:line>")
@auth.requires(*EDITORS)
def address(number: str, line: int | None) -> Answer:
    """Save an address, a new one without ``line``."""
    wanted = forms.address(request.form)
    # invoices, or goods, go to one address: who moves them writes over what others say of any
    at_stake = "address" if wanted.is_billing or wanted.is_shipping else f"address {line}"
    given = SaveAddress(number=number, address_id=line, address=wanted)
    outcome = acting.act(save_address, given, seen=_held_against(number, at_stake))
    return _done(number, "addresses") if outcome.is_done else _page(number, outcome, address=(line, wanted))


@blueprint.post("/customers/<number>/address/<int:line>/remove")
@auth.requires(*EDITORS)
def drop_address(number: str, line: int) -> Answer:
    """Remove an address."""
    given = RemoveAddress(number=number, address_id=line)
    outcome = acting.act(remove_address, given, seen=_held_against(number, f"address {line}"))
    return _done(number, "addresses") if outcome.is_done else _page(number, outcome)


@blueprint.post("/customers/<number>/contact", defaults={"line": None})
@blueprint.post("/customers/<number>/contact/<int:line>")
@auth.requires(*EDITORS)
def contact(number: str, line: int | None) -> Answer:
    """Save a contact, a new one without ``line``."""
    wanted = forms.contact(request.form)
    given = SaveContact(number=number, contact_id=line, contact=wanted)
    outcome = acting.act(save_contact, given, seen=_held_against(number, f"contact {line}"))
    if outcome.is_done:
        return _done(number, "contacts")
    return _page(number, replace(outcome, problems=_of_contact(outcome.problems)), contact=(line, wanted))


@blueprint.post("/customers/<number>/contact/<int:line>/remove")
@auth.requires(*EDITORS)
def drop_contact(number: str, line: int) -> Answer:
    """Remove a contact."""
    given = RemoveContact(number=number, contact_id=line)
    outcome = acting.act(remove_contact, given, seen=_held_against(number, f"contact {line}"))
    return _done(number, "contacts") if outcome.is_done else _page(number, outcome)


@blueprint.post("/customers/<number>/fields")
@auth.requires(*EDITORS)
def describe(number: str) -> Answer:
    """Fill in the fields that the company added."""
    with auth.runtime().database.reading() as session:
        fields = all_fields(session)
    try:
        values = custom_fields.typed_values(request.form, fields)
    except NumberUnreadable as unreadable:
        outcome = Outcome(problems={unreadable.field: unreadable.said})
    else:
        given = SetValues(number=number, values=values)
        outcome = acting.act(set_values, given, seen=_held_against(number, FIELD))
    if outcome.is_done:
        return _done(number, "fields")
    typed = {each.key: request.form.get(f"{FIELD}_{each.key}", "") for each in fields if each.data.is_active}
    return _page(number, outcome, described=typed)


@blueprint.post("/customers/<number>/delete")
@auth.requires(*EDITORS)
def delete(number: str) -> Answer:
    """Delete a customer who was entered by mistake."""
    outcome = acting.act(delete_customer, DeleteCustomer(number=number))
    if not outcome.is_done:
        return _page(number, outcome)
    flash(t("web.customers.deleted", number=number), "success")
    return redirect(url_for("customers.listing"), 303)


def _done(number: str, part: str | None = None) -> Answer:
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("customers.customer", number=number, _anchor=part), 303)


def _held_against(number: str, at_stake: str) -> int | None:
    """The revision that a part of the record is saved against: the one that the person saw. Where nobody touched ``at_stake`` since, it is
    the one that was looked through for it, so that two people can change two addresses of one customer. ``at_stake``: what the history
    calls the part, such as ``address 7``; ``address``: all of them.
    """
    seen = acting.seen_revision(request.form.get("seen"))
    if seen is None:
        return None
    with auth.runtime().database.reading() as session:
        now = recorded.revision(session, KIND, number)
        if not 0 < now - seen <= _LOOKED_THROUGH:
            return seen
        since = recorded.history(session, KIND, number, before=now + 1, limit=now - seen)
    touched = {name for entry in since for name in entry.fields}
    is_touched = any(at_stake in (name, name.partition(" ")[0]) for name in touched)
    return seen if is_touched else now


def _meanwhile(
    outcome: Outcome | None, now: int, history: Sequence[acting.HistoryLine]
) -> Sequence[acting.HistoryLine]:
    """What others wrote since the page of this request was opened; nothing where nothing was refused for it."""
    seen = acting.seen_revision(request.form.get("seen"))
    if outcome is None or not outcome.message or seen is None or seen >= now:
        return ()
    return history[: now - seen]


def _of_contact(problems: Mapping[str, str]) -> dict[str, str]:
    """The fields of a contact are named apart from the customer's on the page."""
    own = ("department", "receives")
    return {name if name in own else f"contact_{name}": said for name, said in problems.items()}


def _new_page(wanted: CustomerData, address: AddressData, outcome: Outcome | None = None) -> Answer:
    then = request.values.get("then", "")[:20]
    page = ui.page(
        "customers/customer_new.html",
        form=wanted,
        proposal=None,
        address=address,
        outcome=outcome or Outcome(),
        then=then,
        back=url_for(_FOLLOWING.get(then, "customers.listing")),
        **_choices(),
    )
    return make_response(page, 200 if outcome is None else 422)


def _missing(session: Session, number: str) -> NotFound:
    """There is no such customer; of one that was deleted its number and history stay: who deleted it, and when."""
    if not recorded.is_deleted(session, KIND, number):
        return NotFound("customer_unknown", number=number)
    (last,) = recorded.history(session, KIND, number, limit=1)
    who = ui.person(people.names(session), last.actor)
    return NotFound("customer_deleted", number=number, who=who, moment=ui.moment(last.at))


def _page(
    number: str,
    outcome: Outcome | None = None,
    *,
    typed: CustomerData | None = None,
    address: tuple[int | None, AddressData] | None = None,
    contact: tuple[int | None, ContactData] | None = None,
    described: Mapping[str, str] | None = None,
) -> Answer:
    """The page of a customer; what was refused stands where it was typed."""
    with auth.runtime().database.reading() as session:
        found = queries.find_customer(session, number)
        if found is None:
            raise _missing(session, number)
        fields, values = all_fields(session), values_of(session, number)
        revision = recorded.revision(session, KIND, number)
        history = acting.history(
            session,
            KIND,
            number,
            people.names(session),
            labels="web.customers.field.",
            say=_saying(fields),
            called={f"{FIELD} {each.key}": custom_fields.called(each) for each in fields},
        )
        page = ui.page(
            "customers/customer.html",
            own_fields=[
                (each, custom_fields.called(each), values.get(each.key, "")) for each in fields if each.data.is_active
            ],
            own_told=[
                (custom_fields.called(each), custom_fields.say(each.data.kind, values[each.key]))
                for each in fields
                if each.key in values and not (each.data.is_active and auth.has_role(*EDITORS))
            ],
            price_lists=prices.price_lists(session),
            price_list=getattr(prices.list_of(session, number), "code", ""),
            may_price=auth.has_role(*PRICERS),
            described=described,
            typed_number=custom_fields.typed_number,
            customer=found,
            form=typed or found.data,
            proposal=found.proposal(),
            address_typed=address and (_still(address[0], found.addresses), address[1]),
            contact_typed=contact and (_still(contact[0], found.contacts), contact[1]),
            no_address=AddressData(city=""),
            no_contact=ContactData(name=""),
            no_outcome=Outcome(),
            outcome=outcome or Outcome(),
            may_edit=auth.has_role(*EDITORS),
            may_quote=auth.has_role(*sales.EDITORS),
            listed=_listed(session, number),
            seen=revision,
            meanwhile=_meanwhile(outcome, revision, history),
            history=history,
            **_choices(),
        )
    return make_response(page, 200 if outcome is None else 422)


def _still(line: int | None, lines: Sequence[queries.Address] | Sequence[queries.Contact]) -> int | None:
    """The line that was typed; None where it is gone, so that what was typed stands where one is added."""
    return line if any(each.id == line for each in lines) else None


def _listed(session: Session, number: str) -> list[tuple[str, str, int]]:
    """Title, address and length of each list of the customer's documents that the person may see."""
    counts = counts_of(session, number)
    lists = (
        ("quotes", sales.READERS, counts.quotes),
        ("orders", orders.READERS, counts.orders),
        ("invoices", invoices.READERS, counts.invoices),
        ("payments", payments.READERS, counts.payments),
    )
    return [
        (t(f"web.{name}.title"), url_for(f"{name}.listing", customer=number), count)
        for name, readers, count in lists
        if auth.has_role(*readers)
    ]


def _choices() -> dict[str, Any]:
    return {
        "payments": [
            ("", t("web.customers.payment.none")),
            *((each, t(f"web.customers.payment.{each}")) for each in PAYMENTS),
        ],
        "positions": [
            ("", t("fiscal.position.by_address")),
            *((each, t(f"fiscal.position.{each}")) for each in POSITIONS),
        ],
        "countries": countries(),
        "documents": [(each, t(f"web.customers.receives.{each}")) for each in DOCUMENTS],
    }


def _saying(fields: Sequence[CustomFieldView]) -> acting.Say:
    kinds = {f"{FIELD} {each.key}": each.data.kind for each in fields}

    def say(name: str, value: Any) -> str | None:
        if name in kinds and isinstance(value, str):
            return custom_fields.say(kinds[name], value)
        return _say(name, value)

    return say


def _say(name: str, value: Any) -> str | None:
    """Values of a customer's history that need words of their own."""
    if name == "preferred_payment":
        return t(f"web.customers.payment.{value}") if value in PAYMENTS else ui.shown(None)
    if name == "fiscal_position":
        return t(f"fiscal.position.{value or 'by_address'}")
    if name == "price_list":
        return value or t("web.prices.usual_prices")
    if name == "tags":
        return ", ".join(value or ()) or ui.shown(None)
    if isinstance(value, Mapping):
        texts = (str(value[key]).replace("\n", ", ") for key in _IN_ORDER if value.get(key))
        uses = (t(f"web.customers.field.{key}") for key, each in value.items() if each is True)
        received = (t(f"web.customers.receives.{each}") for each in value.get("receives") or ())
        return ", ".join((*texts, *uses, *received))
    return None
