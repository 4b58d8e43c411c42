"""`/healthz` and `/metrics` on a loopback port: two pages for machines."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

import structlog

from atbalss.errors import ConfigError
from atbalss.metrics import CONTENT_TYPE

__all__ = ["Monitor"]

log = structlog.get_logger()

PLAIN = "text/plain; charset=utf-8"


class Monitor:
    """Serves the pages from its own threads until it is closed.

    `health` gives (well?, facts); `metrics` the text for Prometheus. Raises ConfigError when the port is taken.
    """

    def __init__(
        self,
        address: tuple[str, int],
        health: Callable[[], tuple[bool, dict[str, object]]],
        metrics: Callable[[], bytes],
    ) -> None:
        class Handler(BaseHTTPRequestHandler):
            server_version = "Atbalss"
            sys_version = ""

            def do_GET(self) -> None:
                path = self.path.split("?", 1)[0]
                try:
                    if path == "/healthz":
                        well, facts = health()
                        self._answer(200 if well else 503, "application/json", json.dumps(facts).encode())
                    elif path == "/metrics":
                        self._answer(200, CONTENT_TYPE, metrics())
                    else:
                        self._answer(404, PLAIN, b"there are /healthz and /metrics\n")
                except ConnectionError:
                    pass  # whoever asked did not wait for the answer
                except Exception as error:
                    log.error("a page failed", action="monitor.failed", page=path, exc_info=error)
                    self._answer(503, PLAIN, b"the database does not answer\n")

            def _answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep quiet: a probe every few seconds is no event."""

        class Server(ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
            daemon_threads = True

            def server_bind(self) -> None:
                """Bind only: HTTPServer's own way also asks the DNS for this machine's name."""
                TCPServer.server_bind(self)

        try:
            self._server = Server(address, Handler)
        except OSError as error:
            raise ConfigError(
                "daemon.listen",
                f"cannot listen on {address[0]}:{address[1]} ({error.strerror})",
                "choose another port, or switch the pages off with an empty string",
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="monitor", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
