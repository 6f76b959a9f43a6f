"""Text as it comes, token by token: whole characters only, and nothing of a stop string."""

from collections.abc import Callable, Sequence

HALF = "\ufffd"  # one, or one for each byte, stands for a character of which bytes are missing
LOOK_BACK = 8  # tokens; more than what a character is in pieces of


class Spelling:
    """Turns the tokens of one text into characters as they come.

    A token may hold a part of a character, and what a token gives may depend on the one before.
    So some tokens are spelled again with those that follow, and of their text only what is new,
    and whole, is given.

    before: tokens that the text goes on from, of which nothing is given; whole characters.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str], before: Sequence[int] = ()) -> None:
        self.decode = decode
        self.tokens = find_whole_end(decode, before)  # the last ones, spelled together
        self.known = len(self.tokens)  # of these, so many were given before the last one came
        self.given = len(decode(self.tokens))  # characters of their text

    def add(self, token: int) -> str:
        """Take a token; gives the text that is complete with it, often none."""
        self.tokens.append(token)
        text = self.decode(self.tokens)
        fresh = text.rstrip(HALF)[self.given :]
        self.given += len(fresh)
        if fresh and not text.endswith(HALF):
            self.tokens = self.tokens[self.known :]
            self.known = len(self.tokens)
            self.given = len(self.decode(self.tokens))
        return fresh


def find_whole_end(decode: Callable[[Sequence[int]], str], tokens: Sequence[int]) -> list[int]:
    """Give the fewest last tokens that are whole characters; the last one where there are none."""
    ends = [list(tokens[-count:]) for count in range(1, min(len(tokens), LOOK_BACK) + 1)]
    return next((each for each in ends if HALF not in decode(each)), list(tokens[-1:]))


class StopStrings:
    """Ends a text before the first of some strings, however their characters come.

    met: one was found; nothing is given any more.
    """

    def __init__(self, strings: Sequence[str]) -> None:
        self.strings = tuple(strings)
        self.held = ""  # what may be the beginning of one
        self.met = False

    def add(self, text: str) -> str:
        """Take text; gives what surely stands before any of the strings."""
        if self.met:
            return ""
        self.held += text
        ends = [
            (place + len(each), place)
            for each in self.strings
            if (place := self.held.find(each)) >= 0
        ]
        if ends:  # the one that was complete first, as if characters came one by one
            self.met = True
            return self.held[: min(ends)[1]]
        sure = len(self.held) - self.begun()
        text, self.held = self.held[:sure], self.held[sure:]
        return text

    def begun(self) -> int:
        """Give how many characters at the end may be the beginning of a string."""
        longest = max(map(len, self.strings), default=1) - 1
        held = self.held
        return next(
            (
                size
                for size in range(min(longest, len(held)), 0, -1)
                if any(each.startswith(held[-size:]) for each in self.strings)
            ),
            0,
        )

    def rest(self) -> str:
        """Give what was held back of a text that is over."""
        text, self.held = "" if self.met else self.held, ""
        return text
