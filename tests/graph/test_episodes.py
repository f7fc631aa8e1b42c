from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.config import EngineSettings
from linkage.engines.duckdb import DuckDBEngine
from linkage.graph.episodes import cut_episodes
from linkage.model import DAY, DAYS, ENTITIES, EPISODES, OBSERVATIONS

Use = tuple[int, int, float, float, int]  # account, entity, first and last day (0: 1 April 2026), events
Link = tuple[str, int, float, float, int]  # name of the episode, account, first and last day, events
APRIL = datetime(2026, 4, 1, tzinfo=UTC)
MICROS = int(APRIL.timestamp()) * 1_000_000
HOLD, REST = 14, 3  # days


def cut(uses: list[Use], undated: tuple[tuple[int, int], ...] = (), threads: int = 2) -> list[Link]:
    """The observations after cutting, by name; beside the leased addresses there is a device that nothing cuts."""
    addresses = 1 + max([use[1] for use in uses] + [entity for _, entity in undated])
    with TemporaryDirectory() as folder:
        engine = DuckDBEngine(EngineSettings.model_validate({"threads": threads}), Path(folder) / "work")
        try:
            load(engine, addresses, uses, undated)
            cut_episodes(engine)
            assert engine.fetch("episodes").schema.equals(EPISODES)
            assert engine.fetch("entities").schema.equals(ENTITIES)
            assert engine.fetch("observations").schema.equals(OBSERVATIONS)
            numbers = engine.fetch("entities")["entity"].to_pylist()
            assert numbers == list(range(len(numbers)))
            links = engine.fetch("SELECT * FROM observations JOIN entities USING (entity)").to_pylist()
        finally:
            engine.close()
    assert [(r["account"], r["n"]) for r in links if r["value"] == "device"] == [(0, 7)]
    assert all(r["context"] == "vpn" for r in links if r["value"] != "device")
    told = [(r["value"], r["account"], *(day_of(r[c]) for c in ("first_seen", "last_seen")), r["n"]) for r in links]
    return sorted(row for row in told if row[0] != "device")


def load(engine: DuckDBEngine, addresses: int, uses: list[Use], undated: tuple[tuple[int, int], ...]) -> None:
    names = [f"192.0.2.{e}" for e in range(addresses)] + ["device"]
    kinds, contexts = ["ip"] * addresses + ["device"], ["vpn"] * addresses + [None]
    columns = {"entity": range(addresses + 1), "kind": kinds, "value": names, "context": contexts}
    engine.load("entities", pa.table(columns, schema=ENTITIES))
    days: list[tuple[int | None, ...]] = [(a, e, micros(f), micros(t), n) for a, e, f, t, n in uses]
    days += [(a, e, None, None, 1) for a, e in undated]
    engine.load("days", filled(DAYS, days))
    pairs: dict[tuple[int, int], list[tuple[float, float, int]]] = defaultdict(list)
    for a, e, f, t, n in uses:
        pairs[a, e].append((f, t, n))
    seen = [
        (a, e, min(micros(f) for f, _, _ in of), max(micros(t) for _, t, _ in of), sum(n for _, _, n in of))
        for (a, e), of in pairs.items()
    ]
    plain = [(a, e, None, None, 1) for a, e in undated if (a, e) not in pairs]
    engine.load("observations", filled(OBSERVATIONS, [*seen, *plain, (0, addresses, None, None, 7)]))


