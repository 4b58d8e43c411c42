"""Mail and Slack are down for an hour: nothing is lost, nobody is hammered, the order is kept."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from alerts.channels import email, slack
from alerts.channels.base import Channel
from atbalss.pipeline.deliver import deliver_all
from atbalss.pipeline.runtime import Runtime
from atbalss.status import ChannelLine, status_of
from tests.clock import NOW, Clock
from tests.servers.http import serve
from tests.servers.slack import Answer, FakeSlack
from tests.servers.smtp import smtp_server
from tests.world import World, post

HOUR = timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[World]:
    made = World(tmp_path, database_url, clock)
    yield made
    made.close()


def complain(world: World, runtime: Runtime, number: int) -> None:
    """One complaint, far enough from the others to be no storm."""
    at = world.clock() - timedelta(hours=30 * (number % 5))
    world.store_posts(runtime, post(str(number), f"Sūdzība numur {number}: ļoti slikti", published_at=at))
    world.judge(runtime)


def line(world: World, runtime: Runtime) -> ChannelLine:
    return status_of(runtime.config, runtime.store, world.clock()).channels[0]


async def an_hour_down(world: World, runtime: Runtime, knocks: Callable[[], int]) -> list[int]:
    """Deliver whenever it may be tried until an hour is over; gives the attempts that `status` showed each time.

    Between two attempts, deliver again as the daemon's ticks do: nothing may be asked of the other side then.
    """
    shown = []
    number = 0
    while world.clock() < NOW + HOUR:
        number += 1
        complain(world, runtime, number)
        assert await deliver_all(runtime) == 0
        now = line(world, runtime)
        shown.append(now.attempts)
        assert now.status == "waiting"
        assert now.last_error
        assert now.counts == {"pending": number}
        assert now.wait_until is not None
        before = knocks()
        world.clock.now = now.wait_until - timedelta(seconds=1)
        assert await deliver_all(runtime) == 0
        assert knocks() == before
        world.clock.now = now.wait_until
    return shown


def use(runtime: Runtime, channel: Channel) -> None:
    runtime.channels = {"first": channel}


def mail_to(port: int) -> Channel:
    settings = email.Settings(
        host="127.0.0.1",
        port=port,
        security="none",
        sender="Atbalss <atbalss@example.lv>",
        recipients=("care@example.lv",),
    )
    return email.build(settings, name="first", now=lambda: NOW)


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def in_order(texts: list[str], count: int) -> bool:
    """Whether the first text speaks of complaint 1, the second of 2, and so on to `count`."""
    return len(texts) == count and all(f"numur {n}:" in text for n, text in enumerate(texts, start=1))


def test_a_mail_server_that_cannot_be_reached_for_an_hour_gets_everything_in_order(world: World) -> None:
    async def scene() -> None:
        runtime = world.runtime()
        use(runtime, mail_to(closed_port()))
        shown = await an_hour_down(world, runtime, lambda: 0)
        assert shown == list(range(1, len(shown) + 1))
        assert len(shown) < 12
        async with smtp_server() as mailbox:
            use(runtime, mail_to(mailbox.port))
            assert await deliver_all(runtime) == len(shown)
            bodies = [str(mail.get_body(("plain",))) for mail in mailbox.mails]
            assert in_order(bodies, len(shown))
            assert len({mail["Message-ID"] for mail in mailbox.mails}) == len(shown)
        now = line(world, runtime)
        assert (now.status, now.note, now.counts) == ("ok", None, {"sent": len(shown)})

    asyncio.run(scene())


def test_a_mail_server_that_says_later_for_an_hour_gets_everything_in_order(world: World) -> None:
    async def scene() -> None:
        runtime = world.runtime()
        answers = {"MAIL": "451 4.3.2 try again later"}
        async with smtp_server(answers=answers) as mailbox:
            use(runtime, mail_to(mailbox.port))
            shown = await an_hour_down(world, runtime, lambda: mailbox.connections)
            assert mailbox.connections == len(shown)
            answers.clear()
            assert await deliver_all(runtime) == len(shown)
            assert in_order([str(mail.get_body(("plain",))) for mail in mailbox.mails], len(shown))

    asyncio.run(scene())


def slack_texts(messages: list[dict[str, Any]]) -> list[str]:
    return [str(message) for message in messages]


@pytest.mark.parametrize(
    "answer", [Answer(503, "upstream"), Answer(429, "", {"Retry-After": "600"})], ids=["down", "throttled"]
)
def test_slack_in_trouble_for_an_hour_gets_everything_in_order(world: World, answer: Answer) -> None:
    fake = FakeSlack()

    async def scene(address: str) -> None:
        runtime = world.runtime()
        settings = slack.Settings(url=SecretStr(address + fake.path))
        use(runtime, slack.build(settings, name="first", now=world.clock))
        fake.next.extend([answer] * 1000)
        shown = await an_hour_down(world, runtime, lambda: fake.requests)
        # One request an attempt: neither a retry behind the outbox's back nor one for each notice.
        assert fake.requests == len(shown)
        if answer.status == 429:
            assert len(shown) == 6
        fake.next.clear()
        assert await deliver_all(runtime) == len(shown)
        assert in_order(slack_texts(fake.messages), len(shown))
        # Slack takes one message a second.
        assert world.clock.slept == [1.0] * (len(shown) - 1)
        assert line(world, runtime).counts == {"sent": len(shown)}

    with serve(fake.app()) as address:
        asyncio.run(scene(address))
