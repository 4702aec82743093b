from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from engine import settings as module
from engine.settings import CHECKOUT, VARIABLES, SettingInvalid, Settings
from engine.texts import LOCALES, say


def test_nothing_needs_to_be_set() -> None:
    settings = Settings.from_environment({})
    assert settings.database_url is None
    assert settings.port == 8000
    assert settings.processes == CHECKOUT / "processes"
    assert settings.demonstration == "handlers.demonstration.seed:seed"


def test_everything_can_be_set(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {
            "BORDEREAU_DATA": str(tmp_path),
            "DATABASE_URL": "postgresql://somebody@somewhere/bordereau",
            "BORDEREAU_HOST": "0.0.0.0",
            "BORDEREAU_PORT": "8080",
            "BORDEREAU_WEB_THREADS": "4",
            "BORDEREAU_TRUSTED_PROXY": "10.0.0.7",
            "BORDEREAU_ZONE": "Indian/Reunion",
            "BORDEREAU_HOLIDAYS": "RE",
            "BORDEREAU_HANDLERS": "other.table:HANDLERS",
            "BORDEREAU_WEB_APP": "other.app:make",
            "BORDEREAU_PROCESSES": str(tmp_path / "p"),
            "BORDEREAU_ROLES": "other.roles:ROLES",
            "BORDEREAU_DEMONSTRATION": "",
            "BORDEREAU_SECRET_KEY": "given",
            "BORDEREAU_CHECKPOINT_KEY": str(tmp_path / "key"),
            "BORDEREAU_CHECKPOINTS": str(tmp_path / "points"),
            "BORDEREAU_CHECKPOINT_MINUTES": "5",
            "BORDEREAU_LOG_LEVEL": "DEBUG",
            "BORDEREAU_LOG_FORMAT": "json",
        }
    )
    defaults = Settings.from_environment({})
    assert [name for name in settings.__slots__ if getattr(settings, name) == getattr(defaults, name)] == []
    assert settings.demonstration is None
    assert settings.zone.key == "Indian/Reunion"


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [
        ("BORDEREAU_PORT", "eighty", "setting_number_invalid"),
        ("BORDEREAU_PORT", "70000", "setting_number_invalid"),
        ("BORDEREAU_PORT", "-1", "setting_number_invalid"),
        ("BORDEREAU_PORT", "²", "setting_number_invalid"),
        ("BORDEREAU_WEB_THREADS", "0", "setting_number_invalid"),
        ("BORDEREAU_TRUSTED_PROXY", "*", "setting_address_invalid"),
        ("BORDEREAU_TRUSTED_PROXY", "proxy.example", "setting_address_invalid"),
        ("BORDEREAU_TRUSTED_PROXY", "10.0.0.0/8", "setting_address_invalid"),
        ("BORDEREAU_ZONE", "Europe/Lutetia", "setting_zone_invalid"),
        ("BORDEREAU_ZONE", "../../etc/passwd", "setting_zone_invalid"),
        ("BORDEREAU_ZONE", "Europe", "setting_zone_invalid"),
        ("BORDEREAU_HANDLERS", "handlers.table", "setting_name_invalid"),
        ("BORDEREAU_WEB_APP", "web app:make", "setting_name_invalid"),
        ("BORDEREAU_LOG_LEVEL", "loud", "setting_choice_invalid"),
        ("BORDEREAU_LOG_FORMAT", "xml", "setting_choice_invalid"),
        ("DATABASE_URL", "mysql://localhost/x", "setting_database_url_invalid"),
    ],
)
def test_what_cannot_be_used_is_said(variable: str, value: str, code: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        Settings.from_environment({variable: value})
    assert refused.value.code == code
    for locale in LOCALES:
        assert variable in say(code, locale, **refused.value.facts)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_write_the_address(scheme: str) -> None:
    settings = Settings.from_environment({"DATABASE_URL": f"{scheme}://me@machine/base?sslmode=require"})
    assert settings.database_url == "postgresql+psycopg://me@machine/base?sslmode=require"


def test_known_passwords_come_into_another_database_only_when_asked_for() -> None:
    address = {"DATABASE_URL": "postgresql://me@machine/base"}
    assert Settings.from_environment(address).demonstration is None
    asked = address | {"BORDEREAU_DEMONSTRATION": "handlers.demonstration.seed:seed"}
    assert Settings.from_environment(asked).demonstration == "handlers.demonstration.seed:seed"


def test_an_address_with_a_password_is_not_repeated() -> None:
    with pytest.raises(SettingInvalid) as refused:
        Settings.from_environment({"DATABASE_URL": "mysql://me:hush@localhost/x"})
    assert "hush" not in str(refused.value)


def test_the_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path / "new")
    key = settings.secret_key
    assert len(key) == 64
    assert settings.secret_key == key
    assert stat.S_IMODE((tmp_path / "new" / "secret_key").stat().st_mode) == 0o600
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["secret_key"]


def test_the_folder_of_root_is_where_other_accounts_may_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert module.default_data_folder().parent == Path("/var/lib/bordereau")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert module.default_data_folder() == CHECKOUT / "var"


def test_every_setting_is_documented() -> None:
    page = (CHECKOUT / "docs" / "settings.md").read_text(encoding="utf-8")
    for variable in VARIABLES:
        assert f"| `{variable.name}` | {variable.default} | {variable.meaning} |" in page


def test_every_variable_that_is_read_is_listed() -> None:
    source = Path(module.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r'"(BORDEREAU_\w+|DATABASE_URL)"', source)) == {variable.name for variable in VARIABLES}
