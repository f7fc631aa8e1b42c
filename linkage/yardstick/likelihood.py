"""Fits the weights of the likelihood on simulated worlds, and holds what it states against others.

The logit of a membership is a weighted sum of the measures of :mod:`linkage.reports.likelihood`, with weights for each
verdict that are drawn towards those that the verdicts have in common, and by these towards 0: verdicts with few rings
borrow from the others. Members of one ring are right or wrong together, so a ring of n counts as sqrt(n), not as n.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.optimize import minimize
from scipy.special import expit

from linkage.config import EngineSettings
from linkage.engines import DuckDBEngine
from linkage.evaluation.calibration import belongs_to
from linkage.evaluation.prediction import align, read_prediction
from linkage.evaluation.tables import place_in
from linkage.evaluation.truth import read_truth
from linkage.model import Verdict
from linkage.reports.likelihood import MEASURED, MEASURES, SURE, Weights
from linkage.reports.publish import MAIN_OPERATOR

Floats = npt.NDArray[np.float64]
CONSTANT = "constant"
COLUMNS = (CONSTANT, *MEASURES)
RISING = ("bits", "support", "fit", "same_operator")  # more of it never speaks against a membership
SPREAD = 0.7  # prior standard deviation of a verdict's weight around the common one; measures have unit spread
WIDTH = 2.0  # the same of the common ones around 0
DIGITS = 4
STAGE_TABLES = {
    "ring_members": "4-rings/members.parquet", "ring_affiliations": "4-rings/affiliations.parquet",
    "ring_rings": "4-rings/rings.parquet", "ring_operator": "5-operators/ring_operators.parquet",
}  # fmt: skip


def memberships(run: Path, truth: Path) -> pd.DataFrame:
    """Every membership of a run with its measures, and ``right``, whether it is one; columns as the step `measured`."""
    with TemporaryDirectory() as scratch:
        engine = DuckDBEngine(EngineSettings(threads=1), Path(scratch))
        try:
            for name, file in STAGE_TABLES.items():
                engine.load(name, pq.read_table(run / file))
            engine.run(MAIN_OPERATOR)
            engine.run(MEASURED)
            frame: pd.DataFrame = engine.fetch("SELECT * FROM measured ORDER BY ring, own, account").to_pandas()
        finally:
            engine.close()
    known, found = align(read_truth(truth), read_prediction(run))
    if found.members is None or frame.empty:
        return frame.assign(right=pd.Series(dtype=bool))
    ids = pq.read_table(run / "1-sources/accounts.parquet").sort_by("account")["account_id"]
    names = pq.read_table(run / "rings.parquet").sort_by("ring")["ring_id"].to_numpy(zero_copy_only=False)
    row = pc.index_in(ids.combine_chunks(), known.account_id).to_numpy(zero_copy_only=False)
    ring = place_in(names[frame["ring"]], found.members.ring_names)
    return frame.assign(right=belongs_to(known, found.members, row[frame["account"]].astype(np.int64), ring))


@dataclass(frozen=True)
class _Data:
    """Measures (rows x columns, unit spread) of memberships, the verdict of each by number, its truth and weight."""

    x: Floats
    verdict: npt.NDArray[np.int64]
    right: Floats
    weight: Floats


def fit(frame: pd.DataFrame, fitted_on: dict[str, Any]) -> Weights:
    """The weights that fit memberships with ``right`` and ``world`` best, given the priors."""
    return Weights(fitted_on, _fit(frame[frame["own"]]), _fit(frame[~frame["own"]]))


def _fit(frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    verdicts = [str(v) for v in Verdict]
    raw = np.column_stack([np.ones(len(frame)), *(frame[name].to_numpy(np.float64) for name in MEASURES)])
    middle, spread = raw.mean(axis=0), raw.std(axis=0)
    middle[0], spread[0] = 0.0, 1.0
    used = spread > 0
    spread = np.where(used, spread, 1.0)
    size = frame.groupby(["world", "ring"])["ring"].transform("size").to_numpy(np.float64)
    number = frame["verdict"].map(verdicts.index).to_numpy(np.int64)
    data = _Data(np.where(used, (raw - middle) / spread, 0.0), number, frame["right"].to_numpy(np.float64), size**-0.5)
    by_verdict = _best(data, len(verdicts)) / spread * used
    by_verdict[:, 0] -= by_verdict[:, 1:] @ middle[1:]
    rows = by_verdict.round(DIGITS) + 0.0
    return {v: dict(zip(COLUMNS, row.tolist(), strict=True)) for v, row in zip(verdicts, rows, strict=True)}


def _best(data: _Data, verdicts: int) -> Floats:
    """Weights (verdicts x columns) of the highest posterior density; the last row that is sought is the common one."""
    shape = (verdicts + 1, data.x.shape[1])
    lowest = [0.0 if name in RISING else None for name in COLUMNS]

    def loss(flat: Floats) -> tuple[float, Floats]:
        sought = flat.reshape(shape)
        logit = (data.x * sought[data.verdict]).sum(axis=1)
        apart = sought[:-1] - sought[-1]
        value = float((data.weight * (np.logaddexp(0, logit) - data.right * logit)).sum())
        value += float((apart**2).sum() / SPREAD**2 / 2 + (sought[-1] ** 2).sum() / WIDTH**2 / 2)
        slope = np.zeros(shape)
        miss = data.weight * (expit(logit) - data.right)
        np.add.at(slope, data.verdict, miss[:, None] * data.x)
        slope[:-1] += apart / SPREAD**2
        slope[-1] += sought[-1] / WIDTH**2 - apart.sum(axis=0) / SPREAD**2
        return value, slope.ravel()

    bounds = [(low, None) for _ in range(shape[0]) for low in lowest]
    found = minimize(loss, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B", bounds=bounds,
                     options={"maxiter": 2000})  # fmt: skip
    return np.asarray(found.x.reshape(shape)[:-1], dtype=np.float64)


def stated(frame: pd.DataFrame, used: Weights) -> Floats:
    """The likelihood that the weights state for each membership; an oracle for the SQL that a run uses."""
    table: pd.DataFrame = used.table().to_pandas()
    rows = frame.merge(table, on=["own", "verdict"], how="left", suffixes=("", "_weight"))
    logit = rows[CONSTANT] + sum(rows[name] * rows[f"{name}_weight"] for name in MEASURES)
    return np.asarray(expit(logit.to_numpy(np.float64).clip(-SURE, SURE)).round(4))
