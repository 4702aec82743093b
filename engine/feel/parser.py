"""Tokens to tree: a Pratt parser (DMN 1.5 §10.3.1.2).

Operators from the weakest: or, and, comparison/in/between, + -, * /, **, minus, instance of, ``. [] ()``. Names with spaces cannot be told
from operators by grammar alone; a run of tokens is one name when it is a *known* name (given by the caller, a built-in function, or bound
further out in the expression). The longest known name wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import DecimalException
from typing import Literal, cast

from engine.feel.errors import FeelSyntaxError
from engine.feel.hints import closest
from engine.feel.lexer import Token, text_of, tokens_of
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

MAX_DEPTH = 100
"""How deep expressions may nest: each level costs a few Python frames in parser, compiler and evaluation."""

KEYWORDS = frozenset(
    (
        *(
            "true",
            "false",
            "null",
            "and",
            "or",
            "if",
            "then",
            "else",
            "for",
            "in",
            "return",
            "some",
            "every",
            "satisfies",
        ),
        *("instance", "of", "between", "function", "external"),
    )
)
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
_PROPERTIES = ("time offset", "start included", "end included")
_AFTER_RANGE = frozenset(("and", "or", "then", "else", "return", "satisfies", "in", "between", "instance"))
_SIMPLE = re.compile(r"[^\W\d]\w*")
_LITERALS = {"true": True, "false": False, "null": None}


class Names:
    """Known names that are more than one token, found by their first token, longest first."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Know ``name`` from now on; single words need no knowing."""
        if _SIMPLE.fullmatch(name):
            return
        try:
            texts = tuple(token.text for token in tokens_of(name)[:-1])
        except FeelSyntaxError:
            return
        if len(texts) > 1:
            known = self._by_first.setdefault(texts[0], [])
            if all(texts != other for other, _ in known):
                known.append((texts, name))
                known.sort(key=lambda entry: -len(entry[0]))

    def copy(self) -> Names:
        """The same names, to add more for a while."""
        made = Names()
        made._by_first.update((first, list(known)) for first, known in self._by_first.items())
        return made

    def match(self, tokens: list[Token], index: int) -> tuple[str, int] | None:
        """The longest known name that begins at ``index``, with the number of its tokens."""
        for texts, name in self._by_first.get(tokens[index].text, ()):
            if all(
                tokens[index + offset].text == text and tokens[index + offset].kind not in ("string", "at")
                for offset, text in enumerate(texts)
                if index + offset < len(tokens)
            ) and index + len(texts) < len(tokens):
                return name, len(texts)
        return None


