"""deploy/helm: the chart is valid, what it makes is valid, and holds what it promises."""

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from profile_grpc.cli.root import variables_of_options
from profile_grpc.config import HASH_KEY_VARIABLE, SEAL_KEYS_VARIABLE

CHART = Path(__file__).parents[2] / "deploy/helm/profile-grpc"
VERSIONS = ("1.27.0", "1.37.0")
"""Of Kubernetes: the oldest that the chart names, and the newest whose schemas are here."""
LEAST = ("secret.name=profiles",)
EVERYTHING = (
    *LEAST,
    "bridge.enabled=true",
    "autoscaling.enabled=true",
    "networkPolicy.enabled=true",
    "metrics.serviceMonitor.enabled=true",
    "secret.keys.sealKeys=ring",
    "tls.secretName=certificate",
    "server.options.MAX_CALLS=500",
    "bridge.options.APP_RATE=100",
    "bridge.spool.storageClass=ssd",
    "server.service.annotations.a=b",
    "serviceAccount.annotations.a=b",
    "imagePullSecrets[0].name=registry",
)
CASES = {
    "least": LEAST,
    "everything": EVERYTHING,
    "mutual TLS": (*LEAST, "tls.secretName=certificate", "tls.clientCaKey=ca.crt"),
    "nothing of its own": (
        *LEAST,
        "serviceAccount.create=false",
        "migration.enabled=false",
        "podDisruptionBudget.enabled=false",
    ),
}

Helm = Callable[..., "subprocess.CompletedProcess[str]"]
Objects = list[dict[str, Any]]


