"""How much room a name takes: the advance widths of Liberation Sans, which are those of Arial and Helvetica.

bpmn.io draws in Arial at 12 pixels inside shapes and at 11 beside them, lines 1.2 times as high, and breaks a label at the width of its
bounds; so our bounds decide where it breaks. A machine without Arial draws in another font, often a wider one (DejaVu Sans); a word that
is then wider than its bounds would be broken in its middle, so bounds have room for that.
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
_WIDER = 1.22
"""How much wider than in Arial a name of people's words is in DejaVu Sans, at most."""
_FONTS = (1.0, 1.04, 1.08, 1.12, 1.16, 1.2, _WIDER)
"""From Arial to the widest: a line of some words is not as much wider as another."""
_WIDEST_TASK, _TASK_STEP = 300, 20
_PADDING = 7
"""What bpmn.io keeps free inside a task, left and right of its name."""
_MARKS = frozenset("?!:;»")
"""What French sets off by a blank, and what no line should begin with."""


def width_of(text: str, size: int) -> float:
    """The width of one line in pixels."""
    return sum(_WIDTH_OF.get(each, _UNKNOWN) for each in text) * size / 1000


def wrapped(text: str, width: float, size: int) -> list[str]:
    """The lines into which a name is broken: at blanks and line breaks; a word that is too wide stays whole, and keeps its mark."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in _words(paragraph):
            longer = f"{line} {word}" if line else word
            if line and width_of(longer, size) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines


def _words(paragraph: str) -> list[str]:
    """What is not broken: words, each with the mark that stands behind it."""
    found: list[str] = []
    for word in paragraph.split(" "):
        if found and word in _MARKS:
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def text_size(text: str, width: float, size: int) -> Size:
    """The room of a name that is broken at ``width``, in whichever font; a wider word makes it wider."""
    lines = wrapped(text, width, size)
    widest = max(width_of(each, size) for each in lines)
    return Size(ceil(widest * _WIDER) + _SLACK, ceil(len(lines) * size * 1.2))


def label_size(*names: str) -> Size | None:
    """The room of a name beside a shape or a flow in each of its languages, None without a name: long ones become wider before they
    become very high.
    """
    texts = [each.strip() for each in names if each.strip()]
    if not texts:
        return None
    found = [_label_size(each) for each in texts]
    width = max(each.width for each in found)
    while not all(_holds(each, width - less, BESIDE) for each in texts for less in (0, _SLACK)):
        width += _SLACK
    return Size(width, max(each.height for each in found))


def _label_size(text: str) -> Size:
    found = text_size(text, LABEL_WIDTH, BESIDE)
    if (wider := text_size(text, LABEL_WIDTH * 1.25, BESIDE)).height < found.height:
        found = wider  # rather than a last line of one short word
    for width in (LABEL_WIDTH * 3 // 2, LABEL_WIDTH * 2, LABEL_WIDTH * 3):
        if found.height <= 4 * BESIDE * 1.2 + 1:
            break
        found = text_size(text, width, BESIDE)
    return found


def task_size(*names: str) -> Size:
    """The size of a task with its name in each language: 100 × 80; wider when it would need more than two lines (its icon is in a corner),
    or has a long word, or when a mark would stand alone in the last line.
    """
    texts = [each.strip() or " " for each in names]
    width = max(map(_task_width, texts))
    while not all(_holds(each, width - 2 * _PADDING, INSIDE) for each in texts) and width < _WIDEST_TASK:
        width += _TASK_STEP
    return Size(width, 80)


def _task_width(name: str) -> int:
    widths = range(100, _WIDEST_TASK + 1, _TASK_STEP)
    for lines, widest in ((2, 160), (3, 200), (4, 300)):
        for width in widths:
            # a wider font may take a line more, for which there is room; a word has to fit
            room = wrapped(name, width - 16, INSIDE)
            if width <= widest and len(room) <= lines and _holds(name, width - 2 * _PADDING, INSIDE):
                return width
    return widths[-1]


def _holds(name: str, width: float, size: int) -> bool:
    """Whether no word of a name would be broken at ``width``, and no mark fall into a line of its own, in whichever font."""
    for font in _FONTS:
        for paragraph in name.splitlines():
            line = ""
            for word in paragraph.split(" "):
                longer = f"{line} {word}" if line else word
                is_full = width_of(longer, size) * font > width
                if is_full and (not line or word in _MARKS):
                    return False
                line = word if is_full else longer
                if width_of(line, size) * font > width:
                    return False
    return True
