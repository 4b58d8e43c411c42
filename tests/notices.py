"""Notices for tests of the channels: ordinary ones in each language, and a text with all that can hurt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerts.notice import AlertNotice, MentionView, OpsNotice, StormNotice
from alerts.replies import suggest

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
RIGA = ZoneInfo("Europe/Riga")
VILNIUS = ZoneInfo("Europe/Vilnius")
YEREVAN = ZoneInfo("Asia/Yerevan")

TEXTS = {
    "lv": "Gaidīju pasūtījumu pusotru stundu, zupa bija auksta un neviens pat neatvainojās. Vairāk nenākšu!",
    "lt": "Kurjeris vėlavo tris dienas, siunta apdaužyta, o klientų aptarnavimas neatsako. Labai nusivyliau.",
    "hy": "Մեկ ժամից ավելի սպասեցինք, սնունդը սառն էր, իսկ մատուցողը շատ կոպիտ էր։ Այլևս չենք գա։",
    "ru": "Заказывали столик на семь, посадили в восемь. Суп холодный, официант нагрубил. Больше не придём.",
    "en": "Waited for over an hour, the soup was cold and the waiter was rude. Not coming back.",
}
BRANDS = {
    "lv": ("Kafejnīca Ozols", RIGA),
    "lt": ("Siuntų Paštas", VILNIUS),
    "hy": ("Արարատ ռեստորան", YEREVAN),
    "ru": ("Кафе «Даугава»", RIGA),
    "en": ("Café Riga", RIGA),
}

NASTY = (
    "<!channel> <@U1> <http://evil.test|click> *bold* _it_ ~no~ `code` :sob: &amp; </td><script>alert(1)</script>"
    " \x1b[31mred\x1b[0m \u202eevil\u202c @here {{ 7*7 }} [link](http://x.test) https://evil.test/auto"
    "\r\nBcc: a@b.c"
)


def mention(lang: str = "lv", **changes: Any) -> MentionView:
    """One angry review."""
    values: dict[str, Any] = {
        "mention_id": 7,
        "source": "google-riga",
        "kind": "review",
        "text": TEXTS.get(lang, TEXTS["en"]),
        "lang": lang,
        "author": "reader-5f2a",
        "stars": 1.0,
        "url": "https://reviews.example.com/r/7?a=1&b=2",
        "published_at": NOW - timedelta(hours=2, minutes=5),
        "collected_at": NOW - timedelta(minutes=9),
        "label": "neg",
        "confidence": 0.93,
        "satisfaction": 1.2,
    }
    return MentionView(**(values | changes))


def alert(lang: str = "lv", event_id: str = "alert-7-1", **changes: Any) -> AlertNotice:
    """An alert about `mention(lang)`; `changes` of the mention's own fields go to the mention."""
    own = {key: changes.pop(key) for key in tuple(changes) if key in AlertNotice.__dataclass_fields__}
    brand, zone = BRANDS.get(lang, BRANDS["en"])
    said = mention(lang, **changes)
    values: dict[str, Any] = {
        "event_id": event_id,
        "brand": brand,
        "zone": zone,
        "rule": "angry-reviews",
        "mention": said,
        "why": (
            "the label is negative (93% sure)",
            "1 of 5 stars, at most 2 asked for",
            "2 h old, at most 7 days",
        ),
        "age": timedelta(hours=2, minutes=5),
        "reply": suggest(
            lang, "review", "neg", 1.0, True, NOW + timedelta(days=2, hours=2, minutes=30), zone, event_id
        ),
        "also_seen": 2,
    }
    return AlertNotice(**(values | own))


def storm(**changes: Any) -> StormNotice:
    """Many complaints at once."""
    values: dict[str, Any] = {
        "event_id": "storm-3",
        "brand": "Kafejnīca Ozols",
        "zone": RIGA,
        "rule": "storm",
        "count": 23,
        "first_at": NOW - timedelta(hours=2),
        "last_at": NOW - timedelta(minutes=4),
        "by_lang": (("lv", 15), ("ru", 8)),
        "by_source": (("google-riga", 20), ("mastodon", 3)),
        "quotes": (mention("lv"), mention("ru", mention_id=8), mention("hy", mention_id=9, url=None)),
        "why": ("23 complaints within 2 h, 5 are a storm",),
    }
    return StormNotice(**(values | changes))


def ops(**changes: Any) -> OpsNotice:
    """A source that needs a person."""
    values: dict[str, Any] = {
        "event_id": "ops-google-riga-auth",
        "subject": "source google-riga",
        "reason": "the token is refused since two runs",
        "remedy": "create a new token and put it into GOOGLE_TOKEN",
        "since": NOW - timedelta(hours=1),
    }
    return OpsNotice(**(values | changes))
