"""Exit codes: the same for every command."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Exit"]


class Exit(IntEnum):
    """What a command's end means."""

    OK = 0  # all that was asked for was done
    FAILED = 1  # something could not be done: a source, a channel, a row; what is stored stays stored
    WRONG = 2  # the configuration or the command line is wrong; nothing was done
    INTERRUPTED = 130  # stopped by Ctrl-C; what was under way is done again the next time
