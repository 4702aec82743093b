"""Strings that attack: what each of them gives. A value, the bound that ends it, or the reason why it is not read.

``CONTEXT`` is what they may use: a text of the greatest length, a number, a context of the same name all the way down, no numbers.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

D = Decimal

BIG = "a" * 99_999
CONTEXT = {"big": BIG, "x": D(1), "a": {"a": D(1)}, "nan": D("NaN"), "snan": D("sNaN"), "infinite": D("Infinity")}
DOUBLED = "for i in 1..50 return [partial[-1], partial[-1]]"

HARMLESS: dict[str, Any] = {
    # objects and attributes of Python
    '"a".__class__': None,
    "{}.__class__.__mro__": None,
    "x.__globals__": None,
    "now().__class__": None,
    "string.__init__": None,
    "(function(a) a).run": None,
    'get value({a: 1}, "__class__")': None,
    # numbers
    "9 ** (9 ** 99)": None,
    "1.0000001 ** 1e30": None,
    "1e6144 * 1e6144": None,
    "exp(1e10)": None,
    "modulo(1e6000, 1e-6000)": None,
    "decimal(1 / 3, 1e9)": None,
    'substring("abc", -1e300)': None,
    "[1, 2][1e6000]": None,
    "for i in 1..1e18 return i": None,
    'duration("P1D") * 1e300': None,
    'duration("P999999999999D")': None,
    '@"9999-12-31" + duration("P1D")': None,
    '@"0001-01-01" - duration("P1Y")': None,
    "date(1e300, 1, 1)": None,
    # zones are names, not paths
    'time("10:00:00@../../etc/passwd")': None,
    'date and time("2026-01-01T00:00:00@/etc/passwd")': None,
    'time("10:00:00@Europe")': None,
    # patterns
    'matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "(a+)+$")': False,
    'matches(big, "(x+x+)+y")': False,
    'matches(big, "(a|aa)*b")': False,
    'matches("a", "(((a{1000}){1000}){1000})")': None,
    'matches("a", "(a)\\\\1")': None,
    'matches("a", "[")': None,
    'replace("aaa", "a*", "b")': None,
    # what is no number stays none
    "nan = 1": False,
    "snan > 1": None,
    "infinite + 1": None,
    'duration("P1D") * infinite': None,
    "mode([snan, 1])": None,
    # attributes, formats, growth, patterns, calendars, marks that nobody sees, depth, shells
    '"{0.__class__}".format(1)': None,
    'string("{x.__class__}")': "{x.__class__}",
    'f.__globals__["os"]': None,
    "{__class__: 1}.__class__": D(1),
    'x["__class__"]': [],
    '"a"[item.__class__ != null]': [],
    'get entries("a".__dict__)': None,
    "a.a.a.a.a.__proto__": None,
    "9**9**9": D("1.966270504755529136180759085269121E+77"),
    "9**9**9**9": D("4.393285036964643298297747826570724E+695"),
    "2 ** 1e10": None,
    "2 ** 0.5 ** 1e308": None,
    "1e6144 + 1e6144": D("2E+6144"),
    "-1e6144 - 1e6144": D("-2E+6144"),
    "1e-6143 / 1e6144": D(0),
    "1" * 5000: D("1.111111111111111111111111111111111E+4999"),
    "0." + "0" * 5000 + "1": D("1E-5001"),
    "sqrt(1e6000) * 1e-3000": D(1),
    "1e400 = 1e400 + 1": True,
    'number("1e999999999")': None,
    'number("' + "9" * 9000 + '")': None,
    "floor(1e6000, 6176)": D("1E+6000"),
    "modulo(-1e6144, 1e-6143)": None,
    "[1..1e18][item > 5]": [],
    "for i in [1..1e18] return i": None,
    "5 in [1..1e6144]": True,
    "count(for a in 1..9 return for b in 1..9 return for c in 1..9 return for d in 1..9 return for e in 1..9 return 1)": D(
        9
    ),
    "{a: {a: a}}": {"a": {"a": {"a": D(1)}}},
    "context merge(for i in 1..50000 return {a: i})": {"a": D(50000)},
    'replace(big, "", "x")': None,
    'string join(split(big, ""), big)': None,
    'matches(big, "(a|a)*b")': False,
    'matches(big, "(.*)*x")': False,
    'matches(big, "((a*)*)*b")': False,
    'matches("aaa", "(a{1000}){1000}")': None,
    'matches(big, "' + "(a*" * 20 + ")*" * 20 + '")': True,
    'matches("a", "' + "a" * 9000 + '")': None,
    'matches("a", "(?=a)")': None,
    'matches("a", "(?P<n>a)(?P=n)")': None,
    'matches("a", "[[:alpha:]-[")': None,
    'matches("a", "\\\\p{IsNothing}")': None,
    'matches("a", "(?R)")': None,
    'matches(big, "^(([a-z])+.)+[A-Z]([a-z])+$")': False,
    'split(big, "(a+)+$")': ["", ""],
    'replace("abc", "b", "$99999999999")': "a9999999999c",
    'matches("a", "a{99999999}")': None,
    'matches("a", "x*", "zzzz")': None,
    'date and time("2026-01-01T00:00:00@../../../etc/shadow")': None,
    'time("10:00:00@\\u0000")': None,
    'time("10:00:00@' + "A/" * 40 + '")': None,
    '@"9999-12-31T23:59:59" + @"P1D"': None,
    '@"2026-01-01" + duration("P999999999Y")': None,
    'date("-999999999-01-01")': None,
    'date("99999999999-01-01")': None,
    'duration("P" + "9" * 9)': None,
    'duration("PT' + "9" * 300 + 'S")': None,
    '@"P1D" * 1e6000': None,
    '@"P1Y" * 1e6000': None,
    '@"2026-01-01" - @"P9999Y"': None,
    'years and months duration(@"0001-01-01", @"9999-12-31") * 1e20': None,
    '"\\uD800"': "\ufffd",
    '"\\uDFFF\\uD800"': "\ufffd\ufffd",
    '"\\U110000"': "\ufffd",
    '"\\uZZZZ"': "\\uZZZZ",
    '"a\x00b"': "a\x00b",
    '"\u202eabc"': "\u202eabc",
    "\ufeff1": D(1),
    "1\u200b": D(1),
    "x" * 10_000: None,
    "é" * 4_999: None,
    "a.b " * 2000: None,
    "sort([3, 1, 2], function(a, b) null)": [D(3), D(1), D(2)],
    "sort([3, 1, 2], function(a, b) true)": [D(2), D(1), D(3)],
    'sort([3, 1, 2], function(a, b) "x")': [D(3), D(1), D(2)],
    "sort([1, 2], sort)": [D(1), D(2)],
    'sort([[1], {a: 1}, null, "x"], function(a, b) a < b)': [[D(1)], {"a": D(1)}, None, "x"],
    "list contains(for i in 1..99999 return i, 0)": False,
    "flatten([[[[[[[[[[1]]]]]]]]]])": [D(1)],
    "stddev(for i in 1..90000 return i * 1e3000)": D("2.598090645069952134983170823666796E+3004"),
    "product(for i in 1..90000 return 1e10)": None,
    "median([1e6144, 1e6144])": D("1.000000000000000000000000000000000E+6144"),
    "-" * 90 + "1": D(1),
    "(" * 90 + "1" + ")" * 90: D(1),
    "[" * 95 + "]" * 95: [
        [
            [
                [
                    [
                        [
                            [
                                [
                                    [
                                        [
                                            [
                                                [
                                                    [
                                                        [
                                                            [
                                                                [
                                                                    [
                                                                        [
                                                                            [
                                                                                [
                                                                                    [
                                                                                        [
                                                                                            [
                                                                                                [
                                                                                                    [
                                                                                                        [
                                                                                                            [
                                                                                                                [
                                                                                                                    [
                                                                                                                        [
                                                                                                                            [
                                                                                                                                [
                                                                                                                                    [
                                                                                                                                        [
                                                                                                                                            [
                                                                                                                                                [
                                                                                                                                                    [
                                                                                                                                                        [
                                                                                                                                                            [
                                                                                                                                                                [
                                                                                                                                                                    [
                                                                                                                                                                        [
                                                                                                                                                                            [
                                                                                                                                                                                [
                                                                                                                                                                                    [
                                                                                                                                                                                        [
                                                                                                                                                                                            [
                                                                                                                                                                                                [
                                                                                                                                                                                                    [
                                                                                                                                                                                                        [
                                                                                                                                                                                                            [
                                                                                                                                                                                                                [
                                                                                                                                                                                                                    [
                                                                                                                                                                                                                        [
                                                                                                                                                                                                                            [
                                                                                                                                                                                                                                [
                                                                                                                                                                                                                                    [
                                                                                                                                                                                                                                        [
                                                                                                                                                                                                                                            [
                                                                                                                                                                                                                                                [
                                                                                                                                                                                                                                                    [
                                                                                                                                                                                                                                                        [
                                                                                                                                                                                                                                                            [
                                                                                                                                                                                                                                                                [
                                                                                                                                                                                                                                                                    [
                                                                                                                                                                                                                                                                        [
                                                                                                                                                                                                                                                                            [
                                                                                                                                                                                                                                                                                [
                                                                                                                                                                                                                                                                                    [
                                                                                                                                                                                                                                                                                        [
                                                                                                                                                                                                                                                                                            [
                                                                                                                                                                                                                                                                                                [
                                                                                                                                                                                                                                                                                                    [
                                                                                                                                                                                                                                                                                                        [
                                                                                                                                                                                                                                                                                                            [
                                                                                                                                                                                                                                                                                                                [
                                                                                                                                                                                                                                                                                                                    [
                                                                                                                                                                                                                                                                                                                        [
                                                                                                                                                                                                                                                                                                                            [
                                                                                                                                                                                                                                                                                                                                [
                                                                                                                                                                                                                                                                                                                                    [
                                                                                                                                                                                                                                                                                                                                        [
                                                                                                                                                                                                                                                                                                                                            [
                                                                                                                                                                                                                                                                                                                                                [
                                                                                                                                                                                                                                                                                                                                                    [
                                                                                                                                                                                                                                                                                                                                                        [
                                                                                                                                                                                                                                                                                                                                                            [
                                                                                                                                                                                                                                                                                                                                                                [
                                                                                                                                                                                                                                                                                                                                                                    [
                                                                                                                                                                                                                                                                                                                                                                        [
                                                                                                                                                                                                                                                                                                                                                                            [
                                                                                                                                                                                                                                                                                                                                                                                [
                                                                                                                                                                                                                                                                                                                                                                                    [
                                                                                                                                                                                                                                                                                                                                                                                        [
                                                                                                                                                                                                                                                                                                                                                                                            []
                                                                                                                                                                                                                                                                                                                                                                                        ]
                                                                                                                                                                                                                                                                                                                                                                                    ]
                                                                                                                                                                                                                                                                                                                                                                                ]
                                                                                                                                                                                                                                                                                                                                                                            ]
                                                                                                                                                                                                                                                                                                                                                                        ]
                                                                                                                                                                                                                                                                                                                                                                    ]
                                                                                                                                                                                                                                                                                                                                                                ]
                                                                                                                                                                                                                                                                                                                                                            ]
                                                                                                                                                                                                                                                                                                                                                        ]
                                                                                                                                                                                                                                                                                                                                                    ]
                                                                                                                                                                                                                                                                                                                                                ]
                                                                                                                                                                                                                                                                                                                                            ]
                                                                                                                                                                                                                                                                                                                                        ]
                                                                                                                                                                                                                                                                                                                                    ]
                                                                                                                                                                                                                                                                                                                                ]
                                                                                                                                                                                                                                                                                                                            ]
                                                                                                                                                                                                                                                                                                                        ]
                                                                                                                                                                                                                                                                                                                    ]
                                                                                                                                                                                                                                                                                                                ]
                                                                                                                                                                                                                                                                                                            ]
                                                                                                                                                                                                                                                                                                        ]
                                                                                                                                                                                                                                                                                                    ]
                                                                                                                                                                                                                                                                                                ]
                                                                                                                                                                                                                                                                                            ]
                                                                                                                                                                                                                                                                                        ]
                                                                                                                                                                                                                                                                                    ]
                                                                                                                                                                                                                                                                                ]
                                                                                                                                                                                                                                                                            ]
                                                                                                                                                                                                                                                                        ]
                                                                                                                                                                                                                                                                    ]
                                                                                                                                                                                                                                                                ]
                                                                                                                                                                                                                                                            ]
                                                                                                                                                                                                                                                        ]
                                                                                                                                                                                                                                                    ]
                                                                                                                                                                                                                                                ]
                                                                                                                                                                                                                                            ]
                                                                                                                                                                                                                                        ]
                                                                                                                                                                                                                                    ]
                                                                                                                                                                                                                                ]
                                                                                                                                                                                                                            ]
                                                                                                                                                                                                                        ]
                                                                                                                                                                                                                    ]
                                                                                                                                                                                                                ]
                                                                                                                                                                                                            ]
                                                                                                                                                                                                        ]
                                                                                                                                                                                                    ]
                                                                                                                                                                                                ]
                                                                                                                                                                                            ]
                                                                                                                                                                                        ]
                                                                                                                                                                                    ]
                                                                                                                                                                                ]
                                                                                                                                                                            ]
                                                                                                                                                                        ]
                                                                                                                                                                    ]
                                                                                                                                                                ]
                                                                                                                                                            ]
                                                                                                                                                        ]
                                                                                                                                                    ]
                                                                                                                                                ]
                                                                                                                                            ]
                                                                                                                                        ]
                                                                                                                                    ]
                                                                                                                                ]
                                                                                                                            ]
                                                                                                                        ]
                                                                                                                    ]
                                                                                                                ]
                                                                                                            ]
                                                                                                        ]
                                                                                                    ]
                                                                                                ]
                                                                                            ]
                                                                                        ]
                                                                                    ]
                                                                                ]
                                                                            ]
                                                                        ]
                                                                    ]
                                                                ]
                                                            ]
                                                        ]
                                                    ]
                                                ]
                                            ]
                                        ]
                                    ]
                                ]
                            ]
                        ]
                    ]
                ]
            ]
        ]
    ],
    "?" * 9000: None,
    "a-" * 4999 + "a": None,
    "not(" * 50 + "true" + ")" * 50: True,
    "x" + ".a" * 4990: None,
    "x.__init__.__globals__": None,
}

TOO_MUCH = {
    "for i in 1..100000 return for j in 1..100000 return 1": "feel_too_much_work",
    "for i in 1..100000, j in 1..100000 return 1": "feel_too_much_work",
    "some i in 1..100000, j in 1..100000 satisfies i = j + 0.5": "feel_too_much_work",
    "count(for i in 1..100001 return i)": "feel_list_too_long",
    "every i in 1..100000 satisfies every j in 1..100000 satisfies j > 0": "feel_too_much_work",
    "(for i in 1..90000 return i)[count((for j in 1..90000 return j)[item > 5]) > 5]": "feel_too_much_work",
    DOUBLED: "feel_too_much_work",
    f"string({DOUBLED})": "feel_text_too_long",
    f"flatten({DOUBLED})": "feel_too_much_work",
    f"{{a: {DOUBLED}, b: {DOUBLED}, r: a = b}}.r": "feel_too_much_work",
    "for i in 1..5000 return [partial[-1]]": "feel_too_much_work",
    'for i in 1..60 return if i = 1 then "a" else partial[-1] + partial[-1]': "feel_text_too_long",
    'string join(for i in 1..20000 return "aaaaaaaaaa", "")': "feel_text_too_long",
    "big + big": "feel_text_too_long",
    "for i in 1..100000 return upper case(big)": "feel_too_much_work",
    "for i in 1..1000 return big": "feel_too_much_work",
    'replace(big, "a", "bbbbbbbbbb")': "feel_text_too_long",
    'replace(big, "a|a.*b", "c")': "feel_too_much_work",
    'matches(big, "(a?){1000}a{1000}")': "feel_too_much_work",
    'some i in 1..99 satisfies not(matches(big, "' + "(a*" * 90 + ")*" * 90 + '"))': "feel_too_much_work",
    "{f: function(n) f(n), r: f(1)}.r": "feel_calls_too_deep",
    "{f: function(n) f(n) + f(n), r: f(1)}.r": "feel_calls_too_deep",
    "{f: function(g) g(g), r: f(f)}.r": "feel_calls_too_deep",
    "{f: function(n) if n = 0 then 1 else f(n - 1) + f(n - 1), r: f(60)}.r": "feel_too_much_work",
    "sort(for i in 1..90000 return -i, function(a, b) a < b)": "feel_too_much_work",
    "distinct values(for i in 1..20000 return [i])": "feel_too_much_work",
    "some i in 1..15000 satisfies log(i)" + "**1.7" * 20 + " < 0": "feel_too_much_work",
    "some i in 1..99999999999 satisfies true": "feel_list_too_long",
    'for d in @"0001-01-01"..@"9999-12-31" return d': "feel_list_too_long",
    "for a in 1..100, b in 1..100, c in 1..100, d in 1..100, e in 1..100 return 1": "feel_list_too_long",
    "for a in 1..30 return for b in 1..30 return for c in 1..30 return for d in 1..30 return for e in 1..30 return 1": "feel_too_much_work",
    "{f: function(n, g) g(n, g), r: f(1, f)}.r": "feel_calls_too_deep",
    "(function(f) f(f))(function(f) f(f))": "feel_calls_too_deep",
    "{f: function(n) [f(n)], r: f(1)}.r": "feel_calls_too_deep",
    "{a: 1, "
    + ", ".join(f"{new}: [{old}, {old}]" for old, new in zip("abcdefghijklmnopq", "bcdefghijklmnopqr", strict=True))
    + "}": "feel_too_much_work",
    "for i in 1..20000 return context put({}, string(i), partial)": "feel_too_much_work",
    'replace(replace(replace(big, "x", "aaaaaaaaaa"), "a", "bb"), "b", "cc")': "feel_text_too_long",
    'replace("aaaaaaaaaa", "a", big)': "feel_text_too_long",
    'split(big, "a|a.*b")': "feel_too_much_work",
    'for i in 1..2000 return split(big, "a")': "feel_too_much_work",
    'replace(big, "(a+)+$", "$1$1$1$1")': "feel_text_too_long",
    "sort(for i in 1..300 return i, function(a, b) count(for j in 1..1000 return j) > 0)": "feel_too_much_work",
    "for i in 1..1000 return count(partial) + sum(partial)": "feel_too_much_work",
    "for i in 1..20 return concatenate(partial, partial)": "feel_too_much_work",
    "for i in 1..100 return [partial]": "feel_too_much_work",
    'for i in 1..30 return string(partial) + "x"': "feel_text_too_long",
    "index of(for i in 1..90000 return [1, 2, 3], 5)": "feel_too_much_work",
    "every i in 1..1000, j in 1..1000 satisfies i > 0": "feel_too_much_work",
}

REFUSED = {
    "(" * 3000 + "1" + ")" * 3000: "feel_too_nested",
    "[" * 5000: "feel_too_nested",
    "-" * 9000 + "1": "feel_too_nested",
    "not(" * 2000: "feel_too_nested",
    "{a:" * 2000: "feel_too_nested",
    "1" + "<1" * 4000: "feel_too_nested",
    "a" + "[1]" * 3000: "feel_too_nested",
    "1 in (" * 1500: "feel_too_nested",
    "x instance of " + "list<" * 1500: "feel_too_nested",
    "if true then " * 700: "feel_too_nested",
    '"' + "\\" * 9001: "feel_string_not_closed",
    "/*" * 4000: "feel_comment_not_closed",
    '"' + "a" * 20_000 + '"': "feel_source_too_long",
    "1e999999999": "feel_number",
    '"\ud800"': "feel_character",
    "\x00": "feel_character",
    "\u202e1": "feel_character",
    "__import__('os').system('id')": "feel_single_quotes",
    '__import__("os")': "feel_unknown_function",
    'eval("1")': "feel_unknown_function",
    "lambda x: x": "feel_write_instead",
    "x := 1": "feel_write_instead",
    "a[b for b in c]": "feel_word_similar",
    'function(a) external {java: {class: "java.lang.Runtime"}}': "feel_external_function",
    '"%s" % x': "feel_percent",
    "invoke(now)": "feel_unknown_function",
    "9.9e999999": "feel_number",
    "factorial(1e9)": "feel_unknown_function",
    "count(1..1e9)": "feel_expected",
    "{f: function(n) g(n), g: function(n) f(n), r: f(1)}.r": "feel_unknown_function",
    '@"2026-02-30"': "feel_at_literal",
    "a\x00b": "feel_character",
    "a\u202eb": "feel_character",
    "é" * 5_001: "feel_source_too_long",
    "a " * 4999: "feel_words_in_a_row",
    "partition(1..1e9)": "feel_expected",
    "f(" * 3000: "feel_too_nested",
    "function() " * 2000 + "1": "feel_source_too_long",
    "for a in " * 2000: "feel_source_too_long",
    "some a in " * 2000: "feel_source_too_long",
    "not " * 3000: "feel_source_too_long",
    "]" * 5000: "feel_nothing_to_close",
    "1.." * 3000: "feel_range_without_brackets",
    "a in " * 2000 + "a": "feel_source_too_long",
    "a between " * 1000: "feel_and_missing",
    "1 instance of " * 900 + "number": "feel_source_too_long",
    "x in (" + "(a) + 1 in (" * 700: "feel_too_nested",
    "1 in (2 in (" * 40 + "1" + ") + 1)" * 80: "feel_nothing_to_close",
    "@" * 9000: "feel_at_quotes",
    "'" * 9000: "feel_single_quotes",
    "/*" + "*" * 9000: "feel_comment_not_closed",
    "//" + "x" * 9000: "feel_empty",
    "." * 9000: "feel_unexpected",
    "1e" * 4000: "feel_operator_missing",
    '"' * 9001: "feel_string_not_closed",
    "\\" * 9000: "feel_character",
    "x" + "()" * 4000: "feel_too_nested",
    'exec("1")': "feel_unknown_function",
    'open("/etc/passwd")': "feel_unknown_function",
    "import os": "feel_words_in_a_row",
    "().__class__.__bases__[0]": "feel_unexpected",
    'function(a) external {pmml: {document: "http://x/", model: "m"}}': "feel_external_function",
    "$(touch x)": "feel_currency",
    "`id`": "feel_typographic_quote",
    "{{7*7}}": "feel_name_expected",
    "${7*7}": "feel_currency",
    "<script>1</script>": "feel_unexpected",
    "'; DROP TABLE x; --": "feel_semicolon",
}

LARGE = [
    'split(big, "a")',
    '"' + "💩" * 2400 + '"',
    "distinct values(for i in 1..3000 return i)",
    "union(for i in 1..30000 return i, for i in 1..30000 return -i)",
    "remove(for i in 1..99999 return i, 5)",
    "insert before(for i in 1..99999 return i, 1, 0)",
    "mode(for i in 1..90000 return i)",
    "{a: " * 60 + "1" + "}" * 60,
]
