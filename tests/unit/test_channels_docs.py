"""The pages of the channels name every setting and every meaning, and their examples are valid."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from alerts.channels import registry, slack

DOCS = Path(__file__).parents[2] / "docs" / "channels"
PAGES = {kind: (DOCS / f"{kind}.md").read_text("utf-8") for kind in registry.KINDS}


@pytest.mark.parametrize("kind", PAGES)
def test_every_setting_is_on_its_page(kind: str) -> None:
    for name in registry.load(kind).Settings.model_fields:
        assert f"`{name}`" in PAGES[kind]


@pytest.mark.parametrize("kind", PAGES)
def test_the_examples_are_valid(kind: str) -> None:
    examples = re.findall(r"```toml\n(.*?)```", PAGES[kind], re.DOTALL)
    assert examples
    for example in examples:
        filled = example.replace("${SLACK_WEBHOOK}", "https://hooks.slack.test/x")
        (table,) = tomllib.loads(filled)["channels"]
        assert table.pop("name")
        assert registry.load(kind).Settings(**table).model_fields_set >= {"type"}


def test_the_errors_named_for_slack_are_known() -> None:
    known = slack.REFUSED | slack.UNACCEPTABLE | slack.THROTTLED | slack.UNAVAILABLE
    table = PAGES["slack"].split("## What Slack's answers mean")[1]
    named = {word for word in re.findall(r"`([a-z_]+)`", table) if "_" in word or word == "ratelimited"}
    assert len(named) >= 10
    assert named <= known
