from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from linkage.config import Level
from linkage.templates.catalogue import Catalogue
from linkage.templates.ids import Key
from linkage.templates.minting import ALIASES, SKELETONS, Numbers, account_hashes, followed
from linkage.templates.skeleton import each_once

KEY = Key(b"0123456789abcdef" * 4)


def hashes(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint64)


def aliases(*pairs: tuple[int, int], level: Level = Level.FAMILY) -> pa.Table:
    before, after = ([p[i] for p in pairs] for i in (0, 1))
    return pa.table([[level.value] * len(pairs), before, after, [0] * len(pairs)], schema=ALIASES)


def test_accounts_have_keyed_hashes_whatever_stands_beside_them() -> None:
    both = account_hashes(pa.array(["a", "b", None, "a"]), KEY)
    assert both[0] == both[3] == account_hashes(pa.array(["x", "a"]), KEY)[1]
    assert len({*both.tolist()}) == 3
    assert both[0] != account_hashes(pa.array(["a"]), Key(KEY.secret[::-1]))[0]


def test_aliases_of_a_level_are_followed_to_their_end() -> None:
    known = pa.concat_tables([aliases((5, 1), (2, 5), (3, 2)), aliases((9, 1), level=Level.SKELETON)])
    assert followed(hashes(1, 2, 3, 9), known, Level.FAMILY).tolist() == [1, 1, 1, 9]
    assert followed(hashes(1, 2, 3, 9), known, Level.SKELETON).tolist() == [1, 2, 3, 1]
    assert followed(hashes(4), aliases(), Level.FAMILY).tolist() == [4]


def test_a_skeleton_that_is_not_in_the_catalogue_goes_by_its_own_number() -> None:
    numbers = ((30, 30, 10), (10, 10, 10), (20, 20, 20), (40, 30, 10))
    rows = [{"hash": h, "batch": 0, "accounts": 1, "skeleton": s, "family": f, "tokens": [], "features": []}
            for h, s, f in numbers]  # fmt: skip
    table = pa.Table.from_pylist(rows, schema=SKELETONS)
    known = Catalogue(1, {"skeletons": table, "aliases": aliases((20, 10))})
    asked = hashes(10, 20, 30, 40, 77, 0)
    assert Numbers(known).of(asked, Level.FAMILY).tolist() == [10, 10, 10, 10, 77, 0]
    assert Numbers(known).of(asked, Level.SKELETON).tolist() == [10, 20, 30, 30, 77, 0]
    assert Numbers(Catalogue()).of(hashes(5), Level.SKELETON).tolist() == [5]


@given(st.lists(st.integers(0, 2**64 - 1).map(lambda number: number % 7 * 2**61)))
def test_each_hash_once_in_order(numbers: list[int]) -> None:
    assert each_once(hashes(*numbers)).tolist() == sorted(set(numbers))
