"""argparse in the language of the terminal: headings, help and what was typed wrongly come from the catalogue of sentences.

The help of a subcommand is the sentence ``cli_help_<name>``, its examples are ``cli_examples_<name>``; an argument is explained by
``cli_help_<name>_<argument>``.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from engine.commands.speaking import say
from engine.settings import Settings
from engine.texts import has

Command = Callable[[Settings, argparse.Namespace], int]

_USAGE_ERRORS = (
    (r"the following arguments are required: (?P<names>.+)", "cli_usage_required"),
    (r"one of the arguments (?P<names>.+) is required", "cli_usage_one_required"),
    (r"unrecognized arguments: (?P<names>.+)", "cli_usage_unrecognized"),
    (r"argument (?P<argument>.+?): expected one argument", "cli_usage_value_missing"),
    (r"argument (?P<argument>.+?): invalid choice: (?P<given>.+?) \(choose from (?P<choices>.+)\)", "cli_usage_choice"),
    (r"argument (?P<argument>.+?): not allowed with argument (?P<other>.+)", "cli_usage_not_with"),
    (r"argument (?P<argument>.+?): invalid \w+ value: (?P<given>.+)", "cli_usage_value"),
)
"""What argparse says, which has no codes: texts by which its messages are known. A message of another release stays English."""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Leaves examples as they are written, and says *usage* in the language of the terminal."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        """As argparse does, with our word before it."""
        super().add_usage(usage, actions, groups, say("cli_usage") if prefix is None else prefix)


class Parser(argparse.ArgumentParser):
    """A parser that speaks French and English."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given, formatter_class=_Help, add_help=False, allow_abbrev=False)
        # argparse has no other door to its headings
        self._positionals.title = say("cli_heading_arguments")
        self._optionals.title = say("cli_heading_options")
        self.add_argument("-h", "--help", action="help", help=say("cli_help_help"))

    def error(self, message: str) -> NoReturn:
        """Say how the command is used and what was wrong, on standard error; exit code 2."""
        for pattern, code in _USAGE_ERRORS:
            if found := re.fullmatch(pattern, message, flags=re.DOTALL):
                facts = found.groupdict()
                suggestion = self._meant(facts)
                message = (
                    say(code, **facts) if suggestion is None else say(f"{code}_similar", suggestion=suggestion, **facts)
                )
                break
        self.exit(2, f"{self.format_usage()}{self.prog}: {message}\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, but a subcommand refuses what it does not know itself: it knows its options, the command above does not."""
        chosen, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return chosen, unknown

    def _meant(self, facts: Mapping[str, str]) -> str | None:
        """What was most likely meant by an unknown option or choice."""
        from engine.feel.hints import closest

        if "choices" in facts:
            return closest(facts["given"].strip("'"), re.findall(r"[\w-]+", facts["choices"]))
        first, *_ = (facts.get("names") or "").split() or [""]
        name = first.partition("=")[0]
        known = {option.lstrip("-"): option for option in self._option_string_actions if option.startswith("--")}
        return known.get(closest(name.lstrip("-"), known) or "") if name.startswith("--") else None


def add_command(commands: Any, name: str, command: Command | None, *, of: str = "") -> Parser:
    """A subcommand ``name`` below ``commands`` that does ``command``; ``of`` is the command above it, if any."""
    key = f"{of}_{name}" if of else name
    what = say(f"cli_help_{key}")
    examples = say(f"cli_examples_{key}") if has(f"cli_examples_{key}") else None
    found: Parser = commands.add_parser(name, help=what, description=what, epilog=examples)
    if command is not None:
        found.set_defaults(command=command)
    return found


def add_json(parser: Parser) -> None:
    """The option ``--json``, which means the same everywhere."""
    parser.add_argument("--json", action="store_true", help=say("cli_help_json"))
