"""The short form: a process in YAML that people can read without knowing BPMN, and the model that it means.

``docs/short-form.md`` tells it with an example, ``schema.json`` says for editors what may stand where. A file is compared with the
schema (``shape``), drawn as the tree of a BPMN file (``sheet``, ``order``, ``steps``, ``activities``, ``events``) and read by the reader
of such files, so that both forms mean the same and are judged by the same rules. Problems come back with the lines of the YAML file
(``reader``).
"""

from engine.model.short_form.reader import ShortForm, read_short_form

__all__ = ["ShortForm", "read_short_form"]
