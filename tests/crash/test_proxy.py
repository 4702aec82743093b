"""The door that slams leaves nothing open behind it: a server that waited for the end of a statement would keep its locks for ever."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from tests.crash.proxy import SOCKET, Doom, Door

BEGIN = b"\x00\x00\x00\x08\x00\x03\x00\x00"
EXECUTE = b"E\x00\x00\x00\x09\x00\x00\x00\x00\x00"
SYNC = b"S\x00\x00\x00\x04"
READY = b"Z\x00\x00\x00\x05T"


class AtOnce(Door):
    """Each connection is lost at its first statement, after the server has done it."""

    def doom(self) -> Doom:
        return Doom(left=1, of_commits=False, after=True)


async def said(folder: Path, rest: bytes) -> bytes:
    """What the server had heard when its connection was closed; ``rest``: what the client says late, before it goes."""
    heard, closed = bytearray(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            heard.extend(data)
            if heard.endswith(SYNC):
                writer.write(READY)
        closed.set()
        writer.close()

    door = AtOnce(target=(str(folder), 5432), chance=Random(1))
    async with (
        await asyncio.start_unix_server(serve, f"{folder}/{SOCKET}"),
        await asyncio.start_unix_server(door.serve, f"{folder}/door"),
    ):
        reader, writer = await asyncio.open_unix_connection(f"{folder}/door")
        writer.write(BEGIN + EXECUTE)
        await asyncio.sleep(0.05)
        writer.write(rest)
        if not rest:
            writer.close()
        assert await reader.read() == b"", "the answer is lost"
        await closed.wait()
        writer.close()
    return bytes(heard)


@pytest.mark.parametrize("rest", [SYNC, b""])
def test_the_server_hears_the_end_of_a_statement_that_comes_late_or_that_nobody_is_there(
    tmp_path: Path, rest: bytes
) -> None:
    # in a thread of its own: after a test in a browser, this one has a loop already
    with ThreadPoolExecutor(max_workers=1) as thread:
        heard = thread.submit(lambda: asyncio.run(asyncio.wait_for(said(tmp_path, rest), timeout=10))).result()
    assert heard == BEGIN + EXECUTE + rest
