"""`make install` and the Debian package, put on a copy-on-write view of this machine and taken off again."""

import os
import pathlib
import subprocess

import pytest

from conftest import ROOT

pytestmark = pytest.mark.heavy


def make(*arguments):
    return subprocess.run(
        ["make", "--no-print-directory", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=1800
    ).stdout


def test_make_install_puts_everything_below_destdir(tmp_path):
    make("install", f"DESTDIR={tmp_path}", "PREFIX=/opt/wave")
    files = {str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*") if one.is_file()}
    assert "opt/wave/bin/wave-autoscale" in files
    assert "opt/wave/lib/systemd/system/wave-autoscale.service" in files
    assert all(name.startswith("opt/wave/") for name in files)
    unit = (tmp_path / "opt/wave/lib/systemd/system/wave-autoscale.service").read_text()
    assert "ExecStart=/opt/wave/bin/wave-autoscale run" in unit
    version = subprocess.run(
        [tmp_path / "opt/wave/bin/wave-autoscale", "version"], capture_output=True, text=True, check=True
    )
    assert version.stdout.startswith("wave-autoscale ")


# Started as its unit says: as its user, in its folder, until it answers and until SIGTERM ends it.
SCRIPT = r"""
set -e
mkdir -p "$1/up" "$1/work" "$1/tree"
mount -t tmpfs wave-test "$1"
mkdir -p "$1/up" "$1/work" "$1/tree"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/tree"
mount -t proc proc "$1/tree/proc"
cp "$2" "$1/tree/tmp/wave.deb"
cat > "$1/tree/tmp/inside.sh" <<'END'
set -e
dpkg -i /tmp/wave.deb
dpkg -V wave-autoscale
stat -c '%U %a' /var/lib/wave-autoscale /etc/wave-autoscale/wave-config.yaml
cd /var/lib/wave-autoscale
runuser -u wave-autoscale -- /usr/bin/wave-autoscale run --config /etc/wave-autoscale/wave-config.yaml 2> /tmp/log &
for i in $(seq 100); do curl -fs http://127.0.0.1:3024/healthz && break; sleep 0.1; done
ls /var/lib/wave-autoscale
pkill -TERM -u wave-autoscale
wait
grep -c event=stopped /tmp/log
dpkg -r wave-autoscale
test ! -e /usr/bin/wave-autoscale
test -e /etc/wave-autoscale/wave-config.yaml
dpkg -P wave-autoscale
test ! -e /etc/wave-autoscale
test ! -e /var/lib/wave-autoscale
! getent passwd wave-autoscale
echo gone
END
chroot "$1/tree" sh /tmp/inside.sh
"""


def test_the_debian_package_installs_starts_and_goes(tmp_path):
    package = pathlib.Path(ROOT / "build/release" / make("package").splitlines()[-1])
    assert package.suffix == ".deb"
    # A network of its own: its default port is free there.
    done = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "sh", "-c", "ip link set lo up; " + SCRIPT, "sh", tmp_path, package],
        capture_output=True,
        text=True,
        timeout=300,
        env=dict(os.environ, LC_ALL="C.UTF-8"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert "wave-autoscale 750" in lines
    assert "root 640" in lines
    assert "wave.db" in lines and "wave.token" in lines
    assert lines[-1] == "gone", done.stdout
