"""The one door to what people change outside a process (architecture §4): ``execute``, and what it wrote.

``engine.record`` is the contract of a command; here it is run and recorded. Every change of a record is an event in the chain of that
record: who, when, by which command, which fields, from what to what.
"""

from engine.records.door import Recorded, apply, execute

__all__ = ["Recorded", "apply", "execute"]
