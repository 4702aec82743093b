"""The command ``bordereau``: every subcommand is a function here, thin over the modules below. Exit codes: 0 done, 1 not, 2 asked wrongly.

Handlers and web application are named in the settings and loaded by name, so that the engine imports nothing above it. Modules are imported
inside the functions: ``bordereau --help`` needs none of them, and the worker loads no web framework.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version as version_of
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from engine.errors import DefinitionError, EngineError, Problem
from engine.settings import SettingInvalid, Settings
from engine.texts import language_of, say

if TYPE_CHECKING:
    from engine.database.session import Database
    from engine.handler import HandlerTable
    from engine.instances.runtime import Runtime

DONE, NOT_DONE, ASKED_WRONGLY = 0, 1, 2

_BUSY_AFTER = 15.0
"""Seconds after which a page says that the database is busy rather than let one slow case hold every thread."""

_LARGEST_BODY = 16 * 1024 * 1024
"""Bytes of a request that the server takes in before the application sees it; the application itself allows less."""

_DESCRIPTION = "Bordereau: processes in BPMN, tasks in inboxes, a history that proves itself."
_EXAMPLES = """examples:
  bordereau run                              everything on this machine, until Ctrl-C
  bordereau check processes/replenishment    what is wrong with a process, before it is published
  bordereau history verify --case 42         recompute the chain of one case
  bordereau history verify case-42.zip       the same for a file that somebody handed over

Settings are environment variables: see docs/settings.md."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script: run the subcommand and exit with its code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one subcommand; its exit code. What goes wrong is said in a sentence on stderr."""
    chosen = _parser().parse_args(arguments)
    try:
        code: int = chosen.command(Settings.from_environment(), chosen)
    except DefinitionError as error:
        _print_problems(error.problems, sys.stderr)
        return NOT_DONE
    except (EngineError, SettingInvalid) as error:
        print(_say(error.code, **error.facts), file=sys.stderr)
        return NOT_DONE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # `bordereau … | head`: whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_DONE
    return code


# -- subcommands ------------------------------------------------------------------------------------------------------------


def _run(settings: Settings, _chosen: argparse.Namespace) -> int:
    from engine.supervisor import Supervisor

    began = time.monotonic()

    def tell(code: str, **facts: Any) -> None:
        print(_say(code, **facts), flush=True)
        if code == "run_ready":
            _print_introduction(settings, supervisor.url, time.monotonic() - began)

    supervisor = Supervisor(settings, prepare=lambda url: _prepare(settings, url), say=tell)
    supervisor.run()
    return DONE


def _web(settings: Settings, _chosen: argparse.Namespace) -> int:
    import logging

    from engine import log
    from engine.supervisor import follow, inherited_socket

    is_prepared = follow()
    log.configure("web", level=settings.log_level, style=settings.log_format)
    application = load(settings.web_app, "BORDEREAU_WEB_APP")(_runtime(settings, is_prepared, _BUSY_AFTER))
    listening = inherited_socket()
    place = {"sockets": [listening]} if listening else {"host": settings.host, "port": settings.port}
    # more requests than threads is not worth a line each: they wait
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    _exit_on_sigterm()
    try:
        server = web_server(settings, application, **place)
    except OSError as error:
        from engine.supervisor import CannotRun

        raise CannotRun("run_port_taken", host=settings.host, port=settings.port, reason=error.strerror) from error
    server.run()
    return DONE


def web_server(settings: Settings, application: Any, **place: Any) -> Any:
    """The server of ``application`` at ``place``: ``sockets``, or ``host`` and ``port``.

    What proxies say of a request is taken out of it, but for the one that the settings trust, and of that one only whether the request
    came over https: cookies, HSTS and the check of forged posts follow.
    """
    from waitress.server import create_server

    proxy = settings.trusted_proxy
    trusted = {} if proxy is None else {"trusted_proxy": proxy, "trusted_proxy_headers": {"x-forwarded-proto"}}
    return create_server(
        application,
        threads=settings.web_threads,
        ident=None,
        max_request_body_size=_LARGEST_BODY,
        clear_untrusted_proxy_headers=True,
        **trusted,
        **place,
    )


def _worker(settings: Settings, _chosen: argparse.Namespace) -> int:
    from engine import log
    from engine.supervisor import follow
    from engine.worker import run_worker

    is_prepared = follow()
    log.configure("worker", level=settings.log_level, style=settings.log_format)
    run_worker(_runtime(settings, is_prepared))
    return DONE


