"""The house on the pure rules alone: documents in memory, figures summed anew each time, the rules asked as the commands ask them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from engine.errors import FieldProblem, InvalidInput, WrongState
from engine.handler import BusinessError
from handlers.deliveries import rules as deliveries
from handlers.deliveries.rules import Progress
from handlers.invoices import chain, rules
from handlers.invoices.terms import due_on
from handlers.invoices.types import Drafted, Earlier, Invoiced, Sale, Source
from handlers.orders import rules as ordered
from handlers.orders import store as orders
from handlers.orders.types import KeptLine, RevisedLine
from handlers.payments import rules as payments
from handlers.payments.types import OpenItem, Share, Wanted
from handlers.sales import rules as sales
from handlers.sales.taxes import Taxation
from handlers.sales.types import Extras, Line, RateTotal
from handlers.stock import rules as stock
from handlers.stock.rules import Claim, Level
from tests.properties.house import ARTICLES, Carried, Figures, Paid, Papered, Seen, Terms, Validated, Way

ZERO = Decimal("0.00")
NONE = Decimal(0)
DAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SUMMED = ("lines", "discount", "charges", "base", "tax")


@dataclass(slots=True)
class Order:
    """``lines``: with the rates at home; ``status``, ``closed_at``, ``closed_because``: as its row has them (``row``)."""

    number: str
    sale: Sale
    terms: Terms
    lines: tuple[Line, ...]
    status: str = "confirmed"
    closed_at: datetime | None = None
    closed_because: str = ""

    @property
    def row(self) -> Any:
        return self


@dataclass(slots=True)
class Delivery:
    """``lines``: the order's line and the quantity, by place."""

    number: str
    order: Order
    kind: str
    status: str
    lines: dict[int, tuple[int, Decimal]]
    origin: str = ""
    again: bool = False


@dataclass(slots=True)
class Paper:
    """``ids``: of its lines; ``of``: the order's line of each."""

    id: int
    kind: str
    order: Order
    drafted: Drafted
    ids: tuple[int, ...]
    of: tuple[int | None, ...]
    corrects: Paper | None = None
    again: bool = False
    is_reduction: bool = False
    validated: Validated | None = None
    due_on: date | None = None
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def sources(self) -> tuple[Source, ...]:
        lines = zip(self.ids, self.drafted.lines, strict=True)
        return tuple(Source(id=id_, line=each.line, amount=each.amount) for id_, each in lines)

    @property
    def counts(self) -> bool:
        return self.kind == "invoice" or (self.validated is not None and self.again)


@dataclass(slots=True)
class Payment:
    number: str
    kind: str
    amount: Decimal
    parts: list[tuple[int, Share]]
    of: str = ""
    reverses: str = ""


