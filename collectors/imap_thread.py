"""Blocking calls of one mailbox, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TypeVar

__all__ = ["CallThread"]

_T = TypeVar("_T")


class CallThread:
    """Runs calls one after another.

    A daemon thread, unlike those of an executor: a server that does not answer must not hold up the end of the
    program until its timeout.
    """

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def run(self, call: Callable[[], _T]) -> asyncio.Future[_T]:
        """The result of `call`, once all earlier ones are done."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()

        def settle(result: _T | None, error: BaseException | None) -> None:
            if future.done():  # cancelled meanwhile
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]  # a result where there is no error

        def perform() -> None:
            result, error = None, None
            try:
                result = call()
            except Exception as caught:
                error = caught
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, result, error)

        self._calls.put(perform)
        return future

    def finish(self, last: Callable[[], None]) -> None:
        """Run `last` after the calls so far, and end the thread; does not wait."""
        self._calls.put(last)
        self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
