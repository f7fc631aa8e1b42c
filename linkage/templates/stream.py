"""Batches of prompts in, batches of template ids out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.config import Config, Level, Templates, resolve
from linkage.engines import cores
from linkage.templates.catalogue import Catalogue, read_catalogue, write_catalogue, write_private
from linkage.templates.family import AHEAD, ALIKE, FEW, NEXT, ROUNDS, SAME, SMALLEST, SPREAD, TELLING, TOGETHER
from linkage.templates.frequency import LEAST
from linkage.templates.ids import VERSIONS, Key
from linkage.templates.loops import LEAST_WORDS, SHORT, TRIED, Hashes
from linkage.templates.mask import masked
from linkage.templates.minting import NUMBERED, Minting, Numbers, account_hashes
from linkage.templates.places import FARTHEST, WIDEST
from linkage.templates.readable import Readable, read_words
from linkage.templates.skeleton import FEATURES, LEAST_FEATURES, Found
from linkage.templates.spool import Spool
from linkage.templates.text import joined, normalised, texts
from linkage.templates.tokens import Tokens, tokens_of

Batches = Callable[[], Iterator[pa.RecordBatch]]
Given = TypeVar("Given")
Made = TypeVar("Made")
TEXTS = ("prompt", "system_prompt")
MINTED = NUMBERED
Observer = Callable[[str, int], None]  # told what is done, and with how many prompts so far
PURE = (Level.EXACT, Level.MASKED)  # levels that text and key alone decide
HASH, ACCOUNT, TOKENS = "skeleton", "account", "tokens"  # columns of what is put aside
# algorithms, then what else decides on ids
VERSION = (
    f"{'-'.join(VERSIONS.values())}, {LEAST} accounts, {SHORT} tokens, {LEAST_WORDS} words, {FEATURES} features, "
    f"{LEAST_FEATURES} at least, {ALIKE} and {SPREAD} alike, {SAME} the same from {TELLING}, "
    f"{AHEAD} and {NEXT} ahead by {SMALLEST}, {TOGETHER} together, {FEW} few, "
    f"{WIDEST} wide, {FARTHEST} farther, {ROUNDS} rounds, {TRIED} ages"
)


@dataclass
class TemplateIds:
    """Gives prompts their ids at some levels (level: the kind of the entities that the ids are).

    The ``catalogue`` grows with each reading of :meth:`ids`. ``folder`` is on the disk where ids wait for each other,
    and ``observe`` is told how far it is.
    """

    key: Key
    levels: Mapping[Level, str]
    catalogue: Catalogue = field(default_factory=Catalogue)
    workers: int = field(default_factory=cores)
    folder: Path | None = None
    observe: Observer = lambda doing, rows: None
    readable: Readable | None = None  # learns skeletons in words, where these are asked for

    @classmethod
    def opened(cls, key: Key, settings: Templates) -> TemplateIds:
        """Template ids as the settings say, against their catalogue; its path is taken as it is.

        Raises:
            ConfigError, StorageFault: as :func:`linkage.templates.catalogue.read_catalogue`, and
                :func:`linkage.templates.readable.read_words`.
        """
        words = Readable(key, read_words(Path(settings.words))) if settings.words else None
        return cls(key, settings.levels, read_catalogue(Path(settings.catalogue), key, VERSION), readable=words)

    def write(self, path: Path) -> None:
        """Write the catalogue.

        Raises:
            StorageFault: the disk refused.
        """
        write_catalogue(self.catalogue, path, self.key, VERSION)

    def write_words(self, path: Path) -> None:
        """Write the skeletons in words, which must have been asked for.

        Raises:
            StorageFault: the disk refused.
        """
        if self.readable:
            numbers = Numbers(self.catalogue)
            told = self.readable.grown(lambda level, made: self._ids(level, numbers.of(made, level)), MINTED)
            write_private(told, path)

    def ids(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """The batches with ids, a column a level in the order of ``levels``, in the places of ``prompt`` and
        ``system_prompt``; null where there is none. What shares too little with others to have a skeleton is a skeleton
        and a family of its own, by the name of its masked id.

        ``account`` tells who sent the prompt (a null has no ids); other columns pass as they are. Everything is read
        once, and the first batch comes when all has been: until then hashes wait on disk. The ids are the same whatever
        the order of rows, their batches and the workers.

        Raises:
            ConfigError: the catalogue is full.
            StorageFault: the disk is.
        """
        if set(self.levels).isdisjoint(MINTED):
            yield from self._each(self._pure, self._told(batches(), "naming"))
            return
        with Spool(self.folder) as rows, Spool(self.folder) as hashes, Spool(self.folder) as found:
            minting = Minting(self.key, self.catalogue, found)
            with Spool(self.folder) as words:
                self._count(minting, batches(), rows, words)
                self._find(minting, words, hashes)
            self.catalogue = minting.grown()
            numbers = Numbers(self.catalogue)
            yield from self._each(
                lambda both: self._named(rows.unpacked(both[0]), hashes.unpacked(both[1]), numbers),
                zip(rows.all(), hashes.all(), strict=True),
            )

    def _count(self, minting: Minting, batches: Iterator[pa.RecordBatch], rows: Spool, tokens: Spool) -> None:
        """Read everything once: texts are counted, and put aside as hashes of their words."""

        def read(batch: pa.RecordBatch) -> tuple[Tokens, Hashes, pa.StringArray | None, bytes, bytes]:
            clean, plain = self._texts(batch)
            found, accounts = tokens_of(plain, self.key), account_hashes(batch["account"], self.key)
            kept, text = self._with_pure(batch, clean, plain), plain if self.readable else None
            return found, accounts, text, rows.packed(kept), tokens.packed(_coded(found, accounts))

        for found, accounts, text, *packed in self._each(read, self._told(batches, "counting")):
            minting.count(found, accounts)
            if self.readable:
                self.readable.read(found, accounts, text)
            rows.put(packed[0])
            tokens.put(packed[1])

    def _find(self, minting: Minting, tokens: Spool, hashes: Spool) -> None:
        """Once all is counted: the hash of each text's skeleton is put aside."""
        minting.known()

        def find(packed: bytes) -> tuple[Found, bytes]:
            found = minting.find(*_decoded(tokens.unpacked(packed)))
            return found, hashes.packed(pa.record_batch([pa.array(found.hash)], [HASH]))

        rows = 0
        for found, packed in self._each(find, tokens.all()):
            self.observe("naming", rows)
            minting.learn(found)
            if self.readable:
                self.readable.learn(found)
            hashes.put(packed)
            rows += len(found.hash)

    def _told(self, batches: Iterator[pa.RecordBatch], doing: str) -> Iterator[pa.RecordBatch]:
        rows = 0
        for batch in batches:
            self.observe(doing, rows)
            yield batch
            rows += batch.num_rows

    def _pure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """With the ids that are functions of text and key alone."""
        return self._with_pure(batch, *self._texts(batch))

    def _with_pure(self, batch: pa.RecordBatch, clean: pa.StringArray, plain: pa.StringArray) -> pa.RecordBatch:
        """Ids that are functions of text and key alone; the masked id also names what has no skeleton."""
        told = {Level.EXACT: clean, Level.MASKED: plain}
        asked = dict.fromkeys(self.levels) | ({} if set(self.levels).isdisjoint(MINTED) else {Level.MASKED: None})
        kept = batch.drop_columns([name for name in TEXTS if name in batch.schema.names])
        for level in asked:
            if level in told:
                kept = kept.append_column(level.value, self.key.ids(level.value, told[level]))
        return kept

    def _texts(self, batch: pa.RecordBatch) -> tuple[pa.StringArray, pa.StringArray]:
        """Normalised and masked texts; exact ids alone need no mask."""
        clean = normalised(_whole(batch))
        return clean, clean if set(self.levels) == {Level.EXACT} else masked(clean)

    def _named(self, batch: pa.RecordBatch, found: pa.RecordBatch, numbers: Numbers) -> pa.RecordBatch:
        """With the ids of skeletons and families, every level in its place."""
        hashes, alone = found[HASH].to_numpy(), batch[Level.MASKED.value]
        told = {level: pc.coalesce(self._ids(level, numbers.of(hashes, level)), alone) if level in MINTED
                else batch[level.value] for level in self.levels}  # fmt: skip
        kept = batch.drop_columns([name for name in batch.schema.names if name in PURE])
        for level, ids in told.items():
            kept = kept.append_column(level.value, ids)
        return kept

    def _ids(self, level: Level, numbers: Hashes) -> pa.StringArray:
        distinct, place = np.unique(numbers, return_inverse=True)
        words = pa.array([f"{number:016x}" if number else None for number in distinct.tolist()], pa.string())
        return self.key.ids(level.value, words).take(pa.array(place))

    def _each(self, work: Callable[[Given], Made], given: Iterator[Given]) -> Iterator[Made]:
        """``work`` of each, in order, by some threads: what takes long lets others run meanwhile."""
        if self.workers < 2:
            yield from map(work, given)
            return
        waiting: deque[Future[Made]] = deque()
        with ThreadPoolExecutor(self.workers) as pool:
            try:
                for one in given:
                    waiting.append(pool.submit(work, one))
                    if len(waiting) > self.workers:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)


