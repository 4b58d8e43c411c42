"""kill -9 at any boundary loses nothing and doubles at most the message that was on its way."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from store.engine import open_store
from store.schema import migrate
from store.tables import Alert, AlertMention, Delivery, Mention, Score
from tests.clock import NOW
from tests.servers.ledger import MailLedger, SlackLedger, mail_ledger, slack_ledger

ROOT = Path(__file__).parents[2]

KILLS = 30
"""Points of one run at which it is killed."""

CONFIG = """
[database]
url = "{database}"

[model]
name = "tiny"

[daemon]
collect_concurrency = 1

[storm]
posts = 3
within = "1h"

[[brands]]
id = "shop"
name = "Veikals Asorti"
zone = "Europe/Riga"
languages = ["lv", "ru"]

[[brands]]
id = "cafe"
name = "Kavinė"
zone = "Europe/Vilnius"
languages = ["lt"]

[[sources]]
id = "reviews"
brand = "shop"
type = "file"
id_scope = "source"
path = "reviews.jsonl"
alert_first_run = true

[[sources]]
id = "comments"
brand = "cafe"
type = "file"
id_scope = "source"
path = "comments.jsonl"
alert_first_run = true

[[sources]]
id = "archive"
brand = "shop"
type = "file"
id_scope = "source"
path = "archive.jsonl"

# Two pages of posts that no rule speaks of.
[[sources]]
id = "feed"
brand = "cafe"
type = "demo"
about = "kafija-krasts"
part = "demo-reviews"

[[rules]]
name = "few stars"
sources = ["reviews", "comments", "archive"]
max_stars = 2
"""

SLACK = """
[[channels]]
name = "slack"
type = "slack"
token = "xoxb-right"
channel = "C1"
api_url = "{address}"
"""

MAIL = """
[[channels]]
name = "mail"
type = "email"
host = "127.0.0.1"
port = {port}
security = "none"
sender = "atbalss@cafe.example"
recipients = ["care@cafe.example"]
"""


def row(number: str, text: str, stars: int, minutes: int) -> dict[str, object]:
    return {
        "id": number,
        "text": text,
        "stars": stars,
        "date": (NOW - timedelta(minutes=minutes)).isoformat(),
    }


POSTS = {
    "reviews": [
        row("r1", "Slikti, kurjers neatbrauca.", 1, 600),
        row("r2", "Ļoti labi, paldies!", 5, 500),
        row("r3", "Slikti, kurjers neatbrauca.", 1, 400),
        row("r4", "Ужасно, посылка потеряна.", 2, 200),
        row("r5", "👍", 4, 100),
    ],
    "comments": [
        row("c1", "Labai blogai, sriuba šalta.", 1, 50),
        row("c2", "Blogai, padavėja grubi.", 1, 45),
        row("c3", "Baisu, laukėme valandą.", 2, 40),
        row("c4", "Viskas gerai, ačiū.", 5, 30),
    ],
    # The second one is from the week before, so that there is something to report.
    "archive": [
        row("a1", "Slikti, viss bija salauzts.", 1, 900),
        row("a2", "Viss bija labi.", 5, 6 * 24 * 60),
    ],
}


@dataclass(frozen=True)
class State:
    """All that must be the same with and without a kill; no row's own number is in it."""

    posts: Counter[tuple[str, str, str]]
    scores: Counter[tuple[str, str, int, str]]
    decisions: dict[tuple[str, str], str | None]
    alerts: Counter[tuple[str, str]]
    members: Counter[tuple[str, str, str]]
    deliveries: Counter[tuple[str, str, str]]

    @property
    def events(self) -> set[str]:
        """The ids of all messages that must arrive."""
        return {event for event, _, _ in self.deliveries}


def state_of(database: str) -> State:
    store = open_store(database)
    with store.read() as session:
        mentions = {one.id: one for one in session.exec(select(Mention))}
        names = {key: (one.source, one.external_id) for key, one in mentions.items()}
        alerts = {one.id: one for one in session.exec(select(Alert))}
        state = State(
            posts=Counter((*names[one.id], one.text) for one in mentions.values()),
            scores=Counter(
                (*names[one.mention_id], one.revision, one.label) for one in session.exec(select(Score))
            ),
            decisions={names[one.id]: one.decision for one in mentions.values()},
            alerts=Counter((one.kind, one.event_id) for one in alerts.values()),
            members=Counter(
                (alerts[one.alert_id].event_id, names[one.mention_id][1], one.role)
                for one in session.exec(select(AlertMention))
            ),
            deliveries=Counter(
                (one.event_id, one.channel, one.state) for one in session.exec(select(Delivery))
            ),
        )
    store.close()
    return state


