"""One batch of prompts against the catalogue: which skeletons and families there are, and what the catalogue learns.

What was minted stays: a prompt of last month has its skeleton found again by what was frequent then, and a family keeps
its number until an alias joins it to another one, which the catalogue records.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.config import Level
from linkage.errors import ConfigError
from linkage.templates.catalogue import ANOTHER, Catalogue
from linkage.templates.family import Numbered, numbered
from linkage.templates.frequency import Shingles
from linkage.templates.gathered import Gathered
from linkage.templates.ids import Key
from linkage.templates.loops import LINE, NEVER, Ages, Hashes
from linkage.templates.skeleton import Found, Known, Ragged, Signs, Skeletons, each_once, skeletons
from linkage.templates.spool import Spool
from linkage.templates.tokens import Tokens

SHINGLES = pa.schema([("hash", pa.uint64()), ("batch", pa.uint16())])
SKELETONS = pa.schema([
    ("hash", pa.uint64()), ("batch", pa.uint16()), ("accounts", pa.uint64()),
    ("skeleton", pa.uint64()), ("family", pa.uint64()),  # the numbers that it goes by at these levels
    # as Parquet calls what is in a list: what is read and written again has the same bytes
    ("tokens", pa.list_(pa.field("element", pa.uint64()))), ("features", pa.list_(pa.field("element", pa.uint32()))),
])  # fmt: skip
ALIASES = pa.schema([
    ("level", pa.string()), ("number", pa.uint64()), ("named", pa.uint64()), ("batch", pa.uint16()),
])  # fmt: skip
NUMBERED = (Level.SKELETON, Level.FAMILY)  # levels at which skeletons go by a number
LATE = 1 << 20  # shingles at least wait to be sorted among the others


def account_hashes(accounts: pa.StringArray, key: Key) -> Hashes:
    """A keyed 64-bit hash of each account."""
    secret = key.derived("accounts 1")
    coded = accounts.dictionary_encode()
    names = coded.dictionary.to_pylist()
    digests = b"".join(hashlib.blake2b(name.encode(), key=secret, digest_size=8).digest() for name in names)
    hashes = np.append(np.frombuffer(digests, "<u8").astype(np.uint64), np.uint64(0))
    return np.asarray(hashes[coded.indices.fill_null(len(names)).to_numpy()])


@dataclass
class Minting:
    """A batch on its way: all its texts are counted, then all are found, then the catalogue is :meth:`grown`.

    What is counted and found is the same in any order and in any parts.
    """

    key: Key
    catalogue: Catalogue
    spool: Spool  # where what was found waits
    counted: Shingles = field(default_factory=Shingles)

    def __post_init__(self) -> None:
        if self.catalogue.batches >= int(NEVER):
            raise ConfigError(
                "the catalogue holds as many batches as it can.", where="templates.catalogue", todo=ANOTHER
            )
        self.signs = Signs.of(self.key)
        self._known: Known | None = None
        self._found = Gathered(self.spool)
        self._fresh, self._late, self._waiting = np.zeros(0, np.uint64), list[Hashes](), 0

    def count(self, tokens: Tokens, accounts: Hashes) -> None:
        """Count texts of accounts. Not for two threads at once."""
        self.counted.add(tokens, accounts)

    def known(self) -> Known:
        """What decides on skeletons, once all is counted."""
        if self._known is None:
            shingles, minted = (self._table(name) for name in ("shingles", "skeletons"))
            ages = [Ages.of(t["hash"].to_numpy(), t["batch"].to_numpy()) for t in (shingles, minted)]
            self._known = Known(self.counted, self.counted.least(), ages[0], ages[1], self.catalogue.batches)
        return self._known

    def find(self, tokens: Tokens, accounts: Hashes) -> Found:
        """The skeletons of texts (0: none), and what :meth:`learn` is to be told. For any thread."""
        return skeletons(tokens, accounts, self.signs, self.known())

    def learn(self, found: Found) -> None:
        """Remember what was found, for the catalogue. Not for two threads at once.

        Raises:
            StorageFault: the disk is full.
        """
        self._found.add(found.skeletons)
        self._late.append(found.fresh)
        self._waiting += len(found.fresh)
        if self._waiting > max(LATE, len(self._fresh) // 4):
            self._settle()

    def _settle(self) -> None:
        self._fresh = each_once(np.concatenate([self._fresh, *self._late]))
        self._late.clear()
        self._waiting = 0

    def grown(self) -> Catalogue:
        """The catalogue with what is new, once all is found; the same one when nothing is. What was counted is gone."""
        self.counted, self._known = Shingles(LINE), None
        self._settle()
        batch, table = self.catalogue.batches, self._table("skeletons")
        order = np.argsort(table["hash"].to_numpy())
        hashes = table["hash"].to_numpy()[order]
        self._found.add(_skeletons(table))
        if len(self._found.rows) == len(hashes) and not len(self._fresh):
            return self.catalogue
        known = {level: followed(table[level].to_numpy()[order], self._table("aliases"), level) for level in NUMBERED}
        told = numbered(self._found, hashes, known, self.signs)
        added = {
            "shingles": pa.table([self._fresh, np.full(len(self._fresh), batch, np.uint16)], schema=SHINGLES),
            "skeletons": self._minted(hashes, told, batch),
            "aliases": pa.concat_tables([_aliases(level, told.families[level].aliases, batch) for level in NUMBERED]),
        }
        tables = {name: pa.concat_tables([self._table(name), table]) for name, table in added.items()}
        return Catalogue(batch + 1, tables)

    def _minted(self, known: Hashes, told: Numbered, batch: int) -> pa.Table:
        """The skeletons that are new; those that speak for all of a number with their features."""
        rows = self._found.rows
        new = ~np.isin(rows["hash"], known)
        speaks = np.zeros(len(rows), bool)
        speaks[told.speakers] = True
        tokens, features = self._found.tokens(np.flatnonzero(new)), self._found.features(np.flatnonzero(new & speaks))
        start = np.concatenate(([0], np.cumsum(np.where(speaks, rows["features"], 0)[new])))
        lists = [_list(tokens, "tokens"), _list(Ragged(start, features.value), "features")]
        numbers = [told.families[level].family for level in NUMBERED]
        batches = np.full(int(new.sum()), batch, np.uint16)
        return pa.table([rows["hash"][new], batches, rows["accounts"][new], *numbers, *lists], schema=SKELETONS)

    def _table(self, name: str) -> pa.Table:
        schema = {"shingles": SHINGLES, "skeletons": SKELETONS, "aliases": ALIASES}[name]
        return self.catalogue.tables.get(name, schema.empty_table())


def followed(number: Hashes, aliases: pa.Table, level: Level) -> Hashes:
    """The numbers that these go by at a level, after the aliases."""
    aliases = aliases.filter(pc.equal(aliases["level"], level.value))
    before, after = aliases["number"].to_numpy(), aliases["named"].to_numpy()
    for _ in range(len(before)):
        order = np.argsort(before)
        place = np.minimum(np.searchsorted(before[order], number), max(len(before) - 1, 0))
        moved = before[order][place] == number
        if not moved.any():
            break
        number = np.where(moved, after[order][place], number)
    return number


class Numbers:
    """The numbers that skeletons of a catalogue go by; one that is not in it goes by its own hash."""

    def __init__(self, catalogue: Catalogue) -> None:
        table = catalogue.tables.get("skeletons", SKELETONS.empty_table())
        order = np.argsort(table["hash"].to_numpy())
        aliases = catalogue.tables.get("aliases", ALIASES.empty_table())
        self._hashes = table["hash"].to_numpy()[order]
        self._numbers = {level: followed(table[level].to_numpy()[order], aliases, level) for level in NUMBERED}

    def of(self, skeleton: Hashes, level: Level) -> Hashes:
        """The numbers of skeletons at a level."""
        if not len(self._hashes):
            return skeleton
        place = np.minimum(np.searchsorted(self._hashes, skeleton), len(self._hashes) - 1)
        return np.where(self._hashes[place] == skeleton, self._numbers[level][place], skeleton)


def _aliases(level: Level, aliases: Hashes, batch: int) -> pa.Table:
    pairs = aliases.reshape(-1, 2)
    levels, batches = pa.array([level.value] * len(pairs), pa.string()), np.full(len(pairs), batch, np.uint16)
    return pa.table([levels, pairs[:, 0], pairs[:, 1], batches], schema=ALIASES)


def _skeletons(table: pa.Table) -> Skeletons:
    order = pa.array(np.argsort(table["hash"].to_numpy()))
    table = table.take(order)
    ragged = [_ragged(table[name]) for name in ("tokens", "features")]
    return Skeletons(table["hash"].to_numpy(), table["accounts"].to_numpy(), *ragged)


def _ragged(column: pa.ChunkedArray) -> Ragged:
    whole = column.combine_chunks()
    whole = whole if isinstance(whole, pa.ListArray) else pa.concat_arrays(whole.chunks)
    start = np.asarray(whole.offsets).astype(np.int64)
    return Ragged(start - start[0], whole.flatten().to_numpy(zero_copy_only=False))


def _list(ragged: Ragged, name: str) -> pa.ListArray:
    kind = SKELETONS.field(name).type
    start, values = pa.array(ragged.start, pa.int32()), pa.array(ragged.value, kind.value_type)
    return pa.ListArray.from_arrays(start, values, kind)
