"""Wrong configuration files: each is told in one line that names file, key, reason and remedy."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import pytest
from pydantic import BaseModel

from alerts.channels import registry as channels
from alerts.rules import Rule
from atbalss.config import Brand, ChannelConfig, ConfigProblems, SourceConfig, load, loads
from atbalss.config.load import TABLES
from atbalss.errors import ConfigError
from collectors import registry as sources

ARRAYS_OF: dict[str, type[BaseModel]] = {
    "brands": Brand,
    "sources": SourceConfig,
    "rules": Rule,
    "channels": ChannelConfig,
}

BRAND = '[[brands]]\nid = "krasts"\nname = "Krasts"\nzone = "Europe/Riga"\n'
SLACK = '[[channels]]\nname = "care"\ntype = "slack"\nurl = "https://hooks.slack.com/services/T1/B1/abc"\n'
PAGE = '[[sources]]\nid = "page"\nbrand = "krasts"\ntype = "schema_org"\nurls = ["https://krasts.example/"]\n'
RULE = '[[rules]]\nname = "angry"\n'
GOOD = BRAND + SLACK  # eight lines


@dataclass(frozen=True)
class Wrong:
    """A file, and the parts of the one line that is told about it."""

    what: str
    text: str
    subject: str
    reason: str
    remedy: str


WRONG = [
    Wrong(
        "an empty file",
        "",
        "atbalss.toml: brands",
        "there is no brand",
        "add a [[brands]] table with id, name and zone",
    ),
    Wrong(
        "a value without quotes",
        GOOD + "x = hello\n",
        "atbalss.toml:9",
        "is not valid TOML at column 5: invalid value",
        "mend this line; text stands in quotes, lists in [ ], a table's keys below its [name]",
    ),
    Wrong(
        "a text that does not end",
        'a = "x\n' + GOOD,
        "atbalss.toml:1",
        "is not valid TOML at column 7: illegal character '\\n'",
        "mend this line; text stands in quotes, lists in [ ], a table's keys below its [name]",
    ),
    Wrong(
        "a file cut off",
        GOOD + 'languages = ["lv"',
        "atbalss.toml:9",
        "is not valid TOML: unclosed array",
        "mend this line; text stands in quotes, lists in [ ], a table's keys below its [name]",
    ),
    Wrong(
        "a repeated key",
        BRAND + 'id = "again"\n' + SLACK,
        "atbalss.toml:5",
        "is not valid TOML at column 13: cannot overwrite a value",
        "mend this line; text stands in quotes, lists in [ ], a table's keys below its [name]",
    ),
    Wrong(
        "an unknown table",
        GOOD + "[databse]\n",
        "atbalss.toml:9: databse",
        "is not a known table",
        "did you mean database?",
    ),
    Wrong(
        "an unknown table like none",
        GOOD + "[zzz]\n",
        "atbalss.toml:9: zzz",
        "is not a known table",
        "known tables: database, model, daemon, retention, privacy, digest, storm, http, "
        "brands, sources, rules, channels",
    ),
    Wrong(
        "an unknown key",
        GOOD + "[daemon]\ntik = '5s'\n",
        "atbalss.toml:10: daemon.tik",
        "is not a known key",
        "did you mean tick?",
    ),
    Wrong(
        "an unknown key like none",
        GOOD + "[retention]\nforever = true\n",
        "atbalss.toml:10: retention.forever",
        "is not a known key",
        "known keys: posts",
    ),
    Wrong(
        "one bracket",
        '[brands]\nid = "krasts"\n' + SLACK,
        "atbalss.toml:1: brands",
        "must be a list of tables",
        "write [[brands]], with two brackets",
    ),
    Wrong(
        "two brackets",
        GOOD + "[[daemon]]\ntick = '5s'\n",
        "atbalss.toml:9: daemon",
        "must be one table",
        "write [daemon] and its keys below it",
    ),
    Wrong(
        "a plain key for a table",
        "digest = true\n" + GOOD,
        "atbalss.toml:1: digest",
        "must be one table",
        "write [digest] and its keys below it",
    ),
    Wrong(
        "a brand without zone",
        '[[brands]]\nid = "krasts"\nname = "Krasts"\n' + SLACK,
        "atbalss.toml:1: brands[1] (krasts).zone",
        "is missing",
        "add it: Its time zone, such as `Europe/Riga`",
    ),
    Wrong(
        "a mistyped zone",
        BRAND.replace("Riga", "Rga") + SLACK,
        "atbalss.toml:4: brands[1] (krasts).zone",
        "there is no time zone 'Europe/Rga'",
        "did you mean Europe/Riga?",
    ),
    Wrong(
        "a city alone",
        BRAND.replace("Europe/Riga", "Yerevan") + SLACK,
        "atbalss.toml:4: brands[1] (krasts).zone",
        "there is no time zone 'Yerevan'",
        "did you mean Asia/Yerevan?",
    ),
    Wrong(
        "a zone of nowhere",
        BRAND.replace("Europe/Riga", "Middle-earth/Shire") + SLACK,
        "atbalss.toml:4: brands[1] (krasts).zone",
        "there is no time zone 'Middle-earth/Shire'",
        "zones look like Europe/Riga or Asia/Yerevan",
    ),
    Wrong(
        "a zone that climbs",
        BRAND.replace("Europe/Riga", "../../etc/passwd") + SLACK,
        "atbalss.toml:4: brands[1] (krasts).zone",
        "there is no time zone '../../etc/passwd'",
        "zones look like Europe/Riga or Asia/Yerevan",
    ),
    Wrong(
        "a zone that is a number",
        BRAND.replace('"Europe/Riga"', "3") + SLACK,
        "atbalss.toml:4: brands[1] (krasts).zone",
        "must be text in quotes",
        "zones look like Europe/Riga or Asia/Yerevan",
    ),
    Wrong(
        "a brand's id with spaces",
        BRAND.replace('"krasts"', '"Kafija Krasts"') + SLACK,
        "atbalss.toml:2: brands[1] (Kafija Krasts).id",
        "use small letters a-z, digits and single hyphens, such as kafija-krasts",
        "correct it: Its short name: small letters, digits, hyphens. Never change it",
    ),
    Wrong(
        "a brand twice",
        BRAND + BRAND + SLACK,
        "atbalss.toml:6: brands[2] (krasts).id",
        "is used twice",
        "give each of the brands its own id",
    ),
    Wrong(
        "an unknown language of a brand",
        BRAND + 'languages = ["lv", "lw"]\n' + SLACK,
        "atbalss.toml:5: brands[1] (krasts).languages[2]",
        "must be 'lv', 'lt', 'hy', 'ru' or 'en'",
        'correct it, or leave it out for the default (["en"])',
    ),
    Wrong(
        "a brand without languages",
        BRAND + "languages = []\n" + SLACK,
        "atbalss.toml:5: brands[1] (krasts).languages",
        "must not be empty",
        'correct it, or leave it out for the default (["en"])',
    ),
    Wrong(
        "a language as text",
        BRAND + 'languages = "lv"\n' + SLACK,
        "atbalss.toml:5: brands[1] (krasts).languages",
        'must be a list, such as ["one", "two"]',
        'correct it, or leave it out for the default (["en"])',
    ),
    Wrong(
        "a duration without unit",
        BRAND + 'answer_within = "24"\n' + SLACK,
        "atbalss.toml:5: brands[1] (krasts).answer_within",
        "write a number and a unit, such as 90s, 15m, 2h, 7d or 4w",
        'correct it, or leave it out for the default ("1d")',
    ),
    Wrong(
        "a duration of nothing",
        GOOD + '[retention]\nposts = "0d"\n',
        "atbalss.toml:10: retention.posts",
        "must be at least 1s",
        'correct it, or leave it out for the default ("730d")',
    ),
    Wrong(
        "a duration that no calendar has",
        GOOD + '[retention]\nposts = "999999d"\n',
        "atbalss.toml:10: retention.posts",
        "must be at most 36500d",
        'correct it, or leave it out for the default ("730d")',
    ),
    Wrong(
        "a duration as number",
        GOOD + "[daemon]\ntick = 5\n",
        "atbalss.toml:10: daemon.tick",
        "write a number and a unit, such as 90s, 15m, 2h, 7d or 4w",
        'correct it, or leave it out for the default ("5s")',
    ),
    Wrong(
        "a tick below a second",
        GOOD + '[daemon]\ntick = "0s"\n',
        "atbalss.toml:10: daemon.tick",
        "must be at least 1s",
        'correct it, or leave it out for the default ("5s")',
    ),
    Wrong(
        "listening on a port alone",
        GOOD + '[daemon]\nlisten = "9477"\n',
        "atbalss.toml:10: daemon.listen",
        'write host:port, such as 127.0.0.1:9477, or "" to listen nowhere',
        'correct it, or leave it out for the default ("127.0.0.1:9477")',
    ),
    Wrong(
        "listening on a port too high",
        GOOD + '[daemon]\nlisten = "127.0.0.1:94770"\n',
        "atbalss.toml:10: daemon.listen",
        'write host:port, such as 127.0.0.1:9477, or "" to listen nowhere',
        'correct it, or leave it out for the default ("127.0.0.1:9477")',
    ),
    Wrong(
        "a log format",
        GOOD + '[daemon]\nlog_format = "jsn"\n',
        "atbalss.toml:10: daemon.log_format",
        "must be 'console' or 'json'",
        "did you mean json?",
    ),
    Wrong(
        "no collectors at all",
        GOOD + "[daemon]\ncollect_concurrency = 0\n",
        "atbalss.toml:10: daemon.collect_concurrency",
        "must be at least 1",
        "correct it, or leave it out for the default (4)",
    ),
    Wrong(
        "half a collector",
        GOOD + "[daemon]\ncollect_concurrency = 2.5\n",
        "atbalss.toml:10: daemon.collect_concurrency",
        "must be a whole number",
        "correct it, or leave it out for the default (4)",
    ),
    Wrong(
        "yes for true",
        GOOD + '[digest]\nenabled = "maybe"\n',
        "atbalss.toml:10: digest.enabled",
        "must be true or false",
        "correct it, or leave it out for the default (true)",
    ),
    Wrong(
        "an hour that is none",
        GOOD + '[digest]\nat = "24:30"\n',
        "atbalss.toml:10: digest.at",
        "write hours and minutes, such as 09:00",
        'correct it, or leave it out for the default ("09:00")',
    ),
    Wrong(
        "a day in another language",
        GOOD + '[digest]\nweekday = "pirmdiena"\n',
        "atbalss.toml:10: digest.weekday",
        "must be 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday' or 'sunday'",
        'correct it, or leave it out for the default ("monday")',
    ),
    Wrong(
        "a digest to nobody known",
        GOOD + '[digest]\nchannels = ["cara"]\n',
        "atbalss.toml:10: digest.channels[1]",
        "there is no channel 'cara'",
        "did you mean care?",
    ),
    Wrong(
        "another database",
        GOOD + '[database]\nurl = "mysql://root@localhost/x"\n',
        "atbalss.toml:10: database.url",
        "is not an address that is known here",
        "write sqlite:///path or postgresql://user:password@host/name",
    ),
    Wrong(
        "a database in memory",
        GOOD + '[database]\nurl = "sqlite:///:memory:"\n',
        "atbalss.toml:10: database.url",
        "a database in memory would be forgotten",
        "name a file",
    ),
    Wrong(
        "a model's missing folder",
        GOOD + '[model]\nname = "./weights"\n',
        "atbalss.toml:10: model.name",
        "this folder does not exist",
        'correct it, or leave it out for the default ("shipped")',
    ),
    Wrong(
        "a model without languages",
        GOOD + "[model]\nlanguages = []\n",
        "atbalss.toml:10: model.languages",
        "must not be empty",
        'correct it, or leave it out for the default (["lv", "lt", "hy", "ru", "en"])',
    ),
    Wrong(
        "a label of a model",
        GOOD + '[model]\nlabel_map = { LABEL_0 = "negative" }\n',
        "atbalss.toml:10: model.label_map.LABEL_0",
        "must be 'neg', 'neu' or 'pos'",
        "correct it, or leave it out for the default ({})",
    ),
    Wrong(
        "a short author key",
        GOOD + '[privacy]\nauthor_key = "short"\n',
        "atbalss.toml:10: privacy.author_key",
        "must have at least 16 characters",
        "correct it, or leave it out",
    ),
    Wrong(
        "an empty author key",
        GOOD + '[privacy]\nauthor_key = ""\n',
        "atbalss.toml:10: privacy.author_key",
        "is empty",
        "give it a value, or use author_key_file",
    ),
    Wrong(
        "a missing variable",
        GOOD + '[privacy]\nauthor_key = "${AUTHOR_KEY}"\n',
        "atbalss.toml:10: privacy.author_key",
        "the environment variable AUTHOR_KEY is not set",
        "set AUTHOR_KEY, or write ${AUTHOR_KEY:-default}",
    ),
    Wrong(
        "a broken reference",
        GOOD + '[http]\ncontact = "${contact me}"\n',
        "atbalss.toml:10: http.contact",
        "`${` does not begin a reference such as ${NAME}",
        "write ${NAME} or ${NAME:-default}, or $${ for the two characters themselves",
    ),
    Wrong(
        "a missing secret file",
        GOOD + '[privacy]\nauthor_key_file = "author.key"\n',
        "atbalss.toml:10: privacy.author_key_file",
        "the file does not exist",
        "create it; a relative path starts at this file's folder",
    ),
    Wrong(
        "a secret twice",
        GOOD + '[privacy]\nauthor_key = "0123456789abcdef"\nauthor_key_file = "author.key"\n',
        "atbalss.toml:11: privacy.author_key_file",
        "is given together with author_key",
        "keep one of author_key and author_key_file",
    ),
    Wrong(
        "a secret file that is a number",
        GOOD + "[privacy]\nauthor_key_file = 5\n",
        "atbalss.toml:10: privacy.author_key_file",
        "must be text in quotes",
        "name the file that holds the author_key",
    ),
    Wrong(
        "a file for what is no secret",
        GOOD + '[http]\ncontact_file = "contact"\n',
        "atbalss.toml:10: http.contact_file",
        "is not a known key",
        "did you mean contact?",
    ),
    Wrong(
        "a contact that no header can carry",
        GOOD + '[http]\ncontact = "Rīga"\n',
        "atbalss.toml:10: http.contact",
        "travels in a header, which carries only ASCII",
        "give a mail or web address",
    ),
    Wrong(
        "a proxy without scheme",
        GOOD + '[http]\nproxy = "user:pw@proxy:3128"\n',
        "atbalss.toml:10: http.proxy",
        "a proxy's address starts with http:// or https://",
        "correct it, or leave it out",
    ),
    Wrong(
        "a storm of one",
        GOOD + "[storm]\nposts = 1\n",
        "atbalss.toml:10: storm.posts",
        "must be at least 2",
        "correct it, or leave it out for the default (5)",
    ),
    Wrong(
        "a source without brand",
        GOOD + PAGE.replace('brand = "krasts"\n', ""),
        "atbalss.toml:9: sources[1] (page).brand",
        "is missing",
        "add it: The id of the brand that it speaks of",
    ),
    Wrong(
        "a source of an unknown brand",
        GOOD + PAGE.replace('"krasts"', '"krast"'),
        "atbalss.toml:11: sources[1] (page).brand",
        "there is no brand 'krast'",
        "did you mean krasts?",
    ),
    Wrong(
        "a source without type",
        GOOD + PAGE.replace('type = "schema_org"\n', ""),
        "atbalss.toml:9: sources[1] (page).type",
        "is missing",
        "add type, one of demo, feed, file, imap, mastodon, schema_org",
    ),
    Wrong(
        "a source of an unknown type",
        GOOD + PAGE.replace('"schema_org"', '"mastodn"'),
        "atbalss.toml:12: sources[1] (page).type",
        "is not a known type",
        "did you mean mastodon?",
    ),
    Wrong(
        "a source without its own key",
        GOOD + PAGE.replace("urls", "# urls"),
        "atbalss.toml:9: sources[1] (page).urls",
        "is missing",
        "add it: Pages that carry reviews, each with its https://",
    ),
    Wrong(
        "a source's key of another kind",
        GOOD + PAGE + 'max_pages = "many"\n',
        "atbalss.toml:14: sources[1] (page).max_pages",
        "must be a whole number",
        "correct it, or leave it out for the default (10)",
    ),
    Wrong(
        "a source's address in a list",
        GOOD + PAGE.replace("https://", ""),
        "atbalss.toml:13: sources[1] (page).urls[1]",
        "an address starts with https:// or http:// and has a host",
        "correct it: Pages that carry reviews, each with its https://",
    ),
    Wrong(
        "a source's mistyped own key",
        GOOD + PAGE + "max_page = 3\n",
        "atbalss.toml:14: sources[1] (page).max_page",
        "is not a known key of type schema_org",
        "did you mean max_pages?",
    ),
    Wrong(
        "a source's mistyped common key",
        GOOD + PAGE + 'evry = "5m"\n',
        "atbalss.toml:14: sources[1] (page).evry",
        "is not a known key of type schema_org",
        "did you mean every?",
    ),
    Wrong(
        "a source too often",
        GOOD + PAGE + 'every = "30s"\n',
        "atbalss.toml:14: sources[1] (page).every",
        "must be at least 1m",
        'correct it, or leave it out for the default ("15m")',
    ),
    Wrong(
        "a source twice",
        GOOD + PAGE + PAGE,
        "atbalss.toml:15: sources[2] (page).id",
        "is used twice",
        "give each of the sources its own id",
    ),
    Wrong(
        "a rule without name",
        GOOD + "[[rules]]\nmax_stars = 2\n",
        "atbalss.toml:9: rules[1].name",
        "is missing",
        "add it: The rule's own name, shown in alerts and by `explain`",
    ),
    Wrong(
        "a rule with a label",
        GOOD + RULE + 'labels = ["negative"]\n',
        "atbalss.toml:11: rules[1] (angry).labels[1]",
        "must be 'neg', 'neu', 'pos' or 'unscored'",
        "correct it, or leave it out",
    ),
    Wrong(
        "a rule with six stars",
        GOOD + RULE + "max_stars = 6\n",
        "atbalss.toml:11: rules[1] (angry).max_stars",
        "must be at most 5",
        "correct it, or leave it out",
    ),
    Wrong(
        "a rule that never fires",
        GOOD + RULE + "max_stars = 2\nmin_stars = 3\n",
        "atbalss.toml:9: rules[1] (angry)",
        "min_stars is above max_stars: no post can match",
        "correct the keys of this table",
    ),
    Wrong(
        "a rule for an unknown channel",
        GOOD + RULE + 'channels = ["care", "boss"]\n',
        "atbalss.toml:11: rules[1] (angry).channels[2]",
        "there is no channel 'boss'",
        "use one of care",
    ),
    Wrong(
        "a rule for an unknown source",
        GOOD + PAGE + RULE + 'sources = ["pages"]\n',
        "atbalss.toml:16: rules[1] (angry).sources[1]",
        "there is no source 'pages'",
        "did you mean page?",
    ),
    Wrong(
        "a rule for an unknown brand",
        GOOD + RULE + 'brands = ["nairi"]\n',
        "atbalss.toml:11: rules[1] (angry).brands[1]",
        "there is no brand 'nairi'",
        "use one of krasts",
    ),
    Wrong(
        "a rule for a language that is not told apart",
        GOOD + RULE + 'languages = ["de"]\n',
        "atbalss.toml:11: rules[1] (angry).languages[1]",
        "there is no configured language 'de'",
        "use one of lv, lt, hy, ru, en, und",
    ),
    Wrong(
        "a rule twice",
        GOOD + RULE + RULE,
        "atbalss.toml:12: rules[2] (angry).name",
        "is used twice",
        "give each of the rules its own name",
    ),
    Wrong(
        "a channel without secret",
        BRAND + '[[channels]]\nname = "care"\ntype = "slack"\n',
        "atbalss.toml:5: channels[1] (care)",
        "give either url (incoming webhook) or token and channel (bot), not both",
        "correct the keys of this table",
    ),
    Wrong(
        "a channel whose only secret is in a missing file",
        BRAND + '[[channels]]\nname = "care"\ntype = "slack"\nurl_file = "hook"\n',
        "atbalss.toml:8: channels[1] (care).url_file",
        "the file does not exist",
        "create it; a relative path starts at this file's folder",
    ),
    Wrong(
        "a source whose required secret is in a missing file",
        GOOD + '[[sources]]\nid = "m"\nbrand = "krasts"\ntype = "imap"\nhost = "h"\nusername = "u"\n'
        'password_file = "imap"\n',
        "atbalss.toml:15: sources[1] (m).password_file",
        "the file does not exist",
        "create it; a relative path starts at this file's folder",
    ),
    Wrong(
        "a source without its required secret",
        GOOD + '[[sources]]\nid = "m"\nbrand = "krasts"\ntype = "imap"\nhost = "h"\nusername = "u"\n',
        "atbalss.toml:9: sources[1] (m).password",
        "is missing",
        'add password = "${VARIABLE}" or password_file = "path"',
    ),
    Wrong(
        "a channel of an unknown type",
        BRAND + SLACK.replace('"slack"', '"slak"'),
        "atbalss.toml:7: channels[1] (care).type",
        "is not a known type",
        "did you mean slack?",
    ),
    Wrong(
        "a channel with an insecure address",
        BRAND + SLACK.replace("https://", "http://"),
        "atbalss.toml:8: channels[1] (care).url",
        "the address must begin with https://",
        "correct it, or leave it out",
    ),
    Wrong(
        "a channel twice",
        GOOD + SLACK,
        "atbalss.toml:10: channels[2] (care).name",
        "is used twice",
        "give each of the channels its own name",
    ),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.what)
def test_a_wrong_file_is_told_in_one_line(wrong, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "atbalss.toml").write_text(wrong.text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load("atbalss.toml", {})
    assert not isinstance(caught.value, ConfigProblems)
    assert str(caught.value) == f"{wrong.subject}: {wrong.reason}; {wrong.remedy}"


def test_the_good_parts_of_the_table_load(tmp_path):
    (tmp_path / "atbalss.toml").write_text(GOOD + PAGE + RULE, encoding="utf-8")
    assert load(tmp_path / "atbalss.toml", {}).source("page").type == "schema_org"


def test_a_file_that_does_not_exist_says_how_to_make_one(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "atbalss.toml", {})
    assert caught.value.subject == str(tmp_path / "atbalss.toml")
    assert caught.value.reason == "there is no such file"
    assert "run `atbalss init`" in caught.value.remedy


def test_a_folder_instead_of_a_file_is_an_error_of_ours(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, {})


def test_a_file_in_another_encoding_says_so(tmp_path):
    (tmp_path / "atbalss.toml").write_bytes("# Rīgā\n".encode("windows-1257"))
    with pytest.raises(ConfigError, match="is not UTF-8 text; save it as UTF-8"):
        load(tmp_path / "atbalss.toml", {})


def test_several_problems_are_told_together_one_line_each_in_the_order_of_the_file(tmp_path):
    text = (
        BRAND.replace("Riga", "Rga") + PAGE + 'evry = "5m"\nmax_pages = 0\n' + SLACK + "[daemon]\ntick = 5\n"
    )
    (tmp_path / "atbalss.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigProblems) as caught:
        load(tmp_path / "atbalss.toml", {})
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[0].rpartition(":")[2] for line in lines] == ["4", "10", "11", "17"]
    assert [str(problem) for problem in caught.value.problems] == lines
    assert caught.value.reason == caught.value.problems[0].reason


def test_several_problems_can_be_copied_and_sent_between_processes(tmp_path):
    (tmp_path / "atbalss.toml").write_text(GOOD + "[zzz]\n[yyy]\n", encoding="utf-8")
    with pytest.raises(ConfigProblems) as caught:
        load(tmp_path / "atbalss.toml", {})
    copied = copy.deepcopy(caught.value)  # by the same road as pickle
    assert isinstance(copied, ConfigProblems)
    assert str(copied) == str(caught.value)


ODD_VALUES = [
    "5",
    "-1",
    "1.5",
    "nan",
    "true",
    "1979-05-27",
    "1979-05-27T07:32:00Z",
    '""',
    '"\\u0000"',
    '"~nobody-of-this-name/x"',
    '"{reason}; %s"',
    '"9999999999999d"',
    "[]",
    "[[]]",
    "[{}]",
    "{}",
    "{ a = 1 }",
    "[1, 'a', {}]",
]


TABLES_AND_KEYS = [
    (f"[{name}]\n", key)
    for name, model in TABLES.items()
    for key in (*model.model_fields, "url_file", "author_key_file")
] + [
    *((f"[[{name}]]\n", key) for name, model in ARRAYS_OF.items() for key in model.model_fields),
    *(
        (f'[[{array}]]\nid = "x"\nbrand = "krasts"\ntype = "{kind}"\n', key)
        for array, registry in (("sources", sources), ("channels", channels))
        for kind in registry.KINDS
        for key in (*registry.load(kind).Settings.model_fields, "token_file")
        if key not in ("type", "id", "brand")
    ),
    *(("", name) for name in (*TABLES, *ARRAYS_OF)),
]


@pytest.mark.parametrize("value", ODD_VALUES)
def test_no_value_at_any_key_is_more_than_a_problem_told_in_lines(value, tmp_path):
    for head, key in TABLES_AND_KEYS:
        brand = "" if head == "" and key == "brands" else BRAND
        text = f"{key} = {value}\n" + brand if head == "" else f"{brand}{head}{key} = {value}\n"
        try:
            loads(text, path=tmp_path / "atbalss.toml", environment={})
        except ConfigError as error:
            told = str(error).splitlines()
        else:
            told = []
        assert all(line.startswith(f"{tmp_path}/atbalss.toml") and "; " in line for line in told), text
