from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage import model
from linkage.errors import NotFound
from linkage.model import AccountGraph, Verdict
from linkage.reports.store import Store
from linkage.validation import framing as module
from linkage.validation.framing import BUDGET, best_values, frame, planted
from linkage.validation.rerun import open_case
from tests.rings.graphs import CONTENT, DEVICE, PAYMENT, graph_of

FORGEABLE = {"device", "hand_off", "prompt_template"}


def quiet(done: int, total: int) -> None:
    pass


def test_planting_adds_links_and_takes_none_away() -> None:
    graph = graph_of(5, [(PAYMENT, [(0, 0), (1, 1)]), (DEVICE, [(0, 0), (1, 1)]), (CONTENT, [(2, 4), (3, 9)])])
    device, content = graph.kinds[1].entities, graph.kinds[2].entities
    links = pd.DataFrame(
        [(4, "device", device[1]), (4, "prompt_template", content[0]), (2, "prompt_template", content[0])],
        columns=["account", "kind", "entity"],
    )
    after = planted(graph, links)
    assert after.kinds[0].matrix.toarray().tolist() == graph.kinds[0].matrix.toarray().tolist()
    assert (after.kinds[1].matrix - graph.kinds[1].matrix).nonzero() == (np.array([4]), np.array([1]))
    content = after.kinds[2].matrix.toarray().tolist()
    assert content == [[0, 0], [0, 0], [1, 0], [0, 1], [1, 0]], "a use twice is one link"


def test_planting_is_the_last_thing_that_happens() -> None:
    """What an account used before keeps its time, whatever is planted on it besides."""
    graph = graph_of(5, [(DEVICE, [(0, 0), (1, 1), (1, 0)])])
    device = graph.kinds[0]
    seen, uses = device.matrix.copy(), device.matrix.copy()
    seen.data[:] = [3, 4, 9]
    graph = replace(graph, kinds=(replace(device, seen=seen, uses=uses),))
    links = pd.DataFrame([(0, "device", 0), (0, "device", 1), (4, "device", 0)], columns=["account", "kind", "entity"])
    after = planted(graph, links).kinds[0]
    assert after.seen is not None
    assert after.seen.toarray().tolist() == [[3, 9], [4, 9], [0, 0], [0, 0], [9, 0]]
    assert after.uses is not None
    assert after.uses.toarray().tolist() == [[2, 1], [1, 1], [0, 0], [0, 0], [1, 0]]


def test_the_attacker_plants_the_strongest_forgeable_values_of_one_ring(published: Path) -> None:
    case = open_case(published)
    profiles = pq.read_table(published / "4-rings/profiles.parquet").to_pandas()
    rings = pq.read_table(published / "4-rings/rings.parquet").to_pandas()
    suspect = set(rings.loc[rings["verdict"] == "suspect", "ring"])
    stock = best_values(case.graph, Store(case.folder))
    assert 0 < len(stock) <= len(suspect)
    strengths = []
    for values in stock:
        assert len(values) <= BUDGET
        assert set(values["kind"]) <= FORGEABLE
        found = profiles.merge(values, on=["kind", "entity"])
        of_ring = [r for r in suspect if (found["ring"] == r).sum() == len(values)]
        assert of_ring
        gains = (found["bits_in"] - found["bits_out"])[found["ring"].isin(of_ring)].groupby(found["ring"]).sum()
        strengths.append(float(gains.max()))
    assert strengths == sorted(strengths, reverse=True)


def test_victims_are_counted_by_what_became_of_them(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = open_case(published)
    rings = len(best_values(case.graph, Store(case.folder)))
    named = pq.read_table(published / "4-rings/members.parquet").to_pandas().merge(
        pq.read_table(published / "4-rings/rings.parquet").to_pandas()[["ring", "verdict"]], on="ring"
    )  # fmt: skip
    suspects = set(named.loc[named["verdict"] == "suspect", "account"])
    victims: list[int] = []
    watched: list[bool] = []

    def answer(graph: AccountGraph, method: object) -> dict[str, pa.Table]:
        grown = np.sum([b.breadth - a.breadth for a, b in zip(case.graph.kinds, graph.kinds, strict=True)], axis=0)
        batch = np.flatnonzero(grown > 0)
        assert len(batch) <= rings
        assert grown.max() <= BUDGET
        victims.extend(batch.tolist())
        return tables(batch)

    def tables(batch: np.ndarray) -> dict[str, pa.Table]:
        verdicts = [str(Verdict.SUSPECT), str(Verdict.HOUSEHOLD)]
        listed = pd.DataFrame({"ring": [0, 1], "verdict": verdicts}).reindex(columns=model.RING_LIST.names)
        members = pd.DataFrame({"account": batch[:2], "ring": [0, 1][: len(batch)], "role": "core", "plantable": True})
        if watched:
            members = members.assign(role="bystander")
        beside = pd.DataFrame({"account": batch[1:2], "ring": 0, "role": "bystander"})
        return {name: pa.Table.from_pandas(table, preserve_index=False)
                for name, table in (("rings", listed), ("members", members), ("affiliations", beside))}  # fmt: skip

    monkeypatch.setattr(module, "rings_of", answer)
    found = frame(case, 2 * rings, 3, (), quiet)
    assert (found.victims, found.batches, found.rings) == (2 * rings, 2, rings)
    assert found.kinds == sorted(k.kind.name for k in case.graph.kinds if k.kind.forgeable)
    assert len(set(victims)) == 2 * rings
    assert not set(victims) & suspects
    assert (found.caught, found.roles) == (2, {"core": 2})
    assert (found.unmarked, found.unmarked_upper) == (0, module.upper_limit(0, 2 * rings))
    assert (found.elsewhere, found.affiliated) == ((2, 2) if rings > 1 else (0, 0))
    watched.append(True)
    found = frame(case, 2 * rings, 3, (), quiet)
    assert (found.caught, found.roles) == (0, {"bystander": 2}), "listed, and not accused"


def test_accounts_of_operators_are_spared(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The truth names all accounts but ten that no ring has: they alone are framed."""
    case = open_case(published)
    chosen: list[int] = []
    monkeypatch.setattr(module, "rings_of", lambda graph, method: {})
    monkeypatch.setattr(module, "count_roles", lambda tables, batch, counts, roles: chosen.extend(batch.tolist()))
    frame(case, 10, 3, (), quiet)
    first, names = sorted(chosen), pq.read_table(published / "1-sources/accounts.parquet").to_pandas()
    chosen.clear()
    frame(case, 50, 8, names.loc[~names["account"].isin(first), "account_id"].tolist(), quiet)
    assert sorted(chosen) == first


def test_planted_values_accuse_nobody(published: Path) -> None:
    case = open_case(published)
    found = frame(case, 20, 5, (), quiet)
    assert found.planted > 10
    assert found.roles.keys() <= {"bystander"}
    assert (found.caught, found.unmarked) == (0, 0)
    accused = replace(case, method=case.method.model_copy(update={"plantable": "member"}))
    found = frame(accused, 20, 5, (), quiet)
    assert found.caught > 0
    assert found.unmarked == 0


def test_without_suspect_rings_nobody_can_be_framed(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "best_values", lambda graph, store: [])
    with pytest.raises(NotFound, match=r"nobody can be framed\. Choose a run with suspect rings\."):
        frame(open_case(published), 5, 1, (), quiet)


def test_none_of_200_is_at_most_one_and_a_half_per_cent() -> None:
    assert module.upper_limit(0, 200) == pytest.approx(0.0149, abs=5e-5)
