"""Second stage: the account-entity graph, as links in tables and as sparse matrices."""

from linkage.graph.arrays import to_arrays
from linkage.graph.known import known_of
from linkage.graph.links import build_links
from linkage.graph.loads import account_loads
from linkage.graph.timing import mint_timing

__all__ = ["account_loads", "build_links", "known_of", "mint_timing", "to_arrays"]
