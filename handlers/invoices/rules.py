"""What of an order can be invoiced, and what it costs. Pure.

Rounding is cumulative: lines and discounts cost what everything invoiced so far comes to, less what was invoiced before; and the tax of a
rate is within a cent of its own rounding, chosen so that what is left of the order's tax is within a cent of its own, too, and then so that
all that is invoiced so far has the tax of its sum. So the invoices of an order sum to the order's total to the cent (domain §5.2-7),
however it was cut. A credit note gives an invoice back as it was rounded; where many that were rounded the same way are to be invoiced
again, the last invoice makes up for all of them, two cents at most for each credit note; and where drafts are dropped after which others
were rounded, for these. Nothing is ever negative: what was invoiced never
exceeds what was ordered, and credit notes give back no more than there was.

A credit note is of quantities (``credit``) or of amounts (``reduce``): the price of what was invoiced is reduced, and it stays invoiced.
What is given back of a line whose price was reduced costs what is left of its price.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from engine.errors import FieldProblem
from handlers.base.money import CENT, to_cents
from handlers.invoices.types import Drafted, DraftLine, Earlier, Invoiced, Sale, Source
from handlers.sales.rules import totals
from handlers.sales.taxes import charged_at
from handlers.sales.types import Line, RateTotal

NOTHING: Final = Invoiced()
_ZERO: Final = Decimal("0.00")
_HUNDRED: Final = Decimal(100)
_QUANTITY: Final = Decimal("0.0001")
_PRICE: Final = Decimal("0.000001")
_SUMMED: Final = ("lines", "discount", "charges", "base", "tax")


def open_quantities(
    lines: Sequence[Source],
    invoiced: Mapping[int, Invoiced],
    delivered: Mapping[int, Decimal],
    policy: str,
) -> dict[int, Decimal]:
    """What can still be invoiced of each item: of what was ordered; with the policy ``on_delivery``, of goods only what was delivered."""
    found = {}
    for each in lines:
        if each.line.kind == "item":
            is_waiting = policy == "on_delivery" and each.line.product_type == "product"
            most = min(each.line.quantity, delivered.get(each.id, Decimal(0))) if is_waiting else each.line.quantity
            found[each.id] = max(Decimal(0), most - invoiced.get(each.id, NOTHING).quantity)
    return found


def chosen(  # noqa: PLR0917 - what is asked, then all that it depends on
    what: str,
    lines: Sequence[Source],
    is_open: Mapping[int, Decimal],
    invoiced: Mapping[int, Invoiced],
    delivered: Mapping[int, Decimal],
    percent: Decimal | None = None,
) -> dict[int, Decimal]:
    """How much of each item is invoiced when ``what`` (one of ``WHATS``) is asked; items of which nothing is, are left out.

    ``percent`` is taken of what was ordered, and never gives more than is open.
    """
    found: dict[int, Decimal] = {}
    for each in lines:
        left = is_open.get(each.id, Decimal(0))
        match what:
            case "products" | "services":
                wanted = left if each.line.product_type == what.removesuffix("s") else Decimal(0)
            case "delivered":
                shipped = delivered.get(each.id, Decimal(0)) - invoiced.get(each.id, NOTHING).quantity
                wanted = min(left, max(Decimal(0), shipped)) if each.line.product_type == "product" else Decimal(0)
            case "percent":
                part = each.line.quantity * (percent or 0) / _HUNDRED
                wanted = min(left, part.quantize(_QUANTITY, rounding=ROUND_HALF_UP))
            case _:
                wanted = left
        if wanted > 0:
            found[each.id] = wanted
    return found


def above(asked: Iterable[tuple[int, Decimal]], is_open: Mapping[int, Decimal]) -> list[FieldProblem]:
    """What is wrong with quantities asked line by line, by place: a line named twice counts twice."""
    found, sums = [], dict.fromkeys(is_open, Decimal(0))
    for place, (line, quantity) in enumerate(asked):
        field = f"quantity.{place}"
        if not quantity.is_finite() or quantity < 0 or quantity != quantity.quantize(_QUANTITY):
            found.append(FieldProblem(field=field, code="line_quantity_invalid"))
        elif line not in is_open:
            found.append(FieldProblem(field=field, code="invoice_line_unknown"))
        else:
            sums[line] += quantity
            if sums[line] > is_open[line]:
                most = f"{is_open[line].normalize():f}"
                found.append(FieldProblem(field=field, code="invoice_above_open", facts={"most": most}))
    return found


def open_amounts(lines: Sequence[Source], given: Mapping[int, Invoiced]) -> dict[int, Decimal]:
    """By how much the price of each item of an invoice can still be reduced; what costs nothing any more is left out."""
    left = {each.id: each.amount - given.get(each.id, NOTHING).amount for each in lines if each.amount is not None}
    return {line: amount for line, amount in left.items() if amount > 0}


def part_of(percent: Decimal, lines: Sequence[Source], left: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """``percent`` of what each item was invoiced at, at most what is ``left`` of it; together that of the sum of each rate, to the cent."""
    found: dict[int, Decimal] = {}
    sums: dict[str, Decimal] = {}
    for each in lines:
        if each.amount is not None:
            before = sums.get(each.line.vat, _ZERO)
            sums[each.line.vat] = before + each.amount
            part = to_cents((before + each.amount) * percent / _HUNDRED) - to_cents(before * percent / _HUNDRED)
            if part := min(part, left.get(each.id, _ZERO)):
                found[each.id] = part
    return found


def above_amounts(asked: Iterable[tuple[int, Decimal]], left: Mapping[int, Decimal]) -> list[FieldProblem]:
    """What is wrong with amounts asked line by line, by place: a line named twice counts twice."""
    found, sums = [], dict.fromkeys(left, _ZERO)
    for place, (line, amount) in enumerate(asked):
        field = f"amount.{place}"
        if not amount.is_finite() or amount < 0 or amount != amount.quantize(CENT):
            found.append(FieldProblem(field=field, code="amount_invalid"))
        elif amount and line not in left:
            found.append(FieldProblem(field=field, code="reduction_line_unknown"))
        elif amount:
            sums[line] += amount
            if sums[line] > left[line]:
                found.append(FieldProblem(field=field, code="reduction_above_left", facts={"most": f"{left[line]:f}"}))
    return found


def is_fully_invoiced(lines: Sequence[Source], invoiced: Mapping[int, Invoiced]) -> bool:
    """Whether nothing that was ordered is left to invoice."""
    return not _unfinished(lines, invoiced)


def invoice(sale: Sale, earlier: Earlier, wanted: Mapping[int, Decimal]) -> Drafted:
    """The invoice of these quantities (by line, none above what is open), after all that is ``earlier``."""
    lines = _with_headings(
        sale.lines, {each.id: _partial(each, earlier, wanted[each.id]) for each in sale.lines if each.id in wanted}
    )
    extras, shipping = sale.extras, sale.extras.shipping - earlier.shipping
    left = extras.adjustment - earlier.adjustment
    by_rate, charged = _sums(lines), charged_at({each.line.vat for each in sale.lines if each.line.kind == "item"})
    if shipping or left:
        by_rate.setdefault(charged, _ZERO)
    parts, adjustment = [], _ZERO
    of_order = {each.vat: each for each in totals([each.line for each in sale.lines], extras, sale.rates).rates}
    for name, of_lines in by_rate.items():
        rate, before = sale.rates[name], earlier.rates.get(name) or _nothing(name, sale.rates[name])
        so_far = to_cents((before.lines + of_lines) * extras.discount / _HUNDRED)
        discount = min(max(_ZERO, so_far - before.discount), of_lines)
        charges = _ZERO
        if name == charged:
            adjustment = max(left, -(of_lines - discount + shipping))  # the rest waits for the next invoice
            charges = shipping + adjustment
        base = of_lines - discount + charges
        tax = _tax(base, rate, of_order[name], before)
        parts.append(_part(name, rate, of_lines, discount, charges, tax))
    return _drafted(lines, parts, to_cents(shipping), to_cents(adjustment))


def rest_of(sale: Sale, earlier: Earlier) -> dict[str, RateTotal]:
    """What of an order is not invoiced yet, by name of the rate."""
    found = {}
    for each in totals([source.line for source in sale.lines], sale.extras, sale.rates).rates:
        before = earlier.rates.get(each.vat) or _nothing(each.vat, each.rate)
        found[each.vat] = replace(each, **{name: getattr(each, name) - getattr(before, name) for name in _SUMMED})
    return found


def credit(
    lines: Sequence[Source],
    whole: Earlier,
    given: Earlier,
    wanted: Mapping[int, Decimal],
    again: Mapping[str, RateTotal] | None = None,
) -> Drafted:
    """The credit note of these quantities of an invoice. ``whole``: the figures of the invoice; ``given``: what was credited of it;
    ``again``: of what may be invoiced again, what is left of the order without it (``rest_of``).

    What belongs to no line (discount, shipping, adjustment) is given back in proportion to the lines of its rate; what is left at the end
    comes with the last line. No price was reduced of what is to be invoiced ``again``.
    """
    credited = {each.id: _credited(each, given, wanted[each.id]) for each in lines if each.id in wanted}
    kept = _with_headings(lines, credited)
    unfinished = _unfinished(lines, _after(given, kept))
    sold = {each.line.vat for each in lines if each.line.kind == "item"}
    sums, parts, shipping, adjustment = _sums(kept), [], _ZERO, _ZERO
    returned = _returned(lines, given, credited)
    charged = charged_at(whole.rates.keys())
    for name, all_of_rate in whole.rates.items():
        before = given.rates.get(name) or _nothing(name, all_of_rate.rate)
        of_lines = sums.get(name, _ZERO)
        is_done = name not in (unfinished if name in sold else unfinished and {name})
        # what went back in money takes the discount along; what went back in goods, shipping
        share = _share(before.lines + of_lines, all_of_rate.lines, is_done=is_done)
        of_goods = _share(returned.get(name, _ZERO), all_of_rate.lines, is_done=is_done)
        discount = _discount_back(of_lines, share, all_of_rate, before)
        charges = _ZERO
        if name == charged:
            rest = whole.shipping - given.shipping
            shipping = _between(_ZERO, to_cents(whole.shipping * of_goods) - given.shipping, rest)
            if whole.adjustment < 0:  # it makes up for the rounding of the others, so that the base never falls
                rest = all_of_rate.base - before.base
                so_far = (all_of_rate.base - whole.shipping) * share + whole.shipping * of_goods
                base = _between(_ZERO, to_cents(so_far) - before.base, rest)
                adjustment = base - (of_lines - discount + shipping)
            else:
                rest = whole.adjustment - given.adjustment
                adjustment = _between(_ZERO, to_cents(whole.adjustment * of_goods) - given.adjustment, rest)
            charges = shipping + adjustment
        base = of_lines - discount + charges
        tax = _tax_back(base, all_of_rate, before, None if again is None else again.get(name))
        if name in sums or base or tax:
            parts.append(_part(name, all_of_rate.rate, of_lines, discount, charges, tax))
    return _drafted(kept, parts, shipping, adjustment)


def reduce(lines: Sequence[Source], whole: Earlier, given: Earlier, wanted: Mapping[int, Decimal]) -> Drafted:
    """The credit note of these amounts of an invoice, by line, before tax and before the discount of the whole, which goes with them.

    Its lines are of one piece each; the goods stay invoiced, and shipping too. A negative adjustment is a discount, and goes along as well.
    """
    reduced = {each.id: _reduced(each, wanted[each.id]) for each in lines if each.id in wanted}
    kept = _with_headings(lines, reduced)
    charged = charged_at(whole.rates.keys())
    parts, adjustment = [], _ZERO
    for name, of_lines in _sums(kept).items():
        all_of_rate = whole.rates[name]
        before = given.rates.get(name) or _nothing(name, all_of_rate.rate)
        share = (before.lines + of_lines) / all_of_rate.lines
        discount = _discount_back(of_lines, share, all_of_rate, before)
        base = of_lines - discount
        if name == charged and whole.adjustment < 0:
            so_far = to_cents((all_of_rate.base - whole.shipping) * share) - (before.base - given.shipping)
            base = _between(_ZERO, so_far, min(base, all_of_rate.base - before.base))
            adjustment = base - (of_lines - discount)
        tax = _tax_back(base, all_of_rate, before, None)
        parts.append(_part(name, all_of_rate.rate, of_lines, discount, base - (of_lines - discount), tax))
    return _drafted(kept, parts, _ZERO, adjustment)


def category(lines: Iterable[DraftLine]) -> str:
    """What is invoiced: one of ``CATEGORIES``."""
    sold = {each.line.product_type for each in lines if each.line.kind == "item"}
    return "mixed" if len(sold) > 1 else "services" if sold == {"service"} else "goods"


def _partial(source: Source, earlier: Earlier, quantity: Decimal) -> DraftLine:
    before, line = earlier.lines.get(source.id, NOTHING), source.line
    so_far = to_cents((before.quantity + quantity) * line.unit_price * (_HUNDRED - line.discount) / _HUNDRED)
    return DraftLine(source=source.id, line=_of(line, quantity), amount=max(_ZERO, so_far - before.amount))


def _credited(source: Source, given: Earlier, quantity: Decimal) -> DraftLine:
    before = given.lines.get(source.id, NOTHING)
    assert source.amount is not None
    if before.reduced:
        left, still = source.amount - before.amount, source.line.quantity - before.quantity
        price = (left / still).quantize(_PRICE, rounding=ROUND_HALF_UP)
        line = replace(source.line, quantity=quantity, unit_price=price, discount=Decimal(0))
        return DraftLine(source=source.id, line=line, amount=min(left, to_cents(left * quantity / still)))
    so_far = to_cents(source.amount * (before.quantity + quantity) / source.line.quantity)
    return DraftLine(source=source.id, line=_of(source.line, quantity), amount=max(_ZERO, so_far - before.amount))


def _reduced(source: Source, amount: Decimal) -> DraftLine:
    line = replace(source.line, quantity=Decimal(1), unit="", unit_price=amount, discount=Decimal(0))
    return DraftLine(source=source.id, line=line, amount=amount)


def _returned(lines: Sequence[Source], given: Earlier, credited: Mapping[int, DraftLine]) -> dict[str, Decimal]:
    """What came back by quantity so far, at the prices of the invoice, by name of the rate."""
    found: dict[str, Decimal] = {}
    for each in lines:
        if each.amount is not None:
            before, now = given.lines.get(each.id, NOTHING), credited.get(each.id)
            back = before.amount + (_ZERO if now is None or now.amount is None else now.amount)
            if before.reduced:
                quantity = before.quantity + (0 if now is None else now.line.quantity)
                back = each.amount * quantity / each.line.quantity
            found[each.line.vat] = found.get(each.line.vat, _ZERO) + back
    return found


def _share(part: Decimal, whole: Decimal, *, is_done: bool) -> Decimal:
    return Decimal(1) if is_done else part / whole if whole else Decimal(0)


def _discount_back(of_lines: Decimal, share: Decimal, whole: RateTotal, before: RateTotal) -> Decimal:
    """The discount of the whole that goes with lines that go back: no more than they cost, no less than leaves the rest right."""
    left = whole.discount - before.discount
    rest = whole.lines - before.lines - left
    return _between(of_lines - rest, to_cents(whole.discount * share) - before.discount, min(of_lines, left))


def _between(least: Decimal, wanted: Decimal, most: Decimal) -> Decimal:
    """What is ``wanted``, never below nothing: where a draft was dropped, what was given before is not in proportion."""
    return min(max(wanted, least, _ZERO), most)


def _of(line: Line, quantity: Decimal) -> Line:
    return replace(line, quantity=quantity)


def _with_headings(sources: Sequence[Source], drafted: Mapping[int, DraftLine]) -> tuple[DraftLine, ...]:
    """The lines in their order; a heading or note stays where something of what follows it, up to the next heading, does."""
    found: list[DraftLine] = []
    waiting: list[DraftLine] = []
    for each in sources:
        if each.line.kind == "item":
            if each.id in drafted:
                found += [*waiting, drafted[each.id]]
                waiting = []
        else:
            if each.line.kind == "heading":
                waiting = []
            waiting.append(DraftLine(source=None, line=each.line, amount=None))
    return tuple(found)


def _sums(lines: Sequence[DraftLine]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for each in lines:
        if each.amount is not None:
            found[each.line.vat] = found.get(each.line.vat, _ZERO) + each.amount
    return found


def _after(earlier: Earlier, lines: Sequence[DraftLine]) -> dict[int, Invoiced]:
    found = dict(earlier.lines)
    for each in lines:
        if each.source is not None and each.amount is not None:
            before = found.get(each.source, NOTHING)
            found[each.source] = Invoiced(
                quantity=before.quantity + each.line.quantity,
                amount=before.amount + each.amount,
                reduced=before.reduced,
            )
    return found


def _unfinished(lines: Sequence[Source], invoiced: Mapping[int, Invoiced]) -> set[str]:
    """The rates of which something is left."""
    return {
        each.line.vat
        for each in lines
        if each.line.kind == "item" and invoiced.get(each.id, NOTHING).quantity < each.line.quantity
    }


def _nothing(name: str, rate: Decimal) -> RateTotal:
    return RateTotal(vat=name, rate=rate, lines=_ZERO, discount=_ZERO, charges=_ZERO, base=_ZERO, tax=_ZERO)


def _part(name: str, rate: Decimal, lines: Decimal, discount: Decimal, charges: Decimal, tax: Decimal) -> RateTotal:  # noqa: PLR0917 - a row in the order of its columns
    base = to_cents(lines - discount + charges)
    return RateTotal(vat=name, rate=rate, lines=lines, discount=discount, charges=to_cents(charges), base=base, tax=tax)


def _tax(base: Decimal, rate: Decimal, whole: RateTotal, before: RateTotal) -> Decimal:
    """The tax of ``base`` out of what is left of the ``whole``: within a cent of its own rounding, so that the rest can be, too; and such
    that all that is invoiced so far has the tax of its sum. So an order may be cut down to what is invoiced, and grow again (§5.2-17).
    """
    rest = whole.tax - before.tax
    left = whole.base - before.base - base
    own = to_cents(base * rate)
    if not left:
        return rest  # more than a cent off where many invoices were given back: at most two for each credit note (``cents_off``)
    if not base:
        return _ZERO
    so_far = to_cents((before.base + base) * rate) - before.tax

    def cost(tax: Decimal) -> tuple[Decimal, Decimal, Decimal]:
        return max(abs(rest - tax - to_cents(left * rate)), CENT), abs(tax - so_far), abs(tax - own)

    return min((min(max(_ZERO, own + more), rest) for more in (_ZERO, CENT, -CENT)), key=cost)


def _tax_back(base: Decimal, whole: RateTotal, before: RateTotal, again: RateTotal | None) -> Decimal:
    """The tax that goes back with ``base`` of an invoice: all that is left with the last of it; before, within a cent of its own rounding,
    so that what is left of the invoice is, too, and what is to be invoiced ``again`` of the order.
    """
    rest, left = whole.tax - before.tax, whole.base - before.base - base
    if not left:
        return rest
    if not base:
        return _ZERO
    own = to_cents(base * whole.rate)

    def cost(tax: Decimal) -> tuple[bool, bool, Decimal]:
        here = abs(rest - tax - to_cents(left * whole.rate))
        there = _ZERO if again is None else abs(again.tax + tax - to_cents((again.base + base) * whole.rate))
        return here > CENT, there > CENT, here + there + abs(tax - own)

    return min((min(max(_ZERO, own + more), rest) for more in (_ZERO, CENT, -CENT)), key=cost)


def _drafted(lines: tuple[DraftLine, ...], parts: list[RateTotal], shipping: Decimal, adjustment: Decimal) -> Drafted:
    parts.sort(key=lambda each: each.rate, reverse=True)
    net = sum((each.base for each in parts), _ZERO)
    tax = sum((each.tax for each in parts), _ZERO)
    return Drafted(
        lines=lines,
        rates=tuple(parts),
        shipping=shipping,
        adjustment=adjustment,
        net=net,
        tax=tax,
        total=net + tax,
    )


def uneven(sale: Sale, earlier: Earlier) -> tuple[str, ...]:
    """The rates of which what is left of a changed order could not be invoiced to the cent any more, by name; none where all can.

    What is invoiced stays. What is left, and its discount, must not be negative, its tax within a cent of its own rounding; and nothing
    where no line is left.
    """
    unfinished, found = _unfinished(sale.lines, earlier.lines), []
    rest = rest_of(sale, earlier)
    gone = earlier.rates.keys() - rest.keys()
    for source in sale.lines:  # a line of which nothing is left takes no cent any more
        before = earlier.lines.get(source.id, NOTHING)
        if source.amount is not None and before.quantity >= source.line.quantity and before.amount != source.amount:
            found.append(source.line.vat)
    for name, each in rest.items():
        is_charged = bool(each.charges) and bool(unfinished)
        is_over = name not in unfinished and not is_charged
        most = _ZERO if is_over or not each.base else CENT
        if (
            each.base < 0
            or each.tax < 0
            or each.discount < 0
            or (is_over and each.base)
            or abs(each.tax - to_cents(each.base * each.rate)) > most
        ):
            found.append(name)
    found += [name for name in gone if earlier.rates[name].base or earlier.rates[name].tax]
    return tuple(sorted({*found, *_uneven_at_once(sale, earlier, rest)}))


def _uneven_at_once(sale: Sale, earlier: Earlier, rest: Mapping[str, RateTotal]) -> Iterator[str]:
    """The rates of which one invoice of all that is left would not bear just the ``rest``."""
    items = (each for each in sale.lines if each.line.kind == "item")
    left = {each.id: each.line.quantity - earlier.lines.get(each.id, NOTHING).quantity for each in items}
    wanted = {name: each for name, each in left.items() if each > 0}
    drawn = {each.vat: each for each in invoice(sale, earlier, wanted).rates} if wanted else {}
    for name, each in rest.items():
        borne = drawn.get(name) or _nothing(name, each.rate)
        if any(getattr(borne, part) != getattr(each, part) for part in _SUMMED):
            yield name
