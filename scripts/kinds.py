#!/usr/bin/env python3
"""One line for each component kind: how many tests passed against a real server, with the whole program against a scripted
one, and how many contract cases.

Usage: kinds.py PROGRAM CONTRACT_TESTS INTEGRATION_COUNTS
The contract tests are run; the counts are what the integration tests wrote (tests/integration/conftest.py).
"""

import collections
import json
import pathlib
import subprocess
import sys
import tempfile

program, contract, counts = sys.argv[1:]
kinds = [
    one["kind"]
    for one in json.loads(subprocess.run([program, "kinds", "--json"], capture_output=True, check=True).stdout)
    if one["document"] == "ScalingComponent"
]

cases = collections.Counter()
with tempfile.TemporaryDirectory() as folder:
    report = pathlib.Path(folder) / "report.json"
    subprocess.run([contract, f"--gtest_output=json:{report}"], capture_output=True, check=True)
    for suite in json.loads(report.read_text())["testsuites"]:
        cases.update(test["kind"] for test in suite["testsuite"] if "kind" in test and "failures" not in test)

tests = json.loads(pathlib.Path(counts).read_text()) if pathlib.Path(counts).exists() else {}
columns = {
    "INTEGRATION": {kind: len(names) for kind, names in tests.get("real", {}).items()},
    "SCRIPTED": {kind: len(names) for kind, names in tests.get("scripted", {}).items()},
    "CONTRACT": cases,
}

width = max(map(len, kinds))
print(f"{'COMPONENT KIND':{width}}", *columns, sep="  ")
for kind in kinds:
    print(f"{kind:{width}}", *(f"{counted.get(kind) or '-':>{len(name)}}" for name, counted in columns.items()), sep="  ")
