"""What looking ahead would have done to recorded loads: `backtest` of one plan without and with `proactive`, on the
last week of each trace, beside the usual policies.

A unit carries CAP, set so that 40 units at 60 % carry all but the highest 0.5 % of the week's load; per_unit is 0.6 CAP,
limit_per_unit 0.85 CAP. `--shift` multiplies the load from the middle of the test on, which nothing announces;
`--skip-days` leaves the newest days out, so that choices can be made on what precedes the test weeks; `--backwards` takes
the loads in reverse: other series of the same kind. `--year` measures how long the backtest of a year of minutes takes."""

import argparse
import csv
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile
import time

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


def read(trace, given):
    """Rows (time, load) as they are tested: without the newest days, backwards, and shifted."""
    with open(trace) as lines:
        rows = [(row[0], float(row[1])) for row in list(csv.reader(lines))[1:]]
    rows = rows[: len(rows) - given.skip_days * 1440]
    if given.backwards:
        rows = [(at, load) for (at, _), (_, load) in zip(rows, reversed(rows))]
    middle = len(rows) - given.test_days * 720
    return [(at, load * given.shift if i >= middle else load) for i, (at, load) in enumerate(rows)]


def figures(program, rows, lead, proactive, test_days):
    test = rows[-test_days * 1440 :]
    week = sorted(load for _, load in test)
    capacity = week[int(0.995 * (len(week) - 1))] / (40 * 0.6)
    with tempfile.TemporaryDirectory() as folder:
        plan = pathlib.Path(folder) / "plan.yaml"
        plan.write_text(
            DEFINITIONS.format(lead=lead, per_unit=0.6 * capacity, limit=0.85 * capacity, proactive=proactive)
        )
        trace = pathlib.Path(folder) / "load.csv"
        trace.write_text("timestamp,value\n" + "".join(f"{at},{load:.17g}\n" for at, load in rows))
        done = subprocess.run(
            [program, "backtest", "-f", plan, "--input", f"load={trace}", "--from", test[0][0], "--json"],
            capture_output=True,
            text=True,
        )
    if done.returncode != 0:
        sys.exit(f"{done.stdout}{done.stderr}")
    return json.loads(done.stdout)["figures"]


def show(name, rows):
    mean = {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}
    worst = max(row["slo_pct"] for row in rows)
    print(f"{name:44} minutes violated {mean['slo_pct']:6.3f} % (worst {worst:6.3f}) cost {mean['cost']:.3f} changes a day {mean['actions_day']:4.0f}")


def year(program, rows):
    days = len(rows) // 1440
    start = datetime.datetime(2025, 1, 1)
    stretched = [
        ((start + datetime.timedelta(minutes=i)).strftime("%Y-%m-%dT%H:%M:%SZ"), rows[i % (days * 1440)][1])
        for i in range((365 + 15) * 1440)
    ]
    begun = time.monotonic()
    figures(program, stretched, 5, "proactive: {}", 365)
    print(f"a year of minutes with decisions and all baselines: {time.monotonic() - begun:.1f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("traces", nargs="+")
    parser.add_argument("--lead", type=int, nargs="+", default=[5])
    parser.add_argument("--violation-cost", type=float, nargs="+", default=[14])
    parser.add_argument("--shift", type=float, default=1)
    parser.add_argument("--skip-days", type=int, default=0)
    parser.add_argument("--test-days", type=int, default=7)
    parser.add_argument("--backwards", action="store_true")
    parser.add_argument("--year", action="store_true")
    given = parser.parse_args()
    traces = [(pathlib.Path(trace).stem, read(trace, given)) for trace in given.traces]
    if given.year:
        return year(given.program, traces[0][1])
    for lead in given.lead:
        shift = f"; from the middle of the test the load is {given.shift:g} times as high" if given.shift != 1 else ""
        backwards = "; backwards" if given.backwards else ""
        print(f"new capacity serves after {lead} minutes{shift}{backwards}; mean of {len(traces)} traces")
        plain = [figures(given.program, rows, lead, "priority: 0", given.test_days) for _, rows in traces]
        for name in plain[0]:
            show("plan without proactive" if name == "plan" else name, [row[name] for row in plain])
        for floor in ("reactive", "none"):
            for cost in given.violation_cost:
                found = []
                for (name, rows), before in zip(traces, plain):
                    proactive = f"proactive: {{ floor: {floor}, violation_cost: {cost} }}"
                    one = figures(given.program, rows, lead, proactive, given.test_days)["plan"]
                    found.append(one)
                    reactive = before["reactive"]
                    print(f"  floor {floor}, violation_cost {cost:g}, {name}: minutes violated {one['slo_pct']:.3f} % cost {one['cost']:.3f} changes a day {one['actions_day']:.0f}; reactive minutes violated {reactive['slo_pct']:.3f} %, cost {one['cost'] / reactive['cost']:.3f} times its")
                show(f"plan, floor {floor}, violation_cost {cost:g}", found)


if __name__ == "__main__":
    main()
