"""One mail to a post's fields: headers, bodies, automatic mails."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.mail import LeftOut, Mail, MailProblem, left_out, read_mail

RECEIVED = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def raw(body: bytes = b"Teksts", charset: str = "", **headers: str) -> bytes:
    fields = {
        "From": "Anna Liepa <anna@x.example>",
        "Subject": "Kafija",
        "Message-ID": "<1@x.example>",
        "Date": "Fri, 20 Nov 2026 10:00:00 +0200",
    }
    if charset:
        fields |= {"Content-Type": f"text/plain; charset={charset}", "Content-Transfer-Encoding": "8bit"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\n" for name, value in fields.items() if value)
    return head.encode() + b"\n" + body


def read(content: bytes) -> Mail:
    mail = read_mail(content, received=RECEIVED)
    assert isinstance(mail, Mail)
    return mail


def test_a_simple_mail_is_read():
    assert read(raw()) == Mail(
        message_id="<1@x.example>",
        parent_id=None,
        author="Anna Liepa",
        address="anna@x.example",
        subject="Kafija",
        text="Teksts",
        sent_at=datetime(2026, 11, 20, 8, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Kafija bija ļoti vāja, šķiet", "windows-1257"),
        ("Kava buvo labai silpna, žiauriai", "windows-1257"),
        ("Кофе был очень слабый", "windows-1251"),
        ("Кофе был очень слабый", "koi8-r"),
        ("Սուրճը շատ թույլ էր", "utf-8"),
    ],
)
@pytest.mark.parametrize("declared", [True, False])
def test_bodies_are_read_in_the_charsets_of_our_countries(text, charset, declared):
    assert read(raw(text.encode(charset), charset if declared else "us-ascii")).text == text


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
def test_transfer_encodings_are_undone(encoding):
    message = EmailMessage()
    message["From"] = "anna@x.example"
    message.set_content("Ļoti garda kūka", charset="utf-8", cte=encoding)
    assert read(bytes(message)).text == "Ļoti garda kūka"


def test_plain_text_is_preferred_to_html():
    message = EmailMessage()
    message["From"] = "anna@x.example"
    message.set_content("Vienkārši")
    message.add_alternative("<p>Krāšņi</p>", subtype="html")
    message.add_attachment("pielikums", filename="a.txt")
    assert read(bytes(message)).text == "Vienkārši"


def test_html_alone_becomes_text_without_quotations():
    page = (
        "<p>Kafija bija<br>auksta &amp; vāja.</p><div class='gmail_quote'><div>2026 rakstīja:</div>"
        "<blockquote>Vai viss kārtībā?</blockquote></div><div class='gmail_signature'>Anna, tel. 29</div>"
    )
    message = EmailMessage()
    message["From"] = "anna@x.example"
    message.set_content(page, subtype="html")
    assert read(bytes(message)).text == "Kafija bija\nauksta & vāja."


def test_an_empty_plain_part_does_not_hide_the_html():
    message = EmailMessage()
    message["From"] = "anna@x.example"
    message.set_content(" \n")
    message.add_alternative("<p>Teksts</p>", subtype="html")
    assert read(bytes(message)).text == "Teksts"


def test_an_outlook_reply_in_html_ends_at_its_header():
    page = (
        "<div>Nē, paldies.</div><div id='divRplyFwdMsg'><b>No:</b> Veikals<br><b>Nosūtīts:</b> piektdien<br>"
        "<b>Kam:</b> Anna</div><div>Vai atbildēt?</div>"
    )
    message = EmailMessage()
    message["From"] = "anna@x.example"
    message.set_content(page, subtype="html")
    assert read(bytes(message)).text == "Nē, paldies."


def test_text_inside_of_an_attached_mail_is_not_the_mail():
    inner = EmailMessage()
    inner.set_content("Svešs teksts")
    message = EmailMessage()
    message["From"] = "anna@x.example"
    message.set_content("Skatiet pielikumu")
    message.add_attachment(inner)
    assert read(bytes(message)).text == "Skatiet pielikumu"


def test_a_forwarded_mail_keeps_what_it_forwards():
    body = "---------- Forwarded message ---------\nFrom: Klients\n\nZupa auksta."
    assert "Zupa auksta." in read(raw(body.encode(), Subject="Fwd: sūdzība")).text


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no text"),
        (b" \n\n", "no text"),
        (b"> quoted only", "only a quotation"),
        (b"-- \nAnna", "only a quotation or a signature"),
    ],
)
def test_a_mail_without_own_words_is_refused_with_the_reason(body, reason):
    with pytest.raises(MailProblem, match=reason) as caught:
        read_mail(raw(body))
    assert "Anna" not in str(caught.value)


def test_what_is_no_mail_is_refused():
    with pytest.raises(MailProblem, match="no headers"):
        read_mail(b"\x00\xff\n\njust bytes")


@pytest.mark.parametrize(
    ("sender", "name", "address"),
    [
        ("anna@x.example", None, "anna@x.example"),
        ('"Liepa, Anna" <Anna@X.example>', "Liepa, Anna", "anna@x.example"),
        ("=?utf-8?q?J=C4=81nis_Ozols?= <j@x.example>", "Jānis Ozols", "j@x.example"),
        ("=?windows-1257?Q?J=E2nis=2C_SIA?= <j@x.example>", "Jānis, SIA", "j@x.example"),
        ("=?koi8-r?B?4c7OwQ==?= <a@x.example>", "Анна", "a@x.example"),
        ("Jānis <j@x.example>", "Jānis", "j@x.example"),
        ("undisclosed", None, None),
        ("", None, None),
    ],
)
def test_the_author_is_name_and_address(sender, name, address):
    mail = read(raw(From=sender))
    assert (mail.author, mail.address) == (name, address)


@pytest.mark.parametrize(
    ("headers", "parent"),
    [
        ({"In_Reply_To": "<a@x>"}, "<a@x>"),
        ({"In_Reply_To": "<a@x> <b@x>", "References": "<c@x>"}, "<a@x>"),
        ({"References": "<a@x>\n <b@x>"}, "<b@x>"),
        ({"In_Reply_To": "your mail of Friday"}, None),
        ({}, None),
    ],
)
def test_the_parent_is_the_answered_mail(headers, parent):
    assert read(raw(**headers)).parent_id == parent


def test_a_mail_without_an_id_gets_one_of_its_content():
    first, again, other = (read(raw(body, Message_ID="")) for body in (b"Teksts", b"Teksts", b"Cits"))
    assert first.message_id == again.message_id != other.message_id


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Fri, 20 Nov 2026 10:00:00 +0200", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("Fri, 20 Nov 2026 10:00:00 -0000", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("Fri, 20 Nov 2036 10:00:00 +0200", RECEIVED),  # a wrong clock
        ("Fri, 99 Nov 2026", RECEIVED),
        ("Fri, 31 Dec 9999 23:00:00 -1200", RECEIVED),
        ("", RECEIVED),
    ],
)
def test_the_time_is_the_date_header_or_the_arrival(date, expected):
    assert read(raw(Date=date)).sent_at == expected


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Auto_Submitted": "auto-replied"}, LeftOut.AUTO_SUBMITTED),
        ({"Auto_Submitted": "auto-generated; owner-email=x@y"}, LeftOut.AUTO_SUBMITTED),
        ({"X_Auto_Response_Suppress": "All"}, LeftOut.AUTO_REPLY),
        ({"X_Auto_Response_Suppress": "DR, OOF, AutoReply"}, LeftOut.AUTO_REPLY),
        ({"X_Autoreply": "yes"}, LeftOut.AUTO_REPLY),
        ({"X_Autorespond": "Kafija"}, LeftOut.AUTO_REPLY),
        ({"Subject": "Automatic reply: Kafija"}, LeftOut.AUTO_REPLY),
        ({"Subject": "=?utf-8?q?Autom=C4=81tisk=C4=81_atbilde=3A_Kafija?="}, LeftOut.AUTO_REPLY),
        ({"Subject": "Automatinis atsakymas: Kava"}, LeftOut.AUTO_REPLY),
        ({"Subject": "Автоматический ответ: кофе"}, LeftOut.AUTO_REPLY),
        ({"Precedence": "bulk"}, LeftOut.BULK),
        ({"Precedence": "Junk"}, LeftOut.BULK),
        (
            {"Content_Type": "multipart/report; report-type=delivery-status; boundary=b"},
            LeftOut.DELIVERY_REPORT,
        ),
        ({"From": "Mail Delivery System <MAILER-DAEMON@x.example>"}, LeftOut.DELIVERY_REPORT),
        ({"Return_Path": "<>"}, LeftOut.NO_RETURN_PATH),
        ({"Auto_Submitted": "no"}, None),
        ({"X_Auto_Response_Suppress": "DR, RN, NRN"}, None),
        ({"Precedence": "list", "List_Id": "<info.veikals.example>"}, None),
        ({"Return_Path": "<anna@x.example>"}, None),
        ({"Subject": "Automātiskā kafijas mašīna: nestrādā"}, None),
        ({}, None),
    ],
)
def test_mails_that_no_person_wrote_are_told_apart(headers, reason):
    content = raw(**headers)
    assert left_out(message_from_bytes(content)) is reason
    if reason is not None:
        assert read_mail(content) is reason


def test_a_mail_that_was_cut_in_its_attachment_keeps_its_text():
    message = EmailMessage()
    message["From"] = "anna@x.example"
    message.set_content("Teksts ar garumzīmēm: āēīū")
    message.add_attachment(b"x" * 5000, maintype="application", subtype="pdf", filename="a.pdf")
    assert read(bytes(message)[:1500]).text == "Teksts ar garumzīmēm: āēīū"


HEADERS = ["From", "Date", "Subject", "Content-Type", "Content-Transfer-Encoding", "Message-ID", "References"]
VALUES = [
    "multipart/mixed; boundary=b",
    "text/html; charset*=x''%ff",
    "base64",
    "=?utf-8?B?A?=",
    "<a@b",
    "\x00é",
    ";;",
]


@given(
    st.lists(st.tuples(st.sampled_from(HEADERS), st.sampled_from(VALUES) | st.text(max_size=30)), max_size=6),
    st.binary(max_size=200),
)
def test_hostile_mails_are_read_or_refused(headers, body):
    head = "".join(f"{name}: {value}\n" for name, value in headers)
    try:
        mail = read_mail(head.encode("utf-8", "surrogatepass") + b"\n" + body, received=RECEIVED)
    except MailProblem:
        return
    if isinstance(mail, Mail):
        assert mail.text
        assert mail.message_id
