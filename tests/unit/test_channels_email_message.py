"""The mail itself: headers, both parts, and what a stranger's text cannot do to them."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import pytest
from selectolax.lexbor import LexborHTMLParser

from alerts.channels.email_message import CHART_ID, Envelope, compose, message_id, render_html, render_text
from alerts.notice import DigestNotice, Notice
from tests.digest_examples import empty_digest, rich_digest
from tests.notices import NASTY, NOW, TEXTS, alert, mention, ops, storm

ENVELOPE = Envelope(
    sender=Address("Atbalss Ķekava", "alerts", "ozols.example"),
    recipients=(Address("Līga", "liga", "ozols.example"), Address("", "team", "ozols.example")),
    reply_to=Address("", "care", "ozols.example"),
)
NOTICES: dict[str, Notice] = {
    **{f"alert-{lang}": alert(lang) for lang in TEXTS},
    "alert-nasty": alert("en", text=NASTY, author=NASTY, title=NASTY),
    "alert-wordless": alert("und", text="", stars=None, author=None, url=None, published_at=None, reply=None),
    "storm": storm(),
    "ops": ops(),
    "digest": DigestNotice(event_id="digest-1", digest=rich_digest()),
    "digest-empty": DigestNotice(event_id="digest-2", digest=empty_digest()),
}


def arrived(notice: Notice, envelope: Envelope = ENVELOPE) -> EmailMessage:
    """The mail as a mail program reads it: through its bytes."""
    mail = message_from_bytes(compose(notice, envelope, NOW).as_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


@pytest.mark.parametrize("name", NOTICES)
def test_a_mail_has_all_headers_and_both_parts(name: str) -> None:
    mail = arrived(NOTICES[name])
    assert not mail.defects
    assert mail["From"] == "Atbalss Ķekava <alerts@ozols.example>"
    assert mail["To"] == "Līga <liga@ozols.example>, team@ozols.example"
    assert mail["Reply-To"] == "care@ozols.example"
    assert parsedate_to_datetime(mail["Date"]) == NOW
    assert mail["Message-ID"] == f"<{NOTICES[name].event_id}@ozols.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == "<mailto:care@ozols.example?subject=Unsubscribe%20from%20Atbalss>"
    assert mail["X-Atbalss-Event"] == NOTICES[name].event_id
    assert 0 < len(str(mail["Subject"])) <= 120
    assert len(body(mail, "plain")) > 40
    assert "</html>" in body(mail, "html")


@pytest.mark.parametrize("name", NOTICES)
def test_a_mail_is_seven_bit_with_lines_that_every_server_takes(name: str) -> None:
    raw = compose(NOTICES[name], ENVELOPE, NOW).as_bytes()
    assert raw.isascii()
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    words = re.findall(rb"=\?utf-8\?[bq]\?[^?]*\?=", raw)
    assert all(len(word) <= 75 for word in words)


def test_the_same_event_has_the_same_message_id_and_another_a_different_one() -> None:
    assert arrived(alert("lv", "e1"))["Message-ID"] == arrived(alert("lv", "e1"))["Message-ID"]
    ids = {message_id(event, "x.test") for event in ("a/b", "a-b", "a b", "a:b", "a%2Fb", "ķ")}
    assert len(ids) == 6
    assert all(re.fullmatch(r"<[A-Za-z0-9.%~_-]+@x\.test>", value) for value in ids)


def test_long_ids_are_never_folded_into_encoded_words() -> None:
    event = "alert-" + "7" * 150
    domain = "alerts-of-the-customer-care-department.mail.subsidiary.holding.example"
    envelope = Envelope(Address("", "alerts", domain), ENVELOPE.recipients)
    raw = compose(alert("lv", event), envelope, NOW).as_bytes().decode("ascii")
    for line in (
        f"Message-ID: <{event}@{domain}>",
        f"References: <mention-7@{domain}>",
        f"In-Reply-To: <mention-7@{domain}>",
        f"X-Atbalss-Event: {event}",
        f"List-Unsubscribe: <mailto:alerts@{domain}?subject=Unsubscribe%20from%20Atbalss>",
    ):
        assert f"\r\n{line}\r\n" in raw


def test_alerts_about_one_post_refer_to_the_same_root() -> None:
    first, second, other = alert("lv", "e1"), alert("lv", "e2"), alert("lv", "e3", mention_id=8)
    assert arrived(first)["References"] == arrived(second)["References"]
    assert arrived(first)["References"] != arrived(other)["References"]
    assert arrived(storm())["References"] is None


def test_the_way_out_can_be_configured() -> None:
    envelope = Envelope(ENVELOPE.sender, ENVELOPE.recipients, unsubscribe="https://ozols.example/stop?u=1")
    mail = arrived(alert(), envelope)
    assert mail["List-Unsubscribe"] == "<https://ozols.example/stop?u=1>"
    assert mail["Reply-To"] is None


def test_a_strangers_line_breaks_make_no_header() -> None:
    text = "bad\r\nBcc: victim@x.test\r\n\r\n<b>body</b>"
    notice = alert("en", text=text, author=text, title=text, brand=f"B\r\nBcc: {text}", rule=text)
    mail = arrived(notice)
    assert mail["Bcc"] is None
    assert set(mail.keys()) == set(arrived(alert("en")).keys())
    assert len(mail.get_all("To", [])) == 1
    assert "\n" not in str(mail["Subject"])


def test_the_subject_tells_what_and_the_beginning_of_the_text() -> None:
    assert str(arrived(alert("en"))["Subject"]).startswith(
        "Café Riga: negative review, 1/5: Waited for over an"
    )
    assert str(arrived(alert("hy"))["Subject"]).endswith("…")
    assert arrived(NOTICES["alert-wordless"])["Subject"] == "Café Riga: negative review without words"
    assert arrived(storm())["Subject"] == "Kafejnīca Ozols: 23 complaints within 1 h 56 min"


@pytest.mark.parametrize("lang", TEXTS)
def test_both_parts_tell_everything_that_is_needed_to_answer(lang: str) -> None:
    notice = alert(lang)
    assert notice.reply is not None
    page = LexborHTMLParser(render_html(notice))
    assert page.body is not None
    shown = " ".join(page.body.text().split())
    for text in (shown, " ".join(render_text(notice).split())):
        for expected in (
            notice.brand,
            TEXTS[lang],
            "1/5",
            "reader-5f2a",
            "2 h 5 min",
            "google-riga",
            "93% sure",
            "seen in 2 more posts",
            notice.reply.text,
            *notice.why,
        ):
            assert expected in text
    assert str(notice.mention.url) in render_text(notice)
    link = page.css_first("a.button")
    assert link is not None
    assert link.attributes["href"] == notice.mention.url
    assert page.css_first("div.quote").attributes["lang"] == lang  # type: ignore[union-attr]  # it is there


def test_html_of_a_stranger_stays_text() -> None:
    bad = "</td><script>alert(1)</script><img src=http://evil.test/x.png onerror=alert(1)>"
    for notice in (
        alert("en", text=bad, author=bad, title=bad, source=bad, url="javascript:alert(1)"),
        storm(quotes=(mention("en", text=bad, url='https://x.test/"onclick="alert(1)'),)),
    ):
        page = LexborHTMLParser(render_html(notice))
        assert page.css("script, img, iframe, link, object, form") == []
        assert not any(name.startswith("on") for node in page.css("*") for name in node.attributes)
        assert "alert(1)" in (page.body.text() if page.body else "")
        assert all(str(node.attributes["href"]).startswith("https://") for node in page.css("a"))


@pytest.mark.parametrize("name", NOTICES)
def test_a_page_fetches_nothing(name: str) -> None:
    page = LexborHTMLParser(render_html(NOTICES[name]))
    sources = [str(node.attributes.get("src")) for node in page.css("[src]")]
    assert all(source == f"cid:{CHART_ID}" for source in sources)
    assert page.css("link, script") == []
    assert "url(" not in page.html  # type: ignore[operator]  # a page has html
    assert "@import" not in page.html  # type: ignore[operator]  # as above


def test_styles_are_at_their_elements() -> None:
    page = LexborHTMLParser(render_html(alert()))
    quote = page.css_first("div.quote")
    assert quote is not None
    assert "border-left" in str(quote.attributes["style"])


def test_a_digest_carries_its_chart() -> None:
    mail = arrived(NOTICES["digest"])
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert [part["Content-ID"] for part in pictures] == [f"<{CHART_ID}>"]
    assert pictures[0].get_content().startswith(b"\x89PNG")
    assert f'src="cid:{CHART_ID}"' in body(mail, "html")
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "multipart/related"]


def test_a_digest_without_a_chart_has_no_picture() -> None:
    mail = arrived(NOTICES["digest-empty"])
    assert not any(part.get_content_type() == "image/png" for part in mail.walk())


def test_a_text_part_has_no_stray_gaps() -> None:
    for name in ("alert-lv", "alert-wordless", "storm", "ops"):
        assert "\n\n\n" not in render_text(NOTICES[name])
