"""The unit that is installed, under a systemd that is process 1 of a machine of its own: a copy-on-write view of this one."""

import os
import subprocess

import pytest

from conftest import PROGRAM, ROOT, eventually


def unit():
    return (ROOT / "deploy/systemd/wave-autoscale.service.in").read_text()


def test_systemd_finds_no_mistake_in_the_unit(tmp_path):
    (tmp_path / "bin").mkdir()
    os.symlink(PROGRAM, tmp_path / "bin/wave-autoscale")
    path = tmp_path / "wave-autoscale.service"

    def verify(text):
        path.write_text(text.replace("@CMAKE_INSTALL_PREFIX@", str(tmp_path)))
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", path], capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr

    assert verify(unit()) == (0, "")
    assert "Unknown key 'Restrat'" in verify(unit().replace("Restart=", "Restrat="))[1]


# What this machine would start by itself does not belong to the test.
MACHINE = r"""
set -e
mount -t tmpfs wave-test "$1"
mkdir -p "$1/up" "$1/work" "$1/tree"
tree=$1/tree
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$tree"
mount -t proc proc "$tree/proc"
mount -t sysfs sysfs "$tree/sys"
mount -t cgroup2 cgroup2 "$tree/sys/fs/cgroup"
mount -t tmpfs tmpfs "$tree/run"
mount -t devtmpfs devtmpfs "$tree/dev"
mkdir -p "$tree/dev/pts" "$tree/dev/shm" "$tree/mnt"
mount -t devpts devpts "$tree/dev/pts"
mount -t tmpfs tmpfs "$tree/dev/shm"
mount --bind "$2" "$tree/mnt"
ip link set lo up
rm -rf "$tree"/etc/systemd/system/*.wants
cp "$3" "$tree/usr/bin/wave-autoscale"
cp "$2/wave-autoscale.service" "$2/wave-test.service" "$tree/etc/systemd/system"
mkdir -p "$tree/usr/share/wave-autoscale"
cp "$4/deploy/systemd/"*.yaml "$tree/usr/share/wave-autoscale"
cp "$4/deploy/debian/postinst" "$2"
mount --make-rshared "$tree"
exec env -i container=wave-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  chroot "$tree" /lib/systemd/systemd --unit=wave-test.service --show-status=no < /dev/null > "$2/console" 2>&1
"""

INSIDE_UNIT = """
[Service]
Type=oneshot
ExecStart=/bin/sh -x /mnt/inside.sh
StandardOutput=append:/mnt/out
StandardError=append:/mnt/trace
"""

