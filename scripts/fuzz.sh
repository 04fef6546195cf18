#!/usr/bin/env bash
# Runs every fuzz target, on all cores, so that the CPU time of all together is SECONDS (300). New inputs that
# reach new code are kept in build/asan/corpus; an input that fails is left in build/asan and named.
# Usage: scripts/fuzz.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/../build/asan"
targets=(tests/fuzz/fuzz_*)
each=$(( ${1:-300} / ${#targets[@]} ))
# Inputs to start from: what users write and what the sources' documentation shows.
mkdir -p corpus/{definitions,answers,components,received,text,access}
cp ../../examples/*.yaml corpus/definitions/ 2>/dev/null || true
cp -r ../../tests/fuzz/seeds/. corpus/
WAVE_SEEDS=corpus/components tests/fuzz/fuzz_components -runs=0 > /dev/null 2>&1
run() {
  local name=${1##*fuzz_}
  if "$1" "corpus/$name" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
      -artifact_prefix="$name-" > "$name.log" 2>&1; then
    echo "fuzz: $name: $(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$name.log") inputs in $2 s, nothing found"
  else
    tail -40 "$name.log"
    echo "fuzz: $name: FAILED"
    exit 1
  fi
}
export -f run
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'run "$1" "$2"' _ {} "$each"
