"""A good configuration file becomes one frozen Config; no secret leaves it."""

from __future__ import annotations

import copy
import traceback
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from structlog.testing import capture_logs

from atbalss.config import ConfigProblems, demo, load, loads
from atbalss.config.values import database_url, without_password
from atbalss.errors import ConfigError

BRAND = '[[brands]]\nid = "krasts"\nname = "Krasts"\nzone = "Europe/Riga"\n'
HOOK = "https://hooks.slack.com/services/T1/B1/"
SLACK = f'[[channels]]\nname = "care"\ntype = "slack"\nurl = "{HOOK}abc"\n'
SECRET = "MARKED-s3cret-0123456789"


def read(text, folder, **environment):
    return loads(text, path=folder / "atbalss.toml", environment=environment)


def test_one_brand_is_enough_and_everything_else_has_a_default(tmp_path):
    config = read(BRAND, tmp_path)
    assert config.brand("krasts").zone == ZoneInfo("Europe/Riga")
    assert config.brand("krasts").answer_within == timedelta(hours=24)
    assert config.database.url.get_secret_value() == f"sqlite:///{tmp_path}/var/atbalss.db"
    assert config.var == tmp_path / "var"
    assert config.folder == tmp_path
    assert config.model.name == "shipped"
    assert config.daemon.address == ("127.0.0.1", 9477)
    assert config.digest.at == time(9)
    assert [(channel.name, channel.type) for channel in config.channels] == [("console", "console")]
    assert config.rules == ()


def test_a_source_keeps_its_own_keys_apart_from_the_common_ones(tmp_path):
    source = read(
        BRAND + '[[sources]]\nid = "page"\nbrand = "krasts"\ntype = "schema_org"\nevery = "2h"\n'
        'retention = "30d"\nalert_first_run = true\nurls = ["https://krasts.example/"]\n',
        tmp_path,
    ).source("page")
    assert (source.every, source.retention, source.alert_first_run) == (
        timedelta(hours=2),
        timedelta(days=30),
        True,
    )
    assert source.settings.urls == ("https://krasts.example/",)
    assert not {"id", "brand", "every", "retention", "alert_first_run"} & set(
        type(source.settings).model_fields
    )


def test_a_source_is_kept_as_long_as_it_says_or_as_everything_is(tmp_path):
    page = '[[sources]]\nid = "{}"\nbrand = "krasts"\ntype = "schema_org"\nurls = ["https://k.example/"]\n'
    config = read(
        BRAND
        + page.format("short")
        + 'retention = "7d"\n'
        + page.format("long")
        + '[retention]\nposts = "9d"\n',
        tmp_path,
    )
    assert config.retention_of(config.source("short")) == timedelta(days=7)
    assert config.retention_of(config.source("long")) == timedelta(days=9)


def test_asking_for_what_is_not_configured_is_a_key_error(tmp_path):
    config = read(BRAND, tmp_path)
    for ask in (config.brand, config.source, config.channel):
        with pytest.raises(KeyError, match="nobody"):
            ask("nobody")


def test_a_config_cannot_be_changed(tmp_path):
    config = read(BRAND, tmp_path)
    with pytest.raises(ValidationError):
        config.daemon = None
    with pytest.raises(ValidationError):
        config.daemon.tick = timedelta(1)


def test_variables_are_filled_in_everywhere_also_in_lists_and_tables_in_tables(tmp_path):
    config = read(
        BRAND.replace('"Krasts"', '"Kafija ${NAME}"')
        + 'languages = ["${FIRST}", "ru"]\n[[rules]]\nname = "r"\nkeywords_any = ["a", "${WORD:-b} c"]\n'
        + '[model]\nlabel_map = { L0 = "${LABEL}" }\n[daemon]\ncollect_concurrency = "${MANY}"\n',
        tmp_path,
        NAME="Krasts",
        FIRST="lv",
        LABEL="neg",
        MANY="7",
    )
    assert config.brands[0].name == "Kafija Krasts"
    assert config.brands[0].languages == ("lv", "ru")
    assert config.rules[0].keywords_any == ("a", "b c")
    assert config.model.label_map == {"L0": "neg"}
    assert config.daemon.collect_concurrency == 7


