"""What people type, in French or in English, as typed values: ``1 234,50``, ``21/11/2026``, ``2026-11-21``, ``oui``."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal

from engine.errors import Fact, Facts
from engine.feel import Value

MAXIMAL_TEXT = 100_000

_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
_BLANKS = re.compile(r"[ \u00a0\u202f\u2009]")
_CURRENCY = re.compile(r"^€[ \u00a0\u202f]*|[ \u00a0\u202f]*(€|EUR)$")
_PLAIN = re.compile(r"[-+]?\d+([.,]\d+)?")
_SPACED = re.compile(r"[-+]?\d{1,3}([ \u00a0\u202f\u2009]\d{3})+([.,]\d+)?")
_ENGLISH = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_AMBIGUOUS = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}")
_DIGITS_BEFORE, _DIGITS_AFTER = 15, 12
_YES = frozenset({"on", "true", "1", "yes", "oui", "vrai"})
_NO = frozenset({"", "off", "false", "0", "no", "non", "faux"})


class NotReadable(Exception):
    """This is no answer of the kind asked for; ``code`` and ``facts`` say why."""

    def __init__(self, code: str, /, **facts: Fact) -> None:
        super().__init__(code)
        self.code = code
        self.facts: Facts = facts


def parse(kind: str, text: str, locale: str | None) -> Value:
    """The value of ``text`` for a field of this kind; None for an empty one (False for a boolean). Raises NotReadable."""
    if len(text) > MAXIMAL_TEXT:
        raise NotReadable("field_too_long", limit=MAXIMAL_TEXT, length=len(text))
    if kind == "boolean":
        return _boolean(text)
    if kind in {"text", "long_text", "choice"}:
        return _text(text, kind)
    if not text.strip():
        return None
    if kind == "date":
        return _date(text.strip())
    number = _number(text.strip(), locale, is_money=kind == "money")
    if kind == "integer" and number != number.to_integral_value():
        raise NotReadable("field_not_whole")
    if kind == "money" and number != round(number, 2):
        raise NotReadable("field_not_cents")
    return number.to_integral_value() if kind == "integer" else number


def _text(text: str, kind: str) -> str | None:
    """Composed characters, one kind of line end, no control characters; a one-line text has no line end."""
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()
    breaks = "\n\t" if kind == "long_text" else ""
    if any(unicodedata.category(each) in {"Cc", "Cs"} and each not in breaks for each in text):
        raise NotReadable("field_not_text")
    return text or None


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in _YES | _NO:
        raise NotReadable("field_not_yes_no")
    return word in _YES


def _date(text: str) -> date:
    if match := _ISO_DATE.fullmatch(text):
        year, month, day = match.groups()
    elif match := _DAY_FIRST.fullmatch(text):
        day, month, year = match.groups()
    else:
        raise NotReadable("field_not_date")
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise NotReadable("field_not_date") from None


def _number(text: str, locale: str | None, *, is_money: bool) -> Decimal:
    """French groups digits by spaces and writes a decimal comma; English groups by commas and writes a point.

    ``1,234`` is a thousand to one and a little over one to the other: without ``locale`` nobody guesses.
    """
    if is_money:
        text = _CURRENCY.sub("", text)
    text = text.replace("\N{MINUS SIGN}", "-")
    if not text.isascii() and not _BLANKS.search(text):
        raise NotReadable("field_not_number")
    if _AMBIGUOUS.fullmatch(text) and locale is None:
        raise NotReadable("field_ambiguous", text=text)
    is_english = (locale or "").startswith("en")
    if _ENGLISH.fullmatch(text) and (is_english or not _AMBIGUOUS.fullmatch(text)):
        text = text.replace(",", "")
    elif _SPACED.fullmatch(text):
        text = _BLANKS.sub("", text).replace(",", ".")
    elif _PLAIN.fullmatch(text):
        text = text.replace(",", ".")
    else:
        raise NotReadable("field_not_number")
    before, _, after = text.lstrip("+-").partition(".")
    if len(before.lstrip("0")) > _DIGITS_BEFORE or len(after) > _DIGITS_AFTER or not (before + after).isascii():
        raise NotReadable("field_not_number" if not (before + after).isascii() else "field_too_many_digits")
    return Decimal(text)
