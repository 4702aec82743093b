"""Whether all that was validated is still there, as it was: verified in pieces, so that thousands of invoices hold nothing up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue as Answer
from itsdangerous import BadData, URLSafeSerializer
from pydantic import TypeAdapter, ValidationError

from engine import clock
from engine.records.queries import noted
from handlers.invoices import verifying
from handlers.invoices.commands import READERS, VERIFIERS
from handlers.invoices.verifying import Broken, Difference, Verified
from web import auth, ui
from web.ui import t

blueprint = Blueprint("invoice_verification", __name__)

PIECES: Final = 4
"""In one request: two thousand invoices, about a second."""

_VERIFIED: Final = TypeAdapter(Verified)
_ADDRESSED: Final = frozenset({"gone", "counter"})
"""What names an invoice that has no page, or whose page says nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that does not hold, as people read it. ``url``: of the invoice's page, where there is one and they may see it."""

    text: str
    url: str | None
    differences: tuple[tuple[str, str, str], ...]


@blueprint.get("/invoices/verification")
@auth.requires(*VERIFIERS)
def page() -> Answer:
    """What it means, and the button that begins."""
    return _page(None)


@blueprint.post("/invoices/verification")
@auth.requires(*VERIFIERS)
def verify() -> Answer:
    """The next pieces: of the beginning, or behind what the page says was verified, which only we can have signed."""
    so_far = _read(request.form.get("so_far", ""))
    with auth.runtime().database.reading() as session:
        if so_far is None:
            so_far = verifying.begin(session)
        for _ in range(PIECES):
            if not so_far.is_done:
                so_far = verifying.verify_more(session, noted, so_far)
    return _page(so_far)


def _page(so_far: Verified | None) -> str:
    return ui.page(
        "invoices/verification.html",
        so_far=so_far,
        token="" if so_far is None or so_far.is_done else _signer().dumps(_VERIFIED.dump_python(so_far, mode="json")),
        findings=() if so_far is None else tuple(_findings(so_far)),
        verified_on=ui.moment(clock.now()) if so_far is not None and so_far.is_done else "",
    )


def _findings(so_far: Verified) -> Iterator[Finding]:
    may_read = auth.has_role(*READERS)
    for each in so_far.broken:
        yield Finding(
            text=t(f"invoice_chain.{each.code}", invoice=each.number, place=each.sequence),
            url=_url(each) if may_read else None,
            differences=tuple(
                (t(f"web.invoices.field.{one.field}"), _shown(one.was, one), _shown(one.now, one))
                for one in each.differences
            ),
        )


def _url(broken: Broken) -> str | None:
    return None if broken.code in _ADDRESSED else url_for("invoice_dossiers.invoice", key=broken.number)


def _shown(value: str, of: Difference) -> str:
    """A value as it stands elsewhere on pages; lines and rates have none, they are only others."""
    if of.field in {"lines", "rates"}:
        return ""
    try:
        if of.field in {"net", "tax", "total"}:
            return ui.shown(Decimal(value), "money")
        if of.field.endswith("_on") and value:
            return ui.shown(date.fromisoformat(value))
    except (InvalidOperation, ValueError):  # whoever wrote it wrote anything
        return value
    return value or "–"


def _read(token: str) -> Verified | None:
    try:
        return _VERIFIED.validate_python(_signer().loads(token)) if token else None
    except (BadData, ValidationError):
        return None


def _signer() -> URLSafeSerializer:
    """For this person alone: what one has verified, another does not go on with."""
    assert current_app.secret_key is not None
    return URLSafeSerializer(current_app.secret_key, salt=f"invoice verification {auth.actor().login}")
