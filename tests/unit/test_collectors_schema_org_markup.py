"""Reading schema.org reviews out of pages: syntaxes, shapes, damage."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.post import Post
from collectors.schema_org_page import decode_page, read_page
from collectors.schema_org_review import can_be_reviewed, moment, reviews, stars

URL = "https://veikals.example/preces/tosteris?id=7"


def read(html: str, url: str = URL) -> list[Post]:
    posts, problems = reviews(read_page(html, url), url, UTC)
    assert problems == []
    return posts


def json_ld(*items: object) -> str:
    blocks = "".join(f'<script type="application/ld+json">{json.dumps(item)}</script>' for item in items)
    return f"<!doctype html><html><head>{blocks}</head><body></body></html>"


def review(**properties: object) -> dict[str, object]:
    return {
        "@type": "Review",
        "author": "Anna",
        "datePublished": "2026-11-02",
        "reviewBody": "Labi",
        **properties,
    }


def of(**properties: object) -> Post:
    """The one post of a page with one review."""
    [post] = read(json_ld({"@context": "https://schema.org", **review(**properties)}))
    return post


MICRODATA = """<html lang="lv"><body><div itemscope itemtype="https://schema.org/LocalBusiness">
  <span itemprop="name">Kafejnīca</span>
  <div itemprop="review" itemscope itemtype="https://schema.org/Review">
    <b itemprop="name">Auksta zupa</b>
    <span itemprop="author" itemscope itemtype="https://schema.org/Person"
      ><span itemprop="name">Jānis Ozols</span> <a itemprop="url" href="/u/7">profils</a></span>
    <meta itemprop="datePublished" content="2026-11-03T10:15:00+02:00">
    <span itemprop="reviewRating" itemscope itemtype="https://schema.org/Rating">
      <meta itemprop="worstRating" content="1"><meta itemprop="bestRating" content="10">
      <span itemprop="ratingValue">5,5</span></span>
    <div itemprop="reviewBody">Gaidījām <b>stundu</b> &amp; zupa
      bija auksta.<br>Vairs nenāksim.</div>
    <a itemprop="url" href="/atsauksmes/17">saite</a>
  </div></div></body></html>"""

RDFA = """<html lang="lv"><body vocab="https://schema.org/"><div typeof="LocalBusiness">
  <span property="name">Kafejnīca</span>
  <div property="review" typeof="Review">
    <b property="name">Auksta zupa</b>
    <span property="author" typeof="Person"
      ><span property="name">Jānis Ozols</span> <a property="url" href="/u/7">profils</a></span>
    <meta property="datePublished" content="2026-11-03T10:15:00+02:00">
    <span property="reviewRating" typeof="Rating">
      <meta property="worstRating" content="1"><meta property="bestRating" content="10">
      <span property="ratingValue">5,5</span></span>
    <div property="reviewBody">Gaidījām <b>stundu</b> &amp; zupa
      bija auksta.<br>Vairs nenāksim.</div>
    <a property="url" href="/atsauksmes/17">saite</a>
  </div></div></body></html>"""

JSON_LD = json_ld(
    {
        "@context": "https://schema.org",
        "@type": "LocalBusiness",
        "name": "Kafejnīca",
        "review": {
            "@type": "Review",
            "name": "Auksta zupa",
            "author": {"@type": "Person", "name": "Jānis Ozols", "url": "/u/7"},
            "datePublished": "2026-11-03T10:15:00+02:00",
            "reviewRating": {"@type": "Rating", "ratingValue": 5.5, "bestRating": "10", "worstRating": 1},
            "reviewBody": "Gaidījām stundu &amp; zupa bija auksta.\nVairs nenāksim.",
            "url": "/atsauksmes/17",
        },
    }
)


def test_three_syntaxes_of_one_review_give_equal_posts():
    from_json, from_microdata, from_rdfa = (read(page) for page in (JSON_LD, MICRODATA, RDFA))
    assert from_json == from_microdata == from_rdfa
    [post] = from_json
    assert post.external_id == post.url == "https://veikals.example/atsauksmes/17"
    assert post.text == "Gaidījām stundu & zupa bija auksta.\nVairs nenāksim."
    assert (post.title, post.stars) == ("Auksta zupa", 3.0)
    assert (post.author, post.author_id) == ("Jānis Ozols", "https://veikals.example/u/7")
    assert post.published_at == datetime(2026, 11, 3, 8, 15, tzinfo=UTC)


def test_a_page_with_two_syntaxes_gives_each_review_once():
    body = MICRODATA.replace('<a itemprop="url" href="/atsauksmes/17">saite</a>', "")
    both = body.replace("<body>", "<body>" + JSON_LD)
    assert read(both) == read(JSON_LD)
    assert [post.external_id for post in read(RDFA + body)] == ["https://veikals.example/atsauksmes/17"]


def test_references_into_a_graph_are_resolved():
    graph = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "Product", "@id": "#p", "review": [{"@id": "https://x.example/r/1"}]},
            {
                "@type": "Review",
                "@id": "https://x.example/r/1",
                "author": {"@id": "#anna"},
                "reviewRating": {"@id": "#rating"},
                "itemReviewed": {"@id": "#p"},
                "reviewBody": "Viss kārtībā",
            },
            {"@type": "Person", "@id": "#anna", "name": "Anna"},
            {"@type": "Rating", "@id": "#rating", "ratingValue": "4"},
        ],
    }
    [post] = read(json_ld(graph))
    assert (post.external_id, post.author, post.stars) == ("https://x.example/r/1", "Anna", 4.0)


def test_references_in_a_circle_end():
    graph = {
        "@graph": [
            {"@type": "Review", "@id": "https://x.example/r", "author": {"@id": "#a"}, "reviewBody": "Ok"},
            {"@id": "#a", "author": {"@id": "https://x.example/r"}, "name": {"@id": "#a"}},
        ]
    }
    [post] = read(json_ld(graph))
    assert post.text == "Ok"


def test_two_descriptions_of_one_id_are_one_review():
    whole = {"@type": "Review", "@id": "https://x.example/r", "reviewBody": "Lēni", "author": "Anna"}
    part = {"@type": "Review", "@id": "https://x.example/r", "reviewRating": 2}
    [post] = read(json_ld({"@graph": [whole, {"@type": "Product", "review": part}]}))
    assert (post.text, post.stars, post.external_id) == ("Lēni", 2.0, "https://x.example/r")


def test_one_address_for_all_reviews_names_none_of_them():
    first, second = (review(url="https://x.example/all", reviewBody=body) for body in ("Labi", "Slikti"))
    posts = read(json_ld({"@type": "Product", "review": [first, second]}))
    assert len({post.external_id for post in posts}) == 2
    assert {post.url for post in posts} == {"https://x.example/all"}


@pytest.mark.parametrize("identity", ["#review-1", "https://veikals.example/preces/tosteris?id=7#review-1"])
def test_a_place_on_the_page_is_no_identity(identity):
    before = of(**{"@id": identity}, reviewBody="Pirmā")
    after = of(**{"@id": identity}, reviewBody="Jaunāka, kas izspieda pirmo")
    assert before.external_id != after.external_id


def test_a_review_without_an_id_is_known_by_author_day_and_text():
    assert of().external_id == of(datePublished="2026-11-02T15:00:00Z", reviewRating=4).external_id
    assert of().external_id != of(author="Berta").external_id
    assert of().external_id != of(reviewBody="Labi!").external_id


@pytest.mark.parametrize(
    ("author", "name", "address"),
    [
        ("Anna", "Anna", None),
        ({"@type": "Organization", "name": "SIA Ozols"}, "SIA Ozols", None),
        ({"@type": "Person", "givenName": "Anna", "familyName": "Liepa"}, "Anna Liepa", None),
        ([{"@type": "Person", "name": "Anna"}, "Berta"], "Anna, Berta", None),
        ("https://x.example/anna", None, "https://x.example/anna"),
        ({"@type": "Person", "@id": "https://x.example/anna"}, None, "https://x.example/anna"),
        ([], None, None),
        (None, None, None),
    ],
)
def test_an_author_may_be_text_person_organization_or_list(author, name, address):
    post = of(author=author)
    assert (post.author, post.author_id) == (name, address)


@pytest.mark.parametrize(
    ("value", "best", "worst", "expected"),
    [
        ("4", None, None, 4.0),
        ("4,5", None, None, 4.5),
        ("5.5", "10", "1", 3.0),
        ("8", "10", "0", 4.2),
        ("0", "5", "0", 1.0),
        ("80%", None, None, 4.2),
        ("80 %", "5", None, 4.2),
        ("9/10", "5", None, 4.56),
        ("4 no 5", None, None, 4.0),
        ("10", None, None, None),  # the scale is not known: no guess
        ("0", None, None, None),
        ("five", None, None, None),
        ("3", "five", None, None),
        ("3", "1", "5", None),
        ("", None, None, None),
    ],
)
def test_ratings_are_brought_to_five_stars(value, best, worst, expected):
    assert stars(value, best, worst) == expected


def test_a_review_without_a_rating_has_no_stars():
    assert of().stars is None


def test_a_rating_may_be_a_bare_value():
    assert of(reviewRating="4").stars == 4.0
    assert of(reviewRating=[3]).stars == 3.0


RIGA = ZoneInfo("Europe/Riga")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-02", datetime(2026, 11, 1, 22, tzinfo=UTC)),
        ("2026-11-02T10:00:00", datetime(2026, 11, 2, 8, tzinfo=UTC)),
        ("2026-11-02T10:00:00+01:00", datetime(2026, 11, 2, 9, tzinfo=UTC)),
        ("2026-11-02T10:00:00.5Z", datetime(2026, 11, 2, 10, 0, 0, 500000, tzinfo=UTC)),
        ("2.11.2026.", datetime(2026, 11, 1, 22, tzinfo=UTC)),
        ("2026.11.02.", datetime(2026, 11, 1, 22, tzinfo=UTC)),
        ("Mon, 02 Nov 2026 10:00:00 +0200", datetime(2026, 11, 2, 8, tzinfo=UTC)),
        ("0001-01-01", None),
        ("vakar", None),
        ("", None),
    ],
)
def test_dates_without_a_zone_are_read_in_the_pages_zone(text, expected):
    assert moment(text, RIGA) == expected


def test_a_date_that_cannot_be_read_leaves_the_review_without_one():
    assert of(datePublished="vakar").published_at is None


def test_entities_and_markup_inside_json_become_plain_text():
    assert of(reviewBody="Sm&amp;amp;M &quot;labi&quot;<br>Ļoti <b>ātri</b>").text == 'Sm&M "labi"\nĻoti ātri'
    assert of(reviewBody="2 < 3 un 4 > 3").text == "2 < 3 un 4 > 3"


def test_a_description_stands_in_for_a_missing_body():
    assert of(reviewBody=None, description="Ātri").text == "Ātri"


def test_a_rating_without_words_is_a_post_with_an_empty_text():
    post = of(reviewBody="", reviewRating={"ratingValue": 2})
    assert (post.text, post.stars) == ("", 2.0)


def test_the_language_is_the_reviews_own():
    assert of(inLanguage="lv-LV").language_hint == "lv"
    assert of(inLanguage="Latvian language").language_hint is None
    assert of(reviewBody={"@value": "Labi", "@language": "fr"}).language_hint is None


@pytest.mark.parametrize(
    "wrapped",
    [
        "// reviews of our shop\n{}",
        "/* generated */ {}",
        "//<![CDATA[\n{}\n//]]>",
        "/*<![CDATA[*/{}/*]]>*/",
        "<![CDATA[{}]]>",
        "<!-- {} -->",
        "{};",
    ],
)
def test_what_surrounds_json_is_ignored(wrapped):
    block = wrapped.replace("{}", json.dumps(review(url="https://x.example/r?a=1//2")))
    [post] = read(f'<script type="application/ld+json">{block}</script>')
    assert post.url == "https://x.example/r?a=1//2"


def test_comments_and_trailing_commas_inside_json_are_ignored():
    block = '{"@type": "Review", // the first\n "reviewBody": "Labi // un ātri", "author": "Anna", /* x */ }'
    [post] = read(f"<script type='Application/LD+JSON; charset=utf-8'>{block}</script>")
    assert post.text == "Labi // un ātri"


def test_a_broken_block_does_not_lose_the_others():
    page = '<script type="application/ld+json">{"@type": "Review", secret-text</script>' + JSON_LD + MICRODATA
    markup = read_page(page, URL)
    posts, problems = reviews(markup, URL, UTC)
    assert posts == read(JSON_LD)
    assert problems == []
    assert [(p.where, p.reason) for p in markup.problems] == [("JSON-LD block 1", "is not JSON")]


@pytest.mark.parametrize(
    "data", [[], "text", 7, {"@type": "Review"}, [[["x"]]], {"@graph": None}, {"review": [None]}]
)
def test_odd_json_is_no_review_and_no_crash(data):
    assert reviews(read_page(json_ld(data), URL), URL, UTC)[0] == []


def test_a_review_that_says_nothing_is_reported():
    posts, problems = reviews(read_page(json_ld(review(reviewBody=" ")), URL), URL, UTC)
    assert posts == []
    assert [(p.where, p.reason) for p in problems] == [
        ("json-ld review 1", "has neither a text nor a rating")
    ]


def test_a_bare_rating_without_any_identity_is_reported():
    bare = {"@type": "Review", "reviewRating": {"ratingValue": 1}}
    posts, [problem] = reviews(read_page(json_ld(bare), URL), URL, UTC)
    assert posts == []
    assert "cannot be told from others" in problem.reason


@pytest.mark.parametrize(
    "kind", ["Product", "LocalBusiness", "Book", "schema:Hotel", "http://schema.org/Dentist"]
)
def test_reviews_are_found_below_anything(kind):
    [post] = read(json_ld({"@type": kind, "reviews": [review()]}))
    assert post.text == "Labi"


def test_a_review_needs_no_type_below_the_review_property():
    [post] = read(json_ld({"@type": "Product", "review": {"reviewBody": "Labi", "author": "Anna"}}))
    assert post.text == "Labi"


@pytest.mark.parametrize(
    "item",
    [
        {
            "@type": "Product",
            "aggregateRating": {"@type": "AggregateRating", "ratingValue": 4.5, "reviewCount": 9},
        },
        {"@type": "LocalBusiness", "name": "Jauna kafejnīca"},
        {"@type": "AggregateRating", "itemReviewed": {"@type": "Restaurant"}},
        {"@type": "WebPage", "aggregateRating": {"ratingValue": 4}},
    ],
)
def test_a_thing_without_reviews_is_truly_empty(item):
    markup = read_page(json_ld(item), URL)
    assert can_be_reviewed(markup)
    assert reviews(markup, URL, UTC) == ([], [])


@pytest.mark.parametrize(
    "page",
    [
        "",
        "   ",
        "<html><body><p>Atsauksmes</p></body></html>",
        json_ld({"@type": "BreadcrumbList", "itemListElement": [{"@type": "ListItem", "name": "Sākums"}]}),
        json_ld({"@type": ["WebPage"], "name": "Sākums"}),
        '<html><head><meta property="og:type" content="product"></head><body typeof="og:x"></body></html>',
    ],
)
def test_a_page_without_reviewable_markup_is_told_apart(page):
    assert not can_be_reviewed(read_page(page, URL))


@pytest.mark.parametrize(
    "link", ['<link rel="next" href="?p=2">', '<a rel="nofollow NEXT" href="?p=2#top">tālāk</a>']
)
def test_the_next_page_is_found(link):
    assert (
        read_page(f"<html><body>{link}</body></html>", "https://x.example/r").next_url
        == "https://x.example/r?p=2"
    )


@pytest.mark.parametrize("address", ["https://other.example/", "javascript:next()", "http://x.example/r?p=2"])
def test_a_next_page_elsewhere_is_not_followed(address):
    assert (
        read_page(
            f'<html><body><a rel="next" href="{address}">t</a></body></html>', "https://x.example/r"
        ).next_url
        is None
    )


def test_relative_addresses_follow_the_pages_base():
    page = '<html><head><base href="https://cdn.example/v/"></head><body>' + MICRODATA + "</body></html>"
    [post] = read(page)
    assert post.url == "https://cdn.example/atsauksmes/17"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        ("Šķūnis".encode("windows-1257"), "text/html; charset=windows-1257"),
        (b'<meta charset="windows-1257">' + "Šķūnis".encode("windows-1257"), "text/html"),
        (
            b'<meta http-equiv="c" content="text/html; charset=windows-1257">'
            + "Šķūnis".encode("windows-1257"),
            None,
        ),
        ("Šķūnis".encode("utf-16"), "text/html"),
        ("Šķūnis".encode("utf-8-sig"), "text/html; charset=windows-1257"),
        ("Šķūnis".encode(), "text/html; charset=no-such"),
        ("Šķūnis".encode(), None),
    ],
)
def test_pages_are_decoded_by_their_charset(content, content_type):
    assert decode_page(content, content_type).endswith("Šķūnis")


def test_syntaxes_that_give_the_time_differently_are_still_one_review():
    day = json_ld({"@type": "Product", "review": review(reviewBody="Labi")})
    microdata = """<div itemscope itemtype="https://schema.org/Review"><span itemprop="author">Anna</span>
        <meta itemprop="datePublished" content="2026-11-02T18:30:00+02:00"><p itemprop="reviewBody">Labi</p></div>"""
    assert [len(read(page)) for page in (day, microdata)] == [1, 1]
    [post] = read(day + microdata)
    assert post.published_at == datetime(2026, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "other", ['<span itemprop="author">Berta</span>', '<meta itemprop="datePublished" content="2026-10-01">']
)
def test_equal_words_of_another_author_or_day_are_another_review(other):
    microdata = f"""<div itemscope itemtype="https://schema.org/Review">{other}
        <p itemprop="reviewBody">Labi</p></div>"""
    assert len(read(json_ld(review()) + microdata)) == 2


def test_an_id_that_reviews_with_other_words_share_names_none_of_them():
    shared = [review(**{"@id": "https://x.example/r"}, reviewBody=body) for body in ("Labi", "Slikti")]
    posts = read(json_ld({"@type": "Product", "review": shared}))
    assert [post.text for post in posts] in (["Labi", "Slikti"], ["Slikti", "Labi"])


def test_data_behind_the_end_of_the_page_is_read():
    assert [post.text for post in read("<html><body><p>x</p></body></html>\n" + json_ld(review()))] == [
        "Labi"
    ]


def test_one_impossible_address_does_not_hide_the_reviews():
    for attribute in ('itemprop="url"', 'property="url"', 'rel="next"'):
        page = MICRODATA.replace("<b itemprop", f'<a {attribute} href="http://[x">x</a><b itemprop')
        assert [post.title for post in read(page)] == ["Auksta zupa"]


PIECES = [
    *(
        '<script type="application/ld+json">',
        "</script>",
        '{"@type":"Review"',
        '"reviewBody":"x"',
        '"@id":"http://[x"',
    ),
    *(
        ",",
        "}",
        "[",
        "]",
        '"',
        "//",
        "/*",
        "null",
        "<!-- x -->",
        "<![CDATA[",
        "\x00",
        "\x0b",
        "é",
        "&#xD800;",
    ),
    *(
        '<div itemscope itemtype="https://schema.org/Review">',
        '<b itemprop="reviewBody">',
        "</div>",
        "<template>",
    ),
    *(
        '<div vocab="https://schema.org/" typeof="Review">',
        '<b property="reviewBody">',
        '<base href="http://[">',
    ),
    *('<a rel="next" href="http://[x">', '<a property="url" href="x y">', '<p id="a" itemref="a" itemscope>'),
    *(
        '<?xml version="1.0" encoding="x"?>',
        "<!DOCTYPE html>",
        '<time itemprop="datePublished" datetime="x">',
    ),
]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_damaged_pages_are_read_as_far_as_they_go(pieces):
    found, problems = reviews(read_page("".join(pieces), URL), URL, UTC)
    assert all(post.text or post.stars for post in found)
    assert all(problem.where and problem.reason for problem in problems)
