"""One order from its quote to its last payment, told as it happens: ``make tour``, or ``python -m handlers.demonstration.tour [fr|en]``.

Seven people of the demonstration, their customer and the machine do what the pages do, by the same commands, with the shipped processes; on
a database of its own that is gone afterwards. The days pass as the clock of the tour says.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TextIO
from zoneinfo import ZoneInfo

from engine import clock
from engine.database.embedded import EmbeddedServer
from engine.database.migrations import migrate
from engine.database.session import Database
from engine.definitions.store import publish_folder
from engine.handler import Actor
from engine.identity.people import find_actor
from engine.inbox import lists
from engine.inbox.lists import Asked, Criteria
from engine.instances import commands, queries, telling
from engine.instances.names import element_title
from engine.instances.runtime import Runtime
from engine.instances.telling import News, Told
from engine.jobs import outbox
from engine.mail import letters
from engine.record import RecordCommand
from engine.records import Recorded
from engine.settings import CHECKOUT
from engine.texts import format as formats
from engine.timers.promoter import promote
from engine.worker import run_pending
from handlers.base.roles import ROLES
from handlers.customers.queries import customers_page, find_customer
from handlers.demonstration.seed import seed
from handlers.orders import queries as orders
from handlers.orders.settings import SetDefaults, set_defaults
from handlers.orders.types import OrderDefaults
from handlers.payments.commands import RecordPayment, record_payment
from handlers.payments.types import PaymentData
from handlers.sales import commands as sales
from handlers.sales import queries as quotes
from handlers.sales.types import Line, QuoteData
from handlers.stock import queries as stock
from handlers.table import HANDLERS

_PARIS: Final = ZoneInfo("Europe/Paris")
_BEGINS: Final = datetime(2026, 11, 30, 9, 0, tzinfo=_PARIS)
_TITLES: Final = {key: {"fr": fr, "en": en} for key, fr, en in ROLES}
_LAMPS, _DESKS = "LAM-LED-11", "BUR-CH-160"
_WORKED: Final = frozenset({"handler:returned", "decision:evaluated", "message:thrown"})
"""What of a case's history tells that the machine did something."""


