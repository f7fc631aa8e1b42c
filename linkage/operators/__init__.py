"""Operators: which rings the same hands run."""

from linkage.operators.attribute import attribute

__all__ = ["attribute"]
