"""What was found waits on disk, and comes back as if it had been joined in memory."""

from __future__ import annotations

import numpy as np
import pytest

from linkage.config import Level
from linkage.templates import family
from linkage.templates.family import numbered
from linkage.templates.gathered import HELD, Gathered
from linkage.templates.skeleton import Ragged, Skeletons
from linkage.templates.spool import Spool
from tests.templates.core_steps import SIGNS


def made(seed: int, size: int = 40) -> Skeletons:
    """Skeletons of 60: the features and the tokens of each are always the same, the accounts are not."""
    rng = np.random.default_rng(seed)
    hashes = np.unique(rng.integers(1, 60, size).astype(np.uint64))
    features = [np.unique(np.random.default_rng(int(h) % 12).integers(0, 1 << 32, int(h) % 7 * 20)) for h in hashes]
    tokens = [np.arange(int(h) % 3) for h in hashes]
    ragged = [Ragged(np.cumsum([0, *map(len, each)]), np.concatenate(each).astype(kind))
              for each, kind in ((tokens, np.uint64), (features, np.uint32))]  # fmt: skip
    return Skeletons(hashes, np.uint64(1) << rng.integers(0, 64, len(hashes)).astype(np.uint64), *ragged)


def test_what_was_gathered_is_what_was_joined() -> None:
    parts = [made(seed) for seed in range(3 * HELD + 1)]
    whole = Skeletons.joined(parts)
    for order in (parts, parts[::-1]):
        with Spool() as spool:
            gathered = Gathered(spool)
            for part in order:
                gathered.add(part)
            rows, all_ = gathered.rows, np.arange(len(whole.hash))
            assert rows["hash"].tolist() == whole.hash.tolist()
            assert rows["accounts"].tolist() == whole.accounts.tolist()
            for found, true in ((gathered.tokens(all_), whole.tokens), (gathered.features(all_), whole.features)):
                assert found.start.tolist() == true.start.tolist()
                assert found.value.tolist() == true.value.tolist()
            some = all_[1::3]
            assert gathered.features(some).value.tolist() == whole.features.of(some).value.tolist()
            assert rows["features"].tolist() == np.diff(whole.features.start).tolist()


def test_nothing_was_gathered() -> None:
    with Spool() as spool:
        gathered = Gathered(spool)
        gathered.add(Skeletons.none())
        assert not len(gathered.rows)
        assert not len(gathered.features(np.zeros(0, np.int64)).value)


def test_numbers_are_the_same_when_not_all_is_compared_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for together in (1 << 26, 200):
        monkeypatch.setattr(family, "TOGETHER", together)
        with Spool() as spool:
            gathered = Gathered(spool)
            gathered.add(made(1, 200))
            none = np.zeros(0, np.uint64)
            found = numbered(gathered, none, dict.fromkeys(Level, none), SIGNS)
            told.append({level: families.family.tolist() for level, families in found.families.items()})
            assert not set(np.flatnonzero(gathered.rows["features"] == 0)) & set(found.speakers.tolist())
    assert told[0] == told[1]
    assert 1 < len(set(told[0][Level.SKELETON])) < 60