@dataclass(slots=True)
class PureHouse:
    """``promises``: article, what is promised, what is missing, by document and the order's line; ``answers``: to each key."""

    orders: dict[str, Order] = field(default_factory=dict)
    moved: list[tuple[str, Decimal]] = field(default_factory=list)
    promises: dict[tuple[str, int], tuple[str, Decimal, Decimal]] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    papers: dict[int, Paper] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    chain: list[Paper] = field(default_factory=list)
    last_id: int = 0

    def _next(self) -> int:
        self.last_id += 1
        return self.last_id

    # -- orders and goods ------------------------------------------------------------------------------------------------------------------

    def order(self, lines: Sequence[Line], extras: Extras, terms: Terms) -> tuple[str, tuple[int, ...]]:
        taxation = Taxation(day=DAY, position=terms.position)
        if found := sales.problems(lines, extras, taxation):
            raise InvalidInput(tuple(found))
        counted = taxation.applied(lines)
        amounts = sales.figures(lines, extras, taxation).amounts
        sources = tuple(
            Source(id=self._next(), line=each, amount=found) for each, found in zip(counted, amounts, strict=True)
        )
        number = f"CC-{len(self.orders) + 1}"
        self.orders[number] = Order(
            number, Sale(lines=sources, extras=extras, rates=taxation.rates()), terms, tuple(lines)
        )
        return number, tuple(each.id for each in sources)

    def revise(self, order: str, quantities: Mapping[int, Decimal], key: str) -> None:
        if key in self.answers:
            return
        found = self.orders[order]
        if code := ordered.refusal("revise", ordered.Standing(status=found.status, is_placed=True)):
            raise WrongState(code, order=order)
        progress, earlier = self.progress(found), self.earlier(found)
        made = {each.status for each in self.deliveries.values() if each.order is found and each.kind == "delivery"}
        kept = [
            KeptLine(
                id=each.id,
                line=line,
                delivered=progress[each.id].delivered if each.id in progress else NONE,
                invoiced=earlier.lines.get(each.id, rules.NOTHING).quantity,
            )
            for each, line in zip(found.sale.lines, found.lines, strict=True)
        ]
        new = tuple(replace(each.line, quantity=quantities.get(each.id, each.line.quantity)) for each in kept)
        asked = [RevisedLine(id=each.id, line=line) for each, line in zip(kept, new, strict=True)]
        extras, taxation = found.sale.extras, Taxation(day=DAY, position=found.terms.position)
        is_started = bool(made & {"prepared", "shipped"})
        if problems := ordered.revision_problems(kept, asked, (extras, extras), is_started=is_started):
            raise InvalidInput(tuple(problems))
        if problems := sales.problems([each for each in new if each.kind != "item" or each.quantity], extras, taxation):
            raise InvalidInput(tuple(problems))
        amounts = sales.figures(new, extras, taxation).amounts
        sale = replace(
            found.sale,
            lines=tuple(
                Source(id=each.id, line=line, amount=amount)
                for each, line, amount in zip(kept, taxation.applied(new), amounts, strict=True)
            ),
        )
        if rules.uneven(sale, earlier):
            raise InvalidInput((FieldProblem(field="lines", code="order_invoices_uneven"),))
        found.sale, found.lines = sale, new
        self.answers[key] = None

    def come(self, article: str, quantity: Decimal) -> None:
        self.moved.append((article, quantity))

    def level(self, article: str) -> Level:
        promised = [each for each in self.promises.values() if each[0] == article]
        return Level(
            on_hand=sum((quantity for which, quantity in self.moved if which == article), NONE),
            reserved=sum((each[1] for each in promised), NONE),
            missing=sum((each[2] for each in promised), NONE),
            reorder_level=NONE,
        )

    def progress(self, order: Order) -> dict[int, Progress]:
        sums: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for each in self.deliveries.values():
            if each.order is order and each.status != "cancelled":
                for line, quantity in each.lines.values():
                    if each.kind == "delivery":
                        sums[line]["shipped" if each.status == "shipped" else "planned"] += quantity
                    else:
                        sums[line]["returned"] += quantity
                        sums[line]["again"] += quantity if each.again else 0
        return {
            each.id: Progress(ordered=each.line.quantity, **sums[each.id])
            for each in order.sale.lines
            if each.line.kind == "item" and each.line.product_type == "product"
        }

    def plan(self, order: str, key: str) -> tuple[str, tuple[Carried, ...]]:
        if key not in self.answers:
            found = self.orders[order]
            remaining = {line: each.remaining for line, each in self.progress(found).items() if each.remaining}
            if not orders.goes_on(found.row) or not remaining:
                raise BusinessError("nothing_to_deliver", order=order)
            number = f"BL-{len(self.deliveries) + 1}"
            made = Delivery(number, found, "delivery", "to_prepare", dict(enumerate(remaining.items(), 1)))
            self.deliveries[number] = made
            self.answers[key] = number, _carried(made)
        return self.answers[key]  # type: ignore[no-any-return]

    def reserve(self, delivery: str) -> Mapping[int, Decimal]:
        row = self.deliveries[delivery]
        if row.status in {"shipped", "cancelled"}:
            return {}
        has = self._promise(row, dict(row.lines.values()), anew=True)
        wanted = list(row.lines.values())
        ready = deliveries.readiness([each for _, each in wanted], [has.get(line, each) for line, each in wanted])
        row.status = "reserved" if ready == "all" else "to_prepare"
        return has

    def pick(self, delivery: str, quantities: Mapping[int, Decimal]) -> tuple[Carried, ...]:
        row = self._open(delivery)
        typed = "\n".join(f"{place} : {deliveries.plain(each)}" for place, each in quantities.items())
        picked = deliveries.read_quantities(typed)
        if picked is None:
            raise BusinessError("picked_unclear", place="")
        if problem := deliveries.picked_problem(picked, {place: each for place, (_, each) in row.lines.items()}):
            raise BusinessError(problem[0], place=problem[1])
        wanted = {line: picked.get(place, NONE) for place, (line, _) in row.lines.items()}
        before = dict(self.promises)
        has = self._promise(row, wanted)
        if any(has[line] < wanted[line] for line in has):
            self.promises = before  # the step is rolled back
            raise BusinessError("picked_too_much", place=0)
        row.lines = {place: (line, picked[place]) for place, (line, _) in row.lines.items() if picked.get(place)}
        row.status = "prepared"
        return _carried(row)

    def ship(self, delivery: str) -> bool:
        row = self._open(delivery)
        by_article = self._by_article(row, dict(row.lines.values()))
        for article, lines in by_article.items():
            claims = [Claim(wanted=each, kept=self._kept(row, line)) for line, each in lines.items()]
            if sum(lines.values()) > stock.shippable(self.level(article), claims):
                raise BusinessError("stock_insufficient", article=article)
        for article, lines in by_article.items():
            for line, each in lines.items():
                self.promises.pop((row.number, line), None)
                self.moved.append((article, -each))
        row.status = "shipped"
        return not any(each.outstanding for each in self.progress(row.order).values())

    def cancel(self, delivery: str) -> None:
        row = self.deliveries[delivery]
        if row.status not in {"shipped", "cancelled"}:
            self.promises = {key: each for key, each in self.promises.items() if key[0] != delivery}
            row.status = "cancelled"

    def take_back(self, delivery: str, quantities: Mapping[int, Decimal], key: str, *, again: bool) -> str:
        if key in self.answers:
            return str(self.answers[key])
        origin = self.deliveries[delivery]
        if origin.kind != "delivery" or origin.status != "shipped":
            raise WrongState("delivery_not_shipped", delivery=delivery)
        before: dict[int, Decimal] = defaultdict(Decimal)
        for each in self.deliveries.values():
            if each.origin == delivery:
                for line, quantity in each.lines.values():
                    before[line] += quantity
        for place, quantity in quantities.items():
            line, carried = origin.lines[place]
            if not stock.is_quantity(quantity) or quantity > deliveries.returnable(carried, before[line]):
                raise InvalidInput((FieldProblem(field=f"lines.{place}", code="returned_too_much"),))
        wanted = [(origin.lines[place][0], quantity) for place, quantity in quantities.items() if quantity]
        if not wanted:
            raise InvalidInput((FieldProblem(field="lines", code="returned_nothing"),))
        number = f"BR-{len(self.deliveries) + 1}"
        made = Delivery(number, origin.order, "return", "shipped", dict(enumerate(wanted, 1)), delivery, again)
        self.deliveries[number] = made
        for article, lines in self._by_article(made, dict(wanted)).items():
            self.moved += [(article, quantity) for quantity in lines.values()]
        self.answers[key] = number
        return number

    def _open(self, number: str) -> Delivery:
        row = self.deliveries[number]
        if row.status in {"shipped", "cancelled"}:
            raise BusinessError("delivery_closed", delivery=number)
        return row

    def _kept(self, row: Delivery, line: int) -> Decimal:
        return self.promises.get((row.number, line), ("", NONE, NONE))[1]

    @staticmethod
    def _by_article(row: Delivery, wanted: Mapping[int, Decimal]) -> dict[str, dict[int, Decimal]]:
        articles = {each.id: each.line.article for each in row.order.sale.lines}
        found: dict[str, dict[int, Decimal]] = defaultdict(dict)
        for line, quantity in wanted.items():
            if articles[line]:
                found[articles[line]][line] = quantity
        return found

    def _promise(self, row: Delivery, wanted: Mapping[int, Decimal], *, anew: bool = False) -> dict[int, Decimal]:
        """What each line has from now on, as the ledger of the stock lets it have."""
        answers: dict[int, Decimal] = {}
        for article, lines in self._by_article(row, wanted).items():
            level, own = self.level(article), [self._kept(row, line) for line in lines]
            if anew:
                level, own = replace(level, reserved=level.reserved - sum(own)), [NONE] * len(lines)
            claims = [Claim(wanted=each, kept=kept) for each, kept in zip(lines.values(), own, strict=True)]
            for (line, each), given in zip(lines.items(), stock.share(level, claims), strict=True):
                answers[line] = given
                self.promises[row.number, line] = article, given, each - given
                if not each:
                    del self.promises[row.number, line]
        return answers

    # -- invoices and credit notes ---------------------------------------------------------------------------------------------------------

    def earlier(self, order: Order, without: int = 0) -> Earlier:
        return _summed(
            (each.drafted, each.of, 1 if each.kind == "invoice" else -1)
            for each in self.papers.values()
            if each.order is order and each.counts and each.id != without
        )

    def credited(self, paper: Paper) -> Earlier:
        found = [each for each in self.papers.values() if each.corrects is paper]
        amounts = tuple(each.drafted for each in found if each.is_reduction)
        return _summed(((each.drafted, _sources(each.drafted), 1) for each in found), amounts)

    def is_open(self, order: Order, without: int = 0) -> dict[int, Decimal]:
        delivered = {line: each.delivered for line, each in self.progress(order).items()}
        earlier = self.earlier(order, without)
        return rules.open_quantities(order.sale.lines, earlier.lines, delivered, order.terms.invoicing_policy)

    def invoice(self, order: str, what: str, percent: Decimal | None, key: str) -> Figures:
        if key not in self.answers:
            found = self.orders[order]
            if not orders.goes_on(found.row):
                raise WrongState("order_not_invoiceable", order=order)
            earlier, is_open = self.earlier(found), self.is_open(found)
            delivered = {line: each.delivered for line, each in self.progress(found).items()}
            wanted = rules.chosen(what, found.sale.lines, is_open, earlier.lines, delivered, percent)
            if not wanted:
                raise WrongState("nothing_to_invoice", order=order)
            drafted = rules.invoice(found.sale, earlier, wanted)
            paper = Paper(self._next(), "invoice", found, drafted, self._ids(drafted), _sources(drafted))
            self.papers[paper.id] = paper
            self.answers[key] = paper.id
        return _figures(self.papers[self.answers[key]])

    def change(self, paper: int, quantities: Sequence[tuple[int, Decimal]]) -> Figures:
        row = self._draft(paper)
        wanted = _wanted(quantities, self.is_open(row.order, without=paper))
        row.drafted = rules.invoice(row.order.sale, self.earlier(row.order, without=paper), wanted)
        row.ids, row.of = self._ids(row.drafted), _sources(row.drafted)
        return _figures(row)

    def credit(self, paper: int, quantities: Sequence[tuple[int, Decimal]], key: str, *, again: bool) -> Figures:
        if key not in self.answers:
            corrected = self.papers[paper]
            if corrected.kind != "invoice" or corrected.validated is None:
                raise WrongState("invoice_not_creditable", invoice="")
            if any(
                each.corrects is corrected and each.is_reduction and not each.validated for each in self.papers.values()
            ):
                raise WrongState("reduction_waits", invoice="")
            given, sources = self.credited(corrected), corrected.sources
            wanted = _wanted(quantities, rules.open_quantities(sources, given.lines, {}, "on_order"))
            if again and any(given.lines.get(line, rules.NOTHING).reduced for line in wanted):
                raise InvalidInput((FieldProblem(field="quantity.0", code="credit_line_reduced"),))
            rest = rules.rest_of(corrected.order.sale, self.earlier(corrected.order)) if again else None
            drafted = rules.credit(sources, _whole(corrected.drafted), given, wanted, rest)
            lines = dict(zip(corrected.ids, corrected.of, strict=True))
            of = tuple(None if each is None else lines[each] for each in _sources(drafted))
            made = Paper(
                self._next(), "credit_note", corrected.order, drafted, self._ids(drafted), of, corrected, again
            )
            self.papers[made.id] = made
            self.answers[key] = made.id
        return _figures(self.papers[self.answers[key]])

    def reduce(self, paper: int, amounts: Sequence[tuple[int, Decimal]], percent: Decimal | None, key: str) -> Figures:
        if key not in self.answers:
            corrected = self.papers[paper]
            if corrected.kind != "invoice" or corrected.validated is None:
                raise WrongState("invoice_not_creditable", invoice="")
            given, sources = self.credited(corrected), corrected.sources
            left = rules.open_amounts(sources, given.lines)
            if percent is not None:
                wanted = rules.part_of(percent, sources, left)
            else:
                if found := rules.above_amounts(amounts, left):
                    raise InvalidInput(tuple(found))
                wanted = {line: amount for line, amount in amounts if amount}
            if not wanted:
                raise InvalidInput((FieldProblem(field="amounts", code="reduction_missing"),))
            drafted = rules.reduce(sources, _whole(corrected.drafted), given, wanted)
            if not drafted.net:
                raise InvalidInput((FieldProblem(field="amounts", code="reduction_of_nothing"),))
            lines = dict(zip(corrected.ids, corrected.of, strict=True))
            of = tuple(None if each is None else lines[each] for each in _sources(drafted))
            made = Paper(
                *(self._next(), "credit_note", corrected.order, drafted, self._ids(drafted), of, corrected),
                is_reduction=True,
            )
            self.papers[made.id] = made
            self.answers[key] = made.id
        return _figures(self.papers[self.answers[key]])

    def drop(self, paper: int) -> None:
        self._draft(paper)
        del self.papers[paper]

    def validate(self, paper: int, day: date) -> Validated:
        row = self._draft(paper)
        before = self.chain[-1].validated if self.chain else None
        day = day if before is None else max(day, before.issued_on)
        sequence = len(self.chain) + 1
        number, previous = f"FA-{day.year}-{sequence:05d}", chain.BEGINNING if before is None else before.hash
        corrected = None if row.corrects is None else row.corrects.validated
        row.said = {
            "number": number,
            "issued_on": day.isoformat(),
            "corrects": None if corrected is None else corrected.number,
            "total": str(row.drafted.total),
            "lines": [[each.line.text, str(each.line.quantity), str(each.amount)] for each in row.drafted.lines],
            "rates": {each.vat: [str(each.base), str(each.tax)] for each in row.drafted.rates},
        }
        row.validated = Validated(number, day, sequence, previous, chain.link(previous, row.said))
        row.due_on = due_on("30_days", day) if row.kind == "invoice" else day
        self.chain.append(row)
        return row.validated

    def said(self) -> list[tuple[str, str, str]]:
        """Of each link: the hash before it, what it says as canonical JSON (of texts alone, as RFC 8785 has it), its own hash."""
        found = [(each.validated, each.said) for each in self.chain]
        return [
            (link.previous_hash, json.dumps(text, sort_keys=True, separators=(",", ":"), ensure_ascii=False), link.hash)
            for link, text in found
            if link is not None
        ]

    def _draft(self, paper: int) -> Paper:
        row = self.papers[paper]
        if row.validated is not None:
            raise WrongState("invoice_validated", invoice=row.validated.number)
        return row

    def _ids(self, drafted: Drafted) -> tuple[int, ...]:
        return tuple(self._next() for _ in drafted.lines)

    # -- payments --------------------------------------------------------------------------------------------------------------------------

    def items(self, kinds: Iterable[str] = ("invoice",)) -> tuple[OpenItem, ...]:
        settled: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
        for payment in self.payments.values():
            for paper, part in payment.parts:
                settled[paper, part.vat] += part.amount
        found = []
        for each in self.chain:
            if each.kind in kinds and each.validated is not None:
                corrected = None if each.corrects is None else each.corrects.validated
                shares = (
                    Share(vat=one.vat, rate=one.rate, amount=one.base + one.tax - abs(settled[each.id, one.vat]))
                    for one in each.drafted.rates
                )
                item = OpenItem(
                    id=each.id,
                    invoice=each.validated.number,
                    corrects=None if corrected is None else corrected.number,
                    kind=each.kind,
                    issued_on=each.validated.issued_on,
                    due_on=each.due_on,
                    total=each.drafted.total,
                    shares=tuple(shares),
                )
                if item.open > 0:
                    found.append(item)
        return tuple(found)

    def pay(self, amount: Decimal, way: str, chosen: Sequence[Wanted], key: str) -> Paid:
        if key not in self.answers:
            items = self.items()
            parts = _parts(_paid(way, chosen, amount, items), items)
            self.answers[key] = self._write("receipt", amount, parts)
        return self.answers[key]  # type: ignore[no-any-return]

    def allot(self, payment: str, way: str, chosen: Sequence[Wanted]) -> Paid:
        row, rest, items = self.payments[payment], self.rest(payment), self.items()
        if row.kind != "receipt" or rest <= 0:
            raise WrongState("payment_without_rest", payment=payment)
        paid = _paid(way, chosen, rest, items)
        if not paid:
            raise InvalidInput((FieldProblem(field="amount", code="payment_pays_nothing"),))
        parts = _parts(paid, items)
        row.parts += parts
        return self._said(payment, parts)

    def refund(self, amount: Decimal, payment: str, credit_note: str, key: str) -> Paid:
        if key not in self.answers:
            credit = None if payment else self._credit(credit_note)
            if amount > (self.rest(payment) if credit is None else credit.open):
                raise InvalidInput((FieldProblem(field="amount", code="refund_above_rest"),))
            shares = () if credit is None else payments.share(amount, credit.shares)
            parts = _opposite((credit.id, each) for each in shares) if credit is not None else []
            self.answers[key] = self._write("refund", -amount, parts, of=payment)
        return self.answers[key]  # type: ignore[no-any-return]

    def set_off(self, credit_note: str, way: str, chosen: Sequence[Wanted], key: str) -> Paid:
        if key not in self.answers:
            credit, items = self._credit(credit_note), self.items()
            paid = _paid(way, chosen, credit.open, items, credit.corrects or "")
            if not paid:
                raise InvalidInput((FieldProblem(field="amount", code="payment_pays_nothing"),))
            known, left = {each.invoice: each for each in items}, credit.shares
            parts: list[tuple[int, Share]] = []
            for each in paid:
                item = known[each.invoice]
                used, settled = payments.set_off(each.amount, left, item.shares)
                parts += [*_opposite((credit.id, one) for one in used), *((item.id, one) for one in settled)]
                left = payments.less(left, used)
            self.answers[key] = self._write("set_off", ZERO, parts)
        return self.answers[key]  # type: ignore[no-any-return]

    def reverse(self, payment: str) -> Paid:
        row = self.payments[payment]
        root = row.of or row.number
        undone, family = {each.reverses for each in self.payments.values()}, self._family(root)
        if row.kind == "reversal":
            raise WrongState("payment_is_reversal", payment=payment)
        if payment in undone:
            raise WrongState("payment_reversed", payment=payment)
        refunds = {each.number for each in family if each.kind == "refund"} - {root} - undone
        if root == payment and refunds:
            raise WrongState("payment_refunded", payment=payment)
        sums: dict[tuple[int, str, Decimal], Decimal] = defaultdict(Decimal)
        if root == payment:
            for each in family:
                for paper, part in each.parts:
                    sums[paper, part.vat, part.rate] += part.amount
        parts = [
            (paper, Share(vat=vat, rate=rate, amount=-found)) for (paper, vat, rate), found in sums.items() if found
        ]
        return self._write("reversal", -row.amount, parts, of=root, reverses=payment)

    def rest(self, root: str) -> Decimal:
        family = self._family(root)
        settled = sum((part.amount for each in family for _, part in each.parts), ZERO)
        return sum((each.amount for each in family), ZERO) - settled

    def _family(self, root: str) -> list[Payment]:
        return [each for each in self.payments.values() if root in {each.number, each.of}]

    def _credit(self, number: str) -> OpenItem:
        found = [each for each in self.items(("credit_note",)) if each.invoice == number]
        if not found:
            raise WrongState("credit_note_not_open", invoice=number)
        return found[0]

    def _write(
        self, kind: str, amount: Decimal, parts: list[tuple[int, Share]], of: str = "", reverses: str = ""
    ) -> Paid:
        number = f"RG-{len(self.payments) + 1}"
        self.payments[number] = Payment(number, kind, amount, list(parts), of, reverses)
        return self._said(number, parts)

    def _said(self, number: str, parts: Iterable[tuple[int, Share]]) -> Paid:
        found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for paper, part in parts:
            validated = self.papers[paper].validated
            assert validated is not None
            found[validated.number, part.vat] += part.amount
        return Paid(number, found)

    # -- how far it is ---------------------------------------------------------------------------------------------------------------------

    def reach(self, order: str, what: str) -> str:
        row = self.orders[order]
        if row.terms.closing_rule == what:
            orders.close(row.row, "", NOW)
        return row.status

    def close(self, order: str, reason: str) -> str:
        row = self.orders[order]
        orders.close(row.row, reason, NOW)
        return row.status

    def seen(self) -> Seen:
        levels = {article: self.level(article) for article in ARTICLES}
        receipts = [each.number for each in self.payments.values() if each.kind == "receipt"]
        items = self.items(("invoice", "credit_note"))
        return Seen(
            orders={number: self._way(each) for number, each in self.orders.items()},
            levels={name: (each.on_hand, each.reserved, stock.available(each)) for name, each in levels.items()},
            items={each.invoice: {one.vat: one.amount for one in each.shares} for each in items},
            on_account=sum((self.rest(each) for each in receipts), ZERO),
        )

    def _way(self, order: Order) -> Way:
        earlier = self.earlier(order)
        drafts = (each for each in self.papers.values() if each.kind == "invoice" and each.validated is None)
        return Way(
            status=order.status,
            goes_on=orders.goes_on(order.row),
            progress=self.progress(order),
            invoiced={line: (each.quantity, each.amount) for line, each in earlier.lines.items()},
            rates=earlier.rates,
            charges=(earlier.shipping, earlier.adjustment),
            is_open=self.is_open(order),
            is_fully_invoiced=rules.is_fully_invoiced(order.sale.lines, earlier.lines)
            and not any(each.order is order for each in drafts),
        )


