"""Functions on contexts (DMN 1.5 §10.3.4.11)."""

from __future__ import annotations

from engine.feel.functions.registry import builtin
from engine.feel.operations import Budget, normal
from engine.feel.values import Value


@builtin("get value(m: context, key: string)")
def get_value(context: dict[str, Value], key: str) -> Value:
    """The entry ``key``."""
    return context.get(key)


@builtin("get value(m: context, keys: list)")
def get_value_of_keys(context: dict[str, Value], keys: list[Value]) -> Value:
    """The entry that a path of keys leads to."""
    found: Value = context
    for key in keys:
        found = normal(found)
        if type(found) is not dict or type(key) is not str:
            return None
        found = found.get(key)
    return found if keys else None


@builtin("get entries(m: context)")
def get_entries(budget: Budget, context: dict[str, Value]) -> Value:
    """A list of ``{key, value}``."""
    budget.items(len(context))
    return [{"key": key, "value": value} for key, value in context.items()]


@builtin("context(entries: list) -> context")
def context(budget: Budget, entries: list[Value]) -> Value:
    """A context from a list of ``{key, value}``; null when a key is missing or stands twice."""
    budget.items(len(entries))
    made: dict[str, Value] = {}
    for entry in map(normal, entries):
        if type(entry) is not dict or type(entry.get("key")) is not str or "value" not in entry or entry["key"] in made:
            return None
        made[entry["key"]] = entry["value"]
    return made


@builtin("context put(context: context, key: string, value: any) -> context")
def context_put(budget: Budget, context: dict[str, Value], key: str, value: Value) -> Value:
    """A copy of the context with one entry set."""
    budget.items(len(context))
    return {**context, key: value}


@builtin("context put(context: context, keys: list, value: any) -> context")
def context_put_deep(budget: Budget, context: dict[str, Value], keys: list[Value], value: Value) -> Value:
    """A copy of the context with the entry that a path of keys leads to set; null when the path leads nowhere."""
    if not keys or any(type(key) is not str for key in keys):
        return None
    budget.items(len(context))
    made = dict(context)
    inner = made
    for key in keys[:-1]:
        found = normal(inner.get(key))
        if type(found) is not dict:
            return None
        budget.items(len(found))
        inner[key] = inner = dict(found)
    inner[keys[-1]] = value
    return made


@builtin("context merge(contexts: list) -> context")
def context_merge(budget: Budget, contexts: list[Value]) -> Value:
    """One context of all entries; of two with the same key the later wins."""
    made: dict[str, Value] = {}
    for each in map(normal, contexts):
        if type(each) is not dict:
            return None
        budget.items(len(each))
        made.update(each)
    return made
