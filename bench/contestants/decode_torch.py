"""Write from the texts of a job file with the same weights in torch; the search is the same.

The source is read once. Each step goes over all that was written so far, as the modules are
written, or (``kept`` in the job) over the new token alone.

Shapes: N sources, K rows of each, R = N K, S source tokens, T tokens written, W width, H heads, A
width of a head, E embedding.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import gelu, scaled_dot_product_attention

from textwright.runtime.answer import plan_batches
from textwright.runtime.artifact import open_artifact
from textwright.runtime.writing import LEAST
from textwright.structures.search import Beam, search_beams
from textwright.structures.writing import Bounds, State
from textwright.text.batch import make_batch
from textwright.text.prompts import open_writing_tokenizer
from textwright.training.writing_model import build_writing_model


class TorchStep:
    """The trained network as a step."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def begin(self, inputs: Any) -> State:
        """Read the sources."""
        ids, mask = (torch.from_numpy(inputs[name]) for name in ("ids", "mask"))
        states = self.model.encoder(self.model.embedding(ids, mask), mask)
        nothing = np.zeros((len(ids), 1, 0), dtype=np.int64)
        return State({"states": states.numpy(), "mask": inputs["mask"]}, {"written": nothing})

    def __call__(self, tokens: Any, state: State) -> tuple[Any, State]:
        """Score the next token of each row."""
        written = np.concatenate([state.past["written"], tokens[..., None]], axis=2)
        sources, rows, length = written.shape
        states, mask = (
            torch.from_numpy(state.source[name]).repeat_interleave(rows, dim=0)
            for name in ("states", "mask")
        )
        told = torch.from_numpy(written).view(sources * rows, length)
        vectors = self.model.embedding(told, torch.ones_like(told, dtype=torch.bool))
        last = self.model.decoder(vectors, states, mask)[:, -1]  # [R, E]
        logits = last @ self.model.embedding.table.weight.T + self.model.bias
        return logits.view(sources, rows, -1).numpy(), State(state.source, {"written": written})


