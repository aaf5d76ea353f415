"""The files for a cluster: what can be known of them without one."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from conftest import CLONE, skip_unless_ci

FOLDER = CLONE / "deploy/kubernetes"
TEXT = (FOLDER / "values.yaml").read_text(encoding="utf-8")
VALUES = yaml.safe_load(TEXT)
MANIFESTS = [
    manifest
    for name in ("shared", "course", "grader")
    for manifest in yaml.safe_load_all((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
]
SCHEMA = json.loads((Path(__file__).parent / "kubernetes/values.schema.json").read_text())
"""The chart's own, of version 4.4.0; its licence stands beside it."""

CONTAINERFILE = (FOLDER / "Containerfile").read_text(encoding="utf-8")
PAGE = (CLONE / "docs/kubernetes.md").read_text(encoding="utf-8")

CHARTS_SECRET = "hub"


def of_kind(*kinds: str) -> list[dict]:
    return [manifest for manifest in MANIFESTS if manifest["kind"] in kinds]


def pods() -> list[tuple[str, dict]]:
    """The pods of our manifests, each with its name and template."""
    return [(m["metadata"]["name"], m["spec"]["template"]) for m in of_kind("Deployment", "Job")]


def containers(template: dict) -> list[dict]:
    spec = template["spec"]
    return [*spec.get("initContainers", []), *spec["containers"]]


def found(tree: object, key: str) -> list:
    """Every value that stands below the key, anywhere in a tree."""
    if isinstance(tree, dict):
        own = [tree[key]] if key in tree else []
        return own + [one for part in tree.values() for one in found(part, key)]
    if isinstance(tree, list):
        return [one for part in tree for one in found(part, key)]
    return []


def without_required(schema: object) -> object:
    """The chart's own values have all that it requires; ours are laid over them."""
    if not isinstance(schema, dict):
        return schema
    own = {k: v for k, v in schema.items() if not (k == "required" and isinstance(v, list))}
    return {key: without_required(value) for key, value in own.items()}


def validate(values: dict) -> None:
    jsonschema.validate(values, without_required(SCHEMA))


def with_files() -> dict:
    """The values with what the command's `--set-file` adds."""
    values = json.loads(json.dumps(VALUES))
    for file in values["hub"]["extraFiles"].values():
        source = CLONE / "deploy/jupyterhub/lepton_team" / Path(file["mountPath"]).name
        file["stringData"] = source.read_text(encoding="utf-8")
    return values


def test_the_chart_knows_every_value():
    validate(with_files())


@pytest.mark.parametrize(
    ("place", "name"),
    [(["hub"], "extraconfig"), (["singleuser", "memory"], "limits"), (["cull"], "timeOut")],
)
def test_a_value_that_the_chart_does_not_know_is_noticed(place, name):
    values = with_files()
    part = values
    for key in place:
        part = part[key]
    part[name] = 1
    with pytest.raises(jsonschema.ValidationError, match=name):
        validate(values)


def test_no_secret_stands_in_a_file():
    secret = re.compile(r"password|secret|token|gradebook|api_?key", re.IGNORECASE)
    for variable in [one for m in MANIFESTS for env in found(m, "env") for one in env]:
        if secret.search(variable["name"]):
            assert "secretKeyRef" in variable["valueFrom"], variable["name"]
    for name, value in VALUES["hub"]["extraEnv"].items():
        assert "secretKeyRef" in value["valueFrom"], name
    assert not found(VALUES, "client_secret") + found(VALUES, "apiToken")
    assert not re.search(r"//[^/@]+:[^/@]+@", VALUES["hub"]["db"]["url"])


def test_the_page_makes_every_secret_and_list_that_pods_read():
    references = found([VALUES, MANIFESTS], "secretKeyRef")
    for reference in references:
        if reference["name"] != CHARTS_SECRET:
            assert f"secret generic {reference['name']}" in PAGE
            assert f"--from-literal={reference['key']}=" in PAGE
    for name in found(MANIFESTS, "secretName"):
        assert f"secret generic {name}" in PAGE
    for reference in found(MANIFESTS, "configMap"):
        assert f"configmap {reference['name']}" in PAGE


