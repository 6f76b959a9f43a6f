"""The whole way in one command, on the helpdesk data that ships with the package."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any

import typer

from textwright.cli import learn, operate, rolling
from textwright.cli.output import say
from textwright.errors import SettingsError

FOLDER = "textwright-demo"
MODEL = "intents"
QUESTIONS = (
    "Hi, where is my parcel? It should have been here on Monday.",
    "我想退货，怎么操作？",
    "What is the capital of Australia?",
)
WAIT_S = 30.0  # for the server to start, and for a promotion to be picked up


def add_commands(app: typer.Typer) -> None:
    """Add this file's command to the application."""
    app.command()(demo)


def demo(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port of its server; 0: any free one.")
    ] = 0,
) -> None:
    """Train, register, gate, promote, serve, ask and roll back, on bundled data."""
    learn.require_train()
    started = time.perf_counter()
    folder = copy_data(Path.cwd() / FOLDER)
    with working_in(folder):
        say(f"Everything happens in {folder}\n")
        step("A first version: a linear model over single words.")
        first = train("--set", "encoder.word_ngrams=1", "--set", "encoder.max_character_ngram=0")
        step("It passed its gates. Into production with it.")
        command("promote", first)
        step("A better one: n-grams of words and of characters.")
        second = train()
        command("promote", second)
        command("compare", first, second)
        step("Serve what is in production, and ask it three questions over HTTP.")
        with serving(port) as address:
            for question in QUESTIONS:
                ask(address, question)
            step("Suppose the new version misbehaves: take it back, while it serves.")
            command("rollback", MODEL, "--reason", "demo: customers complained")
            wait_for(address, first)
            ask(address, QUESTIONS[0])
        step("All of it stands in the journal.")
        command("history", MODEL)
        command("verify")
    say(f"\nDone in {time.perf_counter() - started:.0f} s. What to type next:")
    program = find_program()
    say(f"  cd {FOLDER}")
    for line, meaning in (
        ("recipe show intents.toml", "every setting and its meaning"),
        ("train intents.toml --set encoder.kind=bilstm", "a network, about a minute"),
        (f"show {second}", "its card, gates and run"),
        ("serve", "then open http://127.0.0.1:8000/docs"),
    ):
        say(f"  {program} {line:<46} {meaning}")


def find_program() -> str:
    """Give what to type for this program: its name where it is found, else its whole path."""
    return "textwright" if shutil.which("textwright") else str(Path(sys.argv[0]).resolve())


def copy_data(folder: Path) -> Path:
    """Copy the bundled recipe and data into a folder, where they can be looked at."""
    try:
        folder.mkdir(exist_ok=True)
        with as_file(files("textwright.demo")) as source:
            for path in sorted(source.iterdir()):
                if path.suffix in (".toml", ".jsonl"):
                    shutil.copy(path, folder / path.name)
    except OSError as error:
        hint = "Run the demo in a folder that you may write to."
        raise SettingsError(f"{folder} cannot be written: {error.strerror}.", hint) from error
    return folder


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Work in a folder with a home of its own, whatever the environment says."""
    kept = Path.cwd()
    (folder / ".textwright").mkdir(exist_ok=True)
    os.chdir(folder)
    names = [f"TEXTWRIGHT_{name}" for name in ("HOME", "DATABASE", "ARTIFACTS")]
    put_aside = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.chdir(kept)
        os.environ.update(put_aside)


def step(title: str) -> None:
    """Print what comes next."""
    typer.secho(f"\n{title}", bold=True)


def train(*options: str) -> str:
    """Train the bundled recipe, show its report, and name the version."""
    from textwright.cli.bars import Bars
    from textwright.cli.report import print_trained
    from textwright.workflow.train import TrainOptions
    from textwright.workflow.train import train as train_version

    say(" ".join(("$ textwright train intents.toml", *options)))
    with Bars() as bars:
        found = train_version(
            "intents.toml", overrides=options[1::2], options=TrainOptions(progress=bars)
        )
    print_trained(found)
    return found.name


def command(name: str, *arguments: str) -> None:
    """Run one command as the user would type it."""
    shown = " ".join(f'"{each}"' if " " in each else each for each in (name, *arguments))
    say(f"$ textwright {shown}")
    commands: dict[str, Any] = {
        "promote": rolling.promote,
        "compare": learn.compare,
        "history": operate.history,
        "verify": operate.verify,
    }
    if name == "rollback":
        rolling.rollback(arguments[0], reason=arguments[2])
    else:
        commands[name](*arguments)
    say()


@contextmanager
def serving(port: int) -> Iterator[str]:
    """Run ``textwright serve`` beside, and give its address; it is ended afterwards."""
    say(f"$ textwright serve --port {port}")
    server = subprocess.Popen(
        [sys.executable, "-m", "textwright.cli.main", "serve", "--port", str(port)],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stderr is not None
        line = server.stderr.readline()
        if "http://" not in line:
            rest = server.stderr.read()
            raise SettingsError("The demo's server did not start.", (line + rest).strip())
        say(line.rstrip())
        address = line.split()[-1]
        wait_until_ready(address)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=WAIT_S)
        if server.stderr is not None:
            server.stderr.close()


def wait_until_ready(address: str) -> None:
    """Wait until the server has loaded what is in production."""
    from urllib.error import HTTPError
    from urllib.request import urlopen

    began = time.perf_counter()
    while True:
        try:
            urlopen(f"{address}/health/ready", timeout=WAIT_S).close()
            return
        except HTTPError as error:
            error.close()
        if time.perf_counter() - began > WAIT_S:
            raise SettingsError("The demo's server did not get ready.", "Look at its log.")
        time.sleep(0.02)


def ask(address: str, text: str) -> None:
    """Ask the server one question, and print the answer."""
    found = request(address, text)
    answer = found["answers"][0]
    verdict = "it abstains" if answer["abstained"] else f"-> {answer['label']}"
    say(f"  {text}")
    say(f"    {verdict}  (score {answer['score']:.2f}, {found['model']}@{found['version']})")


def request(address: str, text: str) -> dict[str, Any]:
    """Send one text to the native protocol."""
    from urllib.request import Request, urlopen

    body = json.dumps({"inputs": [text], "caller": "demo"}).encode()
    asked = Request(
        f"{address}/api/v1/models/{MODEL}/predict",
        data=body,
        headers={"Content-Type": "application/json"},
    )
    with urlopen(asked, timeout=WAIT_S) as response:
        found: dict[str, Any] = json.load(response)
    return found


def wait_for(address: str, name: str) -> None:
    """Wait until the server answers with a version: it looks at the database by itself."""
    number, began = int(name.partition("@")[2]), time.perf_counter()
    while int(request(address, "hello")["version"]) != number:
        if time.perf_counter() - began > WAIT_S:
            raise SettingsError(f"The server did not pick up {name}.", "Look at its log.")
        time.sleep(0.05)
    say(f"The server picked it up in {time.perf_counter() - began:.1f} s.")
