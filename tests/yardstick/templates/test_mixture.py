from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.simulator.streams import Streams
from linkage.yardstick.templates.mixture import NOBODY, Uses, invented, mixed, operators_uses, ordinary, real
from tests.yardstick.templates.toys import TEMPLATES

SOURCES = TEMPLATES["jinja"].tolist()


def uses() -> Uses:
    return operators_uses([10, 40], np.random.default_rng(5))


def test_copies_are_of_the_root_that_their_operator_has() -> None:
    found = uses()
    assert found.root[:50].tolist() == list(range(50))
    assert len(found.root) > 50
    assert set(found.root.tolist()) <= set(range(50))
    ours = found.root[found.template] < 10
    assert not set(found.account[ours]) & set(found.account[~ours])


def test_a_ring_uses_a_part_of_its_operators_templates_and_half_of_it_as_copies() -> None:
    found = operators_uses([60], np.random.default_rng(6))
    used = np.unique(found.template)
    copies = used >= 60
    assert 0.3 < copies.mean() < 0.9
    by_account = [np.unique(found.template[found.account == account]) for account in range(30)]
    assert all(len(np.unique(found.root[templates])) == len(templates) for templates in by_account)
    assert np.mean([len(templates) for templates in by_account]) > 4


def test_prompts_repeat_a_template_with_other_texts() -> None:
    found = uses()
    text = invented(found.template, found.root, Streams(5))
    assert len(text) == len(found.template)
    assert pc.count_distinct(text).as_py() > len(np.unique(found.template))


def test_ordinary_accounts_have_prompts_by_popular_templates() -> None:
    table = ordinary(SOURCES, 300, Streams(1))
    assert pc.count_distinct(table["account"]).as_py() > 290
    assert "" not in table["prompt"].to_pylist()
    assert not any("eggs" in prompt or "|||" in prompt for prompt in table["prompt"].to_pylist())
    assert ordinary(SOURCES, 300, Streams(1)).equals(table)


def test_a_mixture_has_the_root_of_operators_prompts_alone() -> None:
    table = mixed([4, 4], real([f"word{number} and the rest" for number in range(8)]), SOURCES, 100, 7)
    root = table["root"].to_numpy()
    first = [prompt.split()[0] for prompt in table["prompt"].to_pylist()]
    assert set(root) <= {NOBODY, *range(8)}
    told = [f"word{number}" == word for number, word in zip(root, first, strict=True) if number != NOBODY]
    assert np.mean(told) > 0.6  # of copies the first word may be another one
    assert table["account"].type == pa.string()
    ours = set(table.filter(pc.not_equal(table["root"], NOBODY))["account"].to_pylist())
    assert not ours & set(table.filter(pc.equal(table["root"], NOBODY))["account"].to_pylist())


def test_the_same_seed_gives_the_same_mixture_in_random_order() -> None:
    one, two, other = (mixed([10], invented, SOURCES, 50, seed) for seed in (3, 3, 4))
    assert one.equals(two)
    assert not one.equals(other)
    assert np.any(np.diff(one["account"].cast(pa.int64()).to_numpy()) < 0)
