#!/usr/bin/env bash
# clang-format on every source, clang-tidy on every source of the product; exits 1 on the first kind of finding.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files '*.cpp' '*.h' | xargs clang-format-19 --dry-run --Werror
echo "clang-format: clean"
# libstdc++ 12 calls what it marks deprecated itself: the preset leaves that warning out.
cmake --preset tidy > /dev/null
# Generated headers, if any, must exist; nothing else needs building. A piece of many sources takes hardly longer than
# one of them; it includes .cpp files, which is its purpose.
sed -n 's|^ *"file": "\(.*\)",*$|\1|p' build/tidy/compile_commands.json | grep -E "^$PWD/(build/tidy/)?src/" | grep -v '/src/base/asio.cpp$' | sort |
  xargs -P "$(nproc)" -n 1 clang-tidy-19 -p build/tidy --quiet --checks=-bugprone-suspicious-include 2> build/tidy/stderr.txt
echo "clang-tidy: clean"
