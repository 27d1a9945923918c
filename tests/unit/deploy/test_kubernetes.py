"""The manifests of the app, as far as they can be looked at without a cluster.

kubectl parses the Deployment and the Service into its own types and drops what it does not know. Of the other kinds the
fields are compared with FIELDS, copied from the API reference of Kubernetes 1.32.
"""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.routing import Match

from config import Settings
from core.clock import SystemClock
from sender.updates.intake import DRAIN_FOR_S
from tests.jobs.cli.test_deployed import read_by_kubectl
from tests.unit.deploy.test_docker import DOCKERFILE
from user_bot.main import JOBS_END_S
from web_app.health import CHECKS, health_router
from web_app.ops import OpsAccess, Reach

pytestmark = pytest.mark.sweep

FOLDER = Path(__file__).resolve().parents[3] / "deploy/kubernetes"
SELECTED = {"app.kubernetes.io/name": "tollgate", "app.kubernetes.io/component": "app"}
_LABELS = {"matchLabels": None}
_PEER = {"podSelector": _LABELS, "namespaceSelector": _LABELS, "ipBlock": {"cidr": None, "except": None}}
_PORT = {"protocol": None, "port": None}
#: of each kind's spec; None: a value
FIELDS: dict[str, Any] = {
    "NetworkPolicy": {
        "podSelector": _LABELS,
        "policyTypes": None,
        "ingress": {"from": _PEER, "ports": _PORT},
        "egress": {"to": _PEER, "ports": _PORT},
    },
    "PodDisruptionBudget": {"minAvailable": None, "selector": _LABELS},
    "PersistentVolumeClaim": {"accessModes": None, "resources": {"requests": None}},
    "Ingress": {
        "ingressClassName": None,
        "tls": {"hosts": None, "secretName": None},
        "rules": {
            "host": None,
            "http": {
                "paths": {
                    "path": None,
                    "pathType": None,
                    "backend": {"service": {"name": None, "port": {"name": None}}},
                }
            },
        },
    },
}


def manifests() -> dict[str, Any]:
    files = (FOLDER / name for name in ("tollgate.yaml", "ingress.yaml"))
    found = [each for file in files for each in yaml.safe_load_all(file.read_text(encoding="utf-8"))]
    by_kind = {each["kind"]: each for each in found}
    assert len(by_kind) == len(found)
    return by_kind


def pod() -> dict[str, Any]:
    found: dict[str, Any] = manifests()["Deployment"]["spec"]["template"]
    return found


def container() -> dict[str, Any]:
    (found,) = pod()["spec"]["containers"]
    return dict(found)


def unknown(written: Any, fields: Any, path: str = "spec") -> list[str]:
    """The paths of fields that are not among `fields`."""
    if fields is None:
        return []
    if isinstance(written, list):
        return [found for each in written for found in unknown(each, fields, path)]
    wrong = [f"{path}.{name}" for name in written if name not in fields]
    known = ((name, value) for name, value in written.items() if name in fields)
    return wrong + [found for name, value in known for found in unknown(value, fields[name], f"{path}.{name}")]


@pytest.mark.parametrize("kind", FIELDS)
def test_every_field_is_one_of_the_api(kind: str) -> None:
    assert unknown(manifests()[kind]["spec"], FIELDS[kind]) == []


def test_an_unknown_field_is_found_at_any_depth() -> None:
    wrong: dict[str, Any] = {"egress": [{"to": [{"ipBlok": {}}]}], "podSelektor": {}}
    assert sorted(unknown(wrong, FIELDS["NetworkPolicy"])) == ["spec.egress.to.ipBlok", "spec.podSelektor"]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")
def test_kubectl_knows_every_field_of_the_deployment_and_the_service() -> None:
    deployment, service = (yaml.safe_dump(manifests()[kind]) for kind in ("Deployment", "Service"))
    assert read_by_kubectl(deployment, "image", "tollgate=read") == set()
    wrong = deployment.replace("periodSeconds", "periodSekonds", 1)
    assert [path[-1] for path in read_by_kubectl(wrong, "image", "tollgate=read")] == ["periodSekonds"]
    labels = ",".join(f"{name}={value}" for name, value in SELECTED.items())
    assert read_by_kubectl(service, "selector", labels) == set()


