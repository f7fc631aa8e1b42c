"""Operators: which rings the same hands run."""
