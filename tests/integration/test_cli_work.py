"""The main job by hand: `collect`, `run --once`, `demo`, `alerts`, `digest`, `explain`, `status`."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from alerts.digest.week import week_of
from atbalss.config import demo
from atbalss.config import load as load_module
from tests.command_line import CONFIG, CommandLine
from tests.servers.http import serve
from tests.servers.slack import Answer, FakeSlack

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Ziņas</title>
<item><guid>n1</guid><title>Veikals slēgts</title><link>https://news.example/n1</link>
<description>Slikti, veikals tiek slēgts.</description></item></channel></rss>"""


@pytest.fixture
def cli(tmp_path, monkeypatch, capfd):
    command = CommandLine(tmp_path, monkeypatch, capfd)
    command.configure()
    return command


def hours_ago(hours):
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


def reviews(cli, *numbers, stars=1):
    """The source's file, with one review of its own words for each number."""
    cli.write(
        "reviews.jsonl",
        *(
            {
                "id": f"r{number}",
                "text": f"Kurjers neatbrauca, slikti, {number}. reize.",
                "stars": stars,
                "date": hours_ago(30 * number + 1),
                "url": f"https://reviews.example/{number}",
            }
            for number in numbers
        ),
    )


def did(result):
    """New posts, scored, decided, delivered: the numbers of a run's last line."""
    said = " ".join(result.out.split())
    found = re.search(
        r"This run: new posts (\d+), scored (\d+), decided (\d+), notices delivered (\d+)", said
    )
    assert found, said
    return tuple(map(int, found.groups()))


def outbox(cli):
    return sorted(path.name for path in (cli.folder / "var" / "outbox").glob("*.eml"))


async def rss(scope, receive, send):
    """A site with one feed."""
    headers = [(b"content-type", b"application/rss+xml")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": FEED.encode()})


def test_collect_stores_and_does_nothing_else(cli):
    reviews(cli, 1, 2)
    result = cli("collect")
    assert result.code == 0
    assert "reviews" in result.out
    status = cli("status", "--json").json
    assert status["backlog"]["unscored"] == 2
    assert status["sources"][0]["posts"] == 2
    assert cli("collect").out == "No source is due.\n"


def test_a_source_that_is_named_is_collected_due_or_not(cli):
    reviews(cli, 1)
    cli("collect")
    reviews(cli, 1, 2)
    assert cli("collect", "reviews").code == 0
    assert cli("status", "--json").json["sources"][0]["posts"] == 2
    result = cli("collect", "revues")
    assert result.code == 2
    assert "use one of: reviews" in result.err


def test_a_feed_is_collected_over_the_network(cli):
    with serve(rss) as address:
        source = f'\n[[sources]]\nid = "news"\nbrand = "shop"\ntype = "feed"\nurl = "{address}/rss"\n'
        cli.configure(CONFIG + source)
        reviews(cli)
        result = cli("collect", "news")
    assert result.code == 0, result.err
    assert cli("status", "--json").json["sources"][1]["posts"] == 1


def test_a_source_that_fails_is_told_and_the_others_are_collected(cli):
    source = '\n[[sources]]\nid = "gone"\nbrand = "shop"\ntype = "file"\npath = "gone/posts.jsonl"\n'
    cli.configure(CONFIG + source)
    reviews(cli, 1)
    result = cli("collect")
    assert result.code == 1
    assert "there is no such file" in result.err
    status = cli("status", "--json")
    assert status.code == 1
    assert {one["source"]: one["posts"] for one in status.json["sources"]} == {"reviews": 1, "gone": 0}
    assert any("gone" in line for line in status.json["trouble"])


def test_a_run_alerts_once_and_a_second_run_does_nothing(cli):
    reviews(cli, 1, 2)
    first = cli("run", "--once")
    assert first.code == 0
    assert did(first) == (2, 2, 2, 2)
    assert len(outbox(cli)) == 2
    second = cli("run", "--once")
    assert did(second) == (0, 0, 0, 0)


@pytest.fixture
def tiny_demo(monkeypatch):
    """The built-in demo, judged by the tiny model: whether a model is good is tested elsewhere."""

    def judged(folder):
        config = demo(folder)
        return config.model_copy(update={"model": config.model.model_copy(update={"name": "tiny"})})

    monkeypatch.setattr("atbalss.config.demo", judged)


def test_the_demo_needs_nothing_and_repeats_nothing(tmp_path, monkeypatch, capfd, tiny_demo):
    cli = CommandLine(tmp_path, monkeypatch, capfd)
    first = cli("demo")
    assert first.code == 0
    pages = sorted(path.name for path in (tmp_path / "var" / "digest").glob("*.html"))
    assert [page.rpartition("-20")[0] for page in pages] == ["kafija-krasts", "nairi-kap"]
    assert all(page in first.out for page in pages)
    alerts = {path: path.stat().st_mtime_ns for path in (tmp_path / "var" / "outbox").iterdir()}
    assert len(alerts) > 10
    status = cli("--demo", "status", "--json").json
    assert sum(source["posts"] for source in status["sources"]) > 80
    second = cli("demo")
    assert second.code == 0
    assert did(second) == (0, 0, 0, 0)
    # Also when every source is asked once more.
    again = cli("--demo", "collect", *(source["source"] for source in status["sources"]))
    assert again.code == 0
    assert "delivered 0 notices" in cli("--demo", "alerts").out
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "var" / "outbox").iterdir()} == alerts
    repeated = cli("--demo", "status", "--json").json
    assert [one["posts"] for one in repeated["sources"]] == [one["posts"] for one in status["sources"]]


