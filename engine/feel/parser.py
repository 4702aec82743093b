"""Tokens to tree: a Pratt parser (DMN 1.5 §10.3.1.2, rules 1–60 and 63–67).

Operators from the weakest: or, and, comparison/in/between, + -, * /, **, minus, instance of, ``. [] ()``. Names with spaces cannot be told
from operators by grammar alone; a run of tokens is one name when it is a *known* name (given by the caller, a built-in function, or bound
further out in the expression). The longest known name wins.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import DecimalException
from typing import Literal, cast

from engine.feel.cursor import MAX_DEPTH, Cursor
from engine.feel.errors import FeelSyntaxError
from engine.feel.habits import CONSTANTS, METHODS, WORDS
from engine.feel.hints import closest
from engine.feel.lexer import KEYWORDS, Token, text_of
from engine.feel.names import Names, words_of
from engine.feel.numbers import CONTEXT
from engine.feel.temporal import parse_at
from engine.feel.tree import (
    Between,
    Call,
    Chain,
    Comparison,
    ComparisonOperator,
    Constant,
    ContextLiteral,
    Filter,
    For,
    FunctionLiteral,
    If,
    In,
    InstanceOf,
    Iteration,
    Junction,
    ListLiteral,
    Name,
    Negation,
    Node,
    Path,
    Quantified,
    RangeLiteral,
    Test,
    Tests,
    TypeName,
    measure,
)
from engine.feel.types import TYPE_NAMES

_OR, _AND, _COMPARE, _ADD, _MULTIPLY, _POWER, _MINUS, _INSTANCE = range(1, 9)
STRENGTHS = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "in", "between"), _COMPARE),
    **dict.fromkeys(("+", "-"), _ADD),
    **dict.fromkeys(("*", "/"), _MULTIPLY),
    "**": _POWER,
    "instance": _INSTANCE,
}
_FAMILY = {_ADD: ("+", "-"), _MULTIPLY: ("*", "/"), _POWER: ("**",)}
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_BEGINNINGS = ("true", "false", "null", "if", "for", "some", "every", "function")
_LITERALS = {"true": True, "false": False, "null": None}


class Parser(Cursor):
    """One pass over one source. ``functions`` are the names of functions, ``names`` those of variables, ``types`` those of named types."""

    def __init__(self, source: str, names: Iterable[str], functions: Iterable[str], types: Iterable[str] = ()) -> None:
        super().__init__(source, names, functions)
        self._input_uses = 0
        self._in_range_end = False
        # all names given anywhere before: an entry is still asked for when its context is closed
        self._bound: set[str] = set()
        self._types = Names((*TYPE_NAMES, *types)) if types else _TYPES

    # --- doors

    def whole_expression(self) -> Node:
        """The source as one expression."""
        node = self._expression(0)
        return self._finished(node)

    def whole_tests(self) -> Tests:
        """The source as unary tests (DMN 1.5 §7.3.3): ``-``, tests, or ``not(tests)``."""
        tokens = self._tokens
        if tokens[0].text == "-" and tokens[1].kind == "end":
            return Tests(0, ())
        if tokens[0].text != "not" or tokens[1].text != "(":
            return self._tests_from(0, is_negated=False)
        # "not(a, b)" negates the whole cell, "not(a) and b" is an expression: only the end tells
        try:
            return self._tests_from(1, is_negated=True)
        except FeelSyntaxError as as_negated:
            try:
                return self._tests_from(0, is_negated=False)
            except FeelSyntaxError as as_expression:
                raise max(as_negated, as_expression, key=lambda error: error.position) from None

    def _tests_from(self, index: int, *, is_negated: bool) -> Tests:
        self._go_back(index)
        self._depth, self._in_range_end = 0, False
        if is_negated:
            self._open()
        tests = self._test_list()
        if is_negated:
            self._close(")")
        made = Tests(self._tokens[0].start, tests, is_negated)
        self._finished(made)
        return made

    def _finished(self, node: Node) -> Node:
        if self._token.kind != "end":
            raise self._unexpected()
        if measure(node)[1] > MAX_DEPTH:
            raise FeelSyntaxError("feel_too_nested", node.at, limit=MAX_DEPTH)
        return node

    # --- expressions

    def _expression(self, strength: int) -> Node:
        self._deeper()
        made = self._continued(self._prefix(), strength)
        self._depth -= 1
        return made

    def _continued(self, left: Node, strength: int) -> Node:
        """``left`` with all that follows and holds together more than ``strength``."""
        left = self._postfix(left)
        while True:
            token = self._token
            found = STRENGTHS.get(token.text, 0) if token.kind in ("sign", "name") else 0
            if found <= strength:
                return left
            left = self._infix(left, token.text, found)

    def _inner(self) -> Node:
        """An expression between brackets, where ``[`` cannot end a range that is further out."""
        outer, self._in_range_end = self._in_range_end, False
        made = self._expression(0)
        self._in_range_end = outer
        return made

    def _infix(self, left: Node, operator: str, strength: int) -> Node:
        if strength in _FAMILY:
            rest: list[tuple[str, Node]] = []
            while self._is_sign(*_FAMILY[strength]):
                sign = self._token.text
                self._index += 1
                rest.append((sign, self._expression(strength)))
            return Chain(left.at, left, tuple(rest))
        self._index += 1
        if operator in ("and", "or"):
            operands = [left, self._expression(strength)]
            while self._take(operator):
                operands.append(self._expression(strength))
            return Junction(left.at, cast('Literal["and", "or"]', operator), tuple(operands))
        if operator == "between":
            low = self._expression(_COMPARE)
            self._expect("and")
            return Between(left.at, left, low, self._expression(_COMPARE))
        if operator == "in":
            return In(left.at, left, self._in_tests())
        if operator == "instance":
            self._expect("of")
            return InstanceOf(left.at, left, self._type())
        return Comparison(left.at, cast("ComparisonOperator", operator), left, self._expression(strength))

    def _prefix(self) -> Node:
        token = self._token
        if token.kind == "number":
            self._index += 1
            return self._number(token)
        if token.kind == "string":
            self._index += 1
            return Constant(token.start, text_of(token.text))
        if token.kind == "at":
            self._index += 1
            value = parse_at(text_of(token.text[1:]))
            if value is None:
                raise FeelSyntaxError("feel_at_literal", token.start, length=len(token.text), found=token.text[:40])
            return Constant(token.start, value)
        if token.kind == "name":
            return self._worded(token)
        if token.text == "-":
            self._index += 1
            return Negation(token.start, self._expression(_MINUS))
        if token.text == "(":
            return self._parenthesis(token)
        if token.text == "[":
            return self._bracket(token)
        if token.text == "]" and (self._tokens[self._index + 1].text == ".." or not self._is_left_alone(self._index)):
            self._open()
            start = None if self._is("..") else self._bound_of_range()
            return self._range_end(token, start, start_included=False)
        if token.text == "{":
            return self._context(token)
        raise self._unexpected()

    def _number(self, token: Token) -> Constant:
        try:
            value = CONTEXT.create_decimal(token.text)
        except DecimalException as error:
            raise FeelSyntaxError("feel_number", token.start, length=len(token.text), found=token.text[:40]) from error
        return Constant(token.start, value)

    def _worded(self, token: Token) -> Node:
        name = self._known_name()
        if name is not None:
            return Name(token.start, name)
        text = token.text
        if text in _LITERALS:
            self._index += 1
            return Constant(token.start, _LITERALS[text])
        if text == "if":
            return self._if(token)
        if text == "for":
            return self._for(token)
        if text in ("some", "every"):
            return self._quantified(token)
        if text == "function":
            return self._function(token)
        if text in KEYWORDS:
            raise self._unexpected()
        if text in CONSTANTS and text not in self._given and text not in self._bound:
            raise FeelSyntaxError(
                "feel_write_instead", token.start, length=len(text), found=text, wanted=CONSTANTS[text]
            )
        self._index += 1
        if text == "?":
            self._input_uses += 1
        return Name(token.start, text)

    def _postfix(self, left: Node) -> Node:
        while self._token.kind == "sign":
            text = self._token.text
            if text == ".":
                names: list[str] = []
                while self._take("."):
                    names.append(self._property())
                left = Path(left.at, left, tuple(names))
            elif text == "(":
                left = self._call(left)
            elif text == "[" and not (self._in_range_end and self._closes_range()):
                self._open()
                condition = self._inner()
                self._close("]")
                left = Filter(left.at, left, condition)
            else:
                break
        return left

    def _closes_range(self) -> bool:
        """Whether this ``[`` is the open end of ``[1..10[``: a filter would go on with an expression."""
        return self._is_left_alone(self._index)

    def _is_left_alone(self, index: int) -> bool:
        """Whether no expression begins after the bracket at ``index``."""
        index += 1
        following = self._tokens[index]
        if following.kind == "sign":
            return following.text not in ("(", "[", "{", "-")
        if following.kind == "name" and self._names.match(self._tokens, index) is not None:
            return False
        return following.kind == "end" or (following.text in KEYWORDS and following.text not in _BEGINNINGS)

    def _property(self) -> str:
        found = self._properties.match(self._tokens, self._index)
        if found is not None:
            self._index += found[1]
            return found[0]
        start = self._index
        if self._token.kind != "name":
            raise self._unexpected(wanted="name")
        self._index += 1
        # no operator is a word that FEEL does not know: what follows belongs to a name that only the data know
        while self._is_part_of_name():
            self._index += 1
        return words_of(self._tokens[start : self._index])

    def _is_part_of_name(self) -> bool:
        """Whether a word stands here that neither is a keyword nor looks like one that is misspelt."""
        text = self._token.text
        is_word = text in KEYWORDS or text.startswith("?") or text.casefold() in WORDS
        return self._token.kind == "name" and not is_word and closest(text, KEYWORDS) is None

    def _call(self, function: Node) -> Node:
        if isinstance(function, Path):
            self._refuse_method(function.names[-1])
        self._open()
        arguments: list[Node] = []
        names: list[str] = []
        while not self._is(")") or arguments:
            at = self._token.start
            name = self._argument_name()
            if arguments and (name is None) != (not names):
                raise FeelSyntaxError("feel_mixed_arguments", at)
            if name is not None:
                names.append(name)
            arguments.append(self._inner())
            if not self._take(","):
                break
        self._close(")")
        return Call(function.at, function, tuple(arguments), tuple(names))

    def _refuse_method(self, name: str) -> None:
        wanted = METHODS.get(name)
        has_no_arguments = self._tokens[self._index + 1].text == ")"
        if wanted is None or name in self._given or name in self._bound or (name.islower() and not has_no_arguments):
            return
        token = self._tokens[self._index - 1]
        raise FeelSyntaxError("feel_method", token.start, length=len(token.text), found=name, wanted=wanted)

    # --- brackets

    def _parenthesis(self, token: Token) -> Node:
        self._open()
        if self._is_sign("<", "<=", ">", ">=", "="):
            operator = self._token.text
            self._index += 1
            made = half_range(token.start, operator, self._bound_of_range())
            self._close(")")
            return made
        if self._is(".."):
            return self._range_end(token, None, start_included=False)
        inner = self._inner()
        if self._is(".."):
            return self._range_end(token, inner, start_included=False)
        self._close(")")
        return inner

    def _bracket(self, token: Token) -> Node:
        self._open()
        items: list[Node] = []
        while not self._is("]") or items:
            items.append(self._inner())
            if len(items) == 1 and self._is(".."):
                return self._range_end(token, items[0], start_included=True)
            if not self._take(","):
                break
        self._close("]")
        return ListLiteral(token.start, tuple(items))

    def _bound_of_range(self) -> Node:
        outer, self._in_range_end = self._in_range_end, False
        made = self._expression(_COMPARE)
        self._in_range_end = outer
        return made

    def _range_end(self, token: Token, start: Node | None, *, start_included: bool) -> RangeLiteral:
        """What follows ``[start``: ``..end]``. An end that is left out is open (DMN 1.5, rule 66)."""
        self._expect("..")
        end = None
        if start is None or not (self._is_sign(")") or (self._is_sign("[") and self._closes_range())):
            outer, self._in_range_end = self._in_range_end, True
            end = self._expression(_COMPARE)
            self._in_range_end = outer
        closing = self._close("]", ")", "[") if end is not None else self._close(")", "[")
        return RangeLiteral(token.start, start, end, start_included, closing.text == "]")

    def _context(self, token: Token) -> ContextLiteral:
        self._open()
        entries: list[tuple[str, Node]] = []
        outer = self._known()
        while not self._is("}") or entries:
            at, index = self._token.start, self._index
            key = self._key()
            if any(key == other for other, _ in entries):
                raise FeelSyntaxError(
                    "feel_key_twice", at, length=self._tokens[self._index - 1].end - self._tokens[index].start, name=key
                )
            self._expect(":")
            entries.append((key, self._inner()))
            self._bind(key)
            self._properties.add(key)
            if not self._take(","):
                break
        self._close("}")
        self._names = outer
        return ContextLiteral(token.start, tuple(entries))

    def _key(self) -> str:
        token = self._token
        if token.kind == "string":
            self._index += 1
            return text_of(token.text)
        return self._new_name(":")

    # --- worded constructs

    def _known(self) -> Names:
        """The names known up to here, to come back to; what is bound from now on is known until then."""
        outer = self._names
        self._names = outer.copy()
        return outer

    def _bind(self, name: str) -> None:
        self._names.add(name)
        self._bound.add(name)

    def _if(self, token: Token) -> If:
        branches: list[tuple[Node, Node]] = []
        while True:
            self._expect("if")
            condition = self._expression(0)
            self._expect("then")
            branches.append((condition, self._expression(0)))
            self._expect("else")
            if not self._is("if") or self._names.match(self._tokens, self._index) is not None:
                return If(token.start, tuple(branches), self._expression(0))

    def _iterations(self) -> tuple[Iteration, ...]:
        found: list[Iteration] = []
        while True:
            name = self._new_name("in")
            self._expect("in")
            source = self._expression(0)
            end = self._expression(0) if self._take("..") else None
            found.append(Iteration(name, source, end))
            self._bind(name)
            if not self._take(","):
                return tuple(found)

    def _for(self, token: Token) -> For:
        self._index += 1
        outer = self._known()
        iterations = self._iterations()
        self._expect("return")
        made = For(token.start, iterations, self._expression(0))
        self._names = outer
        return made

    def _quantified(self, token: Token) -> Quantified:
        self._index += 1
        outer = self._known()
        iterations = self._iterations()
        self._expect("satisfies")
        made = Quantified(token.start, cast('Literal["some", "every"]', token.text), iterations, self._expression(0))
        self._names = outer
        return made

    def _function(self, token: Token) -> FunctionLiteral:
        self._index += 1
        if not self._is("("):
            raise self._unexpected(wanted="(")
        self._open()
        outer = self._known()
        parameters: list[tuple[str, TypeName | None]] = []
        while not self._is(")") or parameters:
            name = self._new_name(",", ")", ":")
            parameters.append((name, self._type() if self._take(":") else None))
            self._bind(name)
            if not self._take(","):
                break
        self._close(")")
        if self._is("external"):
            raise FeelSyntaxError("feel_external_function", self._token.start, length=len("external"))
        made = FunctionLiteral(token.start, tuple(parameters), self._expression(0))
        self._names = outer
        return made

    # --- tests and types

    def _test_list(self) -> tuple[Test, ...]:
        tests = [self._test()]
        while self._take(","):
            tests.append(self._test())
        return tuple(tests)

    def _test(self) -> Test:
        token = self._token
        if self._is_sign(*_COMPARISONS):
            self._index += 1
            return Test(token.start, cast("ComparisonOperator", token.text), self._expression(_COMPARE))
        before = self._input_uses
        operand = self._inner()
        return Test(token.start, None, operand, self._input_uses > before)

    def _in_tests(self) -> Tests:
        token = self._token
        if self._is_sign(*_COMPARISONS):
            return Tests(token.start, (self._test(),))
        before = self._input_uses
        if self._is_sign("("):
            tests = self._listed_tests(token)
            only = tests.tests[0]
            if len(tests.tests) > 1 or only.operator is not None or not self._goes_on():
                return tests
            # "x in (a + b) * c": the parenthesis was but the beginning of an expression
            operand = self._continued(only.operand, _COMPARE)
        else:
            operand = self._expression(_COMPARE)
        return Tests(token.start, (Test(token.start, None, operand, self._input_uses > before),))

    def _goes_on(self) -> bool:
        return self._is_sign(".", "[", "(", "+", "-", "*", "/", "**") or self._is("instance")

    def _listed_tests(self, token: Token) -> Tests:
        self._open()
        if self._is(".."):
            return self._one_range(token, None)
        tests = [self._test()]
        if self._is("..") and tests[0].operator is None:
            return self._one_range(token, tests[0].operand)
        while self._take(","):
            tests.append(self._test())
        self._close(")")
        return Tests(token.start, tuple(tests))

    def _one_range(self, token: Token, start: Node | None) -> Tests:
        before = self._input_uses
        found = self._range_end(token, start, start_included=False)
        return Tests(token.start, (Test(token.start, None, found, self._input_uses > before),))

    def _type(self) -> TypeName:
        self._deeper()
        token = self._token
        found = self._types.match(self._tokens, self._index)
        if found is not None:
            name, length = found
            self._index += length
        elif token.kind == "name":
            name = self._qualified_type()
        else:
            raise self._unexpected(wanted="type")
        made = self._type_arguments(name)
        self._depth -= 1
        return made

    def _qualified_type(self) -> str:
        name = self._token.text
        self._index += 1
        while self._is(".") and self._tokens[self._index + 1].kind == "name":
            name += "." + self._tokens[self._index + 1].text
            self._index += 2
        return name

    def _type_arguments(self, name: str) -> TypeName:
        if name not in ("list", "range", "context", "function") or not self._take("<"):
            return TypeName(name)
        arguments: list[TypeName] = []
        fields: list[tuple[str, TypeName]] = []
        while not self._is(">") or arguments or fields:
            if name == "context":
                field = self._new_name(":")
                self._expect(":")
                fields.append((field, self._type()))
            else:
                arguments.append(self._type())
            if not self._take(","):
                break
        self._expect(">")
        if name == "function":
            self._expect("->")
            arguments.append(self._type())
        return TypeName(name, tuple(arguments), tuple(fields))


def half_range(at: int, operator: str, bound: Node) -> RangeLiteral:
    """``> 5`` as a range (DMN 1.5 §10.3.2.7)."""
    if operator == "=":
        return RangeLiteral(at, bound, bound, start_included=True, end_included=True)
    included = operator in ("<=", ">=")
    if operator in ("<", "<="):
        return RangeLiteral(at, None, bound, start_included=False, end_included=included)
    return RangeLiteral(at, bound, None, start_included=included, end_included=False)


_TYPES = Names(TYPE_NAMES)
