"""Becomes another program, one that is told to end (SIGTERM) when its parent ends.

    python -I -S supportbot/lifeline.py PARENT_PID PROGRAM ARGUMENT…

A program of its own and not a ``preexec_fn``: code between fork and exec may deadlock in a process
with threads. On systems other than Linux it only becomes the program.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)

if __name__ == "__main__":
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(parent):
            sys.exit("The parent has ended already.")
    os.execv(command[0], command)  # noqa: S606 a program and its arguments, no shell is wanted
