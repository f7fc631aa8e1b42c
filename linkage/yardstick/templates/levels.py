"""The levels of template ids, and what assigns them."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

EXACT, MASKED, SKELETON, FAMILY = LEVELS = ("exact", "masked", "skeleton", "family")
Assign = Callable[[pa.Table], pa.Table]
"""Takes ``account`` and ``prompt``, and returns a column of ids (null where there is none) a level, row by row."""