def _migrate(settings: Settings, _chosen: argparse.Namespace) -> int:
    from engine.database.migrations import migrate

    with _database_url(settings, may_create=True) as url:
        migrate(url)
    print(_say("cli_migrated"))
    return DONE


def _check(settings: Settings, chosen: argparse.Namespace) -> int:
    path: Path = chosen.path
    if not path.exists():
        print(_say("cli_path_not_found", path=str(path)), file=sys.stderr)
        return ASKED_WRONGLY
    bundles = [path] if path.is_file() else _bundles(path)
    if not bundles:
        print(_say("cli_no_process_here", path=str(path)), file=sys.stderr)
        return ASKED_WRONGLY
    handlers = load(settings.handlers, "BORDEREAU_HANDLERS")
    has_errors = False
    for bundle in bundles:
        problems = _problems_of(bundle, handlers)
        print(f"{bundle}: " + (_say("cli_problems", count=len(problems)) if problems else _say("cli_no_problem")))
        _print_problems(problems, sys.stdout)
        has_errors = has_errors or any(problem.severity == "error" for problem in problems)
    return NOT_DONE if has_errors else DONE


def _verify(settings: Settings, chosen: argparse.Namespace) -> int:
    if chosen.file is not None:
        from engine.history import verifier

        return verifier.main([str(chosen.file)])
    from engine.database.migrations import require_newest
    from engine.history.verification import verify_all, verify_instance

    with _database(settings) as database:
        require_newest(database)
        with database.reading() as session:
            report = verify_all(session) if chosen.case is None else verify_instance(session, chosen.case)
    for line in report.lines(_locale()):
        print(line)
    return DONE if report.is_whole else NOT_DONE


def _version(_settings: Settings, _chosen: argparse.Namespace) -> int:
    print(f"bordereau {version_of('bordereau')}")
    return DONE


# -- what they share --------------------------------------------------------------------------------------------------------


def load(name: str, variable: str) -> Any:
    """What ``module:name`` names. Raises SettingInvalid that names ``variable``.

    An error inside the module is not hidden: it is the module's own.
    """
    module_name, _, attribute = name.partition(":")
    try:
        return getattr(import_module(module_name), attribute)
    except ModuleNotFoundError as error:
        if error.name is None or not (module_name + ".").startswith(error.name + "."):
            raise
        raise SettingInvalid("setting_name_not_found", variable=variable, value=name, reason=str(error)) from error
    except AttributeError as error:
        raise SettingInvalid("setting_name_not_found", variable=variable, value=name, reason=str(error)) from error


def _prepare(settings: Settings, url: str) -> None:
    """Make a running database ready for web and worker: migrations, demonstration, the processes of the folder."""
    from engine.database.migrations import migrate
    from engine.database.session import Database
    from engine.definitions.store import publish_folder

    migrate(url)
    database = Database(url)
    try:
        if settings.demonstration is not None:
            load(settings.demonstration, "BORDEREAU_DEMONSTRATION")(database)
        handlers = load(settings.handlers, "BORDEREAU_HANDLERS")
        for folder in _bundles(settings.processes):
            publish_folder(database, folder, handlers)
    finally:
        database.dispose()


def _bundles(folder: Path) -> list[Path]:
    """The process folders at or directly below ``folder``."""
    if (folder / "process.yaml").is_file():
        return [folder]
    return sorted(each.parent for each in folder.glob("*/process.yaml"))


def _problems_of(path: Path, handlers: HandlerTable) -> tuple[Problem, ...]:
    from engine.decisions import read_decisions
    from engine.definitions import gate
    from engine.definitions.store import read_folder
    from engine.model.bpmn_reader import read_processes

    if path.is_dir():
        return gate.check(read_folder(path), handlers)
    read: Callable[[bytes, str], object] = read_decisions if path.suffix == ".dmn" else read_processes
    try:
        read(path.read_bytes(), path.name)
    except DefinitionError as error:
        return error.problems
    return ()