# ---------------------------------------------------------------------------------------------------- alerts

SLACK = """
[[channels]]
name = "slack"
type = "slack"
token = "xoxb-right"
channel = "C1"
api_url = "{address}/api/"
"""


@pytest.fixture
def slack():
    """A Slack, and its channel beside the console one."""
    fake = FakeSlack()
    with serve(fake.app()) as address:
        yield fake, SLACK.replace("{address}", address)


def test_a_dead_letter_is_listed_and_sent_again(cli, slack):
    fake, channel = slack
    cli.configure(CONFIG + channel)
    reviews(cli, 1)
    fake.next.append(Answer(200, '{"ok": false, "error": "invalid_blocks"}'))
    cli("run", "--once")
    dead = cli("alerts", "list", "--dead")
    assert dead.code == 0
    assert "invalid_blocks" in dead.out
    assert "console" not in dead.out
    assert "console" in cli("alerts", "list").out
    status = cli("status", "--json")
    assert status.code == 1
    assert status.json["trouble"] == ["channel slack: 1 dead letters; see atbalss alerts list --dead"]
    assert cli("alerts", "resend").code == 2
    assert cli("alerts", "resend", "1", "--all").code == 2
    assert cli("alerts", "resend", "--all").out == "1 notices wait for their channels again.\n"
    assert "delivered 1 notices" in cli("alerts").out
    assert len(fake.messages) == 1
    assert cli("alerts", "resend", "--all").out == "0 notices wait for their channels again.\n"
    assert cli("status").code == 0


def test_one_dead_letter_can_be_chosen(cli, slack):
    fake, channel = slack
    cli.configure(CONFIG + channel)
    reviews(cli, 1, 2)
    fake.next.extend([Answer(200, '{"ok": false, "error": "invalid_blocks"}')] * 2)
    cli("run", "--once")
    listed = cli("alerts", "list", "--dead").out
    first = min(int(word) for line in listed.splitlines() for word in line.split()[1:2] if word.isdecimal())
    assert cli("alerts", "resend", str(first)).out == "1 notices wait for their channels again.\n"


def test_a_paused_channel_is_told_of_and_resumed(cli, slack):
    fake, channel = slack
    cli.configure(CONFIG + channel)
    reviews(cli, 1)
    fake.next.append(Answer(200, '{"ok": false, "error": "invalid_auth"}'))
    cli("run", "--once")
    status = cli("status", "--json")
    assert status.code == 1
    states = {one["channel"]: one for one in status.json["channels"]}
    assert states["slack"]["status"] == "paused"
    assert states["slack"]["counts"] == {"pending": 1}
    waiting = cli("alerts")
    assert waiting.code == 1
    assert "slack: 1 notices wait" in waiting.out
    assert fake.messages == []
    assert cli("alerts", "resume", "slak").code == 2
    assert cli("alerts", "resume", "slack").out == "1 channels are tried again.\n"
    assert cli("alerts").code == 0
    assert len(fake.messages) == 1
    assert cli("status").code == 0


def test_a_silence_alerts_nobody_and_is_explained(cli):
    reviews(cli, 1)
    result = cli("alerts", "silence", "shop", "--for", "2h", "--reason", "inventory")
    assert result.code == 0
    assert result.out.startswith("Veikals Asorti: nobody is alerted until ")
    cli("run", "--once")
    assert outbox(cli) == []
    assert "alerts of the brand are silenced" in cli("explain", "1").out
    for wrong in (("shop", "--for", "soon"), ("nobody", "--for", "2h")):
        assert cli("alerts", "silence", *wrong, "--reason", "x").code == 2


