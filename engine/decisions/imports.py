"""The files at hand, and which of them an import means (DMN 1.5 §6.3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from engine.decisions import xml as dmn
from engine.errors import DefinitionError


@dataclass(slots=True)
class Library:
    """DMN files by path, each parsed once."""

    files: Mapping[str, bytes]
    _roots: dict[str, etree._Element | DefinitionError] = field(default_factory=dict)

    def root(self, path: str) -> etree._Element:
        """The ``definitions`` of a file. Raises DefinitionError when it is no DMN file."""
        if path not in self._roots:
            try:
                self._roots[path] = dmn.parse(self.files[path], path)
            except DefinitionError as error:
                self._roots[path] = error
        found = self._roots[path]
        if isinstance(found, DefinitionError):
            raise found
        return found

    def find(self, namespace: str, location: str | None) -> str | None:
        """The path of the file whose namespace that is; among several, the one that ``location`` names. Unreadable files do not count."""
        found = [path for path in sorted(self.files) if self._namespace(path) == namespace]
        wanted = _file_name(location or "")
        return next((path for path in found if _file_name(path) == wanted), found[0] if found else None)

    def imported(self, path: str) -> dict[str, str]:
        """Where the namespaces are that a file imports, by path; those that no file at hand has are left out."""
        found: dict[str, str] = {}
        for element in dmn.children(self.root(path), "import"):
            other = self.find(element.get("namespace", ""), element.get("locationURI"))
            if other is not None:
                found[other] = element.get("namespace", "")
        return found

    def reaches(self, start: str, target: str) -> bool:
        """Whether a file imports another, directly or through others."""
        seen, ahead = {start}, [start]
        while ahead:
            for path in self.imported(ahead.pop()):
                if path == target:
                    return True
                if path not in seen:
                    seen.add(path)
                    ahead.append(path)
        return False

    def _namespace(self, path: str) -> str | None:
        try:
            return self.root(path).get("namespace", "")
        except DefinitionError:
            return None


def _file_name(location: str) -> str:
    return location.replace("\\", "/").rpartition("/")[2]


def is_dmn(import_type: str) -> bool:
    """Whether an import of this type is one of a DMN file: named by a namespace of any version."""
    return import_type.rstrip("/") in {each.rstrip("/") for each in dmn.NAMESPACES} or "/spec/DMN/" in import_type