@pytest.fixture(scope="module")
def helm(deploy_tool: Callable[[str], str]) -> Helm:
    program = deploy_tool("helm")

    def run(*arguments: str, values: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        sets = [word for value in values for word in ("--set", value)]
        return subprocess.run([program, *arguments, *sets], capture_output=True, text=True, check=False)

    return run


def objects(helm: Helm, values: Sequence[str], *more: str, version: str = VERSIONS[0]) -> Objects:
    done = helm("template", "r", str(CHART), "--kube-version", version, "-n", "apps", *more, values=values)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def of_kind(found: Objects, kind: str) -> Objects:
    return [one for one in found if one["kind"] == kind]


def pods(found: Objects) -> dict[str, dict[str, Any]]:
    """The specification of the pods of each Deployment and Job, by its component."""
    return {
        one["metadata"]["labels"]["app.kubernetes.io/component"]: one["spec"]["template"]["spec"]
        for one in found
        if one["kind"] in {"Deployment", "Job"}
    }


@pytest.mark.parametrize("values", CASES.values(), ids=CASES)
def test_the_chart_is_valid(helm: Helm, values: Sequence[str]) -> None:
    done = helm("lint", "--strict", "--quiet", str(CHART), values=values)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("more", [(), ("--is-upgrade",)], ids=["installed", "upgraded"])
def test_kubernetes_accepts_what_it_makes(
    helm: Helm, deploy_tool: Callable[[str], str], version: str, more: Sequence[str], tmp_path: Path
) -> None:
    validate = deploy_tool("kubernetes-validate")
    found = [one for one in objects(helm, EVERYTHING, *more, version=version) if one["kind"] != "ServiceMonitor"]
    kinds = {one["kind"] for one in found}
    assert kinds >= {
        *("Deployment", "Service", "Job", "PodDisruptionBudget", "HorizontalPodAutoscaler", "NetworkPolicy"),
        *("PersistentVolumeClaim", "ServiceAccount"),
    }
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(found))
    command = [validate, "--strict", "--quiet", "-k", version.rpartition(".")[0], str(tmp_path / "all.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("values", CASES.values(), ids=CASES)
def test_pods_are_restricted(helm: Helm, values: Sequence[str]) -> None:
    """The profile `restricted` of Kubernetes' pod security standards, and a read-only root file system."""
    for pod in pods(objects(helm, values)).values():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]


def test_secrets_are_referred_to_and_each_pod_gets_only_its_own(helm: Helm) -> None:
    found = objects(helm, EVERYTHING)
    assert not of_kind(found, "Secret")
    given = {
        component: {
            item["key"]
            for volume in pod["volumes"]
            if volume["name"] == "secrets"
            for item in volume["secret"]["items"]
        }
        for component, pod in pods(found).items()
    }
    assert given == {
        "server": {"hash-key", "database-url", "ring"},
        "migration": {"database-url"},
        "bridge": {"hash-key", "bridge-key"},
    }
    [tls] = [volume for volume in pods(found)["bridge"]["volumes"] if volume["name"] == "tls"]
    assert [item["key"] for item in tls["secret"]["items"]] == ["tls.crt"]


@pytest.mark.parametrize("values", CASES.values(), ids=CASES)
def test_the_program_knows_every_variable_and_reads_only_files_that_are_there(
    helm: Helm, values: Sequence[str]
) -> None:
    known = {HASH_KEY_VARIABLE, SEAL_KEYS_VARIABLE, "PROFILE_GRPC_DATABASE_URL", *variables_of_options()}
    for pod in pods(objects(helm, values)).values():
        files = {
            f"/run/secrets/profile-grpc/{item['path']}"
            for volume in pod["volumes"]
            if volume["name"] == "secrets"
            for item in volume["secret"]["items"]
        }
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            for variable in container["env"]:
                assert variable["name"].removesuffix("_FILE") in known
                assert isinstance(variable["value"], str)
                if variable["name"].endswith("_FILE"):
                    assert variable["value"] in files


def test_pods_wait_for_the_schema_and_the_migration_waits_for_no_pod(helm: Helm) -> None:
    """An installation, also with --wait, must not stand still; an upgrade migrates before new pods start."""
    installed, upgraded = objects(helm, LEAST), objects(helm, LEAST, "--is-upgrade")
    for found in (installed, upgraded):
        [waiting] = pods(found)["server"]["initContainers"]
        assert waiting["args"] == ["migrate", "--wait"]
        assert "initContainers" not in pods(found)["migration"]
        assert pods(found)["migration"]["serviceAccountName"] == "default"  # which exists before the release
    [first], [later] = of_kind(installed, "Job"), of_kind(upgraded, "Job")
    assert "annotations" not in first["metadata"]
    assert later["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade"
    assert not [one for one in installed if "helm.sh/hook" in one["metadata"].get("annotations", {})]
    [other] = of_kind(objects(helm, [*LEAST, "image.tag=9.9.9"]), "Job")
    assert other["metadata"]["name"] != first["metadata"]["name"]


def test_probes_restart_no_server_because_of_its_database(helm: Helm) -> None:
    """Liveness asks the process alone: a restart would not mend the database."""
    ready = {}
    for name, values in CASES.items():
        [server] = pods(objects(helm, values))["server"]["containers"]
        assert "tcpSocket" in server["livenessProbe"]
        ready[name] = next(
            iter(server["readinessProbe"].keys() - {"periodSeconds", "timeoutSeconds", "failureThreshold"})
        )
    assert ready == {"least": "grpc", "everything": "exec", "mutual TLS": "tcpSocket", "nothing of its own": "grpc"}


def test_a_pod_has_time_to_drain(helm: Helm) -> None:
    """Kubernetes waits longer for the end of a pod than the server drains."""
    pod = pods(objects(helm, [*LEAST, "server.drainNotice=7", "server.drainGrace=60"]))["server"]
    assert pod["terminationGracePeriodSeconds"] > 67


def test_each_bridge_keeps_a_spool_of_its_own(helm: Helm) -> None:
    """X4: reports outlive the pod, and one process at a time writes them."""
    found = objects(helm, EVERYTHING)
    [bridge] = [one for one in of_kind(found, "Deployment") if one["metadata"]["name"].endswith("-bridge")]
    assert bridge["spec"]["replicas"] == 1
    assert bridge["spec"]["strategy"] == {"type": "Recreate"}
    [claim] = of_kind(found, "PersistentVolumeClaim")
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    [volume] = [v for v in bridge["spec"]["template"]["spec"]["volumes"] if v["name"] == "spool"]
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]


def test_selectors_find_their_pods_and_ports(helm: Helm) -> None:
    found = objects(helm, EVERYTHING)
    labels = {
        one["metadata"]["name"]: one["spec"]["template"]["metadata"]["labels"] for one in of_kind(found, "Deployment")
    }
    ports = {
        port["name"]
        for pod in pods(found).values()
        for container in pod["containers"]
        for port in container.get("ports", [])
    }
    for service in of_kind(found, "Service"):
        assert [name for name, of in labels.items() if service["spec"]["selector"].items() <= of.items()]
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    [monitor] = of_kind(found, "ServiceMonitor")
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    watched = [one for one in of_kind(found, "Service") if wanted <= one["metadata"]["labels"].items()]
    named = [{port["name"] for port in one["spec"]["ports"]} for one in watched]
    assert sum("metrics" in names for names in named) == 2  # each pod once: by the headless service, and the bridge's


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ((), "secret.name is required"),
        ((*LEAST, "server.replica=3"), "replica"),
        ((*LEAST, "server.options.HASH_KEY=abc"), "HASH_KEY"),
        ((*LEAST, "server.options.DEV=1"), "DEV"),
        ((*LEAST, "bridge.enabled=true", "tls.secretName=t", "tls.clientCaKey=ca.crt"), "no client certificate"),
    ],
)
def test_wrong_values_are_refused(helm: Helm, values: Sequence[str], says: str) -> None:
    done = helm("template", "r", str(CHART), "--kube-version", VERSIONS[0], values=values)
    assert done.returncode != 0
    assert says in done.stderr


def test_the_schema_knows_every_value() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def check(value: object, schema: dict[str, Any]) -> None:
        if isinstance(value, dict) and "properties" in schema:
            assert value.keys() <= schema["properties"].keys()
            for name, part in value.items():
                check(part, schema["properties"][name])

    check(values, json.loads((CHART / "values.schema.json").read_text()))
