"""The command that measures a server, as it is typed."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.running import Running, Shelf, running
from textwright.cli.load import make_bodies, read_url
from textwright.cli.main import main
from textwright.errors import UsageError

FAST = ("--rate", "100", "--seconds", "0.1")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    shelf = Shelf(tmp_path_factory.mktemp("server"))
    shelf.deploy("intents", 3)
    with running(shelf) as found:
        yield found


def typed(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["bench", *arguments])
    return int(ended.value.code or 0)


def test_bench_prints_one_object(server: Running, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{server.port}"

    assert typed(url, "--model", "intents", *FAST, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["sent"], report["answered"], report["failed"]) == (10, 10, 0)
    assert report["versions"] == {"3": 10}
    assert 0 < report["latency"]["p50"] <= report["latency"]["p99.9"] <= report["latency"]["max"]


def test_bench_prints_a_table_for_people(
    server: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(f"http://localhost:{server.port}/", "--model", "intents", *FAST) == 0
    printed = capsys.readouterr()
    for part in ("10 sent, 10 answered, 0 refused, 0 failed", "by version: 3: 10", "p99.9"):
        assert part in printed.out
    assert "Sending 10 requests in 0.1 s" in printed.err


def test_bench_of_an_unknown_model_fails(
    server: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(f"http://127.0.0.1:{server.port}", "--model", "in/tents", *FAST, "--json") == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["statuses"] == {"404": 10}
    assert "check --model" in printed.err


def test_bench_of_a_server_that_is_gone_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    assert typed(f"http://127.0.0.1:{port}", "--model", "intents", *FAST) == 1
    printed = capsys.readouterr()
    assert "10 sent, 0 answered, 0 refused, 10 failed" in printed.out
    assert "no whole answer came" in printed.err


def test_the_lines_of_a_file_are_sent_in_turn(tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    path.write_text("will it rain\n\n我要退货\n", encoding="utf-8")

    sent = [json.loads(each)["inputs"] for each in make_bodies(path)]

    assert sent == [["will it rain"], ["我要退货"]]


def test_a_file_without_a_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    path.write_text("\n\n", encoding="utf-8")

    with pytest.raises(UsageError, match="holds no text"):
        make_bodies(path)


@pytest.mark.parametrize(
    "url",
    ["localhost:8000", "ftp://here", "http://", "http://here/api/v1", "8000", "", "http://here:x"],
)
def test_what_is_no_address_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="no address of a server"):
        read_url(url)


def test_an_address_names_host_port_and_encryption() -> None:
    assert read_url("http://[::1]") == ("::1", 80, None)
    host, port, tls = read_url("https://models.example/")
    assert (host, port, tls is not None) == ("models.example", 443, True)