# ---------------------------------------------------------------------------------------------------- digest


def week_of_today(back=0):
    at = datetime.now(UTC) - timedelta(weeks=back)
    return week_of(at, load_module("atbalss.toml").brands[0].zone).key


def test_a_digest_is_a_page_and_a_text(cli):
    reviews(cli, 0)
    cli("run", "--once")
    result = cli("digest", "--week", "current", "--text")
    assert result.code == 0
    page = cli.folder / "var" / "digest" / f"shop-{week_of_today()}.html"
    assert str(page.name) in result.out
    assert "Veikals Asorti" in page.read_text("utf-8")
    assert "Kurjers neatbrauca" in page.read_text("utf-8")
    assert "Veikals Asorti" in result.out
    assert len(result.out.splitlines()) > 10


@pytest.mark.parametrize("back", [0, 1, 4])
def test_a_week_can_be_named(cli, back):
    week = week_of_today(back)
    assert cli("digest", "--week", week, "--out", "pages").code == 0
    assert [path.name for path in (cli.folder / "pages").iterdir()] == [f"shop-{week}.html"]


def test_without_a_name_it_is_the_last_full_week(cli):
    assert cli("digest", "--brand", "shop").code == 0
    assert (cli.folder / "var" / "digest" / f"shop-{week_of_today(1)}.html").exists()


@pytest.mark.parametrize("week", ["2026-W54", "2026-46", "W46", "last", "2026-W00", "2099-W01", ""])
def test_a_week_that_does_not_exist_is_wrong_input(cli, week):
    result = cli("digest", "--week", week)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("atbalss: --week: ")
    assert len(result.err.splitlines()) == 1


def test_a_digest_is_sent_once(cli):
    assert "Put into the outbox." in cli("digest", "--send").out
    assert "It was sent before" in cli("digest", "--send").out
    assert "delivered 1 notices" in cli("alerts").out
    assert len(outbox(cli)) == 1


def test_a_digest_of_nobody_or_to_nowhere_is_refused(cli):
    assert cli("digest", "--brand", "nobody").code == 2
    (cli.folder / "file").touch()
    assert cli("digest", "--out", "file").code == 2


# --------------------------------------------------------------------------------------- explain and status


def test_a_post_is_explained_by_number_name_and_address(cli):
    reviews(cli, 1)
    cli("run", "--once")
    answers = [
        cli("explain", name, "--json").json for name in ("1", "reviews/r1", "https://reviews.example/1")
    ]
    assert answers[0]["then"]["reason"] == "alert"
    assert answers[0]["facts"]["mention"] == "1 (reviews/r1)"
    assert answers[0]["deliveries"][0]["state"] == "sent"
    assert all(answer["then"] == answers[0]["then"] for answer in answers)
    told = cli("explain", "1")
    assert told.code == 0
    for words in ("rule 'few stars' holds", "stars: 1 (asked: 1 to 2)", "console: sent"):
        assert words in told.out


def test_a_post_that_was_not_alerted_says_at_which_input_it_stopped(cli):
    reviews(cli, 1, stars=5)
    cli("run", "--once")
    told = cli("explain", "1").out
    assert "rule 'few stars' does not hold" in told
    assert "- stars: 5 (asked: 1 to 2)" in told


@pytest.mark.parametrize("name", ["99", "reviews/none", "none", "https://none.example/"])
def test_a_post_that_is_not_there_is_wrong_input(cli, name):
    result = cli("explain", name)
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1


def test_status_is_well_on_a_new_database(cli):
    status = cli("status", "--json")
    assert status.code == 0
    assert status.json["trouble"] == []
    assert status.json["sources"][0]["status"] == "never collected"
    plain = cli("status")
    assert plain.code == 0
    assert "never collected" in plain.out


def test_status_tells_all_in_json(cli):
    reviews(cli, 1, 2)
    cli("run", "--once")
    status = cli("status", "--json").json
    assert json.loads(json.dumps(status)) == status
    assert status["backlog"]["decided"] == 2
    assert status["decisions"] == {"alert": 2}
    assert status["tasks_open"] == {"shop": 2}
    assert status["channels"][0]["counts"] == {"sent": 2}
    assert datetime.fromisoformat(status["at"]).tzinfo is not None
