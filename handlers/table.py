"""Everything that a process can name, and everything that people change outside of one. What is not listed here does not exist."""

from __future__ import annotations

from engine.handler import HandlerTable
from engine.record import RecordTable
from handlers.catalogue import commands as catalogue
from handlers.company import commands as company
from handlers.customers import commands as customers
from handlers.purchasing.handlers import launch_request, refuse_request, remind_buyers, submit_request, tell_submitter
from handlers.purchasing.queries import SUPPLIERS
from handlers.sales import commands as sales
from handlers.sales.handlers import HANDLERS as QUOTE_HANDLERS
from handlers.sales.queries import DRAFTS
from handlers.stock import commands as stock
from handlers.stock.queries import SHORT_ARTICLES

HANDLERS = HandlerTable.of(
    handlers=(submit_request, refuse_request, launch_request, tell_submitter, remind_buyers, *QUOTE_HANDLERS),
    choices=(SHORT_ARTICLES, SUPPLIERS, DRAFTS),
)

RECORD_COMMANDS = RecordTable.of(
    *company.COMMANDS.commands.values(),
    *customers.COMMANDS.commands.values(),
    *catalogue.COMMANDS.commands.values(),
    *stock.COMMANDS.commands.values(),
    *sales.COMMANDS.commands.values(),
)
