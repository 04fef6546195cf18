#!/usr/bin/env bash
# Installs what one step needs from Debian, saying so; quick when it is all there. Usage: scripts/deps.sh GROUP...
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A groups=(
  [build]="g++ cmake ninja-build ccache mold pkg-config libasio-dev libcurl4-openssl-dev libmicrohttpd-dev libmozjs-102-dev
           nlohmann-json3-dev libsimdjson-dev libpugixml-dev libyaml-cpp-dev libsqlite3-dev libhowardhinnant-date-dev libssl-dev libspdlog-dev
           librdkafka-dev libsnappy-dev zlib1g-dev libfmt-dev libcli11-dev libgoogle-perftools-dev tzdata ca-certificates"
  [test]="libgtest-dev libgmock-dev librapidcheck-dev locales python3 python3-venv curl sqlite3 openssl procps
          systemd iproute2"
  [jvm]="default-jdk-headless maven"
  [browser]="chromium"
  [bench]="libbenchmark-dev"
  [lint]="clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev"
  [package]="dpkg-dev"
)

missing=()
for group in "$@"; do
  for package in ${groups[$group]}; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
done
[ ${#missing[@]} -eq 0 ] && exit 0

mkdir -p .peers
exec 8> .peers/apt.lock && flock 8  # tests run side by side
echo "==> installing from Debian: ${missing[*]}"
sudo=""
[ "$(id -u)" -eq 0 ] || sudo=sudo
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
$sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
