"""A forger with all rights on the database and without the key: takes the whole history out, changes it, covers it up, puts it back.

``ATTACKS`` change what happened, each at random; ``COVERS`` make the rest agree with it, as far as somebody without the key can, up to
computing every hash again and to having the house itself sign what they made.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.history import checkpoints, verifier
from engine.history.kinds import KINDS
from engine.history.signing import Signer
from engine.history.store import moment_text

Chain = tuple[str, str]
"""The word of its kind, and its name in the order."""


@dataclass(frozen=True)
class Event:
    chain: Chain
    sequence: int
    at: datetime
    actor: str
    record: str
    hash: bytes

    def content(self) -> bytes:
        told = (self.sequence, moment_text(self.at), self.actor, self.record)
        word, name = self.chain
        if word == "case":
            return verifier.event_content(int(name), *told)
        return verifier.named_content(word, name.split("/", len(verifier.NAMED[word]) - 1), *told)


@dataclass
class Ledger:
    """Everything that the proofs are made of, as plain values: events in their order, begins of chains, checkpoints with their trees."""

    events: list[Event]
    begins: dict[Chain, bytes]
    points: list[dict[str, Any]]
    peaks: list[bytes] = field(default_factory=list)

    @classmethod
    def read(cls, session: Session) -> Ledger:
        versions = session.execute(
            text(
                "SELECT i.id, v.content_hash FROM engine.instance i JOIN engine.definition_version v ON v.id = i.version_id"
            )
        )
        begins = {("case", str(each.id)): verifier.chain_begin(each.content_hash) for each in versions}
        found: list[tuple[int, Event]] = []
        for kind in KINDS:
            rows = session.execute(
                text(f"""
                SELECT placed.first + event.sequence - placed.sequence AS number, placed.chain, event.* FROM {kind.table} event
                JOIN engine.history_order placed ON placed.kind = '{kind.word}' AND {kind.joined}
                    AND event.sequence BETWEEN placed.sequence AND placed.sequence + placed.last - placed.first
            """)
            )
            for row in rows:
                chain = (kind.word, row.chain)
                event = Event(chain, row.sequence, row.at, row.actor, row.record, bytes(row.hash))
                found.append((row.number, event))
                if kind.word != "case":
                    names = row.chain.split("/", len(kind.members) - 1)
                    begins[chain] = verifier.named_begin(kind.word, *names)
        events = [each for _, each in sorted(found, key=lambda pair: pair[0])]
        stored = session.execute(text("SELECT peaks FROM engine.history_checkpoint ORDER BY number"))
        said = [dict(each.said) for each in checkpoints.since(session, 0)]
        return cls(events, begins, said, [bytes(each.peaks) for each in stored])

    def copy(self) -> Ledger:
        return Ledger(list(self.events), dict(self.begins), [dict(each) for each in self.points], list(self.peaks))

    def write(self, session: Session) -> None:
        """Put it back as if it had always been so; the triggers are the first to go."""
        for table in (
            "event",
            "definition_event",
            "refusal_event",
            "record_event",
            "history_order",
            "history_checkpoint",
        ):
            session.execute(text(f"ALTER TABLE engine.{table} DISABLE TRIGGER USER"))
            session.execute(text(f"DELETE FROM engine.{table}"))
        for kind in KINDS:
            rows = [
                dict(zip(kind.members.values(), _names(each), strict=True))
                | {name: getattr(each, name) for name in ("sequence", "at", "actor", "record", "hash")}
                | {"type": json.loads(each.record)["type"]}
                for each in self.events
                if each.chain[0] == kind.word
            ]
            if rows:
                columns = ", ".join(rows[0])
                values = ", ".join(f":{name}" for name in rows[0])
                session.execute(text(f"INSERT INTO {kind.table} ({columns}) VALUES ({values})"), rows)
        order = [
            {"number": number, "kind": each.chain[0], "chain": each.chain[1], "sequence": each.sequence, "at": each.at}
            for number, each in enumerate(self.events, 1)
        ]
        if order:
            session.execute(
                text("""
                INSERT INTO engine.history_order (first, last, kind, chain, sequence, at, actor, topic)
                VALUES (:number, :number, :kind, :chain, :sequence, :at, '', 'automatic')
            """),
                order,
            )
        points = [
            {
                **{name: bytes.fromhex(each[name]) for name in ("root", "previous", "key", "signature")},
                **{name: each[name] for name in ("number", "size", "at")},
                "peaks": peaks,
            }
            for each, peaks in zip(self.points, self.peaks, strict=True)
        ]
        if points:
            session.execute(
                text("""
                INSERT INTO engine.history_checkpoint (number, size, root, at, previous, public_key, signature, peaks)
                VALUES (:number, :size, :root, CAST(:at AS timestamptz), :previous, :key, :signature, :peaks)
            """),
                points,
            )

    def rehash(self) -> None:
        """Number each chain anew and compute every hash again: whatever happened, every chain is whole."""
        heads: dict[Chain, tuple[int, bytes]] = {}
        for at, event in enumerate(self.events):
            sequence, reached = heads.get(event.chain, (0, self.begins[event.chain]))
            event = replace(event, sequence=sequence + 1)  # noqa: PLW2901 - the event as it becomes
            event = replace(event, hash=verifier.chain_link(reached, event.content()))  # noqa: PLW2901
            self.events[at] = event
            heads[event.chain] = (event.sequence, event.hash)

    def resign(self, key: Ed25519PrivateKey, named: str | None = None) -> None:
        """Make every checkpoint anew, as far as there are events for it, with a key of one's own (under the name of another, perhaps)."""
        previous, points, peaks = verifier.NO_CHECKPOINT, [], []
        for point in self.points:
            tree = verifier.Tree()
            for event in self.events[: point["size"]]:
                tree.add(event.hash)
            if not tree.size:  # the table takes none over nothing
                continue
            made = {
                **{name: point[name] for name in ("at", "format", "number")},
                "key": named or key.public_key().public_bytes_raw().hex(),
                "previous": previous,
                "root": tree.root().hex(),
                "size": tree.size,
            }
            made["signature"] = key.sign(verifier.checkpoint_content(made)).hex()
            previous = verifier.checkpoint_hash(made)
            points.append(made)
            peaks.append(b"".join(tree.peaks))
        self.points, self.peaks = points, peaks


