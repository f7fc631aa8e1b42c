"""Rings: groups of accounts whose links chance does not explain."""

from linkage.rings.decide import Limits
from linkage.rings.find import find_rings
from linkage.rings.ready import ready_to_cut

__all__ = ["Limits", "find_rings", "ready_to_cut"]
