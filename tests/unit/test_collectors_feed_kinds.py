"""The kinds of sources and the settings that they share."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import SecretStr, ValidationError

from atbalss.errors import ConfigError
from collectors.registry import KINDS, load
from collectors.settings import SourceSettings, WebAddress


class Example(SourceSettings):
    url: WebAddress
    token: SecretStr | None = None


@pytest.mark.parametrize("kind", ["feed", "file"])
def test_a_kind_has_settings_whose_every_field_is_documented(kind):
    module = load(kind)
    assert module.__name__ == KINDS[kind]
    fields = module.Settings.model_fields
    assert fields
    assert all(field.description for field in fields.values())


def test_an_unknown_kind_is_an_error_that_names_the_known_ones():
    with pytest.raises(ConfigError, match="demo, feed, file, imap, mastodon, schema_org"):
        load("carrier-pigeon")


def test_knowing_the_kinds_imports_none_of_them():
    code = (
        "import sys, collectors.registry; "
        "print([name for name in ('feedparser', 'openpyxl', 'httpx', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_settings_hide_their_secrets_and_do_not_change():
    settings = Example(url=" https://x.lv/feed ", token=SecretStr("hunter2"))
    assert settings.url == "https://x.lv/feed"
    assert "hunter2" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.url = "https://y.lv"  # type: ignore[misc]  # the refusal is what is tested


@pytest.mark.parametrize(
    "url", ["", "x.lv/feed", "ftp://x.lv", "https://", "file:///etc/passwd", "https://["]
)
def test_an_address_is_http_or_https_with_a_host(url):
    with pytest.raises(ValidationError):
        Example(url=url)


def test_an_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="tokn"):
        Example.model_validate({"url": "https://x.lv", "tokn": "hunter2"})