def _names(event: Event) -> tuple[Any, ...]:
    word, name = event.chain
    return (int(name),) if word == "case" else tuple(name.split("/", len(verifier.NAMED.get(word, ("",))) - 1))


# -- what somebody would like to have happened ------------------------------------------------------------------------------------

Attack = Callable[[Ledger, Random, int], None]
"""Changes the ledger somewhere in its first ``size`` events."""


def edit_record(ledger: Ledger, drawn: Random, size: int) -> None:
    at = drawn.randrange(size)
    record = json.loads(ledger.events[at].record)
    record[drawn.choice(sorted(set(record) - {"type"}) or ["added"])] = drawn.choice(["0", None, drawn.randrange(1000)])
    ledger.events[at] = replace(ledger.events[at], record=verifier.canonical(record))


def edit_actor(ledger: Ledger, drawn: Random, size: int) -> None:
    at = drawn.randrange(size)
    ledger.events[at] = replace(ledger.events[at], actor=drawn.choice(["camille", "monique", "zoé "]))


def edit_moment(ledger: Ledger, drawn: Random, size: int) -> None:
    at = drawn.randrange(size)
    ledger.events[at] = replace(
        ledger.events[at], at=ledger.events[at].at + timedelta(microseconds=drawn.randint(1, 10**9))
    )


def delete(ledger: Ledger, drawn: Random, size: int) -> None:
    first = drawn.randrange(size)
    del ledger.events[first : first + drawn.randint(1, 3)]


def delete_chain(ledger: Ledger, drawn: Random, size: int) -> None:
    chain = ledger.events[drawn.randrange(size)].chain
    ledger.events = [each for each in ledger.events if each.chain != chain]


def insert(ledger: Ledger, drawn: Random, size: int) -> None:
    like = ledger.events[drawn.randrange(size)]
    ledger.events.insert(drawn.randrange(size), replace(like, actor=drawn.choice(["camille", "monique"])))