def test_variables_come_from_the_process_when_nothing_else_is_given(tmp_path, monkeypatch):
    monkeypatch.setenv("ATBALSS_TEST_NAME", "Krasts from outside")
    (tmp_path / "atbalss.toml").write_text(BRAND.replace('"Krasts"', '"${ATBALSS_TEST_NAME}"'))
    assert load(tmp_path / "atbalss.toml").brands[0].name == "Krasts from outside"


def test_a_missing_variable_is_named_with_the_key_that_needs_it(tmp_path):
    text = BRAND + '[[channels]]\nname = "care"\ntype = "slack"\ntoken = "${SLACK_TOKEN}"\nchannel = "#c"\n'
    with pytest.raises(ConfigError) as caught:
        read(text, tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}/atbalss.toml:8: channels[1] (care).token: the environment variable SLACK_TOKEN is not set; "
        "set SLACK_TOKEN, or write ${SLACK_TOKEN:-default}"
    )


def test_any_secret_key_may_be_read_from_a_file_beside_the_configuration(tmp_path):
    for name in ("hook", "key", "proxy"):
        (tmp_path / name).touch(mode=0o600)
    (tmp_path / "hook").write_text(f"{HOOK}{SECRET}\n")
    (tmp_path / "key").write_text(f"  {SECRET}\n")
    (tmp_path / "proxy").write_text("http://proxy.example:3128\n")
    config = read(
        BRAND + '[privacy]\nauthor_key_file = "key"\n[http]\nproxy_file = "${WHERE}"\n'
        '[[channels]]\nname = "care"\ntype = "slack"\nurl_file = "hook"\n',
        tmp_path,
        WHERE=str(tmp_path / "proxy"),
    )
    assert config.privacy.author_key.get_secret_value() == SECRET
    assert config.channel("care").settings.url.get_secret_value() == HOOK + SECRET
    assert config.http.client_settings().proxy == "http://proxy.example:3128"


def test_an_error_in_a_secret_file_points_at_the_key_that_names_the_file(tmp_path):
    (tmp_path / "hook").touch(mode=0o600)
    (tmp_path / "hook").write_text(f"http://hooks.example/{SECRET}")
    with pytest.raises(ConfigError) as caught:
        read(BRAND + '[[channels]]\nname = "care"\ntype = "slack"\nurl_file = "hook"\n', tmp_path)
    assert ":8: channels[1] (care).url_file: " in str(caught.value)
    assert SECRET not in str(caught.value)


def test_relative_paths_start_at_the_folder_of_the_file_wherever_the_process_runs(tmp_path, monkeypatch):
    (tmp_path / "conf" / "models").mkdir(parents=True)
    (tmp_path / "conf" / "atbalss.toml").write_text(
        BRAND + '[model]\nname = "models"\n[[sources]]\nid = "f"\nbrand = "krasts"\ntype = "file"\n'
        'path = "in/*.csv"\n'
    )
    monkeypatch.chdir(tmp_path)
    config = load("conf/atbalss.toml", {})
    assert config.path == tmp_path / "conf" / "atbalss.toml"
    assert config.database.shown == f"sqlite:///{tmp_path}/conf/var/atbalss.db"
    assert config.model.name == str(tmp_path / "conf" / "models")
    file: Any = config.source("f").settings
    assert file.path == f"{tmp_path}/conf/in/*.csv"
    console: Any = config.channel("console").settings
    assert console.folder == tmp_path / "conf" / "var" / "outbox"


def test_a_model_that_is_no_folder_here_is_taken_for_the_id_of_one(tmp_path):
    assert read(BRAND + '[model]\nname = "somebody/model"\n', tmp_path).model.name == "somebody/model"


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("sqlite:///data/a.db", "sqlite:////srv/data/a.db"),
        ("sqlite:////var/lib/a.db", "sqlite:////var/lib/a.db"),
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h:5432/d?sslmode=require", "postgresql+psycopg://u:p@h:5432/d?sslmode=require"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d"),
    ],
)
def test_database_addresses_are_made_ready_for_the_driver(written, read_as):
    assert database_url(written, Path("/srv")) == read_as


@pytest.mark.parametrize(
    "url", ["", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file:x", "a.db"]
)
def test_a_database_that_would_be_lost_or_is_unknown_is_refused(url):
    with pytest.raises(ValueError, match=r"; (name a file|write sqlite)"):
        database_url(url, Path("/srv"))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=4, max_size=30))
