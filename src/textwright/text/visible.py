"""Texts as they can be shown: nothing hidden, and nothing that steers a terminal or a page."""

import re
from unicodedata import category

SHOWN = "\t\n\r\u200c\u200d"  # blanks, and joiners inside words of some scripts and emoji
ELLIPSIS = "…"
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # what ends a line is among them


def make_visible(text: str) -> str:
    """Write each character that nobody sees as its escape, and each blank as a plain one.

    Characters are shown only one by one: the direction of what follows is not turned round.
    """
    return "".join(map(show_character, text))


def make_line(text: str) -> str:
    """Write a text on one line: each character that ends or parts lines as its escape."""
    return CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def show_character(character: str) -> str:
    """Give a character as it can be shown."""
    if category(character)[0] != "C" or character in SHOWN:
        return " " if character.isspace() else character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shorten(text: str, most: int) -> str:
    """Give the start of a text as it can be shown, at most ``most`` characters of it."""
    kept = text[:most] if len(text) <= most else text[: most - 1]
    return make_visible(kept) + (ELLIPSIS if len(text) > most else "")
