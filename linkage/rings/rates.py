"""How often chance makes an account use an entity, when every account's breadth and every entity's users are given."""

from __future__ import annotations

import numpy as np

from linkage.rings.codelength import Floats, Ints, fixed

STEPS = 100  # of the fixed point; 20 are usual, and where somebody uses everything there is no end to reach
EXACT = 1e-9  # relative change from which nothing moves any more


def fit_degrees(breadth: Ints, users: Ints) -> tuple[Floats, Floats]:
    """``reach`` per account and ``pull`` per entity, so that chance gives each its number of links.

    Account a uses entity e with chance 1 - exp(-reach_a pull_e / D), D the number of links. They solve
    sum over e of that = breadth_a, and sum over a = users_e, by rescaling in turn (iterative proportional fitting).
    Where everybody is narrow they are breadth and users. Whoever has many links has most popular entities already, so
    it reaches further among the others than its breadth says.
    """
    b, account, accounts = np.unique(breadth, return_inverse=True, return_counts=True)
    d, entity, entities = np.unique(users, return_inverse=True, return_counts=True)
    total = max(float((b * accounts).sum()), 1.0)
    reach, pull = b.astype(np.float64), d.astype(np.float64)
    for _ in range(STEPS):
        further = _rescaled(reach, b, pull / total, entities)
        stronger = _rescaled(pull, d, further / total, accounts)
        moved = max(_moved(reach, further), _moved(pull, stronger))
        reach, pull = further, stronger
        if moved < EXACT:
            break
    return fixed(reach)[account], pull[entity]


def _rescaled(own: Floats, wanted: Ints, other: Floats, times: Ints) -> Floats:
    expected = (-np.expm1(-np.outer(own, other)) * times).sum(axis=1)
    return np.asarray(own * wanted / np.maximum(expected, 1e-300))


def _moved(before: Floats, after: Floats) -> float:
    return float(np.abs(after / np.maximum(before, 1e-300) - 1)[before > 0].max(initial=0.0))
