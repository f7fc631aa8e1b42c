"""Renders the summary as one self-contained page. Needs jinja2 and matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from linkage.reports import words
from linkage.reports.exhibits import sha256
from linkage.reports.findings import Subject, config_hash, dates, findings
from linkage.reports.picture import RINGS, draw_ring, draw_timeline, svg
from linkage.reports.reviewed import NO_REVIEW, quoted, review_of, stated_from
from linkage.reports.ring import Ring
from linkage.reports.run import Run
from linkage.reports.visible import printable

EVIDENCE_ROWS = 12  # a ring; the exhibits hold them all
_TEMPLATE = "summary.html.j2"


def render(run: Run, subject: Subject, exhibits: list[dict[str, Any]]) -> str:
    """The page as HTML: no script, nothing loaded from elsewhere, every value escaped; the same run, the same text."""
    template = _environment().get_template(_TEMPLATE)
    return template.render(
        subject=subject,
        manifest=run.manifest,
        manifest_hash=sha256(run.path / "manifest.json"),
        config_hash=config_hash(run.manifest),
        findings=findings(subject),
        likelihood=stated_from(run.manifest),
        reviewed=quoted(review_of(run.path), subject.rings[0].verdict) or NO_REVIEW,
        evidence_rows=EVIDENCE_ROWS,
        weaknesses=subject.operator.weaknesses if subject.operator else [],
        rings=[_ring(ring) for ring in subject.discussed],
        left_out=len(subject.rings) - len(subject.discussed),
        dates=dates(subject),
        timeline=_timeline(subject),
        timeline_rings=RINGS,
        graph=_graph(subject),
        kinds=words.records(run.store.query("SELECT kind, family, forgeable, accounts FROM kinds ORDER BY kind")),
        exhibits=exhibits,
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )
    environment.filters |= {"day": words.day, "figure": _figure, "noun": words.count, "percent": words.percent}
    return environment


def _visible(value: Any) -> Any:
    """What is printed into the page: hidden and control characters shown as codes; escaping follows."""
    if value is None:
        return "–"
    return value if isinstance(value, Markup) else printable(str(value))


def _figure(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"


def _ring(ring: Ring) -> dict[str, Any]:
    evidence = words.records(ring.evidence)
    return {
        **ring.row,
        "runner_up": ring.next_best or "none fits",
        "evidence": evidence[:EVIDENCE_ROWS],
        "more_evidence": max(0, len(evidence) - EVIDENCE_ROWS),
        "without": words.records(ring.families),
        "known": ring.known,
        "against": [doubt.text for doubt in ring.why_not],
        "bridge": ring.bridge.text if ring.bridge else None,
    }


def _timeline(subject: Subject) -> Markup | None:
    members = subject.members
    rings = [(ring.id, members[members["ring_id"] == ring.id]) for ring in subject.rings[:RINGS]]
    if members[["created", "first_seen", "last_seen"]].isna().all(axis=None):
        return None
    return Markup(svg(draw_timeline(rings), f"{subject.id}-timeline"))


def _graph(subject: Subject) -> dict[str, Any]:
    largest = min(subject.rings, key=lambda ring: (-len(ring.members), ring.id))
    graph = largest.graph()
    return {
        "ring": largest.id,
        "picture": Markup(svg(draw_ring(graph, largest.id), f"{subject.id}-graph")),
    }
