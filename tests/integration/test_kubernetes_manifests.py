"""deploy/kubernetes as docs/how-to/kubernetes.md applies it, against a real kube-apiserver, and the daemon as its pod says."""

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import requests
import yaml

from conftest import PROGRAM, ROOT, Counter, eventually, free_port, stop
from kube import ADMIN, peer, running

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.filterwarnings("ignore:Unverified HTTPS request"),
]

HOW_TO = (ROOT / "docs/how-to/kubernetes.md").read_text()
MANIFESTS = ROOT / "deploy/kubernetes"
US = "/api/v1/namespaces/wave-autoscale"


@pytest.fixture(scope="module")
def kube(tmp_path_factory):
    with running(tmp_path_factory.mktemp("kube")) as made:
        made.create("/api/v1/namespaces", {"metadata": {"name": "shop"}})
        yield made


@pytest.fixture(scope="module")
def shell(kube):
    """Runs the commands below a heading of the how-to, with Debian's kubectl."""
    kube.kubeconfig(kube.folder / "admin.yaml", token=ADMIN)
    (kube.folder / "bin").mkdir()
    os.symlink(PROGRAM, kube.folder / "bin/wave-autoscale")
    os.symlink(peer("kubectl"), kube.folder / "bin/kubectl")
    path = f"{kube.folder / 'bin'}:{os.environ['PATH']}"

    def run(heading, number=0, **more):
        below = HOW_TO.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        commands = re.findall(r"```sh\n(.*?)```", below, re.DOTALL)[number]
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", commands],
            cwd=ROOT,
            env=dict(os.environ, PATH=path, KUBECONFIG=str(kube.folder / "admin.yaml")),
            capture_output=True,
            text=True,
            **more,
        )

    return run


@pytest.fixture(scope="module")
def applied(shell):
    """What is there after the how-to's commands."""
    done = shell("Apply")
    # Also no warning that a pod would not meet the Pod Security Standard.
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_the_manifests_are_taken_as_they_are(applied, kube):
    assert applied == [
        "namespace/wave-autoscale created",
        "serviceaccount/wave-autoscale created",
        "persistentvolumeclaim/wave-autoscale created",
        "deployment.apps/wave-autoscale created",
        "service/wave-autoscale created",
        "secret/wave-autoscale created",
        "role.rbac.authorization.k8s.io/wave-autoscale created",
        "rolebinding.rbac.authorization.k8s.io/wave-autoscale created",
        "configmap/wave-autoscale-definitions created",
    ]
    spec = kube.call("GET", "/apis/apps/v1/namespaces/wave-autoscale/deployments/wave-autoscale").json()["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    pod = {"metadata": {"name": "as-by-hand"}, "spec": spec["template"]["spec"]}
    answer = kube.call("POST", f"{US}/pods?dryRun=All", pod)
    assert answer.status_code == 201, answer.text
    del pod["spec"]["securityContext"]["runAsNonRoot"]
    refused = kube.call("POST", f"{US}/pods?dryRun=All", pod)
    assert refused.status_code == 403 and "runAsNonRoot" in refused.text


def account_token(kube):
    made = kube.call("POST", f"{US}/serviceaccounts/wave-autoscale/token", {"spec": {"expirationSeconds": 3600}})
    assert made.status_code == 201, made.text
    return made.json()["status"]["token"]


def test_the_account_may_scale_and_nothing_else(applied, shell, kube):
    assert shell("Apply", 1).stdout == "yes\n"
    token = account_token(kube)

    def status(method, path):
        answer = requests.request(
            method, kube.url + path, headers={"Authorization": f"Bearer {token}"}, verify=False, timeout=10
        )
        return answer.status_code

    deployments = "/apis/apps/v1/namespaces/shop/deployments"
    assert status("GET", f"{deployments}/none") == 404  # it may, but there is none
    assert status("GET", deployments) == 403
    assert status("DELETE", f"{deployments}/none") == 403
    assert status("PATCH", f"{deployments}/none") == 403
    assert status("GET", f"{US}/secrets/wave-autoscale") == 403
    assert status("GET", "/apis/apps/v1/namespaces/default/deployments/none") == 403


def test_the_example_is_found_to_be_valid(applied, shell):
    done = shell("Change what it does")
    assert done.returncode == 0 and "1 metrics, 1 components, 1 plans" in done.stdout, (done.stdout, done.stderr)


# As a kubelet does it: an image whose files are read-only, volumes, a user without rights.
POD = r"""
set -e
root=$1; image=$2; shift 2
mount -t tmpfs wave-test "$root"
cp -a "$image/." "$root"
mkdir -p "$root/proc" "$root/dev"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do
  mkdir -p "$root$2"
  mount --bind "$1" "$root$2"
  [ "$3" = rw ] || mount -o remount,bind,ro "$root$2"
  shift 3
done
shift
mount -o remount,ro "$root"
exec setpriv --no-new-privs "$@"
"""

ENTER = """
import json, os, sys
root, folder, user, group, shared = json.loads(sys.argv[1])
os.chroot(root)
os.chdir(folder)
os.setgroups([shared])
os.setgid(group)
os.setuid(user)
os.execv(sys.argv[2], sys.argv[2:])
"""


def image(folder):
    """The files that the how-to lists, and no others."""
    program = folder / "usr/bin/wave-autoscale"
    program.parent.mkdir(parents=True)
    shutil.copy(PROGRAM, program)
    listed = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=True).stdout
    for library in re.findall(r"(/\S+) \(0x", listed):
        at = folder / library.lstrip("/")
        at.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, at)
    (folder / "etc/ssl/certs").mkdir(parents=True)
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", folder / "etc/ssl/certs")
    shutil.copytree("/usr/share/zoneinfo", folder / "usr/share/zoneinfo", symlinks=True)
    return folder


