"""XML to logic: expressions and boxed expressions of every kind (DMN 1.5 §7.3, §10.2.2, §10.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from engine.decisions import boxed
from engine.decisions import xml as dmn
from engine.decisions.boxed import (
    BoxedContext,
    BoxedList,
    Conditional,
    FunctionDefinition,
    Loop,
    Relation,
    Typed,
)
from engine.decisions.decision import Parameter
from engine.decisions.logic import Invocation, Literal, Logic
from engine.decisions.notes import Feel, Notes, Place, Refused
from engine.decisions.table_reader import read_table
from engine.decisions.type_reader import Types
from engine.feel import Expression


@dataclass(slots=True)
class LogicReader:
    """Reads the expressions of one file."""

    notes: Notes
    feel: Feel
    types: Types

    def inside(self, holder: etree._Element | None, place: Place) -> Logic:
        """The one expression in ``holder``. Raises Refused."""
        found = None if holder is None else expression_in(holder)
        if found is None:
            self.notes.add("dmn_logic_missing", place)
            raise Refused
        return self.logic(found, place)

    def logic(self, element: etree._Element, place: Place) -> Logic:
        """The expression that ``element`` is, its value of the type that it declares. Raises Refused."""
        made = self.untyped(element, place)
        kind = None if isinstance(made, FunctionDefinition) else self.types.of(element, place)
        return made if kind is None else Typed(made, kind)

    def untyped(self, element: etree._Element, place: Place) -> Logic:
        """The expression that ``element`` is, for one who looks after its type. Raises Refused."""
        self.feel.language(element, place)
        return _READERS[dmn.local(element)](self, element, place)

    def parameters(self, element: etree._Element, place: Place) -> tuple[Parameter, ...]:
        """The formal parameters of a function."""
        found = dmn.children(element, "formalParameter")
        names = [dmn.name(each) for each in found]
        if len(set(names)) < len(names):
            self.notes.add("dmn_parameter_twice", place)
        return tuple(Parameter(name=dmn.name(each), kind=self.types.of(each, place)) for each in found)

    # --- one kind each

    def literal(self, element: etree._Element, place: Place) -> Logic:
        """A literal expression."""
        if dmn.child(element, "importedValues") is not None:
            self.notes.add("dmn_logic_unsupported", place, kind="importedValues")
            raise Refused
        return Literal(self.feel.expression(dmn.text(element), place))

    def table(self, element: etree._Element, place: Place) -> Logic:
        """A decision table."""
        return read_table(element, place, self.notes, self.feel, self.types)

    def invocation(self, element: etree._Element, place: Place) -> Logic:
        """A boxed invocation."""
        called = dmn.child(element, "literalExpression")
        if called is None:
            self.notes.add("dmn_logic_missing", place)
            raise Refused
        bindings: list[tuple[str, Logic]] = []
        for binding in dmn.children(element, "binding"):
            parameter = dmn.child(binding, "parameter")
            name = "" if parameter is None else dmn.name(parameter)
            bindings.append((name, self.inside(binding, place.within("binding", label=name))))
        return Invocation(self.feel.expression(dmn.text(called), place.within("function")), tuple(bindings))

    def context(self, element: etree._Element, place: Place) -> Logic:
        """A boxed context."""
        entries: list[tuple[str, Logic]] = []
        result: Logic | None = None
        for number, entry in enumerate(dmn.children(element, "contextEntry"), 1):
            variable = dmn.child(entry, "variable")
            name = "" if variable is None else dmn.name(variable)
            where = place.within("entry", None if name else number, name)
            logic = self.inside(entry, where)
            if variable is None:
                result = logic
                continue
            kind = self.types.of(variable, where)
            # the variable of a function may name the type of its results only (DMN 1.1): the function itself is not of it
            is_plain = kind is None or (isinstance(logic, FunctionDefinition) and kind.feel.name != "function")
            entries.append((name, logic if kind is None or is_plain else Typed(logic, kind)))
        names = [name for name, _ in entries]
        if len(set(names)) < len(names):
            self.notes.add("dmn_entry_twice", place)
        return BoxedContext(tuple(entries), result)

    def list_(self, element: etree._Element, place: Place) -> Logic:
        """A boxed list."""
        items = [each for each in element.iterchildren(tag=etree.Element) if _is_expression(each)]
        return BoxedList(tuple(self.logic(each, place.within("item", number)) for number, each in enumerate(items, 1)))

    def relation(self, element: etree._Element, place: Place) -> Logic:
        """A relation."""
        columns = dmn.children(element, "column")
        rows: list[tuple[Logic, ...]] = []
        for number, row in enumerate(dmn.children(element, "row"), 1):
            cells = [each for each in row.iterchildren(tag=etree.Element) if _is_expression(each)]
            if len(cells) != len(columns):
                self.notes.add("dmn_row_width", place.within("row", number), row=number)
                raise Refused
            rows.append(
                tuple(
                    self.logic(cell, place.within("row", number).within("column", index, dmn.name(column)))
                    for index, (cell, column) in enumerate(zip(cells, columns, strict=True), 1)
                )
            )
        return Relation(tuple((dmn.name(each), self.types.of(each, place)) for each in columns), tuple(rows))

    def function(self, element: etree._Element, place: Place) -> Logic:
        """A boxed function; one that another language runs is refused by name."""
        kind = element.get("kind", "FEEL")
        if kind != "FEEL":
            self.notes.add("dmn_function_kind", place, kind=kind[:40])
            raise Refused
        declared = self.types.of(element, place)
        return FunctionDefinition(
            self.parameters(element, place),
            self.inside(element, place.within("body")),
            None if declared is None else declared.result(),
        )

    def conditional(self, element: etree._Element, place: Place) -> Logic:
        """A boxed conditional."""
        condition, then, otherwise = (
            self.inside(dmn.child(element, each), place.within(each)) for each in ("if", "then", "else")
        )
        return Conditional(condition, then, otherwise)

    def filter_(self, element: etree._Element, place: Place) -> Logic:
        """A boxed filter."""
        source = self.inside(dmn.child(element, "in"), place.within("in"))
        return Loop(boxed.FILTER, "item", source, self.inside(dmn.child(element, "match"), place.within("match")))

    def for_(self, element: etree._Element, place: Place) -> Logic:
        """A boxed ``for``."""
        body = self.inside(dmn.child(element, "return"), place.within("return"))
        form = boxed.FOR_PARTIAL if "partial" in body.variables else boxed.FOR
        return self._loop(form, element, place, body)

    def quantified(self, element: etree._Element, place: Place) -> Logic:
        """A boxed ``some`` or ``every``."""
        form = boxed.SOME if dmn.local(element) == "some" else boxed.EVERY
        return self._loop(form, element, place, self.inside(dmn.child(element, "satisfies"), place.within("satisfies")))

    def _loop(self, form: Expression, element: etree._Element, place: Place, body: Logic) -> Logic:
        variable = " ".join(element.get("iteratorVariable", "").split())
        if not variable:
            self.notes.add("dmn_iterator_missing", place)
            raise Refused
        return Loop(form, variable, self._gone_through(dmn.child(element, "in"), place.within("in")), body)

    def _gone_through(self, holder: etree._Element | None, place: Place) -> Logic:
        """What a loop goes through: any expression, or an interval as FEEL's own loops have it (DMN 1.5 §7.3.20)."""
        found = None if holder is None else expression_in(holder)
        if found is None or dmn.local(found) != "literalExpression" or ".." not in dmn.text(found):
            return self.inside(holder, place)
        interval = self.feel.interval(dmn.text(found))
        return self.inside(holder, place) if interval is None else Literal(interval)


_READERS: dict[str, Callable[[LogicReader, etree._Element, Place], Logic]] = {
    "literalExpression": LogicReader.literal,
    "decisionTable": LogicReader.table,
    "invocation": LogicReader.invocation,
    "context": LogicReader.context,
    "list": LogicReader.list_,
    "relation": LogicReader.relation,
    "functionDefinition": LogicReader.function,
    "conditional": LogicReader.conditional,
    "filter": LogicReader.filter_,
    "for": LogicReader.for_,
    "some": LogicReader.quantified,
    "every": LogicReader.quantified,
}


def _is_expression(element: etree._Element) -> bool:
    parent = element.getparent()
    same = parent is None or etree.QName(element).namespace == etree.QName(parent).namespace
    return same and dmn.local(element) in _READERS


def expression_in(holder: etree._Element) -> etree._Element | None:
    """The expression directly in ``holder``, if there is one."""
    return next((each for each in holder.iterchildren(tag=etree.Element) if _is_expression(each)), None)
