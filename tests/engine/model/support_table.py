"""Writes ``docs/bpmn-support.md`` from the reader's own tables: ``python -m tests.engine.model.support_table``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from engine.model.bpmn_events import ALLOWED, SEVERAL_CAUGHT, SEVERAL_THROWN
from engine.model.bpmn_rules import KINDS, Kind, Meaning, Rule
from engine.model.foreign import EXECUTING_NAMESPACES, KEPT, SAME_AS
from engine.model.zeebe import ATTRIBUTES
from tests.engine.model.bpmn_schema import Schema

PAGE = Path(__file__).parents[3] / "docs" / "bpmn-support.md"

HEAD = """# What the reader does with BPMN

Written by `python -m tests.engine.model.support_table` from the tables of `engine/model`; a test compares. Every attribute (`@`) and child
element of the schemas of BPMN 2.0.2 is one of three things:

* **implemented**: it does what the standard says, or what [semantics.md](semantics.md) decides;
* **kept without effect**: documentation, drawing, or what other tools need; it stays in the file and changes no path;
* **refused**: it would change the path, and we do not do it; the file is refused with the element and what to do instead.

What stands in neither list is refused as well. All problems of a file are told at once. Whoever changes a file does so with
`engine.model.xml_file.rewritten`, which loses and reorders nothing.

## Where the standard leaves room

* **Processes.** Every process with `isExecutable="true"` is read, whichever pool it is in; others are drawings (a warning says so). A pool
  without a process is a black box. A global task is a process of one task, which call activities run. Nothing is imported.
* **No start and no end event** in a process or sub-process: what no flow leads to begins, what no flow leaves ends (10.5.2). With an end
  event there must be a start event.
* **Data** (10.4). A data object, like a property of a process, is a variable that everybody in the process sees; data stores are drawn.
  A property of a sub-process is a variable of its own: null at first, and what is written to it inside stays inside. Tasks and events have
  nothing inside that could use a property: refused, but for the placeholder of editors. Where a value must be handed over (to a handler, to
  a called process and back, into a message) an association between data and a data input or output does so, under its name, unless a
  mapping says otherwise; elsewhere it only says again what is so. What would carry a value from one name to another, or choose among
  several sets, is refused in favour of variable mappings. `loopDataInputRef` names the collection of a multi-instance, `inputDataItem`
  the item.
* **Who** (10.3.4). `potentialOwner` of a user task: the name of a `resource`, or an expression that is no more than a name, is the role.
  Other resource roles are refused.
* **Messages** (8.3.11, 10.5.4) find their receiver by name and key (`zeebe:subscription`). Message flows, interfaces and operations are
  drawings; a message flow is warned of, because people may expect more. The correlation of BPMN (`correlationKey`,
  `correlationSubscription`) is refused: say it by a key.
* **Scripts.** FEEL is evaluated. For every other `scriptFormat` the reader must be given an evaluator (`scripts`), and the product gives
  none. Expressions are FEEL, also where the schema's default says XPath.
* **Implementation** attributes name how somebody else would do it; what does it here is a handler, a decision, a person.

## Every element

