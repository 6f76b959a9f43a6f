"""The unit for systemd: it starts what there is, and gives it the time it needs to end."""

import shlex
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest
import typer

from textwright.cli.main import app
from textwright.serving.limits import HttpLimits
from textwright.serving.workers import GRACE_S

UNIT = Path(__file__).parents[1] / "deploy" / "textwright.service"


def service() -> dict[str, str]:
    """Read the settings of the service; of repeated ones the last."""
    reader = RawConfigParser(strict=False)
    reader.optionxform = str  # type: ignore[assignment, method-assign]
    reader.read(UNIT, encoding="utf-8")
    return dict(reader["Service"])


def test_the_unit_starts_a_command_with_options_that_there_are() -> None:
    program, name, *options = shlex.split(service()["ExecStart"])

    command = typer.main.get_command(app)
    serve = command.commands[name]  # type: ignore[attr-defined]
    read = serve.make_context(name, options)

    assert Path(program).name == "textwright"
    assert (read.params["host"], read.params["workers"]) == ("127.0.0.1", 2)


def test_draining_ends_before_systemd_kills() -> None:
    found = service()

    assert float(found["TimeoutStopSec"]) > HttpLimits().drain_s + GRACE_S
    assert found["KillMode"] == "mixed"  # the parent tells its workers


def test_the_service_may_write_its_home_and_nothing_else() -> None:
    found = service()

    assert found["ProtectSystem"] == "strict"
    assert found["Environment"] == f"TEXTWRIGHT_HOME=/var/lib/{found['StateDirectory']}"
    assert "ReadWritePaths" not in found
    assert found["CapabilityBoundingSet"] == ""


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_knows_every_setting(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    text = UNIT.read_text(encoding="utf-8").replace("/opt/textwright/bin/textwright", "/bin/true")
    copy.write_text(text, encoding="utf-8")

    done = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
