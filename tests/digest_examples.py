"""A café's week in five languages, from which the digest's tests and pictures are made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerts.digest.data import Digest, DigestRow, SourceRow, SurveyRow, Week
from alerts.digest.numbers import digest_of
from alerts.digest.week import week_of

RIGA = ZoneInfo("Europe/Riga")
VILNIUS = ZoneInfo("Europe/Vilnius")
YEREVAN = ZoneInfo("Asia/Yerevan")

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
"""Monday, 09:00 in Riga."""

WEEK = week_of(datetime(2026, 11, 18, 12, 0, tzinfo=UTC), RIGA)
"""16-22 November 2026."""

_SATISFACTION = {"neg": 1.6, "neu": 3.0, "pos": 4.6}


def row(mention_id: int, *, day: float = 2.0, label: str = "pos", **changes: Any) -> DigestRow:
    """A mention written `day` days after the Monday of `WEEK` and collected twenty minutes later."""
    at = WEEK.start + timedelta(days=day)
    values: dict[str, Any] = {
        "mention_id": mention_id,
        "source": "google-riga",
        "kind": "review",
        "lang": "lv",
        "label": label,
        "reason": None,
        "confidence": 0.9,
        "satisfaction": _SATISFACTION.get(label),
        "stars": None,
        "text": f"Teksts numur {mention_id}",
        "author": None,
        "url": f"https://reviews.example/{mention_id}",
        "at": at,
        "collected_at": at + timedelta(minutes=20),
        "alerted": False,
        "due": False,
        "folded": False,
        "answered_at": None,
    }
    return DigestRow(**(values | changes))


def source(name: str, **changes: Any) -> SourceRow:
    """A source that answered all week."""
    values: dict[str, Any] = {
        "source": name,
        "kind": "reviews",
        "status": "ok",
        "note": None,
        "last_success": NOW - timedelta(minutes=5),
        "down": (),
        "blind": "",
        "collected": 3,
    }
    return SourceRow(**(values | changes))


_POSTS = (
    # label, language, source, stars, day, answered after hours, author
    ("neg", "lv", "google-riga", 1, 0.4, None, "Ilze K."),
    ("neg", "lt", "reviews-site", 2, 1.3, None, "Rasa"),
    ("neg", "hy", "mastodon", None, 2.6, None, None),
    ("neg", "ru", "google-riga", 2, 3.1, 3.3, "Андрей"),
    ("neg", "en", "mailbox", None, 4.5, None, "M. Hughes"),
    ("neg", "lv", "mastodon", None, 5.2, None, None),
    ("pos", "lv", "google-riga", 5, 0.7, 20, "Jānis B."),
    ("pos", "lt", "reviews-site", 5, 2.1, None, "Tomas"),
    ("pos", "hy", "google-riga", 5, 3.4, 5, "Անի"),
    ("pos", "ru", "reviews-site", 4, 4.2, None, None),
    ("pos", "en", "google-riga", 5, 6.1, None, "Joe"),
    ("neu", "lv", "mastodon", None, 1.9, None, None),
    ("neu", "lt", "reviews-site", 3, 5.6, None, "Giedrė"),
    ("pos", "lv", "google-riga", 1, 5.9, None, "Māra"),
    ("neg", "en", "reviews-site", 5, 6.4, None, "Sam"),
    ("neg", "hy", "reviews-site", 2, 2.9, 26, "Կարեն"),
)

_TEXTS = (
    "Pasūtījumu gaidījām stundu un desmit minūtes, zupa atnesta auksta, un neviens pat neatvainojās. "
    "Bērni aizgāja mājās izsalkuši.",
    "Kurjeris paliko dėžę lauke per lietų, tortas permirko. Parašiau du kartus, atsakymo nėra jau ketvirtą "
    "dieną.",
    "Երկու անգամ նույն գումարը գանձեցին քարտիցս, իսկ հեռախոսով ասում են՝ սպասեք մեկ շաբաթ։ Այսպես չի կարելի։",
    "Столик бронировали за неделю, а нас посадили у туалета и сказали, что других мест нет. Зал был пустой.",
    "The allergy note on my order was ignored. My daughter is fine, but please call me back today.",
    "atkal nestraadaa lietotne, samaksaaju un talons pazuda. treshaa reize shomeenes",
    "Biju aizmirsusi šalli pie kases, bet Līga panāca mani jau uz ielas. Paldies par sirsnību, atgriezīšos!",
    "Šakotis kaip močiutės, o personalas prisiminė, kad geriu kavą be cukraus. Labai jauku.",
    "Ամենահամեղ գաթան քաղաքում, և սպասարկումն էլ շատ ուշադիր էր։ Շնորհակալություն ամբողջ թիմին։",
    "Быстро, вкусно и честные цены. Отдельное спасибо за детский уголок.",
    "Best rye bread I had in the Baltics, and they explained how it is made.",
    "Vai brīvdienās strādājat arī pēc astoņiem vakarā?",
    "Vidutiniškai: kava gera, pyragas sausokas, kaina kaip visur.",
    "Ļoti garšīgi, viss patika, apkalpošana lieliska!",
    "Waited forty minutes for a coffee and left without it.",
    "Մատուցողը երեք անգամ մոռացավ պատվերը, հետո էլ ասաց, որ մեղավորը մենք ենք։",
)


def rich_rows() -> list[DigestRow]:
    """The week itself: written posts, short ones, some not to be judged, a repetition, and a late one."""
    rows = []
    for number, (post, text) in enumerate(zip(_POSTS, _TEXTS, strict=True), start=1):
        label, lang, name, stars, day, hours, author = post
        answered = None if hours is None else WEEK.start + timedelta(days=day, hours=hours)
        rows.append(
            row(
                number,
                label=label,
                lang=lang,
                source=name,
                stars=stars,
                day=day,
                text=text,
                author=author,
                confidence=0.97 - number / 100,
                due=label == "neg" or number == 12,
                alerted=label == "neg",
                answered_at=answered,
            )
        )
    languages = ("lv", "lv", "lt", "hy", "ru", "en")
    names = ("google-riga", "reviews-site", "google-riga", "mastodon")
    for number in range(20, 37):
        label = ("pos", "pos", "neu", "neg", "pos")[number % 5]
        rows.append(
            row(
                number,
                label=label,
                lang=languages[number % 6],
                source=names[number % 4],
                stars={"pos": 5, "neu": 3, "neg": 2}[label] if number % 2 else None,
                day=(number - 20) * 0.37,
                confidence=0.6,
                text="Labi." if label == "pos" else "Hm.",
            )
        )
    rows += [
        row(40, label="unscored", reason="too_short", text="ok", lang="und", source="mastodon"),
        row(41, label="unscored", reason="no_letters", text="👍👍", lang="und", source="mastodon"),
        row(42, label="unscored", reason="low_margin", text="Nu ko, redzēs kā būs.", source="mastodon"),
        row(43, label="unscored", reason="unsupported_language", lang="et", text="Väga hea"),
        row(44, label="neg", folded=True, text=_TEXTS[0], day=1.1, source="mastodon"),
        row(
            45,
            label="neg",
            lang="lt",
            day=-2.5,
            source="reviews-site",
            text="Grąžinti pinigų atsisakė, nors prekė buvo nepraplėšta.",
            author="Vytautas",
            stars=1,
            due=True,
            collected_at=WEEK.start + timedelta(days=1),
        ),
    ]
    return rows


def rich_history() -> list[DigestRow]:
    """Six weeks before the reported one; nobody looked in the first of the trend's eight."""
    rows = []
    shape = ((6, 2, 9), (4, 3, 12), (9, 4, 8), (12, 3, 7), (7, 5, 14), (8, 3, 15))
    number = 1000
    for weeks_ago, (neg, neu, pos) in zip(range(6, 0, -1), shape, strict=True):
        for label, count in (("neg", neg), ("neu", neu), ("pos", pos)):
            for place in range(count):
                number += 1
                stars = {"neg": 2, "neu": 3, "pos": 5}[label] if place % 2 else None
                rows.append(row(number, label=label, stars=stars, day=place * 0.3 - 7 * weeks_ago))
    return rows


