"""The pages in docs/reference are what the program writes."""

import filecmp
import re
import subprocess

from conftest import ROOT
from held_to import TABLE, rows_of


def test_docs_reference_is_up_to_date(wave):
    wave.command("reference", "reference", check=0)
    made = sorted(path.relative_to(wave.folder / "reference") for path in (wave.folder / "reference").rglob("*.md"))
    kept = sorted(path.relative_to(ROOT / "docs/reference") for path in (ROOT / "docs/reference").rglob("*.md"))
    kept.remove(TABLE.relative_to(ROOT / "docs/reference"))
    assert made == kept
    for page in made:
        assert filecmp.cmp(wave.folder / "reference" / page, ROOT / "docs/reference" / page, shallow=False), page


def test_every_polled_kind_was_held_to_something(wave):
    polled = {one["kind"] for one in wave.json("kinds") if one["document"] == "Metric"} - {"push", "generator"}
    assert {kind for kind, _ in rows_of(TABLE.read_text())} == polled


def test_every_example_is_accepted(wave):
    examples = sorted((ROOT / "examples").rglob("*.yaml"))
    assert examples
    for example in examples:
        wave.command("check", "-f", str(example), check=0)


def test_every_kind_gives_a_starting_set_that_is_accepted(wave):
    kinds = wave.json("kinds")
    metrics = [one["kind"] for one in kinds if one["document"] == "Metric"]
    components = [one["kind"] for one in kinds if one["document"] == "ScalingComponent"]
    for i in range(max(len(metrics), len(components))):
        metric, component = metrics[i % len(metrics)], components[i % len(components)]
        wave.command("init", "--force", "--metric", metric, "--component", component, check=0)
        checked = wave.command("check")
        assert checked.returncode == 0, (metric, component, checked.stderr)


def test_help_and_usage_errors(wave):
    for command in ("run", "check", "poll", "observe", "plan", "status", "pause", "resume", "scale", "decisions"):
        helped = wave.command(command, "--help", check=0)
        assert "Examples:" in helped.stdout
    assert wave.command("frobnicate").returncode == 2
    assert wave.command("scale", "x", "desired=many").returncode == 2
    error = wave.json("check", check=1)
    assert error["error"]["code"] == "not_found" and "init" in error["error"]["hint"]


def test_completion_offers_what_help_tells(wave):
    """bash is asked itself; the scripts of the other shells name each option beside its command."""
    script = wave.folder / "completion.bash"
    script.write_text(wave.command("completion", "bash", check=0).stdout)

    def complete(*words):
        line = " ".join(f"'{word}'" for word in ("wave-autoscale", *words))
        asked = f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; _wave_autoscale; "
        asked += 'printf "%s\\n" "${COMPREPLY[@]}"'
        return set(subprocess.run(["bash", "-c", asked], check=True, capture_output=True, text=True).stdout.split())

    zsh = wave.command("completion", "zsh", check=0).stdout
    fish = wave.command("completion", "fish", check=0).stdout
    commands = complete("")
    assert {"run", "backtest", "help"} <= commands
    for command in commands - {"help"}:
        told = set(re.findall(r"(?m)^\s+(?:-\w,\s?)?(--[\w-]+)", wave.command(command, "--help", check=0).stdout))
        assert {"--json", "--definitions", "--help"} <= told, command
        assert {one for one in complete(command, "-") if one.startswith("--")} == told, command
        of_zsh = zsh[zsh.index(f"    {command}) options=(") :]
        of_zsh = of_zsh[: of_zsh.index("    ) ;;")]
        assert set(re.findall(r"(?m)^      '(--[\w-]+):", of_zsh)) == told, command
        of_fish = [line for line in fish.splitlines() if f"'__fish_seen_subcommand_from {command}'" in line]
        assert {"--" + one for line in of_fish for one in re.findall(r" -l ([\w-]+)", line)} == told, command
    assert "--suggest" in complete("backtest", "--s") and "--suggest" not in complete("run", "--")
