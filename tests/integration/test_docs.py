"""What the README and docs/ point at is there."""

import re
import subprocess

import pytest

from conftest import ROOT

PAGES = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()


def prose(text):
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def anchors(text):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    at = ROOT / page
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(at.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = at.parent / path if path else at
        if not target.exists() or anchor and anchor not in anchors(target.read_text()):
            broken.append(link)
    assert broken == []


def test_every_how_to_is_linked_from_the_readme():
    readme = (ROOT / "README.md").read_text()
    assert [page for page in PAGES if page.startswith("docs/how-to/") and f"({page})" not in readme] == []
