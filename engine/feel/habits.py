"""What people write who know another language, a spreadsheet or French better than FEEL, and what they mean by it."""

from __future__ import annotations

import re

from engine.feel.errors import FeelSyntaxError

_SIGNS = {
    "&&": "and",
    "||": "or",
    "|": "or",
    "===": "=",
    "==": "=",
    "=>": ">=",
    "=<": "<=",
    "!==": "!=",
    "!": "not(…)",
    "≠": "!=",
    "≤": "<=",
    "≥": ">=",
    "×": "*",
    "÷": "/",
    "−": "-",
    "–": "-",
    "—": "-",
    "^": "**",
    "…": "..",
}
"""Signs that FEEL has not, the longer ones first, and what it has instead."""

_OTHER_SIGNS = (
    (re.compile("[“”„‟«»‹›‘’`´]"), "feel_typographic_quote"),
    (re.compile("[€$£¥]"), "feel_currency"),
    (re.compile("%"), "feel_percent"),
    (re.compile("&"), "feel_ampersand"),
    (re.compile(";"), "feel_semicolon"),
    (re.compile('@[^\\s"(),]*'), "feel_at_quotes"),
)

WORDS = {
    "et": "and",
    "ou": "or",
    "und": "and",
    "alors": "then",
    "sinon": "else",
    "dans": "in",
    "entre": "between",
    "is": "=",
    "est": "=",
    "equals": "=",
    "equal": "=",
    "mod": "modulo(…)",
    "elif": "else if",
    "elsif": "else if",
    "elseif": "else if",
}
"""Words that stand where an operator or a keyword belongs."""

FIRST_WORDS = {"si": "if", "pour": "for", "lambda": "function", "def": "function", "not": "not(…)", "non": "not(…)"}
"""Words that begin a construct of another language."""

CONSTANTS = {
    "True": "true",
    "TRUE": "true",
    "False": "false",
    "FALSE": "false",
    "None": "null",
    "NULL": "null",
    "Null": "null",
    **dict.fromkeys(("vrai", "Vrai", "VRAI", "oui", "Oui", "OUI"), "true"),
    **dict.fromkeys(("faux", "Faux", "FAUX", "non", "Non", "NON"), "false"),
}
"""Constants of other languages. FEEL takes them for variables that do not exist, and the condition would never hold."""

METHODS = {
    "toUpperCase": "upper case",
    "toLowerCase": "lower case",
    "toString": "string",
    "startsWith": "starts with",
    "startswith": "starts with",
    "endsWith": "ends with",
    "endswith": "ends with",
    "indexOf": "index of",
    "includes": "list contains",
    "replaceAll": "replace",
    "isEmpty": "is empty",
    "upper": "upper case",
    "lower": "lower case",
    "length": "count",
    "size": "count",
}
"""What other languages call on a value (``text.upper()``) and FEEL by name (``upper case(text)``)."""

FUNCTIONS = {
    "len": "count",
    "length": "string length",
    "size": "count",
    "average": "mean",
    "avg": "mean",
    "moyenne": "mean",
    "mediane": "median",
    "médiane": "median",
    "somme": "sum",
    "total": "sum",
    "nb": "count",
    "nombre": "number",
    "compter": "count",
    "ceil": "ceiling",
    "round": "round half up",
    "arrondi": "round half up",
    "mod": "modulo",
    "upper": "upper case",
    "toupper": "upper case",
    "majuscule": "upper case",
    "lower": "lower case",
    "tolower": "lower case",
    "minuscule": "lower case",
    "str": "string",
    "tostring": "string",
    "int": "number",
    "float": "number",
    "datetime": "date and time",
    "aujourdhui": "today",
    "maintenant": "now",
    "join": "string join",
    "concat": "concatenate",
    "non": "not",
    "unique": "distinct values",
    "distinct": "distinct values",
    "includes": "list contains",
    "sorted": "sort",
}
"""Functions under the names that they have elsewhere."""


def unreadable_sign(source: str, position: int) -> FeelSyntaxError:
    """What to say of the sign at ``position``, which FEEL does not know."""
    for sign, wanted in _SIGNS.items():
        if source.startswith(sign, position):
            return FeelSyntaxError("feel_write_instead", position, length=len(sign), found=sign, wanted=wanted)
    for pattern, code in _OTHER_SIGNS:
        match = pattern.match(source, position)
        if match:
            return FeelSyntaxError(code, position, length=len(match[0]), found=match[0][:40])
    return FeelSyntaxError("feel_character", position, length=1, found=_shown(source[position]))


def _shown(character: str) -> str:
    # what cannot be seen (a control sign, a mark that turns the direction of writing) is named by its number
    return character if character.isprintable() else f"U+{ord(character):04X}"
