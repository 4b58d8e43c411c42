"""The finished forms of a digest: page, text, subject line, Slack message and chart."""

from __future__ import annotations

from base64 import b64encode
from functools import cache

from css_inline import CSSInliner
from jinja2 import Environment, PackageLoader, StrictUndefined

from alerts.channels.text import one_line
from alerts.digest import chart
from alerts.digest import week as weeks
from alerts.digest.data import Digest
from alerts.digest.page import page_of
from alerts.digest.slack import slack_blocks
from alerts.digest.text import text

__all__ = ["chart_png", "html", "slack_blocks", "subject", "text"]


def html(digest: Digest, *, chart_src: str | None = None) -> str:
    """The page, complete in itself: styles at their elements, nothing to fetch.

    `chart_src` is the address of `chart_png` where the page is sent, such as cid:chart; without it the
    picture is part of the page. A digest that is not `charted` has no picture at all.
    """
    source = None
    if digest.charted:
        source = chart_src or f"data:image/png;base64,{b64encode(chart_png(digest)).decode('ascii')}"
    page = (
        _environment()
        .get_template("digest.html.j2")
        .render(page=page_of(digest), chart_src=source, chart_alt=chart.alt_text(digest.trend))
    )
    return _inliner().inline(page)


def subject(digest: Digest) -> str:
    """The subject line: brand, days, and what is urgent."""
    what = "nothing was collected" if digest.empty else f"{digest.tally.n} posts"
    waiting = f", {len(digest.waiting)} waiting for a reply" if digest.waiting else ""
    return f"{one_line(digest.brand)}, {weeks.title(digest.week)}: {what}{waiting}"


def chart_png(digest: Digest) -> bytes:
    """The chart of the weeks."""
    return chart.png(digest.trend)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("alerts.digest"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _inliner() -> CSSInliner:
    """Mail clients drop style sheets: only the rules for small screens and for print stay in one."""
    return CSSInliner(keep_at_rules=True, minify_css=True, load_remote_stylesheets=False)
