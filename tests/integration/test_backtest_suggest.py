"""Settings that a backtest suggests, on the recorded load that comes with the project."""

import csv

from conftest import ROOT

RECORDING = ROOT / "examples/recordings/worldcup98.csv"
DEFINITIONS = (ROOT / "examples/recordings/worldcup98.yaml").read_text()


def write(wave, text, days):
    """The definitions, and the recording's last days."""
    wave.write(text)
    with open(RECORDING, newline="") as lines:
        head, *rows = csv.reader(lines)
    with open(wave.folder / "load.csv", "w", newline="") as out:
        csv.writer(out).writerows([head] + rows[-288 * days :])


def test_the_suggested_keys_do_on_the_days_of_the_test_what_was_said_of_them(wave):
    write(wave, DEFINITIONS, days=6)
    test = ["backtest", "--input", "requests=load.csv", "--from", "1998-06-21T00:00:00Z"]
    told = wave.json(*test, "--suggest", "--html", "page.html")
    made = told["suggestions"]
    # The user's own are of the grid.
    assert made["tried"] == 27 and made["less_than_two_weeks"]
    assert made["chosen_on"] == {"from": "1998-06-18T18:00:00Z", "to": "1998-06-21T00:00:00Z"}
    assert made["confirmed_on"] == {"from": "1998-06-21T00:00:00Z", "to": "1998-06-24T00:00:00Z"}
    (yours,) = [one for one in made["frontier"] if one["yours"]]
    (suggested,) = [one for one in made["frontier"] if one["suggested"]]
    assert suggested["chosen_on"]["slo_pct"] <= yours["chosen_on"]["slo_pct"]
    assert suggested["chosen_on"]["cost"] <= yours["chosen_on"]["cost"]
    assert yours["confirmed_on"] == told["figures"]["plan"]
    costs = [one["chosen_on"]["cost"] for one in made["frontier"]]
    assert len(costs) >= 2 and costs == sorted(costs)
    assert '"suggestions":' in (wave.folder / "page.html").read_text()

    other = next(one for one in made["frontier"] if not one["yours"])
    target, ahead = other["set"]["target"], other["set"]["proactive"]
    window = other["set"]["behavior"]["scale_down"]["stabilization_window"]
    text = DEFINITIONS.replace("per_unit: 50", "per_unit: {per_unit}, limit_per_unit: {limit_per_unit}".format(**target))
    text = text.replace("violation_cost: 14", f"violation_cost: {ahead['violation_cost']}")
    text = text.replace("ready_after: 5m", f"ready_after: 5m\nbehavior: {{ scale_down: {{ stabilization_window: {window} }} }}")
    wave.write(text)
    # What a unit can carry is a fact, whatever it is meant to carry.
    assert wave.json(*test, "--capacity", str(50 / 0.6))["figures"]["plan"] == other["confirmed_on"]


def test_a_person_is_told_both_figures_and_the_keys(wave):
    write(wave, DEFINITIONS.replace("    proactive: { violation_cost: 14 }\n", ""), days=4)
    told = wave.command("backtest", "--input", "requests=load.csv", "--suggest", check=0).stdout
    assert "28 settings of plan follow, item track" in told
    assert "capacity that is no longer needed is released after" in told
    assert "TEST MINUTES VIOLATED %" in told and "yours" in told and "not proactive, stabilization_window: 5m" in told
    assert "less than two weeks" in told


def test_what_nothing_can_be_suggested_for_is_one_clear_message(wave):
    write(wave, DEFINITIONS, days=2)
    error = wave.json("backtest", "--input", "requests=load.csv", "--suggest", check=1)["error"]
    assert error["code"] == "invalid_argument"
    assert "settings are chosen on what comes before the test, and that is only 1d" in error["message"]
    assert "longer recording" in error["hint"]
    text = DEFINITIONS.replace("per_unit: 50", "average: 50").replace("    proactive: { violation_cost: 14 }\n", "")
    write(wave, text, days=4)
    error = wave.json("backtest", "--input", "requests=load.csv", "--suggest", check=1)["error"]
    assert "no plan item follows 'requests' for 'web'" in error["message"]
