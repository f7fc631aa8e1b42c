"""Can an attacker get an honest account into a suspect ring by putting the ring's values on it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.sparse as sp

from linkage.errors import NotFound
from linkage.evaluation.honest import upper_limit
from linkage.model import AccountGraph, Incidence, Role, Verdict
from linkage.reports.store import Store
from linkage.rings.codelength import Ints
from linkage.validation.rerun import Case, rings_of

BUDGET = 50  # values planted on one victim, at most
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Framing:
    """What came of framing ``victims`` accounts with up to ``budget`` values each, of the ``kinds`` that are forgeable.

    ``planted`` is the mean of values put on one, ``rings`` the suspect rings whose values were used, ``batches`` the
    reruns. ``caught`` victims became members of a suspect ring, bystanders left out, at most the share ``upper``
    (one-sided, 95 %); ``roles`` says as what, bystanders and all. ``unmarked`` of them are not marked as accounts on
    which everything could have been planted, so that they could stand above tier 3 of the action list, at most the
    share ``unmarked_upper``. ``affiliated`` are named beside one as further memberships, ``elsewhere`` in other rings.
    """

    victims: int
    budget: int
    kinds: list[str]
    planted: float
    rings: int
    batches: int
    caught: int
    upper: float
    unmarked: int
    unmarked_upper: float
    roles: dict[str, int]
    affiliated: int
    elsewhere: int


def frame(case: Case, victims: int, seed: int, spared: Collection[str], progress: Progress) -> Framing:
    """Frame ``victims`` accounts of a run: random ones that no suspect ring names, each for one suspect ring.

    Accounts whose ids are ``spared`` are framed neither: those of operators, where the truth is known.

    The attacker knows the published profile, and takes the values of forgeable kinds that add most to the log-odds of
    who uses them. In one batch no ring has two victims, so that none vouches for another; each batch is the graph with
    its planted links, decided anew from communities to verdicts.

    Raises:
        NotFound: the run has no suspect ring whose profile holds values of a forgeable kind.
        StorageFault: a table of the run is missing or can't be read.
    """
    store = Store(case.folder)
    stock = best_values(case.graph, store)
    if not stock:
        raise NotFound(
            "the run has no suspect ring with values of a forgeable kind: nobody can be framed.",
            where=str(case.folder),
            todo="Choose a run with suspect rings.",
        )
    chosen = victims_of(store, numbers_of(store, spared), case.graph.accounts, victims, seed)
    counts: Counter[str] = Counter()
    roles: Counter[str] = Counter()
    starts = range(0, len(chosen), len(stock))
    for done, start in enumerate(starts):
        progress(done, len(starts))
        batch = chosen[start : start + len(stock)]
        links = pd.concat([values.assign(account=a) for a, values in zip(batch, stock, strict=False)])
        counts["planted"] += len(links)
        count_roles(rings_of(planted(case.graph, links), case.method), batch, counts, roles)
    kinds = sorted({k.kind.name for k in case.graph.kinds if k.kind.forgeable})
    return summary(chosen, kinds, len(stock), len(starts), counts, roles)


def summary(
    chosen: Ints, kinds: list[str], rings: int, batches: int, counts: Counter[str], roles: Counter[str]
) -> Framing:
    """What came of framing the ``chosen`` accounts: the counts of :func:`count_roles`, and of values ``planted``."""
    return Framing(
        len(chosen), BUDGET, kinds, counts["planted"] / max(len(chosen), 1), rings, batches,
        counts["caught"], upper_limit(counts["caught"], len(chosen)),
        counts["unmarked"], upper_limit(counts["unmarked"], len(chosen)), dict(sorted(roles.items())),
        counts["affiliated"], counts["elsewhere"],
    )  # fmt: skip


def best_values(graph: AccountGraph, store: Store) -> list[pd.DataFrame]:
    """For each suspect ring the kind and entity of the values that an attacker would plant, strongest ring first."""
    forgeable = [k.kind.name for k in graph.kinds if k.kind.forgeable]
    rings = store.frame("ring_list")
    profiles = store.frame("profiles")
    suspect = rings.loc[rings["verdict"] == str(Verdict.SUSPECT), "ring"]
    profiles = profiles[profiles["ring"].isin(suspect) & profiles["kind"].isin(forgeable) & profiles["entity"].notna()]
    profiles = profiles.assign(gain=profiles["bits_in"] - profiles["bits_out"], entity=profiles["entity"].astype(int))
    ordered = profiles[profiles["gain"] > 0].sort_values(["ring", "gain", "entity"], ascending=[True, False, True])
    best = ordered.groupby("ring").head(BUDGET)
    strength = best.groupby("ring")["gain"].sum().sort_values(ascending=False, kind="stable")
    return [best.loc[best["ring"] == ring, ["kind", "entity"]] for ring in strength.index]


def planted(graph: AccountGraph, links: pd.DataFrame) -> AccountGraph:
    """The graph with further links, given as ``account``, ``kind`` and ``entity`` of entities that it has."""
    return replace(graph, kinds=tuple(_with(kind, links[links["kind"] == kind.kind.name]) for kind in graph.kinds))


def _with(kind: Incidence, links: pd.DataFrame) -> Incidence:
    column = np.searchsorted(kind.entities, links["entity"].to_numpy(np.int64))
    ones = np.ones(len(links), dtype=np.int64)
    added = sp.csr_matrix((ones, (links["account"].to_numpy(np.int64), column)), shape=kind.matrix.shape)
    matrix = (kind.matrix + added).tocsr()
    matrix.data[:] = 1
    matrix.sort_indices()
    uses = kind.uses if kind.uses is None else (kind.uses + added).tocsr()
    return replace(kind, matrix=matrix, uses=uses, seen=kind.seen if kind.seen is None else _seen_last(kind, added))


def _seen_last(kind: Incidence, added: sp.csr_matrix) -> sp.csr_matrix:
    """When each entity was first used, planted ones at the last moment of the logs: nobody plants in the past."""
    assert kind.seen is not None
    new = added - added.multiply(kind.matrix)
    new.eliminate_zeros()
    new.data[:] = 1
    return (kind.seen + new * int(kind.seen.data.max(initial=1))).tocsr()


def numbers_of(store: Store, account_ids: Collection[str]) -> set[int]:
    """Numbers of the accounts with these ids."""
    found = store.query("SELECT account FROM accounts WHERE list_contains($ids, account_id)", ids=sorted(account_ids))
    return {int(account) for account in found["account"]}


def victims_of(store: Store, spared: set[int], accounts: int, number: int, seed: int) -> Ints:
    """Random accounts that no suspect ring names as a member or beside it, and that are not spared."""
    rings = store.frame("ring_list")
    suspect = rings.loc[rings["verdict"] == str(Verdict.SUSPECT), "ring"]
    members = store.frame("ring_members")
    named = spared | set(members.loc[members["ring"].isin(suspect), "account"])
    open_to = np.setdiff1d(np.arange(accounts), np.array(sorted(named | _affiliated(store)), dtype=np.int64))
    return np.random.default_rng(seed).permutation(open_to)[:number]


def _affiliated(store: Store) -> set[int]:
    found = store.query(
        "SELECT a.account FROM affiliations f JOIN accounts a USING (account_id) JOIN rings r USING (ring_id) "
        "WHERE r.verdict = $verdict", verdict=str(Verdict.SUSPECT),
    )  # fmt: skip
    return {int(a) for a in found["account"]}


def count_roles(tables: dict[str, pa.Table], batch: Ints, counts: Counter[str], roles: Counter[str]) -> None:
    """Add what became of the framed accounts of a ``batch`` to the counts, by the tables of the rings."""
    rings = tables["rings"].to_pandas()[["ring", "verdict"]]
    members = tables["members"].to_pandas().merge(rings, on="ring")
    members = members[members["account"].isin(batch)]
    suspect = members["verdict"] == str(Verdict.SUSPECT)
    beside = tables["affiliations"].to_pandas().merge(rings, on="ring")
    beside = beside[beside["account"].isin(batch) & (beside["verdict"] == str(Verdict.SUSPECT))]
    accused = suspect & (members["role"] != str(Role.BYSTANDER))
    counts["caught"] += int(accused.sum())
    counts["unmarked"] += int((accused & ~members["plantable"].astype(bool)).sum())
    counts["elsewhere"] += int((~suspect).sum())
    counts["affiliated"] += int(beside["account"].nunique())
    roles.update(members.loc[suspect, "role"])