def _carried(row: Delivery) -> tuple[Carried, ...]:
    return tuple(Carried(place, line, quantity) for place, (line, quantity) in row.lines.items())


def _sources(drafted: Drafted) -> tuple[int | None, ...]:
    return tuple(each.source for each in drafted.lines)


def _figures(row: Paper) -> Figures:
    drafted = row.drafted
    lines = zip(row.ids, row.of, drafted.lines, strict=True)
    return Figures(
        id=row.id,
        lines=tuple(Papered(id_, of, each.line.quantity, each.amount) for id_, of, each in lines),
        rates=drafted.rates,
        shipping=drafted.shipping,
        adjustment=drafted.adjustment,
        net=drafted.net,
        tax=drafted.tax,
        total=drafted.total,
    )


def _whole(drafted: Drafted) -> Earlier:
    rates = {each.vat: each for each in drafted.rates}
    return Earlier(lines={}, rates=rates, shipping=drafted.shipping, adjustment=drafted.adjustment)


def _summed(papers: Iterable[tuple[Drafted, tuple[int | None, ...], int]], amounts: Sequence[Drafted] = ()) -> Earlier:
    """``amounts``: those of them that have no quantities."""
    lines: dict[int, Invoiced] = {}
    rates: dict[str, RateTotal] = {}
    shipping = adjustment = ZERO
    for paper, of, sign in papers:
        shipping += sign * paper.shipping
        adjustment += sign * paper.adjustment
        for line, each in zip(of, paper.lines, strict=True):
            if line is not None and each.amount is not None:
                before = lines.get(line, rules.NOTHING)
                amount, is_reduction = before.amount + sign * each.amount, any(one is paper for one in amounts)
                lines[line] = Invoiced(
                    quantity=before.quantity + (0 if is_reduction else sign * each.line.quantity),
                    amount=amount,
                    reduced=before.reduced + (each.amount if is_reduction else 0),
                )
        for part in paper.rates:
            known = rates.get(part.vat)
            figures = {name: (getattr(known, name) if known else ZERO) + sign * getattr(part, name) for name in SUMMED}
            rates[part.vat] = RateTotal(vat=part.vat, rate=part.rate, **figures)
    return Earlier(lines=lines, rates=rates, shipping=shipping, adjustment=adjustment)