def test_everything_selects_the_pods_of_the_deployment() -> None:
    found = manifests()
    assert pod()["metadata"]["labels"] == SELECTED
    assert found["Deployment"]["spec"]["selector"]["matchLabels"] == SELECTED
    assert found["Service"]["spec"]["selector"] == SELECTED
    assert found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == SELECTED
    assert found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"].items() <= SELECTED.items()


def test_a_drained_node_and_an_update_leave_one_that_works() -> None:
    spec = manifests()["Deployment"]["spec"]
    assert spec["replicas"] > manifests()["PodDisruptionBudget"]["spec"]["minAvailable"] >= 1
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert pod()["spec"]["terminationGracePeriodSeconds"] >= DRAIN_FOR_S + JOBS_END_S + 15


def test_the_probes_ask_addresses_that_there_are() -> None:
    probes = {name: container()[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    router = health_router(SystemClock(), OpsAccess(Reach.ANYWHERE))
    for probe in probes.values():
        path, _, query = probe["path"].partition("?")
        scope = {"type": "http", "path": path, "method": "GET"}
        assert any(route.matches(scope)[0] is Match.FULL for route in router.routes)
        assert {part.removeprefix("exclude=") for part in query.split("&") if part} <= set(CHECKS)
        assert probe["port"] in {port["name"] for port in container()["ports"]}
    assert "readyz" in probes["readiness"]["path"]
    assert probes["liveness"]["path"] == "/healthz", "a database that is away is no reason to start again"


def test_a_start_that_builds_indexes_for_an_hour_is_not_killed() -> None:
    probe = container()["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 3600


def test_every_setting_is_there_and_secrets_come_as_files() -> None:
    names = {each["name"]: each["value"] for each in container()["env"]}
    plain = set(manifests()["ConfigMap"]["data"]) | {name for name in names if not name.endswith("_FILE")}
    secret = {name.removesuffix("_FILE") for name in names if name.endswith("_FILE")}
    assert plain | secret <= set(Settings.model_fields)
    assert {name for name, field in Settings.model_fields.items() if field.is_required()} <= secret
    assert "MONGO_URI" in secret
    (mount,) = [each for each in container()["volumeMounts"] if each["name"] == "secrets"]
    assert {names[f"{name}_FILE"] for name in secret} == {f"{mount['mountPath']}/{name}" for name in secret}
    assert mount["readOnly"] is True


def test_the_pod_runs_as_the_images_user_without_rights() -> None:
    (user,) = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)
    spec, context = pod()["spec"], pod()["spec"]["securityContext"]
    assert (str(context["runAsUser"]), str(context["runAsGroup"])) == user
    assert (context["runAsNonRoot"], spec["automountServiceAccountToken"]) == (True, False)
    rights = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    assert container()["securityContext"] == rights
    assert "memory" in container()["resources"]["limits"]
    assert {each["name"] for each in container()["volumeMounts"]} == {each["name"] for each in spec["volumes"]}
    assert "/" not in container()["image"], "no registry is named"


def test_the_ingress_passes_on_the_same_paths_as_the_proxies() -> None:
    (rule,) = manifests()["Ingress"]["spec"]["rules"]
    paths = {each["path"]: each["pathType"] for each in rule["http"]["paths"]}
    nginx = (FOLDER.parent / "nginx/tollgate.conf").read_text(encoding="utf-8")
    named = set(re.findall(r"location (= )?(/\S+) \{", nginx))
    assert {(("= " if kind == "Exact" else ""), path) for path, kind in paths.items()} == named
    caddy = (FOLDER.parent / "caddy/Caddyfile").read_text(encoding="utf-8")
    matched = {path for line in re.findall(r"@(?:public|telegram) path (.+)", caddy) for path in line.split()}
    assert matched == {path if kind == "Exact" else f"{path}*" for path, kind in paths.items()}
