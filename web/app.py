"""The web application: ``create_app(runtime)`` for any WSGI server."""

from __future__ import annotations

from flask import Flask, redirect, url_for
from werkzeug.wrappers import Response

from engine.identity import company
from engine.instances.runtime import Runtime
from engine.settings import Settings
from web import auth, bearer, errors, security, ui
from web.account.notices import blueprint as notices
from web.account.own import blueprint as own
from web.account.views import blueprint as account
from web.admin.groups import blueprint as groups
from web.admin.letters import blueprint as letters
from web.admin.mail import blueprint as mail
from web.admin.people import blueprint as people
from web.admin.personal import blueprint as personal
from web.admin.services import blueprint as services
from web.audit.checkpoints import blueprint as checkpoints
from web.audit.exports import blueprint as exports
from web.audit.steps import blueprint as steps
from web.audit.views import blueprint as audit
from web.catalogue.views import blueprint as catalogue
from web.company.letter_texts import blueprint as letter_texts
from web.company.views import blueprint as company_pages
from web.customers.custom_fields import blueprint as custom_fields
from web.customers.views import blueprint as customers
from web.deliveries.dossier import blueprint as delivery_dossiers
from web.deliveries.listing import blueprint as deliveries
from web.deliveries.paper import blueprint as delivery_papers
from web.deliveries.picking import blueprint as delivery_picking
from web.inbox.absences import blueprint as absences
from web.inbox.bulk import blueprint as bulk
from web.inbox.filters import blueprint as filters
from web.inbox.papers import blueprint as papers
from web.inbox.views import blueprint as inbox
from web.invoices.dossier import blueprint as invoice_dossiers
from web.invoices.listing import blueprint as invoices
from web.invoices.paper import blueprint as invoice_papers
from web.invoices.verification import blueprint as invoice_verification
from web.invoices.writing import blueprint as invoice_forms
from web.orders.dossier import blueprint as order_dossiers
from web.orders.listing import blueprint as orders
from web.orders.paper import blueprint as order_papers
from web.orders.revising import blueprint as order_revisions
from web.orders.settings import blueprint as order_settings
from web.orders.writing import blueprint as order_forms
from web.payments.accounts import blueprint as accounts
from web.payments.dossier import blueprint as payment_dossiers
from web.payments.listing import blueprint as payments
from web.payments.recording import blueprint as payment_forms
from web.payments.using import blueprint as payment_uses
from web.prices.views import blueprint as prices
from web.quotes.dossier import blueprint as dossiers
from web.quotes.listing import blueprint as quotes
from web.quotes.paper import blueprint as quote_papers
from web.quotes.portal import blueprint as portal
from web.quotes.writing import blueprint as quote_forms
from web.records.operating import blueprint as operating
from web.records.operations import blueprint as operations
from web.records.repairing import blueprint as repairing
from web.records.repairing_many import blueprint as repairing_many
from web.records.views import blueprint as records
from web.stock.movements import blueprint as stock
from web.stock.warehouses import blueprint as warehouses
from web.workshop.editing import blueprint as editors
from web.workshop.examining import blueprint as examinations
from web.workshop.moving import blueprint as moving
from web.workshop.views import blueprint as workshop

MAX_BYTES = 8 * 1024 * 1024
"""Of a request; the largest thing that anybody sends is a diagram."""


def create_app(runtime: Runtime, settings: Settings | None = None) -> Flask:
    """The application on ``runtime``. ``settings``: of this process, by default from the environment."""
    settings = settings or Settings.from_environment()
    app = Flask("web")
    app.secret_key = settings.secret_key
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BYTES,
        DEMONSTRATION=_is_demonstration(runtime, settings),
        TRUSTED_PROXY=settings.trusted_proxy,
    )
    app.extensions["bordereau"] = runtime
    security.install(app)
    bearer.install(app)
    auth.install(app)
    errors.install(app)
    ui.install(app)
    app.before_request(security.refuse_nul)
    for each in (
        checkpoints,
        exports,
        steps,
        account,
        audit,
        inbox,
        filters,
        papers,
        bulk,
        absences,
        records,
        customers,
        catalogue,
        warehouses,
        stock,
        quotes,
        quote_forms,
        quote_papers,
        dossiers,
        portal,
        orders,
        order_forms,
        order_revisions,
        order_papers,
        order_dossiers,
        order_settings,
        custom_fields,
        letter_texts,
        prices,
        deliveries,
        delivery_dossiers,
        delivery_picking,
        delivery_papers,
        invoices,
        invoice_verification,
        invoice_forms,
        invoice_papers,
        invoice_dossiers,
        payments,
        payment_forms,
        payment_uses,
        payment_dossiers,
        accounts,
        company_pages,
        operating,
        operations,
        repairing,
        repairing_many,
        workshop,
        editors,
        examinations,
        moving,
        own,
        notices,
        people,
        groups,
        services,
        mail,
        letters,
        personal,
    ):
        app.register_blueprint(each)
    app.add_url_rule("/", "home", _home)
    app.add_url_rule("/health", "health", _health)
    return app


def _is_demonstration(runtime: Runtime, settings: Settings) -> bool:
    """Whether pages say that everything is a demonstration: never where a real company has begun."""
    if settings.demonstration is None:
        return False
    with runtime.database.reading() as session:
        return company.find(session) is None


def _home() -> Response:
    return redirect(url_for("inbox.inbox"), 303)


def _health() -> tuple[str, int]:
    """Whether this process answers and reaches its database: for whoever restarts it."""
    with auth.runtime().database.reading() as session:
        session.connection()
    return "ok", 200