Event definitions that stand by themselves in `definitions` are used by reference.
"""

NAMES = {
    "baseElement": "every element",
    "rootElement": "every message, signal, error, escalation, resource",
    "flowElement": "every flow node, flow and data object",
    "flowNode": "every flow node",
    "activity": "every activity",
    "catchEvent": "every event that catches",
    "throwEvent": "every event that throws",
    "gateway": "every gateway",
    "callable": "every process and global task",
    "item": "every property, data input and data output",
    "placeholder": "property of a task or an event",
    "property": "property of a process or sub-process",
    "expression": "every expression",
    "conversationNode": "every conversation",
    "thrownByItems": "event in complexBehaviorDefinition",
}
VALUES = "(only {values})"


def own(name: str) -> tuple[dict[str, Rule], dict[str, Rule]]:
    """What the kind says beyond its base."""
    kind, base = KINDS[name], KINDS.get(KINDS[name].base, Kind())
    return (
        {word: rule for word, rule in kind.attributes.items() if base.attributes.get(word) != rule},
        {word: rule for word, rule in kind.children.items() if base.children.get(word) != rule},
    )


def _cell(name: str, meaning: Meaning) -> str:
    attributes, children = own(name)
    words = [f"`@{word}`{_values(rule)}" for word, rule in attributes.items() if rule.meaning is meaning]
    words += [f"`{word}`" for word, rule in children.items() if rule.meaning is meaning]
    return ", ".join(words)


def _values(rule: Rule) -> str:
    return "" if rule.values is None else f" (only {', '.join(f'`{each}`' for each in sorted(rule.values))})"


def inside_only(schema: Schema) -> Iterator[tuple[Meaning, str]]:
    """Elements that stand only inside what is kept or refused as a whole."""
    seen: set[tuple[str, Meaning]] = set()

    def below(type_name: str, meaning: Meaning) -> Iterator[tuple[Meaning, str]]:
        for child, inner in schema.type(type_name).children.items():
            if (child, meaning) not in seen:
                seen.add((child, meaning))
                yield meaning, child
                if inner:
                    yield from below(inner, meaning)

    for type_name, kind in walked(schema):
        for child, inner in schema.type(type_name).children.items():
            rule = kind.children.get(child)
            if inner and rule is not None and (rule.meaning is not Meaning.READ or rule.kind not in KINDS):
                yield from below(inner, rule.meaning)


def walked(schema: Schema) -> Iterator[tuple[str, Kind]]:
    """Every element type that the reader looks into, from the root, with what the reader knows of it."""
    waiting, seen = [("tDefinitions", "definitions")], set()
    while waiting:
        at = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        type_name, kind_name = at
        yield type_name, KINDS[kind_name]
        for child, inner in schema.type(type_name).children.items():
            rule = KINDS[kind_name].children.get(child)
            if inner and rule is not None and rule.meaning is Meaning.READ and rule.kind in KINDS:
                waiting.append((inner, rule.kind))


def page() -> str:
    """The whole text."""
    lines = [HEAD, "| element | implemented | kept without effect | refused |", "|---|---|---|---|"]
    for name in KINDS:
        attributes, children = own(name)
        base = KINDS[name].base
        if not attributes and not children:
            lines.append(f"| {_title(name)} | as {_title(base)} | | |")
            continue
        cells = " | ".join(_cell(name, meaning) for meaning in Meaning)
        also = f" (as {_title(base)}, and)" if base not in {"", "baseElement"} else ""
        lines.append(f"| {_title(name)}{also} | {cells} |")
    named = {word for kind in KINDS.values() for word in kind.children}
    for meaning in (Meaning.KEPT, Meaning.REFUSED):
        inside = sorted({child for is_, child in inside_only(Schema()) if is_ is meaning and child not in named})
        lines += ["", f"Only inside what is {meaning} as a whole: {', '.join(f'`{each}`' for each in inside)}."]
    lines += ["", "## Which event may wait for what, or throw what", "", "| event | definitions |", "|---|---|"]
    lines += [f"| {place} | {_kinds(kinds)} |" for place, kinds in ALLOWED.items()]
    lines += [
        "",
        f"Several in one event: of {_kinds(SEVERAL_CAUGHT)} when they are caught (one timer and one condition at most; all of",
    ]
    lines += [
        f"them only at an intermediate event), of {_kinds(SEVERAL_THROWN)} when they are thrown. Anything else is refused."
    ]
    lines += ["", "The diagram (`BPMNDiagram` and all inside) is kept without effect.", "", "## Extensions", ""]
    lines += ["`zeebe:` (Camunda 8), all others of this namespace being refused:", ""]
    lines += [
        f"* `{name}`: {', '.join(f'`{each}`' for each in sorted(given)) or 'no attributes'}"
        for name, given in ATTRIBUTES.items()
    ]
    lines += [
        "",
        "`taskHeaders` are kept without effect. `bindingType` is `deployment` when nothing is said; of a `calledElement` it may also be",
    ]
    lines += ["`latest` or `versionTag` ([semantics](semantics.md#call-activities-1036-1334)).", ""]
    lines += ["`camunda:` (Camunda 7), constants only, read as the `zeebe:` extension that says the same:", ""]
    for host, targets in SAME_AS.items():
        lines.append(
            f"* `{host}`: " + ", ".join(f"`{name}` → `{' '.join(filter(None, to))}`" for name, to in targets.items())
        )
    lines += ["* activities: `inputOutput` with constant `inputParameter`s; call activities: `in`, `out`", ""]
    for namespace, names in KEPT.items():
        lines.append(
            f"`{EXECUTING_NAMESPACES[namespace]}:` kept without effect: {', '.join(f'`{each}`' for each in sorted(names))}."
        )
    rest = ", ".join(f"`{each}:`" for each in sorted(EXECUTING_NAMESPACES.values()))
    lines += ["", f"Everything else of {rest} is refused. All other namespaces are kept without effect.", ""]
    return "\n".join(lines)


def _kinds(kinds: tuple[type, ...]) -> str:
    return ", ".join(each.__name__.removesuffix("Definition").lower() for each in kinds)


def _title(name: str) -> str:
    return NAMES.get(name, f"`{name}`")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
