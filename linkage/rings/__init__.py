"""Rings: groups of accounts whose links chance does not explain."""
