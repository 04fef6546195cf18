# What a developer or CI runs; each target installs what it needs and says so. `make help` lists them.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
.DEFAULT_GOAL := help

DEMO ?= --seconds 180
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 300
.PHONY: bench-policy help build test check heavy conformance kinds bench bench-forecast demo lint format asan tsan fuzz install package clean dev
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

build: ## the release program at build/release/wave-autoscale
	@scripts/deps.sh build
	@cmake --preset release > /dev/null
	@cmake --build build/release -j$(JOBS)

demo: build ## the whole thing on this machine, no cloud account; DEMO="--seconds 60" for a shorter day
	@build/release/wave-autoscale demo --prometheus "$$(scripts/peers.sh prometheus)" $(DEMO)

dev:
	@scripts/deps.sh build test
	@cmake --preset dev > /dev/null
	@cmake --build build/dev -j$(JOBS)

test: dev ## unit, scenario and contract tests, and the integration tests whose servers install in a minute
	@cd build/dev && ctest --output-on-failure -j$(JOBS)
	@scripts/venv.sh > /dev/null
	@.peers/venv/bin/pytest -q -n $(JOBS) --dist loadfile tests/integration -m "not heavy"

check: build lint heavy asan tsan fuzz kinds ## everything else: the release build, lint, heavy peers, sanitizers, five minutes of fuzzing

kinds: dev ## one line for each component kind: tests against real servers and scripted ones (those that ran here), contract cases
	@python3 scripts/kinds.py build/dev/wave-autoscale build/dev/tests/contract/contract build/kinds-tested.json

heavy: dev ## the integration tests against servers that take minutes to get (Kubernetes is built once)
	@scripts/venv.sh > /dev/null
	@scripts/peers.sh etcd kube-apiserver kwok kubectl > /dev/null
	@.peers/venv/bin/pytest -q -n $(JOBS) --dist loadfile tests/integration -m heavy

conformance: dev ## the vendors' published suites, from FIXTURES=DIR
	@test -n "$(FIXTURES)" || { echo "usage: make conformance FIXTURES=DIR"; exit 2; }
	@build/dev/tests/conformance/conformance "$(FIXTURES)"

bench: ## the project's numbers, with medians and ratios; nothing is asserted
	@scripts/deps.sh build test bench
	@cmake --preset bench > /dev/null && cmake --build build/bench -j$(JOBS)
	@python3 bench/bench.py

bench-forecast: ## accuracy and time of the forecasts, from M4=DIR (train.csv, test.csv) and TRACES=DIR
	@test -n "$(M4)" -a -n "$(TRACES)" || { echo "usage: make bench-forecast M4=DIR TRACES=DIR"; exit 2; }
	@scripts/deps.sh build
	@cmake --preset bench > /dev/null && cmake --build build/bench -j$(JOBS) --target forecast_bench
	@build/bench/bench/forecast_bench "$(M4)" "$(TRACES)" build/bench/forecast-series.csv

bench-policy: build ## what looking ahead does to recorded loads, from TRACES="FILE.csv ..."; POLICY="--lead 2 5 10" for more
	@test -n "$(TRACES)" || { echo 'usage: make bench-policy TRACES="FILE.csv ..."'; exit 2; }
	@python3 bench/policy/policy.py build/release/wave-autoscale $(TRACES) $(POLICY)

asan: ## the tests under AddressSanitizer and UBSan
	@scripts/deps.sh build test lint
	@cmake --preset asan > /dev/null && cmake --build build/asan -j$(JOBS)
	@cd build/asan && ctest --output-on-failure -j$(JOBS)

tsan: ## the tests under ThreadSanitizer
	@scripts/deps.sh build test lint
	@cmake --preset tsan > /dev/null && cmake --build build/tsan -j$(JOBS)
	@cd build/tsan && ctest --output-on-failure -j$(JOBS)

fuzz: ## every parser of hostile input, five minutes in all; FUZZ_SECONDS=N for another time
	@scripts/deps.sh build test lint
	@cmake --preset asan > /dev/null && cmake --build build/asan -j$(JOBS) --target fuzzers
	@scripts/fuzz.sh $(FUZZ_SECONDS)

lint: ## clang-format and clang-tidy
	@scripts/deps.sh build test lint
	@scripts/lint.sh

format: ## rewrites the sources as clang-format wants them
	@scripts/deps.sh lint
	@git ls-files '*.cpp' '*.h' | xargs clang-format-19 -i

install: build ## installs the program and its unit below PREFIX (/usr/local), with DESTDIR
	@cmake --preset release -DCMAKE_INSTALL_PREFIX="$(PREFIX)" > /dev/null
	@cmake --install build/release > /dev/null
	@echo "installed below $(DESTDIR)$(PREFIX)"

package: ## build/release/*.deb
	@scripts/deps.sh build package
	@cmake --preset release -DCMAKE_INSTALL_PREFIX=/usr > /dev/null
	@cmake --build build/release -j$(JOBS)
	@cd build/release && cpack > /dev/null && ls *.deb

clean: ## removes what the build made
	rm -rf build