def _wanted(asked: Sequence[tuple[int, Decimal]], is_open: Mapping[int, Decimal]) -> dict[int, Decimal]:
    if found := rules.above(asked, is_open):
        raise InvalidInput(tuple(found))
    wanted: dict[int, Decimal] = defaultdict(Decimal)
    for line, quantity in asked:
        if quantity:
            wanted[line] += quantity
    if not wanted:
        raise InvalidInput((FieldProblem(field="quantities", code="invoice_quantities_missing"),))
    return wanted


def _paid(
    way: str, chosen: Sequence[Wanted], amount: Decimal, items: Sequence[OpenItem], first: str = ""
) -> tuple[Wanted, ...]:
    if way == "account":
        return ()
    if way == "oldest":
        return payments.oldest_first(amount, items, first)
    if found := payments.wanted_problems(amount, chosen, {each.invoice: each.open for each in items}):
        raise InvalidInput(tuple(found))
    return tuple(chosen)


def _parts(paid: Sequence[Wanted], items: Sequence[OpenItem]) -> list[tuple[int, Share]]:
    known = {each.invoice: each for each in items}
    found = ((known[each.invoice], each.amount) for each in paid)
    return [(item.id, part) for item, amount in found for part in payments.share(amount, item.shares)]


def _opposite(parts: Iterable[tuple[int, Share]]) -> list[tuple[int, Share]]:
    return [(paper, replace(part, amount=-part.amount)) for paper, part in parts]
