"""What somebody wrote themselves in a mail: without the mail they answer, and without their signature.

Works line by line, with the phrases that mail programs write in Latvian, Lithuanian, Armenian, Russian,
English and a few neighbouring languages. When in doubt a line stays: a line too much costs less than a lost
complaint.
"""

from __future__ import annotations

import re

__all__ = ["own_words"]

_QUOTE = re.compile(r"^\s{0,3}>")


def _any(*phrases: str) -> str:
    """A pattern for any of these phrases, one line a language."""
    return "(?:" + "|".join(phrases) + ")"


# "On 2 Nov 2026 at 10:15, Anna <anna@x.example> wrote:". The verb alone is not enough, customers write "he
# wrote:" too; so `_attributes` asks for a date, a time or an address in front of it.
_WROTE_WORDS = _any(
    r"\b(?:wrote|rakstīja|rakstija|rašė|rase|schrieb|kirjutas)",
    r"\b(?:пишет|пише|писала?|написала?|написал\(а\))",
    r"\bnapisał(?:a|\(a\))?",
    "գրել է|գրել եք|գրեց",
)
_END = r"\s*[:։՝]\s*$"
_WROTE = re.compile(rf"{_WROTE_WORDS}(?:\s+[^:\n]{{0,80}})?{_END}", re.IGNORECASE)
_ADDRESS_END = re.compile(rf"[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+?[>)]{{0,2}}(?:-\w{{1,3}})?{_END}")
_CLOCK = re.compile(r"\b\d{1,2}:\d{2}\b")
_YEAR = re.compile(r"\b(?:19|20)\d{2}\b")
_ADDRESS = re.compile(r"@\S+\.\S+")

