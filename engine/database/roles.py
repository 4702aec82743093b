"""Two roles in PostgreSQL: the owner makes and changes tables, the application works in them.

Web servers and workers connect as the application. It can read, and write what pages and steps write, but it can only add to the history:
not change or remove what was recorded, not empty a table, not switch a trigger off. What a fault of ours, or a hole in it, could do to the
past is so limited by PostgreSQL itself, beside the triggers. The embedded server has both roles; on a server of one's own
``bordereau database role`` makes the application's (``docs/operations.md``), and who works as the owner instead is told so at every start.
"""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import Connection, text

APPLICATION: Final = "bordereau_application"
SCHEMAS: Final = ("engine", "business", "jobs")
ONLY_GROWING: Final = (
    "engine.event",
    "engine.definition_event",
    "engine.record_event",
    "engine.refusal_event",
    "engine.history_order",
    "engine.history_checkpoint",
    "engine.history_node",
)
"""Tables that the application may only read and add to."""
NOT_ITS_OWN: Final = ("engine.alembic_version",)
"""Tables that it may only read."""

_CAN_CHANGE = text(
    "SELECT bool_or(has_table_privilege(name, 'UPDATE, DELETE, TRUNCATE')) FROM unnest(CAST(:names AS text[])) name"
)
_KNOWN = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :name)")
_SCHEMAS = text("SELECT nspname FROM pg_namespace WHERE nspname = ANY(:names) ORDER BY 1")
_TABLES = text("SELECT name FROM unnest(CAST(:names AS text[])) name WHERE to_regclass(name) IS NOT NULL")


def give_rights(connection: Connection) -> None:
    """Give the application what it may do, in the tables that there are now; nothing where the server has no such role.

    To be called by the owner after every change of the tables.
    """
    if not connection.execute(_KNOWN, {"name": APPLICATION}).scalar_one():
        return
    for schema in connection.scalars(_SCHEMAS, {"names": list(SCHEMAS)}).all():
        for statement in (
            f"GRANT USAGE ON SCHEMA {schema} TO {APPLICATION}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {APPLICATION}",
            f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {APPLICATION}",
            f"GRANT EXECUTE ON ALL ROUTINES IN SCHEMA {schema} TO {APPLICATION}",
        ):
            connection.execute(text(statement))
    for rights, tables in (("UPDATE, DELETE", ONLY_GROWING), ("INSERT, UPDATE, DELETE", NOT_ITS_OWN)):
        for table in connection.scalars(_TABLES, {"names": list(tables)}).all():
            connection.execute(text(f"REVOKE {rights} ON {table} FROM {APPLICATION}"))


def can_change_history(connection: Connection) -> bool:
    """Whether this connection's role may change or remove what was recorded: it is the owner's, or has more rights than it should."""
    names = connection.scalars(_TABLES, {"names": list(ONLY_GROWING)}).all()
    return bool(connection.execute(_CAN_CHANGE, {"names": names}).scalar_one())


def make_application(connection: Connection) -> str | None:
    """Make the application's role, which signs in with a new password, and give it its rights; the password, None where it was there.

    To be called by somebody who may make roles. Raises what the driver raises when they may not.
    """
    password = None
    if not connection.execute(_KNOWN, {"name": APPLICATION}).scalar_one():
        password = secrets.token_hex(24)  # digits and letters: it stands in a statement and in an address
        connection.execute(text(f"CREATE ROLE {APPLICATION} LOGIN PASSWORD '{password}'"))
    give_rights(connection)
    return password