class Pod:
    """The pod of the shipped Deployment, with what the API server holds for its volumes."""

    def __init__(self, kube, folder):
        self.folder = folder
        self.port = free_port()  # its network is this machine's
        deployment = kube.call("GET", "/apis/apps/v1/namespaces/wave-autoscale/deployments/wave-autoscale").json()
        self.spec = deployment["spec"]["template"]["spec"]
        (self.container,) = self.spec["containers"]
        account = folder / "account"
        account.mkdir()
        (account / "token").write_text(account_token(kube))
        (account / "ca.crt").write_bytes(kube.certificate.read_bytes())
        (account / "namespace").write_text("wave-autoscale")
        self.binds = [account, "/var/run/secrets/kubernetes.io/serviceaccount", "ro"]
        volumes = {one["name"]: one for one in self.spec["volumes"]}
        for mount in self.container["volumeMounts"]:
            made = self.volume(kube, volumes[mount["name"]])
            self.binds += [made, mount["mountPath"], "ro" if mount.get("readOnly") else "rw"]
        variables = {one["name"]: one["value"] for one in self.container["env"]}
        self.environment = variables | {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": str(kube.port),
            "WAVE_PORT": str(self.port),
        }

    def volume(self, kube, volume):
        made = self.folder / volume["name"]
        made.mkdir()
        if "configMap" in volume:
            for name, text in kube.call("GET", f"{US}/configmaps/{volume['configMap']['name']}").json()["data"].items():
                (made / name).write_text(text)
        elif "secret" in volume:
            data = kube.call("GET", f"{US}/secrets/{volume['secret']['secretName']}").json()["data"]
            for name, text in data.items():
                (made / name).write_bytes(base64.b64decode(text))
                os.chown(made / name, 0, self.spec["securityContext"]["fsGroup"])
                (made / name).chmod(volume["secret"]["defaultMode"])
        else:
            assert kube.call("GET", f"{US}/persistentvolumeclaims/{volume['persistentVolumeClaim']['claimName']}").ok
            os.chown(made, 0, self.spec["securityContext"]["fsGroup"])
            made.chmod(0o2775)
        return made

    def enter(self, command):
        security = self.spec["securityContext"]
        ids = [security["runAsUser"], security["runAsGroup"], security["fsGroup"]]
        inside = json.dumps([str(self.root), self.container["workingDir"], *ids])
        return [sys.executable, "-c", ENTER, inside, *command]

    def start(self, made_of):
        self.root = self.folder / "root"
        self.root.mkdir()
        self.log = open(self.folder / "log", "w+b")
        self.process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", POD, "sh", self.root, made_of, *self.binds, "--", *self.enter(self.container["command"])],
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
        )

    def get(self, path):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=5)

    def exec(self, *command):
        """As `kubectl exec` does."""
        done = subprocess.run(
            ["nsenter", f"--mount=/proc/{self.process.pid}/ns/mnt", *self.enter([f"/usr/bin/{command[0]}", *command[1:]])],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def test_the_daemon_scales_as_its_pod_says(applied, kube, prometheus, exporter, tmp_path):
    kube.workload("shop", "api", 2)
    exporter.values['http_requests_total{app="api"}'] = Counter(1380)
    text = (MANIFESTS / "definitions.yaml").read_text()
    (definitions,) = yaml.safe_load_all(text.replace("http://prometheus.monitoring:9090", prometheus.url))
    assert prometheus.url in definitions["data"]["shop.yaml"]
    answer = kube.call("PUT", f"{US}/configmaps/wave-autoscale-definitions", definitions)
    assert answer.status_code == 200, answer.text
    pod = Pod(kube, tmp_path)
    pod.start(image(tmp_path / "image"))
    try:
        for probe in ("livenessProbe", "readinessProbe"):
            path = pod.container[probe]["httpGet"]["path"]
            eventually(lambda: pod.get(path).status_code == 200)
        eventually(lambda: kube.replicas("shop", "api") == 7, timeout=120)
        (component,) = pod.get("/api/v1/status").json()["components"]
        assert (component["error"], component["warnings"]) == (None, [])
        assert "api (kubernetes-deployment): desired=7" in pod.exec("wave-autoscale", "status")
        pod.exec("wave-autoscale", "pause", "api", "--until", "2h")
        assert pod.get("/api/v1/status").json()["components"][0]["paused"]
        said = pathlib.Path(f"/proc/{pod.process.pid}/status").read_text()
        assert re.search(r"^Uid:\t65532\t65532\t", said, re.MULTILINE) and "CapEff:\t0000000000000000" in said
        assert (tmp_path / "state/wave.db").stat().st_uid == 65532
        for written in ("/x", "/etc/wave-autoscale/x", "/usr/bin/x"):
            with pytest.raises(OSError, match="Read-only file system"):
                pathlib.Path(f"/proc/{pod.process.pid}/root{written}").write_text("")
    finally:
        stop(pod.process)
    assert pod.process.returncode == 0
    assert '"event":"stopped"' in (tmp_path / "log").read_text()
