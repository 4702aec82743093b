"""What cases are told when money was recorded."""

from __future__ import annotations

from engine.instances.telling import News
from engine.records import Recorded
from handlers.payments.commands import Done


def invoices_paid(done: Recorded) -> list[News]:
    """A case may wait for each invoice that is settled now; nothing for a form that was sent twice."""
    if not done.is_changed or not isinstance(done.answer, Done):
        return []
    return [News(name="invoice_paid", key=each) for each in done.answer.settled]


def invoices_owed_again(done: Recorded) -> list[News]:
    """Of what was settled the case is over, and begins anew; one that is still held up reads for itself what is owed. Of what was not it
    reads again what is owed, as it does of a payment.
    """
    if not isinstance(done.answer, Done):
        return []
    begun = [
        News(name="invoice_reopened", key=each, payload={"invoice_number": each}, is_once=True, begins="invoicing")
        for each in done.answer.reopened
    ]
    return begun + [News(name="invoice_paid", key=each) for each in done.answer.raised]
