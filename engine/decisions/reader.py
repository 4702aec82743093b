"""DMN XML to decisions. What cannot be run is refused by name; all problems of a file are told at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lxml import etree

from engine.decisions import xml as dmn
from engine.decisions.decision import Decision, Knowledge
from engine.decisions.logic import BoxedContext, Invocation, Literal, Logic
from engine.decisions.table import Aggregation, HitPolicy, Input, Output, Rule, Table
from engine.errors import DefinitionError, Fact, Problem
from engine.feel import Expression, FeelSyntaxError, UnaryTests, compile_expression, compile_unary_tests

_LOGIC = ("literalExpression", "decisionTable", "invocation", "context")
_OTHER_LOGIC = (
    "functionDefinition",
    "relation",
    "list",
    "conditional",
    "filter",
    "for",
    "some",
    "every",
)
_REFUSED = ("import", "decisionService")


def read_decisions(xml: bytes, file: str) -> Mapping[str, Decision]:
    """The decisions of a DMN file (1.1 to 1.5) by id. Raises DefinitionError with every problem found."""
    found, problems = read_file(xml, file)
    if problems:
        raise DefinitionError(problems)
    return found


def read_file(xml: bytes, file: str) -> tuple[Mapping[str, Decision], tuple[Problem, ...]]:
    """The decisions that can be run, and what is wrong with the others. Raises DefinitionError when it is no DMN file."""
    reader = _Reader(dmn.parse(xml, file), file)
    return reader.decisions(), tuple(reader.problems)


class _Refused(Exception):
    """This element cannot be used; the problem is already noted."""


@dataclass(slots=True)
class _Reader:
    root: etree._Element
    file: str
    problems: list[Problem] = field(default_factory=list)
    _elements: dict[str, etree._Element] = field(default_factory=dict)
    _names: frozenset[str] = frozenset()
    _decisions: dict[str, Decision | None] = field(default_factory=dict)
    _knowledge: dict[str, Knowledge | None] = field(default_factory=dict)
    _in_work: set[str] = field(default_factory=set)

    def decisions(self) -> Mapping[str, Decision]:
        """All decisions, each after what it requires."""
        self._language(self.root)
        for kind in _REFUSED:
            for element in dmn.children(self.root, kind):
                self._note("dmn_element_unsupported", element, kind=kind)
        for element in self.root.iterchildren(tag=etree.Element):
            self._register(element)
        self._names = frozenset(_known_names(self.root))
        for element in dmn.children(self.root, "decision"):
            self._decision(_key(element))
        return {key: decision for key, decision in self._decisions.items() if decision is not None}

    def _register(self, element: etree._Element) -> None:
        key = _key(element)
        kind = dmn.local(element)
        if not key:
            if kind in ("decision", "inputData", "businessKnowledgeModel"):
                self._note("dmn_id_missing", element, kind=kind)
        elif key in self._elements:
            self._note("dmn_id_twice", element, id=key)
        else:
            self._elements[key] = element

    # --- decisions and knowledge

    def _decision(self, key: str) -> Decision | None:
        if key in self._decisions or key not in self._elements:
            return self._decisions.get(key)
        element = self._elements[key]
        if key in self._in_work:
            self._note("dmn_requirement_cycle", element)
            return None
        self._in_work.add(key)
        try:
            made = self._made_decision(key, element)
        except _Refused:
            made = None
        self._in_work.discard(key)
        return self._decisions.setdefault(key, made)

    def _made_decision(self, key: str, element: etree._Element) -> Decision:
        before = len(self.problems)
        required = [
            self._decision(target) for target in self._targets(element, "informationRequirement", "requiredDecision")
        ]
        inputs = [
            _name_of(self._elements[target])
            for target in self._targets(element, "informationRequirement", "requiredInput")
        ]
        knowledge = [
            self._model(target) for target in self._targets(element, "knowledgeRequirement", "requiredKnowledge")
        ]
        logic = self._logic_of(element, element)
        if len(self.problems) > before or None in required or None in knowledge:
            raise _Refused
        decisions = tuple(each for each in required if each is not None)
        models = tuple(each for each in knowledge if each is not None)
        bound = {each.name for each in decisions} | {each.name for each in models}
        needed = dict.fromkeys((*inputs, *sorted(logic.variables - bound)))
        for each in decisions:
            needed.update(dict.fromkeys(each.inputs))
        name = _name_of(element)
        return Decision(
            id=key,
            name=name,
            logic=logic,
            inputs=tuple(needed),
            outputs=logic.outputs or (name,),
            requires=decisions,
            knowledge=models,
        )

    def _model(self, key: str) -> Knowledge | None:
        if key in self._knowledge:
            return self._knowledge[key]
        element = self._elements[key]
        if key in self._in_work:
            self._note("dmn_requirement_cycle", element)
            return None
        self._in_work.add(key)
        before = len(self.problems)
        requires = [
            self._model(target) for target in self._targets(element, "knowledgeRequirement", "requiredKnowledge")
        ]
        made: Knowledge | None = None
        body = dmn.child(element, "encapsulatedLogic")
        if body is None:
            self._note("dmn_logic_missing", element)
        elif body.get("kind", "FEEL") != "FEEL":
            self._note("dmn_function_kind", element, kind=body.get("kind"))
        else:
            parameters = tuple(_name_of(each) for each in dmn.children(body, "formalParameter"))
            try:
                logic = self._logic_of(body, element)
                made = Knowledge(
                    id=key,
                    name=_name_of(element),
                    parameters=parameters,
                    logic=logic,
                    requires=tuple(each for each in requires if each is not None),
                )
            except _Refused:
                made = None
        if len(self.problems) > before:
            made = None
        self._in_work.discard(key)
        self._knowledge[key] = made
        return made

    def _targets(self, element: etree._Element, requirement: str, reference: str) -> list[str]:
        found: list[str] = []
        for each in dmn.children(element, requirement):
            target = dmn.child(each, reference)
            if target is None:
                continue
            key = target.get("href", "").rpartition("#")[2]
            if key in self._elements:
                found.append(key)
            else:
                self._note("dmn_requirement_unknown", element, reference=target.get("href", "")[:100])
        return found

    # --- logic

    def _logic_of(self, holder: etree._Element, owner: etree._Element) -> Logic:
        """The one expression inside ``holder``."""
        for kind in _LOGIC:
            inner = dmn.child(holder, kind)
            if inner is not None:
                return self._logic(inner, owner)
        for kind in _OTHER_LOGIC:
            if dmn.child(holder, kind) is not None:
                self._note("dmn_logic_unsupported", owner, kind=kind)
                raise _Refused
        self._note("dmn_logic_missing", owner)
        raise _Refused

    def _logic(self, element: etree._Element, owner: etree._Element) -> Logic:
        self._language(element, owner)
        kind = dmn.local(element)
        if kind == "decisionTable":
            return self._table(element, owner)
        if kind == "invocation":
            return self._invocation(element, owner)
        if kind == "context":
            return self._context(element, owner)
        if dmn.child(element, "importedValues") is not None:
            self._note("dmn_logic_unsupported", owner, kind="importedValues")
            raise _Refused
        return Literal(self._expression(dmn.text(element), owner, None))

    def _invocation(self, element: etree._Element, owner: etree._Element) -> Invocation:
        function = dmn.child(element, "literalExpression")
        if function is None:
            self._note("dmn_logic_missing", owner)
            raise _Refused
        bindings: list[tuple[str, Logic]] = []
        for binding in dmn.children(element, "binding"):
            parameter = dmn.child(binding, "parameter")
            bindings.append(("" if parameter is None else _name_of(parameter), self._logic_of(binding, owner)))
        return Invocation(self._expression(dmn.text(function), owner, None), tuple(bindings))

    def _context(self, element: etree._Element, owner: etree._Element) -> BoxedContext:
        entries: list[tuple[str, Logic]] = []
        result: Logic | None = None
        for entry in dmn.children(element, "contextEntry"):
            variable = dmn.child(entry, "variable")
            logic = self._logic_of(entry, owner)
            if variable is None:
                result = logic
            else:
                entries.append((_name_of(variable), logic))
        return BoxedContext(tuple(entries), result)

    # --- tables

    def _table(self, element: etree._Element, owner: etree._Element) -> Table:
        before = len(self.problems)
        policy = self._policy(element, owner)
        aggregation = self._aggregation(element, owner)
        inputs = tuple(
            self._input(each, number, owner) for number, each in enumerate(dmn.children(element, "input"), 1)
        )
        outputs = tuple(self._output(each, owner) for each in dmn.children(element, "output"))
        rules = tuple(
            self._rule(each, number, inputs, outputs, owner)
            for number, each in enumerate(dmn.children(element, "rule"), 1)
        )
        if not outputs:
            self._note("dmn_table_without_output", owner)
        if policy in (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER) and not any(each.values for each in outputs):
            self._note("dmn_priority_without_values", owner, policy=policy.value)
        if len(outputs) > 1 and len({each.name for each in outputs}) < len(outputs):
            self._note("dmn_output_names", owner)
        if len(self.problems) > before:
            raise _Refused
        return Table(inputs=inputs, columns=outputs, rules=rules, hit_policy=policy, aggregation=aggregation)

    def _policy(self, element: etree._Element, owner: etree._Element) -> HitPolicy:
        found = element.get("hitPolicy", HitPolicy.UNIQUE.value)
        try:
            return HitPolicy(found)
        except ValueError:
            self._note("dmn_hit_policy", owner, policy=found[:40])
            return HitPolicy.UNIQUE

    def _aggregation(self, element: etree._Element, owner: etree._Element) -> Aggregation | None:
        found = element.get("aggregation")
        if found is None or element.get("hitPolicy") != HitPolicy.COLLECT.value:
            return None
        try:
            return Aggregation(found)
        except ValueError:
            self._note("dmn_aggregation", owner, aggregation=found[:40])
            return None

    def _input(self, element: etree._Element, number: int, owner: etree._Element) -> Input:
        inner = dmn.child(element, "inputExpression")
        source = dmn.text(inner)
        label = element.get("label") or source or str(number)
        place = f"input {number}"
        if inner is not None:
            self._language(inner, owner)
        allowed = dmn.text(dmn.child(element, "inputValues"))
        return Input(
            label=label,
            expression=self._expression(source, owner, place),
            allowed=self._tests(allowed, owner, f"{place}, values") if allowed else None,
        )

    def _output(self, element: etree._Element, owner: etree._Element) -> Output:
        name = element.get("name") or element.get("label") or ""
        place = f"output {name}".strip()
        values = dmn.text(dmn.child(element, "outputValues")) or self._allowed_values(element.get("typeRef"))
        default = dmn.text(dmn.child(element, "defaultOutputEntry"))
        return Output(
            name=name,
            values=self._listed(values, owner, place) if values else (),
            default=self._expression(default, owner, place) if default else None,
        )

    def _allowed_values(self, type_ref: str | None) -> str:
        """The values of the output's own type, which rank as output values do."""
        wanted = (type_ref or "").rpartition(":")[2]
        for element in dmn.children(self.root, "itemDefinition"):
            if wanted and element.get("name") == wanted:
                return dmn.text(dmn.child(element, "allowedValues"))
        return ""

    def _listed(self, source: str, owner: etree._Element, place: str) -> tuple[Expression, ...]:
        """The values of a list without brackets, each on its own; a test that is no list of values ranks nothing."""
        try:
            tests = compile_unary_tests(source, names=self._names)
        except FeelSyntaxError as error:
            self._note_syntax(error, source, owner, place)
            return ()
        return tests.values()

    def _rule(
        self,
        element: etree._Element,
        number: int,
        inputs: tuple[Input, ...],
        outputs: tuple[Output, ...],
        owner: etree._Element,
    ) -> Rule:
        tests = dmn.children(element, "inputEntry")
        conclusions = dmn.children(element, "outputEntry")
        if len(tests) != len(inputs) or len(conclusions) != len(outputs):
            self._note("dmn_rule_width", owner, place=f"rule {number}", rule=number)
            return Rule(id=str(number), tests=(), outputs=())
        for each in (*tests, *conclusions):
            self._language(each, owner)
        return Rule(
            id=element.get("id") or str(number),
            tests=tuple(
                self._tests(dmn.text(each) or "-", owner, f"rule {number}, {column.label}")
                for each, column in zip(tests, inputs, strict=True)
            ),
            outputs=tuple(
                self._expression(dmn.text(each) or "null", owner, f"rule {number}, {column.name}")
                for each, column in zip(conclusions, outputs, strict=True)
            ),
        )

    # --- expressions

    def _expression(self, source: str, owner: etree._Element, place: str | None) -> Expression:
        try:
            return compile_expression(source, names=self._names)
        except FeelSyntaxError as error:
            self._note_syntax(error, source, owner, place)
            return compile_expression("null")

    def _tests(self, source: str, owner: etree._Element, place: str) -> UnaryTests:
        try:
            return compile_unary_tests(source, names=self._names)
        except FeelSyntaxError as error:
            self._note_syntax(error, source, owner, place)
            return compile_unary_tests("-")

    def _language(self, element: etree._Element, owner: etree._Element | None = None) -> None:
        language = element.get("expressionLanguage", "feel")
        if "feel" not in language.lower():
            self._note("dmn_language", element if owner is None else owner, language=language[:100])

    def _note_syntax(self, error: FeelSyntaxError, source: str, owner: etree._Element, place: str | None) -> None:
        facts = {**error.facts, "expression": source[:200]}
        self.problems.append(
            Problem(
                code=error.code,
                file=self.file,
                element_id=owner.get("id"),
                element_name=owner.get("name"),
                place=place,
                facts=facts,
            )
        )

    def _note(self, code: str, element: etree._Element, place: str | None = None, **facts: Fact) -> None:
        self.problems.append(
            Problem(
                code=code,
                file=self.file,
                element_id=element.get("id"),
                element_name=element.get("name"),
                place=place,
                facts=facts,
            )
        )


def _key(element: etree._Element) -> str:
    """The id; the standard lets it be absent, then the name has to do."""
    return element.get("id") or " ".join(element.get("name", "").split())


def _name_of(element: etree._Element) -> str:
    """The name by which expressions know an element: its variable's, or its own; blanks are normalised."""
    variable = dmn.child(element, "variable")
    name = (None if variable is None else variable.get("name")) or element.get("name") or element.get("id") or ""
    return " ".join(name.split())


def _known_names(root: etree._Element) -> Iterable[str]:
    """Every name that an expression of the file may use: variables, parameters, entries and components."""
    kinds = (
        "decision",
        "inputData",
        "businessKnowledgeModel",
        "variable",
        "formalParameter",
        "itemComponent",
        "parameter",
        "output",
    )
    for element in root.iter(etree.Element):
        if dmn.local(element) in kinds:
            name = element.get("name")
            if name:
                yield " ".join(name.split())
