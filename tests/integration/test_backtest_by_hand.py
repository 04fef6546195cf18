"""The figures of a backtest, computed again from what it says it did and from the recording itself."""

import csv
import datetime
import math
import random

UTC = datetime.timezone.utc
BEGIN = datetime.datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 4
CAPACITY = 16
UTILISATION = 0.6
READY_AFTER = 5
SCALE_IN_WINDOW = 5

DEFINITIONS = """
kind: Metric
id: load
metric_kind: push
---
kind: ScalingComponent
id: web
component_kind: logger
limits: { min: 1, max: 1000 }
ready_after: 5m
---
kind: ScalingPlan
id: follow
plans:
  - id: track
    target: { metric: load, per_unit: 10 }
    proactive: { violation_cost: 14 }
    scaling_components: [{ component_id: web }]
"""


def trace():
    """A load with the shape of a day, noise, a spike on the last day, and a hole of ten minutes."""
    chance = random.Random(4)
    rows = []
    for minute in range(DAYS * 1440):
        of_day = minute % 1440
        load = 300 - 200 * math.cos(2 * math.pi * of_day / 1440) + chance.gauss(0, 12)
        if minute // 1440 == DAYS - 1:
            if 700 <= of_day < 730:
                load *= 2
            if 1000 <= of_day < 1010:
                continue
        rows.append((BEGIN + datetime.timedelta(minutes=minute), round(max(load, 0), 2)))
    return rows


def write_trace(path, rows):
    with open(path, "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["timestamp", "value"])
        for at, value in rows:
            writer.writerow([at.strftime("%Y-%m-%dT%H:%M:%SZ"), value])


def need(load):
    return 1 if load is None else max(1, math.ceil(load / (UTILISATION * CAPACITY)))


def oracle(loads):
    """Orders the most that is needed until its order serves; gives back what the last five minutes did not need."""
    ordered, wishes, current = [], [], need(loads[0])
    for minute in range(len(loads)):
        until = min(minute + READY_AFTER, len(loads) - 1)
        wishes.append(max(need(load) for load in loads[minute : until + 1]))
        current = max(min(current, max(wishes[-SCALE_IN_WINDOW:])), wishes[-1])
        ordered.append(current)
    return ordered


def figures_by_hand(path, series):
    with open(path, newline="") as text:
        recorded = {row["timestamp"]: float(row["value"]) for row in csv.DictReader(text)}
    loads = [recorded.get(one["at"]) for one in series]
    pairs = [(load, one) for load, one in zip(loads, series) if load is not None]
    violated = sum(load > 0.85 * CAPACITY * one["ready"] for load, one in pairs)
    ordered = [one["desired"] for one in series]
    return {
        "slo_pct": 100 * violated / len(pairs),
        "cost": sum(ordered) / sum(oracle(loads)),
        "unserved_pct": 100
        * sum(max(0, load - CAPACITY * one["ready"]) for load, one in pairs)
        / sum(load for load, _ in pairs),
        "actions_day": sum(a != b for a, b in zip(ordered, ordered[1:])) / (len(series) / 1440),
    }


def ready_by_hand(desired):
    """What is added serves five minutes later; what is taken away is the newest, and gone at once."""
    coming, ready, total = [], [], desired[0]
    for minute, now in enumerate(desired):
        coming = [(at, units) for at, units in coming if at > minute]
        if now > total:
            coming.append((minute + READY_AFTER, now - total))
        less = total - now
        while less > 0 and coming:
            at, units = coming.pop()
            if units > less:
                coming.append((at, units - less))
            less -= min(units, less)
        total = now
        ready.append(total - sum(units for _, units in coming))
    return ready


def test_the_figures_of_a_day_are_what_another_hand_computes(wave):
    wave.write(DEFINITIONS)
    path = wave.folder / "load.csv"
    write_trace(path, trace())
    begin = BEGIN + datetime.timedelta(days=DAYS - 1)
    told = wave.json(
        "backtest", "--input", "load=load.csv", "--from", begin.isoformat(), "--capacity", str(CAPACITY), "--series"
    )
    series = told["series"]
    assert len(series) == 1440
    assert series[0]["at"] == begin.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert [one["load"] for one in series].count(None) == 10
    assert [one["ready"] for one in series] == ready_by_hand([one["desired"] for one in series])
    plan = told["figures"]["plan"]
    by_hand = figures_by_hand(path, series)
    # The spike cannot be known before, so that there is something to count.
    assert by_hand["slo_pct"] > 0.2 and by_hand["cost"] > 0.8
    for name, value in by_hand.items():
        assert math.isclose(plan[name], value, rel_tol=1e-9, abs_tol=1e-12), (name, plan[name], value)
    assert told["figures"]["oracle"]["cost"] == 1
