"""The whole product, for tests that kill parts of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.product import Product


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    # Not in pytest's own folder: that is closed to the account as which root's database runs.
    outside = Path(tempfile.mkdtemp(prefix="bordereau-crash-"))
    outside.chmod(0o711)
    found = Product(outside / "data")
    found.start()
    yield found
    found.stop()
    print(found.report())  # shown when the test fails
    shutil.rmtree(outside)
