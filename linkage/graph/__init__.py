"""Second stage: the account-entity graph, as links in tables and as sparse matrices."""

from linkage.graph.arrays import to_arrays
from linkage.graph.links import build_links

__all__ = ["build_links", "to_arrays"]
