"""Everything that a process can name, and everything that people change outside of one. What is not listed here does not exist."""

from __future__ import annotations

from engine.handler import HandlerTable
from engine.record import RecordTable
from handlers.base.personal import PERSONAL
from handlers.catalogue import commands as catalogue
from handlers.changes import commands as changes
from handlers.changes.handlers import HANDLERS as CHANGE_HANDLERS
from handlers.company import commands as company
from handlers.company import letter_texts
from handlers.customers import commands as customers
from handlers.customers import custom_fields
from handlers.deliveries import commands as deliveries
from handlers.deliveries.handlers import HANDLERS as DELIVERY_HANDLERS
from handlers.deliveries.queries import ORDERS_TO_DELIVER
from handlers.invoices import commands as invoices
from handlers.invoices.handlers import HANDLERS as INVOICE_HANDLERS
from handlers.orders import commands as orders
from handlers.orders.handlers import HANDLERS as ORDER_HANDLERS
from handlers.payments import commands as payments
from handlers.payments import statements
from handlers.payments.handlers import HANDLERS as PAYMENT_HANDLERS
from handlers.prices import commands as prices
from handlers.purchasing.handlers import HANDLERS as PURCHASING_HANDLERS
from handlers.purchasing.queries import SUPPLIERS
from handlers.sales import commands as sales
from handlers.sales.handlers import HANDLERS as QUOTE_HANDLERS
from handlers.sales.queries import DRAFTS
from handlers.stock import commands as stock
from handlers.stock import warehouses
from handlers.stock.queries import SHORT_ARTICLES, WAREHOUSES

HANDLERS = HandlerTable.of(
    handlers=(
        *PURCHASING_HANDLERS,
        *QUOTE_HANDLERS,
        *ORDER_HANDLERS,
        *DELIVERY_HANDLERS,
        *INVOICE_HANDLERS,
        *CHANGE_HANDLERS,
        *PAYMENT_HANDLERS,
    ),
    choices=(SHORT_ARTICLES, WAREHOUSES, SUPPLIERS, DRAFTS, ORDERS_TO_DELIVER),
    personal=PERSONAL,
)

RECORD_COMMANDS = RecordTable.of(
    *company.COMMANDS.commands.values(),
    *letter_texts.COMMANDS.commands.values(),
    *customers.COMMANDS.commands.values(),
    *custom_fields.COMMANDS.commands.values(),
    *catalogue.COMMANDS.commands.values(),
    *prices.COMMANDS.commands.values(),
    *stock.COMMANDS.commands.values(),
    *warehouses.COMMANDS.commands.values(),
    *sales.COMMANDS.commands.values(),
    *orders.COMMANDS.commands.values(),
    *deliveries.COMMANDS.commands.values(),
    *invoices.COMMANDS.commands.values(),
    *changes.COMMANDS.commands.values(),
    *payments.COMMANDS.commands.values(),
    *statements.COMMANDS.commands.values(),
)