@dataclass
class Tour:
    """The house at work, and what is told of it: into ``out``, in ``language``."""

    runtime: Runtime
    language: str
    out: TextIO
    now: datetime = _BEGINS
    _seen: dict[int, int] = field(default_factory=dict)
    _letters: int = 0

    @property
    def database(self) -> Database:
        """Where it works."""
        return self.runtime.database

    @property
    def today(self) -> date:
        """The company's day."""
        return self.now.astimezone(_PARIS).date()

    def line(self, who: str, what: str) -> None:
        """A line of the transcript."""
        self.out.write(f"  {self.now.astimezone(_PARIS):%H:%M}  {who:<40} {what}\n")

    def chapter(self, french: str, english: str, *, days: int = 0, hours: int = 0) -> None:
        """What comes next: so many hours later, or in the morning so many days later."""
        self.now += timedelta(hours=hours)
        if days:
            self.now = datetime.combine(self.today + timedelta(days=days), _BEGINS.timetz())
        self.machine()
        self.out.write(f"\n{formats.day(self.today, self.language)} · {french if self.language == 'fr' else english}\n")

    def person(self, login: str) -> tuple[Actor, str]:
        """Somebody of the house, with name and role for the transcript."""
        with self.database.reading() as session:
            actor = find_actor(session, login)
        assert actor is not None, login
        roles = ", ".join(_TITLES[role][self.language] for role in sorted(actor.roles))
        return actor, f"{actor.name} ({roles})"

    def record(
        self, login: str, command: RecordCommand[Any], given: object, news: Told | Sequence[News] = ()
    ) -> Recorded:
        """What somebody changes on a page."""
        actor, name = self.person(login)
        told = news if isinstance(news, News) or callable(news) else lambda _: news
        done = telling.execute(self.database, command, given, actor, told, now=self.now)
        title = command.title_fr if self.language == "fr" else command.title_en
        self.line(name, f"{title}{f' → {done.answer}' if isinstance(done.answer, str) else ''}")
        self.machine()
        return done

    def start(self, login: str, process: str, **answers: str) -> None:
        """Somebody begins a case."""
        actor, name = self.person(login)
        with clock.frozen(self.now):
            begun = commands.start_instance(self.runtime, actor, process, answers)
        with self.database.reading() as session:
            case = queries.case(session, actor, begun.instance_id)
        self.line(name, f"{case.row.process_title[self.language]} {begun.business_key}")
        self.machine()

    def answer(self, login: str, element: str, **answers: str) -> None:
        """Somebody does the task of their inbox that this element asks for; the oldest, where there are several."""
        actor, name = self.person(login)
        with self.database.reading() as session, clock.frozen(self.now):
            asked = Asked(actor=actor, view="role", now=self.now, criteria=Criteria())
            tasks = lists.page(session, asked, limit=200).tasks
        task = min((each for each in tasks if each.element_id == element), key=lambda each: each.id)
        with self.database.reading() as session:
            form = queries.task(session, actor, task.id).form
        self.now += timedelta(minutes=10)
        with clock.frozen(self.now):
            commands.complete_task(self.runtime, actor, task.id, answers)
        labels = (
            {} if form is None else {(each.name, o.value): o.label for each in form.fields for o in each.options or ()}
        )
        said = [dict(labels.get(each, {})).get(self.language, each[1]) for each in answers.items()]
        called = " ".join(filter(None, (task.title[self.language], task.business_key)))
        self.line(name, f"{called} – {', '.join(said)}")
        self.machine()

    def machine(self) -> None:
        """What is queued or due is done; tell of it, and of the letters that leave. Nobody takes one back."""
        for _ in range(20):
            with clock.frozen(self.now):
                with self.database.transaction() as session:
                    promote(session, self.now)
                    outbox.promote(session, self.now)
                run_pending(self.runtime)
                if self._tell():
                    continue
            if not self._wait_for_held():
                return
        raise AssertionError("the machine finds no rest")

    def _wait_for_held(self) -> bool:
        """Let the time pass in which somebody could take back what goes next; whether there is something."""
        auditor, _ = self.person("aurelien")
        with self.database.reading() as session:
            cases = [queries.case(session, auditor, row.id) for row in queries.cases(session, auditor, limit=200).cases]
        held = [(each.held_until, case, each) for case in cases for each in case.held.values()]
        if not held:
            return False
        until, case, effect = min(held, key=lambda each: each[0])
        step = element_title(case.definition.bundle, effect.element_id)[self.language]
        may = "peut être rappelé jusqu’à" if self.language == "fr" else "can be taken back until"
        self.line("Bordereau", f"{case.row.business_key}: {step}, {may} {until.astimezone(_PARIS):%H:%M}")
        self.now = max(self.now, until)
        return True

    def _tell(self) -> bool:
        """Whether there was something to tell."""
        who = "Bordereau"
        auditor, _ = self.person("aurelien")
        told = 0
        with self.database.reading() as session:
            for row in reversed(queries.cases(session, auditor, limit=200).cases):
                case = queries.case(session, auditor, row.id)
                news = case.timeline[self._seen.get(row.id, 0) :]
                self._seen[row.id] = len(case.timeline)
                done = [
                    element_title(each.bundle, each.element_id)[self.language]
                    for each in news
                    if each.type in _WORKED and each.element_id is not None
                ]
                called = " ".join(filter(None, (row.process_title[self.language], row.business_key)))
                if done:
                    self.line(who, f"{called}: {', '.join(done)}")
                if news and row.status in {"completed", "failed"}:
                    self.line(who, f"{called} ✓")
                told += len(news)
            posted = [each for each in reversed(letters.page(session, limit=50)) if each.id > self._letters]
        for each in posted:
            self._letters = each.id
            paper = f" [{each.attachment_name}]" if each.attachment_name else ""
            self.line(f"✉ {each.to_address or each.to_login}", f"{each.subject}{paper}")
        return bool(told)


def tell(tour: Tour) -> None:
    """The whole story."""
    tour.chapter("Une commande se clôt quand elle est payée", "An order closes when it is paid")
    tour.record("marc", set_defaults, SetDefaults(defaults=OrderDefaults(closing_rule="paid")))
    tour.chapter("Le devis", "The quote")
    number = _quote(tour)
    tour.chapter("L’accord, puis l’envoi", "The approval, and off it goes", hours=2)
    tour.answer("marc", "approve_quote", agreement="granted")
    tour.chapter("Le client accepte par son lien", "The customer accepts by the link", days=1)
    _accept(tour, number)
    with tour.database.reading() as session:
        order = orders.order_of_quote(session, number)
    assert order is not None

    tour.chapter("La commande, et ce qui manque", "The order, and what it lacks", hours=1)
    with tour.database.reading() as session:
        (lamps,) = stock.find_articles(session, [_LAMPS])
    assert lamps.is_short
    tour.start("camille", "replenishment", article=_LAMPS, quantity="30", comment=order)
    tour.chapter("Les achats décident", "Purchasing decides", hours=1)
    expected = (tour.today + timedelta(days=3)).isoformat()
    tour.answer(
        "gabriel", "decide_request", decision="launch", supplier="LUMIERE-PRO", unit_price="31.50", expected_on=expected
    )

    tour.chapter("Première livraison : ce qui est là", "First delivery: what is there", hours=2)
    tour.answer("bruno", "pick", outcome="all")
    tour.answer("bruno", "ship", outcome="shipped", carrier="Transports du Jura")
    tour.chapter("Première facture : les biens livrés", "First invoice: the goods", hours=1)
    tour.answer("camille", "ask_invoice", what="products")
    tour.answer("yasmine", "validate_draft", decision="validate", terms="30_days")

    tour.chapter("Les lampes arrivent", "The lamps come in", days=3)
    tour.answer("bruno", "receive_goods", received="30")
    tour.chapter("Deuxième livraison : le reste", "Second delivery: the rest", hours=1)
    tour.answer("bruno", "pick", outcome="all")
    tour.answer("bruno", "ship", outcome="shipped", carrier="Transports du Jura")
    tour.chapter("La facture finale", "The final invoice", hours=2)
    tour.answer("camille", "ask_invoice", what="remaining")
    tour.answer("yasmine", "validate_draft", decision="validate", terms="30_days")

    tour.chapter("Le client paie, en deux fois", "The customer pays, in two parts", days=20)
    with tour.database.reading() as session:
        view = orders.find_order(session, order)
    assert view is not None
    first = Decimal(1000)
    _pay(tour, view.party.number, first)
    tour.chapter("Le solde", "The balance", days=5)
    _pay(tour, view.party.number, view.totals.total - first)
    with tour.database.reading() as session:
        view = orders.find_order(session, order)
    assert view is not None
    assert view.status == "closed", view.status
    tour.line("Bordereau", f"{order} ✓ {formats.money(view.totals.total, tour.language)}")


