#!/usr/bin/env bash
# Makes a Python for the integration tests, with the versions that its requirements file pins, and prints where it is.
# Without a name: .peers/venv of tests/integration/requirements.txt, which runs the tests.
# scripts/venv.sh NAME: .peers/venv-NAME of requirements-NAME.txt, a server and its own client.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .peers
exec 9> ".peers/venv${1:+-$1}.lock" && flock 9  # tests run side by side
suffix=${1:+-$1}
requirements=tests/integration/requirements$suffix.txt
venv=.peers/venv$suffix
wanted=$(sha256sum "$requirements" | cut -c1-64)
if [ "$(cat "$venv/requirements.sha256" 2> /dev/null)" != "$wanted" ]; then
  echo "==> making $venv with the packages of $requirements" >&2
  rm -rf "$venv"
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" >&2
  echo "$wanted" > "$venv/requirements.sha256"
fi
echo "$PWD/$venv"
