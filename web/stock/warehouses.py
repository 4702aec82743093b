"""Warehouses: the list with what lies in each, one warehouse with its form and its history."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.errors import NotFound
from engine.identity import people
from engine.records import queries as recorded
from handlers.catalogue.commands import READERS
from handlers.stock import warehouses
from handlers.stock.warehouses import (
    EDITORS,
    KIND,
    AddWarehouse,
    ChangeWarehouse,
    WarehouseData,
    add_warehouse,
    change_warehouse,
)
from web import acting, auth, ui
from web.acting import Outcome
from web.ui import t

blueprint = Blueprint("warehouses", __name__)


@blueprint.get("/warehouses")
@auth.requires(*READERS)
def listing() -> Answer:
    """All warehouses."""
    with auth.runtime().database.reading() as session:
        found = warehouses.warehouses(session)
    return ui.page("stock/warehouses.html", warehouses=found, may_edit=auth.has_role(*EDITORS))


@blueprint.get("/warehouses/new")
@auth.requires(*EDITORS)
def new() -> Answer:
    """The form of a new warehouse."""
    return _new_page("", WarehouseData(name=""))


@blueprint.post("/warehouses/new")
@auth.requires(*EDITORS)
def add() -> Answer:
    """Add a warehouse."""
    code, typed = warehouses.tidied_code(request.form.get("code", "")), _typed()
    outcome = acting.act(add_warehouse, AddWarehouse(code=code, warehouse=typed))
    if not outcome.is_done:
        return _new_page(code, typed, outcome)
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("warehouses.listing"), 303)


@blueprint.get("/warehouses/<code>")
@auth.requires(*READERS)
def warehouse(code: str) -> Answer:
    """One warehouse."""
    return _page(code)


@blueprint.post("/warehouses/<code>")
@auth.requires(*EDITORS)
def change(code: str) -> Answer:
    """Change a warehouse. What was typed stays when it is refused."""
    typed = _typed()
    seen = acting.seen_revision(request.form.get("seen"))
    outcome = acting.act(change_warehouse, ChangeWarehouse(code=code, warehouse=typed), seen=seen)
    if not outcome.is_done:
        return _page(code, outcome, typed)
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("warehouses.warehouse", code=code), 303)


def _typed() -> WarehouseData:
    form = request.form
    return WarehouseData(
        name=form.get("name", ""), is_default="is_default" in form, may_be_negative="may_be_negative" in form
    )


def _new_page(code: str, typed: WarehouseData, outcome: Outcome | None = None) -> Answer:
    page = ui.page("stock/warehouse_new.html", code=code, form=typed, outcome=outcome or Outcome())
    return make_response(page, 200 if outcome is None else 422)


def _page(code: str, outcome: Outcome | None = None, typed: WarehouseData | None = None) -> Answer:
    with auth.runtime().database.reading() as session:
        found = warehouses.find_warehouse(session, code)
        if found is None:
            raise NotFound("warehouse_unknown", warehouse=code)
        page = ui.page(
            "stock/warehouse.html",
            code=code,
            warehouse=found,
            form=typed or found,
            outcome=outcome or Outcome(),
            may_edit=auth.has_role(*EDITORS),
            seen=recorded.revision(session, KIND, code),
            history=acting.history(session, KIND, code, people.names(session), labels="web.stock.field."),
        )
    return make_response(page, 200 if outcome is None else 422)
