"""What each metric kind was held to: the table docs/reference/metrics/README.md, made by a run of the tests.

A test says it with `@pytest.mark.held_to(kind, what)`, where `what` is a real server or a kind's published answers. `pytest
--write-table` writes the rows of the kinds whose tests ran; a kind with a failure loses its row, the others keep theirs.
"""

import re

import pytest

from conftest import ROOT

TABLE = ROOT / "docs/reference/metrics/README.md"
HEAD = """# What each metric kind was held to

Made by a run of the tests (`pytest tests/integration --write-table`): a row is there when all tests of that kind passed. A real
server is one that was started for the test, the number compared with what its own client or a plain query says. Published
answers are requests and answers in the vendor's documented form, compared byte for byte and replayed over a socket: they show
that both sides were read alike, not that the vendor's service agrees. The files say where each form comes from.

| Kind | Held to |
|---|---|
"""


class Table:
    def __init__(self):
        self.passed = {}
        self.failed = set()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        outcome = yield
        report = outcome.get_result()
        for mark in item.iter_markers("held_to"):
            kind, what = mark.args
            if report.failed or report.skipped:
                self.failed.add(kind)
            elif report.when == "call":
                self.passed.setdefault(kind, set()).add(what)

    def pytest_sessionfinish(self):
        rows = dict(rows_of(TABLE.read_text())) if TABLE.exists() else {}
        for kind, held_to in self.passed.items():
            rows[kind] = set(rows.get(kind, set())) | held_to
        for kind in self.failed:
            rows.pop(kind, None)
        lines = [f"| [`{kind}`]({kind}.md) | {'; '.join(sorted(rows[kind]))} |\n" for kind in sorted(rows)]
        TABLE.write_text(HEAD + "".join(lines))


def rows_of(text):
    for kind, held_to in re.findall(r"^\| \[`([a-z0-9-]+)`\]\(.*?\) \| (.*) \|$", text, re.MULTILINE):
        yield kind, set(held_to.split("; "))
