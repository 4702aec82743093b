"""What tests of the whole command share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """A data folder to be made, where the account of the embedded database may walk: pytest's own folders are closed to others."""
    base = Path(tempfile.mkdtemp(prefix="bordereau-run-"))
    base.chmod(0o711)
    yield base / "var"
    shutil.rmtree(base, ignore_errors=True)
