"""The shipped process ``replenishment`` on the pure kernel: every way through it, with handlers that only answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from engine.calendar import WorkingCalendar
from engine.definitions.environment import environment, working_time_functions
from engine.definitions.gate import check
from engine.kernel import State, advance, fold
from engine.model.bundle import Bundle, read_bundle
from engine.protocol import events as happened
from engine.protocol.stimuli import CompleteTask, FireTimer, ReturnHandler, Start, Stimulus, ThrowError, Variables
from handlers.table import HANDLERS
from tests import replenishment

SUBMITTED_AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # a Friday
CALENDAR = WorkingCalendar(zone=ZoneInfo("Europe/Paris"))
REQUEST: Variables = {"article": "LAM", "quantity": Decimal(30), "needed_on": None, "comment": None}
RESULTS: Mapping[str, Variables] = {
    "submit_request": {"request_number": "DA-2026-00001", "article_name": "Lampe", "unit": "pièce"},
    "launch_request": {"order_number": "CF-2026-00001", "supplier_name": "Pro"},
    "refuse_request": {"request_status": "refused"},
}


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return read_bundle(replenishment.files())


@dataclass
class Case:
    """One case on the kernel. ``path`` is what was entered, in order; handlers answer from RESULTS, or fail as ``errors`` says."""

    bundle: Bundle
    errors: dict[str, list[str]] = field(default_factory=dict)
    now: datetime = SUBMITTED_AT
    state: State | None = None
    events: list[happened.Event] = field(default_factory=list)
    given: dict[str, Variables] = field(default_factory=dict)

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
            self.happen(ReturnHandler(activity=request.activity, result=RESULTS.get(request.element, {})))

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
        ("article_unknown", [("error_not_caught", "warning", "article_not_short")]),
        ("article_unknown, article_not_short, other", [("error_never_raised", "error", "other")]),
    ],
)
def test_refusals_that_are_meant_are_named_on_the_task(refuses: str, found: list[tuple[str, str, str]]) -> None:
    files = replenishment.files()
    written = files[replenishment.YAML].decode()
    assert "[article_unknown, article_not_short]" in written
    changed = written.replace("[article_unknown, article_not_short]", f"[{refuses}]")
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
    assert case.status == ("active" if needs_approval else "completed")


def test_launched_without_approval(bundle: Bundle) -> None:
    case = launched(Case(bundle).start(), "10")
    assert case.path[-3:] == ["launch_request", "tell_launched", "launched"]
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
    assert case.status == "completed"
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
    assert case.path[-1] == "launched"


def test_an_approval_counts_for_the_order_it_was_given_for_only(bundle: Bundle) -> None:
    """Approved, but the supplier is inactive: the next, cheaper decision needs no approval, and the order must not claim one."""
    case = launched(Case(bundle, errors={"launch_request": ["supplier_inactive"]}).start(), "199.90")
    case.answer("monique", agreement="granted")
    assert case.given["launch_request"]["approved_by"] == "monique"
    launched(case, "10")
    assert case.status == "completed"
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


def test_every_element_is_reached_by_these_ways(bundle: Bundle) -> None:
    ways = [
        Case(bundle).start().answer("gabriel", decision="refuse", reason="non"),
        launched(Case(bundle).start(), "199.90").answer("monique", agreement="granted"),
        launched(Case(bundle, errors={"launch_request": ["supplier_inactive"]}).start(), "10"),
    ]
    late = Case(bundle).start()
    late.happen(FireTimer(wait=next(e.wait for e in late.events if isinstance(e, happened.TimerSet))))
    reached = {element for case in (*ways, late) for element in case.path}
    assert reached == set(bundle.model.processes["replenishment"].nodes)
