"""Skeletons of a batch as they are found: hashes and accounts in memory, what they are made of on disk.

So memory holds 28 bytes a skeleton, and what it is made of only while it is compared.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linkage.engines.compiled import compiled
from linkage.templates.loops import Ints
from linkage.templates.skeleton import Ragged, Skeletons
from linkage.templates.spool import Spool

HELD = 8  # parts of what was found wait to be joined
ROW = np.dtype([("hash", "u8"), ("accounts", "u8"), ("tokens", "i4"), ("features", "i4"), ("smallest", "u4")])
_TYPES = {"tokens": pa.uint64(), "features": pa.uint32()}


@compiled
def _copied(
    start: Ints, value: npt.NDArray[np.generic], place: Ints, ends: Ints, out: npt.NDArray[np.generic]
) -> None:
    """Copy each array to its place among others; those whose place is negative are left out."""
    for i in range(len(place)):
        if place[i] >= 0:
            first = ends[place[i]]
            for j in range(start[i + 1] - start[i]):
                out[first + j] = value[start[i] + j]


class Gathered:
    """Distinct skeletons, sorted by hash. What is added is the same in any order and in any parts.

    ``rows`` has for each its hash, its accounts, how many tokens and features it has, and the smallest feature.
    """

    def __init__(self, spool: Spool) -> None:
        """``spool`` is open as long as anything is asked."""
        self._spool, self._parts, self._rows = spool, list[Skeletons](), np.zeros(0, ROW)

    def add(self, found: Skeletons) -> None:
        """Add some. Not for two threads at once.

        Raises:
            StorageFault: the disk is full.
        """
        self._parts.append(found)
        if len(self._parts) >= HELD:
            self._settle()

    @property
    def rows(self) -> npt.NDArray[np.void]:
        """All that were added."""
        self._settle()
        return self._rows

    def tokens(self, rows: Ints) -> Ragged:
        """The tokens of rows, which are sorted."""
        return self._of("tokens", rows)

    def features(self, rows: Ints) -> Ragged:
        """The features of rows, which are sorted."""
        return self._of("features", rows)

    def _settle(self) -> None:
        if not self._parts:
            return
        found = Skeletons.joined(self._parts)
        self._parts.clear()
        hashes = self._rows["hash"].copy()
        place = np.searchsorted(hashes, found.hash)
        held = np.append(hashes, np.uint64(0))[place] == found.hash
        held &= place < len(hashes)
        self._rows["accounts"][place[held]] |= found.accounts[held]
        fresh = np.flatnonzero(~held)
        features = found.features.of(fresh)
        made = np.zeros(len(fresh), ROW)
        made["hash"], made["accounts"] = found.hash[fresh], found.accounts[fresh]
        made["tokens"], made["features"] = np.diff(found.tokens.start)[fresh], np.diff(features.start)
        some = made["features"] > 0
        made["smallest"][some] = features.value[features.start[:-1][some]]
        self._rows = np.insert(self._rows, place[fresh], made)
        lists = [_listed(ragged, _TYPES[name]) for name, ragged in
                 (("tokens", found.tokens.of(fresh)), ("features", features))]  # fmt: skip
        self._spool.put(self._spool.packed(pa.record_batch([pa.array(made["hash"]), *lists], ["hash", *_TYPES])))

    def _of(self, name: str, rows: Ints) -> Ragged:
        start = np.concatenate(([0], np.cumsum(self.rows[name][rows], dtype=np.int64)))
        value = np.empty(start[-1], _TYPES[name].to_pandas_dtype())
        hashes = self._rows["hash"][rows]
        for packed in self._spool.all() if len(value) else ():
            batch = self._spool.unpacked(packed)
            wanted = batch["hash"].to_numpy()
            place = np.searchsorted(hashes, wanted)
            place[np.append(hashes, np.uint64(0))[place] != wanted] = -1
            place[place == len(hashes)] = -1
            offsets = np.asarray(batch[name].offsets).astype(np.int64)
            _copied(offsets, batch[name].values.to_numpy(), place, start, value)
        return Ragged(start, value)


def _listed(ragged: Ragged, kind: pa.DataType) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(ragged.start, pa.int32()), pa.array(ragged.value, kind))
