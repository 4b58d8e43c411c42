"""Which column of a table means what, by its header in five languages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from collectors.plain_words import plain_words

__all__ = ["Column", "find_columns", "is_known_header", "says_something"]


class Column(StrEnum):
    """What a column can hold."""

    TEXT = "text"
    TITLE = "title"
    STARS = "stars"
    AUTHOR = "author"
    DATE = "date"
    ID = "id"
    URL = "url"
    LANGUAGE = "language"
    BRAND = "brand"
    REPLY = "reply"
    REPLIED = "replied"
    SURVEY = "survey"  # csat, nps or ces, row by row; its number is in `answer`
    ANSWER = "answer"
    CSAT = "csat"
    NPS = "nps"
    CES = "ces"


# In the order of trust: of two headers that fit, the earlier name wins. Numbering columns ("No.", "Nr.")
# are left out of the ids on purpose: they count the rows of one export and mean another row in the next.
_NAMES: Mapping[Column, str] = {
    Column.TEXT: """
        text, review text, review, comment text, comment, comments, feedback, message, content, body,
        opinion, post teksts, atsauksmes teksts, atsauksme, komentārs, komentāri, ziņa, viedoklis, saturs
        tekstas, atsiliepimo tekstas, atsiliepimas, komentaras, komentarai, žinutė, nuomonė, turinys
        տեքստ, կարծիք, մեկնաբանություն, հաղորդագրություն, արձագանք текст, текст отзыва, отзыв,
        комментарий, комментарии, сообщение, мнение""",
    Column.TITLE: """
        title, headline, subject, virsraksts, temats, antraštė, pavadinimas, tema, վերնագիր, заголовок,
        тема""",
    Column.STARS: """
        stars, star rating, rating, score, grade, zvaigznes, vērtējums, novērtējums, reitings, atzīme
        žvaigždutės, žvaigždės, įvertinimas, vertinimas, reitingas, balas
        աստղեր, գնահատական, վարկանիշ, звезды, оценка, рейтинг, балл""",
    Column.AUTHOR: """
        author, author name, reviewer, user name, username, user, customer, name, autors, vārds,
        lietotājs, klients autorius, vardas, vartotojas, klientas, pirkėjas, հեղինակ, անուն, օգտատեր,
        հաճախորդ автор, имя, пользователь, клиент, покупатель""",
    Column.DATE: """
        date, published at, published, created at, created, submitted at, timestamp, time, date and time
        datums, datums un laiks, publicēts, izveidots, laiks, data, data ir laikas, paskelbta, sukurta, laikas
        ամսաթիվ, ժամանակ, дата, дата и время, опубликовано, создано, время""",
    Column.ID: """
        id, external id, review id, comment id, post id, response id, message id
        identifikators, identifikatorius, նույնացուցիչ, идентификатор""",
    Column.URL: "url, link, permalink, saite, nuoroda, հղում, ссылка",
    Column.LANGUAGE: "language, lang, locale, valoda, kalba, լեզու, язык",
    Column.BRAND: """
        brand, shop, store, location, company, zīmols, veikals, filiāle, uzņēmums
        prekės ženklas, parduotuvė, įmonė, ապրանքանիշ, խանութ, ընկերություն, бренд, магазин, филиал,
        компания""",
    Column.REPLY: """
        reply, owner reply, response, answer, atbilde, atsakymas, պատասխան, ответ""",
    Column.REPLIED: """
        replied at, reply date, response date, atbildes datums, atsakymo data, պատասխանի ամսաթիվ, дата
        ответа""",
    Column.SURVEY: """
        survey kind, survey type, survey, metric, aptaujas veids, aptauja, apklausos tipas, apklausa
        հարցում, тип опроса, опрос""",
    Column.ANSWER: """
        survey value, survey answer, answer value, value, vērtība, reikšmė, արժեք, значение""",
    Column.CSAT: "csat",
    Column.NPS: "nps",
    Column.CES: "ces",
}


_RANKED: Mapping[Column, Mapping[str, int]] = {
    column: {plain_words(name): rank for rank, name in enumerate(re.split(r"[,\n]", names)) if name.strip()}
    for column, names in _NAMES.items()
}


def find_columns(headers: Sequence[str], chosen: Mapping[Column, str]) -> dict[Column, int]:
    """Return the position of each column that `headers` has; `chosen` headers go before recognised ones.

    Raises KeyError with the name of a chosen header that is not there.
    """
    plain = [plain_words(header) for header in headers]
    found: dict[Column, int] = {}
    for column, header in chosen.items():
        if plain_words(header) not in plain:
            raise KeyError(header)
        found[column] = plain.index(plain_words(header))
    for column, ranks in _RANKED.items():
        free = [
            (ranks[name], position)
            for position, name in enumerate(plain)
            if name in ranks and position not in found.values()
        ]
        if column not in found and free:
            found[column] = min(free)[1]
    return found


def is_known_header(header: str) -> bool:
    """Whether some column is called so."""
    name = plain_words(header)
    return any(name in ranks for ranks in _RANKED.values())


def says_something(columns: Mapping[Column, int]) -> bool:
    """Whether rows with these columns can become posts: a text, a rating or a survey answer is there."""
    alone = {Column.TEXT, Column.STARS, Column.CSAT, Column.NPS, Column.CES}
    return bool(alone & columns.keys()) or {Column.SURVEY, Column.ANSWER} <= columns.keys()
