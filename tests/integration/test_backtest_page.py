"""The page of a backtest, as a browser shows it."""

import datetime
import html.parser
import re
import subprocess

import pytest

from conftest import ROOT
from test_backtest_by_hand import BEGIN, DAYS, DEFINITIONS, trace, write_trace


class Cells(html.parser.HTMLParser):
    """The cells with a figure, by name, and the rows of the list of changes."""

    def __init__(self):
        super().__init__()
        self.figures, self.name, self.table, self.changes = {}, None, None, 0
        self.events, self.in_event = [], False

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "table":
            self.table = attributes.get("id")
        self.name = attributes.get("data-figure") if tag == "td" else None
        if tag == "tr" and self.table == "changes":
            self.changes += 1
        if self.table == "events" and tag == "tr":
            self.events.append([])
        self.in_event = self.table == "events" and tag == "td"

    def handle_endtag(self, tag):
        self.name, self.in_event = None, False
        if tag == "table":
            self.events = [row for row in self.events if row]  # the head has no cells

    def handle_data(self, data):
        if self.in_event:
            self.events[-1].append(data)
        if self.name:
            self.figures[self.name] = data


@pytest.fixture(scope="session")
def chromium():
    subprocess.run([ROOT / "scripts/deps.sh", "browser"], check=True)
    return "chromium"


def opened(chromium, page, folder):
    done = subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={folder}",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    cells = Cells()
    cells.feed(done.stdout)
    return done.stdout, cells


@pytest.mark.heavy
def test_the_page_shows_the_figures_that_json_gives(wave, chromium, tmp_path):
    write_trace(wave.folder / "load.csv", trace())
    spike = BEGIN + datetime.timedelta(days=DAYS - 1, minutes=700)
    event = f"kind: Event\nid: match\nmetrics: [load]\nstart: {spike.isoformat()}\nduration: 30m\nfactor: 1.5\n"
    wave.write(DEFINITIONS + "---\n" + event)
    begin = (BEGIN + datetime.timedelta(days=DAYS - 1)).isoformat()
    told = wave.json("backtest", "--input", "load=load.csv", "--from", begin, "--html", "page.html")
    dom, cells = opened(chromium, wave.folder / "page.html", tmp_path / "browser")
    expected = {f"{policy}.{name}": value for policy, all in told["figures"].items() for name, value in all.items()}
    assert len(expected) == 64 and cells.figures.keys() == expected.keys()
    for name, value in expected.items():
        digits = len(cells.figures[name].partition(".")[2])
        assert abs(float(cells.figures[name]) - value) <= 0.5001 * 10**-digits, name
    assert cells.changes > 10
    (marked,) = cells.events
    assert marked[:3] == ["match", f"{spike:%Y-%m-%d} 11:40", f"{spike:%Y-%m-%d} 12:10"]
    times, words = marked[3].split(" ", 1)
    assert 1.9 < float(times) < 2.1 and words == "times the usual load"
    assert "known event" in dom
    assert '<h1 id="title">Backtest of web under load</h1>' in dom


def test_a_page_loads_nothing_and_a_year_of_it_can_be_sent(wave):
    wave.write(DEFINITIONS.replace("    proactive: { violation_cost: 14 }\n", ""))
    days = trace()
    rows = [(at + datetime.timedelta(days=DAYS * turn), value) for turn in range(92) for at, value in days]
    write_trace(wave.folder / "load.csv", rows)
    begin = "2026-09-02T00:00:00Z"
    wave.command("backtest", "--input", "load=load.csv", "--from", begin, "--html", "page.html", check=0)
    page = (wave.folder / "page.html").read_bytes()
    assert 300_000 < len(page) < 3_000_000
    assert not re.search(rb"https?://|\bsrc=|\bhref=|@import|url\(", page)


def test_a_page_that_cannot_be_written_is_an_error(wave):
    wave.write(DEFINITIONS)
    write_trace(wave.folder / "load.csv", trace()[:3000])
    error = wave.json("backtest", "--input", "load=load.csv", "--html", "none/page.html", check=1)
    assert error["error"]["message"] == "none/page.html cannot be written"
