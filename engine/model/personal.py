"""Which variables of a process hold personal data: answers to fields that a form marks (``personal: true``), and the names that
``process.yaml`` lists under ``personal`` (data objects, what handlers give back). Their values are sealed in the history.
"""

from __future__ import annotations

from functools import lru_cache

from engine.model.bundle import Bundle
from engine.model.bundle_checks import PROCESS_FILE
from engine.model.yaml_file import parse_yaml


def personal_names(bundle: Bundle) -> frozenset[str]:
    """The names of the variables of ``bundle`` that hold personal data."""
    marked = {field.name for form in bundle.forms.values() for field in form.fields if field.is_personal}
    listed = _listed(bundle.files[PROCESS_FILE]) if PROCESS_FILE in bundle.files else frozenset()
    return listed | marked if marked else listed


@lru_cache(maxsize=256)
def _listed(content: bytes) -> frozenset[str]:
    """Every step asks: the file is read once."""
    data = parse_yaml(content, PROCESS_FILE).data
    return frozenset(data.get("personal", ()))
