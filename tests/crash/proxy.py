"""A door to PostgreSQL that slams: connections are lost at a random statement or COMMIT, before it reached the server or before its answer
came back. It stands between the server and everything that a worker opens, so nothing of the worker is changed for the test.

``python -m tests.crash.proxy FOLDER URL SEED`` listens in FOLDER until its standard input ends, then says what it did (JSON).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from sqlalchemy import make_url

SOCKET = ".s.PGSQL.5432"
_STATEMENTS = (b"Q"[0], b"E"[0])
_READY = b"Z\x00\x00\x00\x05"
SOONEST, LATEST = 1, 80
"""How many statements (or every so many COMMITs) a connection lives."""


def proxied(folder: Path, url: str) -> str:
    """The address of the same database through the proxy in ``folder``."""
    address = make_url(url).set(host=None, port=None).update_query_dict({"host": str(folder), "port": "5432"})
    return address.render_as_string(hide_password=False)


@dataclass
class Doom:
    """When a connection is lost: at its ``left``-th statement (``of_commits``: COMMIT), ``after``: once the server has done it."""

    left: int
    of_commits: bool
    after: bool

    def counts(self, frame: bytes, *, is_statement: bool) -> bool:
        """Whether this frame is the one."""
        if self.of_commits:
            is_statement = is_statement and b"COMMIT" in frame[:64]
        self.left -= is_statement
        return is_statement and self.left == 0


@dataclass
class Door:
    """``target`` is the server's socket; ``done`` counts how connections were lost."""

    target: tuple[str, int]
    chance: Random
    done: Counter[str] = field(default_factory=Counter)

    def doom(self) -> Doom:
        """What becomes of the next connection."""
        of_commits = self.chance.random() < 0.5
        most = LATEST // 5 if of_commits else LATEST
        return Doom(left=self.chance.randint(SOONEST, most), of_commits=of_commits, after=self.chance.random() < 0.5)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        host, port = self.target
        with suppress(ConnectionError, OSError, asyncio.IncompleteReadError):
            if host.startswith("/"):
                server = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
            else:
                server = await asyncio.open_connection(host, port)
            try:
                await self._connected(reader, writer, *server)
            finally:
                server[1].close()
        writer.close()

    async def _connected(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        from_server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        answers = asyncio.create_task(_copy(from_server, writer))
        try:
            while True:
                head = await reader.readexactly(4)
                begin = head + await reader.readexactly(int.from_bytes(head) - 4)
                if begin[4:8] in (b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30"):  # asks for encryption
                    writer.write(b"N")
                    continue
                break
            to_server.write(begin)
            if begin[4:8] == b"\x04\xd2\x16\x2e":  # a request to cancel
                await to_server.drain()
                return
            await self._statements(reader, from_server, to_server, answers)
        finally:
            answers.cancel()

    async def _statements(
        self,
        reader: asyncio.StreamReader,
        from_server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
        answers: asyncio.Task[None],
    ) -> None:
        doom, pending = self.doom(), b""
        while data := await reader.read(65536):
            pending += data
            at, is_lost = 0, False
            while len(pending) - at >= 5:
                end = at + 1 + int.from_bytes(pending[at + 1 : at + 5])
                if len(pending) < end:
                    break
                is_lost |= doom.counts(pending[at:end], is_statement=pending[at] in _STATEMENTS)
                at = end
            if is_lost and not doom.after:
                self._note(doom)
                return
            if is_lost:
                answers.cancel()
                with suppress(asyncio.CancelledError):
                    await answers
                to_server.write(pending)
                await _until_ready(reader, from_server, to_server)
                self._note(doom)
                return
            to_server.write(pending[:at])
            await to_server.drain()
            pending = pending[at:]

    def _note(self, doom: Doom) -> None:
        self.done[f"{'after' if doom.after else 'before'} {'COMMIT' if doom.of_commits else 'statement'}"] += 1


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()


async def _until_ready(
    client: asyncio.StreamReader, server: asyncio.StreamReader, to_server: asyncio.StreamWriter
) -> None:
    """Until the server has said that it did what it was sent, or the client is gone.

    What ends a long statement (Sync) may still be on its way from the client: without it the server would wait for ever, with its locks.
    """
    rest, ready = asyncio.create_task(_forward(client, to_server)), asyncio.create_task(_ready(server))
    try:
        await asyncio.wait((rest, ready), return_when=asyncio.FIRST_COMPLETED)
    finally:
        rest.cancel()
        ready.cancel()


async def _forward(client: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
    """Everything that the client still says; ends when it is gone."""
    with suppress(ConnectionError, OSError):
        while data := await client.read(65536):
            to_server.write(data)
            await to_server.drain()


async def _ready(server: asyncio.StreamReader) -> None:
    said = b""
    while data := await server.read(65536):
        said = (said + data)[-16:]
        if said[-6:-1] == _READY:
            return


async def main(folder: str, url: str, seed: str) -> None:
    address = make_url(url)
    host = address.host or address.query["host"]
    port = address.port or int(str(address.query.get("port", 5432)))
    door = Door(target=(str(host), port), chance=Random(seed))
    server = await asyncio.start_unix_server(door.serve, f"{folder}/{SOCKET}")
    print("listening", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()
    print(json.dumps(door.done), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
