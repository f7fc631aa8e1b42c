"""For whom rings work, as it came out: their exchanges by operator, and each exchange of those that serve several."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.simulator.population import Population
from linkage.simulator.rings import NOBODY
from linkage.simulator.streams import Bools, Floats, Ints
from linkage.simulator.tables import Writer, save


class Traffic:
    """Counts exchanges by ring and operator while they are written, and writes those of proxies one by one.

    Tables: traffic.parquet (request_id, account_id, operator_id; null for innocent customers) and
    truth_operators.parquet (ring_id, operator_id, exchanges, traffic_share).
    """

    def __init__(self, directory: Path, people: Population, rings: pa.Array, operators: pa.Array) -> None:
        self.directory, self.people = directory, people
        self.ring_ids, self.operator_ids = rings, operators
        self.shared: Bools = np.isin(np.arange(len(people.rings.size)), people.rings.proxies)
        self.width = people.rings.operators + 1  # the last one is nobody
        self.counts = np.zeros(len(people.rings.size) * self.width, dtype=np.int64)
        self.writer = Writer(directory, "traffic.parquet")

    def add(self, requests: pa.Array, accounts: pa.Array, account: Ints, whose: Ints) -> None:
        """Count exchanges: request and account ids, the account's number, and the operator that its option names."""
        if not len(self.people.rings.size):
            self._write(requests, accounts, account[:0], account[:0])
            return
        ring = self.people.ring[account]
        several = (ring >= 0) & self.shared[ring]
        operator = np.where(several, whose, self.people.rings.operator[ring])
        mine = np.flatnonzero(ring >= 0)
        place = ring[mine] * self.width + operator[mine] % self.width  # NOBODY, -1, is the last
        self.counts += np.bincount(place, minlength=len(self.counts))
        rows = np.flatnonzero(several)
        self._write(requests, accounts, rows, operator[rows])

    def _write(self, requests: pa.Array, accounts: pa.Array, rows: Ints, operator: Ints) -> None:
        self.writer.add(pa.table({
            "request_id": requests.take(pa.array(rows)), "account_id": accounts.take(pa.array(rows)),
            "operator_id": taken(self.operator_ids, operator),
        }))  # fmt: skip

    def close(self) -> dict[str, int]:
        """Write what is left; rows by table."""
        self.writer.next_file()
        place = np.flatnonzero(self.counts)
        ring, operator = place // self.width, place % self.width
        exchanges = self.counts[place]
        whole = np.bincount(ring, exchanges, len(self.people.rings.size))
        share: Floats = exchanges / whole[ring]
        operator = np.where(operator == self.width - 1, NOBODY, operator)
        table = pa.table({
            "ring_id": taken(self.ring_ids, ring), "operator_id": taken(self.operator_ids, operator),
            "exchanges": exchanges, "traffic_share": share,
        })  # fmt: skip
        order = [("ring_id", "ascending"), ("operator_id", "ascending")]
        rows = save(table.sort_by(order), self.directory / "truth_operators.parquet")
        return {"truth_operators": rows, "traffic": self.writer.rows}


def labels(prefix: str, numbers: Ints) -> pa.Array:
    """``prefix`` and number of each entry."""
    return pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")


def taken(texts: pa.Array, rows: Ints) -> pa.Array:
    """The texts of these rows; null where a row is below zero."""
    return texts.take(pa.array(np.maximum(rows, 0), mask=rows < 0))
