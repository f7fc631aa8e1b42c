"""The page: self-contained, inert, complete."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from linkage.reports.findings import Subject, findings
from linkage.reports.page import render
from linkage.reports.run import Run
from tests.small_run import EVIL_TEMPLATE, OPERATOR, RING_IDS

EXHIBITS = [{"name": "members.csv", "rows": 21, "sha256": "f" * 64}]


class Page(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def html(run: Run) -> str:
    """The page of the operator cluster."""
    operator = run.operator(OPERATOR)
    return render(run, Subject(OPERATOR, operator.rings, operator), EXHIBITS)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    """The same, parsed."""
    return Page(html)


def test_nothing_runs_and_nothing_is_loaded(html: str, page: Page) -> None:
    assert not set(page.tags) & {"script", "iframe", "img", "link", "object", "embed", "form", "base", "a"}
    assert not [a for a in page.attributes if a[1].startswith("on")]
    references = [value for _, name, value in page.attributes if name in ("src", "href", "xlink:href", "action")]
    assert all(value.startswith("#") for value in references)
    assert "@import" not in html
    assert "url(http" not in html
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    assert ("meta", "content", policy) in page.attributes


def test_hostile_names_are_text(html: str, page: Page) -> None:
    assert "<script>" not in html
    assert "<img src" not in html
    assert "<b>sessions</b>" not in html
    assert "<b>sessions</b>.csv" in page.text
    assert EVIL_TEMPLATE in page.text
    assert not [c for c in html if not c.isprintable() and c != "\n"]


def test_the_sections_stand_in_order(page: Page) -> None:
    sections = [
        "1. Findings",
        "2. Rings",
        "3. Evidence",
        "4. Timeline",
        "5. Picture of the largest ring",
        "6. What speaks against it",
        "7. Method",
        "8. Limits",
        "9. Data that were read",
        "10. Provenance",
        "11. Exhibits",
    ]
    places = [
        page.text.index(f"\n{title}\n") if f"\n{title}\n" in page.text else page.text.index(title) for title in sections
    ]
    assert places == sorted(places)
    assert page.tags.count("svg") == 2


def test_it_says_what_was_found_and_what_speaks_against_it(run: Run, page: Page) -> None:
    text = " ".join(page.text.split())
    operator = run.operator(OPERATOR)
    for line in [
        *findings(Subject(OPERATOR, operator.rings, operator)),
        *(d.text for r in operator.rings for d in r.why_not),
        *(line for r in operator.rings for line in r.known),
    ]:
        assert line in text
    for line in (
        "Linked is not guilty",
        "It is not the probability that an account, or a person, is innocent.",
        "The likelihood of membership in the exhibits is from a run of an earlier version: not calibrated. It is no",
        "No person has reviewed a sample of this run: nothing measured says how often it is wrong.",
        "2,000 rows were read: 1,990 loaded, 3 duplicates left out, and 7 that could not be used set aside",
        "sessions: 5 of 1,700 rows are in quarantine",
        "Run 20260606T000000Z-small, made on 6 June 2026 (UTC) with linkage 0.1.0.",
        "d" * 64,
        "c" * 64,
        "f" * 64,
        "20 of 400",
        "pool of 6 entities",
    ):
        assert line in text


def test_the_same_run_gives_the_same_text(run: Run, html: str) -> None:
    operator = run.operator(OPERATOR)
    assert render(run, Subject(OPERATOR, operator.rings, operator), EXHIBITS) == html


def test_a_ring_alone_that_no_check_speaks_against(run: Run) -> None:
    ring = run.ring(RING_IDS[2])
    ring.__dict__["why_not"] = ()
    text = " ".join(Page(render(run, Subject(ring.id, [ring]), EXHIBITS)).text.split())
    assert "None of the checks found anything that speaks against this ring. That is not proof of it." in text
    assert "Attribution summary Ring R-CCCCCCCCCC" in text.replace("summaryRing", "summary Ring")
