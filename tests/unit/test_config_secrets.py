"""Variables in values, secrets in files, and striking them out of messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from atbalss.config.secrets import SecretMissing, Struck, expand, read_secret_file

names = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,12}\Z")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("no variable", "no variable"),
        ("${TOKEN}", "xoxb-1"),
        ("Bearer ${TOKEN}!", "Bearer xoxb-1!"),
        ("${TOKEN}${TOKEN}", "xoxb-1xoxb-1"),
        ("${MISSING:-plain}", "plain"),
        ("${MISSING:-}", ""),
        ("${EMPTY:-plain}", "plain"),
        ("${EMPTY}", ""),
        ("${TOKEN:-plain}", "xoxb-1"),
        ("${MISSING:-a:-b $ c}", "a:-b $ c"),
        ("$${TOKEN}", "${TOKEN}"),
        ("$$${TOKEN}", "$${TOKEN}"),
        ("$TOKEN costs 5 $", "$TOKEN costs 5 $"),
        ("${NESTED}", "${TOKEN}"),
    ],
)
def test_variables_are_filled_in(text, filled):
    environment = {"TOKEN": "xoxb-1", "EMPTY": "", "NESTED": "${TOKEN}"}
    assert expand(text, environment) == filled


@pytest.mark.parametrize("text", ["${", "${}", "${1X}", "${A B}", "${TOKEN", "${TOKEN:+x}", "${Ā}"])
def test_what_looks_like_a_broken_reference_is_refused(text):
    with pytest.raises(SecretMissing, match="does not begin a reference"):
        expand(text, {"TOKEN": "x"})


def test_a_missing_variable_is_named_with_the_remedy():
    with pytest.raises(SecretMissing) as caught:
        expand("a ${SLACK_TOKEN} b", {})
    assert caught.value.reason == "the environment variable SLACK_TOKEN is not set"
    assert caught.value.remedy == "set SLACK_TOKEN, or write ${SLACK_TOKEN:-default}"


@given(texts)
def test_any_text_survives_when_its_references_are_escaped(text):
    assert expand(text.replace("${", "$${"), {}) == text


@given(names, texts, texts, texts)
def test_a_variable_is_replaced_in_its_place_and_never_read_again(name, before, value, after):
    # A `$` right before the reference would make it a literal one.
    before = before.replace("${", "").rstrip("$")
    after = after.replace("${", "")
    assert expand(f"{before}${{{name}}}{after}", {name: value}) == before + value + after


@given(texts, st.dictionaries(names, texts, max_size=3))
def test_expanding_any_text_gives_text_or_says_what_is_missing(text, environment):
    try:
        filled = expand(text, environment)
    except SecretMissing as missing:
        filled = f"{missing.reason}; {missing.remedy}"
    assert isinstance(filled, str)


@given(st.text("abcxyz-_", min_size=4, max_size=20), texts, texts)
def test_a_remembered_value_is_in_no_cleaned_text(secret, before, after):
    struck = Struck()
    struck.add(secret)
    assert secret not in struck.clean(before + secret + after)


def test_a_longer_secret_is_struck_out_whole():
    struck = Struck()
    struck.add("abcd")
    struck.add("abcdefgh")
    assert struck.clean("is abcdefgh") == "is ***"


def test_only_values_from_the_environment_are_remembered():
    struck = Struck()
    expand("${TOKEN} ${OTHER:-public}", {"TOKEN": "hidden"}, struck)
    assert struck.clean("hidden public") == "*** public"


def test_a_secret_file_is_stripped_and_found_from_the_folder(tmp_path):
    (tmp_path / "run").mkdir()
    file = tmp_path / "run" / "token"
    file.write_bytes(b"\xef\xbb\xbf  xoxb-1\r\n")
    file.chmod(0o600)
    with capture_logs() as logs:
        assert read_secret_file("run/token", tmp_path) == "xoxb-1"
        assert read_secret_file(str(file), tmp_path / "elsewhere") == "xoxb-1"
    assert logs == []


def test_a_secret_file_that_everybody_may_read_is_warned_about_without_its_content(tmp_path):
    file = tmp_path / "token"
    file.write_text("xoxb-1")
    file.chmod(0o644)
    with capture_logs() as logs:
        assert read_secret_file("token", tmp_path) == "xoxb-1"
    assert [entry["action"] for entry in logs] == ["config.secret_readable"]
    assert "xoxb-1" not in str(logs)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "the file does not exist"),
        (b" \n", "the file is empty"),
        (b"\xff\xfe\xfa", "the file is not UTF-8 text"),
        (b"x" * 70_000, "the file is too long for a secret"),
    ],
)
def test_an_unusable_secret_file_says_why(tmp_path, content, reason):
    if content is not None:
        (tmp_path / "token").write_bytes(content)
        (tmp_path / "token").chmod(0o600)
    with pytest.raises(SecretMissing) as caught:
        read_secret_file("token", tmp_path)
    assert caught.value.reason == reason
    assert caught.value.remedy
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("name", ["", ".", "a\0b", "~no-such-user-here/token"])
def test_a_path_that_is_no_file_is_an_error_of_ours(tmp_path, name):
    with pytest.raises(SecretMissing):
        read_secret_file(name, tmp_path)
