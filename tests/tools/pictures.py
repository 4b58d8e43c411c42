"""Makes the pictures of the README: a real run of the demo, opened in a headless browser.

    python -m tests.tools.pictures [FOLDER]

Needs Chromium. The default folder is docs/images. Nothing of it is invented: the demo runs in a temporary folder with
the shipped model, and what it writes is photographed. The feed's posts count back from now, so the dates differ each
time.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

HERE = Path(__file__).parents[2]
WIDTH = 760
SCALE = 1.5
DIGEST_HEIGHT = 1290
"""What is shown of the digest, in CSS pixels: the numbers, the trend and what waits for a reply."""
MARGIN = 16
COLOURS = 128
_PLAIN = 2
"""The colours of a row without anything in it: the column's, and the one beside it."""
SHOWN = "Etiopijas pupiņu"
"""Words of the post whose alert is shown: an ordinary complaint of the demo feed."""


def main() -> int:
    """Run the demo and write digest.png and alert.png."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, nargs="?", default=HERE / "docs" / "images")
    target: Path = options.parse_args().folder
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.stderr.write("pictures need Chromium: install it\n")
        return 1
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _atbalss(folder, "demo")
        _atbalss(folder, "--demo", "digest", "--brand", "kafija-krasts", "--week", "current", "--out", ".")
        page = next(folder.glob("kafija-krasts-*.html"))
        alert = folder / "alert.html"
        alert.write_text(_alert_page(folder / "var" / "outbox"), encoding="utf-8")
        target.mkdir(parents=True, exist_ok=True)
        _photograph(browser, page, target / "digest.png", folder, DIGEST_HEIGHT)
        _photograph(browser, alert, target / "alert.png", folder, None)
    return 0


def _atbalss(folder: Path, *words: str) -> None:
    command = [str(Path(sys.executable).parent / "atbalss"), *words]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _alert_page(outbox: Path) -> str:
    """The HTML part of the mail about the chosen post."""
    for path in sorted(outbox.glob("*.eml")):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = mail.get_body(("html",))
        page = str(body.get_content()) if body is not None else ""
        if SHOWN in page and "Suggested reply" in page:
            return page
    raise SystemExit(f"no alert about {SHOWN!r}: the demo feed or its rules have changed")


def _photograph(browser: str, page: Path, target: Path, folder: Path, height: int | None) -> None:
    """Open the page at `WIDTH`, cut it above `height` or where the page ends, and keep few colours."""
    shot = folder / "shot.png"
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--force-device-scale-factor={SCALE}",
        f"--window-size={WIDTH},{height or 1600}",
        f"--user-data-dir={folder / 'profile'}",
        f"--screenshot={shot}",
        page.as_uri(),
    ]
    subprocess.run(
        command, check=True, capture_output=True, timeout=120, env={**os.environ, "LANG": "C.UTF-8"}
    )
    with Image.open(shot) as image:
        picture = image.convert("RGB")
    if height is not None:
        # Never through the middle of a card: up to a row that shows nothing but the column and what is beside it.
        bottom = picture.height
        while _colours(picture, bottom - 1) > _PLAIN:
            bottom -= 1
        picture = picture.crop((0, 0, picture.width, bottom))
    else:
        ground = Image.new("RGB", picture.size, picture.getpixel((1, picture.height - 2)))
        box = ImageChops.difference(picture, ground).getbbox()
        picture = picture.crop((0, 0, picture.width, box[3] + int(MARGIN * SCALE) if box else picture.height))
    picture.quantize(COLOURS).save(target, optimize=True)


def _colours(picture: Image.Image, row: int) -> int:
    """How many colours one row of the picture has."""
    return len(picture.crop((0, row, picture.width, row + 1)).getcolors(picture.width) or ())


if __name__ == "__main__":
    sys.exit(main())