def _runtime(settings: Settings, is_prepared: bool, busy_after: float | None = None) -> Runtime:  # noqa: FBT001 - follow() tells
    """What web and worker run the engine with. Without ``DATABASE_URL`` it is the embedded database that `bordereau run` keeps running.

    ``is_prepared``: a supervisor has just migrated the database. Otherwise it is looked at first: whoever starts one by hand reads a
    sentence instead of finding pages that fail.
    """
    from engine.database.embedded import EmbeddedServer
    from engine.database.session import Database
    from engine.instances.runtime import Runtime

    url = settings.database_url or EmbeddedServer(settings.data_folder / "postgresql").url()
    handlers: HandlerTable = load(settings.handlers, "BORDEREAU_HANDLERS")
    database = Database(url, busy_after=busy_after)
    if not is_prepared:
        from engine.database.migrations import require_newest

        require_newest(database)
    return Runtime(database=database, handlers=handlers, zone=settings.zone, region=settings.holidays)


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    from engine.database.session import Database

    with _database_url(settings, may_create=False) as url:
        database = Database(url)
        try:
            yield database
        finally:
            database.dispose()


@contextmanager
def _database_url(settings: Settings, *, may_create: bool) -> Iterator[str]:
    """The address of the database; the embedded one is started for the block, unless ``bordereau run`` has it running already.

    Raises DatabaseFailure: ``database_not_there`` when there is none and none may be created, and what ``EmbeddedServer.start`` raises.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    from engine.database.embedded import EmbeddedServer
    from engine.database.programs import DatabaseFailure

    server = EmbeddedServer(settings.data_folder / "postgresql")
    if not may_create and not server.cluster.exists():
        raise DatabaseFailure("database_not_there", folder=str(server.folder))
    try:
        url = server.start()
    except DatabaseFailure as failure:
        if failure.code != "database_folder_in_use":
            raise
        url = server.url()
    try:
        yield url
    finally:
        server.stop()


def _exit_on_sigterm() -> None:
    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)


# -- speaking ---------------------------------------------------------------------------------------------------------------


def _locale() -> str:
    """The language of the terminal; one that says nothing of the kind (``C``) is a developer's and reads English."""
    chosen = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "C")
    return "en" if chosen.split(".")[0] in ("C", "POSIX") else language_of(chosen)


def _say(code: str, **facts: Any) -> str:
    return say(code, _locale(), **facts)


def _print_problems(problems: Sequence[Problem], stream: Any) -> None:
    for problem in problems:
        where = " ".join(
            part
            for part in (
                problem.file,
                problem.element_id,
                _say("cli_element_name", name=problem.element_name) if problem.element_name else None,
                f"({problem.place})" if problem.place else None,
            )
            if part
        )
        print(f"  {_say('cli_' + problem.severity)} {where}: {_say(problem.code, **problem.facts)}", file=stream)


def _print_introduction(settings: Settings, url: str, seconds: float) -> None:
    if settings.demonstration is not None:
        from engine.database.session import Database
        from engine.identity.people import people

        database = Database(url)
        with database.reading() as session:
            everybody = people(session)
        database.dispose()
        print(_say("run_people"))
        for person in everybody:
            print(f"    {person.login:<12}{person.name}")
    print(_say("run_how_to_stop", data=str(settings.data_folder), seconds=f"{seconds:.0f}"), flush=True)


# -- arguments --------------------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bordereau",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(
        into: Any, name: str, command: Callable[[Settings, argparse.Namespace], int], what: str
    ) -> argparse.ArgumentParser:
        found: argparse.ArgumentParser = into.add_parser(name, help=what, description=what)
        found.set_defaults(command=command)
        return found

    add(commands, "run", _run, "everything on this machine: database, demonstration company, web server, worker")
    add(commands, "web", _web, "one web server on a migrated database (DATABASE_URL)")
    add(commands, "worker", _worker, "one worker for timers, mails and messages; start as many as wanted")
    add(commands, "migrate", _migrate, "bring the database to this release's tables")
    check = add(
        commands,
        "check",
        _check,
        "say what is wrong with a process: a folder of one or of several, a .bpmn or .dmn file",
    )
    check.add_argument("path", type=Path, metavar="FILE-OR-FOLDER")
    history = commands.add_parser("history", help="the history of the cases", description="The history of the cases.")
    acts = history.add_subparsers(title="commands", metavar="COMMAND", required=True)
    verify = add(acts, "verify", _verify, "recompute the hash chains: of all cases, of one, or of a downloaded file")
    which = verify.add_mutually_exclusive_group()
    which.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a bundle that an auditor downloaded (.zip)")
    which.add_argument("--case", type=int, metavar="N", help="only the case of this number")
    add(commands, "version", _version, "the version of this program")
    return parser


if __name__ == "__main__":
    main()
