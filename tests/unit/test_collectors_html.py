"""HTML to the text that a reader sees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.html import plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Labi", "Labi"),
        ("", ""),
        ("a &lt; b &amp; c &quot;d&quot; &#363; &nbsp;e", 'a < b & c "d" ū e'),
        ("a < b", "a < b"),
        ("<p>Viens</p><p>Divi</p>", "Viens\n\nDivi"),
        ("<div>Viens</div><div>Divi</div>", "Viens\nDivi"),
        ("Viens<br>Divi<br />Trīs", "Viens\nDivi\nTrīs"),
        ("<p>Viens<br><br><br><br>Divi</p>", "Viens\n\nDivi"),
        ("<ul><li>Viens</li><li>Divi</li></ul>", "Viens\nDivi"),
        ("<p>viens\n   un   tas   pats</p>", "viens un tas pats"),
        ("Pil<b>sēta</b>s <i>centrs</i>", "Pilsētas centrs"),
        ("x<script>alert(1)</script><style>p{}</style>y", "xy"),
        ("x<!-- nē -->y", "xy"),
        ('<p hidden>nē</p><p style="display: none">nē</p>jā', "jā"),
        ("a\u200bb\u00adc", "abc"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
    ],
)
def test_markup_becomes_what_a_reader_sees(html, text):
    assert plain_text(html) == text


def test_mentions_and_hashtags_stay_and_invisible_parts_of_addresses_go():
    html = (
        '<p><span class="h-card"><a href="https://x.lv/@veikals" class="u-url mention">@<span>veikals</span></a>'
        '</span> slikti! <a href="https://x.lv/tags/riga" class="mention hashtag">#<span>riga</span></a></p>'
        '<p><a href="https://www.veikals.lv/a/b"><span class="invisible">https://www.</span>'
        '<span class="ellipsis">veikals.lv/a</span><span class="invisible">/b</span></a></p>'
    )
    assert plain_text(html) == "@veikals slikti! #riga\n\nveikals.lv/a"


def test_thousands_of_nested_elements_do_no_harm():
    assert plain_text("<div>" * 20_000 + "iekšā") == "iekšā"


@given(st.text(st.sampled_from("<>/&;!-=\"' \nabcdivpbrāž#\x00"), max_size=80))
def test_no_markup_makes_it_fail(html):
    text = plain_text(html)
    assert text == text.strip()
    assert "\n\n\n" not in text
