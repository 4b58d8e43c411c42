"""A private Dovecot on free loopback ports: a real IMAP server, run by the current user."""

from __future__ import annotations

import grp
import imaplib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

__all__ = ["Dovecot", "dovecot_server"]

PASSWORD = "geheim-parole-XYZ"

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
instance_name = {name}
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {login_user}
first_valid_uid = 0
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
service imap-login {{
  chroot =
  process_min_avail = 1
  inet_listener imap {{
    port = {plain_port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  # Otherwise every refused login makes the next ones slower.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""

_CERTIFICATE = (
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
    "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
)


@dataclass(frozen=True)
class Dovecot:
    """A running server. Any user name exists; the password is `password`. Mail is put in through IMAP itself."""

    folder: Path
    plain_port: int
    tls_port: int
    host: str = "127.0.0.1"
    password: str = PASSWORD

    @property
    def ca_file(self) -> Path:
        """The certificate that its own one is checked with."""
        return self.folder / "cert.pem"

    @contextmanager
    def session(self, user: str) -> Iterator[imaplib.IMAP4]:
        """A logged-in connection, to look at or change a mailbox behind the collector's back."""
        client = imaplib.IMAP4(self.host, self.plain_port, timeout=10)
        try:
            client.login(user, self.password)
            yield client
        finally:
            client.logout()

    def append(
        self, user: str, *messages: bytes, folder: str = "INBOX", received: datetime | None = None
    ) -> None:
        """Put messages into a folder, with the time at which they arrived."""
        arrived = "" if received is None else imaplib.Time2Internaldate(received)
        with self.session(user) as client:
            for message in messages:
                status, answer = client.append(folder, "", arrived, message)
                assert status == "OK", answer


@contextmanager
def dovecot_server() -> Iterator[Dovecot]:
    """Start Dovecot for the length of the block; skips the test where it is not installed, but not in CI."""
    binary = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    openssl = shutil.which("openssl")
    if binary is None or openssl is None:
        message = "dovecot (package dovecot-imapd) and openssl are needed"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    # Not pytest's own folder: paths of Unix sockets are short, and the login process is another user.
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    try:
        folder.chmod(0o755)
        for name in ("run", "state", "mail", "home"):
            (folder / name).mkdir()
        _make_certificate(openssl, folder)
        plain_port, tls_port = _free_ports(2)
        server = Dovecot(folder, plain_port, tls_port)
        (folder / "dovecot.conf").write_text(_configuration(server), encoding="utf-8")
        process = subprocess.Popen(
            [binary, "-F", "-c", str(folder / "dovecot.conf")], stderr=subprocess.DEVNULL
        )
        try:
            _wait_until_ready(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _configuration(server: Dovecot) -> str:
    me = pwd.getpwuid(os.getuid())
    # Dovecot refuses to read mail or to talk to strangers as root.
    reader = pwd.getpwnam("nobody") if os.getuid() == 0 else me
    if reader != me:
        for name in ("mail", "home"):
            os.chown(server.folder / name, reader.pw_uid, reader.pw_gid)
    return _CONFIG.format(
        folder=server.folder,
        name=server.folder.name,
        user=me.pw_name,
        group=grp.getgrgid(os.getgid()).gr_name,
        login_user=reader.pw_name,
        uid=reader.pw_uid,
        gid=reader.pw_gid,
        password=server.password,
        plain_port=server.plain_port,
        tls_port=server.tls_port,
    )


def _make_certificate(openssl: str, folder: Path) -> None:
    subprocess.run(
        [openssl, *_CERTIFICATE.split()],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=60,
    )


def _free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def _wait_until_ready(server: Dovecot, process: subprocess.Popen[bytes]) -> None:
    context = ssl.create_default_context(cafile=server.ca_file)
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            client = imaplib.IMAP4_SSL(server.host, server.tls_port, ssl_context=context, timeout=10)
        except (OSError, imaplib.IMAP4.error):
            threading.Event().wait(0.05)
            continue
        client.logout()
        return
    log = server.folder / "log"
    said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else "nothing"
    raise RuntimeError(f"dovecot does not start; it says: {said}")
