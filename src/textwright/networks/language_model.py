"""A language model of both directions, which tells the next word and the one before.

Shapes: B batch, T tokens, N words, C bytes of a word, E width, V vocabulary. A mask is True at
real tokens.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, embedding, linear

from textwright.networks.elmo import Elmo
from textwright.recipe.vectors import ElmoSettings

EDGE, RARE, FIRST = 0, 1, 2  # what is predicted: no word any more, a rare word, the common ones


class LanguageModel(nn.Module):
    """Reads words by their spelling and predicts both neighbours of each.

    Spelling and output are one for both directions, the LSTMs are two (Peters et al. 2018,
    section 3.1).
    """

    def __init__(self, settings: ElmoSettings) -> None:
        super().__init__()
        self.settings = settings
        self.elmo = Elmo(settings)
        self.dropout = nn.Dropout(settings.dropout)
        self.output = nn.Linear(settings.hidden, settings.vocabulary)

    def forward(self, spelled: Tensor, places: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Read texts, given as places in a list of words.

        spelled: [N, C] int, each word once.
        places:  [B, T] int64, each in 0..N-1.
        mask:    [B, T] bool.
        Returns the last states of both directions, [B, T, E] float.
        """
        vectors = self.dropout(self.elmo.spelling(spelled))[places]  # [B, T, E]
        ahead, back = self.elmo.readers(vectors, mask)
        return self.dropout(ahead[-1]), self.dropout(back[-1])

    def sampled_loss(
        self, states: Tensor, targets: Tensor, samples: Tensor, included: Tensor
    ) -> Tensor:
        """Mean loss in nats of telling each true word from the same random ones.

        A word that is often among the samples would be pushed down often: so the logarithm of
        its chance to be there is taken from every score (Bengio and Senécal 2008; Jean et al.
        2015, section 3.2, equation 9). With all words sampled it is the loss over all words.

        states:   [N, E] float.
        targets:  [N] int64, each in 0..V-1.
        samples:  [K] int64, each word at most once.
        included: [V] float, above 0: the chance of each word to be among the samples.
        """
        weight, bias = self.output.weight, self.output.bias - included.log()
        true = (states * embedding(targets, weight)).sum(dim=1) + bias[targets]  # [N]
        others = linear(states, embedding(samples, weight), bias[samples])  # [N, K]
        others = others.masked_fill_(targets[:, None] == samples, float("-inf"))
        return (torch.logaddexp(others.logsumexp(dim=1), true) - true).mean()

    def full_loss(self, states: Tensor, targets: Tensor) -> Tensor:
        """Sum of the losses in nats over all words; takes N x V numbers."""
        return cross_entropy(self.output(states), targets, reduction="sum")


def neighbours(ids: Tensor, mask: Tensor, vocabulary: int) -> tuple[Tensor, Tensor]:
    """Give what is to be predicted at each token: the next word, and the one before.

    ids:        [B, T] int64, words by falling frequency.
    mask:       [B, T] bool.
    vocabulary: V, the outputs; the commonest V - 2 words have their own.
    Returns two [B, T] int64, EDGE where the text begins or ends.
    """
    told = torch.where(ids < vocabulary - FIRST, ids + FIRST, RARE).masked_fill(~mask, EDGE)
    edge = torch.full_like(told[:, :1], EDGE)
    return torch.cat([told[:, 1:], edge], dim=1), torch.cat([edge, told[:, :-1]], dim=1)
