"""Documents as they left the house: kept once, by their content, and read again as they were."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import InvariantBroken
from engine.files import store
from engine.files.kinds import PDF
from engine.letter import Attachment
from engine.texts import say
from handlers.base.rows import fields_of
from handlers.documents.model import Document, DocumentKind
from handlers.documents.tables import PrintedDocument


@data
class Printed:
    """A document that was printed. ``hash``: SHA-256 of its PDF; ``made_at`` in UTC."""

    kind: str
    number: str
    version: int
    language: str
    hash: str
    made_at: datetime


def keep(session: Session, document: Document, content: bytes, now: datetime) -> Printed:
    """Keep ``content`` as what the document looked like; what was kept for this version before stays. Raises ValueError for a draft."""
    if document.is_draft:
        raise ValueError("a draft binds nobody and is not kept")
    given = {
        "kind": document.kind.value,
        "number": document.number,
        "version": document.version,
        "language": document.language,
        "hash": store.put(session, content, PDF, now, is_kept=True).hash,
        "made_at": now,
    }
    session.execute(insert(PrintedDocument).values(**given).on_conflict_do_nothing())
    found = find(session, document.kind, document.number, document.version)
    assert found is not None
    return found


def find(session: Session, kind: DocumentKind, number: str, version: int) -> Printed | None:
    """The document that was printed of this version; None when none was."""
    row = session.scalar(
        select(PrintedDocument).where(
            PrintedDocument.kind == kind.value,
            PrintedDocument.number == number,
            PrintedDocument.version == version,
        )
    )
    return None if row is None else Printed(**fields_of(Printed, row))


def read(session: Session, printed: Printed) -> bytes:
    """Its PDF. Raises InvariantBroken (``document_lost``): what was printed is kept for good."""
    found = store.get(session, printed.hash)
    if found is None:
        raise InvariantBroken("document_lost", number=printed.number)
    return found[1]


def file_name(printed: Printed) -> str:
    """What the PDF is called where it is saved: ``Devis DV-2026-00001 v2.pdf``, ``Facture FA-2026-00001.pdf``."""
    title, version = say(f"document.kind.{printed.kind}", printed.language), printed.version
    return f"{title} {printed.number}{f' v{version}' if version > 1 else ''}.pdf"


def attachment(session: Session, printed: Printed) -> Attachment:
    """The same as a letter carries it. Raises what ``read`` raises."""
    return Attachment(name=file_name(printed), content=read(session, printed))