class Victims:
    """Lives and deaths of the program on one configuration."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def live(self, folder: Path, number: int = 0, kill_at: int | None = None) -> list[str]:
        """Run one life to its end or death, ten minutes after the one before; gives the boundaries it crossed.

        Ten minutes are more than a lease, so a later life finds what an earlier one held given up.
        """
        trail = folder / f"trail-{number}"
        order = {
            "config": str(folder / "atbalss.toml"),
            "now": (NOW + number * timedelta(minutes=10)).isoformat(),
            "trail": str(trail),
            "kill_at": kill_at,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        end = json.loads(self._process.stdout.readline())["exit"]
        crossed = trail.read_text().splitlines()
        assert end == (0 if kill_at is None or kill_at > len(crossed) else -9)
        return crossed


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.acceptance.victim"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Victims(process)
        assert process.stdin is not None
        process.stdin.close()
    assert process.returncode == 0


@pytest.fixture(scope="module")
def slack() -> Iterator[SlackLedger]:
    with slack_ledger() as ledger:
        yield ledger


@pytest.fixture(scope="module")
def mail() -> Iterator[MailLedger]:
    with mail_ledger() as ledger:
        yield ledger


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    store = open_store(f"sqlite:///{path}")
    migrate(store)
    store.close()
    return path


def make_folder(folder: Path, database: str, *channels: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "atbalss.toml").write_text(
        CONFIG.replace("{database}", database) + "".join(channels), encoding="utf-8"
    )
    for name, rows in POSTS.items():
        lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return folder


def sqlite_folder(parent: Path, name: str, empty: Path, *channels: str) -> tuple[Path, str]:
    folder = parent / name
    folder.mkdir()
    shutil.copy(empty, folder / "atbalss.db")
    database = f"sqlite:///{folder / 'atbalss.db'}"
    return make_folder(folder, database, *channels), database


@dataclass(frozen=True)
class Undisturbed:
    """A run that nobody killed: what it left, which messages it sent, which boundaries it crossed."""

    state: State
    boundaries: list[str]


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory, victims: Victims, slack: SlackLedger, empty_database: Path
) -> Undisturbed:
    slack.forget()
    folder, database = sqlite_folder(
        tmp_path_factory.mktemp("undisturbed"),
        "run",
        empty_database,
        SLACK.replace("{address}", slack.address),
    )
    boundaries = victims.live(folder)
    state = state_of(database)
    assert slack.counts == Counter(state.events)
    return Undisturbed(state, boundaries)


def renamed(state: State, channel: str) -> State:
    """The same state with another channel's name."""
    deliveries = Counter({(event, channel, how): n for (event, _, how), n in state.deliveries.items()})
    return State(state.posts, state.scores, state.decisions, state.alerts, state.members, deliveries)


def check_nothing_is_lost(
    found: State, expected: State, arrived: Counter[str], kills: int, where: object
) -> None:
    assert found.posts == expected.posts, where
    assert found.scores == expected.scores, where
    assert found.decisions == expected.decisions, where
    assert found.alerts == expected.alerts, where
    assert found.members == expected.members, where
    assert found.deliveries == expected.deliveries, where
    assert set(arrived) == expected.events, where
    assert arrived.total() - len(arrived) <= kills, where


def test_the_undisturbed_run_is_worth_disturbing(undisturbed):
    state = undisturbed.state
    assert {external_id for source, external_id, _ in state.posts if source == "reviews"} == {
        "r1",
        "r2",
        "r3",
        "r4",
        "r5",
    }
    assert set(state.posts.values()) == {1}
    assert {
        (source, number): why for (source, number), why in state.decisions.items() if source != "feed"
    } == {
        ("reviews", "r1"): "alert",
        ("reviews", "r2"): "stars",
        ("reviews", "r3"): "duplicate",
        ("reviews", "r4"): "alert",
        ("reviews", "r5"): "stars",
        ("comments", "c1"): "storm",
        ("comments", "c2"): "storm",
        ("comments", "c3"): "storm",
        ("comments", "c4"): "stars",
        ("archive", "a1"): "baseline",
        ("archive", "a2"): "baseline",
    }
    # Two alerts, a storm, and a digest for each brand.
    assert len(state.deliveries) == 5
    assert {how for _, _, how in state.deliveries} == {"sent"}


