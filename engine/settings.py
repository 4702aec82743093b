"""The settings: read once from the environment, typed, with defaults that make `bordereau run` work on a fresh machine.

Every variable stands in ``VARIABLES`` with its meaning; ``docs/settings.md`` says the same for people, and a test compares the two.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

CHECKOUT = Path(__file__).resolve().parent.parent
"""The folder that holds ``engine/``, ``handlers/``, ``web/`` and ``processes/``."""

DEMONSTRATION = "handlers.demonstration.seed:seed"
LogFormat = Literal["text", "json"]
_PARIS = ZoneInfo("Europe/Paris")


class SettingInvalid(ValueError):
    """A setting cannot be used. ``code`` and ``facts`` make the sentence (``engine.texts``)."""

    def __init__(self, code: str, /, **facts: str) -> None:
        super().__init__(f"{code}: {facts}")
        self.code = code
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: its name, its default in words, what it means."""

    name: str
    default: str
    meaning: str


VARIABLES = (
    Variable(
        "BORDEREAU_DATA",
        "`var` in the checkout; for root `/var/lib/bordereau/<hash of the checkout's path>`",
        "the data folder: the embedded database, the secret key, the logs",
    ),
    Variable(
        "DATABASE_URL", "none: the embedded PostgreSQL", "a PostgreSQL 15 or newer to use instead of the embedded one"
    ),
    Variable("BORDEREAU_HOST", "`127.0.0.1`", "the address that the web server listens on"),
    Variable("BORDEREAU_PORT", "`8000`", "the port that the web server listens on"),
    Variable("BORDEREAU_WEB_THREADS", "`8`", "how many requests one web process answers at a time"),
    Variable(
        "BORDEREAU_TRUSTED_PROXY",
        "none: what a proxy says of a request is not believed",
        "the IP address from which the TLS proxy calls; only its `X-Forwarded-Proto` decides whether a request came over https, "
        "and its `X-Forwarded-For` from where",
    ),
    Variable(
        "BORDEREAU_ZONE",
        "what `bordereau init` was told, else `Europe/Paris`",
        "the company's time zone (IANA name): forms, due dates, working time",
    ),
    Variable(
        "BORDEREAU_HOLIDAYS",
        "none: the holidays of all France",
        "the part of France whose own public holidays count too, as the `holidays` library names it (`Moselle`, `GP`, …)",
    ),
    Variable("BORDEREAU_HANDLERS", "`handlers.table:HANDLERS`", "the handler table, as `module:name`"),
    Variable(
        "BORDEREAU_COMMANDS",
        "`handlers.commands:COMMANDS`",
        "the commands of the business below `bordereau`, as `module:name`",
    ),
    Variable("BORDEREAU_WEB_APP", "`web.app:create_app`", "what makes the web application, as `module:name`"),
    Variable(
        "BORDEREAU_PROCESSES", "`processes` in the checkout", "the folder whose processes `bordereau run` publishes"
    ),
    Variable(
        "BORDEREAU_ROLES",
        "`handlers.base.roles:ROLES`",
        "the roles that `bordereau init` makes, as `module:name`: key, title in French, title in English",
    ),
    Variable(
        "BORDEREAU_DEMONSTRATION",
        "`handlers.demonstration.seed:seed`; with `DATABASE_URL`, or after `bordereau init`, nothing",
        "what fills the database with the demonstration company and its known passwords, as `module:name`; empty: nothing",
    ),
    Variable(
        "BORDEREAU_SECRET_KEY",
        "made once, in the file `secret_key` of the data folder",
        "what signs the cookies and seals the password of the mail server; give the same one to all processes of several machines",
    ),
    Variable(
        "BORDEREAU_CHECKPOINT_KEY",
        "made once, in the file `checkpoint_key` of the data folder",
        "the file with the Ed25519 key that signs checkpoints of the history (mode 0600); keep a copy of it elsewhere",
    ),
    Variable(
        "BORDEREAU_CHECKPOINTS",
        "`checkpoints` in the data folder",
        "the folder that checkpoints are written to; best one that another machine collects, or that only takes new files",
    ),
    Variable(
        "BORDEREAU_CHECKPOINT_MINUTES", "`60`", "how many minutes lie between two checkpoints, if anything was recorded"
    ),
    Variable("BORDEREAU_LOG_LEVEL", "`info`", "`debug`, `info`, `warning` or `error`"),
    Variable("BORDEREAU_LOG_FORMAT", "`text`", "`text` (key=value) or `json`, one line an entry"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one process of Bordereau runs with. ``database_url`` None means the embedded server."""

    data_folder: Path
    database_url: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    web_threads: int = 8
    trusted_proxy: str | None = None
    zone: ZoneInfo = _PARIS
    is_zone_given: bool = False
    holidays: str | None = None
    handlers: str = "handlers.table:HANDLERS"
    web_app: str = "web.app:create_app"
    processes: Path = CHECKOUT / "processes"
    roles: str = "handlers.base.roles:ROLES"
    demonstration: str | None = DEMONSTRATION
    secret_key_given: str | None = None
    checkpoint_key_given: Path | None = None
    checkpoints_given: Path | None = None
    checkpoint_minutes: int = 60
    log_level: str = "info"
    log_format: LogFormat = "text"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings of this process. Raises SettingInvalid with a sentence's code for what cannot be used."""
        env = os.environ if environment is None else environment
        url = _database_url(env)
        return cls(
            data_folder=Path(env.get("BORDEREAU_DATA") or default_data_folder()).expanduser().absolute(),
            database_url=url,
            host=env.get("BORDEREAU_HOST") or "127.0.0.1",
            port=_number(env, "BORDEREAU_PORT", 8000, at_most=65535),
            web_threads=_number(env, "BORDEREAU_WEB_THREADS", 8, at_most=256),
            trusted_proxy=_address(env, "BORDEREAU_TRUSTED_PROXY"),
            zone=_zone(env),
            is_zone_given=bool(env.get("BORDEREAU_ZONE")),
            holidays=env.get("BORDEREAU_HOLIDAYS") or None,
            handlers=_name(env, "BORDEREAU_HANDLERS", "handlers.table:HANDLERS"),
            web_app=_name(env, "BORDEREAU_WEB_APP", "web.app:create_app"),
            processes=Path(env.get("BORDEREAU_PROCESSES") or CHECKOUT / "processes").expanduser().absolute(),
            roles=_name(env, "BORDEREAU_ROLES", "handlers.base.roles:ROLES"),
            demonstration=_demonstration(env),
            secret_key_given=env.get("BORDEREAU_SECRET_KEY") or None,
            checkpoint_key_given=_path(env, "BORDEREAU_CHECKPOINT_KEY"),
            checkpoints_given=_path(env, "BORDEREAU_CHECKPOINTS"),
            checkpoint_minutes=_number(env, "BORDEREAU_CHECKPOINT_MINUTES", 60, at_most=1440),
            log_level=_one_of(env, "BORDEREAU_LOG_LEVEL", ("info", "debug", "warning", "error")),
            log_format="json" if _one_of(env, "BORDEREAU_LOG_FORMAT", ("text", "json")) == "json" else "text",
        )

    @property
    def checkpoint_key(self) -> Path:
        """The file of the key that signs checkpoints."""
        return self.checkpoint_key_given or self.data_folder / "checkpoint_key"

    @property
    def checkpoints(self) -> Path:
        """The folder that checkpoints are written to."""
        return self.checkpoints_given or self.data_folder / "checkpoints"

    @property
    def secret_key(self) -> str:
        """What signs the cookies: given, or read from the data folder, where the first caller makes it (mode 0600)."""
        if self.secret_key_given:
            return self.secret_key_given
        file = self.data_folder / "secret_key"
        if not file.exists():
            self.data_folder.mkdir(parents=True, exist_ok=True)
            made = self.data_folder / f".secret_key.{os.getpid()}"
            made.unlink(missing_ok=True)
            handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as stream:
                stream.write(secrets.token_hex(32))
            # link() and not rename(): of two processes that start together, one wins and both read its key
            with suppress(FileExistsError):
                os.link(made, file)
            made.unlink()
        return file.read_text().strip()


def commands_named(environment: Mapping[str, str] | None = None) -> str:
    """The table of the business's commands. No field of ``Settings``: the command line is read before them."""
    return _name(os.environ if environment is None else environment, "BORDEREAU_COMMANDS", "handlers.commands:COMMANDS")


def default_data_folder() -> Path:
    """Where the data lies when nobody says otherwise.

    PostgreSQL never runs as root: for root the embedded server runs as an unprivileged account, which must be able to walk to the data.
    The folder is then below ``/var/lib``, and no folder of a person is opened to others.
    """
    if os.geteuid() == 0:
        mark = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]
        return Path("/var/lib/bordereau") / mark
    return CHECKOUT / "var"


def _database_url(env: Mapping[str, str]) -> str | None:
    """The address in SQLAlchemy's form: psycopg 3 is the driver, whatever way PostgreSQL's own tools write it."""
    url = env.get("DATABASE_URL") or None
    if url is None:
        return None
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise SettingInvalid("setting_database_url_invalid", variable="DATABASE_URL")
    return f"postgresql+psycopg://{rest}"


def _demonstration(env: Mapping[str, str]) -> str | None:
    """People whose password everybody knows belong into our own embedded database; into another one only when somebody asks for them."""
    if "BORDEREAU_DEMONSTRATION" not in env:
        return None if env.get("DATABASE_URL") else DEMONSTRATION
    return _name(env, "BORDEREAU_DEMONSTRATION", "") if env["BORDEREAU_DEMONSTRATION"] else None


def _number(env: Mapping[str, str], variable: str, default: int, *, at_most: int) -> int:
    text = env.get(variable) or str(default)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= at_most:
        raise SettingInvalid("setting_number_invalid", variable=variable, value=text, at_most=str(at_most))
    return int(text)


def _address(env: Mapping[str, str], variable: str) -> str | None:
    """One IP address, as the other end of a connection is written; no name and no wildcard: everybody could then say "https"."""
    text = env.get(variable) or None
    if text is None:
        return None
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise SettingInvalid("setting_address_invalid", variable=variable, value=text) from error


def _path(env: Mapping[str, str], variable: str) -> Path | None:
    text = env.get(variable) or None
    return None if text is None else Path(text).expanduser().absolute()


def _one_of(env: Mapping[str, str], variable: str, allowed: tuple[str, ...]) -> str:
    text = (env.get(variable) or allowed[0]).lower()
    if text not in allowed:
        raise SettingInvalid("setting_choice_invalid", variable=variable, value=text, allowed=", ".join(allowed))
    return text


def _name(env: Mapping[str, str], variable: str, default: str) -> str:
    text = env.get(variable) or default
    module, _, name = text.partition(":")
    if not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        raise SettingInvalid("setting_name_invalid", variable=variable, value=text)
    return text


def _zone(env: Mapping[str, str]) -> ZoneInfo:
    text = env.get("BORDEREAU_ZONE") or "Europe/Paris"
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, LookupError) as error:  # unknown, a folder, or not a name at all
        raise SettingInvalid("setting_zone_invalid", variable="BORDEREAU_ZONE", value=text) from error
