"""Becomes a command that dies with the process that started it: `child.py PARENT COMMAND…`.

It runs by path on a bare interpreter (`python -I -S`), which costs about 10 ms, because code
between fork and exec in a process with threads may deadlock. Standard library only.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Has the kernel kill this process when its parent ends, however that ends (Linux only).

    Args:
        parent: the process id the parent had; when it is gone already, this process ends now.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    try:
        os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - a shell is what we don't want
    except OSError as error:
        sys.exit(f"{sys.argv[2]} can't be started: {error.strerror}")
