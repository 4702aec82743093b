"""What every page shares: the frame with its navigation, sentences, formats, built assets, and the shapes that macros draw."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, g, render_template, request, url_for
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from engine import clock
from engine.data import YearsMonths
from engine.handler import SYSTEM, Actor
from engine.history.personal import Erased
from engine.identity import people
from engine.identity.memberships import ADMINISTRATOR
from engine.inbox import lists
from engine.inbox.standing_in import standing_in
from engine.instances import overview
from engine.instances.operators import OPERATORS
from engine.instances.retention import REMOVED
from engine.texts import format as texts_format
from engine.texts import say
from handlers.base import units
from handlers.catalogue import commands as catalogue
from handlers.customers import commands as customers
from handlers.deliveries import commands as deliveries
from handlers.invoices import commands as invoices
from handlers.invoices.types import DRAFT_NAME
from handlers.orders import commands as orders
from handlers.payments import commands as payments
from handlers.sales import commands as sales
from web import auth

DIST = Path(__file__).parent / "static" / "dist"
LANGUAGES = (("fr", "Français"), ("en", "English"))
CAPPED = 1_000
"""Counters stop here: what matters then is "very many"."""


_DOCUMENT = re.compile(r"(DV|CC|BL|BR|FA)-[0-9]{4}-[0-9]{5,9}")
_DRAFT = re.compile(rf"{DRAFT_NAME}([0-9]{{1,18}})")
_DOCUMENTS = {
    "DV": ("dossiers.quote", "number", sales.READERS),
    "CC": ("order_dossiers.order", "number", orders.READERS),
    "BL": ("delivery_dossiers.delivery", "number", deliveries.READERS),
    "BR": ("delivery_dossiers.delivery", "number", deliveries.READERS),
    "FA": ("invoice_dossiers.invoice", "key", invoices.READERS),
}
"""The pages of documents by the series of their numbers, and who may open them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One entry of the navigation."""

    key: str
    text: str
    url: str
    icon: str
    is_current: bool
    count: str = ""
    count_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One tab of a page; each has its own address."""

    key: str
    text: str
    url: str
    is_current: bool
    count: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager:
    """Addresses of the neighbouring pages."""

    previous: str | None = None
    next: str | None = None
    text: str | None = None


