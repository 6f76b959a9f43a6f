"""The classify decoder."""

import torch

from tests.networks.padded import padded_states
from textwright.networks.decoders.classify import ClassifyDecoder
from textwright.recipe.parts import ClassifySettings

D, BACKWARD, L = 6, 3, 5


def test_it_gives_one_score_a_label_and_one_weight_a_token() -> None:
    states, mask = padded_states(D)

    logits, attention = ClassifyDecoder(ClassifySettings(), D, BACKWARD, L)(states, mask)

    assert logits.shape == (3, L)
    assert attention is not None
    assert attention.shape == mask.shape


def test_only_attention_has_weights_to_show() -> None:
    states, mask = padded_states(D)
    decoder = ClassifyDecoder(ClassifySettings(pooling="max"), D, BACKWARD, L)

    _, attention = decoder(states, mask)

    assert attention is None


def test_dropout_works_in_training_alone() -> None:
    states, mask = padded_states(D)
    decoder = ClassifyDecoder(ClassifySettings(dropout=0.5), D, BACKWARD, L)

    torch.manual_seed(0)
    trained = [decoder(states, mask)[0] for _ in range(2)]
    asked = [decoder.eval()(states, mask)[0] for _ in range(2)]

    assert not torch.equal(*trained)
    assert torch.equal(*asked)
