"""The shipped process ``replenishment``: every way through it on the pure kernel, with handlers that only answer; and its stories with the
real handlers on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from engine.calendar import WorkingCalendar
from engine.definitions.environment import environment, working_time_functions
from engine.definitions.gate import check
from engine.handler import Choice, ChoiceSource, HandlerTable
from engine.identity.people import add_person
from engine.instances import commands, queries
from engine.instances.runtime import Runtime
from engine.kernel import State, advance, fold
from engine.model.bundle import Bundle, read_bundle
from engine.protocol import events as happened
from engine.protocol.stimuli import CompleteTask, FireTimer, ReturnHandler, Start, Stimulus, ThrowError, Variables
from engine.stories import play, read_story
from handlers.catalogue.commands import columns
from handlers.catalogue.tables import Article
from handlers.catalogue.types import ArticleData
from handlers.demonstration.stock import seed_stock
from handlers.purchasing.tables import Supplier
from handlers.stock.ledger import availability
from handlers.table import HANDLERS
from tests import replenishment
from tests.engine.stories.telling import at
from tests.processes.told import AUDITOR, Told, entered, house, plain

SUBMITTED_AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # a Friday
CALENDAR = WorkingCalendar(zone=ZoneInfo("Europe/Paris"))
REQUEST: Variables = {
    "article": "LAM",
    "quantity": Decimal(30),
    "warehouse": None,
    "needed_on": None,
    "comment": None,
}
RESULTS: Mapping[str, Variables] = {
    "submit_request": {"request_number": "DA-2026-00001", "article_name": "Lampe", "unit": "pièce"},
    "launch_request": {"order_number": "CF-2026-00001", "supplier_name": "Pro", "outstanding": Decimal(30)},
    "refuse_request": {"request_status": "refused"},
    "take_in": {"outstanding": Decimal(0)},
    "close_request": {"request_status": "cancelled"},
}


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return read_bundle(replenishment.files())


@dataclass
class Case:
    """One case on the kernel. ``path`` is what was entered, in order; handlers answer from RESULTS, or fail as ``errors`` says.

    ``left``: what is still to come after each receipt.
    """

    bundle: Bundle
    errors: dict[str, list[str]] = field(default_factory=dict)
    now: datetime = SUBMITTED_AT
    state: State | None = None
    events: list[happened.Event] = field(default_factory=list)
    given: dict[str, Variables] = field(default_factory=dict)
    left: list[Decimal] = field(default_factory=list)

    def happen(self, stimulus: Stimulus) -> None:
        surroundings = environment(self.now, CALENDAR, working_time_functions(CALENDAR))
        self.state, events = advance(self.bundle.model, self.state, stimulus, surroundings)
        self.events += events
        assert fold(self.bundle.model, self.events) == self.state
        for event in events:
            if isinstance(event, happened.HandlerRequested):
                self._answer(event)

    def _answer(self, request: happened.HandlerRequested) -> None:
        self.given[request.element] = request.given
        if codes := self.errors.get(request.element):
            self.happen(ThrowError(activity=request.activity, code=codes.pop(0)))
        else:
            result = RESULTS.get(request.element, {})
            if request.element == "take_in" and self.left:
                result = {"outstanding": self.left.pop(0)}
            self.happen(ReturnHandler(activity=request.activity, result=result))

    def start(self) -> Case:
        self.happen(Start(process="replenishment", variables=REQUEST))
        return self

    def open_task(self) -> happened.TaskCreated:
        closed = {e.activity for e in self.events if isinstance(e, happened.TaskCompleted | happened.TaskCancelled)}
        (task,) = (e for e in self.events if isinstance(e, happened.TaskCreated) and e.activity not in closed)
        return task

    def answer(self, actor: str, **answers: str | Decimal) -> Case:
        self.happen(CompleteTask(activity=self.open_task().activity, actor=actor, variables=answers))
        return self

    @property
    def path(self) -> list[str]:
        return [e.element for e in self.events if isinstance(e, happened.ElementEntered)]

    @property
    def status(self) -> str:
        assert self.state is not None
        return self.state.status


def test_the_deploy_gate_finds_nothing() -> None:
    assert check(replenishment.files(), HANDLERS) == ()


@pytest.mark.parametrize(
    ("refuses", "found"),
    [
        (
            "article_unknown",
            [
                ("error_not_caught", "warning", "article_not_short"),
                ("error_not_caught", "warning", "warehouse_unknown"),
            ],
        ),
        ("article_unknown, article_not_short, warehouse_unknown, other", [("error_never_raised", "error", "other")]),
    ],
)
def test_refusals_that_are_meant_are_named_on_the_task(refuses: str, found: list[tuple[str, str, str]]) -> None:
    files = replenishment.files()
    written = files[replenishment.YAML].decode()
    assert "[article_unknown, article_not_short, warehouse_unknown]" in written
    changed = written.replace("[article_unknown, article_not_short, warehouse_unknown]", f"[{refuses}]")
    files[replenishment.YAML] = changed.encode()
    problems = check(files, HANDLERS)
    assert [(each.code, each.severity, each.facts["error"]) for each in problems] == found
    assert {each.element_id for each in problems} == {"submit_request"}


def test_refused_with_a_reason(bundle: Bundle) -> None:
    case = Case(bundle).start().answer("gabriel", decision="refuse", reason="Fin de série")
    assert case.status == "completed"
    assert case.path[-3:] == ["refuse_request", "tell_refused", "refused"]
    assert case.given["refuse_request"] == {
        "request_number": "DA-2026-00001",
        "reason": "Fin de série",
        "refused_by": "gabriel",
    }
    assert case.given["tell_refused"]["reason"] == "Fin de série"


def launched(case: Case, unit_price: str) -> Case:
    return case.answer("gabriel", decision="launch", supplier="PRO", unit_price=Decimal(unit_price))


@pytest.mark.parametrize(
    ("unit_price", "needs_approval"), [("166.66", False), ("166.6666", False), ("166.67", True), ("1000", True)]
)
def test_the_threshold_decides_who_decides(bundle: Bundle, unit_price: str, *, needs_approval: bool) -> None:
    """30 pieces: 166.66 is 4,999.80; 166.6666 is rounded to 5,000.00; 166.67 is 5,000.10."""
    case = launched(Case(bundle).start(), unit_price)
    assert ("approve_order" in case.path) == needs_approval
    assert ("launch_request" in case.path) == (not needs_approval)


def test_launched_without_approval(bundle: Bundle) -> None:
    case = launched(Case(bundle).start(), "10")
    assert case.path[-5:] == ["launch_request", "tell_launched", "launched", "set_deadline", "receive_goods"]
    assert case.given["launch_request"]["launched_by"] == "gabriel"
    assert case.given["launch_request"]["approved_by"] is None


def test_approved_by_the_manager(bundle: Bundle) -> None:
    case = launched(Case(bundle).start(), "199.90")
    task = case.open_task()
    assert (task.element, task.role, task.form, task.not_same_as) == (
        "approve_order",
        "purchasing_manager",
        "approval",
        "decide_request",
    )
    case.answer("monique", agreement="granted")
    assert case.open_task().element == "receive_goods"
    assert case.given["launch_request"]["launched_by"] == "gabriel"
    assert case.given["launch_request"]["approved_by"] == "monique"


def test_denied_by_the_manager(bundle: Bundle) -> None:
    case = launched(Case(bundle).start(), "199.90").answer("monique", agreement="denied", agreement_comment="Trop cher")
    assert case.path[-1] == "refused"
    assert case.given["refuse_request"]["reason"] == "Trop cher"
    assert case.given["refuse_request"]["refused_by"] == "monique"
    assert "launch_request" not in case.path


def test_an_inactive_supplier_leads_back_to_the_decision(bundle: Bundle) -> None:
    case = launched(Case(bundle, errors={"launch_request": ["supplier_inactive"]}).start(), "10")
    assert case.open_task().element == "decide_request"
    assert case.state is not None
    assert case.state.root_variables["blocked_supplier"] == "PRO"
    launched(case, "11")
    assert case.open_task().element == "receive_goods"


def test_an_approval_counts_for_the_order_it_was_given_for_only(bundle: Bundle) -> None:
    """Approved, but the supplier is inactive: the next, cheaper decision needs no approval, and the order must not claim one."""
    case = launched(Case(bundle, errors={"launch_request": ["supplier_inactive"]}).start(), "199.90")
    case.answer("monique", agreement="granted")
    assert case.given["launch_request"]["approved_by"] == "monique"
    launched(case, "10")
    assert case.open_task().element == "receive_goods"
    assert case.given["launch_request"]["approved_by"] is None


def test_a_reminder_goes_out_after_two_working_days(bundle: Bundle) -> None:
    case = Case(bundle).start()
    (timer,) = (event for event in case.events if isinstance(event, happened.TimerSet))
    assert timer.due_at == SUBMITTED_AT + timedelta(days=4), "Friday, then Monday and Tuesday"
    assert case.open_task().due_at == timer.due_at
    case.now = timer.due_at
    case.happen(FireTimer(wait=timer.wait))
    assert case.path[-2:] == ["remind_buyers", "reminded"]
    assert case.given["remind_buyers"]["role"] == "purchasing_admin"
    assert case.open_task().element == "decide_request", "the reminder does not interrupt"
    case.answer("ines", decision="refuse", reason="non")
    assert case.status == "completed"


def test_deciding_in_time_cancels_the_reminder(bundle: Bundle) -> None:
    case = Case(bundle).start().answer("gabriel", decision="refuse", reason="non")
    assert any(isinstance(event, happened.TimerCancelled) for event in case.events)


def test_goods_come_in_parts_and_each_part_is_told(bundle: Bundle) -> None:
    case = launched(Case(bundle, left=[Decimal(18), Decimal(0)]).start(), "10")
    assert (case.open_task().role, case.open_task().form) == ("warehouse", "receipt")
    case.answer("bruno", received=Decimal(12), delivery_note="BL 4711", more_expected="yes")
    assert case.given["take_in"]["received"] == Decimal(12)
    assert (case.status, case.open_task().element) == ("active", "receive_goods")
    case.answer("bruno", received=Decimal(18))
    assert [each for each in case.path if "gateway" not in each][-3:] == ["goods_received", "tell_end", "received"]
    assert case.status == "completed"
    told = [(each.name, each.key) for each in case.events if isinstance(each, happened.MessageThrown)]
    assert told == [("goods_received", "LAM")] * 2


def test_late_goods_are_told_to_purchasing_and_still_taken_in(bundle: Bundle) -> None:
    case = launched(Case(bundle).start(), "10")
    (timer,) = (each for each in case.events if isinstance(each, happened.TimerSet) and "delivery_late" in each.element)
    assert timer.due_at == case.open_task().due_at == datetime(2026, 12, 4, 17, tzinfo=UTC), "ten working days"
    case.now = timer.due_at
    case.happen(FireTimer(wait=timer.wait))
    assert case.path[-2:] == ["remind_delivery", "lateness_told"]
    assert case.given["remind_delivery"]["outstanding"] == Decimal(30)
    case.answer("bruno", received=Decimal(30))
    assert case.status == "completed"


def test_purchasing_decides_on_what_does_not_come(bundle: Bundle) -> None:
    case = launched(Case(bundle, left=[Decimal(30), Decimal(30)]).start(), "10")
    case.answer("bruno", received=Decimal(0), more_expected="no")
    assert (case.open_task().element, case.open_task().role) == ("settle_rest", "purchasing_admin")
    case.answer("gabriel", rest="wait")
    case.answer("bruno", received=Decimal(0), more_expected="no")
    case.answer("gabriel", rest="give_up", rest_reason="Faillite")
    assert case.path[-2:] == ["tell_end", "received"]
    assert case.given["close_request"] == {
        "order_number": "CF-2026-00001",
        "reason": "Faillite",
        "closed_by": "gabriel",
    }
    assert not any(isinstance(each, happened.MessageThrown) for each in case.events), "nothing has come"


RACES = {"late_and_inactive"}
"""Stories in which two people decide at once; ``tests/handlers/purchasing`` has their refusals."""
OFFERED = ChoiceSource(
    name="stock.short_articles", read=lambda _session: [Choice(value="ART-001", label="offered a moment ago")]
)
TABLE = HandlerTable(handlers=HANDLERS.handlers, choices={**HANDLERS.choices, OFFERED.name: OFFERED})
STORIES = sorted(each for each in replenishment.FOLDER.glob("stories/*.yaml") if each.stem not in RACES)
SHORT = {"ordered", "given_up"}
"""Stories that each check plays on the database; the others say little more there, and wait for the long tests."""
PEOPLE = ("claire", "paul", "odile", "bruno")


@dataclass
class RequestTold(Told):
    """A story about one article, which is short, and its supplier."""

    def prepare(self) -> None:
        with self.runtime.database.transaction() as session:
            told = ArticleData(name="Papier A4", unit="carton")
            article = Article(reference="ART-001", **columns("ART-001", told))
            session.add(article)
            session.flush()
            is_short = self.following is None or self.following.raises != "article_not_short"
            seed_stock(session, article, Decimal(3 if is_short else 30), Decimal(0), Decimal(20))
            session.add(Supplier(code="F-01", name="Papeterie", email="f-01@example.test", is_active=True))

    def start(self) -> None:
        answers = {name: str(plain(value)) for name, value in (self.story.start.answers or {}).items()}
        claire = self.actor("claire")
        self.case = self.attempt(
            lambda: commands.start_instance(self.runtime, claire, "replenishment", answers).instance_id
        )


@pytest.fixture(scope="module")
def published(template_url: str) -> Iterator[Runtime]:
    with house(template_url, "requests", ("replenishment",)) as runtime:
        with runtime.database.transaction() as session:
            for login in PEOPLE:
                email = f"{login}@example.test"
                add_person(session, login=login, name=login, email=email, password=None, roles=(), locale="fr")
        yield replace(runtime, handlers=TABLE)


@pytest.fixture
def runtime(published: Runtime) -> Runtime:
    """Without an article: each story begins with the first one."""
    with published.database.transaction() as session:
        session.execute(text("TRUNCATE business.article, business.supplier, business.number_series CASCADE"))
        session.execute(text("DELETE FROM engine.message"))
    return published


@pytest.mark.parametrize(
    "file",
    [pytest.param(each, marks=() if each.stem in SHORT else pytest.mark.long, id=each.stem) for each in STORIES],
)
def test_each_story_goes_the_same_way_with_real_handlers(file: Path, bundle: Bundle, runtime: Runtime) -> None:
    story = read_story(file.read_bytes(), f"stories/{file.name}")
    report = play(bundle, story, HANDLERS, at)
    assert report.deviations == ()
    told = RequestTold(runtime=runtime, story=story)
    told.go()
    if story.ending.kind == "refused":
        assert (told.case, told.refused) == (0, story.ending.value)
        return
    with runtime.database.reading() as session:
        case = queries.case(session, AUDITOR, told.case)
        request = session.execute(text("SELECT number, status FROM business.replenishment_request")).one()
        level = availability(session, ["ART-001"])["ART-001"]
        thrown = session.execute(
            text("SELECT correlation_key, payload::jsonb FROM engine.message WHERE name = 'goods_received'")
        ).all()
    assert [each.element_id for each in case.timeline if each.type == "element:entered"] == entered(report)
    assert (case.row.status, case.row.business_key) == ("completed", request.number)
    assert report.state is not None
    named = {name: case.variables.get(name) for name in ("amount", "outstanding", "approved_by", "closed_by")}
    assert named == {name: report.state.root_variables.get(name) for name in named}
    came = [each for each in report.events if isinstance(each, happened.MessageThrown)]
    assert [tuple(each) for each in thrown] == [("ART-001", {"article": "ART-001"})] * len(came)
    if story.ending.value == "refused":
        assert [request.status, level.on_hand] == ["refused", 3]
        return
    outstanding = report.state.root_variables["outstanding"]
    assert isinstance(outstanding, Decimal)
    wanted = report.state.root_variables["quantity"]
    assert isinstance(wanted, Decimal)
    assert level.on_hand == 3 + wanted - outstanding
    assert request.status == ("received" if came else "cancelled")
