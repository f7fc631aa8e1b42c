"""Second stage: from observations to links with their weight in bits, and the links as sparse matrices."""

from linkage.graph.arrays import to_arrays
from linkage.graph.links import build_links

__all__ = ["build_links", "to_arrays"]
