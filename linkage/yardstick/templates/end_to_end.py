"""Whole runs on worlds with raw prompts, beside runs on the same worlds with a hash of each prompt's true template."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import tomlkit

from linkage import pipeline
from linkage.errors import LinkageError
from linkage.evaluation import evaluate
from linkage.simulator import Preset, simulate
from linkage.templates.ids import VARIABLE
from linkage.yardstick.races import AFTERWARDS, GIGABYTE, Limits, Task, Tell, race
from linkage.yardstick.results import ANY, OPERATOR, RING, SUSPECT
from linkage.yardstick.tables import markdown
from linkage.yardstick.templates.assigned import KEY
from linkage.yardstick.worlds import EVADE, World

PRESETS = (Preset.CAMPAIGN, Preset.MARKET, Preset.MIXED_PROXY, Preset.QUIET)
SEEDS = (2114, 2115, 2116, 2117, 2118)
ACCOUNTS = 6_000
LIMITS = Limits(seconds=1_800, memory=int(8 * GIGABYTE))
HASHES, PROMPTS = "perfect hashes", "raw prompts"
CONFIGS = {HASHES: "linkage.toml", PROMPTS: "prompts.toml"}
CATALOGUE = "prompts.catalogue"
SCORES = {"ring F1": (RING, ANY), "operator F1": (OPERATOR, ANY), "ring F1, suspects": (RING, SUSPECT),
          "operator F1, suspects": (OPERATOR, SUSPECT)}  # fmt: skip


def with_prompts(world: Path) -> Path:
    """Write prompts.toml beside a world's own config: its exchanges have raw prompts in place of hashes."""
    config = tomlkit.parse((world / CONFIGS[HASHES]).read_text("utf-8"))
    exchanges: Any = config["sources"]["exchanges"]
    del exchanges["entities"]
    exchanges.update({"prompt": "prompt", "ignore": ["model", "prompt_template_hash"]})
    config["output"]["dir"] = "runs-prompts"
    config["templates"] = {"catalogue": CATALOGUE}
    path = world / CONFIGS[PROMPTS]
    path.write_text(tomlkit.dumps(config), encoding="utf-8")
    return path


def run_hashes(world: Path, tell: Tell) -> dict[str, Any]:
    """A run with the world's own config."""
    return _run(world, HASHES, tell)


def run_prompts(world: Path, tell: Tell) -> dict[str, Any]:
    """A run on the raw prompts, with the bench's own key and a new catalogue."""
    os.environ[VARIABLE] = KEY
    (world / CATALOGUE).unlink(missing_ok=True)
    return _run(world, PROMPTS, tell)


TASKS: dict[str, Task] = {HASHES: run_hashes, PROMPTS: run_prompts}


def _run(world: Path, which: str, tell: Tell) -> dict[str, Any]:
    tell(which)
    run = pipeline.run(world / CONFIGS[which])
    tell(AFTERWARDS)
    lines = {(line.level, line.rings): line.score.f1 for line in evaluate(run, world / "truth.parquet").lines}
    return {name: lines[key] for name, key in SCORES.items()}


def worlds(presets: Iterable[Preset] = PRESETS, seeds: Iterable[int] = SEEDS, accounts: int = ACCOUNTS) -> list[World]:
    """The worlds of a comparison."""
    return [World(preset.value, EVADE, seed, accounts) for preset in presets for seed in seeds]


def compared(work: Path, chosen: Iterable[World], tell: Callable[[str], None]) -> pd.DataFrame:
    """A row for each world and each of TASKS: preset, seed, accounts, ``by``, SCORES, seconds, gigabytes.

    Raises:
        LinkageError: a run failed.
    """
    rows = []
    for world in chosen:
        folder = work / f"prompts-{world.name}"
        if not (folder / "world.json").is_file():
            tell(f"{world.name}: simulating")
            simulate(folder, replace(world.spec, prompts=True))
        with_prompts(folder)
        for by, task in TASKS.items():
            found = race(task, folder, LIMITS)
            if found.stopped:
                raise LinkageError(f"the run on {by} failed: {found.stopped}.", where=str(folder))
            rows.append({**world.fields(), "by": by, **found.figures, "seconds": found.worked[by],
                         "gigabytes": found.peak / GIGABYTE})  # fmt: skip
            tell(f"{world.name}: {by}: {found.figures}")
    return pd.DataFrame(rows)


def runs_table(found: pd.DataFrame) -> str:
    """Means by preset, of raw prompts and of perfect hashes, with the largest fall of a world by raw prompts."""
    rows = []
    for preset, part in found.groupby("preset", sort=False):
        of = {by: group.set_index("seed") for by, group in part.groupby("by")}
        fall = (of[HASHES][list(SCORES)] - of[PROMPTS][list(SCORES)]).max()
        rows.append([
            str(preset), str(len(of[HASHES])),
            *(f"{of[PROMPTS][name].mean():.3f} / {of[HASHES][name].mean():.3f} ({fall[name]:+.3f})" for name in SCORES),
            " / ".join(f"{of[by]['seconds'].mean():,.0f}" for by in (PROMPTS, HASHES)),
            " / ".join(f"{of[by]['gigabytes'].max():.2f}" for by in (PROMPTS, HASHES)),
        ])  # fmt: skip
    header = [f"{name}: raw / perfect (largest fall)" for name in SCORES]
    return markdown(["preset", "worlds", *header, "seconds of processors", "peak memory, GB"], rows)
