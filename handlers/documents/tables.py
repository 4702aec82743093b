"""What was printed and kept."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from handlers.base.tables import Table
from handlers.documents.model import DocumentKind

_KINDS: Final = ", ".join(f"'{each}'" for each in DocumentKind)


class PrintedDocument(Table):
    """A document as it left the house: which record and version it shows, and its content by hash (``engine.files``). It never changes."""

    __tablename__ = "printed_document"
    __table_args__ = (
        UniqueConstraint("kind", "number", "version"),
        CheckConstraint(f"kind IN ({_KINDS})", name="kind_known"),
        CheckConstraint("language IN ('fr', 'en')", name="language_known"),
        CheckConstraint("version >= 1", name="version_positive"),
        CheckConstraint("hash ~ '^[0-9a-f]{64}$'", name="sha256"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    number: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    language: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