def test_the_boundaries_are_in_every_stage(undisturbed):
    stages = Counter(name.split(".")[0].split(" ")[0] for name in undisturbed.boundaries)
    assert set(stages) == {"collect", "score", "decide", "digest", "deliver", "channel"}
    assert len(undisturbed.boundaries) >= 40


def points(boundaries: list[str]) -> list[int]:
    """Which boundaries to kill at: each kind at least once, and by chance so many more."""
    chance = random.Random(20)
    numbers = list(range(1, len(boundaries) + 1))
    chance.shuffle(numbers)
    first = {boundaries[number - 1]: number for number in numbers}
    rest = [number for number in numbers if number not in first.values()]
    return sorted([*first.values(), *rest[: max(0, KILLS - len(first))]])


@pytest.mark.slow
def test_a_kill_at_any_boundary_loses_nothing(tmp_path, undisturbed, victims, slack, empty_database):
    channel = SLACK.replace("{address}", slack.address)
    killed_at = set()
    chosen = points(undisturbed.boundaries)
    for number in chosen:
        slack.forget()
        folder, database = sqlite_folder(tmp_path, f"run-{number}", empty_database, channel)
        crossed = victims.live(folder, 0, kill_at=number)
        victims.live(folder, 1)
        where = f"killed at boundary {number}: {crossed[-1]}"
        check_nothing_is_lost(state_of(database), undisturbed.state, slack.counts, 1, where)
        killed_at.add(crossed[-1])
    assert len(chosen) >= KILLS
    assert killed_at == set(undisturbed.boundaries)


def test_only_a_kill_between_a_send_and_its_note_doubles_a_message(
    tmp_path, undisturbed, victims, slack, empty_database
):
    doubled = {}
    for name in ("deliver._next after its commit", "channel after its send, before its note"):
        slack.forget()
        number = undisturbed.boundaries.index(name) + 1
        folder, _ = sqlite_folder(
            tmp_path, f"run-{number}", empty_database, SLACK.replace("{address}", slack.address)
        )
        assert victims.live(folder, 0, kill_at=number)[-1] == name
        assert slack.counts.total() == (1 if name.startswith("channel after") else 0)
        victims.live(folder, 1)
        doubled[name] = [count for count in slack.counts.values() if count > 1]
    assert doubled == {
        "deliver._next after its commit": [],
        "channel after its send, before its note": [2],
    }


@pytest.mark.parametrize("seed", range(2))
def test_several_kills_in_a_row_lose_nothing(
    tmp_path, undisturbed, victims, slack, mail, empty_database, seed
):
    slack.forget()
    mail.forget()
    folder, database = sqlite_folder(
        tmp_path,
        "run",
        empty_database,
        SLACK.replace("{address}", slack.address),
        MAIL.replace("{port}", str(mail.port)),
    )
    chance = random.Random(seed)
    kills = 0
    for life in range(5):
        kill_at = chance.randint(4, 30)
        kills += len(victims.live(folder, life, kill_at)) == kill_at
    victims.live(folder, 9)
    state = state_of(database)
    both = renamed(undisturbed.state, "slack").deliveries + renamed(undisturbed.state, "mail").deliveries
    expected = undisturbed.state
    expected = State(
        expected.posts, expected.scores, expected.decisions, expected.alerts, expected.members, both
    )
    assert kills >= 3
    # The channels send side by side, so one kill can meet a message of each.
    check_nothing_is_lost(state, expected, slack.counts, kills, f"seed {seed}, slack")
    check_nothing_is_lost(state, expected, mail.counts, kills, f"seed {seed}, mail")


@pytest.mark.postgres
@pytest.mark.parametrize("part", range(5))
def test_a_kill_on_postgresql_loses_nothing(tmp_path, undisturbed, victims, mail, postgres_url, part):
    mail.forget()
    folder = make_folder(tmp_path / "run", postgres_url, MAIL.replace("{port}", str(mail.port)))
    # One point out of each fifth of the run, so that every stage has its turn.
    share = len(undisturbed.boundaries) / 5
    number = random.Random(part).randint(int(part * share) + 1, int((part + 1) * share))
    crossed = victims.live(folder, 0, kill_at=number)
    victims.live(folder, 1)
    where = f"killed at boundary {number}: {crossed[-1]}"
    expected = renamed(undisturbed.state, "mail")
    check_nothing_is_lost(state_of(postgres_url), expected, mail.counts, 1, where)
