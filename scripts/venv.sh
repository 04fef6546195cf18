#!/usr/bin/env bash
# Makes the Python of the integration tests at .peers/venv, with the versions that tests/integration/requirements.txt pins.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=$(sha256sum tests/integration/requirements.txt | cut -c1-64)
[ "$(cat .peers/venv/requirements.sha256 2> /dev/null)" = "$wanted" ] && exit 0

echo "==> making .peers/venv with the packages of tests/integration/requirements.txt"
mkdir -p .peers
rm -rf .peers/venv
/usr/bin/python3 -m venv .peers/venv
.peers/venv/bin/pip install --quiet --disable-pip-version-check -r tests/integration/requirements.txt
echo "$wanted" > .peers/venv/requirements.sha256
