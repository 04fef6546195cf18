"""What looking ahead would have done to recorded loads: `backtest` of one plan without and with `proactive`, on the
last week of each trace, beside the usual policies. Usage: policy.py PROGRAM TRACE.csv... [--lead MINUTES...]
[--violation-cost N...]

A unit carries CAP, set so that 40 units at 60 % carry all but the highest 0.5 % of the week's load; per_unit is 0.6 CAP,
limit_per_unit 0.85 CAP."""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

DEFINITIONS = """
kind: Metric
id: load
metric_kind: push
---
kind: ScalingComponent
id: web
component_kind: logger
limits: {{ min: 1, max: 100000 }}
ready_after: {lead}m
---
kind: ScalingPlan
id: follow
plans:
  - id: track
    target: {{ metric: load, per_unit: {per_unit}, limit_per_unit: {limit} }}
    {proactive}
    scaling_components: [{{ component_id: web }}]
"""


def capacity_of(trace):
    with open(trace) as lines:
        loads = [float(row[1]) for row in list(csv.reader(lines))[1:]]
    week = sorted(loads[-7 * 1440 :])
    return week[int(0.995 * (len(week) - 1))] / (40 * 0.6)


def figures(program, trace, lead, proactive):
    capacity = capacity_of(trace)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "plan.yaml"
        file.write_text(
            DEFINITIONS.format(lead=lead, per_unit=0.6 * capacity, limit=0.85 * capacity, proactive=proactive)
        )
        done = subprocess.run(
            [program, "backtest", "-f", file, "--input", f"load={trace}", "--json"], capture_output=True, text=True
        )
    if done.returncode != 0:
        sys.exit(f"{trace}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)["figures"]


def show(name, rows):
    mean = {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}
    worst = max(row["slo_pct"] for row in rows)
    print(f"{name:44} slo {mean['slo_pct']:6.3f} % (worst {worst:6.3f}) cost {mean['cost']:.3f} changes a day {mean['actions_day']:4.0f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("traces", nargs="+")
    parser.add_argument("--lead", type=int, nargs="+", default=[5])
    parser.add_argument("--violation-cost", type=float, nargs="+", default=[14])
    given = parser.parse_args()
    for lead in given.lead:
        print(f"new capacity serves after {lead} minutes; mean of {len(given.traces)} traces")
        plain = [figures(given.program, trace, lead, "priority: 0") for trace in given.traces]
        for name in plain[0]:
            show("plan without proactive" if name == "plan" else name, [row[name] for row in plain])
        for floor in ("reactive", "none"):
            for cost in given.violation_cost:
                rows = []
                for trace in given.traces:
                    proactive = f"proactive: {{ floor: {floor}, violation_cost: {cost} }}"
                    rows.append(figures(given.program, trace, lead, proactive)["plan"])
                    one = rows[-1]
                    print(f"  floor {floor}, violation_cost {cost:g}, {pathlib.Path(trace).stem}: slo {one['slo_pct']:.3f} % cost {one['cost']:.3f} changes a day {one['actions_day']:.0f}")
                show(f"plan, floor {floor}, violation_cost {cost:g}", rows)


if __name__ == "__main__":
    main()
