"""Code lengths in bits: what the links of a group of accounts cost through a profile, against the background.

Every function works elementwise on arrays. Results are rounded to multiples of 2**-20 bits (:func:`fixed`): sums of
such numbers are exact in double precision up to 2**33 bits, so no sum depends on the order of its terms.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

RATIOS = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 0.95])  # the ten k/d ratios a pool may be cut at
CHOICE_OF_CODE = 1.0  # bits that say whether a kind is coded entity by entity or as a pool
DESCRIBED = 1.0  # bits that say whether a family is described at all
NAMED_SET = float(np.log2(np.e))  # bits for how many entities are named: all sets together, (1 + 1/E)^E < e
LARGEST_TABLE = 2**23  # numbers looked up: 64 MB; accounts and entities of a kind are rarely more
_GRID = float(2**20)


def fixed(bits: Any) -> Floats:
    """Round to a multiple of 2**-20 bits."""
    return np.rint(np.asarray(bits, dtype=np.float64) * _GRID) / _GRID


def log2_factorial(n: Any) -> Floats:
    """log2 of n!, through the log-gamma function, elementwise; n are whole numbers of 0 and more."""
    return fixed(_log_factorial(np.asarray(n)) / np.log(2))


def log2_binomial(n: Any, k: Any) -> Floats:
    """log2 of n over k, through the log-gamma function; 0 <= k <= n, elementwise."""
    n, k = np.asarray(n), np.asarray(k)
    return fixed((_log_factorial(n) - _log_factorial(k) - _log_factorial(n - k)) / np.log(2))


def _log_factorial(n: npt.NDArray[Any]) -> Floats:
    """ln n!, looked up: the log-gamma function takes ten times as long, and would be half of the time of a score."""
    top = int(n.max(initial=0))
    if top >= LARGEST_TABLE:
        return np.asarray(gammaln(n.astype(np.float64) + 1), dtype=np.float64)
    return _log_factorials(top.bit_length())[n.astype(np.int64)]


@cache
def _log_factorials(bits: int) -> Floats:
    """ln n! of all n under 2**bits."""
    return np.asarray(gammaln(np.arange(2**bits) + 1.0), dtype=np.float64)


def kl_bits(p: Any, q: Any) -> Floats:
    """Kullback-Leibler divergence KL(p || q) of two coins in bits, elementwise; 0 <= p <= 1, 0 < q < 1."""
    p, q = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        heads = np.where(p > 0, p * np.log2(p / q), 0.0)
        tails = np.where(p < 1, (1 - p) * np.log2((1 - p) / (1 - q)), 0.0)
    return np.asarray(heads + tails, dtype=np.float64)


def background_rate(users: Any, links: Any, group_links: Any, group_accounts: Any) -> Floats:
    """q: the chance that an account of this breadth uses the entity, if each of its links fell by degree.

    q = 1 - exp(-d n / (D s)), with d the users of the entity, D all links of the kind, n the group's links of the kind
    and s its accounts that have the kind; or the pull of the entity and the group's reach in place of d and n (see
    linkage.rings.rates). Without the breadth n / s, accounts with many addresses would seem linked.
    """
    rate = -np.expm1(-np.asarray(users) * np.asarray(group_links) / (np.asarray(links) * np.asarray(group_accounts)))
    return np.asarray(np.clip(rate, 1e-12, 1 - 1e-12), dtype=np.float64)


def entity_gain(k: Any, s: Any, q: Any, entities: Any) -> Floats:
    """Bits saved by naming one entity that k of s accounts use, against the background rate q; 0 where it does not pay.

    gain = s KL(k/s || q) - log2 E - log2(s + 1): E entities to name one of, s + 1 values that k could take.
    """
    k, s, q = np.asarray(k, np.float64), np.maximum(np.asarray(s, np.float64), 1), np.asarray(q, np.float64)
    p = k / s
    gain = s * kl_bits(p, q) - np.log2(entities) - np.log2(s + 1)
    return fixed(np.where((p > q) & (gain > 0), gain, 0.0))


def participation(joining: Any, having: Any) -> Floats:
    """Bits that say which of the s_t accounts that have a kind take part in its profile at all.

    log2 binomial(s_t, s_in) + log2(s_t + 1). Whoever evades does so with all its links of a kind at once; without this
    term each of its links would speak against the group, and a ring would fall apart along who evades what.
    """
    return fixed(log2_binomial(having, joining) + np.log2(np.asarray(having, np.float64) + 1))


def pool_gain(inside: Any, n: Any, share: Any, naming: Any) -> Floats:
    """Bits saved by a pool that takes ``inside`` of the n links of the accounts that take part; may be negative.

    gain = n KL(x || rho) - naming - log2(n + 1), with x = inside / n, ``share`` = rho the part of them that chance
    would lead into the pool, and ``naming`` from :func:`pool_naming`. 0 where x is not above that part. The pool is
    named entity by entity, so at which ratio it was cut needs no saying.
    """
    inside, n, share = np.asarray(inside, np.float64), np.asarray(n, np.float64), np.asarray(share, np.float64)
    safe, rho = np.maximum(n, 1.0), np.clip(share, 1e-12, 1 - 1e-12)
    x = inside / safe
    gain = n * kl_bits(x, rho) - naming - np.log2(safe + 1)
    return fixed(np.where(x > rho, gain, 0.0))


def pool_naming(members: Any, entities: Any) -> Floats:
    """Bits that name a pool: which of the entities of each degree class are in it.

    ``members`` (groups x classes) counts the pool's entities, ``entities`` (classes) all. A class costs log2 of its
    binomial; the counts themselves cost log2 (m (m + 1)) for their sum m >= 1 (over all m, 1 / (m (m + 1)) adds up to
    1) and log2 binomial(m + c - 1, c - 1) for how m falls into the c classes that the kind has.
    """
    members = np.asarray(members, dtype=np.float64)
    m, classes = members.sum(axis=-1), max(int(np.count_nonzero(entities)), 1)
    subsets = log2_binomial(np.asarray(entities, np.float64), members).sum(axis=-1)
    size = np.log2(np.maximum(m, 1)) + np.log2(m + 1)
    return fixed(subsets + size + log2_binomial(m + classes - 1, classes - 1))


def naming_by_entity(users: Any, k: Any, size: Any, accounts: Any, entities: Any) -> Floats:
    """Bits that name a group as the users of one entity, with corrections; elementwise.

    log2 E names the entity, log2 binomial(d, k) + log2(d + 1) says which of its d users are in, and
    log2 binomial(N - d, x) + 2 log2(x + 1) + 1 which x = s - k others. It is cheap for a group that shares something,
    and pays for that: whoever names a group by an entity can't count the entity's family as evidence.
    """
    d, k, others = np.asarray(users, np.float64), np.asarray(k, np.float64), np.asarray(size, np.float64) - k
    inside = log2_binomial(d, k) + np.log2(d + 1)
    outside = log2_binomial(np.asarray(accounts, np.float64) - d, others) + 2 * np.log2(others + 1) + 1
    return fixed(np.log2(entities) + inside + outside)


def group_naming(accounts: Any, size: Any) -> Floats:
    """Bits that name a group of ``size`` among N accounts: log2 binomial(N, s) + log2 N."""
    return fixed(log2_binomial(accounts, size) + np.log2(np.maximum(accounts, 1)))
