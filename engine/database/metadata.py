"""The one ``MetaData`` of the engine's tables. Every ``tables.py`` of the engine adds its tables to it, in the schema ``engine``."""

from __future__ import annotations

from sqlalchemy import MetaData

SCHEMA = "engine"

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraints have names that do not depend on who created them, so that a migration can name them."""

metadata = MetaData(naming_convention=NAMING)
