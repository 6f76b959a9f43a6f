"""The commands over word vectors, as they are typed."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_bad_input import refused
from tests.commands import Run
from textwright.vectors.vectors import Vectors

WORDS = ["man", "woman", "king", "queen", "国王", "女王", "apple"]
ROWS = [
    [1, 0, 0, 0],
    [1, 1, 0, 0],
    [1, 0, 1, 0],
    [1, 1, 1, 0],
    [1, 0, 1, 0.2],
    [1, 1, 1, 0.2],
    [0, 0, 0, 1],
]
TEXT = "the king rules the land\nthe queen rules the land\na dog eats a bone\n" * 20
FEW = ("--dimensions", "8", "--epochs", "1", "--min-count", "1", "--threads", "1")


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with small vectors and a small text, worked in."""
    monkeypatch.chdir(tmp_path)
    Vectors(WORDS, np.array(ROWS, np.float32), method="cbow").save("small")
    Path("text.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("method", ["skip-gram", "cbow", "glove"])
def test_training_writes_a_folder_and_says_what_is_in_it(run: Run, method: str) -> None:
    done = run("vectors", "train", "text.txt", "--out", "made", "--method", method, *FEW)

    assert done.code == 0
    assert f"{method}: 9 words, 8 numbers each" in done.out
    assert done.err.splitlines() == ["reading ...", "training ..."]
    assert len(Vectors.load("made")) == 9


@pytest.mark.slow
@pytest.mark.usefixtures("work")
def test_elmo_is_trained_and_registered_by_the_same_command(run: Run) -> None:
    small = ("--set", "hidden=8", "--set", "vocabulary=16", "--set", "negatives=4", "--epochs", "1")
    given = ("vectors", "train", "text.txt", "--method", "elmo", "--name", "reader", *small)

    found = run(*given, "--out", "made", "--json").json

    assert (found["number"], found["dimensions"]) == (1, 16)
    assert "any word, by its spelling" in run("show", "reader@1").out
    refused(run("promote", "reader@1"), 1, "cannot be served by themselves")
    refused(run("vectors", "nearest", "made", "king"), 2, "not word vectors")


@pytest.mark.usefixtures("work")
def test_training_as_json_prints_one_object_and_names_the_version(run: Run) -> None:
    given = ("vectors", "train", "text.txt", "--name", "helpdesk", "--json", *FEW)

    found = run(*given).json

    assert (found["name"], found["number"], found["words"]) == ("helpdesk", 1, 9)
    assert (found["tokens"], found["method"], found["new"]) == (300, "skip-gram", True)
    assert Path(found["folder"], "matrix.npy").is_file()
    assert run(*given).json["new"] is False


@pytest.mark.usefixtures("work")
def test_a_version_of_vectors_is_shown_told_verified_exported_and_not_promoted(run: Run) -> None:
    run("vectors", "train", "text.txt", "--name", "helpdesk", *FEW)

    shown = run("show", "helpdesk@1").out
    assert "Holds 9 words, 8 numbers each." in shown
    assert "train " in shown
    assert "was registered" in run("history", "helpdesk").out
    assert run("verify").code == 0
    assert run("export", "helpdesk@1", "out").code == 0
    assert (
        run("vectors", "nearest", "out", "king").out
        == run("vectors", "nearest", "helpdesk@1", "king").out
    )
    refused(run("promote", "helpdesk@1"), 1, "cannot be served by themselves", "[embedding]")
    refused(run("predict", "helpdesk@1", "text"), 2, "answer no text by themselves")
    refused(run("reproduce", "helpdesk@1"), 2, "answer no text by themselves")


@pytest.mark.usefixtures("work")
def test_any_setting_can_be_set(run: Run) -> None:
    given = ("vectors", "train", "text.txt", "--out", "made", *FEW)

    done = run(*given, "--set", "ngrams.minimum=3", "--set", "ngrams.maximum=4")
    assert done.code == 0
    done = run("vectors", "nearest", "made", "kings", "--count", "1")

    assert done.code == 0  # a word never seen has a vector from its n-grams


@pytest.mark.usefixtures("work")
def test_nearest_words_stand_nearest_first(run: Run) -> None:
    done = run("vectors", "nearest", "small", "king", "woman", "--count", "2", "--json")

    found = done.json["nearest"]
    assert [each["word"] for each in found["king"]] == ["国王", "queen"]
    assert found["king"][0]["score"] == pytest.approx(2 / np.sqrt(2 * 2.04), abs=1e-6)
    assert len(found["woman"]) == 2
    assert "国王" in run("vectors", "nearest", "small", "king").out


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("rule", ["add", "multiply"])
def test_an_analogy_is_answered_by_both_rules(run: Run, rule: str) -> None:
    given = ("vectors", "analogy", "small", "man", "king", "woman", "--rule", rule)

    assert run(*given, "--json").json["answers"][0]["word"] == "queen"
    assert "man : king = woman : ?" in run(*given).out


@pytest.mark.usefixtures("work")
def test_evaluation_prints_pairs_and_sections(run: Run) -> None:
    Path("pairs.tsv").write_text("man\twoman\t8\nking\tqueen\t9\nman\tapple\t1\nx\ty\t5\n", "utf-8")
    Path("asked.txt").write_text(
        ": family\nman king woman queen\nman 国王 woman 女王\n: fruit\nman apple woman pear\n",
        "utf-8",
    )
    given = ("vectors", "evaluate", "small", "--pairs", "pairs.tsv", "--analogies", "asked.txt")

    found = run(*given, "--json").json

    assert found["pairs"] == [
        {"file": "pairs.tsv", "spearman": pytest.approx(1), "pairs": 3, "skipped": 1}
    ]
    rows = {each["section"]: (each["right"], each["asked"]) for each in found["analogies"]}
    assert rows == {"family": (2, 2), "fruit": (0, 0), "total": (2, 2)}
    printed = run(*given).out
    assert "Spearman" in printed
    assert "family" in printed


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("kind", ["word2vec", "word2vec-binary", "glove", "fasttext"])
def test_vectors_go_to_every_format_and_back(run: Run, kind: str) -> None:
    assert "7 words, 4 numbers" in run("vectors", "convert", "small", "v.gz", "--to", kind).out

    found = run("vectors", "convert", "v.gz", "back", "--json").json

    assert found == {
        "file": "v.gz", "output": "back", "format": "textwright", "words": 7, "dimensions": 4
    }  # fmt: skip
    np.testing.assert_array_equal(Vectors.load("back").matrix, np.array(ROWS, np.float32))


@pytest.mark.usefixtures("work")
def test_a_broken_file_is_refused_and_mended_on_request(run: Run) -> None:
    Path("v.txt").write_bytes(b"a 1 2\nb\xff 1 3\na 2 2\n")

    refused(run("vectors", "convert", "v.txt", "out"), 1, "is not UTF-8")
    done = run("vectors", "convert", "v.txt", "out", "--errors", "replace", "--json")

    assert done.json["words"] == 2
    assert Vectors.load("out").words == ["a", "b\ufffd"]


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("name", ["map.png", "map.html"])
def test_a_map_is_drawn_of_chosen_words(run: Run, name: str) -> None:
    chosen = ("--words", "king, queen，国王,king", "--out", name)

    found = run("vectors", "map", "small", *chosen, "--json").json

    assert found["words"] == ["king", "queen", "国王"]
    assert Path(name).stat().st_size > 500
    assert f"{name} shows 3 words." in run("vectors", "map", "small", *chosen).out


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (["train", "none.txt", "--out", "o"], 1, "There is no file none.txt"),
        (["train", "text.txt"], 2, "Nothing says where to keep"),
        (["train", "text.txt", "--out", "small"], 2, "small is there already"),
        (["train", "text.txt", "--out", "o", "--method", "skipgram"], 2, "'skip-gram'"),
        (
            ["train", "text.txt", "--out", "o", "--set", "learnig_rate=1"],
            2,
            "Did you mean 'learning_rate'",
        ),
        (["train", "text.txt", "--out", "o", "--set", "learning_rate"], 2, "has no '='"),
        (["train", "text.txt", "--out", "o", "--epochs", "0"], 2, "out of range"),
        (["train", "text.txt", "--out", "o", "--min-count", "99"], 1, "min_count"),
        (["train", "text.txt", "--name", "No Name"], 2, "The model name is"),
        (["train", "text.txt", "--out", "small/../small"], 2, "there already"),
        (["nearest", "none.txt", "king"], 1, "There is no file none.txt"),
        (["nearest", "small", "kin"], 2, "Did you mean 'king'"),
        (["nearest", "intents@1", "king"], 2, "textwright"),
        (["nearest", "package:no_such", "king"], 1, "No package 'no_such' is installed"),
        (["analogy", "small", "man", "king"], 2, "takes three words, not 2"),
        (["analogy", "small", "man", "king", "woman", "--rule", "ad"], 2, "Did you mean 'add'"),
        (["evaluate", "small"], 2, "nothing to evaluate on"),
        (["evaluate", "small", "--pairs", "none.tsv"], 1, "There is no file none.tsv"),
        (["evaluate", "small", "--pairs", "text.txt"], 1, "text.txt, line 2"),
        (["convert", "small", "o", "--to", "w2v"], 2, "format of vectors"),
        (["convert", "small", "o", "--errors", "skip"], 2, "'skip'"),
        (["convert", "small", "none/o.txt", "--to", "glove"], 2, "cannot be written"),
        (["map", "small", "--words", "king", "--out", "m.png"], 2, "two or more"),
        (["map", "small", "--words", " , ", "--out", "m.png"], 2, "two or more"),
        (["map", "small", "--words", "king,queen", "--out", "m.gif"], 2, ".png or .html"),
        (["map", "small", "--words", "king,quen", "--out", "m.png"], 2, "'queen'"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_what_cannot_be_is_told_with_a_hint_and_leaves_nothing(
    run: Run, typed: list[str], code: int, said: str
) -> None:
    refused(run("vectors", *typed), code, said)

    assert sorted(path.name for path in Path().iterdir()) == ["small", "text.txt"]


@pytest.mark.usefixtures("work")
def test_a_folder_that_was_changed_is_refused(run: Run) -> None:
    Path("small/words.txt").write_text("\n".join(reversed(WORDS)) + "\n", encoding="utf-8")

    refused(run("vectors", "nearest", "small", "king"), 1, "words.txt was changed")


@pytest.mark.slow
def test_asking_loads_neither_torch_nor_numba(work: Path) -> None:
    code = (
        "import sys\n"
        "from textwright.cli.main import main\n"
        "try: main(['vectors', 'nearest', 'small', 'king'])\n"
        "except SystemExit as ended: assert not ended.code\n"
        "print([each for each in ('torch', 'numba', 'matplotlib') if each in sys.modules])\n"
    )
    command = [sys.executable, "-c", code]

    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_ctrl_c_ends_a_training_cleanly(work: Path) -> None:
    typed = ["vectors", "train", "text.txt", "--out", "made", "--name", "words", *FEW]
    command = [sys.executable, "-m", "textwright.cli.main", *typed, "--epochs", "200000"]
    process = subprocess.Popen(command, cwd=work, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("training"):
            break
    time.sleep(0.2)

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130, said
    assert "nothing is left" in said
    assert "Interrupted." in said
    assert "Traceback" not in said
    assert sorted(path.name for path in work.iterdir()) == [".textwright", "small", "text.txt"]
    command = [sys.executable, "-m", "textwright.cli.main", "history", "words", "--json"]
    told = subprocess.run(command, cwd=work, capture_output=True, text=True, check=True)
    assert json.loads(told.stdout)["events"][-1]["sentence"] == "run 1 failed: KeyboardInterrupt"
