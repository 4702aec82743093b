"""What the subcommands of ``bordereau`` do: one module each, under the name that is typed.

Each has ``add(commands)``, which describes the subcommand to argparse, and a function that does it and gives the exit code. Beside them,
what they share: ``speaking`` (the terminal's language, problems, colour), ``arguments`` (argparse in that language), ``given`` (JSON and
files that a person names), ``values`` (JSON to values of FEEL and back), ``connecting`` (handlers and database by the settings).
"""
