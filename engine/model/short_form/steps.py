"""The order of steps: which follows which, where ways part and meet again, what may happen beside a step or instead of it.

Wherever two ways meet there is a gateway of the same kind as where they parted, named after the step (``<step>_join``); so one way at most
leads into a step, besides those of a ``continue with`` that jumps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.model.short_form.activities import ACTIVITIES, REFUSED, Step, draw_activity
from engine.model.short_form.events import DUE, as_event, draw_event, is_event
from engine.model.short_form.order import JUMP, PARTINGS, following, verb_of
from engine.model.short_form.sheet import Sheet, Spot, Way
from engine.model.short_form.times import feel
from engine.model.xml_file import Element
from engine.model.yaml_file import Path

_GATEWAYS = {
    "choose": ("exclusiveGateway", "exclusiveGateway"),
    "choose several": ("inclusiveGateway", "inclusiveGateway"),
    "at the same time": ("parallelGateway", "parallelGateway"),
    "wait for the first": ("eventBasedGateway", "exclusiveGateway"),
}
"""By verb: where ways part, where they meet again."""
_EVENTS = {"wait": "intermediateCatchEvent", "tell": "intermediateThrowEvent", "milestone": "intermediateThrowEvent"}
_END, _BRANCH, _EVERYTHING = "end", "end this branch", "end everything"
_ENDS = (_END, _BRANCH, _EVERYTHING, "fail")

_OWN_STRANDS = frozenset({"choose several", "at the same time"})
"""Their ways run at the same time: each is a strand of its own, and where they part nobody may arrive twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Jump:
    """A ``continue with`` a step that does not follow: the way that leads there, from a strand."""

    way: Way
    target: str
    spot: Spot
    path: Path


