"""The units of the app: hardened, restarted when that helps, and given the time a stop takes."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sender.updates.intake import DRAIN_FOR_S
from user_bot.main import JOBS_END_S

pytestmark = pytest.mark.sweep

UNITS = Path(__file__).resolve().parents[3] / "deploy/systemd"
APP, INSTANCE, JOB = UNITS / "tollgate.service", UNITS / "tollgate@.service", UNITS / "tollgate-job@.service"
ALL = pytest.mark.parametrize("unit", [APP, INSTANCE, JOB], ids=lambda unit: unit.name)
PYTHON = "/opt/tollgate/.venv/bin/python"
#: tenths of systemd's exposure level, which goes from 0 (locked in) to 10 (free)
EXPOSURE_MAX = 30
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


def section(unit: Path, name: str = "Service") -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit.read_text(encoding="utf-8"))
    return parser[name]


def exposure(folder: Path, unit: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Have systemd judge the unit; its status says whether it is at most EXPOSURE_MAX."""
    path = folder / unit.name
    path.write_text(text.replace(PYTHON, sys.executable), encoding="utf-8")
    options = ["--offline=yes", "--no-pager", f"--threshold={EXPOSURE_MAX}"]
    return subprocess.run(
        ["systemd-analyze", "security", *options, str(path)], capture_output=True, text=True, timeout=60
    )


@needs_systemd
@ALL
def test_systemd_accepts_the_unit_and_finds_it_hardened(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    ended = exposure(tmp_path, unit, text)
    assert ended.returncode == 0, ended.stdout
    named = tmp_path / unit.name.replace("@", "@8080")
    named.write_text(text.replace(PYTHON, sys.executable), encoding="utf-8")
    verify = ["systemd-analyze", "verify", "--man=no", str(named)]
    ended = subprocess.run(verify, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@needs_systemd
def test_a_unit_that_is_not_hardened_is_found(tmp_path: Path) -> None:
    text = re.sub(r"^(Protect|Private|Restrict|System|Capability).*\n", "", APP.read_text(encoding="utf-8"), flags=re.M)
    assert exposure(tmp_path, APP, text).returncode != 0


@ALL
def test_data_dir_is_the_only_folder_that_can_be_written_to(unit: Path) -> None:
    service = section(unit)
    (data_dir,) = re.findall(r"DATA_DIR=(\S+)", service["Environment"])
    assert data_dir == f"/var/lib/{service['StateDirectory']}"
    assert (service["ProtectSystem"], service["PrivateTmp"], service["UMask"]) == ("strict", "yes", "0077")
    folders = ("ReadWritePaths", "BindPaths", "LogsDirectory", "CacheDirectory", "RuntimeDirectory")
    assert [name for name in folders if name in service] == []


@pytest.mark.parametrize("unit", [APP, INSTANCE], ids=lambda unit: unit.name)
def test_it_is_started_again_unless_a_setting_is_wrong(unit: Path) -> None:
    service = section(unit)
    assert (service["Restart"], service["RestartPreventExitStatus"]) == ("always", "2")
    assert section(unit, "Unit")["StartLimitIntervalSec"] == "0", "a database that is away for an hour ends nothing"
    assert service["KillSignal"] == "SIGTERM"
    assert int(service["TimeoutStopSec"].removesuffix("s")) >= DRAIN_FOR_S + JOBS_END_S + 15


def test_the_instances_differ_from_the_single_unit_only_in_the_port() -> None:
    one, several = (unit.read_text(encoding="utf-8").splitlines() for unit in (APP, INSTANCE))
    settings = [line for line in one if "=" in line and not line.startswith("#")]
    changed = [line for line in settings if line not in several]
    assert changed == ["Description=Tollgate", f"ExecStart={PYTHON} main.py"]
    assert section(INSTANCE)["ExecStart"] == f"/usr/bin/env WEB_PORT=%i {PYTHON} main.py"
