"""Operators: which rings the same hands run."""

from linkage.operators.attribute import attribute
from linkage.operators.dossiers import with_dossiers

__all__ = ["attribute", "with_dossiers"]
