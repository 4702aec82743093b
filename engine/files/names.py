"""Names of files as they are kept and sent: hostile until made harmless here. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 120

_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*%;]+')
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)


def safe_name(name: str, extension: str) -> str:
    r"""``name`` without a path, without what steers screens or shells, ending as the content demands (``extension``).

    ``../../facture\u202efdp.exe`` of a PDF becomes ``facturefdp.exe.pdf``: no ending can pretend to be another.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    # format characters too: they turn the direction of writing, so that an ending looks like another
    seen = "".join(each for each in unicodedata.normalize("NFC", last) if unicodedata.category(each)[0] != "C")
    stem = " ".join(_NOT_IN_NAMES.sub("_", seen).split()).strip(". ")
    ending = f".{extension}"
    if stem.lower().endswith(ending):
        stem = stem[: -len(ending)].rstrip(". ")
    if not stem or _RESERVED.match(stem):
        stem = "fichier"
    return stem[: LONGEST - len(ending)].rstrip(". ") + ending
