"""What one method did on one world: scores, seconds, memory, or the reason why it did not run. Kept as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from linkage.evaluation import ScoreLine

RING, OPERATOR = "ring", "operator"
ANY, SUSPECT = "any verdict", "suspect"
DIGITS = 4  # of scores kept: more would differ between machines


@dataclass(frozen=True)
class Line:
    """A score at one level over rings of any verdict or suspect ones; with the peer's best setting in hindsight.

    ``usual_f1`` is the F1 of the setting that people run by default. ``found`` is out of ``clusters``.
    """

    level: str
    rings: str
    setting: str
    precision: float
    recall: float
    f1: float
    found: int
    clusters: int
    usual_f1: float


@dataclass(frozen=True)
class Honest:
    """Honest accounts: all, suspects, bystanders of suspect rings; and honest groups or crowds reported as suspect."""

    accounts: int
    suspect: int
    bystanders: int
    groups: int


@dataclass(frozen=True)
class Result:
    """One method on one world; seconds to the labels of the usual setting, peak resident memory in MB.

    ``traffic`` is the share of all operators' exchanges that is given to the right one.
    """

    lines: list[Line] = field(default_factory=list)
    honest: Honest | None = None
    traffic: float | None = None
    seconds: float = 0.0
    peak_mb: float = 0.0
    not_run: str = ""


def line(found: ScoreLine, setting: str, usual_f1: float) -> Line:
    """A line from a score of the evaluation, rounded."""
    precision, recall, f1 = (round(x, DIGITS) for x in (found.score.precision, found.score.recall, found.score.f1))
    return Line(
        found.level, found.rings, setting, precision, recall, f1, found.score.found, found.score.clusters,
        round(usual_f1, DIGITS),
    )  # fmt: skip


def save(result: Result, path: Path) -> None:
    """Write a result; a half-written file is never left under the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(result), indent=1), encoding="utf-8")
    part.replace(path)


def load(path: Path) -> Result:
    """Read a result that :func:`save` wrote."""
    told = json.loads(path.read_text(encoding="utf-8"))
    honest = told.pop("honest")
    lines = [Line(**row) for row in told.pop("lines")]
    return Result(lines=lines, honest=None if honest is None else Honest(**honest), **told)
