"""What is drawn from apart: verdict by tier, and how many items each gets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from linkage.model import Role, Verdict

Ints = npt.NDArray[np.int64]

LEAST = 4  # items of a stratum: with fewer an interval says next to nothing (4 of 4 right: 40 % and more)
BAND_EDGES = (0.8, 0.95)  # likelihood
BANDS = ("likelihood under 0.8", "likelihood from 0.8", "likelihood from 0.95")
YES, NO = "yes", "no"
BESIDE_SUSPECTS = "bystander of suspects"  # stands for the verdict on an account that is in a suspect ring by chance


def claim(verdict: str) -> str | None:
    """The answer that a verdict stands for: one operator, or not; ``undetermined`` stands for none."""
    if verdict == Verdict.UNDETERMINED:
        return None
    return YES if verdict == Verdict.SUSPECT else NO


def with_tier(members: pd.DataFrame) -> pd.DataFrame:
    """Members (verdict, role, likelihood) with the column ``tier``: the role and the band of the likelihood.

    Nobody says that the bystanders of a suspect ring belong to its operator: they get a verdict of their own.
    """
    beside = (members["verdict"] == Verdict.SUSPECT) & (members["role"] == Role.BYSTANDER)
    band = np.asarray(BANDS)[np.searchsorted(BAND_EDGES, members["likelihood"].to_numpy(), side="right")]
    verdict = np.where(beside, BESIDE_SUSPECTS, members["verdict"])
    tier = [f"{role}, {name}" for role, name in zip(members["role"], band, strict=True)]
    return members.assign(verdict=verdict, tier=tier)


def allocate(sizes: Ints, items: int) -> Ints:
    """Items of each stratum: ``LEAST`` or all it has, the rest by the square root of its size (Bankier 1988).

    By the size itself, small strata would get none; all alike, the whole would be known badly. With fewer items than
    that the least is lowered; strata beyond the number of items get none, the smallest first.
    """
    given: Ints = np.minimum(sizes, min(LEAST, items // max(len(sizes), 1))).astype(np.int64)
    goal = min(items, int(sizes.sum()))
    while (left := goal - int(given.sum())) > 0:
        room = sizes - given
        share = np.sqrt(sizes) * (room > 0)
        wanted = share / share.sum() * left
        more = np.minimum(np.floor(wanted), room).astype(np.int64)
        if not more.any():
            more[np.argsort(-wanted, kind="stable")[:left]] = 1
        given = given + more
    return given


def halved(sizes: Ints, first: npt.NDArray[np.bool_], items: int) -> Ints:
    """:func:`allocate`, half of the items to the strata marked ``first`` and half to the others.

    What one side has no accounts for goes to the other.
    """
    given = np.zeros_like(sizes)
    given[first] = allocate(sizes[first], items // 2)
    given[~first] = allocate(sizes[~first], items - int(given.sum()))
    given[first] = allocate(sizes[first], items - int(given[~first].sum()))
    return given
