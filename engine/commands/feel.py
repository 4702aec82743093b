"""``bordereau feel``: the value of one expression, or whether unary tests hold; what is wrong is shown where it stands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from engine.commands.arguments import add_command, add_json
from engine.commands.clock import add_clock, environment_of
from engine.commands.given import read_object, text_of
from engine.commands.speaking import DONE, NOT_DONE, AskedWrongly, harmless, pointed, say, styled
from engine.errors import Fact
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.feel import Environment, Expression, FeelSyntaxError, TypeName, UnaryTests, Value
    from engine.feel.tree import Node

Compiled = TypeVar("Compiled", "Expression", "UnaryTests")
Remark = dict[str, Any]

_LONGEST_PART = 80


def add(commands: Any) -> None:
    """Describe the subcommand."""
    parser = add_command(commands, "feel", feel)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "expression", nargs="?", metavar=say("cli_metavar_expression"), help=say("cli_help_feel_expression")
    )
    what.add_argument("--tests", metavar=say("cli_metavar_tests"), help=say("cli_help_feel_tests"))
    parser.add_argument("--input", metavar=say("cli_metavar_expression"), help=say("cli_help_feel_input"))
    parser.add_argument("--context", metavar="JSON", default="{}", help=say("cli_help_feel_context"))
    add_clock(parser)
    add_json(parser)


def feel(settings: Settings, chosen: argparse.Namespace) -> int:
    """Print the value. Raises AskedWrongly for options that cannot be meant, FeelFailure when a bound is exceeded."""
    from engine.commands.values import json_text, notation, type_of, type_text
    from engine.feel import compile_expression, compile_unary_tests

    if (chosen.tests is None) != (chosen.input is None):
        raise AskedWrongly("cli_tests_need_input")
    if chosen.expression == chosen.context == "-":
        raise AskedWrongly("cli_stdin_twice")
    context = read_object(chosen.context, "--context")
    environment = environment_of(settings, chosen)
    try:
        expression = _compiled(
            compile_expression, _source(chosen.input if chosen.expression is None else chosen.expression), context
        )
        value, variables = expression.evaluate(context, environment), expression.variables
        types = {name: type_of(each) for name, each in context.items()}
        warnings = _warnings(expression, types)
        if chosen.tests is not None:
            tests = _compiled(compile_unary_tests, chosen.tests, context)
            warnings += _warnings(tests, types | {"?": type_of(value)})
            value, variables = tests.matches(value, context, environment), variables | tests.variables
    except _NotFeel as refused:
        _print_error(refused, as_json=chosen.json)
        return NOT_DONE
    reason = None if chosen.tests is not None or value is not None else _reason(expression, context, environment)
    if chosen.json:
        record = {"value": value, "type": type_text(value), "variables": sorted(variables), "warnings": warnings}
        record["reason"] = reason
        print(json_text(record, indent=1))
        return DONE
    print(notation(value))
    for each in warnings:
        _show(each, "yellow", say("cli_warning"))
    if reason is not None and not warnings:
        _show(reason, "yellow")
    return DONE


class _NotFeel(Exception):
    """A text cannot be read; ``error`` says what is wrong in ``source``."""

    def __init__(self, error: FeelSyntaxError, source: str) -> None:
        super().__init__(error)
        self.error, self.source = error, source


def _compiled(compiling: Callable[..., Compiled], source: str, context: Mapping[str, Value]) -> Compiled:
    from engine.feel import FeelSyntaxError

    try:
        return compiling(source, names=context)
    except FeelSyntaxError as error:
        raise _NotFeel(error, source) from error


def _source(given: str) -> str:
    """The expression itself, ``@file``, or standard input. What begins with ``@"`` is a literal of FEEL."""
    return given if given.startswith('@"') else text_of(given)[0]


def _warnings(compiled: Expression | UnaryTests, types: Mapping[str, TypeName]) -> list[Remark]:
    """What is suspicious: variables that the context does not have, what can never give what is wanted."""
    from engine.feel import analyse
    from engine.feel.hints import closest

    found: list[Remark] = []
    for name in sorted(compiled.variables - set(types)):
        similar = closest(name, types)
        code = "cli_variable_missing" if similar is None else "cli_variable_missing_similar"
        at = _place_of(name, compiled.tree)
        found.append(_remark(code, compiled.source, at, len(name), {"name": name, "suggestion": similar}))
    return found + [
        _remark(each.code, compiled.source, each.at, 0, each.facts) for each in analyse(compiled, types).findings
    ]


def _reason(expression: Expression, context: Mapping[str, Value], environment: Environment) -> Remark | None:
    """Why the value is null, as far as that is known."""
    from engine.commands.nulls import first_null
    from engine.feel import printed
    from engine.feel.tree import Name

    node = first_null(expression, context, environment)
    if node is None:
        return None
    text = printed(node, names=expression.names)
    at = expression.source.find(text)
    code = "cli_null_variable" if isinstance(node, Name) else "cli_null_part"
    shown = text if len(text) <= _LONGEST_PART else text[: _LONGEST_PART - 1] + "…"
    return _remark(code, expression.source, node.at if at < 0 else at, 0 if at < 0 else len(text), {"part": shown})


def _place_of(name: str, tree: Node) -> int:
    """Where ``tree`` reads the variable ``name`` first."""
    from engine.feel.tree import Name, children

    level = [tree]
    while level:
        if places := [node.at for node in level if isinstance(node, Name) and node.name == name]:
            return min(places)
        level = [child for node in level for child in children(node)]
    return tree.at


def _remark(code: str, source: str, at: int, length: int, facts: Mapping[str, Fact]) -> Remark:
    """One thing to say about ``source``, for people and for scripts."""
    return {"code": code, "message": say(code, **facts), "position": at, "length": length, "source": source}


def _print_error(refused: _NotFeel, *, as_json: bool) -> None:
    error = refused.error
    remark = _remark(error.code, refused.source, error.position, error.length, error.facts)
    if as_json:
        from engine.commands.values import json_text

        print(json_text({"error": remark}, indent=1))
    else:
        _show(remark, "red")


def _show(remark: Remark, style: str, before: str = "") -> None:
    """The line of the source with carets, and below it the sentence, on standard error."""
    for line in pointed(remark["source"], remark["position"], remark["length"]):
        print(line, file=sys.stderr)
    print(styled(harmless(f"{before} {remark['message']}".strip()), style, sys.stderr), file=sys.stderr)