@dataclass(frozen=True, slots=True)
class Steps:
    """Draws lists of steps on a sheet. ``strands`` says in which strand each step stands; ``entries`` which node one arrives at."""

    sheet: Sheet
    wanted: frozenset[str]
    """The steps that somebody jumps to (``order.jumps``)."""
    strands: dict[str, str] = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)
    _jumps: list[_Jump] = field(default_factory=list)

    def draw(self, steps: list[Step], path: Path, arriving: Way | None, spot: Spot) -> Way | None:
        """Draw ``steps`` one after the other behind ``arriving``. The way on after the last one, or None when there is none."""
        beyond = spot.follows
        for position, step in enumerate(steps):
            here = (*path, position)
            verb = verb_of(step)
            if "row" in step and spot.is_inside:
                self.sheet.refuse("short_form_row_inside", (*here, "row"))
            spot = replace(self.sheet.row(step, here, spot), follows=following(steps, position, beyond))
            identity = step[verb]
            if verb != JUMP and identity not in self.strands:
                self.strands[identity] = spot.strand
            if arriving is None and (verb == JUMP or identity not in self.wanted):
                self.sheet.refuse("short_form_never_reached", here, step=identity)
            arriving = self._draw_step(verb, step, here, arriving, spot)
        return arriving

    def draw_whole(self, steps: list[Step], path: Path, start: Element, spot: Spot, end: str) -> None:
        """Steps that nothing follows, behind ``start``; where they do not end by themselves, an end event of the id ``end`` follows."""
        self.close(self.draw(steps, path, self.sheet.way(start, spot, path[:-1]), spot), path[:-1], end)

    def close(self, way: Way | None, path: Path, end: str) -> None:
        """Let ``way``, if there is one, end."""
        if way is not None:
            _lead(way, self.sheet.node("endEvent", end, way.spot, path, {}))

    def resolve_jumps(self) -> None:
        """Let each ``continue with`` lead to its step, or note that there is none, or that it runs beside."""
        for jump in self._jumps:
            if self.strands.get(jump.target) == jump.spot.strand:
                jump.way.target = self.entries[jump.target]
                continue
            code = "short_form_target_beside" if jump.target in self.strands else "short_form_target_unknown"
            self.sheet.refuse(code, (*jump.path, JUMP), target=jump.target)
            # so that the way makes no second problem
            self.close(jump.way, jump.path, f"{jump.way.id}_nowhere")

    # -- one step -------------------------------------------------------------------------------------------------------------------------

    def _draw_step(self, verb: str, step: Step, path: Path, arriving: Way | None, spot: Spot) -> Way | None:
        if verb == JUMP:
            if step[verb] == spot.follows:
                return arriving
            if arriving is not None:
                self._jumps.append(_Jump(way=arriving, target=step[verb], spot=spot, path=path))
            return None
        if verb in _GATEWAYS:
            return self._draw_parting(verb, step, path, arriving, spot)
        if verb in ACTIVITIES:
            return self._draw_activity(verb, step, path, arriving, spot)
        if verb == _END and spot.is_beside:
            self.sheet.refuse("short_form_end_of_branch", path, step=step[verb])
        elif verb == _BRANCH and not spot.is_beside:
            self.sheet.refuse("short_form_end_of_case", path, step=step[verb])
        node = self.sheet.node("endEvent" if verb in _ENDS else _EVENTS[verb], step[verb], spot, path, step)
        self._arrive(arriving, node, step[verb])
        if verb == _EVERYTHING:
            self.sheet.add(node, "terminateEventDefinition")
        else:
            draw_event(self.sheet, node, step, path)
        self.sheet.hand_over(node, step, path)
        return None if verb in _ENDS else self.sheet.way(node, spot, path)

    def _arrive(self, arriving: Way | None, node: Element, step: str) -> None:
        identity = node.get("id") or ""
        self.entries.setdefault(step, identity)
        if arriving is not None:
            arriving.target = identity

    def _draw_activity(self, verb: str, step: Step, path: Path, arriving: Way | None, spot: Spot) -> Way | None:
        activity = draw_activity(verb, self.sheet, step, path, spot)
        identity = activity.get("id") or ""
        self._arrive(arriving, activity, step[verb])
        if verb == "group":
            inside = Spot(scope=activity, strand=identity, is_inside=True, is_beside=True)
            start = self.sheet.node("startEvent", f"{identity}_start", inside, path, {})
            self.draw_whole(step["steps"], (*path, "steps"), start, inside, f"{identity}_end")
        for position, event in enumerate(step.get("meanwhile", ())):
            here = (*path, "meanwhile", position)
            self._draw_meanwhile(activity, self._when_due(event, step, here), here, spot)
        ways = [
            self._draw_instead(activity, self._when_due(as_event(event), step, here), here, spot)
            for key in ("instead", "if it fails")
            for position, event in enumerate(step.get(key, ()))
            if event["then"] != REFUSED
            for here in [(*path, key, position)]
        ]
        return self._meet(
            [*ways, self.sheet.way(activity, spot, path)], "exclusiveGateway", f"{identity}_join", path, spot
        )

    def _when_due(self, event: Mapping[str, Any], step: Step, path: Path) -> Mapping[str, Any]:
        """The event with the time at which the task of ``step`` is due, where it says that; a task without one is noted."""
        if event.get("after") != DUE:
            return event
        if "due" not in step:
            self.sheet.refuse("short_form_no_due_date", (*path, "after"))
        return {**event, "after": step.get("due", "1 hour")}

    def _draw_meanwhile(self, activity: Element, event: Mapping[str, Any], path: Path, spot: Spot) -> None:
        node = self._draw_boundary(activity, event, path, spot, "false")
        beside = replace(spot, strand=event["id"], is_beside=True, follows=None)
        self.draw_whole(event["then"], (*path, "then"), node, beside, f"{event['id']}_end")

    def _draw_instead(self, activity: Element, event: Mapping[str, Any], path: Path, spot: Spot) -> Way | None:
        node = self._draw_boundary(activity, event, path, spot, None)
        return self.draw(event["then"], (*path, "then"), self.sheet.way(node, spot, path), spot)

    def _draw_boundary(
        self, activity: Element, event: Mapping[str, Any], path: Path, spot: Spot, cancel: str | None
    ) -> Element:
        node = self.sheet.node(
            "boundaryEvent", event["id"], spot, path, event, attachedToRef=activity.get("id"), cancelActivity=cancel
        )
        draw_event(self.sheet, node, event, path)
        self.sheet.hand_over(node, event, path)
        return node

    # -- where ways part ------------------------------------------------------------------------------------------------------------------

    def _draw_parting(self, verb: str, step: Step, path: Path, arriving: Way | None, spot: Spot) -> Way | None:
        kind, join = _GATEWAYS[verb]
        key, identity = PARTINGS[verb], f"gateway_{step[verb]}"
        self.sheet.identity(step[verb], path)  # its gateway is called otherwise, but no other step may have this name
        if verb in _OWN_STRANDS and step[verb] in self.wanted:
            # tokens that arrive on two flows would be waited for, as where such ways meet
            entry = self.sheet.node("exclusiveGateway", f"{identity}_entry", spot, path, {})
            self._arrive(arriving, entry, step[verb])
            arriving = self.sheet.way(entry, spot, path)
        gateway = self.sheet.node(kind, identity, spot, path, step)
        self._arrive(arriving, gateway, step[verb])
        parts = [(each, (*path, key, number)) for number, each in enumerate(step[key])]
        # all ways out first: their order is that of the list, and the order in which conditions are asked
        ways = [self._way_out(gateway, each, here, spot) for each, here in parts]
        ends = [
            self._draw_part(
                each, here, way, replace(spot, strand=way.id, is_beside=True) if verb in _OWN_STRANDS else spot
            )
            for (each, here), way in zip(parts, ways, strict=True)
        ]
        return self._meet(ends, join, f"{identity}_join", path, spot)

    def _way_out(self, gateway: Element, part: Mapping[str, Any], path: Path, spot: Spot) -> Way:
        """The flow of one option, part or event; what an event is called is said of the event itself."""
        wanted = f"flow_{gateway.get('id')}_{int(path[-1]) + 1}"
        if is_event(part):
            return self.sheet.way(gateway, spot, path, wanted)
        way = self.sheet.way(gateway, spot, path, part.get("id", wanted))
        way.title = part.get("title")
        if "when" in part:
            way.condition = feel(part["when"])
        elif "otherwise" in part and gateway.get("default"):
            self.sheet.refuse("short_form_otherwise_twice", path)
            way.condition = feel(False)
        elif "otherwise" in part:
            gateway.set("default", way.id)
        return way

    def _draw_part(self, part: Mapping[str, Any], path: Path, way: Way, spot: Spot) -> Way | None:
        if "steps" in part:
            return self.draw(part["steps"], (*path, "steps"), way, spot)
        if is_event(part):
            node = self.sheet.node("intermediateCatchEvent", part["id"], spot, path, part)
            _lead(way, node)
            draw_event(self.sheet, node, part, path)
            self.sheet.hand_over(node, part, path)
            way = self.sheet.way(node, spot, path)
        return self.draw(part["then"], (*path, "then"), way, spot)

    def _meet(self, ways: list[Way | None], kind: str, identity: str, path: Path, spot: Spot) -> Way | None:
        """One way on: the only one there is, or that from the gateway where they meet."""
        open_ways = [each for each in ways if each is not None]
        if len(open_ways) < 2:
            return open_ways[0] if open_ways else None
        gateway = self.sheet.node(kind, identity, spot, path, {})
        for each in open_ways:
            _lead(each, gateway)
        return self.sheet.way(gateway, spot, path)


def _lead(way: Way, node: Element) -> None:
    way.target = node.get("id")
