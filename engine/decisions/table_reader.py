"""XML to decision tables (DMN 1.5 §8.3)."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from engine.decisions import xml as dmn
from engine.decisions.notes import Feel, Notes, Place, Refused
from engine.decisions.table import Aggregation, HitPolicy, Input, Output, Rule, Table
from engine.decisions.type_reader import Types
from engine.feel import Expression

_OF_MANY = (HitPolicy.COLLECT, HitPolicy.RULE_ORDER, HitPolicy.OUTPUT_ORDER)


def read_table(element: etree._Element, place: Place, notes: Notes, feel: Feel, types: Types) -> Table:
    """The table. Raises Refused when it cannot decide; all reasons are noted."""
    return _TableReader(notes, feel, types, place).table(element)


@dataclass(slots=True)
class _TableReader:
    notes: Notes
    feel: Feel
    types: Types
    place: Place

    def table(self, element: etree._Element) -> Table:
        before = self.notes.errors
        policy = self._policy(element)
        rows = dmn.children(element, "rule")
        inputs = tuple(self._input(each, number) for number, each in enumerate(dmn.children(element, "input"), 1))
        outputs = tuple(
            self._output(each, number, policy) for number, each in enumerate(dmn.children(element, "output"), 1)
        )
        rules = tuple(self._rule(each, number, inputs, outputs) for number, each in enumerate(rows, 1))
        if not outputs:
            self.notes.add("dmn_table_without_output", self.place)
        if policy in (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER) and not any(each.values for each in outputs):
            self.notes.add("dmn_priority_without_values", self.place, policy=policy.value)
        names = {each.name for each in outputs}
        if len(outputs) > 1 and ("" in names or len(names) < len(outputs)):
            self.notes.add("dmn_output_names", self.place)
        aggregation = self._aggregation(element)
        if self.notes.errors > before:
            raise Refused
        return Table(inputs=inputs, columns=outputs, rules=rules, hit_policy=policy, aggregation=aggregation)

    def _policy(self, element: etree._Element) -> HitPolicy:
        found = element.get("hitPolicy", HitPolicy.UNIQUE.value)
        try:
            return HitPolicy(found)
        except ValueError:
            self.notes.add("dmn_hit_policy", self.place, policy=found[:40])
            return HitPolicy.UNIQUE

    def _aggregation(self, element: etree._Element) -> Aggregation | None:
        found = element.get("aggregation")
        if found is None or element.get("hitPolicy") != HitPolicy.COLLECT.value:
            return None
        try:
            return Aggregation(found)
        except ValueError:
            self.notes.add("dmn_aggregation", self.place, aggregation=found[:40])
            return None

    def _input(self, element: etree._Element, number: int) -> Input:
        inner = dmn.child(element, "inputExpression")
        source = dmn.text(inner)
        label = element.get("label") or source or str(number)
        place = self.place.within("input", number, label)
        if inner is not None:
            self.feel.language(inner, place)
        allowed = dmn.text(dmn.child(element, "inputValues"))
        kind = self.types.of(inner, place)
        return Input(
            label=label,
            expression=self.feel.expression(source, place),
            allowed=self.feel.tests(allowed, place.within("values")) if allowed else None,
            type=None if kind is None else kind.feel,
            id=element.get("id"),
            limits=() if kind is None else kind.limits,
        )

    def _output(self, element: etree._Element, number: int, policy: HitPolicy) -> Output:
        name = element.get("name") or element.get("label") or ""
        place = self.place.within("output", number, element.get("label") or name)
        kind = self.types.of(element, place)
        listed = dmn.text(dmn.child(element, "outputValues"))
        if listed:
            values = self.feel.tests(listed, place.within("values")).values()
        else:
            # the values of the output's own type rank as output values do
            tests = None if kind is None else kind.values()
            values = () if tests is None else tests.values()
        default = dmn.text(dmn.child(element, "defaultOutputEntry"))
        if kind is not None and kind.feel.name == "list" and policy in _OF_MANY:
            # some tools write the type of the whole result on its column: nothing can be said of one cell
            kind = None
        return Output(
            name=" ".join(name.split()),
            values=values,
            default=self.feel.expression(default, place.within("default")) if default else None,
            type=None if kind is None else kind.feel,
            label=element.get("label"),
            id=element.get("id"),
        )

    def _rule(
        self, element: etree._Element, number: int, inputs: tuple[Input, ...], outputs: tuple[Output, ...]
    ) -> Rule:
        place = self.place.within("rule", number)
        tests = dmn.children(element, "inputEntry")
        conclusions = dmn.children(element, "outputEntry")
        if len(tests) != len(inputs) or len(conclusions) != len(outputs):
            self.notes.add("dmn_rule_width", place, rule=number)
            return Rule(id=str(number), tests=(), outputs=())
        for each in (*tests, *conclusions):
            self.feel.language(each, place)
        return Rule(
            id=element.get("id") or str(number),
            tests=tuple(
                self.feel.tests(dmn.text(each) or "-", place.within("input", index, column.label))
                for index, (each, column) in enumerate(zip(tests, inputs, strict=True), 1)
            ),
            outputs=tuple(
                self._conclusion(dmn.text(each), place.within("output", index, column.label or column.name))
                for index, (each, column) in enumerate(zip(conclusions, outputs, strict=True), 1)
            ),
        )

    def _conclusion(self, source: str, place: Place) -> Expression:
        return self.feel.expression(source or "null", place)
