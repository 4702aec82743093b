"""What a file is: told by its first bytes and its structure, never by its name or by what the sender says. Pure.

What no page of ours could show by accident is taken (documents, pictures, plain text); whatever a browser might run is not (HTML, SVG,
scripts, programs), and neither is what nobody recognises.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """A kind of file that is taken: its media type, and the ending that its name gets."""

    media_type: str
    extension: str


PDF: Final = FileKind(media_type="application/pdf", extension="pdf")
PNG: Final = FileKind(media_type="image/png", extension="png")
JPEG: Final = FileKind(media_type="image/jpeg", extension="jpg")
WEBP: Final = FileKind(media_type="image/webp", extension="webp")
TEXT: Final = FileKind(media_type="text/plain; charset=utf-8", extension="txt")
CSV: Final = FileKind(media_type="text/csv; charset=utf-8", extension="csv")
_OPEN_XML: Final = "application/vnd.openxmlformats-officedocument"

_BEGINNINGS: Final = ((b"%PDF-", PDF), (b"\x89PNG\r\n\x1a\n", PNG), (b"\xff\xd8\xff", JPEG))

_OFFICE: Final[Mapping[str, FileKind]] = {
    "word/document.xml": FileKind(media_type=f"{_OPEN_XML}.wordprocessingml.document", extension="docx"),
    "xl/workbook.xml": FileKind(media_type=f"{_OPEN_XML}.spreadsheetml.sheet", extension="xlsx"),
}
_OPEN_DOCUMENT: Final[Mapping[bytes, FileKind]] = {
    f"application/vnd.oasis.opendocument.{name}".encode(): FileKind(
        media_type=f"application/vnd.oasis.opendocument.{name}", extension=extension
    )
    for name, extension in (("text", "odt"), ("spreadsheet", "ods"))
}
_MACROS: Final = ("vbaproject.bin", "basic/script-lc.xml")
_MOST_MEMBERS: Final = 5_000
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


def kind_of(content: bytes, name: str = "") -> FileKind | None:
    """What ``content`` is, None when it is nothing that is taken. ``name`` decides only between plain text and a table of it."""
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    if content.startswith(b"PK\x03\x04"):
        return _archive(content)
    if _is_text(content):
        return CSV if name.lower().endswith(".csv") else TEXT
    return None


def _archive(content: bytes) -> FileKind | None:
    """A document of an office program without macros; nothing in it is unpacked but a line of its description."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [each.filename for each in archive.infolist()[:_MOST_MEMBERS]]
            if any(each.lower().endswith(_MACROS) for each in names):
                return None
            if "mimetype" in names:
                with archive.open("mimetype") as described:
                    return _OPEN_DOCUMENT.get(described.read(100))
            if "[Content_Types].xml" in names:
                return next((kind for member, kind in _OFFICE.items() if member in names), None)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError, EOFError):
        return None
    return None


def _is_text(content: bytes) -> bool:
    """UTF-8 without control characters, and no mark-up that some program might take for its own."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    if not text.strip() or _CONTROL.search(text):
        return False
    return not text.lstrip().startswith(("<", "#!"))
