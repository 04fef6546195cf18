#!/usr/bin/env bash
# Brings the real servers that tests and the demo talk to, into .peers/ (git-ignored), and prints where each is.
# Debian's packages are unpacked, not installed: installing them would start system services.
# Usage: scripts/peers.sh prometheus...
set -euo pipefail
cd "$(dirname "$0")/.."

# fetch_debian PACKAGE PROGRAM: the program's path inside the package; leaves it at .peers/<package>/<program>.
fetch_debian() {
  local package=$1 program=$2 root=.peers/$1
  if [ ! -x "$root/$program" ]; then
    echo "==> unpacking Debian's $package into $root (not installed, no service is started)" >&2
    local work sudo=""
    work=$(mktemp -d)
    chmod 755 "$work"
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    if ! (cd "$work" && apt-get download -qq "$package" > /dev/null 2>&1); then
      $sudo apt-get update -qq
      (cd "$work" && apt-get download -qq "$package" 2> /dev/null)
    fi
    rm -rf "$root.new" "$root"
    mkdir -p "$root.new"
    dpkg -x "$work"/*.deb "$root.new"
    mv "$root.new" "$root"
    rm -rf "$work"
  fi
  echo "$PWD/$root/$program"
}

for peer in "$@"; do
  case $peer in
    prometheus) fetch_debian prometheus usr/bin/prometheus ;;
    *) echo "peers.sh: no such peer: $peer (there is: prometheus)" >&2; exit 2 ;;
  esac
done