# The commands of docs/how-to/systemd.md, and what they say.
INSIDE = r"""
trap 'touch /mnt/done' EXIT
until_it() { for i in $(seq 100); do "$@" > /dev/null && return; sleep 0.1; done; echo "never: $*"; }
workers() { test "$(pgrep -c -u wave-autoscale -f '^sleep 4711$')" = "$1"; }
restarted() { test "$(systemctl show -P NRestarts wave-autoscale)" = 1; }
push() { curl -fsS -H "Authorization: Bearer a-token-of-ours" -d "{\"value\": $1}" http://127.0.0.1:3024/api/v1/metrics/load; }

sh /mnt/postinst configure
echo "after installation: $(systemctl is-enabled wave-autoscale) $(systemctl is-active wave-autoscale)"

wave-autoscale init -o /etc/wave-autoscale/wave-definitions.yaml --force > /dev/null
cat /mnt/definitions.yaml > /etc/wave-autoscale/wave-definitions.yaml
wave-autoscale check --config /etc/wave-autoscale/wave-config.yaml > /dev/null && echo checked
systemctl reload wave-autoscale && echo reloaded
until_it workers 1
pause() { runuser -u wave-autoscale -- "$@" wave-autoscale pause workers --until 2h --config /etc/wave-autoscale/wave-config.yaml; }
pause env > /dev/null && echo paused
runuser -u wave-autoscale -- wave-autoscale resume workers --config /etc/wave-autoscale/wave-config.yaml > /dev/null && echo resumed

install -m 0600 /dev/null /etc/wave-autoscale/api-token
echo a-token-of-ours > /etc/wave-autoscale/api-token
mkdir -p /etc/systemd/system/wave-autoscale.service.d
cp /mnt/secrets.conf /etc/systemd/system/wave-autoscale.service.d
systemctl daemon-reload
systemctl restart wave-autoscale
until_it push 3
until_it workers 6
filters() { grep Seccomp_filters /proc/$1/status | cut -f 2; }
echo "filters of the process for expressions beside the unit's: $(($(filters "$(pgrep -x wave-javascript)") - $(filters "$(systemctl show -P MainPID wave-autoscale)")))"
echo "after a push: $(pgrep -c -u wave-autoscale -f '^sleep 4711$') workers"

systemctl kill --kill-whom=main --signal=KILL wave-autoscale
until_it restarted
until_it systemctl is-active --quiet wave-autoscale
until_it workers 6
echo "after kill -9: $(systemctl is-active wave-autoscale) $(pgrep -c -u wave-autoscale -f '^sleep 4711$') workers"

pause env > /dev/null 2>&1 || echo "refused without the new token"
pause env WAVE_TOKEN=a-token-of-ours > /dev/null && echo paused
wave-autoscale status | grep -o -m1 'paused'

echo 'kind: Nonsense' > /etc/wave-autoscale/wave-definitions.yaml
systemctl restart wave-autoscale 2> /dev/null || echo "invalid at a start: $(systemctl show -P ExecMainStatus wave-autoscale)"
cat /mnt/definitions.yaml > /etc/wave-autoscale/wave-definitions.yaml
until_it workers 6
stat -c '%n %U %a' /var/lib/wave-autoscale /var/lib/wave-autoscale/wave.db /etc/wave-autoscale/wave-definitions.yaml
echo "exposure $(systemd-analyze security --no-pager wave-autoscale | grep -o 'level for .*' | grep -oE '[0-9.]+ ')"
systemctl stop wave-autoscale
echo "after stop: $(systemctl show -P Result wave-autoscale) $(pgrep -c -u wave-autoscale -f '^sleep 4711$') workers"
journalctl -u wave-autoscale -o cat --no-pager | grep -o 'event=stopped' | tail -1
"""

SECRETS = """[Service]
LoadCredential=api-token:/etc/wave-autoscale/api-token
Environment=WAVE_TOKEN_FILE=%d/api-token
"""

DEFINITIONS = """
kind: Metric
id: load
metric_kind: push
---
kind: ScalingComponent
id: workers
component_kind: local-process
metadata: { command: sleep, args: ['4711'] }
limits: { min: 1, max: 20 }
---
kind: ScalingPlan
id: follow
plans: [{ id: i, scaling_components: [{ component_id: workers, desired: 'load * 2' }] }]
"""


@pytest.mark.heavy
def test_a_real_systemd_starts_reloads_restarts_and_stops_it(tmp_path):
    shared, machine = tmp_path / "shared", tmp_path / "machine"
    shared.mkdir()
    machine.mkdir()
    (shared / "wave-autoscale.service").write_text(unit().replace("@CMAKE_INSTALL_PREFIX@", "/usr"))
    (shared / "wave-test.service").write_text(INSIDE_UNIT)
    (shared / "inside.sh").write_text(INSIDE)
    (shared / "secrets.conf").write_text(SECRETS)
    (shared / "definitions.yaml").write_text(DEFINITIONS)
    isolated = ["unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--cgroup", "--fork", "--kill-child"]
    command = [*isolated, "sh", "-c", MACHINE, "sh", machine, shared, PROGRAM, ROOT]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        eventually(lambda: process.poll() is not None or (shared / "done").exists(), timeout=120)
    finally:
        process.kill()
        said = process.communicate()[1]
    assert (shared / "done").exists(), said
    trace = (shared / "trace").read_text()
    assert (shared / "out").read_text().splitlines() == [
        "after installation: enabled active",
        "checked",
        "reloaded",
        "paused",
        "resumed",
        "filters of the process for expressions beside the unit's: 1",
        "after a push: 6 workers",
        "after kill -9: active 6 workers",
        "refused without the new token",
        "paused",
        "paused",
        "invalid at a start: 3",
        "/var/lib/wave-autoscale wave-autoscale 750",
        "/var/lib/wave-autoscale/wave.db wave-autoscale 600",
        "/etc/wave-autoscale/wave-definitions.yaml root 640",
        "exposure 1.5 ",
        "after stop: success 0 workers",
        "event=stopped",
    ], trace