class KeptStep:
    """A trained network as a step; what is kept lies in the state as arrays."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.step = transformer_step if hasattr(model.decoder, "entry") else lstm_step

    def begin(self, inputs: Any) -> State:
        """Read the sources."""
        ids, mask = (torch.from_numpy(inputs[name]) for name in ("ids", "mask"))
        states = self.model.encoder(self.model.embedding(ids, mask), mask)  # [N, S, D]
        source = {"states": states.numpy(), "mask": inputs["mask"]}
        return State(source, first_past(self.model.decoder, states, mask))

    def __call__(self, tokens: Any, state: State) -> tuple[Any, State]:
        """Score the next token of each row."""
        count, rows = tokens.shape
        told = torch.from_numpy(tokens).reshape(-1, 1)  # [R, 1]
        vectors = self.model.embedding(told, torch.ones_like(told, dtype=torch.bool))
        source, past = (
            {name: torch.from_numpy(each) for name, each in arrays.items()}
            for arrays in (state.source, state.past)
        )
        last, kept = self.step(self.model.decoder, vectors, source, past)  # [R, E]
        logits = last @ self.model.embedding.table.weight.T + self.model.bias
        new = {name: each.numpy() for name, each in kept.items()}
        return logits.view(count, rows, -1).numpy(), State(state.source, new)


def first_past(decoder: Any, states: Tensor, mask: Tensor) -> dict[str, Any]:
    """Give what is known before the first token, with one row a source."""
    count, past = len(states), {}
    if not hasattr(decoder, "entry"):
        for number, (hidden, cell) in enumerate(decoder.begin(states, mask)):
            past[f"hidden{number}"] = hidden.transpose(0, 1).numpy()  # [N, 1, W]
            past[f"cell{number}"] = cell.transpose(0, 1).numpy()
        return past
    for number, layer in enumerate(decoder.layers):
        nothing = torch.zeros(count, 1, layer.itself.heads, 0, layer.itself.part)
        past[f"keys{number}"] = past[f"values{number}"] = nothing.numpy()
    return past


def transformer_step(
    decoder: Any, vectors: Tensor, source: dict[str, Tensor], past: dict[str, Tensor]
) -> tuple[Tensor, dict[str, Tensor]]:
    """Take one token of each row through the layers of a transformer writer."""
    count, rows, _, length, _ = past["keys0"].shape
    states, mask = source["states"], source["mask"][:, None, None]
    read = decoder.entry_norm(decoder.entry(vectors)) + decoder.places(length + 1)[-1]  # [R, 1, W]
    kept = dict[str, Tensor]()
    for number, layer in enumerate(decoder.layers):
        heads, normal = layer.itself, layer.itself_norm(read)
        query, key, value = (
            each(normal).view(count, rows, heads.heads, 1, heads.part)
            for each in (heads.query, heads.key, heads.value)
        )
        keys = torch.cat([past[f"keys{number}"], key], dim=3)  # [N, K, H, T, A]
        values = torch.cat([past[f"values{number}"], value], dim=3)
        kept |= {f"keys{number}": keys, f"values{number}": values}
        found = scaled_dot_product_attention(query, keys, values)
        read = read + heads.join(found.reshape(count * rows, 1, -1))
        heads, normal = layer.source, layer.source_norm(read)
        query = heads.query(normal).view(count, rows, heads.heads, -1).transpose(1, 2)
        keys, values = (
            each(states).unflatten(-1, (heads.heads, heads.part)).transpose(1, 2)
            for each in (heads.key, heads.value)
        )  # [N, H, S, A]
        found = scaled_dot_product_attention(query, keys, values, mask)  # [N, H, K, A]
        read = read + heads.join(found.transpose(1, 2).reshape(count * rows, 1, -1))
        read = read + layer.narrow(gelu(layer.widen(layer.wide_norm(read))))
    return decoder.output(decoder.norm(read))[:, 0], kept


def lstm_step(
    decoder: Any, vectors: Tensor, source: dict[str, Tensor], past: dict[str, Tensor]
) -> tuple[Tensor, dict[str, Tensor]]:
    """Take one token of each row through the layers of an LSTM writer."""
    count, rows, width = past["hidden0"].shape
    states, mask = (source[name].repeat_interleave(rows, dim=0) for name in ("states", "mask"))
    read, context, kept = vectors, list[Tensor](), dict[str, Tensor]()
    for number, lstm in enumerate(decoder.layers):
        if number:
            read = torch.cat([read, *context], dim=-1)
        start = tuple(past[f"{kind}{number}"].view(1, -1, width) for kind in ("hidden", "cell"))
        read, ends = lstm(read, start)
        for kind, each in zip(("hidden", "cell"), ends, strict=True):
            kept[f"{kind}{number}"] = each.view(count, rows, width)
        if not number:
            context = [decoder.attention(read, states, mask)[0]]
    joined = decoder.join(torch.cat([read, *context], dim=-1))
    return torch.tanh(joined)[:, 0], kept


def main() -> None:
    """Write all texts in batches of like length, and time it."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    torch.set_num_threads(job["threads"])
    artifact = open_artifact(Path(job["model"]))
    recipe: Any = artifact.recipe
    tokenizer = open_writing_tokenizer(artifact.tokenizer, recipe.tokenizer)
    model = build_writing_model(recipe, tokenizer.size)
    model.load_state_dict(load_file(artifact.folder / "weights.safetensors"))
    step: Any = (KeptStep if job.get("kept") else TorchStep)(model.eval())
    beam = Beam(job["beam"], recipe.decoder.length_penalty)
    texts = [""] * len(job["texts"])
    with torch.inference_mode():
        started = time.perf_counter()
        encodings = tokenizer.encode(job["texts"])
        for rows in plan_batches([len(each.ids) for each in encodings], texts=job["batch"]):
            inputs = make_batch([encodings[row] for row in rows]).inputs
            most = LEAST + np.floor(inputs["mask"].sum(axis=1) * recipe.decoder.max_ratio)
            longest = np.minimum(most, recipe.decoder.max_tokens).astype(np.int64)
            edges = tokenizer.edges
            first = np.full(len(rows), edges.start)
            bounds = Bounds(first, longest, edges.stops, edges.banned)
            found = search_beams(step, step.begin(inputs), bounds, beam)
            for row, (best, *_) in zip(rows, found, strict=True):
                texts[row] = tokenizer.decode(best.tokens)
        rate = len(texts) / (time.perf_counter() - started)
    print(json.dumps({"rate": rate, "texts": texts}))


if __name__ == "__main__":
    main()
