"""``bordereau decide``: one decision of a DMN file, with the rows that matched and why the others did not."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from engine.commands.arguments import add_command, add_json
from engine.commands.clock import add_clock, environment_of
from engine.commands.folders import beside
from engine.commands.given import LARGEST, read_bytes, read_object
from engine.commands.speaking import DONE, NOT_DONE, AskedWrongly, harmless, print_problems, say, styled, width
from engine.settings import Settings


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
    from engine.decisions import read_model
    from engine.decisions.explanation import explain

    path: Path = chosen.file
    if str(path) == chosen.inputs == "-":
        raise AskedWrongly("cli_stdin_twice")
    content = read_bytes(path)
    if content is None:
        raise AskedWrongly("cli_file_too_large", path=str(path), limit=LARGEST)
    model = read_model(content, path.name, others={} if str(path) == "-" else beside(path))
    decision = chosen_decision(model, chosen.decision)
    variables = variables_of(decision, model, read_object(chosen.inputs, "--inputs"))
    explanation = explain(decision, variables, environment_of(settings, chosen))
    if chosen.json:
        print(json_text(record_of(explanation), indent=1))
    else:
        print_problems(model.warnings, sys.stderr)
        for line in reasons_of(explanation, width()):
            print(line)
        if explanation.failure is not None:
            message = say(explanation.failure.code, **explanation.failure.facts)
            print(styled(harmless(message), "red", sys.stderr), file=sys.stderr)
    return DONE if explanation.failure is None else NOT_DONE
