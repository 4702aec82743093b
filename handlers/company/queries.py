"""What can be asked about the company."""

from __future__ import annotations

from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import InvariantBroken
from engine.files import store
from handlers.base.rows import fields_of
from handlers.company.tables import CompanyIdentity
from handlers.company.types import IdentityData, LogoType


@data
class LogoPicture:
    """The logo."""

    media_type: LogoType
    content: bytes


@data
class Identity:
    """The company. ``logo_hash``: empty where there is none."""

    data: IdentityData
    logo_hash: str


def find_identity(session: Session) -> Identity | None:
    """Who we are; None as long as nobody has said it."""
    row = session.get(CompanyIdentity, 1)
    return None if row is None else Identity(data=IdentityData(**fields_of(IdentityData, row)), logo_hash=row.logo_hash)


def invoices_vat(session: Session) -> bool:
    """Whether what we sell bears VAT: not under the franchise; as long as nobody has said who we are, it does."""
    return session.scalar(select(CompanyIdentity.vat_regime)) != "franchise"


def is_below_eu_threshold(session: Session) -> bool:
    """Whether it has said that it sells so little to private persons in other member states that it taxes them at home."""
    return session.scalar(select(CompanyIdentity.is_below_eu_threshold)) is True


def read_logo(session: Session, hashed: str) -> LogoPicture:
    """The picture of this hash. Raises InvariantBroken: what an identity names is kept for good."""
    found = store.get(session, hashed)
    if found is None:
        raise InvariantBroken("logo_lost", hash=hashed)
    return LogoPicture(media_type=cast("LogoType", found[0]), content=found[1])
