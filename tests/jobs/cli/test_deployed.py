"""deploy/ for jobs without the app, as far as it can be tested without cron, a cluster or a booted systemd."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from config import Settings
from schedulers.cli import app
from schedulers.registry import JOB_NAMES, JOBS

pytestmark = pytest.mark.sweep

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
SERVICE, TIMER = DEPLOY / "systemd/tollgate-job@.service", DEPLOY / "systemd/tollgate-job@.timer"
MANIFEST = DEPLOY / "kubernetes/jobs.yaml"
#: seconds the longest run of any job may take
LONGEST_S = max(job.time_limit.total_seconds() for job in JOBS if job.time_limit is not None)


def arguments_of(command: str) -> list[str]:
    """Return what follows `-m schedulers`."""
    words = shlex.split(command)
    return words[words.index("schedulers") + 1 :]


def units(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(path.read_text(encoding="utf-8"))
    return parser


def cron_lines() -> list[str]:
    lines = (DEPLOY / "cron/tollgate").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#") and not re.match(r"[A-Z]+=", line)]


def manifests() -> dict[str, Any]:
    return {found["kind"]: found for found in yaml.safe_load_all(MANIFEST.read_text(encoding="utf-8"))}


def commands() -> dict[str, list[str]]:
    """Return the arguments each deployment runs the command line with."""
    pod = manifests()["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    windows = (DEPLOY / "windows/jobs.md").read_text(encoding="utf-8")
    (line,) = cron_lines()
    return {
        "cron": arguments_of(line.split(maxsplit=6)[6].partition(">>")[0]),
        "kubernetes": arguments_of(shlex.join(pod["containers"][0]["args"])),
        "systemd": arguments_of(units(SERVICE)["Service"]["ExecStart"].replace("%i", "all")),
        "windows": arguments_of(re.findall(r"Arguments: `(.+)`", windows)[0]),
        "windows, as one command": arguments_of(re.findall(r'(python\.exe .+)"$', windows, re.MULTILINE)[0]),
    }


@pytest.mark.parametrize("where", ["cron", "kubernetes", "systemd", "windows", "windows, as one command"])
def test_each_deployment_runs_a_valid_command(where: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    words = commands()[where]
    assert words == ["run", "all", "--due"]
    # without settings it fails at the configuration, after the arguments were parsed
    for name in Settings.model_fields:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert "config: USER_BOT_TOKEN" in result.stderr


def test_cron_runs_each_minute_and_its_command_has_no_percent_sign() -> None:
    (line,) = cron_lines()
    fields = line.split(maxsplit=6)
    assert (fields[:5], fields[5]) == (["*"] * 5, "tollgate")
    assert "%" not in line, "cron makes a new line of it"
    subprocess.run(["sh", "-n", "-c", fields[6]], check=True, timeout=10)


# systemd


def test_the_systemd_timer_runs_each_minute_and_allows_the_longest_run() -> None:
    timer, service = units(TIMER), units(SERVICE)
    assert timer["Timer"]["OnCalendar"] == "minutely"
    assert timer["Install"]["WantedBy"] == "timers.target"
    assert service["Service"]["Type"] == "oneshot"
    minutes = int(service["Service"]["TimeoutStartSec"].removesuffix("min"))
    assert minutes * 60 > LONGEST_S


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_accepts_the_units_for_each_job_and_for_all(tmp_path: Path) -> None:
    paths = []
    for path in (SERVICE, TIMER):
        text = path.read_text(encoding="utf-8").replace("/opt/tollgate/.venv/bin/python", sys.executable)
        for instance in ("all", *JOB_NAMES):
            paths.append(tmp_path / path.name.replace("@", f"@{instance}"))
            paths[-1].write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", *map(str, paths)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_rejects_a_misspelt_unit(tmp_path: Path) -> None:
    unit = tmp_path / "tollgate-job@all.service"
    text = SERVICE.read_text(encoding="utf-8").replace("/opt/tollgate/.venv/bin/python", sys.executable)
    unit.write_text(text.replace("Type=oneshot", "Tipe=oneshot"), encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    assert "Tipe" in subprocess.run(command, capture_output=True, text=True, timeout=60).stderr


# Kubernetes


def test_the_cron_job_runs_each_minute_and_allows_the_longest_run() -> None:
    spec = manifests()["CronJob"]["spec"]
    job = spec["jobTemplate"]["spec"]
    assert (spec["schedule"], spec["concurrencyPolicy"], job["backoffLimit"]) == ("* * * * *", "Allow", 0)
    assert job["activeDeadlineSeconds"] > LONGEST_S
    pod = job["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    mounted = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}
    claimed = {
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["volumes"]
        if len(volume) > 1 and "persistentVolumeClaim" in volume
    }
    assert claimed == {manifests()["PersistentVolumeClaim"]["metadata"]["name"]}


def test_the_pod_runs_as_the_images_user_without_rights() -> None:
    pod = manifests()["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (user,) = re.findall(r"^USER (\d+):(\d+)$", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    context, container = pod["securityContext"], pod["containers"][0]
    assert (str(context["runAsUser"]), str(context["runAsGroup"])) == user
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "/" not in container["image"], "no registry is named"


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")
def test_kubectl_knows_every_field_of_the_cron_job() -> None:
    """Without a cluster kubectl parses a manifest into its types and drops unknown fields."""
    cron_job = yaml.safe_dump(manifests()["CronJob"])
    assert read_by_kubectl(cron_job, "image", "jobs=read") == set()
    wrong = cron_job.replace("concurrencyPolicy", "concurencyPolicy")
    assert read_by_kubectl(wrong, "image", "jobs=read") == {("spec", "concurencyPolicy")}


def read_by_kubectl(manifest: str, *change: str) -> set[tuple[str, ...]]:
    """The fields of a manifest that kubectl drops; `change`: a `kubectl set` of its kind."""
    command = ["kubectl", "set", change[0], "--local", "--filename=-", *change[1:], "--output=yaml"]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    ended = subprocess.run(command, input=manifest, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return _missing(yaml.safe_load(manifest), yaml.safe_load(ended.stdout), ())


def _missing(written: Any, read: Any, path: tuple[str, ...]) -> set[tuple[str, ...]]:
    if isinstance(written, dict):
        if not isinstance(read, dict):
            return {path}
        gone = {(*path, name) for name in written if name not in read}
        return gone.union(
            *(_missing(value, read[name], (*path, name)) for name, value in written.items() if name in read)
        )
    if isinstance(written, list):
        if not isinstance(read, list) or len(read) != len(written):
            return {path}
        return set().union(*(_missing(one, other, path) for one, other in zip(written, read, strict=True)))
    return set()