def resolved_templates(config: Config, config_path: Path) -> Templates:
    """The settings of templates, with the files taken relative to the folder of the config file."""
    given = config.templates
    files = {name: getattr(given, name) for name in ("catalogue", "key_file", "words")}
    return given.model_copy(update={name: resolve(config_path, path) for name, path in files.items() if path})


def key_of(settings: Templates) -> Key:
    """The key that the settings name, or that of the environment.

    Raises:
        ConfigError: there is none, or others can read it.
    """
    return Key.of(Path(settings.key_file) if settings.key_file else None)


def _coded(tokens: Tokens, accounts: Hashes) -> pa.RecordBatch:
    """Tokens by their numbers among the different ones of a batch: a quarter of the room."""
    coded = pa.array(tokens.token).dictionary_encode()
    if len(coded.dictionary) <= 1 << 16:
        coded = pa.DictionaryArray.from_arrays(coded.indices.cast(pa.uint16()), coded.dictionary)
    lists = pa.ListArray.from_arrays(pa.array(tokens.start, pa.int32()), coded)
    return pa.record_batch([pa.array(accounts), lists], [ACCOUNT, TOKENS])


def _decoded(batch: pa.RecordBatch) -> tuple[Tokens, Hashes]:
    lists = batch[TOKENS]
    start = np.asarray(lists.offsets).astype(np.int64)
    return Tokens(start, lists.values.dictionary_decode().to_numpy()), batch[ACCOUNT].to_numpy()


def _whole(batch: pa.RecordBatch) -> pa.StringArray:
    """What was said, of those whose account is known."""
    said = texts(batch["prompt"])
    if "system_prompt" in batch.schema.names:
        said = joined(texts(batch["system_prompt"]), said)
    return pc.if_else(pc.is_null(batch["account"]), pa.scalar(None, pa.string()), said)
