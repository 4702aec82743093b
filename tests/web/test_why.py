"""The way that led to a task, in words: what nobody named says nothing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from flask import Flask, g

from engine.definitions.store import read_folder
from engine.model.bundle import read_bundle
from engine.settings import CHECKOUT
from web.inbox import why


def path(process: str, *elements: str) -> list[str]:
    task = SimpleNamespace(why={"path": [{"element": each, "flow": None} for each in elements]})
    bundle = read_bundle(read_folder(Path(CHECKOUT) / "processes" / process))
    assert set(elements) <= bundle.process.nodes.keys()
    with Flask("test").test_request_context():
        g.locale = "fr"
        return why._path(cast("Any", task), bundle)


def test_where_a_group_begins_or_paths_meet_is_not_told() -> None:
    way = ("month_begins", "recurring_invoicing_join", "name_period", "list_subscriptions")
    assert path("recurring_invoicing", *way) == [
        "Chaque premier du mois",
        "Nommer le mois",
        "Lister les abonnements à facturer",
    ]
    assert path("allotment", "tell_deliveries", "tell_deliveries_start", "tell_delivery") == []
