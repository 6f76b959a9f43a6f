"""How quickly things start: import, help, and a server's first answer with its memory.

The server runs from a base install in an environment of its own (no torch, no numba), on the model
of the demo. Medians of five starts, held against fixed limits (``bar``).
"""

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from statistics import median

from rounds import ROOT, Row, lower_is_better, processor_times, read_options, write_report

STARTS = 5
PEERS = ROOT / "bench" / ".peers" / "base"
DEMO = ROOT / "src" / "textwright" / "demo"
WAIT_S = 30.0


def base_install() -> Path:
    """Install the wheel of this checkout without extras; gives the environment's Python."""
    python = PEERS / "bin" / "python"
    shutil.rmtree(PEERS, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-q", str(ROOT)], check=True)
    return python


def train_demo(folder: Path) -> None:
    """Train the demo's model, with this environment, and put it into production."""
    for path in DEMO.glob("*.*l"):
        shutil.copy(path, folder)
    for arguments in (["train", "intents.toml"], ["promote", "intents@1"]):
        command = [sys.executable, "-m", "textwright.cli.main", *arguments]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)


def seconds_of(python: Path, *arguments: str) -> float:
    """Median time of a whole process."""
    taken = []
    for _ in range(STARTS):
        began = time.perf_counter()
        subprocess.run([str(python), *arguments], check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    return median(taken)


def import_seconds(python: Path) -> float:
    """Median time that ``import textwright`` adds to a bare interpreter."""
    return seconds_of(python, "-c", "import textwright") - seconds_of(python, "-c", "pass")


def first_answer(python: Path, folder: Path) -> tuple[float, float]:
    """Start a server; gives the seconds until its first answer, and its resident memory in MB."""
    began = time.perf_counter()
    command = [str(python), "-m", "textwright.cli.main", "serve", "--port", "0"]
    server = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        address = server.stderr.readline().split()[-1]
        while not ask(address):
            assert time.perf_counter() - began < WAIT_S, "no answer"
            time.sleep(0.005)
        seconds = time.perf_counter() - began
        status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
        kilobytes = status.split("VmRSS:")[1].split()[0]
        return seconds, int(kilobytes) / 1024
    finally:
        server.terminate()
        server.communicate(timeout=WAIT_S)


def ask(address: str) -> bool:
    """Ask for one answer; tells whether it came."""
    request = urllib.request.Request(
        f"{address}/api/v1/models/intents/predict",
        json.dumps({"inputs": ["where is my parcel"]}).encode(),
        {"Content-Type": "application/json"},
    )
    with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(request) as response:
        return bool(json.load(response)["answers"])
    return False


def main() -> None:
    """Measure, and write the rows."""
    options = read_options((__doc__ or "").splitlines()[0])
    before = processor_times()
    python = base_install()
    with tempfile.TemporaryDirectory() as home:
        train_demo(Path(home))
        runs = [first_answer(python, Path(home)) for _ in range(STARTS)]
    seconds, memory = (median(each) for each in zip(*runs, strict=True))
    rows: list[Row] = [
        lower_is_better("import textwright", "s", max(import_seconds(python), 0.001), 0.1, "bar"),
        lower_is_better(
            "textwright --help",
            "s",
            seconds_of(python, "-m", "textwright.cli.main", "--help"),
            0.4,
            "bar",
        ),
        lower_is_better("serve: first answer after start", "s", seconds, 1.5, "bar"),
        lower_is_better("serve: resident memory", "MB", memory, 150, "bar"),
    ]
    write_report(options.json, rows, before, {})


if __name__ == "__main__":
    main()