_SEPARATOR_WORDS = _any(
    r"original message|(?:begin )?forwarded message",
    r"(?:sākotnējais|oriģinālais|pārsūtīt(?:ais|s)) ziņojums",
    r"(?:pirminis|pradinis|persiųstas) (?:pranešimas|laiškas)",
    r"(?:սկզբնական|վերահասցեավորված|փոխանցված) (?:հաղորդագրություն|նամակ)",
    r"(?:исходное|пересылаемое|пересланное|переадресованное) сообщение",
    r"original-?nachricht|ursprüngliche nachricht|algne kiri",
)
_SEPARATOR = re.compile(
    rf"^\s*-{{3,}}\s*{_SEPARATOR_WORDS}\s*-{{3,}}\s*$"
    r"|^\s*(?:begin forwarded message|начало переадресованного сообщения)\s*:\s*$",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*_{20,}\s*$")

_FROM_KEYS = _any(
    "from",
    "no|sūtītājs",
    "nuo|siuntėjas",
    "ումից|ում կողմից|ուղարկող",
    "от|от кого|отправитель",
    "von|saatja|od",
)
_OTHER_KEYS = _any(
    "sent|to|cc|subject|date",
    "nosūtīts|kam|adresāts|temats|tēma|datums|kopija",
    "išsiųsta|kam|gavėjas|tema|data|kopija",
    "ուղարկված է|ուղարկվել է|ում|թեմա|ամսաթիվ|պատճեն",
    "отправлено|кому|тема|дата|копия",
    "gesendet|an|betreff|datum|saadetud|kellele|teema|kuupäev|wysłano|do|temat",
)
_FROM_LINE = re.compile(rf"^\s*\*{{0,2}}{_FROM_KEYS}\s*:\*{{0,2}}\s*\S", re.IGNORECASE)
_OTHER_LINE = re.compile(rf"^\s*\*{{0,2}}{_OTHER_KEYS}\s*:\*{{0,2}}\s*\S", re.IGNORECASE)

_SIGNATURE = re.compile(r"^-- ?$")
_SENT_FROM_WORDS = _any(
    "sent from (?:my |mail for |yahoo |outlook|proton)|get outlook for ",
    "nosūtīts no |sūtīts no |iegūstiet outlook ",
    "išsiųsta iš |siųsta iš |gaukite .{0,10}outlook",
    "ուղարկված է .{1,40}-ից|ուղարկվել է .{1,40}-ից",
    "отправлено (?:с|из) |скачать outlook ",
    "von meinem .{1,40} gesendet|gesendet von |saadetud minu |wysłane z ",
)
_SENT_FROM = re.compile(rf"^\s*{_SENT_FROM_WORDS}", re.IGNORECASE)
_CLOSING_WORDS = _any(
    "(?:ar|patiesā|dziļā) cieņ[uā]|ar cienu|cieņā|ar sveicieniem",
    "(?:su )?pagarb(?:iai|a)|nuoširdžiai|geriausi linkėjimai",
    "հարգանքով|հարգանքներով",
    "с уважением|с наилучшими пожеланиями",
    "(?:best|kind|warm) regards|regards|best wishes|yours (?:sincerely|faithfully)|sincerely",
    "mit freundlichen grüßen|lugupidamisega|z poważaniem",
)
_CLOSING = re.compile(rf"^\s*{_CLOSING_WORDS}\s*[,.!։]?(?:\s+(?P<name>.*))?$", re.IGNORECASE)
_POSTSCRIPT = re.compile(r"^\s*(?:P\.?\s?S\.?|З\.?\s?Ы\.?|Հ\.\s?Գ\.)[\s:]", re.IGNORECASE)

_CLOSING_LINES = 10  # a signature is short: a closing higher above the end belongs to the text
_CLOSING_WIDTH = 70
_ATTRIBUTION_WIDTH = 400


def own_words(text: str) -> str:
    """The part of a mail's plain text that its author wrote in this mail; empty if there is none."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    kept = _without_quotes(lines)
    kept = _without_signature(kept)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _without_quotes(lines: list[str]) -> list[str]:
    """Drop what is quoted with `>`, and everything below a header that introduces an unmarked quotation."""
    kept: list[str] = []
    index = 0
    while index < len(lines):
        if _QUOTE.match(lines[index]):
            index += 1
            continue
        length = _introduction(lines, index)
        if not length:
            kept.append(lines[index])
            index += 1
            continue
        index += length
        if not _marked(lines, index):
            break  # an unmarked quotation runs to the end
        # A marked one ends with its marks: people also answer below and between the lines.
    return kept


def _introduction(lines: list[str], index: int) -> int:
    """How many lines from `index` on introduce a quotation: 0 for none."""
    line = lines[index]
    if not line.strip():
        return 0
    if _SEPARATOR.match(line) or _header_block(lines, index):
        return 1
    if _RULE.match(line) and _header_block(lines, index + 1):
        return 1
    if not (_YEAR.search(line) or _CLOCK.search(line) or _ADDRESS.search(line)):
        return 0  # an attribution starts with its date or its sender
    # Mail programs wrap the line at about 76 characters, so it may have up to three parts.
    joined = ""
    for end in range(index, min(index + 3, len(lines))):
        part = lines[end].strip()
        joined = f"{joined} {part}".strip()
        if not part or _QUOTE.match(part) or len(joined) > _ATTRIBUTION_WIDTH:
            return 0
        if _attributes(joined, marked=_marked(lines, end + 1)):
            return end + 1 - index
    return 0


def _marked(lines: list[str], index: int) -> bool:
    """Whether a quotation with `>` starts here, after some empty lines."""
    following = next((line for line in lines[index : index + 4] if line.strip()), "")
    return bool(_QUOTE.match(following))


def _attributes(text: str, *, marked: bool) -> bool:
    """Whether a line says who wrote what follows; where no `>` follows it must look made by a program."""
    clock, year, address = (bool(pattern.search(text)) for pattern in (_CLOCK, _YEAR, _ADDRESS))
    if _WROTE.search(text):
        return address or (clock and year) or (marked and (clock or year))
    return bool(_ADDRESS_END.search(text)) and (clock or year)


def _header_block(lines: list[str], index: int) -> bool:
    """Whether an Outlook-like block "From: … Sent: … To: …" starts at this line."""
    if index >= len(lines) or not _FROM_LINE.match(lines[index]):
        return False
    below = [line for line in lines[index + 1 : index + 7] if line.strip()][:4]
    return sum(1 for line in below if _OTHER_LINE.match(line)) >= 2


def _without_signature(lines: list[str]) -> list[str]:
    for index, line in enumerate(lines):
        if _SIGNATURE.match(line):
            lines = lines[:index]
            break
    end = len(lines)
    while end and (not lines[end - 1].strip() or _SENT_FROM.match(lines[end - 1])):
        end -= 1
    lines = lines[:end]
    filled = [index for index, line in enumerate(lines) if line.strip()]
    for index in filled[-_CLOSING_LINES:]:
        match = _CLOSING.match(lines[index])
        if match is None or not _is_name(match["name"] or ""):
            continue
        below = [line for line in lines[index + 1 :] if line.strip()]
        if all(len(line) <= _CLOSING_WIDTH for line in below):
            return lines[:index] + _from_postscript(lines[index + 1 :])
    return lines


def _is_name(text: str) -> bool:
    """Whether this may be a name, or nothing: "С уважением Анна", but not "С уважением отношусь к вам"."""
    words = text.split()
    return len(words) <= 3 and all(not word[0].islower() for word in words)


def _from_postscript(lines: list[str]) -> list[str]:
    for index, line in enumerate(lines):
        if _POSTSCRIPT.match(line):
            return lines[index:]
    return []
