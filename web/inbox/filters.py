"""The lists that people keep: showing, keeping, forgetting, counting them."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine import clock
from engine.errors import InvalidInput, NotFound
from engine.inbox import filters, lists
from engine.inbox.lists import Asked
from engine.inbox.standing_in import standing_in
from web import auth, errors, ui
from web.inbox import narrowing
from web.ui import t

blueprint = Blueprint("filters", __name__)


@blueprint.get("/inbox/lists/<int:filter_id>")
@auth.signed_in
def show(filter_id: int) -> Answer:
    """The list under its own address."""
    with auth.runtime().database.reading() as session:
        found = next((each for each in filters.filters(session, auth.actor()) if each.id == filter_id), None)
    if found is None:
        raise NotFound("filter_not_found")
    return redirect(url_for("inbox.inbox", **_read(found.query).arguments()), 303)


@blueprint.post("/inbox/lists")
@auth.signed_in
def save() -> Answer:
    """Keep the list that the page shows under a name."""
    asked, name = _read(request.form.get("query", "")), request.form.get("name", "")
    try:
        filters.save(auth.runtime().database, auth.actor(), name, asked.query())
    except InvalidInput as error:
        flash(" ".join(errors.field_sentence(each) for each in error.fields), "warning")
    else:
        flash(t("web.filters.saved", name=" ".join(name.split())), "success")
    return redirect(url_for("inbox.inbox", **asked.arguments()), 303)


@blueprint.post("/inbox/lists/<int:filter_id>/remove")
@auth.signed_in
def remove(filter_id: int) -> Answer:
    """Forget a list."""
    filters.remove(auth.runtime().database, auth.actor(), filter_id)
    flash(t("web.filters.removed"), "info")
    return redirect(url_for("inbox.inbox"), 303)


@blueprint.get("/inbox/lists/counts")
@auth.signed_in
def counts() -> Answer:
    """The names of the lists with their figures, for the page that shows the list ``query``: fetched after it, so that it need not wait."""
    actor, now = auth.actor(), clock.now()
    with auth.runtime().database.reading() as session:
        absent = standing_in(session, actor, now)
        kept = filters.filters(session, actor)
        figures = {}
        for each in kept:
            asked = _read(each.query)
            wanted = Asked(actor=actor, view=asked.view, now=now, absent=absent, criteria=asked.criteria())
            found = lists.count(session, wanted)
            figures[each.id] = f"{found.number}+" if found.is_more else str(found.number)
    return ui.page("inbox/lists.html", filters=kept, figures=figures, query=request.args.get("query", ""))


def _read(query: str) -> narrowing.Narrowing:
    return narrowing.read(dict(parse_qsl(query[: filters.LONGEST_QUERY])))
