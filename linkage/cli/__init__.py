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

# The help lists the commands in the order in which one needs them, as docs/commands.md does.
ORDER = (
    "init", "check", "run", "templates", "words", "rings", "show", "why", "actions", "export", "stability", "sample",
    "sample-score", "simulate", "evaluate", "replay", "validate", "doctor", "schema",
)  # fmt: skip
_places = {name: place for place, name in enumerate(ORDER)}
app.registered_commands.sort(
    key=lambda command: _places.get(str(command.name or getattr(command.callback, "__name__", "")), len(ORDER))
)

__all__ = ["app", "main"]
