"""How much room a name takes: the advance widths of Liberation Sans, which are those of Arial and Helvetica.

bpmn.io draws in Arial at 12 pixels inside shapes and at 11 beside them, lines 1.2 times as high, and breaks a label at the width of its
bounds; so our bounds decide where it breaks.
"""

from __future__ import annotations

from math import ceil

from engine.model.layout.geometry import Size

INSIDE, BESIDE = 12, 11
"""Font sizes in pixels: of names inside shapes and beside them."""
LABEL_WIDTH = 90
"""Where names beside shapes break, as bpmn.io has it."""

_WIDTHS = {
    191: "'",
    222: "ijl’",
    260: "|¦",
    278: " !,./:;I[\\]ft\xa0\u202f·ÌÍÎÏìíîï",
    333: "()-`r¡¨²³´¸¹“”{}",
    355: '"',
    370: "ªº",
    389: "*",
    400: "°",
    469: "^",
    500: "Jcksvxyzçýÿ",
    552: "±÷≥≤¶¯",
    556: "#$0123456789?L_abdeghnopqu¢£¤¥§«»àáâãäåèéêëðñòóôõöùúûüþ€–",
    584: "+<=>~¬×µ",
    611: "FTZ¿ßø",
    667: "&ABEKPSVXYÀÁÂÃÄÅÈÉÊËÝÞ",
    722: "CDHNRUwÇÐÑÙÚÛÜ",
    737: "©®",
    778: "GOQÒÓÔÕÖØ",
    833: "Mm¼½¾",
    889: "%æ",
    944: "Wœ",
    1000: "Æ…—Œ→",
    1015: "@",
}
_WIDTH_OF = {character: width for width, characters in _WIDTHS.items() for character in characters}
_UNKNOWN = 1000
"""What is not in the table is taken for as wide as an ideograph."""
_SLACK = 4
"""A browser rounds; a label that is one pixel too wide would break once more."""


def width_of(text: str, size: int) -> float:
    """The width of one line in pixels."""
    return sum(_WIDTH_OF.get(each, _UNKNOWN) for each in text) * size / 1000


def wrapped(text: str, width: float, size: int) -> list[str]:
    """The lines into which a name is broken: at blanks and line breaks; a word that is too wide stays whole."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and width_of(longer, size) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines


def text_size(text: str, width: float, size: int) -> Size:
    """The room of a name that is broken at ``width``; a wider word makes it wider."""
    lines = wrapped(text, width, size)
    return Size(ceil(max(width_of(each, size) for each in lines)) + _SLACK, ceil(len(lines) * size * 1.2))


def label_size(text: str) -> Size | None:
    """The room of a name beside a shape or a flow, None without a name: long ones become wider before they become very high."""
    text = text.strip()
    if not text:
        return None
    found = text_size(text, LABEL_WIDTH, BESIDE)
    if (wider := text_size(text, LABEL_WIDTH * 1.25, BESIDE)).height < found.height:
        found = wider  # rather than a last line of one short word
    for width in (LABEL_WIDTH * 3 // 2, LABEL_WIDTH * 2, LABEL_WIDTH * 3):
        if found.height <= 4 * BESIDE * 1.2 + 1:
            break
        found = text_size(text, width, BESIDE)
    return found


def task_size(text: str) -> Size:
    """The size of a task: 100 × 80; wider when its name would need more than two lines (its icon is in a corner), or has a long word."""
    widths = range(100, 320, 20)
    for lines, widest in ((2, 160), (3, 200), (4, 300)):
        for width in widths:
            room = text_size(text.strip() or " ", width - 16, INSIDE)
            if width <= widest and room.width <= width - 10 and room.height <= ceil(lines * INSIDE * 1.2):
                return Size(width, 80)
    return Size(widths[-1], 80)