def after_item(given: MultiDict[str, str]) -> tuple[str, int] | None:
    """Where a page of results of a batch begins: after which ``state`` and number; None: at the first."""
    number = given.get("after", type=int)
    return None if number is None else (given.get("state", "done"), number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """When something is due, in words. ``state``: late, soon (within a day) or later."""

    state: str
    text: str
    exact: str
    iso: str


def locale() -> str:
    """The language of this request."""
    found: str = g.locale
    return found


def t(code: str, /, **facts: object) -> str:
    """The sentence of ``code`` in the person's language."""
    return say(code, g.locale, **facts)


def in_language(texts: Mapping[str, str] | None) -> str:
    """The text in the person's language, else the French one, else nothing."""
    if not texts:
        return ""
    return texts.get(g.locale) or texts.get("fr") or ""


def local(moment: datetime) -> datetime:
    """``moment`` in the company's zone."""
    return moment.astimezone(auth.runtime().zone)


def today() -> date:
    """The day that it is at the company's."""
    return local(clock.now()).date()


def day(text: str) -> date | None:
    """The day that a date input sends; None for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def shown(value: object, kind: str | None = None) -> str:
    """A value of a process as people read it; ``kind`` is the type of the form field or summary field, when known."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return t("web.yes") if value else t("web.no")
    if isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
        return texts_format.money(Decimal(value), g.locale) if kind == "money" else texts_format.number(value, g.locale)
    if isinstance(value, datetime):
        return texts_format.moment(value, g.locale, auth.runtime().zone)
    if isinstance(value, date):
        return texts_format.day(value, g.locale)
    if isinstance(value, timedelta):
        return texts_format.duration(value, g.locale)
    if isinstance(value, YearsMonths | Erased):
        return _erased(value) if isinstance(value, Erased) else texts_format.months(value.months, g.locale)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {shown(content)}" for name, content in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(shown(each) for each in value)
    return str(value)


def counted(quantity: Decimal, unit: str) -> str:
    """A quantity with its unit: *3 pièces*."""
    return units.counted(quantity, unit, g.locale)


def beside(quantity: Decimal, unit: str) -> str:
    """The unit beside a quantity that is shown already, or typed."""
    return units.beside(quantity, unit, g.locale)


def _erased(value: Erased) -> str:
    """What stands in the place of a personal value that was erased."""
    if value.at is None:
        return t("web.personal.gone")
    because = t("web.personal.because.retention") if value.because == REMOVED else value.because
    if "names" not in g:  # once a page, and only where something was erased
        with auth.runtime().database.reading() as session:
            g.names = people.names(session)
    return t("web.personal.erased", when=shown(value.at), who=person(g.names, value.by or ""), because=because)


def moment(value: datetime | None) -> str:
    """Day, hour and minute in the company's zone."""
    return shown(value)


def person(names: Mapping[str, str], login: str) -> str:
    """What somebody is called; the engine itself is Bordereau. ``names``: by login."""
    return t("web.timeline.engine") if login == SYSTEM.login else names.get(login, login)


def linked(text: str) -> str:
    """``text``, as a link to its page where it is the number of a document that the person may see, or what a case calls a draft."""
    if draft := _DRAFT.fullmatch(text):
        called = t("web.invoices.draft_of", id=draft[1])
        if not auth.has_role(*invoices.READERS):
            return called
        return Markup('<a href="{}">{}</a>').format(url_for("invoice_dossiers.invoice", key=draft[1]), called)
    series = text[:2] if _DOCUMENT.fullmatch(text) else ""
    if not series or not auth.has_role(*_DOCUMENTS[series][2]):
        return text
    endpoint, key, _ = _DOCUMENTS[series]
    named: dict[str, Any] = {key: text}
    return Markup('<a href="{}">{}</a>').format(url_for(endpoint, **named), text)


def ago(value: datetime) -> str:
    """How long ago, in words."""
    return texts_format.from_now(value, clock.now(), g.locale)


def due(value: datetime | None) -> Due | None:
    """When ``value`` falls, in words that need no colour."""
    if value is None:
        return None
    now = clock.now()
    exact = moment(value)
    iso = local(value).isoformat(timespec="minutes")
    if value < now:
        return Due(
            state="late",
            text=t("web.due.late", duration=texts_format.duration(now - value, g.locale)),
            exact=exact,
            iso=iso,
        )
    today = local(now).date()
    day = local(value).date()
    hour = texts_format.hour(local(value).time(), g.locale)
    if day == today:
        return Due(state="soon", text=t("web.due.today", hour=hour), exact=exact, iso=iso)
    if day == today + timedelta(days=1):
        return Due(state="soon", text=t("web.due.tomorrow", hour=hour), exact=exact, iso=iso)
    return Due(state="later", text=t("web.due.later", day=texts_format.day(day, g.locale)), exact=exact, iso=iso)


def capped(count: int) -> str:
    """A counter as text: above the cap, ``999+``."""
    return f"{CAPPED - 1}+" if count >= CAPPED else str(count)


def initials(name: str) -> str:
    """At most two letters that stand for a person."""
    words = [each for each in name.split() if each[:1].isalpha()]
    return "".join(each[0] for each in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


def safe_json(value: object) -> Markup:
    """``value`` for a ``<script type="application/json">``: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704 - escaped just here


def _manifest() -> Mapping[str, Any]:
    file = DIST / "manifest.json"
    return _read_manifest(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read_manifest(file: Path, _changed_at: int) -> Mapping[str, Any]:
    """Read once a build: who rebuilds the assets need not restart the server."""
    found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _styles(manifest: Mapping[str, Any], key: str, seen: set[str]) -> list[str]:
    if key in seen:
        return []
    seen.add(key)
    chunk = manifest[key]
    of_imports = [style for each in chunk.get("imports", ()) for style in _styles(manifest, each, seen)]
    return [*of_imports, *chunk.get("css", ())]


def asset(name: str) -> Markup:
    """The tags of the built entry ``name`` (``page``, ``viewer``, ``editor``): its styles, those of what it imports, its module."""
    manifest = _manifest()
    styles = dict.fromkeys(_styles(manifest, name, set()))
    tags = [
        *(f'<link rel="stylesheet" href="{_built(each)}">' for each in styles),
        f'<script type="module" src="{_built(manifest[name]["file"])}"></script>',
    ]
    return Markup("\n".join(tags))  # noqa: S704 - made of file names of our own build


def _built(file: str) -> str:
    return url_for("static", filename=f"dist/{file}")


def here() -> str:
    """The address of this page with its query, for coming back to it; of the page it was posted from after a refused post."""
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    referrer = request.referrer or ""
    own = request.host_url
    return auth.safe_next("/" + referrer.removeprefix(own)) or "/" if referrer.startswith(own) else "/"


def page(template: str, **context: object) -> str:
    """Render ``template`` inside the frame."""
    return render_template(template, **context)


def may_start(actor: Actor) -> bool:
    """Whether there is a process that the person may begin."""
    with auth.runtime().database.reading() as session:
        return bool(overview.startable(session, actor))


def _navigation() -> list[Link]:
    actor = auth.actor()
    with auth.runtime().database.reading() as session:
        counts = lists.counts(session, actor, standing_in(session, actor, clock.now()))
        is_starter = bool(overview.startable(session, actor))
    tasks = min(counts.role + counts.mine + counts.absent, CAPPED)
    entries = [
        ("inbox", "inbox.inbox", "inbox", True),
        ("start", "inbox.start", "start", is_starter),
        ("cases", "records.cases", "cases", True),
        ("quotes", "quotes.listing", "edit", auth.has_role(*sales.READERS)),
        ("orders", "orders.listing", "order", auth.has_role(*orders.READERS)),
        ("deliveries", "deliveries.listing", "deliveries", auth.has_role(*deliveries.READERS)),
        ("invoices", "invoices.listing", "invoice", auth.has_role(*invoices.READERS)),
        ("payments", "payments.listing", "payments", auth.has_role(*payments.READERS)),
        ("customers", "customers.listing", "customers", auth.has_role(*customers.READERS)),
        ("articles", "catalogue.listing", "articles", auth.has_role(*catalogue.READERS)),
        ("processes", "workshop.processes", "process", True),
        ("mailbox", "records.mailbox", "mail", auth.is_demonstration()),
        ("audit", "audit.audit", "audit", auth.has_role("auditor")),
        ("operations", "operations.incidents", "late", auth.has_role(*OPERATORS)),
        ("people", "people.listing", "person", auth.has_role(ADMINISTRATOR)),
    ]
    return [
        Link(
            key=key,
            text=t(f"web.nav.{key}"),
            url=url_for(endpoint),
            icon=symbol,
            is_current=request.endpoint in CURRENT[key],
            count=capped(tasks) if key == "inbox" and tasks else "",
            count_text=t("web.nav.tasks", count=tasks) if key == "inbox" else "",
        )
        for key, endpoint, symbol, is_shown in entries
        if is_shown
    ]


def _role_titles() -> str:
    """The titles of the person's roles."""
    with auth.runtime().database.reading() as session:
        titles = people.role_titles(session)
    return ", ".join(in_language(titles.get(each)) or each for each in sorted(auth.actor().roles))


def _frame() -> dict[str, object]:
    return {
        "actor": auth.signed_in_person(),
        "locale": g.get("locale", "fr"),
        "languages": LANGUAGES,
        "is_demonstration": auth.is_demonstration(),
        "here": here(),
    }


def install(app: Flask) -> None:
    """Give templates what they call."""
    app.context_processor(_frame)
    app.jinja_env.globals.update(
        t=t,
        asset=asset,
        initials=initials,
        navigation=_navigation,
        role_titles=_role_titles,
        shown=shown,
        counted=counted,
        beside=beside,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


CURRENT: Mapping[str, frozenset[str]] = {
    "inbox": frozenset({"inbox.inbox", "inbox.task", "inbox.claim", "inbox.complete"}),
    "start": frozenset({"inbox.start", "inbox.start_process", "inbox.begin"}),
    "quotes": frozenset(
        {
            *("quotes.listing", *(f"dossiers.{each}" for each in ("quote", "cancel", "send_now", "take_back"))),
            *(f"quote_forms.{each}" for each in ("new", "add", "edit", "change")),
        }
    ),
    "orders": frozenset(
        {
            "orders.listing",
            *(f"order_dossiers.{each}" for each in ("order", "place", "close", "cancel", "terms")),
            *(f"order_forms.{each}" for each in ("new", "add", "edit", "change")),
        }
    ),
    "deliveries": frozenset(
        {
            *("deliveries.listing", "delivery_dossiers.delivery", "delivery_dossiers.take_back"),
            *(f"delivery_picking.{each}" for each in ("pick", "note_picked", "ship", "note_shipped")),
        }
    ),
    "invoices": frozenset(
        {
            *("invoices.listing", "invoices.orders", "invoice_dossiers.invoice"),
            *(f"invoice_verification.{each}" for each in ("page", "verify")),
            *(f"invoice_forms.{each}" for each in ("quantities", "change", "credit", "add_credit")),
        }
    ),
    "payments": frozenset(
        {
            *("payments.listing", "payment_forms.new", "payment_forms.add", "payment_dossiers.payment"),
            *(f"payment_uses.{each}" for each in ("use", "used", "ask_refund", "give_back")),
        }
    ),
    "customers": frozenset(
        {
            *(f"customers.{each}" for each in ("listing", "new", "add", "customer", "change")),
            *("accounts.account", "accounts.send"),
        }
    ),
    "articles": frozenset(
        {
            *(f"catalogue.{each}" for each in ("listing", "new", "add", "article", "change")),
            *(f"warehouses.{each}" for each in ("listing", "new", "add", "warehouse", "change")),
            *(f"prices.{each}" for each in ("listing", "new", "add", "price_list", "change", "price")),
            *(f"stock.{each}" for each in ("ledger_page", "transfer", "release")),
        }
    ),
    "cases": frozenset(
        {
            *(
                "records.cases",
                "records.case",
                "repairing_many.choose",
                "repairing_many.ask",
                "operations.act_on_cases",
            ),
            *(f"operating.{each}" for each in ("operate", "take_back", "confirm")),
            *(f"repairing.{each}" for each in ("overview", "place", "confirm", "perform", "variable", "edit")),
        }
    ),
    "processes": frozenset(
        {
            *("workshop.processes", "workshop.process", "workshop.decision", "editors.edit", "editors.decision"),
            *(f"moving.{each}" for each in ("choose", "rehearse", "moved", "start", "undo")),
        }
    ),
    "mailbox": frozenset({"records.mailbox"}),
    "audit": frozenset({"audit.audit", "steps.steps", "steps.step", "checkpoints.listed"}),
    "operations": frozenset(f"operations.{each}" for each in ("incidents", "retry", "messages", "listing", "batch")),
    "people": frozenset(
        {
            *("people.listing", "people.new", "people.add", "people.person", "people.change", "people.secret"),
            *(
                "groups.listing",
                "services.listing",
                "services.add",
                "services.service",
                "services.change",
                "services.issue",
            ),
            *(
                "company.page",
                "company.change",
                "company.logo",
                "company.drop_logo",
                "order_settings.page",
                "order_settings.change",
                "letter_texts.listing",
                "letter_texts.letter",
                "letter_texts.change",
                "custom_fields.page",
                "custom_fields.add",
                "custom_fields.change",
                "mail.page",
                "mail.change",
                "letters.listing",
                "letters.letter",
                "letters.act",
                "personal.search",
                "personal.subject",
                "personal.erase",
                "personal.confirm",
                "personal.withdraw",
                "personal.keeping",
                "personal.keep",
            ),
        }
    ),
}
"""Which pages light up which entry of the navigation."""