def test_the_password_is_never_in_the_address_that_is_shown(password):
    shown = without_password(f"postgresql+psycopg://user:!{password}!@db.example/atbalss?x=1")
    assert f"!{password}!" not in shown
    assert shown.startswith("postgresql+psycopg://user:***@")


def test_the_folder_of_our_files_is_beside_the_configuration_with_a_database_server(tmp_path):
    config = read(BRAND + '[database]\nurl = "postgresql://u:p@h/d"\n', tmp_path)
    assert config.var == tmp_path / "var"
    assert config.database.shown == "postgresql+psycopg://u:***@h/d"


@pytest.mark.parametrize(
    ("listen", "address"),
    [("", None), ("[::1]:80", ("::1", 80)), ("localhost:0", ("localhost", 0))],
)
def test_the_daemon_listens_where_it_is_told(tmp_path, listen, address):
    assert read(BRAND + f'[daemon]\nlisten = "{listen}"\n', tmp_path).daemon.address == address


def test_a_time_of_day_may_be_written_as_toml_time(tmp_path):
    assert read(BRAND + "[digest]\nat = 07:30:15\n", tmp_path).digest.at == time(7, 30)


def test_the_http_settings_reach_the_client_in_seconds(tmp_path):
    text = (
        BRAND + '[http]\ncontact = "me@krasts.example"\ntimeout = "5s"\nmax_wait = "2m"\nmax_attempts = 2\n'
    )
    client = read(text, tmp_path).http.client_settings()
    assert (client.timeout, client.max_wait, client.max_attempts) == (5.0, 120.0, 2)
    assert "me@krasts.example" in client.agent


def test_a_byte_order_mark_does_no_harm(tmp_path):
    (tmp_path / "atbalss.toml").write_text(BRAND, encoding="utf-8-sig")
    assert load(tmp_path / "atbalss.toml", {}).brands[0].id == "krasts"


def test_the_demo_configuration_loads_and_its_first_run_alerts(tmp_path):
    config = demo(tmp_path)
    assert [source.id for source in config.sources] == [
        "kafija-krasts-reviews",
        "kafija-krasts-comments",
        "kafija-krasts-survey",
        "kafija-krasts-news",
        "nairi-kap-reviews",
        "nairi-kap-comments",
        "nairi-kap-survey",
    ]
    assert all(source.alert_first_run for source in config.sources)
    assert {brand.id: str(brand.zone) for brand in config.brands} == {
        "kafija-krasts": "Europe/Riga",
        "nairi-kap": "Asia/Yerevan",
    }
    assert config.var == tmp_path / "var"
    assert [channel.type for channel in config.channels] == ["console"]
    assert config.rules


def everything_about(error):
    assert error.__context__ is None
    parts = [str(error), repr(error), str(error.args), "".join(traceback.format_exception(error))]
    parts.append(str(copy.deepcopy(error)))
    parts += [repr(problem) for problem in getattr(error, "problems", ())]
    return "\n".join(parts)


