"""Time to detection: nights are replayed, and each true operator surfaces on some day, or never."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkage import pipeline
from linkage.config import load_config
from linkage.errors import ConfigError
from linkage.evaluation.memberships import NONE, of_numbered, sizes, where
from linkage.evaluation.nights import Nights, cut_at_midnights, write_config
from linkage.evaluation.prediction import ANY, SUSPECT, align, read_prediction
from linkage.evaluation.traffic import true_shares
from linkage.evaluation.truth import OPERATOR, Truth, read_truth

EARLY = 0.15  # share of its exchanges before which an operator should have surfaced
Observer = Callable[[date, int, int], None]  # told the day, how many nights are done, and of how many


@dataclass(frozen=True)
class Surfaced:
    """The first day on which an operator surfaces, and the share of its exchanges sent by that midnight; None: never.

    ``sent`` is None too where the logs have no exchanges of it.
    """

    day: date | None = None
    sent: float | None = None

    @property
    def early(self) -> bool:
        """Whether less than a share of EARLY of its exchanges had been sent."""
        return self.sent is not None and self.sent < EARLY


@dataclass(frozen=True)
class Detection:
    """A true operator, and when it surfaced: in a suspect ring, and in a ring of any verdict.

    ``begun``: how many of its accounts had sent anything by the last night before a share of EARLY of its exchanges was
    sent: all that there was to find it by in time.
    """

    operator: str
    accounts: int
    exchanges: int
    begun: int
    suspect: Surfaced
    any_verdict: Surfaced


@dataclass(frozen=True)
class Replay:
    """What came of a replay: the nights that were run (each named by the day that it ends), and every operator."""

    nights: list[date]
    operators: list[Detection]


def replay(
    config_path: Path, truth_path: Path, every: int = 1, first: date | None = None, observe: Observer | None = None
) -> Replay:
    """Run the whole job night by night on what the logs held by then, and tell when each true operator surfaces.

    An operator surfaces when at least half of the accounts of one ring are its: of a suspect ring, where bystanders do
    not count, or of a ring of any verdict. Nights end when all operators have surfaced as suspect. Files are written to
    a folder of the system's for temporary files, and removed; the folder of runs is left alone.

    Raises:
        ConfigError: the config or the truth can't be used, a source has no times, or ``every`` is less than a day.
        InputRefused, StorageFault: as a run of the config.
    """
    if every < 1:
        raise ConfigError(f"nights are a day or more apart, not {every}.", where="--every")
    config, truth = load_config(config_path), read_truth(truth_path)
    with tempfile.TemporaryDirectory(prefix="linkage-replay-") as name:
        folder = Path(name)
        nights = cut_at_midnights(config, config_path, folder, every, first)
        seen = {scope: np.full(len(truth.names[OPERATOR]), NONE, dtype=np.int64) for scope in (SUSPECT, ANY)}
        fresh = {night for _, night, _ in nights.files}
        done = 0
        for done, day in enumerate(nights.days):
            if observe:
                observe(day, done, len(nights.days))
            if done not in fresh:
                continue  # nothing happened: the night before says it all
            run = pipeline.run(write_config(config, config_path, nights, done, folder))
            for scope, operators in surfaced(truth, run).items():
                seen[scope] = np.where((seen[scope] == NONE) & operators, done, seen[scope])
            shutil.rmtree(folder / "runs")
            if (seen[SUSPECT] != NONE).all():
                break
    return Replay(nights.days[: done + 1], _detections(truth, truth_path, nights, seen))


def surfaced(truth: Truth, run: Path) -> dict[str, npt.NDArray[np.bool_]]:
    """Which true operators hold at least half of a ring of the run, by scope: suspect rings, and those of any verdict.

    Raises:
        ConfigError: the run can't be read.
    """
    known, found = align(truth, read_prediction(run))
    if found.members is None:
        raise ConfigError(
            "this folder is no run: it has no members.parquet.", where=str(run), todo="Name a run folder."
        )
    rings = of_numbered(found.members.ring, len(found.members.ring_names))
    told = {}
    for scope, chosen in ((SUSPECT, where(rings, found.members.accused)), (ANY, rings)):
        common = (chosen.T @ known.levels[OPERATOR]).tocoo()
        half = 2 * common.data >= sizes(chosen)[common.row]
        told[scope] = np.isin(np.arange(known.levels[OPERATOR].shape[1]), common.col[half])
    return told


def _detections(
    truth: Truth, truth_path: Path, nights: Nights, seen: dict[str, npt.NDArray[np.int64]]
) -> list[Detection]:
    sent, first = _sent(truth, truth_path, nights), _first(truth, nights)
    accounts, begun = sizes(truth.levels[OPERATOR]), _begun(truth, sent, first)
    order = np.lexsort((truth.names[OPERATOR].astype(str), -accounts))
    return [
        Detection(
            str(truth.names[OPERATOR][o]), int(accounts[o]), round(sent[o, -1]), int(begun[o]),
            _surfaced(nights, sent[o], int(seen[SUSPECT][o])), _surfaced(nights, sent[o], int(seen[ANY][o])),
        )
        for o in order.tolist()
    ]


def _surfaced(nights: Nights, sent: npt.NDArray[np.float64], night: int) -> Surfaced:
    if night == NONE:
        return Surfaced()
    found = Surfaced(nights.days[night])
    return replace(found, sent=float(sent[night] / sent[-1])) if sent[-1] else found


def _sent(truth: Truth, truth_path: Path, nights: Nights) -> npt.NDArray[np.float64]:
    """Exchanges of each operator up to each night (operators x nights)."""
    account = _accounts(truth, nights)
    night, n = (nights.exchanges[column].to_numpy() for column in ("night", "n"))
    known = account != NONE
    sent = np.zeros((len(truth.names[OPERATOR]), len(nights.days)))
    shares = true_shares(truth_path, truth)[account[known]].tocoo()
    np.add.at(sent, (shares.col, night[known][shares.row]), shares.data * n[known][shares.row])
    return np.asarray(sent.cumsum(axis=1))


def _accounts(truth: Truth, nights: Nights) -> npt.NDArray[np.int64]:
    """The account of each row of the nights' exchanges, by its number in the truth; NONE where it is in none."""
    row = pc.index_in(pc.cast(nights.exchanges["account_id"], pa.string()), truth.account_id).fill_null(NONE)
    return np.asarray(row.to_numpy(), dtype=np.int64)


def _first(truth: Truth, nights: Nights) -> npt.NDArray[np.int64]:
    """The night of each account's first exchange; of those that sent none, the one after the last."""
    account, first = _accounts(truth, nights), np.full(len(truth.account_id), len(nights.days), dtype=np.int64)
    known = account != NONE
    np.minimum.at(first, account[known], nights.exchanges["night"].to_numpy()[known])
    return first


def _begun(truth: Truth, sent: npt.NDArray[np.float64], first: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Accounts of each operator that had sent anything by the last night before it had sent a share of EARLY."""
    last = (sent < EARLY * sent[:, -1:]).sum(axis=1) - 1
    of = truth.levels[OPERATOR].tocoo()
    return np.bincount(of.col[first[of.row] <= last[of.col]], minlength=len(sent)).astype(np.int64)
