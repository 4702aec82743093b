"""What the editors are given besides the files."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from engine.definitions import variables
from engine.handler import Handler, HandlerTable
from engine.identity.people import RoleTitles
from engine.instances.catalogue import described
from engine.model.bundle import Bundle
from engine.stories import stories_of
from web import ui
from web.ui import in_language, safe_json
from web.workshop import completion, decisions, vocabulary


def bpmn_path(files: Mapping[str, bytes]) -> str:
    """The path of the diagram in a bundle."""
    return next(path for path in sorted(files) if path.endswith(".bpmn"))


def decision_data(files: Mapping[str, bytes], path: str, bundle: Bundle) -> Markup:
    """What the editor of decision tables begins with, as JSON. ``bundle``: the latest version, which tells the variables."""
    file = vocabulary.of_file(files, path)
    names, types = file.names.union(variables.known(bundle)), variables.typed(bundle) | dict(file.variables)
    return safe_json(
        {
            "path": path,
            "dmn": files[path].decode("utf-8", "replace"),
            "names": sorted(names),
            "variables": completion.described(names, types),
            "functions": completion.functions(),
            "stories": _stories(files),
        }
    )


def data(files: Mapping[str, bytes], bundle: Bundle, handlers: HandlerTable, roles: RoleTitles) -> Markup:
    """All that the editor offers, as JSON. ``bundle``: the latest version; it has the forms, and tells the variables."""
    return safe_json(
        {
            "path": bpmn_path(files),
            "bpmn": files[bpmn_path(files)].decode("utf-8", "replace"),
            "handlers": [_handler(each) for _, each in sorted(handlers.handlers.items())],
            "roles": [{"key": key, "title": in_language(title)} for key, title in sorted(roles.items())],
            "forms": [{"id": each.id, "title": in_language(each.title)} for _, each in sorted(bundle.forms.items())],
            "decisions": decisions.offered(files),
            "names": sorted(variables.known(bundle)),
            "variables": completion.described(variables.known(bundle), variables.typed(bundle)),
            "functions": completion.functions(),
            "stories": _stories(files),
        }
    )


def _stories(files: Mapping[str, bytes]) -> dict[str, str]:
    """The text of each story by its path: what the process is to do is changed with it."""
    return {path: content.decode("utf-8", "replace") for path, content in stories_of(files).items()}


def _handler(handler: Handler) -> dict[str, object]:
    """As the catalogue describes it, with the title of the language."""
    return described(handler) | {"title": handler.title_fr if ui.locale() == "fr" else handler.title_en}
