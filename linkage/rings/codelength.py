"""Code lengths in bits: what the links of a group of accounts cost through a profile, against the background.

Every function works on numbers inside compiled loops, and elementwise on arrays elsewhere, but :func:`pool_naming`.
Results are rounded to multiples of 2**-20 bits (:func:`fixed`): sums of such numbers are exact in double precision up
to 2**33 bits, so no sum depends on the order of its terms.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from linkage.rings.compiled import compiled, elementwise

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

RATIOS = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 0.95])  # the ten k/d ratios a pool may be cut at
CHOICE_OF_CODE = 1.0  # bits that say whether a kind is coded entity by entity or as a pool
DESCRIBED = 1.0  # bits that say whether a family is described at all
NAMED_SET = float(np.log2(np.e))  # bits for how many entities are named: all sets together, (1 + 1/E)^E < e
_GRID = float(2**20)
_LN_2 = math.log(2)
_HALF_LN_2_PI = 0.5 * math.log(2 * math.pi)
_SMALL_FACTORIALS = gammaln(np.arange(1_000) + 1.0)  # ln n!


@elementwise
def fixed(bits: float) -> float:
    """Round to a multiple of 2**-20 bits."""
    return float(np.rint(bits * _GRID) / _GRID)


@elementwise
def _log_factorial(n: float) -> float:
    """ln n!; above 998 by Stirling's series, whose next term is under 1e-18."""
    if n < len(_SMALL_FACTORIALS) - 1:
        return float(_SMALL_FACTORIALS[int(n)])
    x = n + 1.0
    square = 1.0 / (x * x)
    further = ((1 / 1260 * square - 1 / 360) * square + 1 / 12) / x
    return (x - 0.5) * math.log(x) - x + _HALF_LN_2_PI + further


@elementwise
def log2_factorial(n: float) -> float:
    """log2 of n!; n are whole numbers of 0 and more."""
    return fixed(_log_factorial(n) / _LN_2)


@elementwise
def log2_binomial(n: float, k: float) -> float:
    """log2 of n over k; 0 <= k <= n."""
    return fixed((_log_factorial(n) - _log_factorial(k) - _log_factorial(n - k)) / _LN_2)


@elementwise
def kl_bits(p: float, q: float) -> float:
    """Kullback-Leibler divergence KL(p || q) of two coins in bits; 0 <= p <= 1, 0 < q < 1."""
    heads = p * math.log2(p / q) if p > 0 else 0.0
    tails = (1 - p) * math.log2((1 - p) / (1 - q)) if p < 1 else 0.0
    return heads + tails


@elementwise
def background_rate(users: float, links: float, group_links: float, group_accounts: float) -> float:
    """q: the chance that an account of this breadth uses the entity, if each of its links fell by degree.

    q = 1 - exp(-d n / (D s)), with d the users of the entity, D all links of the kind, n the group's links of the kind
    and s its accounts that have the kind; or the pull of the entity and the group's reach in place of d and n (see
    linkage.rings.rates). Without the breadth n / s, accounts with many addresses would seem linked.
    """
    rate = -math.expm1(-users * group_links / (links * group_accounts))
    return min(max(rate, 1e-12), 1 - 1e-12)


@elementwise
def entity_gain(k: float, s: float, q: float, entities: float) -> float:
    """Bits saved by naming one entity that k of s accounts use, against the background rate q; 0 where it does not pay.

    gain = s KL(k/s || q) - log2 E - log2(s + 1): E entities to name one of, s + 1 values that k could take.
    """
    s = max(s, 1.0)
    p = k / s
    if p <= q:
        return 0.0
    return fixed(max(s * kl_bits(p, q) - math.log2(entities) - math.log2(s + 1), 0.0))


@elementwise
def participation(joining: float, having: float) -> float:
    """Bits that say which of the s_t accounts that have a kind take part in its profile at all.

    log2 binomial(s_t, s_in) + log2(s_t + 1). Whoever evades does so with all its links of a kind at once; without this
    term each of its links would speak against the group, and a ring would fall apart along who evades what.
    """
    return fixed(log2_binomial(having, joining) + math.log2(having + 1))


@elementwise
def pool_gain(inside: float, n: float, share: float, naming: float) -> float:
    """Bits saved by a pool that takes ``inside`` of the n links of the accounts that take part; may be negative.

    gain = n KL(x || rho) - naming - log2(n + 1), with x = inside / n, ``share`` = rho the part of them that chance
    would lead into the pool, and ``naming`` from :func:`pool_naming`. 0 where x is not above that part. The pool is
    named entity by entity, so at which ratio it was cut needs no saying.
    """
    safe = max(n, 1.0)
    rho = min(max(share, 1e-12), 1 - 1e-12)
    x = inside / safe
    if x <= rho:
        return 0.0
    return fixed(n * kl_bits(x, rho) - naming - math.log2(safe + 1))


@compiled
def pool_naming(members: Ints, entities: Ints) -> float:
    """Bits that name a pool: which of the entities of each degree class are in it.

    ``members`` counts the pool's entities by class, ``entities`` all. A class costs log2 of its binomial; the counts
    themselves cost log2 (m (m + 1)) for their sum m >= 1 (over all m, 1 / (m (m + 1)) adds up to 1) and
    log2 binomial(m + c - 1, c - 1) for how m falls into the c classes that the kind has.
    """
    m, classes, subsets = 0.0, 0.0, 0.0
    for i in range(len(entities)):
        m += members[i]
        if entities[i] > 0:
            classes += 1
            subsets += log2_binomial(float(entities[i]), float(members[i]))
    classes = max(classes, 1.0)
    size = math.log2(max(m, 1.0)) + math.log2(m + 1)
    return fixed(subsets + size + log2_binomial(m + classes - 1, classes - 1))


@elementwise
def naming_by_entity(users: float, k: float, size: float, accounts: float, entities: float) -> float:
    """Bits that name a group as the users of one entity, with corrections.

    log2 E names the entity, log2 binomial(d, k) + log2(d + 1) says which of its d users are in, and
    log2 binomial(N - d, x) + 2 log2(x + 1) + 1 which x = s - k others. It is cheap for a group that shares something,
    and pays for that: whoever names a group by an entity can't count the entity's family as evidence.
    """
    others = size - k
    inside = log2_binomial(users, k) + math.log2(users + 1)
    outside = log2_binomial(accounts - users, others) + 2 * math.log2(others + 1) + 1
    return fixed(math.log2(entities) + inside + outside)


@elementwise
def group_naming(accounts: float, size: float) -> float:
    """Bits that name a group of ``size`` among N accounts: log2 binomial(N, s) + log2 N."""
    return fixed(log2_binomial(accounts, size) + math.log2(max(accounts, 1.0)))
