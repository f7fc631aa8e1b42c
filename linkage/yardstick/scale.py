"""The bench of size: linkage, the floor and peers on one world at three sizes, each in a process of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from linkage import pipeline
from linkage.evaluation import evaluate
from linkage.simulator import Preset, WorldSpec, simulate
from linkage.simulator.presets import usual_accounts
from linkage.yardstick.afternoon import duckdb_igraph, pandas_louvain, splink
from linkage.yardstick.floor import COUNTED, floor
from linkage.yardstick.races import AFTERWARDS, Limits, Race, Task, Tell, race
from linkage.yardstick.results import OPERATOR, SUSPECT

PRESET, SEED = Preset.SEED_SCALE, 7
SIZES = {"1/16": 16, "1/4": 4, "1": 1}  # parts of the preset's own size
LINKAGE, FLOOR = "linkage", "floor"
KEPT = "scale.json"
Told = Callable[[str], None]


def engine(world: Path, tell: Tell) -> dict[str, Any]:
    """The whole run with the world's own settings; its stages as the manifest has them."""
    run = pipeline.run(world / "linkage.toml", lambda stage, step: tell(stage) if stage else None)
    tell(AFTERWARDS)
    lines = evaluate(run, world / "truth.parquet").lines
    f1 = next(line.score.f1 for line in lines if (line.level, line.rings) == (OPERATOR, SUSPECT))
    stages = json.loads((run / "manifest.json").read_text("utf-8"))["stages"]
    shutil.rmtree(run)
    (run.parent / "latest").unlink()
    return {"f1": f1, "stages": {stage["name"]: stage for stage in stages}}


CONTENDERS: dict[str, Task] = {
    LINKAGE: engine, FLOOR: floor, "DuckDB + igraph": duckdb_igraph, "pandas + networkx Louvain": pandas_louvain,
    "Splink 5 on DuckDB": splink,
}  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """What was measured: by size, by contender. A contender that was stopped is not tried at larger sizes."""

    races: Mapping[str, Mapping[str, Race]]

    @property
    def sizes(self) -> list[str]:
        """From the smallest on."""
        return list(self.races)

    @property
    def whole(self) -> bool:
        """Whether all sizes and all contenders are in it; who was stopped need not be tried on more."""
        stopped: set[str] = set()
        for size in SIZES:
            races = self.races.get(size, {})
            stopped |= {name for name, race in races.items() if race.stopped}
            if set(races) | stopped != set(CONTENDERS):
                return False
        return True

    def seconds(self, size: str, name: str) -> float | None:
        """Of the contender at the size; None where it did not end. Of the floor only what no other can do without."""
        found = self.races[size].get(name)
        if found is None or found.stopped:
            return None
        if name == FLOOR:
            return sum(found.steps[step] for step in COUNTED)
        return found.seconds


def by_processors(found: Scale) -> Scale:
    """The same in seconds that processors worked, where a machine has other work too."""
    return Scale({
        size: {name: replace(race, steps=race.worked) for name, race in races.items()}
        for size, races in found.races.items()
    })  # fmt: skip


def measure(folder: Path, sizes: Iterable[str], names: Iterable[str], limits: Limits, tell: Told) -> Scale:
    """Let the contenders ``names`` race on the worlds of ``sizes``, which are simulated in ``folder`` where missing.

    What was measured is kept in ``folder``, race by race (:func:`kept`).

    Raises:
        StorageFault: there is no room for a world.
    """
    races: dict[str, dict[str, Race]] = {}
    stopped: set[str] = set()
    for size in sizes:
        world = _world(folder, size, tell)
        races[size] = {}
        for name in names:
            if name in stopped:
                continue
            found = races[size][name] = race(CONTENDERS[name], world, limits)
            shutil.rmtree(world / "spilled", ignore_errors=True)
            stopped |= {name} if found.stopped else set()
            _keep(folder, size, name, found)
            tell(f"{size}: {name}: {found.seconds:,.1f} s, {found.peak / 1e9:.2f} GB {found.stopped}")
    return Scale(races)


def kept(folder: Path) -> Scale:
    """What was last measured in ``folder`` of each contender at each size, in the order of both."""
    told = _read(folder / KEPT)
    return Scale({
        size: {name: Race(**told[size][name]) for name in CONTENDERS if name in told[size]}
        for size in SIZES if size in told
    })  # fmt: skip


def _keep(folder: Path, size: str, name: str, found: Race) -> None:
    told = _read(folder / KEPT)
    told.setdefault(size, {})[name] = asdict(found)
    (folder / KEPT).write_text(json.dumps(told, indent=1), encoding="utf-8")


def _read(path: Path) -> dict[str, dict[str, Any]]:
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def _world(folder: Path, size: str, tell: Told) -> Path:
    world = folder / f"scale-{SIZES[size]}"
    told = world / "world.json"
    if not told.is_file() or "rows" not in json.loads(told.read_text("utf-8")):
        tell(f"{size}: simulating {world}")
        simulate(world, WorldSpec(usual_accounts(PRESET) // SIZES[size], SEED, preset=PRESET), replace=told.is_file())
    return world
