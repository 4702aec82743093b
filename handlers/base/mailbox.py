"""The demonstration mailbox: mails are kept in a table instead of being sent, and shown to those whom they address."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.data import data
from handlers.base.tables import DemonstrationMail


@data
class Mail:
    """A mail as its reader sees it. ``sent_at`` is in UTC."""

    id: int
    to_login: str | None
    to_role: str | None
    subject: str
    body: str
    business_key: str | None
    sent_at: datetime


def post(
    session: Session,
    *,
    key: str,
    subject: str,
    body: str,
    business_key: str | None,
    sent_at: datetime,
    to_login: str | None = None,
    to_role: str | None = None,
) -> None:
    """Put one mail into the box, addressed to a person or to all who hold a role. The same ``key`` is put in only once."""
    session.execute(
        insert(DemonstrationMail)
        .values(
            key=key,
            to_login=to_login,
            to_role=to_role,
            subject=subject,
            body=body,
            business_key=business_key,
            sent_at=sent_at,
        )
        .on_conflict_do_nothing(index_elements=["key"])
    )


def messages_for(session: Session, login: str, roles: frozenset[str], *, limit: int = 100) -> list[Mail]:
    """The newest mails to the person ``login`` or to one of ``roles``."""
    rows = session.scalars(
        select(DemonstrationMail)
        .where(or_(DemonstrationMail.to_login == login, DemonstrationMail.to_role.in_(roles)))
        .order_by(DemonstrationMail.id.desc())
        .limit(limit)
    )
    return [
        Mail(
            id=row.id,
            to_login=row.to_login,
            to_role=row.to_role,
            subject=row.subject,
            body=row.body,
            business_key=row.business_key,
            sent_at=row.sent_at,
        )
        for row in rows
    ]
