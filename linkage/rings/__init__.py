"""Rings: groups of accounts whose links chance does not explain."""

from linkage.rings.decide import Limits
from linkage.rings.find import find_rings

__all__ = ["Limits", "find_rings"]
