"""A real HTTP server on a free loopback port, for the length of a block."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

__all__ = ["serve"]


class _Server(uvicorn.Server):
    """Tells another thread when it accepts connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@contextmanager
def serve(app: Any, *, host: str = "127.0.0.1") -> Iterator[str]:
    """Run the ASGI application `app` in a thread and give its address, such as `http://127.0.0.1:40123`.

    Handlers that never answer are cut off when the block ends. Raises RuntimeError when the server does
    not start.
    """
    listener = socket.create_server((host, 0))
    config = uvicorn.Config(
        app, log_config=None, lifespan="off", access_log=False, timeout_graceful_shutdown=1, ws="none"
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        if not server.ready.wait(timeout=10):
            raise RuntimeError("the test server does not start")
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        # force_exit: nobody waits for an answer any more.
        server.should_exit = server.force_exit = True
        thread.join(timeout=10)
        listener.close()
