"""Why a task is in somebody's inbox, and what follows: said from the version's own diagram and the case's history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.identity.people import RoleTitles
from engine.inbox.queries import TaskRow
from engine.instances.names import find_flow, find_node, find_process
from engine.instances.queries import Before, Why
from engine.model.bundle import Bundle
from engine.model.elements import (
    Activity,
    CompensationDefinition,
    EscalationDefinition,
    Node,
    TimerDefinition,
    UserTask,
)
from web import auth
from web.present import boundary_of, name_of, name_of_lane, outcomes, role_title, steps_after
from web.ui import ago, moment, person, t

NAMED_AT_MOST = 4


def why(
    task: TaskRow,
    bundle: Bundle,
    found: Why,
    *,
    titles: RoleTitles,
    my_roles: frozenset[str],
    colleagues: Sequence[str],
    names: Mapping[str, str],
) -> list[str]:
    """Reasons, one sentence each. ``colleagues``: names of the others who see the task; ``names``: of people by login."""
    lines = [_rule(task, bundle, found, titles, my_roles)]
    path = _path(task, bundle)
    if path:
        lines.append(t("web.why.path", path=" → ".join(path)))
    before = _came_from(bundle, found.before)
    if before is not None:
        who = t("web.why.came_from_who", when=ago(before.at), name=person(names, before.actor))
        lines.append(t("web.why.came_from", step=name_of(bundle, before.element_id), who=who))
    if task.is_open and task.assignee is None and colleagues:
        shown = ", ".join(colleagues[:NAMED_AT_MOST]) + ("…" if len(colleagues) > NAMED_AT_MOST else "")
        lines.append(t("web.why.others", count=len(colleagues), names=shown))
    lines += _offered_then(task, colleagues, names)
    if found.not_same_as is not None:
        lines.append(t("web.why.four_eyes", step=name_of(bundle, found.not_same_as)))
    return [each for each in lines if each]


def _rule(task: TaskRow, bundle: Bundle, found: Why, titles: RoleTitles, my_roles: frozenset[str]) -> str:
    """What chose the role or the person: as it was written down when the task came, else as far as it can be told now."""
    rule = (task.why or {}).get("rule", {})
    if rule.get("kind") == "person":
        return t("web.why.rule.person", rule=rule["expression"]) if rule.get("expression") else t("web.why.assignee")
    if found.role is None:
        return t("web.why.assignee") if found.rule == "assigned" else ""
    role = role_title(titles, found.role)
    said = t("web.why.role" if found.role in my_roles else "web.why.role_other", role=role)
    if rule.get("kind") == "lane":
        lane = find_process(bundle, task.element_id).lanes.get(rule["lane"])
        return t(
            "web.why.rule.lane", said=said, lane=name_of_lane(bundle, rule["lane"], lane.name if lane else rule["lane"])
        )
    return t("web.why.rule.task", said=said) if rule.get("kind") == "task" else said


def _path(task: TaskRow, bundle: Bundle) -> list[str]:
    """The way that led here, with the names of the paths that decisions chose; nothing where it is only one step.

    Events and gateways that nobody named (where a group begins, where paths meet) tell nobody anything.
    """
    told = []
    for each in (task.why or {}).get("path", ()):
        flow = None if each["flow"] is None else find_flow(bundle, each["flow"])
        if flow is not None and flow.name:
            told.append(f"[{name_of(bundle, flow.id)}]")
        node = find_node(bundle, each["element"])
        if node is None or node.name.strip() or isinstance(node, Activity):
            told.append(name_of(bundle, each["element"]))
    return told if len(told) > 2 else []


def _offered_then(task: TaskRow, colleagues: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """Whom it was offered to when it came, where that was somebody else than now."""
    if task.offered is None or not task.is_open or task.assignee is not None:
        return []
    gone = sorted({names.get(each, each) for each in task.offered} - set(colleagues) - {auth.actor().name})
    if not task.offered:
        return [t("web.why.offered_nobody")]
    return [t("web.why.offered_then", names=", ".join(gone[:NAMED_AT_MOST]))] if gone else []


def _came_from(bundle: Bundle, before: Sequence[Before]) -> Before | None:
    """The last step of a person, else the last one at all."""
    of_people = [each for each in before if isinstance(find_node(bundle, each.element_id), UserTask)]
    found = of_people or before
    return found[-1] if found else None


def after(task: TaskRow, bundle: Bundle) -> list[str]:
    """What each answer leads to, and what happens without one."""
    process = find_process(bundle, task.element_id)
    node = process.nodes.get(task.element_id)
    if node is None:
        return []
    lines = outcomes(bundle, node)
    if task.due_at is not None and task.is_open:
        lines.append(t("web.why.due", moment=moment(task.due_at)))
    moments = {each["element"]: each["at"] for each in (task.why or {}).get("if_nobody", ())}
    for event in boundary_of(process, node):
        step = _first_step(bundle, event)
        if isinstance(event.trigger, TimerDefinition):
            at = moments.get(event.id)
            code = "web.why.if_late" if at is None or not task.is_open else "web.why.if_nobody"
            lines.append(t(code, name=name_of(bundle, event.id), step=step, moment=moment(at) if at else ""))
        elif not isinstance(event.trigger, CompensationDefinition | EscalationDefinition):
            # who does the task decides nothing about what is undone, or passed on, later
            lines.append(t("web.why.error", name=name_of(bundle, event.id), step=step))
    at_border = {each.id for each in boundary_of(process, node)}
    for element, at in moments.items():
        around = find_node(bundle, element)
        if task.is_open and around is not None and element not in at_border:
            name, step = name_of(bundle, element), _first_step(bundle, around)
            lines.append(t("web.why.if_nobody", name=name, step=step, moment=moment(at)))
    return lines


def _first_step(bundle: Bundle, node: Node) -> str:
    following = steps_after(find_process(bundle, node.id), node)
    return name_of(bundle, following[0][1].id if following else node.id)
