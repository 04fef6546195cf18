"""A real kube-apiserver with etcd: RBAC, tokens, its own certificate. `with_pods` adds what makes pods and runs them,
`with_karpenter` what makes nodes."""

import base64
import contextlib
import os
import pathlib
import subprocess

import requests
import yaml

from conftest import eventually, free_port, stop

ADMIN = "admin-token"
SCALER = "scaler-token"
ROOT = pathlib.Path(__file__).resolve().parents[2]

# The least that the reference page of the kind asks for.
ROLE = [
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]},
    {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["get", "patch"]},
    {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": ["list"]},
    {"apiGroups": ["keda.sh"], "resources": ["scaledobjects"], "verbs": ["list"]},
]

COMPONENT = """
kind: ScalingComponent
id: api
component_kind: {kind}
metadata: {{ kubeconfig: kubeconfig.yaml, namespace: {space}, name: {name}{more} }}
limits: {{ min: 1, max: 40 }}
behavior: {{ scale_down: {{ stabilization_window: 1s }} }}
on_conflict: {on_conflict}
"""

PLAN = """
---
kind: ScalingPlan
id: follow
interval: 500ms
plans:
  - id: track
    target: { metric: load, per_unit: 10, tolerance: 0 }
    scaling_components: [{ component_id: api }]
"""

PUSHED = "---\nkind: Metric\nid: load\nmetric_kind: push\n"

NODE = "kwok-node"
# The node is ready at once; a pod that is bound to it after a while, and gone as soon as it is to go.
STAGES = """
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: join }
spec:
  resourceRef: { apiGroup: v1, kind: Node }
  selector:
    matchExpressions:
      - { key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator: NotIn, values: ["True"] }
  next:
    statusTemplate: |
      conditions:
        - { type: Ready, status: "True", lastTransitionTime: {{ Now | Quote }} }
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: start }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
      - { key: .metadata.deletionTimestamp, operator: DoesNotExist }
      - { key: .status.phase, operator: In, values: [Pending] }
  delay: { durationMilliseconds: READY_AFTER }
  next:
    statusTemplate: |
      phase: Running
      startTime: {{ Now | Quote }}
      conditions:
        - { type: Ready, status: "True", lastTransitionTime: {{ Now | Quote }} }
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: stop }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
      - { key: .metadata.deletionTimestamp, operator: Exists }
  next: { delete: true }
"""


