"""The letters of the house: what waits, what went, what did not; in the demonstration, all that would have gone."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from flask import Blueprint, flash, make_response, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.errors import NotFound
from engine.identity import people
from engine.identity.memberships import ADMINISTRATOR
from engine.mail import commands, letters, restored
from engine.mail.commands import KIND, ConfirmLetter, EraseLetters, SendAgain, TakeBack
from engine.mail.letters import STATES, Posted
from engine.mail.restored import DropLetters, LetGo, drop_letters, let_go
from web import acting, auth, present, ui
from web.acting import Outcome
from web.ui import in_language, t

blueprint = Blueprint("letters", __name__)

PAGE = 50
_BADGES = {
    "sent": "completed",
    "refused": "failed",
    "uncertain": "failed",
    "waiting": "active",
    "taken_back": "cancelled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A letter in words."""

    id: int
    url: str
    subject: str
    to: str
    kind: str
    state: str
    state_text: str
    badge: str
    moment: str
    iso: str
    ago: str


@blueprint.get("/admin/letters")
@auth.requires(ADMINISTRATOR)
def listing() -> Answer:
    """The newest letters; ``state`` and ``to`` (the beginning of an address) narrow them."""
    state = next((each for each in STATES if each == request.args.get("state")), None)
    address = request.args.get("to", "").replace("\0", "").strip()[:254]
    before = request.args.get("before", type=int)
    before = None if before is None or not 0 < before < 2**62 else before
    with auth.runtime().database.reading() as session:
        found = letters.page(session, state=state, address=address, before=before, limit=PAGE + 1)
        restoration = restored.find_open(session)
        holding = () if restoration is None else restored.holding_cases(session)
    kept: dict[str, Any] = {name: value for name, value in (("state", state), ("to", address)) if value}
    return ui.page(
        "admin/letters.html",
        restoration=restoration,
        moments=restoration and (ui.moment(restoration.made_at), ui.moment(restoration.restored_at)),
        holding=[
            (
                url_for("records.case", case_id=each.case),
                f"{in_language(each.title)} {present.called(each.business_key, each.case)}",
            )
            for each in holding
        ],
        rows=[_row(each) for each in found[:PAGE]],
        states=[(each, t(f"web.letters.state.{each}")) for each in STATES],
        chosen=state or "",
        address=address,
        pager=ui.Pager(
            previous=url_for("letters.listing", **kept) if before else None,
            next=url_for("letters.listing", before=found[PAGE - 1].id, **kept) if len(found) > PAGE else None,
        ),
    )


@blueprint.post("/admin/letters/restored/<int:restoration_id>/<act>")
@auth.requires(ADMINISTRATOR)
def after_restore(restoration_id: int, act: str) -> Answer:
    """After a backup was brought back: drop the letters that waited in it, or let everything go."""
    match act:
        case "drop":
            outcome = acting.act(drop_letters, DropLetters(restoration=restoration_id))
            said = t("web.restored.dropped", count=outcome.answer or 0)
        case "let-go":
            outcome = acting.act(let_go, LetGo(restoration=restoration_id))
            said = t("web.restored.gone")
        case _:
            raise NotFound("not_found")
    if outcome.is_done:
        flash(said, "success")
    else:
        flash(outcome.message, "warning")
    return redirect(url_for("letters.listing"), 303)


@blueprint.get("/admin/letters/<int:letter_id>")
@auth.requires(ADMINISTRATOR)
def letter(letter_id: int) -> Answer:
    """One letter, what became of it, and what can be done with it."""
    return _page(letter_id)


@blueprint.get("/admin/letters/<int:letter_id>/attachment")
@auth.requires(ADMINISTRATOR)
def attachment(letter_id: int) -> Answer:
    """The file that goes with it."""
    with auth.runtime().database.reading() as session:
        name, content = letters.attachment(session, letter_id)
    return send_file(BytesIO(content), "application/json", as_attachment=True, download_name=name)


@blueprint.post("/admin/letters/<int:letter_id>/<act>")
@auth.requires(ADMINISTRATOR)
def act(letter_id: int, act: str) -> Answer:
    """Take it back, say that it arrived, send it again, or erase it."""
    match act:
        case "take-back":
            outcome = acting.act(commands.take_back, TakeBack(letter=letter_id))
        case "confirm":
            outcome = acting.act(commands.confirm_letter, ConfirmLetter(letter=letter_id))
        case "again":
            outcome = acting.act(commands.send_again, SendAgain(letter=letter_id))
        case "erase":
            given = EraseLetters(letter=letter_id, because=request.form.get("because", ""))
            outcome = acting.act(commands.erase_letters, given)
        case _:
            raise NotFound("not_found")
    if not outcome.is_done:
        return _page(letter_id, outcome)
    flash(t(f"web.letters.done.{act}", count=outcome.answer or 0), "success")
    return redirect(url_for("letters.letter", letter_id=letter_id), 303)


def _page(letter_id: int, outcome: Outcome | None = None) -> Answer:
    with auth.runtime().database.reading() as session:
        found = letters.find(session, letter_id)
        is_stopped = found.kind != "test" and restored.find_open(session) is not None
        names = people.names(session)
        history = acting.history(session, KIND, str(letter_id), names)
    page = ui.page(
        "admin/letter.html",
        letter=found,
        row=_row(found),
        is_moving=found.state == "waiting" and (found.is_queued or found.kind == "test"),
        facts=_facts(found, is_stopped=is_stopped),
        why=t(found.code, letter=found.id) if found.code else "",
        outcome=outcome or Outcome(),
        history=history,
    )
    return make_response(page, 200 if outcome is None else 409)


def _facts(found: Posted, *, is_stopped: bool) -> list[tuple[str, str]]:
    """``is_stopped``: a backup was brought back, and nobody has let the letters go yet."""
    facts = [
        (t("web.mailbox.to"), _to(found)),
        (t("web.letters.kind"), t(f"web.letters.kind.{found.kind}")),
        (t("web.letters.made"), ui.moment(found.made_at)),
    ]
    if found.is_held:
        facts.append((t("web.letters.goes"), t("web.letters.stopped") if is_stopped else ui.moment(found.due_at)))
    if found.ended_at:
        facts.append((t("web.letters.ended"), ui.moment(found.ended_at)))
    if found.said:
        facts.append((t("web.letters.said"), found.said))
    return facts


def _row(each: Posted) -> Row:
    state = each.state
    return Row(
        id=each.id,
        url=url_for("letters.letter", letter_id=each.id),
        subject=each.subject or t("web.letters.nothing_left"),
        to=each.to_name or each.to_address or t("web.letters.nothing_left"),
        kind=t(f"web.letters.kind.{each.kind}"),
        state=state,
        state_text=t("web.letters.state.kept" if each.way == "demonstration" else f"web.letters.state.{state}"),
        badge=_BADGES[state],
        moment=ui.moment(each.made_at),
        iso=ui.local(each.made_at).isoformat(timespec="minutes"),
        ago=ui.ago(each.made_at),
    )


def _to(each: Posted) -> str:
    return f"{each.to_name} <{each.to_address}>" if each.to_name else each.to_address or t("web.letters.nothing_left")
