"""Takes a model's answer apart: its lines without bullets and fences, the distinct ones, the class that it names."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

LONGEST = 400  # characters of a line that is still one caption
_BULLET = re.compile(r"^\s*(?:[-*•–—]+|\(?\d{1,3}[.):]|\[\d{1,3}\]|#+)\s+")
_CLASS = re.compile(r"^\W*(?:the )?(?:predicted )?class(?: is)?\W*:\W*(.*?)\W*$", re.IGNORECASE)
_FENCED = re.compile(r"```[ \t]*\w*\s*(.*?)(?:```|\Z)", re.DOTALL)
_OPENING = re.compile(r"^\s*(?:\w[^\n\[{]{0,80}:)?\s*(?=[\[{])", re.MULTILINE)  # “Captions: [”
_LAST_COMMA = re.compile(r",(?=\s*[\]}])")
_PIECE = re.compile(r"[\[{|]|.*(?:\[\"|\"\s*:\s*[\[{\"])|\"[^\"]*\"\s*:")  # of JSON or of a table
_PAGE = re.compile(r"<\s*(?:!doctype|html|head|body)\b", re.IGNORECASE)
_TAG = re.compile(r"^\s*<|</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>", re.IGNORECASE)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.IGNORECASE | re.DOTALL)  # what a model says to itself
_REFUSAL = re.compile(
    r"(?:i'm|i am|we are|we're) (?:very |so |really )?(?:sorry|afraid|unable|not able|not allowed|an ai|a language)"
    r"|(?:i|we) (?:can't|cannot|can not|won't|will not|couldn't|could not|don't|do not|apologi[sz]e|must decline)\b"
    r"|(?:my )?apologies\b|sorry\s*[,.!:;–—-]|sorry (?:but|for|about|i)\b|unfortunately\b"
    r"|as (?:an?|your) (?:(?:large|helpful|text|vision) ?-?)*(?:ai|language model|assistant|model)\b"
    r"|(?:there is |there's )?no (?:image|picture|photo)s? (?:was|were|is|has|have|attached|provided|given|uploaded)\b"
    r"|(?:internal server error|bad gateway|service unavailable|gateway time-?out|too many requests|rate limit)\b"
    r"|(?:error|http)\s*:?\s*\d{3}\b|\d{3} (?:internal|bad|service|gateway|too many|not found|forbidden)\b|error:"
    r"|(?:非常|很|十分)?(?:抱歉|对不起)|我(?:无法|不能)|作为(?:一个|一名)?(?:ai|人工智能|语言模型)",
    re.IGNORECASE,
)
_AROUND = re.compile(
    r"(?:sure|certainly|absolutely|of course|okay|ok|great)(?:\s*[!,.:;–—]|$| - | here\b| thing\b)"
    r"|(?:here's|(?:here|below|the following) (?:is|are|come))\b.*\b(?:captions?|descriptions?|sentences?|attributes)\b"
    r"|(?:let me know|feel free|if you (?:have|need|want|would|like|could)|i hope)\b"
    r"|please (?:provide|upload|share|note|let)\b|(?:当然|好的)[，,。！!：:]|以下是|如果您|希望这",
    re.IGNORECASE,
)
_NOBODY = {"", "unknown", "none", "null", "n a", "not sure", "unsure"}


def lines_of(text: str, *, whole: bool = True) -> list[str]:
    """The lines that an answer holds, or the texts of the JSON in it; the last is left out where it was cut off. A web
    page holds none."""
    text = _THOUGHT.sub("", text)
    if _PAGE.search(text):
        return []
    parsed = _from_json(text)
    if parsed is not None:
        return [line for line in map(_line, parsed) if line]
    rows = text.splitlines()
    if not whole:
        rows = rows[:-1]
    found = [_line(row) for row in rows if not row.strip().startswith("```")]
    return [line for line in found if line and not line.endswith(":")]


def captions_of(text: str, *, whole: bool = True) -> list[str]:
    """Its lines that can be captions: some letters, one sentence long, no line that names the class.

    Of an answer that begins with a refusal, a single other line is taken for the reason, not for a caption.
    """
    lines = lines_of(text, whole=whole)
    found = [line for line in lines if is_caption(line) and not _CLASS.match(line)]
    return [] if len(found) == 1 and _starts(_REFUSAL, lines[0]) else found


def is_caption(line: str) -> bool:
    """Whether a line can be one: at least three letters or two signs of a script without letters, not too long, no tag
    of a page, no piece of JSON or of a table, no apology and nothing that is said around an answer."""
    letters = sum(letter.isalpha() for letter in line)
    if _TAG.search(line) or _PIECE.match(line) or _starts(_REFUSAL, line) or _starts(_AROUND, line):
        return False
    return len(line) <= LONGEST and (letters >= 3 or (letters >= 2 and not line.isascii()))


def distinct(lines: Iterable[str], known: Iterable[str] = ()) -> list[str]:
    """The lines that say something new, in order; capitals, blanks and punctuation make no difference."""
    seen = {plain(line) for line in known}
    found = []
    for line in lines:
        key = plain(line)
        if key and key not in seen:
            seen.add(key)
            found.append(line)
    return found


def class_of(text: str, class_names: Sequence[str]) -> str | None:
    """The class that the last “Class: …” line names, as the data set writes it; None where it names none of them."""
    named = [match[1] for match in map(_CLASS.match, text.splitlines()) if match]
    if not named or plain(named[-1]) in _NOBODY:
        return None
    wanted = plain(named[-1])
    return next((name for name in class_names if plain(name) == wanted), None)


def plain(text: str) -> str:
    """A text as it is compared: small letters and digits, words with one blank between them."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(letter if letter.isalnum() else " " for letter in folded).split())


def _starts(pattern: re.Pattern[str], line: str) -> bool:
    return pattern.match(line.replace("’", "'")) is not None


def _line(row: Any) -> str:
    text = " ".join(str(row).split()) if isinstance(row, str) else ""
    text = _BULLET.sub("", text).replace("**", "").strip()
    bare = text.rstrip(",")
    return bare[1:-1].strip() if len(bare) > 2 and bare[0] in '"“' and bare[-1] in '"”' else text


def _from_json(text: str) -> list[str] | None:
    """The texts of the first list or object that holds some, in a fence or at the beginning of a line; None where there
    is none. A comma too many is passed over."""
    for body in (*(match[1] for match in _FENCED.finditer(text)), text):
        end = 0
        for match in _OPENING.finditer(body):
            if match.end() >= end:  # not within what was read
                content, length = _parsed(body[match.end() :])
                end = match.end() + length
                if found := _texts(content):
                    return found
    return None


def _parsed(text: str) -> tuple[Any, int]:
    """The JSON that a text begins with and how long it is; None, 0 where it begins with none."""
    for tried in (text, _LAST_COMMA.sub("", text)):
        try:
            return json.JSONDecoder().raw_decode(tried)
        except (ValueError, RecursionError):
            continue
    return None, 0


def _texts(content: Any) -> list[str]:
    """Texts of a list (or of its objects, where they hold one thing each), of the first list or object of an object, or
    of an object that has nothing else."""
    if isinstance(content, dict):
        inner = next((value for value in content.values() if isinstance(value, list | dict)), None)
        if inner is not None:
            return _texts(inner)
        if not all(isinstance(value, str) for value in content.values()):
            return []
        content = [value for name, value in content.items() if not _CLASS.match(f"{plain(name)}:")]
    rows = content if isinstance(content, list) else []
    told = (next(iter(row.values())) if isinstance(row, dict) and len(row) == 1 else row for row in rows)
    return [value for value in told if isinstance(value, str)]
