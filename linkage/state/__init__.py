"""What outlives a run: the lock, the published run folders and the latest of them, the catalogue of templates."""

from linkage.state.catalogue import KeptTemplates, held_catalogue, held_templates, kept_templates
from linkage.state.lock import hold_lock
from linkage.state.publish import Unfinished, unfinished_run, write_table

__all__ = [
    "KeptTemplates", "Unfinished", "held_catalogue", "held_templates", "hold_lock", "kept_templates", "unfinished_run",
    "write_table",
]  # fmt: skip
