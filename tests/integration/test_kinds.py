"""`make kinds`: a scripted server is not counted as a real one."""

import collections
import json
import subprocess
import sys
import types

import pytest

import conftest


@pytest.mark.parametrize(
    "kind, fixtures, scripted, counted",
    [
        ("amazon-msk", ["wave"], True, "scripted"),
        ("amazon-msk", ["wave", "moto"], True, "scripted"),
        ("amazon-ecs", ["wave", "aws", "moto"], False, "real"),
        ("aws-lambda", ["wave"], False, None),
        ("kubernetes-scale", ["wave", "kube"], False, "real"),
        ("kubernetes-scale", ["wave"], False, None),
        ("local-process", ["wave"], False, "real"),
    ],
)
def test_a_test_counts_as_what_stands_behind_it(monkeypatch, kind, fixtures, scripted, counted):
    passed = {"real": collections.defaultdict(set), "scripted": collections.defaultdict(set)}
    test = types.SimpleNamespace(
        nodeid="a test", fixturenames=fixtures, get_closest_marker=lambda name: scripted and name == "scripted"
    )
    monkeypatch.setattr(conftest, "passed_with", passed)
    monkeypatch.setattr(conftest, "running", test)
    conftest.count_kind(kind)
    assert [how for how, kinds in passed.items() if kinds] == ([counted] if counted else [])


def test_each_has_a_column_of_its_own(tmp_path):
    program, contract, counts = tmp_path / "program", tmp_path / "contract", tmp_path / "counts.json"
    kinds = [{"kind": one, "document": "ScalingComponent"} for one in ("amazon-msk", "amazon-ecs")]
    cases = {"testsuites": [{"testsuite": [{"kind": "amazon-msk"}, {"kind": "amazon-msk", "failures": [{}]}, {}]}]}
    program.write_text(f"#!/bin/sh\necho '{json.dumps(kinds)}'\n")
    contract.write_text(f"#!/bin/sh\necho '{json.dumps(cases)}' > \"${{1#--gtest_output=json:}}\"\n")
    for one in (program, contract):
        one.chmod(0o755)
    counts.write_text(json.dumps({"real": {"amazon-ecs": ["a", "b"]}, "scripted": {"amazon-msk": ["a", "b", "c"]}}))
    shown = subprocess.run(
        [sys.executable, conftest.ROOT / "scripts/kinds.py", program, contract, counts], capture_output=True, text=True, check=True
    )
    assert [line.split() for line in shown.stdout.splitlines()[1:]] == [["amazon-msk", "-", "3", "1"], ["amazon-ecs", "2", "-", "-"]]
