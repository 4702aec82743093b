"""The built-in functions of FEEL (DMN 1.5 §10.3.4), one module per subject. Importing this package fills the registry."""

from engine.feel.functions import contexts, conversion, lists, numeric, ranges, strings, temporal
from engine.feel.functions.registry import BUILTINS, Builtin, Signature, call_builtin

__all__ = [
    "BUILTINS",
    "Builtin",
    "Signature",
    "call_builtin",
    "contexts",
    "conversion",
    "lists",
    "numeric",
    "ranges",
    "strings",
    "temporal",
]
