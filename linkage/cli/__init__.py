"""The command ``linkage``. Each module here registers its commands on :data:`app`."""

from linkage.cli import data, evaluate, replay, results, review, run, stability, worlds  # noqa: F401  registers the commands
from linkage.cli.app import app, main

__all__ = ["app", "main"]
