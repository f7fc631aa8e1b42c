from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Any

import pyarrow as pa
import pytest

from linkage.engines.duckdb import DuckDBEngine
from linkage.model import MOMENTS, STOPS, TAKES
from linkage.sources.takes import make_takes

SECOND, PAUSE, HOUR = 1_000_000, 900, 3_600
Event = tuple[int, int, int, int | None]  # account, entity, second, status


def made(engine: DuckDBEngine, events: list[Event]) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of stops and takes, times in seconds, from the events beside refusals."""
    refused = {(e, t // PAUSE + q) for _, e, t, s in events if s for q in (-1, 0, 1)}
    beside = [(a, e, t * SECOND, s) for a, e, t, s in events if (e, t // PAUSE) in refused]
    engine.load("beside_refusals", pa.Table.from_pylist([dict(zip(MOMENTS.names, e, strict=True)) for e in beside],
                                                        schema=MOMENTS))  # fmt: skip
    make_takes(engine)
    found = {}
    for name, schema in (("stops", STOPS), ("takes", TAKES)):
        assert engine.fetch(name).cast(schema).schema.equals(schema)
        rows = engine.fetch(f"SELECT {', '.join(schema.names)} FROM {name} ORDER BY ALL").to_pylist()
        times = ("time", "next", "stopped", "taken")
        found[name] = [tuple(v // SECOND if v and k in times else v for k, v in row.items()) for row in rows]
    return found


def drawn(seed: int) -> list[Event]:
    dice = random.Random(seed)
    events: set[Event] = set()
    for _ in range(dice.randint(20, 300)):
        a, e, t = dice.randrange(6), dice.randrange(4), dice.randrange(12 * HOUR)
        events |= {(a, e, t + i * dice.choice((1, 300, 900, 901)), None) for i in range(dice.randint(1, 3))}
        if dice.random() < 0.3:
            events.add((a, e, t + dice.choice((1, 500, 1000)), dice.choice((403, 429))))
    once = {event[:3]: event for event in sorted(events, key=str)}  # one answer a moment
    return list(once.values())


def slowly(events: list[Event]) -> tuple[set[Any], set[Any]]:
    """Stops (without the next success) and takes with what bounds their chance, event by event, by the docstring."""
    of: dict[tuple[int, int], list[tuple[int, int | None]]] = defaultdict(list)
    for a, e, t, s in events:
        of[a, e].append((t, s))
    starts, stops = defaultdict(list), set()
    for (a, e), line in of.items():
        line.sort(key=lambda moment: moment[0])
        before: tuple[int, int | None] | None = None
        for t, s in line:
            if before is None or t - before[0] > PAUSE:
                starts[e].append((t, a))
            if s and (before is None or before[1] is None or t - before[0] > PAUSE):
                stops.add((a, e, t, s))
            before = (t, s)
    takes = set()
    for a, e, t, s in stops:
        after = min(((time, who) for time, who in starts[e] if time > t), default=None)
        back = min((time for time, status in of[a, e] if time > t and not status), default=None)
        if after and after[1] != a and after[0] - t <= PAUSE and (back is None or back > after[0]):
            near = sum(who != a and 0 <= time // PAUSE - t // PAUSE <= 1 for time, who in starts[e])
            takes.add((a, e, s, t, after[1], after[0], max((near - 1) / 3, near / 7) * (after[0] - t) / HOUR))
    return stops, takes


@pytest.mark.parametrize("seed", range(10))
def test_stops_and_likely_takes_against_going_event_by_event(engine: DuckDBEngine, seed: int) -> None:
    events = drawn(seed)
    stops, takes = slowly(events)
    found = made(engine, events)
    assert {row[:4] for row in found["stops"]} == stops
    soon = {row for row in takes if row[6] <= 0.010050335853501}  # -ln 0.99
    stopped, counted = Counter(row[1] for row in stops), Counter(row[1] for row in soon)
    assert set(found["takes"]) == {row[:6] for row in soon if 0.01 * stopped[row[1]] <= 0.1 * counted[row[1]]}
    assert len(found["takes"]) == len(set(found["takes"]))


def test_the_worlds_drawn_show_takes_kept_and_left_out(engine: DuckDBEngine) -> None:
    kept = sum(len(made(engine, drawn(seed))["takes"]) for seed in range(10))
    every = sum(len(slowly(drawn(seed))[1]) for seed in range(10))
    assert 0 < kept < every


def test_what_a_crowd_starts_all_the_time_is_taken_up_by_nobody(engine: DuckDBEngine) -> None:
    handed: list[Event] = [(0, 0, 1_000, None), (0, 0, 1_100, 429), (1, 0, 1_112, None)]
    assert made(engine, handed)["takes"] == [(0, 0, 429, 1_100, 1, 1_112)]
    crowd: list[Event] = [(2 + i, 0, 1_000 + 10 * i, None) for i in range(60)]
    assert made(engine, [*handed, *crowd])["takes"] == []
