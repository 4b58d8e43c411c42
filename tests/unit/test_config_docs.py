"""The file that `atbalss init` writes, and docs/configuration.md: both name every key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alerts.channels import registry as channels
from alerts.rules import Rule
from atbalss.config import init_text, loads
from atbalss.config.load import TABLES
from atbalss.config.model import Brand, ChannelConfig, SourceConfig
from atbalss.config.reference import reference
from collectors import registry as sources

DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"
COMMON = {**TABLES, "brands": Brand, "sources": SourceConfig, "rules": Rule, "channels": ChannelConfig}
VARIABLES = ("MASTODON_TOKEN", "IMAP_PASSWORD", "SLACK_WEBHOOK", "SLACK_TOKEN", "SMTP_PASSWORD")


def switched_on(text):
    """The file with every example in it: a line that begins with `#` and no space is a disabled one."""
    return re.sub(r"^#(?=[\[a-z])", "", text, flags=re.MULTILINE)


def keys_of(model):
    return [name for name in model.model_fields if name != "settings"]


def test_the_file_of_init_works_as_it_is(tmp_path):
    config = loads(init_text(), path=tmp_path / "atbalss.toml", environment={})
    assert [brand.id for brand in config.brands] == ["example"]
    assert [source.type for source in config.sources] == ["file"]
    assert [channel.type for channel in config.channels] == ["console"]


def test_every_example_in_the_file_of_init_works_too(tmp_path):
    environment = dict.fromkeys(VARIABLES, "https://hooks.slack.com/services/T1/B1/abc")
    environment |= {"ATBALSS_AUTHOR_KEY": "0123456789abcdef", "PROXY_PASSWORD": "x"}
    config = loads(switched_on(init_text()), path=tmp_path / "atbalss.toml", environment=environment)
    assert {source.type for source in config.sources} == set(sources.KINDS)
    assert {channel.type for channel in config.channels} == set(channels.KINDS)


def test_what_the_file_of_init_says_is_the_default_is_the_default(tmp_path):
    plain = loads(
        '[[brands]]\nid = "b"\nname = "B"\nzone = "UTC"\n', path=tmp_path / "atbalss.toml", environment={}
    )
    config = loads(init_text(), path=tmp_path / "atbalss.toml", environment={})
    for name in TABLES:
        assert getattr(config, name) == getattr(plain, name)


@pytest.mark.parametrize("table", COMMON)
def test_the_file_of_init_shows_every_common_key(table):
    written = set(re.findall(r"^#?([a-z_]+) = ", init_text(), flags=re.MULTILINE))
    assert set(keys_of(COMMON[table])) - written == set()


def test_every_line_of_the_file_of_init_fits_on_a_screen():
    assert max(len(line) for line in init_text().splitlines()) <= 120


def test_the_page_is_what_the_models_say():
    remedy = "run: python -m atbalss.config.reference > docs/configuration.md"
    assert DOCS.read_text(encoding="utf-8") == reference(), remedy


@pytest.mark.parametrize("table", COMMON)
def test_the_page_explains_every_common_key(table):
    heading = f"[{table}]" if table in TABLES else f"[[{table}]]"
    section = re.split(r"^## ", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (page,) = [part for part in section if part.startswith(f"{heading}\n")]
    for key in keys_of(COMMON[table]):
        assert re.search(rf"^\| `{key}` \|.*\| \S.* \|$", page, flags=re.MULTILINE), key


@pytest.mark.parametrize(
    ("registry", "kind"), [(one, kind) for one in (sources, channels) for kind in sorted(one.KINDS)]
)
def test_the_page_explains_every_key_of_every_type(registry, kind):
    page = DOCS.read_text(encoding="utf-8")
    part = page.split(f'### type = "{kind}"\n', 1)[1].split("\n#", 1)[0]
    for key in set(registry.load(kind).Settings.model_fields) - {"type"}:
        assert re.search(rf"^\| `{key}` \|.*\| \S.* \|$", part, flags=re.MULTILINE), key
