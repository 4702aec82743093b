"""Becomes a PostgreSQL program: gives up root's rights, asks to die with its parent, then executes the program.

Run as a script: ``launcher.py PARENT_PID ACCOUNT PROGRAM ARGUMENT…`` where ACCOUNT is ``UID:GID`` or ``-``. A script of its own because
Python's ``preexec_fn`` is not safe in a process with threads, and because the order matters: Linux forgets the wish to die with the parent
when the user changes, so the user changes first. It imports nothing but the standard library and runs with ``-I -S``.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Never returns: the process becomes the program, or ends."""
    parent, account, *command = arguments
    os.umask(0o077)
    if account != "-":
        uid, gid = (int(part) for part in account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # SIGINT is PostgreSQL's fast shutdown: sessions end, a checkpoint is written, the next start needs no recovery
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
    if os.getppid() != int(parent):
        sys.exit("the parent ended before the program began")
    os.execv(command[0], command)  # noqa: S606 - the whole purpose; no shell is involved


if __name__ == "__main__":
    main(sys.argv[1:])
