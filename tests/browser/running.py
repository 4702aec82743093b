"""The running product for a browser: the web server in a thread of this process, the worker as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waitress.server import create_server

from engine.commands.connecting import keeping_of
from engine.database.session import Database
from engine.definitions import store
from engine.history.signing import ensure_key
from engine.instances.runtime import Runtime
from engine.settings import CHECKOUT, DEMONSTRATION, Settings
from handlers.demonstration.seed import seed
from handlers.table import HANDLERS
from web.app import create_app

STOP_SECONDS = 15


@dataclass(slots=True)
class Application:
    """What a test talks to. ``url`` has no slash at its end."""

    url: str
    runtime: Runtime
    _server: Any
    _thread: threading.Thread
    _worker: subprocess.Popen[bytes]
    _log: Path

    def stop(self) -> None:
        """End both, as their supervisor would."""
        self._worker.send_signal(signal.SIGTERM)
        # First the threads that answer: having answered, they write to the pipe that `close` closes.
        self._server.task_dispatcher.shutdown()
        self._server.trigger.pull_trigger(self._server.close)
        self._thread.join(STOP_SECONDS)
        try:
            self._worker.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._worker.kill()
            self._worker.wait()
            raise
        finally:
            self.runtime.database.dispose()

    def worker_log(self) -> str:
        return self._log.read_text(errors="replace")


def start(database_url: str, folder: Path) -> Application:
    """Fill the (migrated, empty) database, publish what ``processes/`` holds, and run."""
    database = Database(database_url)
    seed(database)
    environment = {
        "BORDEREAU_DATA": str(folder),
        "DATABASE_URL": database_url,
        "BORDEREAU_SECRET_KEY": "of this test",
        "BORDEREAU_DEMONSTRATION": DEMONSTRATION,
    }
    settings = Settings.from_environment(environment)
    ensure_key(settings.checkpoint_key)
    runtime = Runtime(database=database, handlers=HANDLERS, zone=settings.zone, keeping=keeping_of(settings))
    for process in sorted(each for each in (CHECKOUT / "processes").iterdir() if each.is_dir()):
        store.publish_folder(database, process, HANDLERS, runtime.environment)
    server = create_server(create_app(runtime, settings), host="127.0.0.1", port=0, threads=6)
    thread = threading.Thread(target=server.run, name="web", daemon=True)
    thread.start()
    log = folder / "worker.log"
    with log.open("wb") as stream:
        worker = subprocess.Popen(
            [sys.executable, "-m", "engine.cli", "worker"],
            cwd=CHECKOUT,
            env=os.environ | environment,
            stdout=stream,
            stderr=stream,
        )
    url = f"http://127.0.0.1:{server.effective_port}"
    return Application(url=url, runtime=runtime, _server=server, _thread=thread, _worker=worker, _log=log)
