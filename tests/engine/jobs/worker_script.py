"""A worker process for the tests: the process of the tests, on the database named by the first argument.

A second argument makes the effect slow, so that a test can kill the worker in the middle of it: it writes its row, then waits.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from engine import log
from engine.database.session import Database
from engine.handler import HandlerContext, HandlerTable
from engine.instances.runtime import Runtime
from engine.worker import run_worker
from tests.engine.processes import parcels


def slow(given: parcels.Told, context: HandlerContext) -> None:
    parcels.tell.run(given, context)
    context.session.flush()
    print("writing", flush=True)
    time.sleep(60)


if __name__ == "__main__":
    log.configure("worker", level="warning")
    handlers = parcels.HANDLERS
    if len(sys.argv) > 2:
        changed = {**handlers.handlers, parcels.tell.name: replace(parcels.tell, run=slow)}
        handlers = HandlerTable(handlers=changed, choices=handlers.choices)
    run_worker(Runtime(database=Database(sys.argv[1]), handlers=handlers))
