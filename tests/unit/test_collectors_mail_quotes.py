"""Quotations and signatures are cut out of mails, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.mail_quotes import own_words

OWN = "Sveiki!\n\nPasūtījums nav atnācis."

ATTRIBUTIONS = [
    "On Fri, Nov 20, 2026 at 10:15 AM Veikals <info@v.example> wrote:",
    "On 20 Nov 2026, at 10:15, Veikals <info@v.example> wrote:",
    "On Fri, Nov 20, 2026 at 10:15 AM Veikals un draugi, klientu apkalpošana\n<info@v.example> wrote:",
    "2026-11-20 10:15, Veikals rakstīja:",
    "piektd., 2026. g. 20. nov., plkst. 10:15 — lietotājs Veikals (<info@v.example>) rakstīja:",
    "2026-11-20, pn, 10:15 Parduotuvė <info@v.example> rašė:",
    "2026-11-20 10:15, Parduotuvė rašė:",
    "ուր, 20 նոյ, 2026 թ., 10:15-ին Խանութ <info@v.example>-ը գրել է՝",
    "20.11.2026, 10:15, Խանութ <info@v.example> գրել է:",
    "20.11.2026 10:15, Магазин пишет:",
    "20 ноября 2026 г., 10:15, Магазин <info@v.example> написал(а):",
    "пт, 20 нояб. 2026 г. в 10:15, Магазин <info@v.example>:",
    "Пятница, 20 ноября 2026, 10:15 +02:00 от Магазин <info@v.example>:",
    "Am 20.11.2026 um 10:15 schrieb Veikals:",
    "-----Original Message-----",
    "-------- Forwarded Message --------",
    "-----Sākotnējais ziņojums-----",
    "-----Pradinis laiškas-----",
    "-----Սկզբնական հաղորդագրություն-----",
    "-------- Пересылаемое сообщение --------",
    "Begin forwarded message:",
    "From: Shop <info@v.example>\nSent: Friday, November 20, 2026 10:15 AM\nTo: Jānis\nSubject: Order",
    "No: Veikals <info@v.example>\nNosūtīts: 2026. gada 20. novembris 10:15\nKam: Jānis\nTēma: Pasūtījums",
    "Nuo: Parduotuvė\nIšsiųsta: 2026 m. lapkričio 20 d. 10:15\nKam: Jonas\nTema: Užsakymas",
    "Ումից՝ Խանութ\nОтправлено: 20 ноября\nКому: Ани\nТема: Заказ".replace("՝", ":"),
    "От: Магазин\nОтправлено: 20 ноября 2026 г. 10:15\nКому: Иван\nТема: Заказ",
    "*From:* Shop\n*Sent:* Friday\n*To:* Jānis",
    "________________________________\nFrom: Shop\nSent: Friday\nTo: Jānis",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_an_unmarked_quotation_is_cut_at_its_introduction(attribution):
    assert own_words(f"{OWN}\n\n{attribution}\n\nLabdien, kā varam palīdzēt?\nVeikals") == OWN


@pytest.mark.parametrize("attribution", ATTRIBUTIONS[:14])
def test_an_answer_below_a_marked_quotation_stays(attribution):
    mail = f"{attribution}\n\n> Labdien!\n> Kā varam palīdzēt?\n\n{OWN}"
    assert own_words(mail) == OWN


def test_answers_between_marked_lines_stay():
    mail = "> Vai saņēmāt?\nNē.\n>> vecāks\n > Kad pasūtījāt?\nPirmdien."
    assert own_words(mail) == "Nē.\nPirmdien."


@pytest.mark.parametrize(
    "text",
    [
        "Kurjers man rakstīja: esmu klāt. Bet viņa nebija.",
        "20.11.2026 kurjers man rakstīja:\nesmu klāt. Bet viņa nebija.",
        "He wrote:\nI am here. But nobody came.",
        "Mans e-pasts: anna@x.example\nPasūtīju 2026. gadā.",
        "No: Rīgas\nuz Liepāju brauciens bija auksts.",
        "Pirkumi:\n- tosteris\n- tējkanna\n\nAbi saplīsa.",
        "Thanks, but the courier never came.\nI want my money back.",
        "Sincerely disappointed customer of many years here.\nThe soup was cold.",
        "С уважением отношусь к вам, но суп был холодный.",
        "--- SVARĪGI ---\nNaudu neatgrieza.",
        "Jūsu kafija bija auksta",
        "Ar cieņu pret jums, bet tas bija slikti, jo gaidīju ļoti ilgi un neviens nenāca.",
    ],
)
def test_what_only_looks_like_a_quotation_or_signature_stays(text):
    assert own_words(text) == text


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nJānis Ozols\nSIA Ozols\n+371 29123456",
        "--\nJānis",
        "Ar cieņu,\nJānis Ozols\ntel. 29123456",
        "Ar cieņu Jānis",
        "Cieņā\nJānis",
        "Pagarbiai,\nJonas",
        "Su pagarba Jonas Jonaitis",
        "Հարգանքներով՝".replace("՝", ",") + "\nԱնի",
        "С уважением, Иван",
        "С уважением,\nИван Петров\nдиректор",
        "Best regards,\nAnna",
        "Sent from my iPhone",
        "Nosūtīts no mana iPhone",
        "Išsiųsta iš mano „iPhone“",
        "Ուղարկված է իմ iPhone-ից",
        "Отправлено с iPhone",
        "Отправлено из мобильной Почты Mail.ru",
        "Get Outlook for Android<https://aka.ms/x>",
        "Ar cieņu,\nJānis\n\nNosūtīts no mana Samsung",
    ],
)
def test_signatures_are_cut(signature):
    assert own_words(f"{OWN}\n\n{signature}\n") == OWN


def test_a_signature_above_the_quotation_is_cut_too():
    quoted = "On Fri, Nov 20, 2026 at 10:15 AM Shop <i@v.example> wrote:\n> Hello"
    assert own_words(f"{OWN}\n\nAr cieņu,\nJānis\n\n{quoted}") == OWN


def test_a_postscript_below_the_signature_stays():
    assert (
        own_words(f"{OWN}\n\nAr cieņu,\nJānis\n\nP.S. Rēķins pielikumā.")
        == f"{OWN}\n\nP.S. Rēķins pielikumā."
    )


def test_a_mail_that_only_quotes_has_no_own_words():
    assert own_words("> Labdien!\n> Viss?") == ""
    assert own_words("") == ""


def test_windows_line_ends_make_no_difference():
    assert own_words(OWN.replace("\n", "\r\n") + "\r\n-- \r\nJānis") == OWN


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 300_000,
        "a@" + "a." * 200_000 + " 2026",
        "2026\n" * 30_000,
        "On 2026 10:15 a@b.c\n\n" * 20_000,
        "-" * 300_000,
        "Ar cieņu " * 20_000,
        "No: a\n" * 30_000,
        ">" * 300_000 + "\n" + " " * 300_000,
    ],
    ids=str.__len__,
)
@pytest.mark.timeout(30)
def test_long_hostile_texts_take_no_long_time(text):
    assert len(own_words(text)) <= len(text)


@given(st.text(alphabet=st.sampled_from("ab >-:\n@.19_Č\r"), max_size=400))
def test_own_words_never_invents_and_never_fails(text):
    assert set(own_words(text).split()) <= set(text.split())
