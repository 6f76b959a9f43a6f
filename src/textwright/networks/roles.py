"""What a checkpoint can be taken for, and the architectures whose graph is drawn for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from textwright.networks.decoders.cached_graph import ACTIVATIONS as MIDDLES
from textwright.networks.decoders.checkpoint_families import CAUSAL
from textwright.networks.decoders.source_families import FROM_SOURCE
from textwright.networks.encoders.encoder_graph import DRAWN
from textwright.networks.encoders.layer_graph import ACTIVATIONS
from textwright.recipe.data import GENERATE

TURNS = ("default", "linear", "llama3", "yarn")  # of queries and keys, the same at any length


@dataclass(frozen=True)
class Role:
    """What a checkpoint is taken for.

    noun:   as errors name it.
    loader: the class of transformers that opens it.
    kinds:  architectures that can be served so.
    known:  what of ``config.json`` its graph is drawn for; first, what goes where nothing is said.
    positions: where it says how many tokens are read at once; the fewest hold.
    """

    noun: str
    loader: str
    kinds: tuple[str, ...]
    known: Mapping[str, tuple[object, ...]]
    positions: tuple[str, ...] = ("max_position_embeddings",)


ENCODER = Role(
    "encoder",
    "AutoModel",
    tuple(sorted(DRAWN)),
    {
        "activation": tuple(ACTIVATIONS),
        "hidden_act": tuple(ACTIVATIONS),
        "hidden_activation": ("gelu",),
        "position_embedding_type": ("absolute",),
    },
)
LANGUAGE = Role(
    "language model",
    "AutoModelForCausalLM",
    tuple(sorted(CAUSAL)),
    {
        "activation_function": ("gelu_new", *MIDDLES),
        "hidden_act": ("silu", *MIDDLES),
        "add_cross_attention": (False,),
        "use_sliding_window": (False,),
        "quantization_config": (None,),
        "rope_type": TURNS,
        "type": TURNS,
    },
    ("max_position_embeddings", "n_positions", "sliding_window"),
)
SOURCE = Role(
    "model that writes from a source",
    "AutoModelForSeq2SeqLM",
    tuple(sorted(FROM_SOURCE)),
    {
        "activation_function": ("gelu", *MIDDLES),
        "feed_forward_proj": ("relu", *MIDDLES, *(f"gated-{each}" for each in MIDDLES)),
        "quantization_config": (None,),
    },
)
WRITERS = {"language": LANGUAGE, **dict.fromkeys(GENERATE, SOURCE)}  # by the task


def find_role(task: str) -> Role:
    """Say what a task takes a checkpoint for."""
    return WRITERS.get(task, ENCODER)
