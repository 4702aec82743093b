"""Which pictures may be the company's logo: told by what they are, never by their name. Pure.

PNG and JPEG only: SVG is a program as much as a picture (scripts, addresses of other files). Whether the picture can be drawn is tried by
those who draw, in a process of its own; here nothing is unpacked.
"""

from __future__ import annotations

from engine.errors import FieldProblem
from engine.files.kinds import JPEG, PNG, FileKind, kind_of
from handlers.company.types import MOST_LOGO_BYTES, MOST_LOGO_PIXELS

_WITHOUT_SIZE = frozenset({0x01, *range(0xD0, 0xD8)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def problems(content: bytes) -> list[FieldProblem]:
    """Why ``content`` cannot be the logo; nothing when it can."""
    kind = kind_of(content[:64])
    if not content:
        return [FieldProblem(field="logo", code="logo_missing")]
    if len(content) > MOST_LOGO_BYTES:
        return [FieldProblem(field="logo", code="logo_too_large", facts={"most": MOST_LOGO_BYTES // 1024})]
    if kind not in {PNG, JPEG}:
        return [FieldProblem(field="logo", code="logo_kind_refused")]
    size = size_of(content)
    if size is None:
        return [FieldProblem(field="logo", code="logo_unreadable")]
    if not all(0 < each <= MOST_LOGO_PIXELS for each in size):
        return [FieldProblem(field="logo", code="logo_pixels", facts={"most": MOST_LOGO_PIXELS})]
    return []


def kind_of_logo(content: bytes) -> FileKind:
    """PNG or JPEG, of a content without problems."""
    return PNG if content.startswith(b"\x89PNG") else JPEG


def size_of(content: bytes) -> tuple[int, int] | None:
    """Width and height in pixels as the picture itself says; None when it does not say them."""
    if content.startswith(b"\x89PNG"):
        if content[12:16] != b"IHDR" or len(content) < 24:
            return None
        return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        mark = content[at + 1]
        if mark in _FRAMES:
            return int.from_bytes(content[at + 7 : at + 9]), int.from_bytes(content[at + 5 : at + 7])
        at += 2 if mark in _WITHOUT_SIZE else 1 if mark == 0xFF else 2 + int.from_bytes(content[at + 2 : at + 4])
    return None
