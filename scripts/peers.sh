#!/usr/bin/env bash
# Brings the real servers that tests and the demo talk to, into .peers/ (git-ignored), and prints where each is.
# Debian's packages are unpacked, not installed: installing them would start system services.
# Usage: scripts/peers.sh prometheus...
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .peers
exec 9> .peers/lock && flock 9  # tests run side by side

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

# A go that is new enough for scripts/kubernetes/go.mod: the machine's, or one that Debian's own go brings as a module.
find_go() {
  local version=v0.0.1-go1.27.3.linux-amd64 least
  least=$(sed -nE 's/^go /go/p' scripts/kubernetes/go.mod)
  if printf '%s\n' "$least" "$(go env GOVERSION 2> /dev/null)" | sort -CV; then
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
    echo "==> bringing go 1.27 with the machine's go" >&2
    (cd "$(mktemp -d)" && go mod init example/bootstrap > /dev/null 2>&1 && go mod download "golang.org/toolchain@$version")
    chmod -R u+x "$(dirname "$found")" "$(dirname "$found")/../pkg/tool"
  fi
  echo "$found"
}

# Kubernetes publishes no module that `go install` takes: scripts/kubernetes holds a go.mod that names the parts, and one
# program for all of them, which goes by several names.
build_kubernetes() {
  local root=.peers/kubernetes name
  if [ ! -x "$root/$1" ] || ! cmp -s scripts/kubernetes/main.go "$root/main.go"; then
    echo "==> building kube-apiserver, kube-controller-manager, kwok and Karpenter in .peers/ (about five minutes on two cores, once)" >&2
    local go
    go=$(find_go)
    mkdir -p "$root"
    cp scripts/kubernetes/* "$root"
    (cd "$root" && GOFLAGS=-mod=mod GOTOOLCHAIN=local "$go" build -p 2 -trimpath -ldflags='-s -w' -o kubernetes.new . >&2)
    mv "$root/kubernetes.new" "$root/kubernetes"
    for name in kube-apiserver kube-controller-manager kwok karpenter; do ln -sf kubernetes "$root/$name"; done
  fi
  echo "$PWD/$root/$1"
}

# fetch_maven NAME GROUP:ARTIFACT:VERSION...: the artifacts with all they depend on, as jars in one folder.
fetch_maven() {
  local name=$1 root=.peers/$1
  shift
  scripts/deps.sh jvm >&2
  if [ "$(cat "$root/artifacts" 2> /dev/null)" != "$*" ]; then
    echo "==> bringing $* from Maven Central into $root" >&2
    rm -rf "$root"
    mkdir -p "$root"
    {
      echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
      echo "<groupId>peers</groupId><artifactId>$name</artifactId><version>1</version><dependencies>"
      local artifact part
      for artifact in "$@"; do
        IFS=: read -ra part <<< "$artifact"
        echo "<dependency><groupId>${part[0]}</groupId><artifactId>${part[1]}</artifactId>"
        echo "<version>${part[2]}</version></dependency>"
      done
      echo '</dependencies></project>'
    } > "$root/pom.xml"
    mvn -q -B -f "$root/pom.xml" dependency:copy-dependencies -DoutputDirectory="$PWD/$root/lib" >&2
    echo "$*" > "$root/artifacts"
  fi
  echo "$PWD/$root/lib"
}

# The CustomResourceDefinitions of Karpenter and its kwok provider, from the Go module that scripts/kubernetes names.
fetch_karpenter_crds() {
  local root=.peers/karpenter-crds go version module
  go=$(find_go)
  version=$(sed -nE 's/^\s*(sigs.k8s.io\/karpenter) (v\S+).*/\1@\2/p' scripts/kubernetes/go.mod)
  if [ "$(cat "$root/version" 2> /dev/null)" != "$version" ]; then
    echo "==> bringing Karpenter's CustomResourceDefinitions into $root" >&2
    module=$(cd "$(mktemp -d)" && "$go" mod download -json "$version" | sed -nE 's/^\s*"Dir": "(.*)",?$/\1/p')
    mkdir -p "$root"
    install -m 644 "$module"/pkg/apis/crds/karpenter.sh_*.yaml "$module"/kwok/apis/crds/*.yaml "$root"
    echo "$version" > "$root/version"
  fi
  echo "$PWD/$root"
}

for peer in "$@"; do
  case $peer in
    prometheus) fetch_debian prometheus usr/bin/prometheus ;;
    etcd) fetch_debian etcd-server usr/bin/etcd ;;
    kube-apiserver | kube-controller-manager | kwok | karpenter) build_kubernetes "$peer" ;;
    kubectl) fetch_debian kubernetes-client usr/bin/kubectl ;;
    karpenter-crds) fetch_karpenter_crds ;;
    kafka) fetch_maven kafka org.apache.kafka:kafka_2.13:3.9.1 org.slf4j:slf4j-nop:1.7.36 ;;
    elasticmq) fetch_maven elasticmq org.elasticmq:elasticmq-server_2.13:1.6.11 ;;
    opensearch)
      fetch_maven opensearch org.opensearch:opensearch:2.19.6 org.opensearch.plugin:transport-netty4-client:2.19.6 \
        org.apache.logging.log4j:log4j-core:2.25.4
      ;;
    *) echo "peers.sh: no such peer: $peer (see the end of this file)" >&2; exit 2 ;;
  esac
done