class Parser:
    """One pass over one source. ``functions`` are the names of functions, ``names`` those of variables, ``types`` those of named types."""

    def __init__(self, source: str, names: Iterable[str], functions: Iterable[str], types: Iterable[str] = ()) -> None:
        self._source = source
        self._tokens = tokens_of(source)
        self._index = 0
        self._depth = 0
        self._input_uses = 0
        self._given = tuple(names)
        self._names = Names(self._given)
        self._functions = Names(functions)
        self._types = Names((*TYPE_NAMES, *types)) if types else _TYPES
        self._properties = Names((*_PROPERTIES, *self._given))

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
            return self._tests_from(2, is_negated=True)
        except FeelSyntaxError as as_negated:
            try:
                return self._tests_from(0, is_negated=False)
            except FeelSyntaxError as as_expression:
                raise max(as_negated, as_expression, key=lambda error: error.position) from None

    def _tests_from(self, index: int, *, is_negated: bool) -> Tests:
        self._index, self._depth = index, 0
        tests = [self._test()]
        while self._take(","):
            tests.append(self._test())
        if is_negated:
            self._expect(")")
        made = Tests(self._tokens[0].start, tuple(tests), is_negated)
        self._finished(made)
        return made

    def _finished(self, node: Node) -> Node:
        if self._token.kind != "end":
            raise self._unexpected()
        if measure(node)[1] > MAX_DEPTH:
            raise FeelSyntaxError("feel_too_nested", node.at, limit=MAX_DEPTH)
        return node

    # --- tokens

    @property
    def _token(self) -> Token:
        return self._tokens[self._index]

    def _is(self, text: str) -> bool:
        token = self._tokens[self._index]
        return token.text == text and token.kind in ("sign", "name")

    def _take(self, text: str) -> bool:
        if self._is(text):
            self._index += 1
            return True
        return False

    def _expect(self, text: str) -> Token:
        token = self._token
        if not self._take(text):
            raise self._unexpected(wanted=text)
        return token

    def _unexpected(self, wanted: str | None = None) -> FeelSyntaxError:
        token = self._token
        previous = self._tokens[self._index - 1] if self._index else None
        if token.kind == "end":
            return FeelSyntaxError("feel_ends_early", token.start)
        if token.kind == "name" and previous is not None and previous.kind == "name" and previous.text not in KEYWORDS:
            name = f"{previous.text} {token.text}"
            suggestion = closest(name, self._given)
            if suggestion is not None:
                return FeelSyntaxError.unknown("feel_unknown_name", previous.start, suggestion, name=name)
        if wanted is None:
            return FeelSyntaxError("feel_unexpected", token.start, found=token.text[:40])
        if wanted in ("name", "type"):
            return FeelSyntaxError(f"feel_{wanted}_expected", token.start, found=token.text[:40])
        return FeelSyntaxError("feel_expected", token.start, found=token.text[:40], wanted=wanted)

    # --- expressions

    def _expression(self, strength: int) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FeelSyntaxError("feel_too_nested", self._token.start, limit=MAX_DEPTH)
        left = self._postfix(self._prefix())
        while True:
            token = self._token
            found = STRENGTHS.get(token.text, 0) if token.kind in ("sign", "name") else 0
            if found <= strength:
                break
            left = self._infix(left, token.text, found)
        self._depth -= 1
        return left

    def _infix(self, left: Node, operator: str, strength: int) -> Node:
        if strength in _FAMILY:
            rest: list[tuple[str, Node]] = []
            while self._token.kind == "sign" and self._token.text in _FAMILY[strength]:
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
                raise FeelSyntaxError("feel_at_literal", token.start, found=token.text[:40])
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
        if token.text == "]":
            self._index += 1
            return self._range_end(token, self._expression(_COMPARE), start_included=False)
        if token.text == "{":
            return self._context(token)
        raise self._unexpected()

    def _number(self, token: Token) -> Constant:
        try:
            value = CONTEXT.create_decimal(token.text)
        except DecimalException as error:
            raise FeelSyntaxError("feel_number", token.start, found=token.text[:40]) from error
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
        self._index += 1
        if text == "?":
            self._input_uses += 1
        return Name(token.start, text)

    def _known_name(self) -> str | None:
        found = self._names.match(self._tokens, self._index)
        function = self._functions.match(self._tokens, self._index)
        if function is not None:
            follows = self._tokens[self._index + function[1]]
            # "date and time" may also be two booleans joined: a function name with a connective counts only when it is called
            is_called = follows.kind == "sign" and follows.text == "("
            if not is_called and (" and " in function[0] or found is not None):
                function = None
        best = max((each for each in (found, function) if each is not None), key=lambda each: each[1], default=None)
        if best is None:
            return None
        self._index += best[1]
        return best[0]

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
            elif text == "[" and not self._closes_range():
                self._index += 1
                condition = self._expression(0)
                self._expect("]")
                left = Filter(left.at, left, condition)
            else:
                break
        return left

    def _closes_range(self) -> bool:
        """Is this ``[`` the open end of ``[1..10[``? A filter would go on with an expression."""
        following = self._tokens[self._index + 1]
        if following.kind == "sign":
            return following.text not in ("(", "[", "{", "-", "]") or (following.text == "]")
        return following.kind == "end" or following.text in _AFTER_RANGE

    def _property(self) -> str:
        found = self._properties.match(self._tokens, self._index)
        if found is not None:
            self._index += found[1]
            return found[0]
        token = self._token
        if token.kind != "name":
            raise self._unexpected(wanted="name")
        self._index += 1
        return token.text

    def _call(self, function: Node) -> Node:
        self._expect("(")
        arguments: list[Node] = []
        names: list[str] = []
        while not self._is(")"):
            at = self._token.start
            name = self._argument_name()
            if arguments and (name is None) != (not names):
                raise FeelSyntaxError("feel_mixed_arguments", at)
            if name is not None:
                names.append(name)
            arguments.append(self._expression(0))
            if not self._take(","):
                break
        self._expect(")")
        return Call(function.at, function, tuple(arguments), tuple(names))

    def _argument_name(self) -> str | None:
        index = self._index
        while self._tokens[index].kind in ("name", "number") or self._tokens[index].text in ("-", "+", "/", "*", "'"):
            index += 1
        if index == self._index or self._tokens[index].text != ":" or self._token.kind != "name":
            return None
        name = self._words(self._index, index)
        self._index = index + 1
        return name

    def _words(self, start: int, end: int) -> str:
        return " ".join(self._source[self._tokens[start].start : self._tokens[end - 1].end].split())

    # --- brackets

    def _parenthesis(self, token: Token) -> Node:
        self._index += 1
        operator = self._token.text if self._token.kind == "sign" else ""
        if operator in ("<", "<=", ">", ">=", "="):
            self._index += 1
            made = half_range(token.start, operator, self._expression(_COMPARE))
            self._expect(")")
            return made
        inner = self._expression(0)
        if self._is(".."):
            return self._range_end(token, inner, start_included=False)
        self._expect(")")
        return inner

    def _bracket(self, token: Token) -> Node:
        self._index += 1
        items: list[Node] = []
        while not self._is("]"):
            items.append(self._expression(0))
            if len(items) == 1 and self._is(".."):
                return self._range_end(token, items[0], start_included=True)
            if not self._take(","):
                break
        self._expect("]")
        return ListLiteral(token.start, tuple(items))

    def _range_end(self, token: Token, start: Node, *, start_included: bool) -> RangeLiteral:
        self._expect("..")
        end = self._expression(_COMPARE)
        closing = self._token
        if closing.kind != "sign" or closing.text not in ("]", ")", "["):
            raise self._unexpected(wanted="]")
        self._index += 1
        return RangeLiteral(token.start, start, end, start_included, closing.text == "]")

    def _context(self, token: Token) -> ContextLiteral:
        self._index += 1
        entries: list[tuple[str, Node]] = []
        with_scope = self._names
        self._names = with_scope.copy()
        while not self._is("}"):
            at = self._token.start
            key = self._key()
            if any(key == other for other, _ in entries):
                raise FeelSyntaxError("feel_key_twice", at, name=key)
            self._expect(":")
            entries.append((key, self._expression(0)))
            self._names.add(key)
            self._properties.add(key)
            if not self._take(","):
                break
        self._expect("}")
        self._names = with_scope
        return ContextLiteral(token.start, tuple(entries))

    def _key(self) -> str:
        token = self._token
        if token.kind == "string":
            self._index += 1
            return text_of(token.text)
        return self._name_until(":")

    def _name_until(self, *ends: str) -> str:
        """A new name: all tokens up to one of ``ends``."""
        start = self._index
        if self._token.kind != "name":
            raise self._unexpected(wanted="name")
        while not any(self._is(end) for end in ends):
            token = self._token
            if token.kind not in ("name", "number") and token.text not in ("-", "+", "/", "*", "'", "."):
                raise self._unexpected(wanted=ends[0])
            self._index += 1
        return self._words(start, self._index)

    # --- worded constructs

    def _if(self, token: Token) -> If:
        branches: list[tuple[Node, Node]] = []
        while True:
            self._expect("if")
            condition = self._expression(0)
            self._expect("then")
            branches.append((condition, self._expression(0)))
            self._expect("else")
            if not self._is("if"):
                return If(token.start, tuple(branches), self._expression(0))

    def _iterations(self) -> tuple[Iteration, ...]:
        found: list[Iteration] = []
        while True:
            name = self._name_until("in")
            self._expect("in")
            source = self._expression(0)
            end = self._expression(0) if self._take("..") else None
            found.append(Iteration(name, source, end))
            self._names.add(name)
            if not self._take(","):
                return tuple(found)

    def _for(self, token: Token) -> For:
        self._index += 1
        outer = self._names
        self._names = outer.copy()
        iterations = self._iterations()
        self._expect("return")
        made = For(token.start, iterations, self._expression(0))
        self._names = outer
        return made

    def _quantified(self, token: Token) -> Quantified:
        self._index += 1
        outer = self._names
        self._names = outer.copy()
        iterations = self._iterations()
        self._expect("satisfies")
        made = Quantified(token.start, cast('Literal["some", "every"]', token.text), iterations, self._expression(0))
        self._names = outer
        return made

    def _function(self, token: Token) -> FunctionLiteral:
        self._index += 1
        self._expect("(")
        outer = self._names
        self._names = outer.copy()
        parameters: list[tuple[str, TypeName | None]] = []
        while not self._is(")"):
            name = self._name_until(",", ")", ":")
            parameters.append((name, self._type() if self._take(":") else None))
            self._names.add(name)
            if not self._take(","):
                break
        self._expect(")")
        if self._is("external"):
            raise FeelSyntaxError("feel_external_function", self._token.start)
        made = FunctionLiteral(token.start, tuple(parameters), self._expression(0))
        self._names = outer
        return made

    # --- tests and types

    def _test(self) -> Test:
        token = self._token
        if token.kind == "sign" and token.text in _COMPARISONS:
            self._index += 1
            return Test(token.start, cast("ComparisonOperator", token.text), self._expression(_COMPARE))
        before = self._input_uses
        operand = self._expression(0)
        return Test(token.start, None, operand, self._input_uses > before)

    def _in_tests(self) -> Tests:
        token = self._token
        if token.kind == "sign" and token.text in _COMPARISONS:
            return Tests(token.start, (self._test(),))
        if token.text != "(" or token.kind != "sign":
            return Tests(token.start, (Test(token.start, None, self._expression(_COMPARE)),))
        self._index += 1
        tests = [self._test()]
        if self._is("..") and tests[0].operator is None:
            return Tests(
                token.start, (Test(token.start, None, self._range_end(token, tests[0].operand, start_included=False)),)
            )
        while self._take(","):
            tests.append(self._test())
        self._expect(")")
        return Tests(token.start, tuple(tests))

    def _type(self) -> TypeName:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FeelSyntaxError("feel_too_nested", self._token.start, limit=MAX_DEPTH)
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
        arguments: list[TypeName] = []
        fields: list[tuple[str, TypeName]] = []
        if name in ("list", "range", "context", "function") and self._take("<"):
            while not self._is(">"):
                if name == "context":
                    field = self._name_until(":")
                    self._expect(":")
                    fields.append((field, self._type()))
                else:
                    arguments.append(self._type())
                if not self._take(","):
                    break
            self._expect(">")
        if name == "function" and self._take("->"):
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
