"""From names to things."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from linkage.errors import NotFound
from linkage.reports import lookup
from linkage.reports.lookup import Named, resolve
from linkage.reports.store import Store
from tests.small_run import ALL, ENTITIES, HOSTILE, OPERATOR, RING_IDS


def test_each_kind_of_name(store: Store) -> None:
    assert resolve(store, RING_IDS[1]) == Named("ring", RING_IDS[1])
    assert resolve(store, OPERATOR) == Named("operator", OPERATOR)
    assert resolve(store, "casa-1") == Named("account", "casa-1", ALL.index("casa-1"))
    assert resolve(store, "account:casa-1") == Named("account", "casa-1", ALL.index("casa-1"))
    card = ENTITIES.index(("payment_method", "card-c"))
    assert resolve(store, "payment_method:card-c") == Named("entity", "payment_method:card-c", card)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_accounts_are_found_by_their_exact_name(store: Store, name: str) -> None:
    assert resolve(store, name) == Named("account", name, ALL.index(name))


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [("2001:DB8:0:0:1::7", "2001:db8::/64"), ("::ffff:192.0.2.9", "192.0.2.9"), ("no address", "no address")],
)
def test_addresses_are_tried_in_canonical_form_too(typed: str, canonical: str) -> None:
    assert lookup._forms(typed)[0] == typed
    assert canonical in lookup._forms(typed)


def test_a_mapped_address_is_found_by_its_ipv4_form(store: Store) -> None:
    assert lookup.entity_number(store, "ip:::ffff:192.0.2.9") == ENTITIES.index(("ip", "192.0.2.9"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("R-AAAAAAAAAX", "this run has no ring 'R-AAAAAAAAAX'; the nearest are 'R-AAAAAAAAAA', 'R-BBBBBBBBBB' and "
                         "'R-CCCCCCCCCC'. 'linkage rings' lists them."),
        ("OP-X", "this run has no operator 'OP-X'; the nearest are 'OP-AAAAAAAAAA'. "
                 "'linkage rings' lists them beside their rings."),
        ("alpa-00", "this run has no account 'alpa-00'; the nearest are 'alpha-00', 'alpha-01' and 'alpha-02'. "
                    "Ids are compared letter by letter, case included."),
        ("payment_method:card-q", "this run has no entity 'payment_method:card-q'; the nearest are "
                                  "'payment_method:card-c', 'payment_method:card-a1' and 'payment_method:card-a2'. "
                                  "Write an entity as kind:value; the kinds here are device, ip, payment_method and "
                                  "prompt_template."),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(store: Store, name: str, message: str) -> None:
    with pytest.raises(NotFound) as caught:
        resolve(store, name)
    assert str(caught.value) == f"{store.root}: {message}"


def test_hostile_names_are_shown_as_codes_in_the_answer(store: Store) -> None:
    with pytest.raises(NotFound) as caught:
        resolve(store, "\x1b[31mre")
    assert "'\\x1b[31mre'" in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_run_without_rings_says_so(store: Store, tmp_path: Path) -> None:
    bare = Path(shutil.copytree(store.root, tmp_path / "run"))
    rings = pq.read_table(bare / "rings.parquet")
    pq.write_table(rings.slice(0, 0), bare / "rings.parquet")
    with pytest.raises(NotFound) as caught:
        resolve(Store(bare), "R-AAAAAAAAAA")
    assert str(caught.value) == f"{bare}: this run has no ring 'R-AAAAAAAAAA'; it has no ring at all."