def _quote(tour: Tour) -> str:
    """Desks, more lamps than there are, and the fitting of it all; cheap enough to need an approval."""
    with tour.database.reading() as session:
        (row,) = customers_page(session, search="Vallier").customers
        customer = find_customer(session, row.number)
        known = {each.reference: each.data for each in stock.find_articles(session, [_DESKS, _LAMPS])}
    assert customer is not None
    place = customer.addresses[0].id
    goods = tuple(
        Line(
            article=reference,
            text=known[reference].name,
            quantity=Decimal(quantity),
            unit=known[reference].unit,
            unit_price=known[reference].sale_price or Decimal(0),
            discount=Decimal(12),
        )
        for reference, quantity in ((_DESKS, 1), (_LAMPS, 6))
    )
    fitting = Line(text="Montage sur place", unit="forfait", unit_price=Decimal(180), product_type="service")
    quote = QuoteData(
        subject="Bureau de l’accueil",
        email=customer.data.email,
        billing_id=place,
        shipping_id=place,
        valid_until=tour.today + timedelta(days=30),
    )
    given = sales.AddQuote(customer=customer.number, quote=quote, lines=(*goods, fitting), today=tour.today)
    number = str(tour.record("sarah", sales.add_quote, given).answer)
    tour.start("sarah", "quote_acceptance", quote=number)
    return number


def _accept(tour: Tour, number: str) -> None:
    """What the customer sends from the page of the link."""
    with tour.database.reading() as session:
        view = quotes.find_quote(session, number)
    assert view is not None
    given = sales.AnswerQuote(
        number=number,
        version=view.version,
        content_hash=view.content_hash or "",
        answer="accepted",
        name="Hélène Vallier",
        function="Gérante",
        consent=f"Bon pour accord : {number}, {formats.money(view.totals.total, 'fr')} TTC",
        today=tour.today,
    )
    customer = Actor(login="customer", name=view.party.name, roles=frozenset({sales.BY_LINK}))
    news = News(name="quote_answered", key=f"{number}/{view.version}")
    telling.execute(tour.database, sales.answer_quote, given, customer, news, now=tour.now)
    tour.line("Hélène Vallier (Cabinet Vallier)", given.consent)
    tour.machine()


def _pay(tour: Tour, customer: str, amount: Decimal) -> None:
    """A transfer, the oldest invoices first."""
    payment = PaymentData(received_on=tour.today, amount=amount, reference="VIR VALLIER")
    given = RecordPayment(customer=customer, payment=payment, key=f"tour:{amount}", today=tour.today)

    def news(done: Recorded) -> list[News]:
        return [News(name="invoice_paid", key=each) for each in done.answer.settled]

    tour.record("yasmine", record_payment, given, news)
    tour.line("", formats.money(amount, tour.language))


def main() -> None:
    """Make the house, tell the story."""
    language = sys.argv[1] if len(sys.argv) > 1 else "fr"
    if language not in {"fr", "en"}:
        sys.exit("fr | en")
    with tempfile.TemporaryDirectory(prefix="bordereau-tour-") as folder:
        Path(folder).chmod(0o711)  # the server's own user goes through it
        with EmbeddedServer(Path(folder) / "postgresql") as server:
            migrate(server.url())
            database = Database(server.url())
            try:
                runtime = Runtime(database=database, handlers=HANDLERS)
                with clock.frozen(_BEGINS):
                    seed(database)
                    for each in sorted((CHECKOUT / "processes").iterdir()):
                        publish_folder(database, each, HANDLERS, runtime.environment)
                tell(Tour(runtime=runtime, language=language, out=sys.stdout))
            finally:
                database.dispose()


if __name__ == "__main__":
    main()
