"""The command ``linkage``. Each module here registers its commands on :data:`app`."""

from linkage.cli import (  # noqa: F401  registers the commands
    actions,
    data,
    evaluate,
    replay,
    results,
    review,
    run,
    stability,
    templates,
    validate,
    worlds,
)
from linkage.cli.app import app, main

__all__ = ["app", "main"]
