"""How steady rings are: communities and rings once more with other seeds, on the links that a run has stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from linkage.communities import inner_proposer, proposer
from linkage.reports.run import Run
from linkage.rings import Limits, find_rings
from linkage.rings.codelength import Ints
from linkage.whatif.world import RunWorld, load_world

AGAIN = 0.5  # overlap from which a ring counts as found again: more than half of both together are in both
RINGS = pa.schema([
    ("ring_id", pa.string()), ("seed", pa.int64()), ("accounts", pa.int64()), ("kept", pa.int64()),
    ("found", pa.int64()), ("overlap", pa.float64()), ("verdict", pa.string()),
])  # fmt: skip
MEMBERS = pa.schema([
    ("ring_id", pa.string()), ("account_id", pa.string()), ("seeds", pa.int64()), ("stayed", pa.int64()),
])  # fmt: skip
Observer = Callable[[int, int], None]  # told (seeds done, seeds in all)


@dataclass(frozen=True)
class Steadiness:
    """``rings`` has a row for each ring and seed, ``members`` one for each member of a ring.

    Of a ring's ``accounts``, ``kept`` are in that ring of the rerun which has most of them; it has ``found`` accounts,
    ``verdict`` is what it is taken for (missing when no ring has any), and ``overlap`` is kept / (accounts + found -
    kept). A member ``stayed`` in so many of the ``seeds`` in that ring.
    """

    rings: pa.Table
    members: pa.Table


def steadiness(run: Run, seeds: Sequence[int], observe: Observer | None = None) -> Steadiness:
    """Find the rings of a run's stored links again, once for each seed.

    Raises:
        StorageFault: a table of the run is missing or can't be read.
    """
    world = load_world(run)
    rings = [RINGS.empty_table()]
    names = run.rings.sort_values("ring")["ring_id"].to_numpy(dtype=object)
    member = np.flatnonzero(world.ring >= 0)
    stayed = np.zeros(len(member), dtype=np.int64)
    for done, seed in enumerate(seeds):
        if observe:
            observe(done, len(seeds))
        labels, verdicts = rings_with(world, seed)
        table, same = matched(world.ring, labels, verdicts)
        rings.append(table.add_column(0, "ring_id", pa.array(names)).add_column(
            1, "seed", pa.array(np.full(len(names), seed))).cast(RINGS))
        stayed += same[member]
    ids = run.store.query("SELECT account_id FROM accounts ORDER BY account")["account_id"].to_numpy(dtype=object)
    columns = {
        "ring_id": names[world.ring[member]], "account_id": ids[member], "seeds": np.full(len(member), len(seeds)),
        "stayed": stayed,
    }  # fmt: skip
    order = [("ring_id", "ascending"), ("account_id", "ascending")]
    made = pa.table({name: pa.array(values) for name, values in columns.items()}).cast(MEMBERS)
    return Steadiness(pa.concat_tables(rings).sort_by([order[0], ("seed", "ascending")]), made.sort_by(order))


def rings_with(world: RunWorld, seed: int) -> tuple[Ints, list[str]]:
    """Ring per account (-1: none) and verdict per ring, as a run with this seed finds them."""
    method = world.method
    partitions = proposer(method.proposers, method.proposers.resolutions, seed)(world.graph)
    inside = inner_proposer(method.proposers, seed)
    tables = find_rings(world.graph, partitions, inside, Limits.of(method))
    labels = np.full(world.graph.accounts, -1, dtype=np.int64)
    labels[tables["members"]["account"].to_numpy()] = tables["members"]["ring"].to_numpy()
    return labels, tables["rings"].sort_by("ring")["verdict"].to_pylist()


def matched(before: Ints, after: Ints, verdicts: Sequence[str]) -> tuple[pa.Table, np.ndarray]:
    """Rings ``before`` (labels, -1: none) beside those ``after``, each with the one that has most of its accounts.

    Of equal ones the smaller, then the earlier. Also returned: which accounts are in the match of their ring.
    """
    rings, sizes = int(before.max(initial=-1)) + 1, np.bincount(after[after >= 0], minlength=1)
    both = (before >= 0) & (after >= 0)
    shape = (rings, len(sizes))
    common = sp.csr_matrix((np.ones(both.sum(), np.int64), (before[both], after[both])), shape=shape).tocoo()
    order = np.lexsort((common.col, sizes[common.col], -common.data, common.row))
    ring, first = np.unique(common.row[order], return_index=True)
    match, kept = np.full(rings, -1), np.zeros(rings, dtype=np.int64)
    match[ring], kept[ring] = common.col[order][first], common.data[order][first]
    accounts = np.bincount(before[before >= 0], minlength=rings)
    found = np.where(match >= 0, sizes[match], 0)
    told = np.array([*verdicts, None], dtype=object)[match]
    table = pa.table({
        "accounts": accounts, "kept": kept, "found": found,
        "overlap": np.round(kept / np.maximum(accounts + found - kept, 1), 4), "verdict": pa.array(told, pa.string()),
    })  # fmt: skip
    return table, (before >= 0) & (after >= 0) & (np.append(match, -2)[before] == after)
