"""FEEL, the expression language of DMN (OMG DMN 1.5 §10.3): compiled to closures, exact decimals, bounded by counted steps.

``compile_expression`` and ``compile_unary_tests`` are the doors; what they give holds no Python object that an expression could reach.
"""

from engine.feel.errors import FeelError, FeelFailure, FeelSyntaxError
from engine.feel.expression import Expression, UnaryTests, compile_expression, compile_unary_tests
from engine.feel.values import Environment, Function, Range, Value

__all__ = [
    "Environment",
    "Expression",
    "FeelError",
    "FeelFailure",
    "FeelSyntaxError",
    "Function",
    "Range",
    "UnaryTests",
    "Value",
    "compile_expression",
    "compile_unary_tests",
]