def rich_surveys() -> list[SurveyRow]:
    """Answers of this week and the one before."""
    values = {
        "csat": (5, 4, 4, 3, 5, 2, 4, 5, 1, 4),
        "nps": (10, 9, 9, 8, 7, 10, 3, 6, 9, 10, 8, 10),
        "ces": (1, 2, 2, 5, 3, 6, 1, 4),
    }
    answers = []
    for kind, given in values.items():
        for place, value in enumerate(given):
            answers.append(SurveyRow(kind, value, WEEK.start + timedelta(days=1, hours=place)))
            answers.append(SurveyRow(kind, max(1, value - 1), WEEK.start - timedelta(days=3, hours=place)))
    return answers


def rich_sources() -> list[SourceRow]:
    """One source of each kind of sight."""
    return [
        source(
            "google-riga", collected=17, blind="Reviews that the author deleted within the hour are not seen."
        ),
        source(
            "mastodon",
            collected=9,
            status="failing",
            down=(
                (
                    WEEK.start + timedelta(days=2, hours=8),
                    WEEK.start + timedelta(days=3, hours=14, minutes=30),
                    "the server answered 503",
                ),
            ),
            blind="Posts for followers only, and servers that do not federate with this one, are never shown.",
        ),
        source("reviews-site", collected=12, blind="Only the newest 20 reviews of a page are shown."),
        source("mailbox", collected=0),
        source(
            "facebook-page",
            status="auth_lost",
            last_success=None,
            collected=0,
            note="The access token was refused; connect the page again.",
            blind="Comments in private groups are never shown.",
        ),
    ]


def rich_digest() -> Digest:
    """The whole page."""
    return digest_of(
        "Kafejnīca Rudzu māja",
        WEEK,
        [*rich_history(), *rich_rows()],
        rich_surveys(),
        rich_sources(),
        NOW,
    )


def empty_digest(*, week: Week = WEEK, sources: tuple[SourceRow, ...] = ()) -> Digest:
    """A week without anything."""
    return digest_of("Kafejnīca Rudzu māja", week, [], [], sources, NOW)
