from __future__ import annotations

import sys

import numpy as np
import pytest

from linkage.evaluation.peers import NotRun, bipartite, splink_model
from linkage.evaluation.peers.splink_model import splink_clusters
from tests.evaluation.peers.toys import links, two_kinds


def test_splink_finds_groups_that_agree_in_two_kinds_and_repeats() -> None:
    pytest.importorskip("splink")
    graph = bipartite(links(two_kinds(60, 5, 40)), 340)
    found = dict(splink_clusters(graph))
    assert next(iter(found)) == "probability 0.95"
    truth = [a // 5 if a < 300 else a for a in range(340)]
    assert any(len(set(zip(truth, labels.tolist(), strict=True))) == len(set(labels.tolist())) == 100
               for labels in found.values())
    again = dict(splink_clusters(graph))
    assert all(np.array_equal(found[name], again[name]) for name in found)


def test_without_splink_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)
    with pytest.raises(NotRun, match=r"^Splink is not installed$"):
        next(splink_clusters(bipartite(links(two_kinds(2, 3, 2)), 8)))


def test_one_kind_or_too_many_pairs_are_reasons_not_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("splink")
    with pytest.raises(NotRun, match=r"^with one kind there is nothing to learn m from$"):
        next(splink_clusters(bipartite(links({(a, 2) for a in range(5)}), 5)))
    monkeypatch.setattr(splink_model, "MAX_PAIRS", 3)
    with pytest.raises(NotRun, match=r"^6 pairs in blocks, more than 3$"):
        next(splink_clusters(bipartite(links({(a, e) for a in range(3) for e in (0, 1)}), 5)))


def test_what_splink_refuses_itself_is_a_reason_not_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("splink")

    def refuse(linker: object, used: object) -> None:
        raise ValueError("m_probability value 0.0 is below the minimum")

    monkeypatch.setattr(splink_model, "_train", refuse)
    with pytest.raises(NotRun, match=r"^Splink refuses what it learned: m_probability value 0\.0 is below"):
        next(splink_clusters(bipartite(links(two_kinds(60, 5, 40)), 340)))
