"""What the dossiers of documents of sales share: the case that leads one, what can be done, how its history is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from flask import url_for
from sqlalchemy.orm import Session

from engine.definitions import store as definitions
from engine.errors import NotFound
from engine.handler import SYSTEM
from engine.identity import people
from engine.instances import queries as cases
from engine.instances.names import find_node
from engine.instances.queries import Case
from engine.model.elements import Activity, UserTask
from handlers.customers.fiscal import POSITIONS
from handlers.sales.types import TERMS
from web import auth, present, ui
from web.ui import in_language, t

_LAST: Final = 30
"""Steps of a case that its document shows; the page of the case has them all."""
_MONEY: Final = frozenset({"net", "tax", "total", "shipping", "adjustment"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that can be done with a document; ``url`` empty: not now, ``why`` says why. ``is_post``: the address is posted to."""

    title: str
    url: str = ""
    why: str = ""
    is_first: bool = False
    is_post: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A step that a case has behind it, by whom and when."""

    title: str
    who: str
    when: str
    iso: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leading:
    """The case that leads a document, as pages show it. ``done``: its last steps, the newest first."""

    case: Case
    stages: present.StageBar | None
    diagram: present.DiagramView
    waiting: tuple[tuple[str, str, ui.Due | None], ...]
    done: tuple[Done, ...]

    @property
    def is_running(self) -> bool:
        """Whether it still goes on."""
        return self.case.row.status == "active"


def leading(session: Session, process: str, number: str, names: Mapping[str, str]) -> Leading | None:
    """The newest case of ``process`` about the document ``number`` that the person may see."""
    actor = auth.actor()
    page = cases.cases(session, actor, process_key=process, search=number, limit=5)
    row = next((each for each in page.cases if each.business_key == number), None)
    return None if row is None else led_by(session, row.id, names)


def stages(session: Session, found: Leading | None, process: str, *, is_begun: bool) -> present.StageBar | None:
    """Where the document stands: of its case; before there is one (not ``is_begun``), of the case of ``process`` that it would begin."""
    if found is not None and (is_begun or found.is_running):
        return found.stages
    version = None if is_begun else definitions.latest(session, process)
    return None if version is None else present.first_stage(definitions.bundle_of(session, version.content_hash))


def led_by(session: Session, case_id: int, names: Mapping[str, str]) -> Leading | None:
    """The case of this id, as pages show it; None when the person may not see it."""
    try:
        case = cases.case(session, auth.actor(), case_id)
    except NotFound:
        return None
    titles = people.role_titles(session)
    return Leading(
        case=case,
        stages=present.stage_bar(case.stages, case.row.status),
        diagram=_diagram(case, titles),
        waiting=tuple(_waiting(case, titles, names)),
        done=tuple(islice(_done(case, names), _LAST)),
    )


def tasks(found: Leading | None) -> Iterator[Act]:
    """The open tasks of the case: those of the person lead to them, of the others it is said that somebody else does them."""
    actor = auth.actor()
    for each in found.case.tasks if found else ():
        if not each.is_open:
            continue
        if each.role in actor.roles or each.assignee == actor.login:
            yield Act(title=in_language(each.title), url=url_for("inbox.task", task_id=each.id), is_first=True)
        else:
            yield Act(title=in_language(each.title), why=t("web.quotes.why.others"))


def price(value: Decimal) -> str:
    """A price of one unit: to the cent, with more decimals where it has them."""
    return ui.shown(value, "money") if value == round(value, 2) else t("web.price", number=ui.shown(value))


def say(name: str, value: Any) -> str | None:
    """Values of a document's history that need words of their own; None: as every page does."""
    if name == "terms" and value in TERMS:
        return t(f"quote.terms.{value}")
    if name == "fiscal_position" and value in POSITIONS:
        return t(f"fiscal.position.{value}")
    if name in _MONEY and isinstance(value, Decimal):
        return ui.shown(value, "money")
    if name == "party" and isinstance(value, Mapping):
        places = (value.get("billing"), value.get("shipping"))
        return ", ".join(dict.fromkeys(filter(None, (value.get("name"), *(each["city"] for each in places if each)))))
    if name.startswith("line ") and isinstance(value, Mapping):
        return _line(value)
    return None


def _diagram(case: Case, titles: people.RoleTitles) -> present.DiagramView:
    address = url_for("records.case", case_id=case.row.id)
    return present.diagram(
        case.definition.bundle,
        source=url_for("records.diagram", case_id=case.row.id),
        path=case.path,
        last_at={each.element_id: each.at for each in case.timeline if each.element_id},
        selected=None,
        titles=titles,
        address=lambda element: f"{address}?el={element}#el-{element}",
        process_id=case.process_id,
    )


def _waiting(
    case: Case, titles: people.RoleTitles, names: Mapping[str, str]
) -> Iterator[tuple[str, str, ui.Due | None]]:
    """What is to be done by whom."""
    for each in case.tasks:
        if each.is_open:
            whom = (
                t("web.case.waiting.person", name=ui.person(names, each.assignee))
                if each.assignee
                else t("web.case.waiting.role", role=present.role_title(titles, each.role))
            )
            yield in_language(each.title), whom, ui.due(each.due_at)


def _done(case: Case, names: Mapping[str, str]) -> Iterator[Done]:
    """What people and handlers did, the newest first."""
    bundle = case.definition.bundle
    for each in reversed(case.timeline):
        node = find_node(bundle, each.element_id) if each.type == "element:completed" and each.element_id else None
        if isinstance(node, Activity):
            # the step of a person goes on until the engine has to wait: only the task itself is the person's
            actor = each.actor if isinstance(node, UserTask) else SYSTEM.login
            yield Done(
                title=present.name_of(bundle, node.id),
                who=ui.person(names, actor),
                when=ui.moment(each.at),
                iso=ui.local(each.at).isoformat(timespec="minutes"),
            )


def _line(value: Mapping[str, Any]) -> str:
    """A line in one line."""
    if value.get("kind") != "item":
        return str(value.get("text", ""))
    quantity, unit = value.get("quantity"), value.get("unit") or ""
    facts = {"quantity": ui.shown(quantity), "text": value.get("text", "")}
    facts["unit"] = ui.beside(quantity, unit) if isinstance(quantity, Decimal) else ui.shown(unit)
    unit_price = value.get("unit_price")
    facts["price"] = price(unit_price) if isinstance(unit_price, Decimal) else ui.shown(unit_price)
    if discount := value.get("discount"):
        return t("web.line.less", **facts, percent=ui.shown(discount))
    return t("web.line", **facts)
