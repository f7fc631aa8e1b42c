"""The bench: linkage, its ceiling and its peers on the same simulated worlds, and on sets that other people made.

``python -m linkage.yardstick`` (or ``make bench-quality``). Nothing in linkage imports this package.
"""
