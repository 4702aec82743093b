"""What the subcommands of ``bordereau`` do: one module each, under the name that is typed.

Each has ``add(commands)``, which describes the subcommand to argparse, and a function that does it and gives the exit code. Beside them,
what they share: ``speaking`` (the terminal's language, problems, colour), ``arguments`` (argparse in that language), ``given`` (files and
JSON that a person names), ``values`` (JSON to values of FEEL and back), ``clock`` (``--now``, ``--zone``), ``folders``, ``connecting``
(handlers and database by the settings); for ``decide``, ``choosing`` (which decision, which variables) and ``reasons`` with ``rows``
(how it is shown).
"""
