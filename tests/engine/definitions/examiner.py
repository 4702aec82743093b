"""A worker process that begins an examination and then takes for ever, so that a test can kill it in the middle."""

from __future__ import annotations

import sys
import time
from typing import Any
from unittest import mock

from engine import log
from engine.database.session import Database
from engine.definitions import examination
from engine.instances.runtime import Runtime
from engine.worker import run_worker
from tests.engine.processes import parcels


def for_ever(*_: Any) -> Any:
    print("examining", flush=True)
    time.sleep(60)


if __name__ == "__main__":
    log.configure("worker", level="warning")
    with mock.patch.object(examination, "examine", for_ever):
        run_worker(Runtime(database=Database(sys.argv[1]), handlers=parcels.HANDLERS))
