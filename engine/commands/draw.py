"""``bordereau draw``: a process in YAML as a diagram, or a diagram drawn anew."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from engine.commands.arguments import add_command
from engine.commands.given import LARGEST, read_bytes
from engine.commands.speaking import DONE, AskedWrongly, print_problems, say, tell
from engine.settings import Settings

_SHORT_FORMS = frozenset({".yaml", ".yml"})


def add(commands: object) -> None:
    """Describe the subcommand."""
    parser = add_command(commands, "draw", draw)
    parser.add_argument("file", type=Path, metavar=say("cli_metavar_file"), help=say("cli_help_draw_file"))
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar=say("cli_metavar_file"),
        help=say("cli_help_draw_output"),
    )
    parser.add_argument("--force", action="store_true", help=say("cli_help_draw_force"))


def draw(_settings: Settings, chosen: argparse.Namespace) -> int:
    """Write the diagram. A file that is there stays as it is, unless ``--force`` says otherwise.

    Raises AskedWrongly: no such file, or one that is there already; DefinitionError for what cannot be read or drawn.
    """
    source, output = chosen.file, chosen.output
    is_stream = str(output) == "-"
    if output.exists() and not is_stream and not chosen.force:
        raise AskedWrongly("cli_draw_exists", path=str(output))
    content = read_bytes(source)
    if content is None:
        raise AskedWrongly("cli_file_too_large", path=str(source), limit=LARGEST)
    drawn = _drawn(content, source)
    if is_stream:
        sys.stdout.buffer.write(drawn)
        return DONE
    try:
        # whoever reads the file meanwhile finds the old one or the new one, whole
        beside = output.with_name(f".{output.name}.new")
        beside.write_bytes(drawn)
        beside.replace(output)
    except OSError as error:
        raise AskedWrongly("cli_file_unwritable", path=str(output), reason=error.strerror or "") from error
    tell("cli_draw_done", path=str(output))
    return DONE


def _drawn(content: bytes, source: Path) -> bytes:
    """The diagram that a file makes; its warnings are said."""
    from engine.model.bpmn_writer_diagram import redrawn
    from engine.model.short_form import read_short_form
    from engine.model.short_form.diagram import drawn

    if source.suffix not in _SHORT_FORMS:
        return redrawn(content, source.name)
    form = read_short_form(content, source.name)
    print_problems(form.warnings, sys.stderr)
    return drawn(content, source.name)
