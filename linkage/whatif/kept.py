"""Where steadiness is kept: in a folder beside the run's, which is never written to again."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from linkage.errors import StorageFault
from linkage.reports.run import Run
from linkage.state import write_table
from linkage.state.manifest import sha256
from linkage.whatif.stability import Steadiness

ABOUT = "about.json"


def place(run: Run) -> Path:
    """The folder beside the run's."""
    return run.path.with_name(f"{run.path.name}.stability")


def keep(run: Run, seeds: Sequence[int], found: Steadiness) -> Path:
    """Write both tables and what they are of, in the place of earlier ones; returns the folder.

    Raises:
        StorageFault: the disk refused.
    """
    folder = place(run)
    try:
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            write_table(found.rings, made / "rings.parquet")
            write_table(found.members, made / "members.parquet")
            about = {"run_manifest_sha256": sha256(run.path / "manifest.json"), "seeds": list(seeds)}
            (made / ABOUT).write_text(json.dumps(about, indent=2) + "\n", encoding="ascii")
            made.chmod(0o755)
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise StorageFault(
            f"can't write there: {error.strerror}.", where=str(folder), todo="Check rights and space."
        ) from error
    return folder


def kept(run: Run) -> Steadiness | None:
    """What was measured of this run; None where nothing was, or where it was measured of another one.

    Raises:
        StorageFault: a kept table can't be read.
    """
    folder = place(run)
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="ascii"))
        if about["run_manifest_sha256"] != sha256(run.path / "manifest.json"):
            return None
        return Steadiness(pq.read_table(folder / "rings.parquet"), pq.read_table(folder / "members.parquet"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise StorageFault(
            f"can't be read: {error}.", where=str(folder), todo="Measure again with 'linkage stability'."
        ) from error
