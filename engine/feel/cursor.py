"""Where a parser stands in its tokens, which names it knows there, and which brackets are open."""

from __future__ import annotations

from collections.abc import Iterable

from engine.feel.complaints import complaint
from engine.feel.errors import FeelSyntaxError
from engine.feel.lexer import Token, tokens_of
from engine.feel.names import fixed, words_of

MAX_DEPTH = 100
"""How deep expressions may nest: each level costs a few Python frames in parser, compiler and evaluation."""

_PROPERTIES = ("time offset", "start included", "end included")
_SIGNS_OF_NAMES = frozenset("-+/*'.")


class Cursor:
    """A position in the tokens of ``source``. ``names`` are variables, ``functions`` the names of functions."""

    def __init__(self, source: str, names: Iterable[str], functions: Iterable[str]) -> None:
        self._tokens = tokens_of(source)
        self._index = 0
        self._depth = 0
        self._opened: list[Token] = []
        self._given = frozenset(names)
        self._names = fixed(self._given)
        self._known_functions = tuple(functions)
        self._functions = fixed(self._known_functions)
        # a copy, because entries of contexts are added to it
        self._properties = fixed(self._given.union(_PROPERTIES)).copy()

    @property
    def _token(self) -> Token:
        return self._tokens[self._index]

    def _go_back(self, index: int, opened: int = 0) -> None:
        """Read again from ``index``, where ``opened`` brackets were open."""
        self._index = index
        del self._opened[opened:]

    def _is(self, text: str) -> bool:
        token = self._tokens[self._index]
        return token.text == text and token.kind in ("sign", "name")

    def _is_sign(self, *texts: str) -> bool:
        token = self._tokens[self._index]
        return token.kind == "sign" and token.text in texts

    def _take(self, text: str) -> bool:
        if self._is(text):
            self._index += 1
            return True
        return False

    def _expect(self, text: str) -> Token:
        token = self._token
        if not self._take(text):
            raise self._unexpected(wanted=text)
        return token

    def _open(self) -> None:
        """Take an opening bracket."""
        self._opened.append(self._token)
        self._index += 1

    def _close(self, *texts: str) -> Token:
        """Take the bracket that closes the last one opened."""
        token = self._token
        if not self._is_sign(*texts):
            raise self._unexpected(wanted=texts[0])
        self._index += 1
        self._opened.pop()
        return token

    def _unexpected(self, wanted: str | None = None) -> FeelSyntaxError:
        """The token here does not fit. ``wanted``: a text, or ``name``, ``type``."""
        return complaint(self._tokens, self._index, wanted, self._opened, self._given, functions=self._known_functions)

    def _deeper(self) -> None:
        """One level more. Raises FeelSyntaxError when it is one too many."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FeelSyntaxError("feel_too_nested", self._token.start, limit=MAX_DEPTH)

    # --- names

    def _known_name(self) -> str | None:
        """Take the longest known name of several tokens that begins here."""
        found = self._names.match(self._tokens, self._index)
        function = self._functions.match(self._tokens, self._index)
        if function is not None:
            follows = self._tokens[self._index + function[1]]
            # "date and time" may also be two booleans joined: a function name with a connective counts only when it is called
            is_called = follows.kind == "sign" and follows.text == "("
            if not is_called and (" and " in function[0] or found is not None):
                function = None
        best = max((each for each in (found, function) if each is not None), key=lambda each: each[1], default=None)
        if best is None:
            return None
        self._index += best[1]
        return best[0]

    def _new_name(self, *ends: str) -> str:
        """Take a name that is given here: all tokens up to one of ``ends``."""
        start = self._index
        if self._token.kind != "name" or any(self._is(end) for end in ends):
            raise self._unexpected(wanted="name")
        while not any(self._is(end) for end in ends):
            token = self._token
            if token.kind not in ("name", "number") and not (token.kind == "sign" and token.text in _SIGNS_OF_NAMES):
                raise self._unexpected(wanted=ends[0])
            self._index += 1
        return words_of(self._tokens[start : self._index])

    def _argument_name(self) -> str | None:
        """Take ``name :``, when that is what stands here."""
        index = self._index
        if self._token.kind != "name":
            return None
        while (token := self._tokens[index]).kind in ("name", "number") or (
            token.kind == "sign" and token.text in _SIGNS_OF_NAMES
        ):
            index += 1
        if self._tokens[index].kind != "sign" or self._tokens[index].text != ":":
            return None
        name = words_of(self._tokens[self._index : index])
        self._index = index + 1
        return name
