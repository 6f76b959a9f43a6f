"""The transformer against torch's own layers, and against its equations."""

import pytest
import torch
from torch import nn

from tests.networks.padded import LENGTHS, padded_states, run_graph
from textwright.networks.encoders.transformer import Transformer, TransformerLayer
from textwright.networks.graph import Graph
from textwright.recipe.parts import TransformerSettings

E, D, H = 5, 12, 3
NAMES = {  # torch's for ours
    "read.": "self_attn.in_proj_",
    "join.": "self_attn.out_proj.",
    "join_norm.": "norm1.",
    "narrow_norm.": "norm2.",
    "widen.": "linear1.",
    "narrow.": "linear2.",
}


def settings(layers: int = 2, dropout: float = 0.0) -> TransformerSettings:
    return TransformerSettings(layers=layers, hidden=D, heads=H, dropout=dropout)


def loud(network: nn.Module) -> nn.Module:
    """Give every weight, biases and norms too, a value that shows when it is forgotten."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for each in network.parameters():
            each.add_(torch.randn(each.shape, generator=generator) * 0.3)
    return network.eval()


def torch_twin(layer: TransformerLayer) -> nn.TransformerEncoderLayer:
    """Give torch's own pre-norm layer the same weights."""
    twin = nn.TransformerEncoderLayer(
        D, H, 4 * D, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    ours = {
        theirs + name.removeprefix(prefix): weight
        for name, weight in layer.state_dict().items()
        for prefix, theirs in NAMES.items()
        if name.startswith(prefix)
    }
    twin.load_state_dict(ours)
    return twin.eval()


def test_a_layer_gives_what_torch_gives() -> None:
    states, mask = padded_states(D)
    layer = loud(TransformerLayer(settings()))
    assert isinstance(layer, TransformerLayer)

    expected = torch_twin(layer)(states, src_key_padding_mask=~mask)

    torch.testing.assert_close(layer(states, mask)[mask], expected[mask])


def test_a_layer_gives_the_gradients_of_torch() -> None:
    states, mask = padded_states(D)
    layer = loud(TransformerLayer(settings()))
    assert isinstance(layer, TransformerLayer)
    twin = torch_twin(layer)

    layer(states, mask)[mask].square().sum().backward()
    twin(states, src_key_padding_mask=~mask)[mask].square().sum().backward()

    for name, weight in layer.named_parameters():
        prefix = name[: name.index(".") + 1]
        theirs = twin.get_parameter(NAMES[prefix] + name.removeprefix(prefix))
        torch.testing.assert_close(weight.grad, theirs.grad, rtol=1e-4, atol=1e-3)


def test_it_knows_the_order_of_tokens() -> None:
    states, _ = padded_states(E)
    encoder = loud(Transformer(settings(), E))
    whole = torch.ones(1, LENGTHS[0], dtype=torch.bool)
    text = states[:1, : LENGTHS[0]]

    turned = encoder(text.flip(1), whole).flip(1)

    assert (encoder(text, whole) - turned).abs().max() > 0.1


def test_padding_has_no_part_in_any_real_state() -> None:
    states, mask = padded_states(E)
    encoder = loud(Transformer(settings(), E))
    other = states.masked_fill(~mask[:, :, None], -7.0)

    torch.testing.assert_close(encoder(states, mask)[mask], encoder(other, mask)[mask])


def test_dropout_is_for_training_alone() -> None:
    states, mask = padded_states(E)
    encoder = Transformer(settings(dropout=0.5), E)

    assert not torch.equal(encoder(states, mask)[mask], encoder(states, mask)[mask])
    encoder.eval()
    assert torch.equal(encoder(states, mask)[mask], encoder(states, mask)[mask])


@pytest.mark.parametrize("tokens", [6, 400])
def test_the_graph_reads_the_same(tokens: int) -> None:
    states, mask = padded_states(E)
    longer = tokens - mask.shape[1]
    states = nn.functional.pad(states, (0, 0, 0, longer), value=1.0)
    mask = nn.functional.pad(mask, (0, longer))
    mask[0] = True  # the longest there is
    encoder = loud(Transformer(settings(), E))
    assert isinstance(encoder, Transformer)
    graph = Graph()
    graph.add_input("states", "float32", ["B", "T", E])
    counted = graph.add("Cast", graph.add_input("lengths", "int64", ["B"]), to=6)
    graph.add_output(encoder.add_nodes(graph, "states", counted), "read", ["B", "T", D])

    (found,) = run_graph(graph, {"states": states, "lengths": mask.sum(dim=1)})

    expected = encoder(states, mask).detach()
    torch.testing.assert_close(torch.from_numpy(found)[mask], expected[mask], atol=1e-5, rtol=1e-5)
