from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.evaluation.peers import PEERS, NotRun, Peer, bipartite, catalogue, partitions, peers
from tests.evaluation.peers.toys import ACCOUNTS, edges, links, planted, two_kinds

BY_NAME = {peer.name: peer for peer in PEERS}


def test_simple_peers_label_every_account_even_without_links() -> None:
    for pairs in (planted(), set()):
        found = dict(peers(bipartite(links(pairs), 13)))
        assert list(found) == [
            "components, degree <= 10", "components, degree <= 50", "Leiden, plain", "Leiden, rarity weights"
        ]
        assert all(len(labels) == 13 for labels in found.values())


@given(edges, st.randoms(use_true_random=False))
def test_simple_peers_ignore_the_order_of_links(pairs: set[tuple[int, int]], shuffler: random.Random) -> None:
    table = links(pairs)
    order = list(range(table.num_rows))
    shuffler.shuffle(order)
    shuffled = table.take(pa.array(order, pa.int64()))
    both = peers(bipartite(table, ACCOUNTS)), peers(bipartite(shuffled, ACCOUNTS))
    for (name, before), (_, after) in zip(*both, strict=True):
        assert np.array_equal(before, after), name


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_setting_of_a_peer_labels_every_account_and_repeats(peer: Peer) -> None:
    graph = bipartite(links(two_kinds(10, 5, 20)), 75)  # five accounts have no links
    try:
        found = list(peer.clusterings(graph))
    except NotRun as reason:
        pytest.skip(str(reason))
    assert len({setting for setting, _ in found}) == len(found)
    for (setting, labels), (_, again) in zip(found, peer.clusterings(graph), strict=True):
        assert labels.shape == (75,)
        assert np.array_equal(labels, again), setting
        assert not any((labels[a] == np.delete(labels, a)).any() and labels[a] >= 0 for a in range(70, 75)), setting


@pytest.mark.parametrize("name", sorted(set(BY_NAME) - {"Splink"}))
def test_every_peer_finds_groups_that_are_easy(name: str) -> None:
    graph = bipartite(links({(a, 10 * (a // 6) + e) for a in range(30) for e in range(6)}), 30)
    truth = np.arange(30) // 6
    same = {
        setting: all(len(set(labels[truth == g])) == 1 for g in range(5)) and len(set(labels.tolist())) == 5
        for setting, labels in BY_NAME[name].clusterings(graph)
    }
    assert any(same.values()) or name == "FRAUDAR-like blocks"  # equal blocks are one dense graph


def test_projected_louvain_tries_larger_caps_until_they_change_nothing_or_do_not_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    projected = BY_NAME["projected Louvain"].clusterings
    few = bipartite(links({(a, a // 6) for a in range(12)}), 12)
    assert [name for name, _ in projected(few)] == ["degree <= 50, resolution 1", "degree <= 50, resolution 4"]
    crowd = bipartite(links({(a, 0) for a in range(60)} | {(a, 1) for a in range(3)}), 60)
    assert [name for name, _ in projected(crowd)][2:] == ["degree <= 200, resolution 1", "degree <= 200, resolution 4"]
    monkeypatch.setattr(partitions, "MAX_PROJECTED", 100)
    assert [name for name, _ in projected(crowd)] == ["degree <= 50, resolution 1", "degree <= 50, resolution 4"]
    monkeypatch.setattr(partitions, "MAX_PROJECTED", 8)
    with pytest.raises(NotRun, match=r"^the projection has a sum of d\^2 of 9, more than 8$"):
        list(projected(crowd))


def test_more_resolution_gives_more_communities() -> None:
    graph = bipartite(links(two_kinds(20, 5, 40)), 140)
    for name in ("Leiden, plain", "Louvain, rarity weights"):
        counts = {setting: len(set(labels.tolist())) for setting, labels in BY_NAME[name].clusterings(graph)}
        assert next(iter(counts)) == "resolution 1"
        assert counts["resolution 0.5"] <= counts["resolution 1"] <= counts["resolution 16"]
        assert len(counts) == len(catalogue.RESOLUTIONS)
