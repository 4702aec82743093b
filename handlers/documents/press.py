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
from handlers.documents.model import Document
from handlers.documents.rules import contradictions
from handlers.documents.sheet import sheet

LONGEST_SECONDS: Final = 40
"""Until the drawing is given up; a document of a thousand lines takes two."""

_AT_ONCE: Final = threading.BoundedSemaphore(2)
"""However many people look at drafts at the same time: the machine has other work."""


def pdf_of(document: Document) -> bytes:
    """The document as PDF/A-3b. Raises InvariantBroken (``document_figures_disagree``, ``document_not_drawn``)."""
    found = contradictions(document)
    if found:
        raise InvariantBroken("document_figures_disagree", which=", ".join(found))
    logo = document.seller.logo
    asked = {
        "sheet": sheet(document),
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
