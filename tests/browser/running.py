"""The running product for a browser: the web server in a thread of this process, the worker as a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import threading
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from waitress.server import create_server

from engine.cli import main
from engine.commands.connecting import keeping_of
from engine.database.session import Database
from engine.history.signing import ensure_key
from engine.instances.runtime import Runtime
from engine.settings import CHECKOUT, DEMONSTRATION, Settings
from handlers.table import HANDLERS
from web.app import create_app

STOP_SECONDS = 15

# Workers are forked from a process that has imported everything: each would need seconds for that.
_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload([__name__, "engine.worker"])


@dataclass(slots=True)
class Application:
    """What a test talks to. ``url`` has no slash at its end."""

    url: str
    runtime: Runtime
    _server: Any
    _thread: threading.Thread
    _worker: BaseProcess
    _log: Path

    def stop(self) -> None:
        """End both, as their supervisor would."""
        self._worker.terminate()
        # First the threads that answer: having answered, they write to the pipe that `close` closes.
        self._server.task_dispatcher.shutdown()
        self._server.trigger.pull_trigger(self._server.close)
        self._thread.join(STOP_SECONDS)
        self._worker.join(STOP_SECONDS)
        has_ended = not self._worker.is_alive()
        self._worker.kill()
        self.runtime.database.dispose()
        assert has_ended, f"the worker does not end:\n{self.worker_log()}"

    def worker_log(self) -> str:
        return self._log.read_text(errors="replace")


def _work(environment: dict[str, str], log: str) -> None:
    """Be `bordereau worker`, with these settings, until SIGTERM."""
    stream = os.open(log, os.O_WRONLY | os.O_CREAT)
    for output in (1, 2):
        os.dup2(stream, output)
    os.chdir(CHECKOUT)
    os.environ.update(environment)
    main(["worker"])


def start(database_url: str, folder: Path) -> Application:
    """Run on a database that holds the company (``tests.company``)."""
    database = Database(database_url)
    environment = {
        "BORDEREAU_DATA": str(folder),
        "DATABASE_URL": database_url,
        "BORDEREAU_SECRET_KEY": "of this test",
        "BORDEREAU_DEMONSTRATION": DEMONSTRATION,
    }
    settings = Settings.from_environment(environment)
    ensure_key(settings.checkpoint_key)
    runtime = Runtime(database=database, handlers=HANDLERS, zone=settings.zone, keeping=keeping_of(settings))
    server = create_server(create_app(runtime, settings), host="127.0.0.1", port=0, threads=6)
    thread = threading.Thread(target=server.run, name="web", daemon=True)
    thread.start()
    log = folder / "worker.log"
    worker = _FORKING.Process(target=_work, args=(environment, str(log)))
    worker.start()
    url = f"http://127.0.0.1:{server.effective_port}"
    return Application(url=url, runtime=runtime, _server=server, _thread=thread, _worker=worker, _log=log)
