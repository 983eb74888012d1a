# SPDX-License-Identifier: Apache-2.0 OR MIT
"""How a program of the rig ends when it is not wanted any more: no traceback, no emulator left, no file half written.

    sys.exit(ending.of(main, "rig"))

Ctrl-C, SIGTERM, SIGHUP: what was started is ended, and the exit code is 128 and the signal's number, as a shell has it. If nobody
reads what is printed (`| head`): 141, without a word; what is said by `tell` does not mind, and the program goes on.
"""

import contextlib
import os
import signal
import sys
from pathlib import Path

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
UNREAD = 128 + signal.SIGPIPE


class Stopped(BaseException):
    """By a signal: of no class that somebody on the way might take for a failure."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def children():
    """Processes that this one has started, in whichever thread."""
    for task in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            yield from map(int, task.read_text().split())


def stopped(number, _frame):
    """Once: a second Ctrl-C does not interrupt the end. A terminal tells the children, too; `kill` does not."""
    for n in SIGNALS:
        signal.signal(n, signal.SIG_IGN)
    for child in children():
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGTERM)
    raise Stopped(number)


@contextlib.contextmanager
def later():
    """For what belongs together: a signal waits until it is done."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def unheard():
    """What is printed from now on goes nowhere: so does what Python itself would write at the very end."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def tell(text):
    """A line, if somebody reads it."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        unheard()


def of(main, name):
    """main() and its exit code."""
    for n in SIGNALS:
        if signal.getsignal(n) is not signal.SIG_IGN: # nohup, or a shell's background
            signal.signal(n, stopped)
    try:
        code = main()
        sys.stdout.flush()
        return code
    except Stopped as e:
        with contextlib.suppress(OSError):
            print(f"{name}: interrupted", file=sys.stderr)
        code = 128 + e.number
    except BrokenPipeError:
        code = UNREAD
    unheard()
    return code
