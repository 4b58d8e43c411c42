"""The page in a real browser: it fits telephones and screens, whatever customers and sources are called."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from html import escape, unescape
from pathlib import Path

import pytest

from alerts.digest.data import Digest
from alerts.digest.numbers import digest_of
from alerts.digest.render import html
from tests.digest_examples import NOW, WEEK, empty_digest, rich_digest, rich_sources, row

pytestmark = pytest.mark.browser

WIDTHS = (390, 800)

MEASURE = """
const found = {};
for (const frame of document.querySelectorAll("iframe")) {
  frame.addEventListener("load", () => {
    const root = frame.contentDocument.documentElement;
    const column = frame.contentDocument.querySelector(".column").getBoundingClientRect();
    const image = frame.contentDocument.querySelector("img");
    found[frame.id] = {
      scroll: root.scrollWidth, width: root.clientWidth, column: column.width,
      cards: new Set([...frame.contentDocument.querySelectorAll(".card")].map(
        (card) => Math.round(card.getBoundingClientRect().left))).size,
      image: image ? image.naturalWidth : null,
    };
    document.getElementById("found").textContent = JSON.stringify(found);
  });
}
"""


@pytest.fixture(scope="module")
def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    if os.environ.get("CI") == "true":
        pytest.fail("Chromium is required in CI: install it")
    pytest.skip("Chromium is not installed")


def long_words() -> Digest:
    word = "Nepārtrauktsgarumsbezatstarpēm" * 8
    rows = [
        row(n, label=("neg", "pos")[n % 2], text=word, author=word, source=word[: 60 + n], stars=1, due=True)
        for n in range(4)
    ]
    sources = [replace(each, source=word, note=word, blind=word) for each in rich_sources()]
    return digest_of(word, WEEK, rows, [], sources, NOW)


def measured(chromium: str, pages: dict[str, str], folder: Path) -> dict[str, dict[str, int]]:
    """Lay out each page in frames of our widths and read their sizes from the finished document."""
    frames = "".join(
        f'<iframe id="{name}-{width}" width="{width}" height="900" srcdoc="{escape(page)}"></iframe>'
        for name, page in pages.items()
        for width in WIDTHS
    )
    host = folder / "host.html"
    # The frames come after the script: none of them can be loaded before it listens.
    host.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><pre id="found"></pre><template>{frames}</template><script>'
        "document.body.append(document.querySelector('template').content.cloneNode(true));"
        f"{MEASURE}</script>",
        encoding="utf-8",
    )
    done = subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={folder / 'profile'}",
            "--dump-dom",
            host.as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout.decode("utf-8"), re.DOTALL)
    assert found is not None
    sizes: dict[str, dict[str, int]] = json.loads(unescape(found[1]))
    return sizes


def test_the_page_never_scrolls_sideways(chromium: str, tmp_path: Path) -> None:
    pages = {"rich": html(rich_digest()), "empty": html(empty_digest()), "long": html(long_words())}
    sizes = measured(chromium, pages, tmp_path)
    assert set(sizes) == {f"{name}-{width}" for name in pages for width in WIDTHS}
    for name, size in sizes.items():
        assert size["scroll"] <= size["width"], name
        assert size["column"] <= 700, name
    assert (sizes["rich-390"]["cards"], sizes["rich-800"]["cards"]) == (2, 4)
    assert sizes["rich-390"]["image"] == sizes["rich-800"]["image"] == 1200
