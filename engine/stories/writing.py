"""A story as the text of its file: plain YAML that ``reader`` reads back to the same values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import yaml

from engine.feel import Value
from engine.stories.values import notation

_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_PLAIN_TEXT = re.compile(r"[^\W\d]")
_WIDTH = 140


class _Dumper(yaml.SafeDumper):
    """Writes decimals digit by digit, and quotes every text that could be read as something else."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        """Never: anchors are refused when the file is read."""
        return True


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if _PLAIN_TEXT.match(text) else "'")


def _number(dumper: _Dumper, number: Decimal) -> yaml.Node:
    kind = "float" if "." in f"{number:f}" else "int"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", f"{number:f}")


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Decimal, _number)


def text_of(data: Mapping[str, Any]) -> str:
    """The text of a whole story, in the order of ``data``."""
    return yaml.dump(dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


def written(value: Value) -> Any:
    """``value`` as data of the file: plain where YAML can say it, else FEEL."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return f"= {notation(value)}" if value.startswith("=") else value
    if isinstance(value, Decimal) and _PLAIN_NUMBER.fullmatch(f"{value:f}"):
        return value
    if isinstance(value, Mapping):
        return {name: written(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [written(each) for each in value]
    return f"= {notation(value)}"