def swap(ledger: Ledger, drawn: Random, size: int) -> None:
    """Two events change places in the order, and in their chain if it is one."""
    one, other = drawn.sample(range(size), 2)
    ledger.events[one], ledger.events[other] = ledger.events[other], ledger.events[one]


def swap_contents(ledger: Ledger, drawn: Random, size: int) -> None:
    """Two events keep their places and exchange what they say."""
    one, other = drawn.sample(range(size), 2)
    this, that = ledger.events[one], ledger.events[other]
    ledger.events[one] = replace(this, record=that.record, actor=that.actor, at=that.at)
    ledger.events[other] = replace(that, record=this.record, actor=this.actor, at=this.at)


def move_to_other_chain(ledger: Ledger, drawn: Random, size: int) -> None:
    at = drawn.randrange(size)
    others = [each for each in ledger.begins if each != ledger.events[at].chain]
    ledger.events[at] = replace(ledger.events[at], chain=drawn.choice(others))


def cut_tail(ledger: Ledger, drawn: Random, size: int) -> None:
    """The end goes, and every checkpoint that tells of it."""
    left = drawn.randrange(size)
    del ledger.events[left:]
    kept = [(each, peaks) for each, peaks in zip(ledger.points, ledger.peaks, strict=True) if each["size"] <= left]
    ledger.points, ledger.peaks = [each for each, _ in kept], [peaks for _, peaks in kept]


def cut_tail_and_go_on(ledger: Ledger, drawn: Random, size: int) -> None:
    """The end goes, and other events come in its place."""
    count = len(ledger.events)
    left = drawn.randrange(size)
    del ledger.events[left:]
    chains = sorted(ledger.begins)
    source = ledger.events[-1] if ledger.events else None
    while source is not None and len(ledger.events) < count:
        record = verifier.canonical({"type": "case:noted", "text": drawn.randrange(1000)})
        ledger.events.append(replace(source, chain=drawn.choice(chains), record=record))


ATTACKS: tuple[Attack, ...] = (
    edit_record,
    edit_actor,
    edit_moment,
    delete,
    delete_chain,
    insert,
    swap,
    swap_contents,
    move_to_other_chain,
    cut_tail,
    cut_tail_and_go_on,
)

# -- and how they would hide it ----------------------------------------------------------------------------------------------------

Cover = Callable[[Ledger, Random, Signer], None]
"""The signer is the house's; only what the house would do by itself may be asked of it."""


def hide_nothing(ledger: Ledger, _drawn: Random, _house: Signer) -> None:
    """The rows must at least find their places: a row is moved aside where its number is taken."""
    seen: set[tuple[Chain, int]] = set()
    for at, event in enumerate(ledger.events):
        sequence = event.sequence
        while (event.chain, sequence) in seen:
            sequence += 1
        seen.add((event.chain, sequence))
        ledger.events[at] = replace(event, sequence=sequence)


def recompute_chains(ledger: Ledger, _drawn: Random, _house: Signer) -> None:
    ledger.rehash()


def drop_checkpoints(ledger: Ledger, _drawn: Random, _house: Signer) -> None:
    ledger.rehash()
    ledger.points, ledger.peaks = [], []


def sign_with_own_key(ledger: Ledger, drawn: Random, _house: Signer) -> None:
    ledger.rehash()
    ledger.resign(Ed25519PrivateKey.from_private_bytes(drawn.randbytes(32)))


def sign_in_the_houses_name(ledger: Ledger, drawn: Random, house: Signer) -> None:
    ledger.rehash()
    ledger.resign(Ed25519PrivateKey.from_private_bytes(drawn.randbytes(32)), named=house.public_key.hex())


def let_the_house_sign(ledger: Ledger, _drawn: Random, house: Signer) -> None:
    """Every checkpoint goes, and the worker, which knows no better, signs what it finds: with the true key."""
    ledger.rehash()
    ledger.resign(house._private)


COVERS: tuple[Cover, ...] = (
    hide_nothing,
    recompute_chains,
    drop_checkpoints,
    sign_with_own_key,
    sign_in_the_houses_name,
    let_the_house_sign,
)