def filled(schema: pa.Schema, rows: list[tuple[int | None, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    made = [
        pa.array(column, pa.int64()).cast(field.type) for column, field in zip(columns, schema, strict=True)
    ]
    return pa.table(made, schema=schema)


def micros(day: float) -> int:
    return MICROS + int(day * DAY)


def day_of(time: datetime | None) -> float:
    return -1.0 if time is None else (time - APRIL) / timedelta(days=1)


# The oracle: the docstring of cut_episodes, use by use


def slow_holds(uses: list[Use]) -> dict[int, list[Use]]:
    """By entity: one row for each account's uses between absences of more than 14 days."""
    holds: dict[int, list[Use]] = defaultdict(list)
    for a, e in sorted({(a, e) for a, e, *_ in uses}):
        running: Use | None = None
        for _, _, first, last, n in sorted(use for use in uses if use[:2] == (a, e)):
            if running and first - running[3] <= HOLD:
                running = (a, e, running[2], max(running[3], last), running[4] + n)
            else:
                holds[e] += [running] if running else []
                running = (a, e, first, last, n)
        assert running
        holds[e].append(running)
    return holds


def slow_cut(uses: list[Use]) -> list[Link]:
    links: list[Link] = []
    for e, holds in slow_holds(uses).items():
        blocks: list[list[Use]] = []
        for hold in sorted(holds, key=lambda h: h[2]):
            if blocks and hold[2] - max(h[3] for h in blocks[-1]) <= REST:
                blocks[-1].append(hold)
            else:
                blocks.append([hold])
        whole = len({h[0] for h in holds}) < 2 or len(blocks) < 2
        for block in [holds] if whole else blocks:
            first, last = min(h[2] for h in block), max(h[3] for h in block)
            days = f" ({APRIL + timedelta(days=first):%Y-%m-%d} to {APRIL + timedelta(days=last):%Y-%m-%d})"
            for a in {h[0] for h in block}:
                mine = [h for h in block if h[0] == a]
                times = min(h[2] for h in mine), max(h[3] for h in mine)
                links.append((f"192.0.2.{e}{'' if whole else days}", a, *times, sum(h[4] for h in mine)))
    return sorted(links)


quarters = st.integers(0, 4 * 60).map(lambda n: n / 4)  # days in steps of six hours, so that limits are met exactly
one_use = st.tuples(
    st.integers(0, 3), st.integers(0, 2), quarters, st.sampled_from([0.0, 0.0, 0.25, 2.0, 20.0]), st.integers(1, 3)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(one_use, min_size=1, max_size=25))
def test_episodes_against_cutting_use_by_use(drawn: list[Use]) -> None:
    uses = [(a, e, first, first + long, n) for a, e, first, long, n in drawn]
    assert cut(uses) == slow_cut(uses)


# By hand


def test_an_address_that_moved_on_links_nobody() -> None:
    uses = [(0, 0, float(d), float(d), 1) for d in range(10)] + [(1, 0, float(d), float(d), 1) for d in range(14, 20)]
    assert cut(uses) == [
        ("192.0.2.0 (2026-04-01 to 2026-04-10)", 0, 0, 9, 10), ("192.0.2.0 (2026-04-15 to 2026-04-20)", 1, 14, 19, 6)
    ]  # fmt: skip


def test_who_comes_back_later_bridges_nothing() -> None:
    uses = [(0, 0, 0, 5, 5), (1, 0, 10, 15, 5), (0, 0, 25, 30, 5)]
    assert [(name[10:], account) for name, account, *_ in cut(uses)] == [
        ("(2026-04-01 to 2026-04-06)", 0), ("(2026-04-11 to 2026-04-16)", 1), ("(2026-04-26 to 2026-05-01)", 0)
    ]  # fmt: skip


@pytest.mark.parametrize(("away", "parts"), [(14.0, 1), (14.25, 2)])
def test_a_fortnights_absence_is_a_hold_still(away: float, parts: int) -> None:
    uses = [(0, 0, 0.0, 5.0, 1), (0, 0, 5 + away, 25.0, 1), (1, 0, 1.0, 2.0, 1)]
    assert len({name for name, *_ in cut(uses)}) == parts


@pytest.mark.parametrize(("rest", "parts"), [(3.0, 1), (3.25, 2)])
def test_three_days_rest_end_no_episode(rest: float, parts: int) -> None:
    assert len({name for name, *_ in cut([(0, 0, 0.0, 5.0, 1), (1, 0, 5 + rest, 9.0, 1)])}) == parts


def test_what_one_account_uses_and_what_is_undated_stays_whole() -> None:
    alone = [(0, 0, 0.0, 1.0, 1), (0, 0, 50.0, 51.0, 1)]
    assert [name for name, *_ in cut(alone)] == ["192.0.2.0"]
    changed = [(0, 0, 0.0, 1.0, 1), (1, 0, 50.0, 51.0, 1)]
    assert len({name for name, *_ in cut(changed)}) == 2
    assert {name for name, *_ in cut(changed, undated=((2, 0),))} == {"192.0.2.0"}


def test_threads_and_order_change_nothing() -> None:
    uses = [(a, e, float(31 * a % 100), float(31 * a % 100 + 2), 1) for a in range(12) for e in range(a % 3 + 1)]
    expected = slow_cut(uses)
    assert cut(uses, threads=1) == cut(uses[::-1], threads=3) == expected
    assert len({name for name, *_ in expected}) > 5
