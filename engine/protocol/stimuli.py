"""What can happen to an instance. Imperative in meaning; the kernel answers each with events, or refuses it as stale.

``activity`` and ``wait`` are ids that events of the same instance named (``TaskCreated.activity``, ``TimerSet.wait``…). A stimulus
that names what no longer lives raises ``StaleStimulus`` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from engine.errors import Facts, WrongState
from engine.feel import Value

Variables = Mapping[str, Value]


class StaleStimulus(WrongState):
    """What the stimulus names does not live any more."""

    default_code = "stale_stimulus"


class ActRefused(WrongState):
    """What an operator wants makes no sense there; the code says why. Nothing has changed."""

    default_code = "act_refused"


class Start(Struct, frozen=True, gc=False):
    """Begin an instance of ``process`` at its plain start event, or at ``start_event``: one that something triggers, a receive task that
    begins instances, or an event after a gateway that does.
    """

    process: str
    variables: Variables = field(default_factory=dict)
    start_event: str | None = None


class CompleteTask(Struct, frozen=True, gc=False):
    """A person (login ``actor``) completed the user task with these answers."""

    activity: str
    actor: str
    variables: Variables = field(default_factory=dict)


class ReturnHandler(Struct, frozen=True, gc=False):
    """The handler gave this result."""

    activity: str
    result: Variables = field(default_factory=dict)


class ThrowError(Struct, frozen=True, gc=False):
    """The handler (or the task) ends with the modelled error ``code``; ``facts`` are what the catcher's outputs can see."""

    activity: str
    code: str
    facts: Facts = field(default_factory=dict)


class FailHandler(Struct, frozen=True, gc=False):
    """The handler failed for good (retries spent): an incident on its activity."""

    activity: str
    code: str
    facts: Facts = field(default_factory=dict)


class FireTimer(Struct, frozen=True, gc=False):
    """The wait's moment has come."""

    wait: str


class ReceiveMessage(Struct, frozen=True, gc=False):
    """A message for the wait."""

    wait: str
    name: str
    payload: Variables = field(default_factory=dict)


class ReceiveSignal(Struct, frozen=True, gc=False):
    """A signal that another instance threw: everything here that waits for it has it. Stale when nothing waits for it."""

    name: str
    payload: Variables = field(default_factory=dict)


class RetryIncident(Struct, frozen=True, gc=False):
    """Try again what led to the incident."""

    incident: str


class CancelInstance(Struct, frozen=True, gc=False):
    """End everything that lives."""

    reason: str


class MoveToken(Struct, frozen=True, gc=False):
    """An operator takes a token from the live ``activity``, which is withdrawn, and puts it at ``target``: an element of the same scope, or
    a flow there. With ``flow``, the token that waits on this flow is taken; ``activity`` is then the id of its scope.
    """

    activity: str
    target: str
    reason: str
    flow: str | None = None


class SkipActivity(Struct, frozen=True, gc=False):
    """An operator lets the instance go on after the live ``activity`` as if it had been done, without its result."""

    activity: str
    reason: str


class SetVariable(Struct, frozen=True, gc=False):
    """An operator gives a variable another value in ``scope``: a process, sub-process, item, or an activity that holds the name."""

    scope: str
    name: str
    value: Value
    reason: str


Stimulus = (
    Start
    | CompleteTask
    | ReturnHandler
    | ThrowError
    | FailHandler
    | FireTimer
    | ReceiveMessage
    | ReceiveSignal
    | RetryIncident
    | CancelInstance
    | MoveToken
    | SkipActivity
    | SetVariable
)
