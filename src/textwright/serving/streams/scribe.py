"""A thread that writes texts: lets them in and out between two steps, and hands over what comes.

Each has a pool of its own and they share the network: two threads of one core each write more
than one of two cores, whose calls are too short to be shared out.
"""

import logging
from collections.abc import Callable, Sequence
from threading import Thread

from textwright.runtime.streams import TextPool, TextStream, Writer
from textwright.serving.roster import PROBE, Recovered, Worker
from textwright.serving.streams.desk import Desk
from textwright.serving.streams.orders import Order, Piece

LOG = logging.getLogger(__name__)

Pieces = Sequence[tuple[Order, Piece]]


class Scribe(Worker):
    """One thread and its texts.

    texts: under way, with the order of each; of a lost thread they are to be answered for, and so
           is ``begun``, whose prompt is being read.
    """

    def __init__(self, desk: Desk, writer: Writer, hand_over: Callable[[Pieces], None]) -> None:
        super().__init__()
        self.desk = desk
        self.writer = writer
        self.hand_over = hand_over
        self.pool = TextPool(writer)
        self.texts: dict[TextStream, Order] = {}
        self.begun: Order | None = None

    def start(self, recovered: Recovered | None = None) -> None:
        """Start; one that takes a lost one's place shows first that it can write."""
        self.thread = Thread(target=self.live, args=(recovered,), daemon=True, name="scribe")
        self.thread.start()

    def live(self, recovered: Recovered | None) -> None:
        """Write until nothing will come any more: the body of the thread."""
        try:
            if recovered is not None:
                self.show_life()
                self.pool.try_out(PROBE)
                recovered()
            while self.desk.has_work(self):
                self.let_go()
                self.let_in()
                self.write()
            self.ended = True
        except BaseException:  # the watch sees that it is gone, and answers for it
            LOG.exception("a thread that writes died")

    def let_go(self) -> None:
        """Drop the texts that nobody waits for any more."""
        self.drop([each for each, order in self.texts.items() if order.flow.over], "left")

    def drop(self, texts: Sequence[TextStream], end: str | Exception) -> None:
        """Let texts go, wherever they are, and say so."""
        self.pool.leave(texts)
        told = [(self.texts.pop(each), each.number) for each in texts]
        if told:
            self.hand_over(
                [(order, Piece(order.first + number, end=end)) for order, number in told]
            )

    def let_in(self) -> None:
        """Read the prompts there is room for, and for a while at most."""
        read = 0
        while read < self.desk.limits.prompt_tokens:
            order = self.desk.take(self)
            if order is None:
                return
            read += len(order.prompt.ids)
            self.begin(order)

    def begin(self, order: Order) -> None:
        """Read a prompt as long as anybody waits for it; what breaks at it is answered alone."""
        texts: Sequence[TextStream] = ()
        end: str | Exception = "left"
        try:
            texts = self.pool.begin(order.prompt, order.options, wanted=lambda: not order.flow.over)
        except Exception as error:  # whatever one prompt breaks must not reach the others
            LOG.exception("a prompt could not be read")
            end = error
        self.texts.update((each, order) for each in texts)
        self.begun = None
        if not texts:
            self.hand_over([(order, Piece(each, end=end)) for each in list(order.open)])

    def write(self) -> None:
        """Write every text on by a token."""
        self.show_life()
        try:
            written = self.pool.advance()
        except Exception as error:  # nobody knows whose fault it is
            LOG.exception("a step failed")
            self.drop(list(self.texts), error)
            return
        pieces = [(self.texts[each], each) for each in written]
        for each in written:
            if each.ended:
                del self.texts[each]
        if pieces:
            self.hand_over([(order, newest(order, each)) for order, each in pieces])


def newest(order: Order, text: TextStream) -> Piece:
    """Give what is new of a text."""
    return Piece(order.first + text.number, text.fresh, text.tokens, text.score, text.ended)
