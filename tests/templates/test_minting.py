from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from linkage.templates.catalogue import Catalogue
from linkage.templates.ids import Key
from linkage.templates.minting import ALIASES, SKELETONS, account_hashes, family_of, followed
from linkage.templates.skeleton import each_once

KEY = Key(b"0123456789abcdef" * 4)


def hashes(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint64)


def aliases(*pairs: tuple[int, int]) -> pa.Table:
    before, after = ([p[i] for p in pairs] for i in (0, 1))
    return pa.table([before, after, [0] * len(pairs)], schema=ALIASES)


def test_accounts_have_keyed_hashes_whatever_stands_beside_them() -> None:
    both = account_hashes(pa.array(["a", "b", None, "a"]), KEY)
    assert both[0] == both[3] == account_hashes(pa.array(["x", "a"]), KEY)[1]
    assert len({*both.tolist()}) == 3
    assert both[0] != account_hashes(pa.array(["a"]), Key(KEY.secret[::-1]))[0]


def test_aliases_are_followed_to_their_end() -> None:
    told = followed(hashes(1, 2, 3, 9), aliases((5, 1), (2, 5), (3, 2)))
    assert told.tolist() == [1, 1, 1, 9]
    assert followed(hashes(4), aliases()).tolist() == [4]


def test_a_skeleton_that_is_not_in_the_catalogue_is_a_family_of_its_own() -> None:
    rows = [{"hash": h, "batch": 0, "accounts": 1, "family": f, "tokens": [], "features": []}
            for h, f in ((30, 10), (10, 10), (20, 20))]  # fmt: skip
    table = pa.Table.from_pylist(rows, schema=SKELETONS)
    known = Catalogue(1, {"skeletons": table, "aliases": aliases((20, 10))})
    assert family_of(known, hashes(10, 20, 30, 77, 0)).tolist() == [10, 10, 10, 77, 0]
    assert family_of(Catalogue(), hashes(5)).tolist() == [5]


@given(st.lists(st.integers(0, 2**64 - 1).map(lambda number: number % 7 * 2**61)))
def test_each_hash_once_in_order(numbers: list[int]) -> None:
    assert each_once(hashes(*numbers)).tolist() == sorted(set(numbers))
