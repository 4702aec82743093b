"""A document becomes a PDF: the same document always the same bytes, drawn in a process of its own with bounds of time and memory.

It takes a few hundred milliseconds, so it belongs into an effect (after commit, as a job) or into a page that only reads; never into a
transaction that writes.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from datetime import UTC, datetime, time
from typing import Final

from engine.errors import InvariantBroken
from handlers.documents.checking import complaints
from handlers.documents.facturx import address_of, xml_of
from handlers.documents.model import Document
from handlers.documents.rules import contradictions
from handlers.documents.sheet import sheet

LONGEST_SECONDS: Final = 40
"""Until the drawing is given up; a document of a thousand lines takes two."""

_MOST_CHARACTERS: Final = 500

_AT_ONCE: Final = threading.BoundedSemaphore(2)
"""However many people look at drafts at the same time: the machine has other work."""


def pdf_of(document: Document) -> bytes:
    """The document as PDF/A-3b. Raises InvariantBroken (``document_figures_disagree``, ``document_not_drawn``)."""
    _refuse_contradictions(document)
    return _drawn(document, "")


def facturx_pdf_of(document: Document) -> bytes:
    """An invoice or a credit note as Factur-X: the same PDF with the invoice for machines inside, which the official rules accepted.

    Without it for somebody who has no electronic address: the rules want one, and no machine of theirs reads it.
    Raises ValueError for another kind and for a draft, and InvariantBroken as ``pdf_of`` does or when those rules refuse it
    (``invoice_refused``) or cannot be asked (``invoice_not_judged``).
    """
    if document.is_draft:
        raise ValueError("a draft is no invoice")
    _refuse_contradictions(document)
    if address_of(document.buyer) is None:
        return _drawn(document, "")
    if refused := machine_complaints(document):
        raise InvariantBroken("invoice_refused", number=document.number, why=" ".join(refused)[:_MOST_CHARACTERS])
    return _drawn(document, xml_of(document).decode("utf-8"))


def machine_complaints(document: Document) -> tuple[str, ...]:
    """What the official rules have against an invoice for machines; nothing against one that nobody's machine reads.

    Raises InvariantBroken (``invoice_not_judged``).
    """
    return () if address_of(document.buyer) is None else complaints(xml_of(document))


def _refuse_contradictions(document: Document) -> None:
    found = contradictions(document)
    if found:
        raise InvariantBroken("document_figures_disagree", which=", ".join(found))


def _drawn(document: Document, xml: str) -> bytes:
    logo = document.seller.logo
    asked = {
        "sheet": sheet(document),
        "xml": xml,
        "logo": None if logo is None else base64.b64encode(logo.content).decode("ascii"),
        # the moment in the PDF is the document's own: printed again, it is the same to the byte
        "timestamp": int(datetime.combine(document.issued_on, time(), UTC).timestamp()),
    }
    try:
        with _AT_ONCE:
            done = subprocess.run(
                [sys.executable, "-m", "handlers.documents.drawing"],
                input=json.dumps(asked).encode(),
                capture_output=True,
                timeout=LONGEST_SECONDS,
                check=False,
                env={"RAYON_NUM_THREADS": "1"},  # nothing of ours: no address of a database, no key
            )
    except subprocess.TimeoutExpired as error:
        raise InvariantBroken("document_not_drawn", reason="timeout") from error
    if done.returncode != 0 or not done.stdout.startswith(b"%PDF-"):
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise InvariantBroken("document_not_drawn", reason=reason[-1][:200] if reason else f"exit {done.returncode}")
    return done.stdout
