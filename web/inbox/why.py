"""Why a task is in somebody's inbox, and what follows: said from the version's own diagram and the case's history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.identity.people import RoleTitles
from engine.inbox.queries import TaskRow
from engine.instances.names import find_node, find_process
from engine.instances.queries import Before, Why
from engine.model.bundle import Bundle
from engine.model.elements import CompensationDefinition, EscalationDefinition, Node, TimerDefinition, UserTask
from web.present import boundary_of, name_of, outcomes, role_title, steps_after
from web.ui import ago, moment, t

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
    lines = []
    if found.role is not None:
        code = "web.why.role" if found.role in my_roles else "web.why.role_other"
        lines.append(t(code, role=role_title(titles, found.role)))
    elif found.rule == "assigned":
        lines.append(t("web.why.assignee"))
    before = _came_from(bundle, found.before)
    if before is not None:
        who = t("web.why.came_from_who", when=ago(before.at), name=names.get(before.actor, before.actor))
        lines.append(t("web.why.came_from", step=name_of(bundle, before.element_id), who=who))
    if task.is_open and task.assignee is None and colleagues:
        shown = ", ".join(colleagues[:NAMED_AT_MOST]) + ("…" if len(colleagues) > NAMED_AT_MOST else "")
        lines.append(t("web.why.others", count=len(colleagues), names=shown))
    if found.not_same_as is not None:
        lines.append(t("web.why.four_eyes", step=name_of(bundle, found.not_same_as)))
    return lines


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
    for event in boundary_of(process, node):
        step = _first_step(bundle, event)
        if isinstance(event.trigger, TimerDefinition):
            lines.append(t("web.why.if_late", name=name_of(bundle, event.id), step=step))
        elif not isinstance(event.trigger, CompensationDefinition | EscalationDefinition):
            # who does the task decides nothing about what is undone, or passed on, later
            lines.append(t("web.why.error", name=name_of(bundle, event.id), step=step))
    return lines


def _first_step(bundle: Bundle, node: Node) -> str:
    following = steps_after(find_process(bundle, node.id), node)
    return name_of(bundle, following[0][1].id if following else node.id)
