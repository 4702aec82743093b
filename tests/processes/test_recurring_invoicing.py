"""The shipped process ``recurring_invoicing``: when it begins, for whom, what it makes of what people type. Its stories tell the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.definitions.entrances import by_timer
from engine.definitions.gate import lane_roles
from engine.definitions.store import read_folder
from engine.feel import Value
from engine.instances import commands, queries
from engine.instances.rows import StepRows
from engine.instances.runtime import Runtime
from engine.model.bundle import Bundle, read_bundle
from engine.model.elements import ScriptTask
from engine.model.schedules import next_firing, schedule
from engine.stories import play, read_story
from engine.timers import starts as start_timers
from handlers.demonstration.seed import PEOPLE
from handlers.table import HANDLERS
from tests.engine.stories.telling import at, played
from tests.processes.told import AUDITOR, PROCESSES, Acting, Told, entered, house, plain

FOLDER = PROCESSES / "recurring_invoicing"
STORIES = sorted(FOLDER.glob("stories/*.yaml"))
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return read_bundle(read_folder(FOLDER))


def test_it_begins_at_six_on_the_first_of_each_month_in_summer_and_winter(bundle: Bundle) -> None:
    ((entrance, timer),) = by_timer(bundle).items()
    now = datetime(2026, 11, 22, tzinfo=UTC)
    plan = schedule(timer.kind, timer.expression.evaluate({}, at(now)), now, PARIS)
    assert (entrance.element, plan.remaining, plan.period) == ("month_begins", None, "P1M")
    due, found = plan.due_at, []
    for _ in range(8):
        found.append(due.astimezone(PARIS))
        due = next_firing(due, plan.period or "", due, PARIS)
    assert [(each.month, each.day, each.hour) for each in found] == [
        (month, 1, 6) for month in (12, 1, 2, 3, 4, 5, 6, 7)
    ]


def test_somebody_of_the_demonstration_holds_its_role(bundle: Bundle) -> None:
    assert lane_roles(bundle) == {"accounting"}
    assert bundle.starts is not None
    assert bundle.starts.roles == ("accounting",)
    assert "yasmine" in [login for login, _, roles in PEOPLE if "accounting" in roles]


@pytest.mark.parametrize(
    ("invoices", "amount"),
    [
        ([], Decimal(0)),
        ([{"number": None, "amount": None}], Decimal(0)),
        ([{"number": "1", "amount": Decimal("1.10")}, {"number": None, "amount": None}], Decimal("1.10")),
        ([{"number": "1", "amount": Decimal("1.10")}, {"number": "2", "amount": Decimal("2.20")}], Decimal("3.30")),
    ],
)
def test_what_was_invoiced_is_added_up(bundle: Bundle, invoices: list[Value], amount: Decimal) -> None:
    add_up = bundle.process.nodes["add_up"]
    assert isinstance(add_up, ScriptTask)
    assert add_up.expression.evaluate({"invoices": invoices}, at(datetime(2026, 12, 1, tzinfo=UTC))) == amount


def test_blank_lines_are_no_subscriptions(bundle: Bundle) -> None:
    """As a page sends them: lines end with a carriage return too."""
    report = played(
        bundle.model,
        """
        steps:
          - {task: list_subscriptions, by: ann, variables: {is_due: 'yes', subscription_lines: "a\\r\\n \\r\\n b \\n"}}
        expect: {end: {waiting: [invoice_subscription]}, variables: {subscriptions: [a, b]}}
        """,
        "{at: 2026-12-01T06:00, event: month_begins}",
        process="recurring_invoicing",
    )
    assert report.deviations == ()


def test_the_tasks_of_the_subscriptions_say_which(bundle: Bundle) -> None:
    report = played(
        bundle.model,
        """
        steps:
          - {task: list_subscriptions, by: ann, variables: {is_due: 'yes', subscription_lines: "Dupont\\nMairie de Lons"}}
        expect: {end: {waiting: [invoice_subscription]}}
        """,
        process="recurring_invoicing",
        start="{at: 2026-12-01T06:00, event: month_begins}",
    )
    opened = [task for moment in report.moments for task in StepRows.of(bundle, moment.events).opened.values()]
    assert [each.title["fr"] for each in opened][-2:] == [
        "Facturer un abonnement – Dupont",
        "Facturer un abonnement – Mairie de Lons",
    ]
    assert opened[0].title["fr"] == "Lister les abonnements à facturer"


@dataclass
class MonthTold(Told):
    """A month begins by itself, or somebody begins it."""

    def start(self) -> None:
        answers = {name: str(plain(each)) for name, each in (self.story.start.answers or {}).items()}
        if self.story.start.by is None:
            with self.runtime.database.transaction() as session:
                start_timers.promote(session, self.now, PARIS)
            self.work()
            self.case = self.find("recurring_invoicing")
        else:
            actor = self.actor(self.story.start.by)
            self.case = self.attempt(
                lambda: commands.start_instance(self.runtime, actor, "recurring_invoicing", answers).instance_id
            )


@pytest.fixture(scope="module")
def runtime(template_url: str) -> Iterator[Runtime]:
    """In force since November: a job has planned when it begins."""
    with house(template_url, "months", ("recurring_invoicing",)) as found:
        Acting(runtime=found, now=datetime(2026, 11, 22, tzinfo=UTC)).work()
        yield found


@pytest.mark.parametrize("file", STORIES, ids=lambda each: each.stem)
def test_each_story_goes_the_same_way_on_the_database(file: Path, bundle: Bundle, runtime: Runtime) -> None:
    story = read_story(file.read_bytes(), f"stories/{file.name}")
    report = play(bundle, story, HANDLERS, at)
    assert report.deviations == ()
    told = MonthTold(runtime=runtime, story=story)
    told.go()
    with runtime.database.reading() as session:
        case = queries.case(session, AUDITOR, told.case)
    assert [each.element_id for each in case.timeline if each.type == "element:entered"] == entered(report)
    assert case.row.status == "completed"
    assert report.state is not None
    shared = ("period", "subscriptions", "invoices", "invoiced_amount")
    named = {name: case.variables.get(name) for name in shared}
    assert named == {name: report.state.root_variables.get(name) for name in named}
