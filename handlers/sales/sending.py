"""When a quote has gone to its customer: from then on it binds us."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from handlers.sales import links, store
from handlers.sales.tables import Quote, QuoteVersion


def mark_sent(session: Session, quote: Quote, row: QuoteVersion, now: datetime) -> None:
    """From ``now`` on the submitted version binds us: its content has a hash, and its customer an address of their own."""
    row.content_hash = store.hash_of(quote.number, row, store.lines_of(session, row.id))
    row.link_key = links.new_key()
    row.sent_at, row.status = now, "sent"
    session.flush()
