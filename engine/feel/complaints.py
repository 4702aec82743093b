"""What to say about a token that does not fit: the sentence that helps most, instead of "unexpected"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from engine.feel.errors import FeelSyntaxError
from engine.feel.habits import FIRST_WORDS, WORDS
from engine.feel.hints import closest
from engine.feel.lexer import KEYWORDS, Token

_CONNECTIVES = ("and", "or", "in", "between", "instance of", "then", "else", "return", "satisfies")
_LITERALS = ("true", "false", "null")
_MISSING = ("then", "else", "return", "satisfies", "in", "and", "of")
_CLOSING = {"(": ")", "[": "]", "{": "}", "]": "]"}
_GROUP = re.compile(r"[0-9]{3}(?:\.[0-9]+)?")


def complaint(
    tokens: Sequence[Token],
    index: int,
    wanted: str | None,
    opened: Sequence[Token],
    names: Iterable[str],
    *,
    functions: Iterable[str],
) -> FeelSyntaxError:
    """The token at ``index`` does not fit, where ``wanted`` (a text, or ``name``, ``type``) should be, or just anything else.

    ``opened`` are the brackets that are still open, ``names`` and ``functions`` what is known.
    """
    token, previous = tokens[index], tokens[index - 1] if index else None
    if token.kind == "end":
        return _ends_early(token, previous, wanted, opened)
    found = _misread(tokens, index, wanted, names, functions)
    if found is not None:
        return found
    if wanted in _MISSING and wanted is not None:
        return FeelSyntaxError(f"feel_{wanted}_missing", token.start, length=len(token.text), found=token.text[:40])
    if token.text in (")", "]", "}") and token.kind == "sign":
        return _wrong_closing(token, previous, wanted, opened)
    if wanted in ("name", "type"):
        return FeelSyntaxError(f"feel_{wanted}_expected", token.start, length=len(token.text), found=token.text[:40])
    if wanted is not None and not (previous is not None and _is_operand(previous) and _is_operand(token, closes=False)):
        return FeelSyntaxError(
            "feel_expected", token.start, length=len(token.text), found=token.text[:40], wanted=wanted
        )
    return _out_of_place(token, previous)


def _ends_early(token: Token, previous: Token | None, wanted: str | None, opened: Sequence[Token]) -> FeelSyntaxError:
    if previous is None:
        return FeelSyntaxError("feel_empty", token.start)
    if wanted in _MISSING and wanted is not None:
        return FeelSyntaxError(f"feel_{wanted}_missing", token.start, found="")
    if opened:
        last = opened[-1]
        return FeelSyntaxError(
            "feel_not_closed",
            last.start,
            length=1,
            opened=last.text,
            place=last.start + 1,
            closing=_CLOSING[last.text],
        )
    return FeelSyntaxError("feel_ends_early", token.start, found=previous.text[:40])


def _misread(
    tokens: Sequence[Token], index: int, wanted: str | None, names: Iterable[str], functions: Iterable[str]
) -> FeelSyntaxError | None:
    """What was meant as something else than FEEL reads."""
    token, previous = tokens[index], tokens[index - 1] if index else None
    if token.text == "'" and token.kind == "sign":
        return _single_quotes(tokens, index)
    if previous is None:
        return None
    if token.kind == "name":
        found = _misread_function(tokens, index, functions)
        return found or _misread_word(
            token, previous, wanted, names, functions if tokens[index + 1].text == "(" else ()
        )
    if token.kind == "number" and previous.kind == "number" and _GROUP.fullmatch(token.text):
        return _groups_of_digits(tokens, index - 1)
    if token.text == ".." and wanted is None:
        return FeelSyntaxError("feel_range_without_brackets", token.start, length=2)
    if token.text == ":" and tokens[index + 1].text == "=":
        return FeelSyntaxError("feel_write_instead", token.start, length=2, found=":=", wanted="=")
    if token.text == "," and token.kind == "sign":
        following = tokens[index + 1]
        if previous.kind == following.kind == "number" and previous.end == token.start and token.end == following.start:
            return FeelSyntaxError(
                "feel_decimal_comma",
                previous.start,
                length=following.end - previous.start,
                found=f"{previous.text},{following.text}"[:40],
                wanted=f"{previous.text}.{following.text}"[:40],
            )
        return FeelSyntaxError("feel_comma", token.start, length=1) if wanted is None else None
    if token.text in (">", "<") and previous.text in (">", "<", "=") and previous.end == token.start:
        pair = previous.text + token.text
        meant = {"<>": "!=", "><": "!="}.get(pair)
        if meant is not None:
            return FeelSyntaxError("feel_write_instead", previous.start, length=2, found=pair, wanted=meant)
    return None


def _misread_function(tokens: Sequence[Token], index: int, functions: Iterable[str]) -> FeelSyntaxError | None:
    """A function of three words, of which the second was misspelt (``date an time``)."""
    words = tokens[index - 1 : index + 2]
    if any(each.kind != "name" for each in words) or tokens[min(index + 2, len(tokens) - 1)].text != "(":
        return None
    name = " ".join(each.text for each in words)
    meant = closest(name, [each for each in functions if each.count(" ") == len(words) - 1])
    if meant is None:
        return None
    start = words[0].start
    return FeelSyntaxError.unknown("feel_unknown_function", start, meant, length=words[-1].end - start, name=name[:80])


def _misread_word(
    token: Token, previous: Token, wanted: str | None, names: Iterable[str], functions: Iterable[str]
) -> FeelSyntaxError | None:
    length = len(token.text)
    if token.text.startswith("€"):
        # a letter to the standard
        return FeelSyntaxError("feel_currency", token.start, length=1, found="€")
    if token.text.startswith("?"):
        return FeelSyntaxError("feel_ternary", token.start, length=length)
    if previous.kind == "name" and previous.text in FIRST_WORDS:
        return FeelSyntaxError(
            "feel_write_instead",
            previous.start,
            length=len(previous.text),
            found=previous.text,
            wanted=FIRST_WORDS[previous.text],
        )
    if not _is_operand(previous):
        return None
    if previous.kind == "name":
        name = f"{previous.text} {token.text}"
        for code, known in (("feel_unknown_function", functions), ("feel_unknown_name", names)):
            suggestion = closest(name, known)
            if suggestion is not None:
                length = token.end - previous.start
                return FeelSyntaxError.unknown(code, previous.start, suggestion, length=length, name=name[:80])
    candidates = (wanted,) if wanted in _MISSING and wanted is not None else _CONNECTIVES
    meant = closest(token.text, candidates) or WORDS.get(token.text.casefold())
    if meant is not None and meant != token.text:
        return FeelSyntaxError("feel_word_similar", token.start, length=length, found=token.text[:40], suggestion=meant)
    return None


def _groups_of_digits(tokens: Sequence[Token], index: int) -> FeelSyntaxError:
    end = index + 1
    while tokens[end].kind == "number" and _GROUP.fullmatch(tokens[end].text):
        end += 1
    written = "".join(token.text for token in tokens[index:end])
    start = tokens[index].start
    return FeelSyntaxError("feel_number_in_groups", start, length=tokens[end - 1].end - start, wanted=written[:40])


def _single_quotes(tokens: Sequence[Token], index: int) -> FeelSyntaxError:
    token = tokens[index]
    end = next((other.end for other in tokens[index + 1 :] if other.text == "'"), token.end)
    return FeelSyntaxError("feel_single_quotes", token.start, length=end - token.start)


def _wrong_closing(
    token: Token, previous: Token | None, wanted: str | None, opened: Sequence[Token]
) -> FeelSyntaxError:
    if previous is not None and previous.text == "," and previous.kind == "sign":
        return FeelSyntaxError("feel_comma_too_many", previous.start, length=1, found=token.text)
    if not opened:
        return FeelSyntaxError("feel_nothing_to_close", token.start, length=1, found=token.text)
    last = opened[-1]
    closing = _CLOSING[last.text]
    if token.text != closing:
        return FeelSyntaxError(
            "feel_closed_otherwise",
            token.start,
            length=1,
            found=token.text,
            opened=last.text,
            place=last.start + 1,
            closing=closing,
        )
    if wanted in ("name", "type"):
        return FeelSyntaxError(f"feel_{wanted}_expected", token.start, length=1, found=token.text)
    if wanted is not None:
        return FeelSyntaxError("feel_expected", token.start, length=1, found=token.text, wanted=wanted)
    return _out_of_place(token, previous)


def _out_of_place(token: Token, previous: Token | None) -> FeelSyntaxError:
    length = len(token.text)
    if previous is not None and _is_operand(previous) and _is_operand(token, closes=False):
        if previous.kind == token.kind == "name":
            name = f"{previous.text} {token.text}"[:80]
            return FeelSyntaxError("feel_words_in_a_row", previous.start, length=token.end - previous.start, name=name)
        return FeelSyntaxError("feel_operator_missing", token.start, length=length, found=token.text[:40])
    return FeelSyntaxError("feel_unexpected", token.start, length=length, found=token.text[:40])


def _is_operand(token: Token, *, closes: bool = True) -> bool:
    """Whether ``token`` is a value, or (``closes``) ends one."""
    if token.kind == "name":
        return token.text not in KEYWORDS or token.text in _LITERALS
    return token.kind in ("number", "string", "at") or (closes and token.text in (")", "]", "}"))
