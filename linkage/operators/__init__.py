"""Operators: which rings the same hands run."""

from linkage.operators.attribute import attribute
from linkage.operators.dossiers import with_dossiers
from linkage.operators.traffic import with_traffic
from linkage.operators.uses import ring_uses

__all__ = ["attribute", "ring_uses", "with_dossiers", "with_traffic"]