def test_volumes_that_are_mounted_exist():
    claims = {m["metadata"]["name"] for m in of_kind("PersistentVolumeClaim")}
    assert set(found([VALUES, MANIFESTS], "claimName")) == claims
    for name, template in pods():
        volumes = {volume["name"] for volume in template["spec"]["volumes"]}
        for container in containers(template):
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            assert mounted <= volumes, name
    own = VALUES["singleuser"]["storage"]
    mounts = own["extraVolumeMounts"].values()
    assert {mount["name"] for mount in mounts} == set(own["extraVolumes"])


def test_no_pod_that_mounts_the_shared_volume_gives_its_files_to_a_group():
    for name, template in pods():
        shared = "lepton-shared" in found(template, "claimName")
        assert not (shared and "fsGroup" in template["spec"].get("securityContext", {})), name
    for place, key in (
        (VALUES["hub"]["podSecurityContext"], "fsGroup"),
        (VALUES["singleuser"], "fsGid"),
    ):
        assert place[key] is None, "the chart's own is taken out"


def test_every_service_leads_to_a_port_of_a_pod():
    for service in of_kind("Service"):
        [template] = [
            template
            for _, template in pods()
            if service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
        ]
        ports = {port["name"] for c in containers(template) for port in c.get("ports", [])}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


@pytest.mark.parametrize(("name", "template"), pods(), ids=[name for name, _ in pods()])
def test_a_pod_has_no_right_that_it_does_not_need(name, template):
    spec = template["spec"]
    assert spec["automountServiceAccountToken"] is False
    whole = spec.get("securityContext", {})
    for container in containers(template):
        own = {**whole, **container["securityContext"]}
        assert own["allowPrivilegeEscalation"] is False
        assert own["capabilities"]["drop"] == ["ALL"]
        assert container["resources"]["limits"].keys() == {"cpu", "memory"}
        if container["name"] in ("prepare", "open-home"):  # give folders to their owners, and end
            assert "args" not in container or name == "lepton-prepare-shared"
            assert set(own["capabilities"].get("add", [])) <= {"CHOWN", "DAC_OVERRIDE", "FOWNER"}
        else:
            assert own["runAsUser"] >= 51_000 and own["runAsNonRoot"]
            assert "add" not in own["capabilities"]
        if own["seccompProfile"]["type"] == "Unconfined":
            assert spec["hostUsers"] is False, "it makes walls; so it is nobody on the node"
            assert "persistentVolumeClaim" not in str(spec["volumes"])


def test_every_pod_has_a_policy_and_only_named_pods_come_to_it():
    policies = of_kind("NetworkPolicy")
    for name, template in pods():
        labels = template["metadata"]["labels"].items()
        fitting = [p for p in policies if p["spec"]["podSelector"]["matchLabels"].items() <= labels]
        assert fitting, name
        for policy in fitting:
            assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
            for rule in policy["spec"].get("ingress", []):
                assert rule["ports"]
                assert all(source["podSelector"]["matchLabels"] for source in rule["from"])


def test_a_learners_pod_reaches_the_hub_and_nothing_else():
    policy = VALUES["singleuser"]["networkPolicy"]
    allowed = {name for name, value in policy["egressAllowRules"].items() if value}
    assert policy["enabled"] and allowed == {"dnsPortsKubeSystemNamespace", "dnsPortsPrivateIPs"}
    every = SCHEMA["properties"]["singleuser"]["properties"]["networkPolicy"]["properties"]
    assert policy["egressAllowRules"].keys() == every["egressAllowRules"]["properties"].keys()
    assert VALUES["singleuser"]["cloudMetadata"]["blockWithIptables"]


def test_a_course_has_one_name_everywhere():
    [course] = VALUES["hub"]["services"]
    [pod] = [t for n, t in pods() if n == f"course-{course.replace('_', '-')}"]
    [container] = pod["spec"]["containers"]
    environment = {one["name"]: one.get("value") for one in container["env"]}
    assert environment["JUPYTERHUB_SERVICE_NAME"] == course
    assert environment["JUPYTERHUB_CLIENT_ID"] == f"service-{course}"
    assert environment["JUPYTERHUB_SERVICE_PREFIX"] == f"/services/{course}/"
    scope = f"access:services!service={course}"
    assert json.loads(environment["JUPYTERHUB_OAUTH_ACCESS_SCOPES"]) == [scope]
    role = VALUES["hub"]["loadRoles"][f"formgrade-{course}"]
    assert role == {"groups": [f"formgrade-{course}"], "scopes": [scope]}
    named = VALUES["hub"]["config"]["OpenIDAuthenticator"]["course_groups"].values()
    assert set(named) == {f"formgrade-{course}", f"nbgrader-{course}"}


