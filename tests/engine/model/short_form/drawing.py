"""Random short forms: valid files that say everything that the form can say. ``text(seed)`` gives the same one for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import yaml

from engine.model.short_form.order import following

Step = dict[str, Any]

TITLES = (
    ("Saisir la commande", "Enter the order"),
    ("Vérifier", "Check"),
    ("Contrôler la disponibilité des articles en stock", "Check that the articles are in stock"),
    ("Demander l’accord du responsable", "Ask the manager’s approval"),
    ("Montant > 5 000 € & « urgent » ?", 'Amount > €5,000 & "urgent"?'),
    ("Oui", "Yes"),
)
ROLES = ("sales", "sales_admin", "warehouse", "accounting")
CONDITIONS = ("amount > 5000", 'decision = "launch"', "count(lines) > 0 and not(late)", True, "approved")
VALUES = ("1 + 2", "{a: 1, b: [lines]}", "amount * 1.2", 'if late then "late" else null', 12)
NAMES = ("number", "amount", "reason", "customer")
LENGTHS = (
    "3 days",
    "1 day",
    "2 working days",
    "4 working hours",
    "45 minutes",
    "1 month",
    "P2DT4H",
    "delay",
    'duration("PT1H")',
)
MOMENTS = ("2027-03-01T09:00:00", "2027-03-01T09:00:00+01:00", "2027-03-01", "due_on", "working_days_after(now(), 3)")
RHYTHMS = ("1 day", "2 weeks", "R3/PT10M", "P1M", "rhythm")
DEEPEST = 3
BELOW = "below"
"""Stands for the step that follows, until it is known."""


def text(seed: int, size: int | None = None) -> str:
    """The file."""
    return as_yaml(document(seed, size))


def as_yaml(data: object) -> str:
    """Data as a person would lay it out."""
    return yaml.dump(data, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=120)


def document(seed: int, size: int | None = None) -> dict[str, Any]:
    """The same as data. ``size``: about how many steps."""
    chance = Random(seed)
    drawn = _Drawing(chance, chance.randint(1, 12) if size is None else size)
    process = drawn.process()
    _settle(process["steps"], None, drawn)
    for key in ("meanwhile", "instead", "if it fails"):
        for event in process.get(key, ()):
            _settle(event["then"], None, drawn)
    return process


def _settle(steps: list[Step], beyond: str | None, drawn: _Drawing) -> None:
    """Name the step that follows where a way only goes on; where none does, something is done there."""
    for position, step in enumerate(steps):
        follows = following(steps, position, beyond)
        if step.get("continue with") == BELOW:
            steps[position] = {"continue with": follows} if follows else {"step": drawn.new("step")}
        for key in ("options", "events", "parts", "instead", "if it fails", "meanwhile"):
            for way in step.get(key, ()):
                inner = way.get("steps", way.get("then"))
                if isinstance(inner, list):
                    _settle(inner, None if key == "meanwhile" else follows, drawn)
        if "group" in step:
            _settle(step["steps"], None, drawn)


class _Plain(yaml.CSafeDumper):
    """Without anchors, which the reader refuses."""

    def ignore_aliases(self, data: object) -> bool:
        return True


@dataclass
class _Drawing:
    chance: Random
    left: int
    """How many steps may still come."""
    depth: int = 0
    number: int = 0
    is_inside: bool = False
    """Inside a group, where no row can be said."""
    is_beside: bool = False
    """Where a branch ends, and not the case."""
    roles: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)
    strand: list[str] = field(default_factory=list)
    """The steps of the present strand, to which one can go."""
    later: list[str] = field(default_factory=list)
    """Steps of the whole process that still have to come, because a jump leads there."""

    def new(self, kind: str) -> str:
        self.number += 1
        return f"{kind}_{self.number}"

    def maybe(self, part: float = 0.5) -> bool:
        return self.chance.random() < part

    def title(self) -> dict[str, str]:
        french, english = self.chance.choice(TITLES)
        return {"fr": french, "en": english}

    def process(self) -> dict[str, Any]:
        if self.maybe(0.7):
            self.roles = tuple(self.chance.sample(ROLES, self.chance.randint(1, len(ROLES))))
        said: dict[str, Any] = {"process": "process_1", "title": self.title()}
        if self.maybe(0.2):
            said["note"] = {"fr": "Ce que ce processus fait.\nEn deux lignes.", "en": "What this process does."}
        if self.maybe(0.2):
            said["version"] = "v1"
        if self.roles:
            said["roles"] = {role: self.title() for role in self.roles}
        if self.maybe(0.8):
            said["start"] = [self.start(k) for k in ("", "message")] if self.maybe(0.2) else self.start(None)
        steps, goes_on = self.steps()
        while self.later:
            if goes_on:
                steps.append(self.chance.choice(({"end": self.new("end")}, {"continue with": self.later[-1]})))
            target = self.later.pop()
            more, goes_on = self.steps()
            steps += [{"step": target}, *more]
        said["steps"] = steps
        for key in ("meanwhile", "instead", "if it fails"):
            if self.maybe(0.2):
                said[key] = [self.any_time(key) for _ in range(self.chance.randint(1, 2))]
        return said

    def start(self, kind: str | None) -> dict[str, Any]:
        said: dict[str, Any] = {"id": self.new("start")}
        self.add_words(said)
        kind = self.chance.choice(("", "", "at", "every", "message", "signal")) if kind is None else kind
        if not kind and "row" in said:
            said["who"] = said.pop("row")
        if kind == "every":
            said["every"] = self.chance.choice(RHYTHMS[:2])
            if self.maybe():
                said["from"] = "2026-12-01T06:00"
            if self.maybe():
                said["times"] = 12
        elif kind:
            said |= self.trigger((kind,), with_key=False)
            if self.maybe():
                self.add_results(said)
        return said

    # -- steps ----------------------------------------------------------------------------------------------------------------------------

    def steps(self, most: int = 6) -> tuple[list[Step], bool]:
        """Some steps, and whether it goes on behind them."""
        found: list[Step] = []
        for _ in range(self.chance.randint(1, most)):
            step, goes_on = self.step()
            found.append(step)
            if not goes_on:
                return found, False
            if self.left <= 0:
                break
        return found, True

    def step(self) -> tuple[Step, bool]:
        self.left -= 1
        kinds: list[Callable[[], tuple[Step, bool]]] = [
            *(self.ask, self.ask, self.do, self.do, self.compute, self.look_up, self.wait, self.receive),
            *(self.call, self.tell, self.milestone, self.something, self.finish),
        ]
        if self.depth < DEEPEST and self.left > 0:
            nested = (self.choose, self.choose, self.choose_several, self.parallel, self.first, self.group)
            kinds += [*nested, *nested, self.choose, self.group]
        return self.chance.choice(kinds)()

    def named(self, verb: str, kind: str | None = None) -> Step:
        identity = self.new(kind or verb.replace(" ", "_"))
        self.strand.append(identity)
        step: Step = {verb: identity}
        self.add_words(step)
        return step

    def add_words(self, said: dict[str, Any]) -> None:
        if self.maybe(0.8):
            said["title"] = self.title()
        if self.maybe(0.1):
            said["note"] = {"fr": "À lire <avant> de commencer.", "en": "Read this <before>."}
        if self.roles and not self.is_inside and self.maybe(0.3):
            said["row"] = self.chance.choice(self.roles)

    def ask(self) -> tuple[Step, bool]:
        step = self.named("ask") | {"title": self.title()}
        if self.roles and self.maybe(0.8):
            step["who"] = self.chance.choice(self.roles)
        else:
            step["person"] = "requested_by"
        for key, values in (
            ("form", ("request",)),
            ("due", LENGTHS),
            ("follow up", LENGTHS),
            ("priority", (50, "priority")),
        ):
            if self.maybe(0.3):
                step[key] = self.chance.choice(values)
        if self.asked and self.maybe(0.2):
            step["not the person who did"] = self.chance.choice(self.asked)
        self.asked.append(step["ask"])
        self.add_values(step, "answers")
        return self.activity(step)

    def do(self) -> tuple[Step, bool]:
        step = self.named("do") | {"program": "orders.confirm_order"}
        self.add_values(step)
        if self.maybe(0.2):
            codes = self.chance.choice((["order_unknown", "order_closed"], "order_unknown"))
            step["if it fails"] = [{"because": codes, "then": "save nothing and tell whoever acted"}]
        return self.activity(step)

    def compute(self) -> tuple[Step, bool]:
        return self.named("compute") | {"set": {self.chance.choice(NAMES): self.chance.choice(VALUES)}}, True

    def look_up(self) -> tuple[Step, bool]:
        step = self.named("look up") | {"in table": "approval_needed", "result": "is_needed"}
        if self.maybe(0.2):
            self.add_inputs(step)
        return step, True

    def wait(self) -> tuple[Step, bool]:
        return self.named("wait") | self.trigger(("for", "until", "message", "signal", "condition")), True

    def receive(self) -> tuple[Step, bool]:
        return self.activity(self.named("receive") | self.trigger(("message",)))

    def call(self) -> tuple[Step, bool]:
        step = self.named("call") | {"process": "other_process"}
        for key in ("send", "get"):
            if self.maybe():
                step[key] = "everything"
        self.add_values(step, "" if "get" in step else "get", may_send="send" not in step)
        return self.activity(step)

    def tell(self) -> tuple[Step, bool]:
        step = self.named("tell") | self.trigger(("message", "signal", "escalation"))
        if self.maybe():
            self.add_inputs(step)
        return step, True

    def milestone(self) -> tuple[Step, bool]:
        return self.named("milestone"), True

    def something(self) -> tuple[Step, bool]:
        return self.named("step"), True

    def finish(self) -> tuple[Step, bool]:
        if self.maybe(0.7):  # most lists go on
            return self.do()
        kind = self.chance.choice(("end", "end", "all", "fail", "told", "continue"))
        if kind == "continue":
            return self.jump(), False
        if kind == "fail":
            return self.named("fail") | {"error": self.new("error")}, False
        if kind == "all":
            return self.named("end everything", "end"), False
        step = self.named(self.end(), "end")
        if kind == "told":
            step |= self.trigger(("message", "signal", "escalation"))
        return step, False

    def end(self) -> str:
        return "end this branch" if self.is_beside else "end"

    def jump(self, here: str = "") -> Step:
        """To a step; not from ``here``, where ways part, at once to there again."""
        targets = [each for each in self.strand if each != here]
        if self.depth and not self.is_inside and self.strand is self.main and self.maybe(0.3):
            target = self.new("section")
            self.later.append(target)
            self.strand.append(target)
            return {"continue with": target}
        return {"continue with": self.chance.choice(targets)} if targets else {self.end(): self.new("end")}

    # -- where ways part ------------------------------------------------------------------------------------------------------------------

    def choose(self) -> tuple[Step, bool]:
        return self.options("choose", is_strand=False)

    def choose_several(self) -> tuple[Step, bool]:
        return self.options("choose several", is_strand=True)

    def options(self, verb: str, *, is_strand: bool) -> tuple[Step, bool]:
        step = self.named(verb)
        options: list[dict[str, Any]] = [
            {"when": self.chance.choice(CONDITIONS)} for _ in range(self.chance.randint(1, 3))
        ]
        options.insert(self.chance.choice((len(options), len(options), 0)), {"otherwise": None})
        open_ways = 0
        for option in options:
            if self.maybe():
                option["id"] = self.new("way")
            if self.maybe():
                option["title"] = self.title()
            open_ways += self.then(option, step[verb], is_strand=is_strand)
        step["options"] = options
        return step, open_ways > 0

    def then(self, said: dict[str, Any], here: str = "", *, is_strand: bool = False, may_jump: bool = True) -> bool:
        """What follows; whether it goes on. What only goes on names the step that comes behind all this (``settle``)."""
        if self.maybe(0.3) or self.depth >= DEEPEST:
            said["then"] = [{"continue with": BELOW}]
            return True
        if may_jump and not is_strand and self.maybe(0.2):
            self.depth += 1
            said["then"] = [self.jump(here)]
            self.depth -= 1
            return False
        said["then"], goes_on = self.nested(is_strand=is_strand)
        return goes_on

    def nested(
        self, *, is_strand: bool, is_group: bool = False, is_beside: bool | None = None
    ) -> tuple[list[Step], bool]:
        before = self.strand, self.is_inside, self.is_beside
        self.is_beside = self.is_beside or is_strand if is_beside is None else is_beside
        self.depth += 1
        if is_strand:
            self.strand = []
        self.is_inside |= is_group
        found = self.steps(3)
        self.depth -= 1
        self.strand, self.is_inside, self.is_beside = before
        return found

    def parallel(self) -> tuple[Step, bool]:
        step = self.named("at the same time")
        parts: list[dict[str, Any]] = []
        open_ways = 0
        for _ in range(self.chance.randint(2, 3)):
            steps, is_open = self.nested(is_strand=True)
            open_ways += is_open
            parts.append(({"title": self.title()} if self.maybe() else {}) | {"steps": steps})
        step["parts"] = parts
        return step, open_ways > 0

    def first(self) -> tuple[Step, bool]:
        step = self.named("wait for the first", "first")
        events: list[dict[str, Any]] = []
        open_ways = 0
        for _ in range(self.chance.randint(2, 3)):
            event = self.event(("after", "at", "message", "signal", "condition"))
            open_ways += self.then(event, step["wait for the first"])
            events.append(event)
        step["events"] = events
        return step, open_ways > 0

    def group(self) -> tuple[Step, bool]:
        step = self.named("group")
        step["steps"], _ = self.nested(is_strand=True, is_group=True)
        self.add_values(step)
        return self.activity(step)

    # -- what steps carry -----------------------------------------------------------------------------------------------------------------

    def activity(self, step: Step) -> tuple[Step, bool]:
        if self.maybe(0.15):
            step["repeat"] = self.repeat()
        if self.depth < DEEPEST:
            if self.maybe(0.15):
                event = self.event(("after", "at", "every", "message", "signal", "condition", "escalation"))
                event["then"], _ = self.nested(is_strand=True)
                step["meanwhile"] = [self.when_due(event, step)]
            if self.maybe(0.1):
                event = self.event(("after", "at", "message", "signal", "condition", "escalation"))
                self.then(event)
                step["instead"] = [self.when_due(event, step)]
            if self.maybe(0.05):
                event = self.failure()
                self.then(event)
                step.setdefault("if it fails", []).append(event)
        return step, True

    def repeat(self) -> dict[str, Any]:
        if self.maybe():
            said: dict[str, Any] = {self.chance.choice(("while", "again while")): self.chance.choice(CONDITIONS)}
            return said | ({"at most": 3} if self.maybe() else {})
        said = {"for each": "line"} if self.maybe(0.8) else {}
        said["in"] = "order.lines"
        if self.maybe():
            said["one at a time"] = True
        if self.maybe():
            said["collect"] = {"answers": "answer"}
        if self.maybe(0.3):
            said["enough when"] = "numberOfCompletedInstances >= 2"
        return said

    def any_time(self, key: str) -> dict[str, Any]:
        kinds = ("after", "at", "message", "signal", "condition", "escalation", *(("every",) * (key == "meanwhile")))
        event = self.failure() if key == "if it fails" else self.event(kinds)
        if self.roles and self.maybe(0.3):
            event["row"] = self.chance.choice(self.roles)
        event["then"], _ = self.nested(is_strand=True, is_group=True, is_beside=key == "meanwhile")
        return event

    def failure(self) -> dict[str, Any]:
        code = self.new("error") if self.maybe(0.8) else "any error"
        event: dict[str, Any] = {"because": code}
        if code == "any error" or self.maybe():
            event["id"] = self.new("event")
        if self.maybe(0.7):
            event["title"] = self.title()
        if self.maybe(0.2):
            self.add_results(event)
        return event

    def when_due(self, event: dict[str, Any], step: Step) -> dict[str, Any]:
        return event | {"after": "the due date"} if "after" in event and "due" in step and self.maybe() else event

    def event(self, kinds: tuple[str, ...]) -> dict[str, Any]:
        event: dict[str, Any] = {"id": self.new("event")}
        if self.maybe(0.7):
            event["title"] = self.title()
        event |= self.trigger(kinds)
        if self.maybe(0.2):
            self.add_results(event)
        return event

    def trigger(self, kinds: tuple[str, ...], *, with_key: bool = True) -> dict[str, Any]:
        """Something that may happen; what has a name or code has one of its own, so that nothing is caught twice."""
        kind = self.chance.choice(kinds)
        match kind:
            case "for" | "after":
                return {kind: self.chance.choice(LENGTHS)}
            case "at" | "until":
                return {kind: self.chance.choice(MOMENTS)}
            case "every":
                return {kind: self.chance.choice(RHYTHMS)}
            case "condition":
                self.number += 1
                return {kind: f"amount > {self.number}"}
            case "message" if with_key:
                return {kind: self.new("message"), "key": "order.number"}
            case _:
                return {kind: self.new(kind)}

    def add_values(self, step: Step, results: str = "get", *, may_send: bool = True) -> None:
        if may_send and self.maybe(0.3):
            self.add_inputs(step)
        if results and self.maybe(0.3):
            self.add_results(step, results)

    def add_inputs(self, step: Step) -> None:
        kinds: tuple[Callable[[str], Any], ...] = (
            lambda name: name,
            lambda name: {name: self.chance.choice(VALUES)},
            lambda name: {f"{name}.inner": "line"},
        )
        step["send"] = [
            self.chance.choice(kinds)(name) for name in self.chance.sample(NAMES, self.chance.randint(1, 3))
        ]
        if self.maybe(0.3):
            step["send as written"] = {"greeting": 'Ce qui est écrit, "ainsi"'}

    def add_results(self, said: dict[str, Any], key: str = "get") -> None:
        if self.maybe(0.7):
            said[key] = self.chance.sample(NAMES, self.chance.randint(1, 3))
        if key not in said or self.maybe(0.3):
            said["set"] = {"noted": self.chance.choice(VALUES), "noted_also.inner": None}

    def __post_init__(self) -> None:
        self.main = self.strand
