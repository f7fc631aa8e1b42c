"""What people found in a blind review of a run, where `sample-score` has put its result beside the run's tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from linkage.errors import StorageFault
from linkage.reports.exhibits import sha256
from linkage.reports.words import count

RESULT = "review.json"
NO_REVIEW = "No person has reviewed a sample of this run: nothing measured says how often it is wrong."


EARLIER = "from a run of an earlier version: not calibrated"


def stated_from(manifest: Mapping[str, Any]) -> str:
    """Where the likelihoods of a run are from, by its manifest."""
    return str(manifest.get("likelihood", {}).get("statement", EARLIER))


def rests_on(run: Path, verdict: str) -> list[str]:
    """What the figures of a ring of this verdict rest on: where likelihoods are from, and what reviewers found.

    Raises:
        StorageFault: the run's manifest or its review can't be read.
    """
    try:
        manifest = json.loads((run / "manifest.json").read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise StorageFault(
            f"can't be read: {error}.", where=str(run / "manifest.json"), todo="Restore the run folder, or run again."
        ) from error
    return [f"Likelihood: {stated_from(manifest)}.", quoted(review_of(run), verdict) or NO_REVIEW]


def review_of(run: Path) -> dict[str, Any] | None:
    """The result of the review of a run folder; None where there is none, or it is of another run.

    Raises:
        StorageFault: it can't be read.
    """
    path = run / RESULT
    return read_review(path, run) if path.is_file() else None


def read_review(path: Path, run: Path) -> dict[str, Any] | None:
    """A result of `sample-score`; None when it is not about the run in this folder, or no longer.

    Raises:
        StorageFault: it can't be read.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="ascii"))
        same = found["run_manifest_sha256"] == sha256(run / "manifest.json")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageFault(
            f"can't be read: {error}.", where=str(path), todo="Score the review again with 'linkage sample-score'."
        ) from error
    return found if same else None


def quoted(review: Mapping[str, Any] | None, verdict: str) -> str:
    """A sentence on what reviewers said of the accounts in rings of a verdict; empty where they said nothing."""
    lines = [line for line in (review or {}).get("by_verdict", []) if line["verdict"] == verdict]
    if not lines or lines[0]["unsure_left_out"]["estimate"] is None:
        return ""
    share, line = lines[0]["unsure_left_out"], lines[0]
    answers = count(line["yes"] + line["no"], "answer")
    unsure = f", {line['unsure']:,} unsure" if line["unsure"] else ""
    said = "one operator" if line["share_of"] == "yes" else "not one operator"
    return (
        f"People who reviewed a blind sample of this run said '{said}' of "
        f"{share['estimate']:.1%} of the accounts in {verdict} rings (95 % interval {share['low']:.1%} to "
        f"{share['high']:.1%}; {answers}{unsure})."
    )
