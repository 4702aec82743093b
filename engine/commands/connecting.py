"""What subcommands run on: handlers and web application by the names in the settings, the database, the runtime of web and worker.

They are loaded by name so that the engine imports nothing above it, and inside the functions so that ``bordereau --help`` needs none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from engine.settings import SettingInvalid, Settings

if TYPE_CHECKING:
    from engine.database.session import Database
    from engine.handler import HandlerTable
    from engine.history.keeping import Keeping
    from engine.instances.runtime import Runtime
    from engine.stories import At


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


def runtime_of(settings: Settings, is_prepared: bool, busy_after: float | None = None) -> Runtime:  # noqa: FBT001 - follow() tells
    """What web and worker run the engine with. Without ``DATABASE_URL`` it is the embedded database that `bordereau run` keeps running.

    ``is_prepared``: a supervisor has just migrated the database. Otherwise it is looked at first: whoever starts one by hand reads a
    sentence instead of finding pages that fail.
    """
    from engine.database.embedded import EmbeddedServer
    from engine.database.roles import APPLICATION
    from engine.database.session import Database
    from engine.instances.runtime import Runtime
    from engine.mail.sending import Mailing

    url = settings.database_url or EmbeddedServer(settings.data_folder / "postgresql").url(user=APPLICATION)
    handlers: HandlerTable = load(settings.handlers, "BORDEREAU_HANDLERS")
    database = Database(url, busy_after=busy_after)
    if not is_prepared:
        from engine.database.migrations import require_newest

        require_newest(database)
    _warn_of_owner(database)
    settings = of_company(settings, database)
    return Runtime(
        database=database,
        handlers=handlers,
        zone=settings.zone,
        region=settings.holidays,
        keeping=keeping_of(settings),
        mailing=Mailing(secret_key=settings.secret_key, is_demonstration=settings.demonstration is not None),
    )


def _warn_of_owner(database: Database) -> None:
    """On a server of one's own, nothing else would say that this process could change what was recorded."""
    from engine import log
    from engine.commands.speaking import say
    from engine.database.roles import can_change_history

    with database.reading() as session:
        if can_change_history(session.connection()):
            log.get(__name__).warning("database_role_too_strong", remedy=say("database_role_too_strong"))


def keeping_of(settings: Settings) -> Keeping:
    """Where the history is signed, and where its checkpoints go."""
    from engine.history.keeping import Keeping

    return Keeping(key_file=settings.checkpoint_key, folder=settings.checkpoints, minutes=settings.checkpoint_minutes)


def of_company(settings: Settings, database: Database) -> Settings:
    """The settings as the company in ``database`` wants them: no demonstration, and its zone unless the environment gives one."""
    from engine.identity import company

    with database.reading() as session:
        known = company.find(session)
    if known is None:
        return settings
    zone = settings.zone if settings.is_zone_given else ZoneInfo(known.zone)
    return replace(settings, demonstration=None, zone=zone)


def environment_of(settings: Settings) -> At:
    """What expressions may ask of the world at a moment: the company's calendar, without a database."""
    from engine.calendar import WorkingCalendar
    from engine.definitions.environment import environment, working_time_functions
    from engine.feel import Environment

    calendar = WorkingCalendar(zone=settings.zone, region=settings.holidays)
    functions = working_time_functions(calendar)

    def at(now: datetime) -> Environment:
        return environment(now, calendar, functions)

    return at


@contextmanager
def database_of(settings: Settings) -> Iterator[Database]:
    """The database for a block; it must be there already. Raises as ``database_url``."""
    from engine.database.session import Database

    with database_url(settings, may_create=False) as url:
        database = Database(url)
        try:
            yield database
        finally:
            database.dispose()


@contextmanager
def database_url(settings: Settings, *, may_create: bool) -> Iterator[str]:
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
