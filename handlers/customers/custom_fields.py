"""Fields that a company adds to its customers: administrators and sales managers say which, whoever edits customers fills them in.

A field is a record of its own, keyed by its key. What it says of a customer is told in that customer's history.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import FieldProblem, InvalidInput, NotFound, WrongState
from engine.record import Change, RecordContext, RecordTable, record_command
from handlers.base.rows import fields_of, put
from handlers.customers import custom_rules as rules
from handlers.customers.commands import EDITORS as CUSTOMER_EDITORS
from handlers.customers.commands import KIND as CUSTOMER
from handlers.customers.tables import Customer, CustomField, CustomFieldValue
from handlers.customers.types import CustomFieldData, CustomValue

KIND: Final = "customer_field"
EDITORS: Final = ("admin", "sales_manager")
"""Who may say which fields there are."""

FIELD: Final = "field"
"""A value is called ``field_KEY`` where its problems are told, ``field KEY`` in the history of a customer."""


@data
class CustomFieldView:
    """A field with the name under which its values are kept."""

    key: str
    data: CustomFieldData


@data
class AddField:
    """A new field."""

    field: CustomFieldData


@data
class ChangeField:
    """A field as it is to be; its kind stays what it was."""

    key: str
    field: CustomFieldData


@data
class SetValues:
    """What these fields say of a customer from now on; the others keep what they say."""

    number: str
    values: tuple[CustomValue, ...]


@record_command(
    "customers.add_field",
    event="customer_field:added",
    kind=KIND,
    key=None,
    may=EDITORS,
    fr="Ajouter un champ aux clients",
    en="Add a field to customers",
)
def add_field(given: AddField, context: RecordContext) -> Change:
    """The answer is its key. Raises InvalidInput, WrongState (``custom_fields_too_many``)."""
    wanted = _sound(given.field)
    session = context.session
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('customer_field', 0))")
    )  # two may not take one key
    taken = set(session.scalars(select(CustomField.key)))
    if len(taken) >= rules.MOST_FIELDS:
        raise WrongState("custom_fields_too_many", most=rules.MOST_FIELDS)
    key = rules.key_for(wanted.label_fr, taken)
    row = CustomField(key=key, **_columns(wanted))
    session.add(row)
    session.flush()
    return Change(before=None, after=_fields(row), key=key, answer=key)


@record_command(
    "customers.change_field",
    event="customer_field:changed",
    kind=KIND,
    key="key",
    may=EDITORS,
    fr="Modifier un champ des clients",
    en="Change a field of customers",
)
def change_field(given: ChangeField, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``custom_field_unknown``)."""
    row = context.session.scalar(select(CustomField).where(CustomField.key == given.key))
    if row is None:
        raise NotFound("custom_field_unknown", field=given.key)
    wanted = _sound(given.field)
    if wanted.kind != row.kind:
        raise InvalidInput((FieldProblem(field="kind", code="custom_kind_stays"),))
    before = _fields(row)
    put(row, _columns(wanted))
    context.session.flush()
    return Change(before=before, after=_fields(row))


@record_command(
    "customers.set_values",
    event="customer:described",
    kind=CUSTOMER,
    key="number",
    may=CUSTOMER_EDITORS,
    personal=(FIELD,),
    fr="Remplir les champs d’un client",
    en="Fill in the fields of a customer",
)
def set_values(given: SetValues, context: RecordContext) -> Change:
    """Raises InvalidInput (fields ``field_KEY``), NotFound (``customer_unknown``, ``custom_field_unknown``)."""
    session = context.session
    customer = session.scalar(select(Customer.id).where(Customer.number == given.number))
    if customer is None:
        raise NotFound("customer_unknown", number=given.number)
    fields = {each.key: each for each in session.scalars(select(CustomField))}
    before = values_of(session, given.number)
    wanted: dict[str, str] = {}
    found = []
    for each in given.values:
        field = fields.get(each.key)
        if field is None:
            raise NotFound("custom_field_unknown", field=each.key)
        wanted[each.key] = value = rules.tidied_value(field.kind, each.value)
        if problem := rules.value_problem(_data(field), value, before.get(each.key, "")):
            facts: dict[str, str | int | None] = {"most": rules.LONGEST_VALUE} if field.kind == "text" else {}
            found.append(FieldProblem(field=f"{FIELD}_{each.key}", code=problem, facts=facts))
    if found:
        raise InvalidInput(tuple(found))
    _write(session, customer, {fields[key].id: value for key, value in wanted.items()})
    return Change(before=_said(before), after=_said(before | wanted))


COMMANDS = RecordTable.of(add_field, change_field, set_values)


def custom_fields(session: Session) -> tuple[CustomFieldView, ...]:
    """All of them, in the order in which they were added. One statement."""
    rows = session.scalars(select(CustomField).order_by(CustomField.id))
    return tuple(CustomFieldView(key=each.key, data=_data(each)) for each in rows)


def values_of(session: Session, number: str) -> dict[str, str]:
    """What the fields say of this customer, by key; a field that says nothing is left out. One statement."""
    rows = session.execute(
        select(CustomField.key, CustomFieldValue.value)
        .join(CustomFieldValue, CustomFieldValue.field_id == CustomField.id)
        .join(Customer, Customer.id == CustomFieldValue.customer_id)
        .where(Customer.number == number)
        .order_by(CustomField.id)
    )
    return {row.key: row.value for row in rows}


def _write(session: Session, customer: int, values: Mapping[int, str]) -> None:
    """Two statements, however many values there are."""
    emptied = [field for field, value in values.items() if not value]
    kept = [{"customer_id": customer, "field_id": field, "value": value} for field, value in values.items() if value]
    if emptied:
        of_these = CustomFieldValue.field_id.in_(emptied)
        session.execute(delete(CustomFieldValue).where(CustomFieldValue.customer_id == customer, of_these))
    if kept:
        written = insert(CustomFieldValue).values(kept)
        session.execute(
            written.on_conflict_do_update(
                index_elements=["customer_id", "field_id"], set_={"value": written.excluded.value}
            )
        )


def _sound(given: CustomFieldData) -> CustomFieldData:
    wanted = rules.tidied(given)
    if found := rules.problems(wanted):
        raise InvalidInput(tuple(found))
    return wanted


def _said(values: Mapping[str, str]) -> dict[str, Any]:
    """As the history names them: each field apart, so that what changed alone is told."""
    return {f"{FIELD} {key}": value for key, value in values.items()}


def _columns(wanted: CustomFieldData) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in CustomFieldData.__dataclass_fields__} | {
        "choices": list(wanted.choices)
    }


def _data(row: CustomField) -> CustomFieldData:
    return CustomFieldData(**fields_of(CustomFieldData, row) | {"choices": tuple(row.choices)})


def _fields(row: CustomField) -> dict[str, Any]:
    return fields_of(CustomFieldData, row) | {"choices": list(row.choices)}
