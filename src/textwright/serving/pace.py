"""How long a batch takes, learned from those that ran."""

from math import ceil

FORGET = 0.95  # weight of what was known before, at each batch
FIRST_RATE = 100.0  # texts a second, believed until the first batch has run
OUTLIER = 4.0  # a batch counts at most as so many times what was expected of it


class Pace:
    """Expects ``call_s`` for each batch and ``text_s`` for each text in it.

    Both come from a line of least squares through the batches of late, each older one weighing a
    twentieth less, and through one of no text that took no time: as long as all batches are of
    about one size, the time is taken as that of the texts.
    """

    def __init__(self, batch_items: int) -> None:
        self.batch_items = batch_items
        self.call_s, self.text_s = 0.0, 1.0 / FIRST_RATE
        self.batches = self.items = self.squares = self.seconds = self.products = 0.0

    def learn(self, items: int, seconds: float) -> None:
        """Take in a batch of at least one text."""
        if self.batches:
            seconds = min(seconds, OUTLIER * self.expect(items))
        self.batches = FORGET * self.batches + 1
        self.items = FORGET * self.items + items
        self.squares = FORGET * self.squares + items * items
        self.seconds = FORGET * self.seconds + seconds
        self.products = FORGET * self.products + items * seconds
        slope = (self.batches + 1) * self.products - self.items * self.seconds
        spread = (self.batches + 1) * self.squares - self.items**2
        self.text_s = min(max(slope / spread, 0.0), self.seconds / self.items)
        self.call_s = (self.seconds - self.text_s * self.items) / self.batches

    def expect(self, items: int) -> float:
        """Give the seconds that so many texts should take, in as few batches as can be."""
        return ceil(items / self.batch_items) * self.call_s + items * self.text_s
