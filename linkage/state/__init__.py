"""What outlives a run: the lock, the published run folders and which of them is the latest."""

from linkage.state.lock import hold_lock
from linkage.state.publish import Unfinished, unfinished_run, write_table

__all__ = ["Unfinished", "hold_lock", "unfinished_run", "write_table"]
