"""FEEL, the expression language of DMN (OMG DMN 1.5 §10.3): compiled to closures, exact decimals, bounded by counted steps.

``compile_expression`` and ``compile_unary_tests`` are the doors; what they give holds no Python object that an expression could reach.
"""

from engine.feel.analysis import Analysis, Finding, analyse, slips, strangers
from engine.feel.closures.calls import invoke
from engine.feel.errors import FeelError, FeelFailure, FeelSyntaxError, FeelTooMuch
from engine.feel.expression import Expression, UnaryTests, compile_expression, compile_unary_tests
from engine.feel.functions import call_builtin
from engine.feel.grid import Grid
from engine.feel.operations import Budget, equal
from engine.feel.printer import printed, printed_value
from engine.feel.reading import at_most
from engine.feel.tree import TypeName
from engine.feel.types import coerced, conforms
from engine.feel.values import Environment, Function, Range, Value

__all__ = [
    "Analysis",
    "Budget",
    "Environment",
    "Expression",
    "FeelError",
    "FeelFailure",
    "FeelSyntaxError",
    "FeelTooMuch",
    "Finding",
    "Function",
    "Grid",
    "Range",
    "TypeName",
    "UnaryTests",
    "Value",
    "analyse",
    "at_most",
    "call_builtin",
    "coerced",
    "compile_expression",
    "compile_unary_tests",
    "conforms",
    "equal",
    "invoke",
    "printed",
    "printed_value",
    "slips",
    "strangers",
]
