"""The bench itself: every method on every world, two worlds at a time, each step in a process of its own.

Whatever is done is kept under the bench's folder by the hash of the code that it came from, so that a bench that broke
goes on where it was, and one after a change does again what the change can have touched, and no more.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import linkage
from linkage.errors import LinkageError
from linkage.simulator import Preset
from linkage.state.manifest import sha256, versions
from linkage.yardstick.measure import SIMULATE
from linkage.yardstick.processes import apart
from linkage.yardstick.results import Result, load, save
from linkage.yardstick.worlds import LINKAGE, World, has_operators

PACKAGE = Path(linkage.__file__).parent
LINKS_FROM = ("simulator", "sources", "graph", "engines", "config.py")  # what the links of a world depend on
SCORES_FROM = ("evaluation", "rings/windows.py")  # the ceiling uses windows of times
NOT_IN_RESULTS = ("yardstick", "cli", "web", "evaluation")  # what linkage finds does not depend on these
LOGS = ("accounts.parquet", "payments.parquet", "sessions-*.parquet", "exchanges/*.parquet")
TOO_LONG = 600  # seconds for one method on one world
Told = Callable[[str], None]
Results = dict[World, dict[str, Result]]


@dataclass(frozen=True)
class Bench:
    """Where the bench keeps what it has done, how many worlds run at a time, and whom it tells."""

    folder: Path
    workers: int
    tell: Told

    def run(self, worlds: Iterable[World], methods: tuple[str, ...]) -> Results:
        """Results of all methods on all worlds, in the order of the worlds.

        Raises:
            LinkageError: a step ended in an error; what was done is kept.
        """
        ordered = list(worlds)
        with ThreadPoolExecutor(self.workers) as pool:
            found = list(pool.map(lambda world: self.world(world, methods), ordered))
        return dict(zip(ordered, found, strict=True))

    def world(self, world: World, methods: tuple[str, ...]) -> dict[str, Result]:
        """Results of the methods on one world; only what is not kept is run.

        Where nothing is to be found there is only linkage to run, to see whom it suspects.
        """
        methods = methods if has_operators(Preset(world.preset)) else (LINKAGE,)
        missing = [method for method in methods if not self._kept(world, method).is_file()]
        if missing:
            self._do(world, missing)
        return {method: load(self._kept(world, method)) for method in methods}

    def place(self, world: World) -> Path:
        """Where a world's truth and runs are kept, but for its logs."""
        return self.folder / "worlds" / f"{world.name}-{code(LINKS_FROM)[:12]}"

    def _do(self, world: World, missing: list[str]) -> None:
        folder = self.place(world)
        steps = [method for method in missing if method != LINKAGE]
        if LINKAGE in missing or not (folder / "runs" / "latest" / "members.parquet").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            self._step(SIMULATE, folder, world)
            steps.insert(0, LINKAGE)
        for step in steps:
            self.tell(f"{world.name}: {step}")
            self._step(step, folder, world)
        for pattern in LOGS:
            for path in folder.glob(pattern):
                path.unlink()

    def _step(self, step: str, folder: Path, world: World) -> None:
        out = self._kept(world, step)
        try:
            error = apart([step, str(folder), json.dumps(world.fields()), str(out)], TOO_LONG)
        except TimeoutError:
            save(Result(not_run=f"it took more than {TOO_LONG} seconds"), out)
            return
        if error:
            raise LinkageError(
                f"{step} broke: {error}.", where=str(folder),
                todo="Mend it and run the bench again: it goes on from here.",
            )

    def _kept(self, world: World, method: str) -> Path:
        name = "".join(c if c.isalnum() else "-" for c in method)
        return self.folder / "results" / world.name / f"{name}-{method_code(method)[:12]}.json"


def method_code(method: str) -> str:
    """Hash of the code that a method's result depends on."""
    if method != LINKAGE:
        return code((*LINKS_FROM, *SCORES_FROM))
    parts = sorted(path.name for path in PACKAGE.iterdir() if path.name not in NOT_IN_RESULTS)
    scores = ("evaluation/" + path.name for path in sorted((PACKAGE / "evaluation").glob("*.py")))
    return code((*parts, *scores))


@cache
def code(parts: tuple[str, ...]) -> str:
    """SHA-256 of the Python files below these parts of the package, and of the versions of the libraries."""
    optional = {d.name: d.version for d in metadata.distributions(name="splink")}
    whole = hashlib.sha256(json.dumps([versions(), optional], sort_keys=True).encode())
    for part in parts:
        path = PACKAGE / part
        for file in [path] if path.suffix == ".py" else sorted(path.rglob("*.py")):
            whole.update(str(file.relative_to(PACKAGE)).encode() + b"\0" + sha256(file).encode())
    return whole.hexdigest()
