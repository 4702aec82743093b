"""Whether a document agrees with itself: one that contradicts itself is never printed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from handlers.base.money import to_cents
from handlers.documents.model import (
    INVOICES,
    UNPRICED,
    Adjustment,
    DeliveryLine,
    Document,
    DocumentKind,
    Exemption,
    ItemLine,
    SectionLine,
    Statement,
)

_NOTHING: Final = Decimal("0.00")
_CENT: Final = Decimal("0.01")
_MOST_CENTS_OFF: Final = 99
_INVOICE_NUMBER: Final = re.compile(r"[A-Za-z0-9+_/-]{1,35}")
"""What every platform of the reform takes (XP Z12-012)."""

_Check = tuple[str, bool]


def contradictions(document: Document) -> tuple[str, ...]:
    """What does not agree, as codes; nothing when all does."""
    checks = _figures(document) + _of_its_kind(document)
    if document.kind in INVOICES:
        checks += _of_an_invoice(document)
    if document.statement is not None:
        checks += _of_a_statement(document.statement)
    return tuple(code for code, is_wrong in checks if is_wrong)


def _figures(document: Document) -> list[_Check]:
    """Lines and adjustments make the net total, the rates make the tax, a part's lines make its subtotal, and each rate's tax is that of
    its base (domain §5.2-4). On invoices it may be a cent off, or ``cents_off``: the tax of the last of several partial invoices is what
    the others left of the whole order's, so that together they are right to the cent. EN 16931 lets it be a euro off (BR-S-09).
    """
    counted = _counted(document)
    of_lines = sum((each.amount for each in counted), _NOTHING)
    totals, bases = document.totals, dict[tuple[Decimal | None, Exemption | None], Decimal]()
    for each in counted:
        key = (each.vat_rate, each.exemption)
        bases[key] = bases.get(key, _NOTHING) + each.amount
    allowed = min(document.cents_off, _MOST_CENTS_OFF) * _CENT if document.kind in INVOICES else 0
    return [
        ("net_is_not_the_sum_of_lines", totals.net != of_lines),
        ("net_is_not_the_sum_of_bases", totals.net != sum((each.base for each in document.vat), _NOTHING)),
        ("vat_is_not_the_sum_of_rates", totals.vat != sum((each.vat for each in document.vat), _NOTHING)),
        ("gross_is_not_net_and_vat", totals.gross != totals.net + totals.vat),
        (
            "base_is_not_the_sum_of_its_lines",
            any(each.base != bases.get((each.rate, each.exemption), _NOTHING) for each in document.vat),
        ),
        (
            "vat_is_not_that_of_its_base",
            any(abs(each.vat - to_cents(each.base * (each.rate or 0))) > allowed for each in document.vat),
        ),
        ("rate_without_its_part", not bases.keys() <= {(each.rate, each.exemption) for each in document.vat}),
        ("subtotal_is_not_the_sum_of_its_lines", not _subtotals_agree(document)),
    ]


def _of_its_kind(document: Document) -> list[_Check]:
    """What belongs to some kinds only, or to no other."""
    kind = document.kind
    is_invoice, is_delivery = kind in INVOICES, kind is DocumentKind.DELIVERY_NOTE
    delivered = [each for each in document.lines if isinstance(each, DeliveryLine)]
    may_lack_number = document.is_draft or kind is DocumentKind.STATEMENT
    of_invoices = document.due_on, document.category, *document.references, document.prepaid
    return [
        ("number_is_missing", not document.number and not may_lack_number),
        ("prices_where_none_belong", kind in UNPRICED and bool(_counted(document) or document.vat)),
        ("delivered_lines_where_prices_belong", not is_delivery and bool(delivered)),
        ("nothing_is_delivered", is_delivery and not delivered),
        ("delivered_quantity_is_not_positive", any(each.quantity <= 0 for each in delivered)),
        ("statement_of_another_kind", (document.statement is None) == (kind is DocumentKind.STATEMENT)),
        ("facts_of_an_invoice", not is_invoice and (document.nature != "plain" or any(of_invoices))),
        ("offer_without_end", document.valid_until is not None and document.valid_until < document.issued_on),
    ]


def _of_an_invoice(document: Document) -> list[_Check]:
    """What the law, EN 16931 and the French reform ask of the figures and facts of an invoice (domain §3.2, §5.2-6)."""
    nature, references = document.nature, document.references
    is_credit_note = document.kind is DocumentKind.CREDIT_NOTE
    said = {(each.vat_rate, each.exemption) for each in _counted(document)}
    said |= {(each.rate, each.exemption) for each in document.vat}
    taxed = any(each.rate is not None for each in document.vat)
    is_paid_deposit = nature == "deposit" and document.payable == 0
    items = [each for each in document.lines if isinstance(each, ItemLine)]
    return [
        ("number_has_other_characters", not document.is_draft and not _INVOICE_NUMBER.fullmatch(document.number)),
        ("nothing_is_invoiced", not items),
        ("not_in_euros", document.currency != "EUR"),
        ("category_is_missing", document.category is None),
        (
            "due_before_it_is_issued",
            document.due_on is not None and document.due_on < document.issued_on and not is_paid_deposit,
        ),
        ("negative_total", document.totals.gross < 0 or document.totals.net < 0),
        ("negative_rate", any(each.base < 0 or each.vat < 0 for each in document.vat)),
        ("negative_price", any(each.unit_price < 0 for each in items)),
        ("more_is_paid_than_due", not 0 <= document.prepaid <= document.totals.gross),
        ("credit_note_of_nothing", is_credit_note and not references),
        ("credit_note_to_be_paid", is_credit_note and bool(document.due_on or document.payment_method)),
        ("credit_note_of_another_nature", is_credit_note and nature not in {"plain", "deposit"}),
        ("replacement_of_not_one_invoice", nature == "replacement" and len(references) != 1),
        ("final_invoice_of_no_deposit", nature == "after_deposits" and not any(each.is_deposit for each in references)),
        ("reference_to_a_later_invoice", any(each.issued_on > document.issued_on for each in references)),
        ("reference_to_itself", document.number in {each.number for each in references}),
        ("untaxed_without_a_reason", any(rate is None and why is None for rate, why in said)),
        ("reason_without_an_untaxed_line", any(rate is not None and why is not None for rate, why in said)),
        ("franchise_with_tax", "franchise" in document.exemptions and taxed),
    ]


def _of_a_statement(given: Statement) -> list[_Check]:
    """The rows lead from the first balance to the last, in their order."""
    moved = sum((each.debit - each.credit for each in given.rows), _NOTHING)
    return [
        ("balance_is_not_the_sum_of_rows", given.closing != given.opening + moved),
        ("rows_out_of_their_period", not _rise((given.since, *(each.day for each in given.rows), given.until))),
        ("row_on_both_sides", any(min(each.debit, each.credit) != 0 for each in given.rows)),
        (
            "negative_overdue",
            given.overdue < 0,
        ),  # it may be more than the balance: money on account pays no invoice yet
    ]


def _rise(days: Iterable[object]) -> bool:
    listed: Sequence[object] = list(days)
    return listed == sorted(listed)  # type: ignore[type-var]


def _counted(document: Document) -> list[ItemLine | Adjustment]:
    """What makes the totals."""
    return [*(each for each in document.lines if isinstance(each, ItemLine)), *document.adjustments]


def _subtotals_agree(document: Document) -> bool:
    said: Decimal | None = None
    found = _NOTHING
    for each in document.lines:
        if isinstance(each, SectionLine):
            if said is not None and said != found:
                return False
            said, found = each.subtotal, _NOTHING
        elif isinstance(each, ItemLine):
            found += each.amount
    return said is None or said == found
