"""A printed quote: one line, and five hundred, with the process that draws it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from handlers.documents.model import Document
from handlers.documents.press import pdf_of
from tests.benchmarks.figures import Figure
from tests.benchmarks.measure import BLOCKS, Spread
from tests.handlers.documents.examples import item, quote

LINES = 500


def printing() -> Iterator[Figure]:
    """Processor time of one PDF, here and in the process that draws it; most of a short one is the start of that process."""
    for name, lines in (("documents.quote_of_1", 1), (f"documents.quote_of_{LINES}", LINES)):
        document = quote([item(f"Bureau chêne n° {n}", "2", description="Plateau massif.") for n in range(lines)])
        content = pdf_of(document)
        taken = [1e3 * processor(document) for _ in range(BLOCKS)]
        yield Figure(name, Spread.of(taken), "ms", note=f"{len(content) // 1000} kB")


def processor(document: Document) -> float:
    """Seconds of processor that a PDF takes, here and in the process that draws it."""
    before = os.times()
    pdf_of(document)
    after = os.times()
    return sum(after[:4]) - sum(before[:4])
