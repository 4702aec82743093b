"""``bordereau decide``: one decision of a DMN file, with the rows that matched and why the others did not."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.commands.arguments import add_command, add_json
from engine.commands.clock import add_clock, environment_of
from engine.commands.folders import beside
from engine.commands.given import LARGEST, read_bytes, read_object
from engine.commands.speaking import (
    DONE,
    NOT_DONE,
    AskedWrongly,
    harmless,
    print_problems,
    problem_record,
    say,
    styled,
    width,
)
from engine.errors import DefinitionError, Problem
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.decisions import DecisionModel


def add(commands: Any) -> None:
    """Describe the subcommand."""
    parser = add_command(commands, "decide", decide)
    parser.add_argument("file", type=Path, metavar=say("cli_metavar_dmn"), help=say("cli_help_decide_file"))
    parser.add_argument("--inputs", metavar="JSON", default="{}", help=say("cli_help_decide_inputs"))
    parser.add_argument("--decision", metavar=say("cli_metavar_name"), help=say("cli_help_decide_decision"))
    add_clock(parser)
    add_json(parser)


def decide(settings: Settings, chosen: argparse.Namespace) -> int:
    """Print the result and its reasons.

    Raises AskedWrongly for inputs or a decision that cannot be meant, DefinitionError for a file that cannot be used.
    """
    from engine.commands.choosing import chosen_decision, variables_of
    from engine.commands.reasons import reasons_of, record_of
    from engine.commands.values import json_text
    from engine.decisions import read_file
    from engine.decisions.explanation import explain

    path: Path = chosen.file
    if str(path) == chosen.inputs == "-":
        raise AskedWrongly("cli_stdin_twice")
    content = read_bytes(path)
    if content is None:
        raise AskedWrongly("cli_file_too_large", path=str(path), limit=LARGEST)
    model, problems = read_file(content, path.name, others={} if str(path) == "-" else beside(path))
    wrong = tuple(each for each in problems if each.severity == "error")
    if wrong:
        _refuse_broken(chosen.decision, model, wrong, content)
    decision = chosen_decision(model, chosen.decision)
    variables = variables_of(decision, model, read_object(chosen.inputs, "--inputs"))
    explanation = explain(decision, variables, environment_of(settings, chosen))
    if chosen.json:
        print(json_text(record_of(explanation) | {"problems": [*map(problem_record, wrong)]}, indent=1))
    else:
        if wrong:
            print(styled(say("cli_others_broken", count=len(wrong), file=path), "yellow", sys.stderr), file=sys.stderr)
        print_problems(model.warnings, sys.stderr)
        for line in reasons_of(explanation, width()):
            print(line)
        if explanation.failure is not None:
            message = say(explanation.failure.code, **explanation.failure.facts)
            print(styled(harmless(message), "red", sys.stderr), file=sys.stderr)
    return DONE if explanation.failure is None else NOT_DONE


def _refuse_broken(wanted: str | None, model: DecisionModel, wrong: tuple[Problem, ...], content: bytes) -> None:
    """Raises DefinitionError when the decision that is wanted cannot be taken, with what is wrong in it and in what it requires.

    Without a name it is not clear which one is wanted, as some of the file's decisions are not known.
    """
    from engine.decisions import needed_for

    if wanted is None:
        raise DefinitionError(wrong)
    if any(wanted in (each.id, each.name) for each in model.decisions.values()):
        return
    needed = needed_for(wanted, content, model.file)
    if needed:
        # what stands in another file, or belongs to no element, may be the cause
        concerned = tuple(each for each in wrong if each.file != model.file or (each.element_id or "") in {*needed, ""})
        raise DefinitionError(concerned or wrong)