def peer(name):
    done = subprocess.run([ROOT / "scripts/peers.sh", name], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


class Kube:
    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"

    def start(self):
        etcd_port = free_port()
        self._launch(
            [
                peer("etcd"),
                f"--data-dir={self.folder / 'etcd'}",
                f"--listen-client-urls=http://127.0.0.1:{etcd_port}",
                f"--advertise-client-urls=http://127.0.0.1:{etcd_port}",
                "--listen-peer-urls=http://127.0.0.1:0",
            ],
            "etcd.log",
        )
        key = self.folder / "sa.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-out", self.folder / "sa.pub"], check=True, capture_output=True)
        (self.folder / "tokens.csv").write_text(
            f'{ADMIN},admin,1,"system:masters"\n{SCALER},scaler,2,"scalers"\n'
        )
        certs = self.folder / "certs"
        self._launch(
            [
                peer("kube-apiserver"),
                f"--etcd-servers=http://127.0.0.1:{etcd_port}",
                "--bind-address=127.0.0.1",
                f"--secure-port={self.port}",
                "--advertise-address=127.0.0.1",
                f"--cert-dir={certs}",
                "--service-cluster-ip-range=10.0.0.0/24",
                "--authorization-mode=RBAC",
                # Without what takes the taints of new nodes away again, they are not added.
                "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
                f"--service-account-issuer={self.url}/",
                f"--service-account-key-file={self.folder / 'sa.pub'}",
                f"--service-account-signing-key-file={key}",
                f"--token-auth-file={self.folder / 'tokens.csv'}",
                "--endpoint-reconciler-type=none",
                # Debian's etcd is too old for lists that are streamed: clients fall back when they hear so at once.
                "--feature-gates=WatchList=false",
            ],
            "apiserver.log",
        )
        self.certificate = certs / "apiserver.crt"
        eventually(self._ready, timeout=120, every=0.3)

    def with_pods(self, ready_after):
        """Controllers that make pods of Deployments, and kwok, whose node runs them: ready after so many seconds."""
        self.kubeconfig(self.folder / "admin.yaml", token=ADMIN)
        self._launch(
            [
                peer("kube-controller-manager"),
                f"--kubeconfig={self.folder / 'admin.yaml'}",
                "--controllers=deployment-controller,replicaset-controller",
                "--leader-elect=false",
                "--bind-address=127.0.0.1",
                f"--secure-port={free_port()}",
                f"--cert-dir={self.folder / 'controllers'}",
            ],
            "controllers.log",
        )
        self._kwok(ready_after)
        self.create("/api/v1/nodes", {"metadata": {"name": NODE}})

    def with_karpenter(self):
        """Karpenter's own controllers over its kwok provider, and kwok, which makes their nodes ready."""
        for file in sorted(pathlib.Path(peer("karpenter-crds")).glob("*.yaml")):
            self.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", yaml.safe_load(file.read_text()))
        for served in ("karpenter.sh/v1/nodepools", "karpenter.sh/v1/nodeclaims", "karpenter.kwok.sh/v1alpha1/kwoknodeclasses"):
            eventually(lambda: self.call("GET", f"/apis/{served}").status_code == 200)
        self.kubeconfig(self.folder / "admin.yaml", token=ADMIN)
        self._kwok(0)
        health = free_port()
        self._launch(
            [peer("karpenter")],
            "karpenter.log",
            KUBECONFIG=str(self.folder / "admin.yaml"),
            DISABLE_LEADER_ELECTION="true",
            FEATURE_GATES="StaticCapacity=true",
            METRICS_PORT=str(free_port()),
            HEALTH_PROBE_PORT=str(health),
        )
        eventually(lambda: requests.get(f"http://127.0.0.1:{health}/readyz", timeout=2).status_code == 200)

    def _kwok(self, ready_after):
        stages = self.folder / "kwok.yaml"
        stages.write_text(STAGES.replace("READY_AFTER", str(ready_after * 1000)))
        self._launch(
            [
                peer("kwok"),
                f"--kubeconfig={self.folder / 'admin.yaml'}",
                f"--config={stages}",
                "--manage-all-nodes=true",
                "--node-lease-duration-seconds=0",
            ],
            "kwok.log",
        )

    def _launch(self, command, log, **environment):
        file = open(self.folder / log, "wb")
        self.processes.append(subprocess.Popen(command, stdout=file, stderr=file, env=os.environ | environment))

    def _ready(self):
        for process in self.processes:
            assert process.poll() is None, (self.folder / "apiserver.log").read_text()[-2000:]
        if not self.certificate.exists():
            return False
        return self.call("GET", "/readyz").status_code == 200

    def call(self, method, path, body=None, content_type="application/json"):
        return requests.request(
            method,
            self.url + path,
            json=body,
            headers={"Authorization": f"Bearer {ADMIN}", "Content-Type": content_type},
            verify=False,
            timeout=10,
        )

    def create(self, path, body):
        answer = self.call("POST", path, body)
        assert answer.status_code in (200, 201), answer.text

    def namespace(self, name):
        self.create("/api/v1/namespaces", {"metadata": {"name": name}})
        rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{name}"
        self.create(f"{rbac}/roles", {"metadata": {"name": "scaler"}, "rules": ROLE})
        self.create(
            f"{rbac}/rolebindings",
            {
                "metadata": {"name": "scaler"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "scaler"},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "scalers"}],
            },
        )

    def workload(self, space, name, replicas, kind="Deployment", node=None):
        plural = kind.lower() + "s"
        spec = {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": "example/main"}]},
            },
        }
        if node:
            spec["template"]["spec"]["nodeName"] = node
        if kind == "StatefulSet":
            spec["serviceName"] = name
        self.create(
            f"/apis/apps/v1/namespaces/{space}/{plural}",
            {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec},
        )

    def autoscaler(self, space, name, target, least, most=50):
        self.create(
            f"/apis/autoscaling/v2/namespaces/{space}/horizontalpodautoscalers",
            {
                "metadata": {"name": name},
                "spec": {
                    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
                    "minReplicas": least,
                    "maxReplicas": most,
                    "metrics": [
                        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}}
                    ],
                },
            },
        )

    def replicas(self, space, name, plural="deployments"):
        return self.call("GET", f"/apis/apps/v1/namespaces/{space}/{plural}/{name}").json()["spec"]["replicas"]

    def kubeconfig(self, path, token=SCALER, user=None):
        authority = base64.b64encode(self.certificate.read_bytes()).decode()
        path.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "test",
                    "contexts": [{"name": "test", "context": {"cluster": "test", "user": "scaler", "namespace": "shop"}}],
                    "clusters": [{"name": "test", "cluster": {"server": self.url, "certificate-authority-data": authority}}],
                    "users": [{"name": "scaler", "user": user or {"token": token}}],
                }
            )
        )

    def stop(self):
        for process in reversed(self.processes):
            stop(process)


@contextlib.contextmanager
def running(folder):
    made = Kube(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def component(space, name="api", kind="kubernetes-deployment", more="", on_conflict="refuse"):
    return COMPONENT.format(space=space, name=name, kind=kind, more=more, on_conflict=on_conflict)
