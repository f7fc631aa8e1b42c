"""Hand-offs in plain words, against a table made by hand."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage import model
from linkage.reports.hand_offs import between, told, within
from linkage.reports.run import Run, open_run
from tests.small_run import ALL, ANSI, ENTITIES, EVIL_TEMPLATE, RING_IDS, A, B

START = datetime(2026, 4, 3, 4, 32, 11, tzinfo=UTC)
TEMPLATE, EVIL = ENTITIES.index(("prompt_template", "tpl-1")), ENTITIES.index(("prompt_template", EVIL_TEMPLATE))


def case(giver: str, taker: str, seconds: int, **more: Any) -> dict[str, Any]:
    """A row of the table."""
    row = {"entity": 0, "giver": ALL.index(giver), "taker": ALL.index(taker), "thing": TEMPLATE, "status": 429,
           "stopped": START, "taken": START + timedelta(seconds=seconds), "chance": 0.001}
    return row | more


@pytest.fixture(scope="module")
def handed(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run with five hand-offs: four inside ring A, one into ring B."""
    copy = Path(shutil.copytree(run.path, tmp_path_factory.mktemp("handed") / "run"))
    rows = [
        case(A[8], A[9], 12), case(A[9], A[8], 300, status=403, chance=0.0), case(A[8], ANSI, 60, thing=EVIL),
        case(A[10], A[11], 10, status=418), case(A[8], B[0], 5),
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, model.HAND_OFFS), copy / "2-graph/hand_offs.parquet")
    return open_run(copy)


def test_a_run_without_the_table_has_none(run: Run) -> None:
    assert within(run.store, 0).empty
    assert told(within(run.store, 0)) == []
    assert run.ring(RING_IDS[0]).card().notes["hand_offs"] == []


def test_those_within_a_ring_soonest_first(handed: Run) -> None:
    end = "2026-04-03 04:32:11 UTC; chance has a start so soon once in 1,000 such stops."
    assert handed.ring(RING_IDS[0]).card().notes["hand_offs"] == [
        "4 times one of 5 accounts took up what another was stopped at, half of these within 36 s; the soonest:",
        f"{A[11]} took up the prompt template tpl-1 10 s after {A[10]}'s refusal (418), {end}",
        f"{A[9]} took up the prompt template tpl-1 12 s after {A[8]}'s limit (429), {end}",
        rf"\x1b[31mred\x1b[0m took up the prompt template {EVIL_TEMPLATE} 60 s after {A[8]}'s limit (429), {end}",
    ]
    assert handed.ring(RING_IDS[1]).card().notes["hand_offs"] == []


def test_those_between_two_accounts_both_ways(handed: Run) -> None:
    pair = handed.why(A[8], A[9])
    assert len(between(handed.store, pair.a.number, pair.b.number)) == 2
    assert pair.hand_offs == handed.why(A[9], A[8]).hand_offs
    assert pair.hand_offs[1] == (
        f"{A[8]} took up the prompt template tpl-1 5 minutes after {A[9]}'s ban (403), 2026-04-03 04:32:11 UTC; chance "
        "has a start so soon next to never."
    )
    assert pair.card().notes["hand_offs"] == pair.hand_offs
    assert handed.why(A[8], B[1]).hand_offs == []
    assert len(handed.why(A[8], B[0]).hand_offs) == 1