HUB = """
import sys
import yaml
from types import SimpleNamespace
from traitlets.config import Config

values = yaml.safe_load(open(sys.argv[1]))["hub"]
c = Config()
for section, settings in values["config"].items():
    c[section].update(settings)
exec(values["extraConfig"]["lepton"].replace("/srv/accounts", sys.argv[2]))

from lepton_team.openid import OpenIDAuthenticator

found = OpenIDAuthenticator(config=c)
told = values["config"]["OpenIDAuthenticator"]
assert told.keys() <= set(OpenIDAuthenticator.class_trait_names()), told
assert found.validate_username("ada") and not found.validate_username("course-deep_learning")
spawners = [SimpleNamespace(user=SimpleNamespace(name=name)) for name in ("ada", "bose", "ada")]
numbers = [c.KubeSpawner.uid(spawner) for spawner in spawners]
assert numbers[0] == numbers[2] != numbers[1] and min(numbers) > 51_001, numbers
hub = SimpleNamespace(base_url="/hub/")
places = {"formgrade-x": "/services/x/lab?formgrader=true", "nbgrader-x": "/hub/spawn"}
for name, place in places.items():
    user = SimpleNamespace(groups=[SimpleNamespace(name=name)])
    assert c.JupyterHub.default_url(SimpleNamespace(hub=hub, current_user=user)) == place
assert c.JupyterHub.default_url(SimpleNamespace(hub=hub, current_user=None)) == ""
"""


def test_the_hubs_settings_work_with_the_three_files_that_it_is_given(tmp_path):
    if importlib.util.find_spec("oauthenticator") is None:
        skip_unless_ci("JupyterHub is not installed: make install-team")
    package = tmp_path / "lepton_team"
    package.mkdir()
    for name, file in VALUES["hub"]["extraFiles"].items():
        assert f"hub.extraFiles.{name}.stringData=deploy/jupyterhub/lepton_team/{name}.py" in TEXT
        source = CLONE / "deploy/jupyterhub/lepton_team" / Path(file["mountPath"]).name
        shutil.copy(source, package)
    accounts = tmp_path / "accounts"
    accounts.mkdir()
    done = subprocess.run(
        [sys.executable, "-P", "-c", HUB, str(FOLDER / "values.yaml"), str(accounts)],
        cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = (accounts / "passwd").read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == ["ada", "bose"]


def stages() -> dict[str, list[str]]:
    """The instructions of each stage of the image, continued lines joined."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", CONTAINERFILE, flags=re.MULTILINE))
    parts = re.split(r"^FROM \S+ AS (\w+)$", text, flags=re.MULTILINE)
    return {
        name: [line for line in body.splitlines() if line.strip()]
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def copied(stage: str) -> set[str]:
    lines = [line.split()[1:-1] for line in stages()[stage] if line.startswith("COPY")]
    return {path for line in lines if not line[0].startswith("--") for path in line}


def test_the_image_is_made_of_what_the_clone_has():
    for stage in stages():
        assert all((CLONE / path).exists() for path in copied(stage)), stage
    assert copied("environment") == {"environment.yml"}
    assert not re.search(r"^COPY (--\S+ )?\. ", CONTAINERFILE, re.MULTILINE), "no whole folder"


def test_the_learners_image_has_no_solutions_and_neither_runs_as_root():
    assert re.search(r"^FROM environment AS learner$", CONTAINERFILE, re.MULTILINE)
    assert all(path.startswith("deploy/jupyterhub/") for path in copied("learner"))
    for stage in ("course", "learner"):
        [user] = [line.split()[1] for line in stages()[stage] if line.startswith("USER")]
        assert int(user) >= 51_000
    images = {f"registry.example.com/lepton-{stage}:0.1.0" for stage in ("course", "learner")}
    assert set(found(MANIFESTS, "image")) == images


def test_the_hub_and_the_servers_have_one_version_of_jupyterhub():
    [version] = re.findall(r"^ARG JUPYTERHUB=(\S+)$", CONTAINERFILE, re.MULTILINE)
    assert f"JupyterHub {version}" in PAGE
    [chart] = set(re.findall(r"--version (\S+)", TEXT + PAGE))
    assert f"version {chart}" in TEXT
