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

# A go of 1.24 or newer: the machine's, or one that Debian's own go brings as a module.
find_go() {
  local version=v0.0.1-go1.26.0.linux-amd64 minor
  minor=$(go env GOVERSION 2> /dev/null | sed -nE 's/^go1\.([0-9]+).*/\1/p')
  if [ "${minor:-0}" -ge 24 ]; then
    command -v go
    return
  fi
  if ! command -v go > /dev/null; then
    echo "==> installing Debian's golang-go" >&2
    local sudo=""
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends golang-go > /dev/null
  fi
  local found
  found=$(go env GOMODCACHE)/golang.org/toolchain@$version/bin/go
  if [ ! -x "$found" ]; then
    echo "==> bringing go 1.26 with the machine's go" >&2
    (cd "$(mktemp -d)" && go mod init example/bootstrap > /dev/null 2>&1 && go mod download "golang.org/toolchain@$version")
    chmod -R u+x "$(dirname "$found")" "$(dirname "$found")/../pkg/tool"
  fi
  echo "$found"
}

# Kubernetes publishes no module that `go install` takes: scripts/kube-apiserver holds a go.mod that names the parts.
build_kube_apiserver() {
  local program=.peers/kube-apiserver/kube-apiserver
  if [ ! -x "$program" ]; then
    echo "==> building kube-apiserver in .peers/ (about ten minutes on two cores, once)" >&2
    local go
    go=$(find_go)
    mkdir -p .peers/kube-apiserver
    cp scripts/kube-apiserver/go.mod scripts/kube-apiserver/main.go .peers/kube-apiserver/
    [ ! -e scripts/kube-apiserver/go.sum ] || cp scripts/kube-apiserver/go.sum .peers/kube-apiserver/
    (cd .peers/kube-apiserver && GOFLAGS=-mod=mod GOTOOLCHAIN=local "$go" build -p 2 -trimpath -ldflags='-s -w' -o kube-apiserver.new . >&2)
    mv .peers/kube-apiserver/kube-apiserver.new "$program"
  fi
  echo "$PWD/$program"
}

for peer in "$@"; do
  case $peer in
    prometheus) fetch_debian prometheus usr/bin/prometheus ;;
    etcd) fetch_debian etcd-server usr/bin/etcd ;;
    kube-apiserver) build_kube_apiserver ;;
    *) echo "peers.sh: no such peer: $peer (there are: prometheus etcd kube-apiserver)" >&2; exit 2 ;;
  esac
done
