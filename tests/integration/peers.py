"""Servers that live in a venv of their own, and their own clients."""

import contextlib
import json
import pathlib
import subprocess

from conftest import ROOT, eventually, stop


def venv(name):
    """The folder of the programs of .peers/venv-<name>, made when it is missing."""
    done = subprocess.run([ROOT / "scripts/venv.sh", name], capture_output=True, text=True, check=True)
    return pathlib.Path(done.stdout.strip()) / "bin"


def run_in(programs, script, *arguments, env=None):
    """Runs Python of that venv; what it prints, as JSON."""
    done = subprocess.run(
        [programs / "python", "-c", script, *arguments], capture_output=True, text=True, timeout=120, env=env
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else None


@contextlib.contextmanager
def server(command, folder, is_up, timeout=60.0, env=None):
    """Runs a server until the block ends; its output is in the failure when it does not come up."""
    log = folder / "server.txt"
    with open(log, "ab") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, env=env)

    def probe():
        assert process.poll() is None, f"it ended with {process.returncode}"
        return is_up()

    try:
        try:
            eventually(probe, timeout=timeout, every=0.2)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{log.read_text()[-3000:]}") from error
        yield process
    finally:
        stop(process)
