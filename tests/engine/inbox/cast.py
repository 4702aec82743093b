"""What the tests of the inbox share."""

from __future__ import annotations

from sqlalchemy import text

from engine.instances.commands import start_instance
from engine.instances.runtime import Runtime
from tests.engine.processes.parcels import CLERK


def open_task(runtime: Runtime, *, start: bool = True) -> int:
    """The newest open task; by default of a case that begins for it."""
    if start:
        start_instance(runtime, CLERK, "parcel", {"article": "hat", "worth": "1"})
    with runtime.database.reading() as session:
        return int(session.execute(text("SELECT max(id) FROM engine.task WHERE is_open")).scalar_one())