BAD_PLACES = {
    "a secret of the wrong kind": '[privacy]\nauthor_key = ["{s}"]\n',
    "a secret as a table": '[privacy]\nauthor_key = {{ value = "{s}" }}\n',
    "a mistyped secret key": '[privacy]\nauthor_ky = "{s}"\n',
    "a secret under an unknown table": '[secrets]\ntoken = "{s}"\n',
    "a secret without quotes": "[privacy]\nauthor_key = {s}\n",
    "a secret that never ends": '[privacy]\nauthor_key = "{s}\n',
    "a secret given twice": '[privacy]\nauthor_key = "{s}"\nauthor_key = "{s}"\n',
    "a secret where its file is named": '[privacy]\nauthor_key_file = "{s}"\n',
    "a secret beside its file": '[privacy]\nauthor_key = "{s}"\nauthor_key_file = "x"\n',
    "a password of another database": '[database]\nurl = "mysql://root:{s}@h/d"\n',
    "a proxy without scheme": '[http]\nproxy = "user:{s}@proxy:3128"\n',
    "a webhook in the clear": '[[channels]]\nname = "care"\ntype = "slack"\nurl = "http://x/{s}"\n',
    "a webhook and a token": f'[[channels]]\nname = "c"\ntype = "slack"\nurl = "{HOOK}{{s}}"\ntoken = "{{s}}"\n',
    "a token without channel": '[[channels]]\nname = "c"\ntype = "slack"\ntoken = "{s}"\n',
    "a token that no header can carry": '[[sources]]\nid = "m"\nbrand = "krasts"\ntype = "mastodon"\n'
    'server = "https://m.example"\nhashtag = "x"\ntoken = "{s} ā"\n',
    "a variable as a duration": '[daemon]\ntick = "${{SECRET}}"\n',
    "a variable as a number": '[daemon]\ncollect_concurrency = "${{SECRET}}"\n',
    "a variable as a choice": '[daemon]\nlog_level = "${{SECRET}}"\n',
    "a variable as an address to listen on": '[daemon]\nlisten = "${{SECRET}}"\n',
    "a variable as a folder": '[model]\nname = "./${{SECRET}}"\n',
    "a variable as a zone": '[[brands]]\nid = "b"\nname = "B"\nzone = "${{SECRET}}"\n',
    "a variable as an id": '[[brands]]\nid = "${{SECRET}}"\nname = "B"\nzone = "Europe/Riga"\n',
    "a variable as a brand": '[[sources]]\nid = "s"\nbrand = "${{SECRET}}"\ntype = "file"\npath = "x"\n',
    "a variable as a type": '[[sources]]\nid = "s"\nbrand = "krasts"\ntype = "${{SECRET}}"\n',
    "a variable as a channel": '[digest]\nchannels = ["${{SECRET}}"]\n',
    "a variable in a broken reference": '[http]\ncontact = "${{SECRET}} ${{"\n',
    "a variable in a source's address": '[[sources]]\nid = "s"\nbrand = "krasts"\ntype = "feed"\n'
    'url = "ftp://x/?key=${{SECRET}}"\n',
    "a variable as an encoding": '[[sources]]\nid = "s"\nbrand = "krasts"\ntype = "file"\npath = "x"\n'
    'encoding = "${{SECRET}}"\n',
}


@pytest.mark.parametrize("text", BAD_PLACES.values(), ids=BAD_PLACES.keys())
def test_a_marked_secret_is_in_no_error(text, tmp_path):
    with capture_logs() as logs, pytest.raises(ConfigError) as caught:
        read(BRAND + text.format(s=SECRET), tmp_path, SECRET=SECRET)
    told = everything_about(caught.value)
    assert SECRET not in told
    assert "MARKED" not in told
    assert SECRET not in str(logs)


def test_a_marked_secret_is_in_no_error_about_something_else(tmp_path):
    text = BRAND + f'[privacy]\nauthor_key = "{SECRET}"\n' + SLACK.replace("abc", SECRET)
    with pytest.raises(ConfigProblems) as caught:
        read(
            text + '[http]\nproxy = "${PROXY}"\nzzz = 1\n[daemon]\ntick = 1\n',
            tmp_path,
            PROXY=f"http://{SECRET}",
        )
    assert SECRET not in everything_about(caught.value)


def test_a_variable_that_repeats_part_of_the_path_does_not_hide_which_file_is_wrong(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read(BRAND + '[model]\nname = "${NAME}"\nzzz = 1\n', tmp_path, NAME="atbalss")
    assert str(caught.value).startswith(f"{tmp_path}/atbalss.toml:7: model.zzz: ")


def test_a_marked_secret_is_in_no_form_of_a_good_config(tmp_path):
    text = (
        BRAND.replace('"Krasts"', '"${SECRET}"')
        + f'[privacy]\nauthor_key = "{SECRET}"\n[http]\nproxy = "http://u:{SECRET}@p:1"\n'
        + f'[database]\nurl = "postgresql://u:{SECRET}@h/d"\n'
        + SLACK.replace("abc", SECRET)
        + f'[[sources]]\nid = "m"\nbrand = "krasts"\ntype = "feed"\nurl = "https://x/?key={SECRET}"\n'
    )
    config = read(text, tmp_path, SECRET=SECRET)
    assert config.privacy.author_key.get_secret_value() == SECRET
    tables = (config.database, config.http, config.privacy, *config.sources, *config.channels)
    told = "".join(f"{one!r} {one} {one!s:.9000}" for one in (config, *tables))
    told += repr(config.http.client_settings()) + repr(config.channels[0].settings) + config.database.shown
    assert SECRET not in told
    assert str(config) == "Config(atbalss.toml: 1 brands, 1 sources, 0 rules, 1 channels)"
