"""Accuracy and time of our forecasts beside those of statsforecast, on M4 hourly, in one run on one core.

    scripts/venv.sh statsforecast && make build
    .peers/venv-statsforecast/bin/python bench/forecast/compare.py M4_FOLDER [--series N]

M4_FOLDER holds train.csv and test.csv in the competition's wide format (H1, H2, ...). Every model gets the same series, spread
evenly over the file, a season of 24 (24 and 168 for MSTL; ours finds its own) and a horizon of 48, and is asked for 95 %
intervals. Times are CPU time of fit and forecast of one series by the model's own call, after a first call that compiles. Ours
are what the program tells of itself, which is wall time: run it on a quiet machine. "s in all" of ours is the CPU time of its
whole process, start and files included. AutoARIMA takes half a minute a series and more, hence the small default; the other
models go through all 207 in a few minutes (`--series 0 --models AutoTheta ...`).

MASE and sMAPE (0 to 200) are of the point forecast, MSIS of the interval, all as in the M4 competition's guide.
"""

import argparse
import csv
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

# Before numpy: threads of its own would take other cores' time into the comparison.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402
from statsforecast.models import MSTL, AutoARIMA, AutoETS, AutoTheta, SeasonalNaive  # noqa: E402

SEASON, HORIZON, ALPHA = 24, 48, 0.05
MODELS = {
    "SeasonalNaive": lambda: SeasonalNaive(season_length=SEASON),
    "MSTL": lambda: MSTL(season_length=[24, 168]),
    "AutoTheta": lambda: AutoTheta(season_length=SEASON),
    "AutoETS": lambda: AutoETS(season_length=SEASON),
    "AutoARIMA": lambda: AutoARIMA(season_length=SEASON),
}


def read_wide(path):
    with open(path, newline="") as lines:
        return {row[0]: np.array([float(x) for x in row[1:] if x not in ("", "NA")]) for row in list(csv.reader(lines))[1:]}


def measures(past, truth, point, low, high):
    scale = np.mean(np.abs(past[SEASON:] - past[:-SEASON]))
    error = np.abs(truth - point)
    outside = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    return {
        "mase": np.mean(error) / scale,
        "smape": np.mean(200 * error / (np.abs(truth) + np.abs(point))),
        "msis": np.mean(high - low + 2 / ALPHA * outside) / scale,
        "covered": 100 * np.mean(outside == 0),
    }


def ours(program, train):
    """One process for all series, as a user would run it."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "series.csv"
        with open(path, "w", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(["series", "timestamp", "value"])
            for name, past in train.items():
                rows.writerows([name, i + 1, value] for i, value in enumerate(past))
        command = [program, "forecast", "--input", path, "--step", "1h", "--horizon", str(HORIZON)]
        command += ["--quantiles", "0.025,0.975", "--json"]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        of_children = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = {}
    for one in told["series"]:
        points = one["points"]
        of = lambda key: np.array([point["quantiles"][key] for point in points])  # noqa: E731
        out[one["id"]] = (one["ms"], np.array([p["mean"] for p in points]), of("0.025"), of("0.975"))
    return out, of_children.ru_utime + of_children.ru_stime


def theirs(make, past):
    begun = time.process_time()
    told = make().forecast(y=past, h=HORIZON, level=[95])
    took = 1000 * (time.process_time() - begun)
    return took, told["mean"], told["lo-95"], told["hi-95"]


def print_row(name, all_measures, times, whole=None):
    mean = {key: np.mean([one[key] for one in all_measures]) for key in all_measures[0]}
    median = statistics.median(one["mase"] for one in all_measures)
    print(
        f"{name:15}{mean['mase']:8.3f}{median:10.3f}{mean['smape']:9.3f}{mean['msis']:9.2f}{mean['covered']:9.1f}"
        f"{statistics.median(times):12.1f}{max(times):12.1f}{whole or sum(times) / 1000:10.2f}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, metavar="M4_FOLDER")
    parser.add_argument("--program", default="build/release/wave-autoscale")
    parser.add_argument("--series", type=int, default=8, help="how many, 0 for all; default %(default)s")
    parser.add_argument("--models", nargs="*", choices=MODELS, default=list(MODELS), metavar="MODEL", help=", ".join(MODELS))
    core = max(os.sched_getaffinity(0))
    parser.add_argument("--core", type=int, default=core, help="all runs on this one; default %(default)s")
    arguments = parser.parse_args()
    if not pathlib.Path(arguments.program).exists():
        sys.exit(f"{arguments.program} is not there: run `make build`, or name it with --program")
    missing = [name for name in ("train.csv", "test.csv") if not (arguments.folder / name).exists()]
    if missing:
        sys.exit(f"{arguments.folder} has no {' and no '.join(missing)}")
    # Children inherit it.
    os.sched_setaffinity(0, {arguments.core})
    train, test = read_wide(arguments.folder / "train.csv"), read_wide(arguments.folder / "test.csv")
    names = list(train)
    if 0 < arguments.series < len(names):
        names = [names[i * len(names) // arguments.series] for i in range(arguments.series)]
    train = {name: train[name] for name in names}
    print(f"M4 hourly, {len(names)} series of {arguments.folder.name}, horizon {HORIZON}, core {arguments.core}")
    print(f"{'':15}{'MASE':>8}{'median':>10}{'sMAPE':>9}{'MSIS':>9}{'in 95 %':>9}", end="")
    print(f"{'ms median':>12}{'ms worst':>12}{'s in all':>10}")
    told, whole = ours(arguments.program, train)
    judged = [measures(train[name], test[name], *told[name][1:]) for name in names]
    print_row("wave-autoscale", judged, [told[name][0] for name in names], whole)
    for model in arguments.models:
        theirs(MODELS[model], train[names[0]][-4 * SEASON :])
        answers = [theirs(MODELS[model], train[name]) for name in names]
        judged = [measures(train[name], test[name], *answer[1:]) for name, answer in zip(names, answers)]
        print_row(model, judged, [answer[0] for answer in answers])


if __name__ == "__main__":
    main()
