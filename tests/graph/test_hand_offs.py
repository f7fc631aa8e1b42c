from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from linkage.config import EngineSettings, parse_config
from linkage.engines.duckdb import DuckDBEngine
from linkage.graph import mint_timing
from linkage.model import ENTITIES, HAND_OFFS, OBSERVATIONS, Kind
from linkage.sources import read_sources

Event = tuple[str, str, int, int]  # account, template, second, status
MIDNIGHT = datetime(2026, 4, 1, tzinfo=UTC)
PAUSE, HOUR = 900, 3_600


def minted(folder: Path, events: list[Event], threads: int = 2, **sections: Any) -> dict[str, pd.DataFrame]:
    """Tables of a log of exchanges after the stage made what times show; ``kinds`` are those that came up."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{a},{e},{(MIDNIGHT + timedelta(seconds=t)).isoformat()},{s}" for a, e, t, s in events]
    (folder / "log.csv").write_text("\n".join(["account,template,ts,status", *lines]) + "\n")
    source = {"path": "log.csv", "account": "account", "time": "ts", "status": "status",
              "entities": {"template": "prompt_template"}}  # fmt: skip
    config = parse_config({"sources": {"log": source}, **sections}, "linkage.toml")
    engine = DuckDBEngine(EngineSettings.model_validate({"threads": threads}), folder / "work")
    try:
        read_sources(engine, config, folder / "linkage.toml")
        kinds = mint_timing(engine)
        assert kinds in ((), (Kind("hand_off", "timing", forgeable=True),))
        for name, schema in (("hand_offs", HAND_OFFS), ("entities", ENTITIES), ("observations", OBSERVATIONS)):
            assert engine.fetch(name).schema.equals(schema), name
        names = ("hand_offs", "entities", "observations", "accounts")
        tables = {name: engine.fetch(name).to_pandas() for name in names}
        return {**tables, "kinds": pd.DataFrame({"kind": [k.name for k in kinds]})}
    finally:
        engine.close()


def told(tables: dict[str, pd.DataFrame]) -> set[tuple[str, str, str, int, int, float]]:
    """Giver, taker, template, seconds of stop and start, and chance of each hand-off."""
    ids = tables["accounts"]["account_id"]
    names = tables["entities"].set_index("entity")["value"]
    rows = tables["hand_offs"]
    return {
        (ids[r.giver], ids[r.taker], names[r.thing], int((r.stopped - MIDNIGHT).total_seconds()),
         int((r.taken - MIDNIGHT).total_seconds()), r.chance)
        for r in rows.itertuples()
    }  # fmt: skip


# The oracle: the docstring of mint_hand_offs, event by event


def slow_starts(events: list[Event]) -> dict[str, list[tuple[int, str]]]:
    uses: dict[tuple[str, str], list[int]] = defaultdict(list)
    for a, e, t, _ in events:
        uses[a, e].append(t)
    starts: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for (a, e), times in uses.items():
        times.sort()
        starts[e] += [(t, a) for i, t in enumerate(times) if i == 0 or t - times[i - 1] > PAUSE]
    return {e: sorted(found) for e, found in starts.items()}


def slow_stops(events: list[Event]) -> list[tuple[str, str, int, int | None]]:
    moments: dict[tuple[str, str], dict[int, bool]] = defaultdict(dict)
    for a, e, t, s in events:
        moments[a, e][t] = moments[a, e].get(t, False) or s in (429, 403)
    stops = []
    for (a, e), refused in moments.items():
        line = sorted(refused)
        for i, t in enumerate(line):
            new = i == 0 or not refused[line[i - 1]] or t - line[i - 1] > PAUSE
            if refused[t] and new:
                stops.append((a, e, t, next((x for x in line[i + 1 :] if not refused[x]), None)))
    return stops


def slow_hand_offs(events: list[Event]) -> set[tuple[str, str, str, int, int, float]]:
    starts, stops = slow_starts(events), slow_stops(events)
    soon = []
    for a, e, t, back in stops:
        after = [(time, who) for time, who in starts[e] if time > t]
        if not after or after[0][1] == a or after[0][0] - t > PAUSE or (back is not None and back <= after[0][0]):
            continue
        taken, taker = after[0]
        off = [abs(time // HOUR - t // HOUR) for time, who in starts[e] if who != a]
        near = {h: sum(o <= h for o in off) for h in (1, 3, 12)}
        rate = max((near[1] - 1) / 3, near[3] / 7, near[12] / 25)
        chance = 1 - math.exp(-rate * (taken - t) / HOUR)
        if chance <= 0.01:
            soon.append((a, taker, e, t, taken, chance))
    stopped, found = Counter(e for _, e, _, _ in stops), Counter(row[2] for row in soon)
    kept = [row for row in soon if 0.01 * stopped[row[2]] <= 0.1 * found[row[2]]]
    best: dict[tuple[str, str, int], Any] = {}
    for row in sorted(kept, key=lambda r: (r[5], r[2])):
        best.setdefault((row[0], row[1], row[4]), row)
    return {(*row[:5], round(row[5], 6)) for row in best.values()}


def random_events(seed: int) -> list[Event]:
    """Sessions of a few accounts over two days, some of them stopped, and hand-offs between pairs of them."""
    dice = random.Random(seed)
    accounts, templates = [f"a{i}" for i in range(8)], [f"t{i}" for i in range(dice.randint(1, 12))]
    events: list[Event] = []
    for _ in range(dice.randint(10, 120)):
        a, e, t = dice.choice(accounts), dice.choice(templates), dice.randrange(2 * 86_400)
        for _ in range(dice.randint(1, 4)):
            events.append((a, e, t, 200))
            t += dice.choice((0, 1, 30, 300, 900, 901))
        if dice.random() < 0.5:
            events += [(a, e, t + i * dice.choice((1, 20, 900, 901)), dice.choice((429, 403))) for i in range(2)]
            events.append((dice.choice(accounts), e, t + dice.choice((1, 5, 60, 500, 900, 901)), 200))
    return events


@pytest.mark.parametrize("seed", range(12))
def test_hand_offs_against_counting_event_by_event(tmp_path: Path, seed: int) -> None:
    events = random_events(seed)
    expected = slow_hand_offs(events)
    assert told(minted(tmp_path, events)) == expected
    assert seed != 3 or len(expected) > 2, "the worlds show too little"


def test_order_of_rows_and_threads_change_nothing(tmp_path: Path) -> None:
    events = random_events(1)
    tables = [
        minted(tmp_path / str(n), random.Random(n).sample(events, len(events)), threads=n) for n in (1, 2, 4)
    ]
    for name in ("hand_offs", "entities"):
        assert all(table[name].equals(tables[0][name]) for table in tables)


# By hand


def handed(gap: int = 12, status: int = 429) -> list[Event]:
    return [("a", "t", 0, 200), ("a", "t", 100, status), ("b", "t", 100 + gap, 200), ("c", "u", 50, 200)]


def test_a_hand_off_joins_giver_and_taker_in_an_entity_of_the_giver(tmp_path: Path) -> None:
    tables = minted(tmp_path, handed())
    assert told(tables) == {("a", "b", "t", 100, 112, round(1 - math.exp(-12 / 3600 / 7), 6))}
    assert tables["entities"][["entity", "kind", "value"]].values.tolist()[-1] == [2, "hand_off", "after a"]
    uses = tables["observations"]
    assert uses[uses["entity"] == 2][["account", "n"]].values.tolist() == [[0, 1], [1, 1]]
    assert tables["kinds"]["kind"].tolist() == ["hand_off"]


def test_all_who_take_up_an_account_meet_in_one_entity_and_are_counted(tmp_path: Path) -> None:
    events = [e for day in range(3) for e in [*handed()[:2], ("bcb"[day], "t", 112, 200)]]
    late = [(a, e, t + 86_400 * (i // 3), s) for i, (a, e, t, s) in enumerate(events)]
    tables = minted(tmp_path, late)
    uses = tables["observations"]
    assert uses[uses["entity"] == 1][["account", "n"]].values.tolist() == [[0, 3], [1, 2], [2, 1]]


@pytest.mark.parametrize("status", [429, 403])
def test_a_limit_and_a_ban_are_stops_and_other_answers_are_none(tmp_path: Path, status: int) -> None:
    assert minted(tmp_path / "yes", handed(status=status))["hand_offs"]["status"].tolist() == [status]
    assert told(minted(tmp_path / "no", handed(status=500))) == set()


def test_who_comes_back_first_has_handed_nothing_on(tmp_path: Path) -> None:
    assert told(minted(tmp_path / "before", [*handed(), ("a", "t", 105, 200)])) == set()
    assert told(minted(tmp_path / "after", [*handed(), ("a", "t", 113, 200)])) != set()
    assert told(minted(tmp_path / "refused", [*handed(), ("a", "t", 105, 429)])) != set()


def test_who_was_at_it_already_takes_nothing_up(tmp_path: Path) -> None:
    assert told(minted(tmp_path, [*handed(), ("b", "t", 20, 200)])) == set()


def test_what_everybody_uses_hands_nothing_on(tmp_path: Path) -> None:
    crowd = [(f"x{i}", "t", 3_000 * (i % 29) + i, 200) for i in range(400)]
    assert told(minted(tmp_path, [*handed(), *crowd])) == set()


def test_what_chance_gives_many_stops_is_no_hand_off(tmp_path: Path) -> None:
    refused = [("a", "t", 86_400 * day, 429) for day in range(1, 11)]
    assert len(told(minted(tmp_path / "ten", [*handed(), *refused[:9]]))) == 1
    assert told(minted(tmp_path / "eleven", [*handed(), *refused])) == set()


def test_settings_say_whether_and_in_which_kinds(tmp_path: Path) -> None:
    assert told(minted(tmp_path / "off", handed(), method={"timing": {"hand_off": False}})) == set()
    never = {"prompt_template": {"hand_off": False}}
    tables = minted(tmp_path / "kind", handed(), kinds=never)
    assert told(tables) == set()
    assert tables["kinds"].empty
    assert len(tables["entities"]) == 2
