"""The rings as tables: what other stages and the published run read. Shapes are in linkage.model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from linkage import model
from linkage.config import LEASED_FAMILY
from linkage.rings.codelength import Floats, Ints
from linkage.rings.codes import ENTITY_CODE
from linkage.rings.counts import Background, Counts, KindCounts, World, rows_of
from linkage.rings.explanations import ENOUGH
from linkage.rings.framing import without_firm_evidence
from linkage.rings.profile import KindProfile, Pairs, Profiles
from linkage.rings.score import KindScore, Score
from linkage.rings.verdicts import Verdicts

SMALLEST_Q = 1e-300  # smaller figures are published as this one: never as 0


SCHEMAS = {
    "rings": model.RING_LIST,
    "members": model.RING_MEMBERS,
    "affiliations": model.RING_AFFILIATIONS,
    "evidence": model.RING_EVIDENCE,
    "pools": model.POOLS,
    "profiles": model.PROFILES,
    "bystanders": model.BYSTANDERS,
    "windows": model.WINDOWS,
}


@dataclass(frozen=True)
class Found:
    """The decided rings and what was measured of them; memberships and affiliations are pairs.

    ``beside`` are members who are bystanders however many families tie them, by reason."""

    counts: Counts
    scored: Score
    made: Profiles
    members: Pairs
    plantable: np.ndarray
    beside: Mapping[model.BystanderReason, np.ndarray]
    shield: bool
    affiliations: Pairs
    verdicts: Verdicts
    support: Floats
    cluster: Ints


def no_rings() -> dict[str, pa.Table]:
    """Every table of the stage, by name, empty."""
    return {name: schema.empty_table() for name, schema in SCHEMAS.items()}


def ring_tables(world: World, found: Found) -> dict[str, pa.Table]:
    """Every table of the stage, by name, in canonical order."""
    cells = list(zip(world.kinds, found.counts.kinds, found.scored.kinds, found.made.kinds, strict=True))
    return {
        "rings": _rings(world, found),
        "members": _members(world, found),
        "affiliations": _affiliations(world, found),
        "bystanders": _bystanders(world, found),
        "evidence": _joined([_evidence(b, c, s) for b, c, s, _ in cells], model.RING_EVIDENCE),
        "pools": _joined([_pools(b, c, s) for b, c, s, _ in cells], model.POOLS),
        "profiles": _joined([_prior(found), *(_profile(b, p) for b, _, _, p in cells)], model.PROFILES),
    }


def published(bits: Floats) -> Floats:
    """Bits as they are published: to a thousandth."""
    return np.asarray(np.round(np.asarray(bits, dtype=np.float64), 3) + 0.0, dtype=np.float64)


def coincidence_q(saved: Floats) -> Floats:
    """q-values of e-Benjamini-Hochberg (Wang & Ramdas 2022) with 2**saved as weighted e-values.

    q of the i-th largest is the minimum over j >= i of 1 / (j 2**saved_j), at most 1. The prior weights are in the code
    length already, so nothing is multiplied by the number of candidates.
    """
    order = np.argsort(-saved, kind="stable")
    log2_q = -(saved[order] + np.log2(np.arange(1, len(saved) + 1)))
    monotone = np.minimum.accumulate(log2_q[::-1])[::-1]
    q = np.empty(len(saved))
    q[order] = np.clip(np.exp2(np.clip(monotone, -1000, 0)), SMALLEST_Q, 1.0)
    return q


def _joined(parts: list[dict[str, object]], schema: pa.Schema) -> pa.Table:
    tables = [pa.table({name: pa.array(p[name], schema.field(name).type) for name in schema.names}) for p in parts]
    table = pa.concat_tables([schema.empty_table(), *tables]).cast(schema)
    order = ("ring", "kind", "code", "entity", "account", "reason")
    keys = [(n, "ascending") for n in order if n in schema.names]
    return table.sort_by(keys)


def _families(world: World, bits: np.ndarray) -> list[str]:
    """Names of the families with a true entry, joined; ``bits`` is families x items of booleans."""
    names = np.array(world.families, dtype=object)
    return [",".join(names[column]) for column in bits.T]


def _rings(world: World, found: Found) -> pa.Table:
    saved, groups = found.scored.saved, len(found.counts.size)
    columns: dict[str, object] = {
        "ring": np.arange(groups),
        "cluster": found.cluster,
        "verdict": found.verdicts.verdict,
        "runner_up": found.verdicts.runner_up,
        "reasons": found.verdicts.reasons,
        "accounts": found.counts.size,
        "bits_saved": published(saved),
        "log2_p_bound": published(np.minimum(-found.scored.paid, 0.0)),
        "q_value": coincidence_q(found.scored.paid),
        "families": _families(world, (found.scored.family_bits > ENOUGH) & world.tying[:, None]),
        "support": np.round(found.support, 4),
        "verdict_fit": pa.array(found.verdicts.fit, from_pandas=True),
        "runner_up_fit": pa.array(found.verdicts.runner_up_fit, from_pandas=True),
    }
    return _joined([columns], model.RING_LIST)


def by_family(world: World, bits: Floats) -> Floats:
    """Best kind of each family: kinds x pairs (see :class:`linkage.rings.profile.Pairs`) to families x pairs."""
    families = [b.incidence.kind.family for b in world.kinds]
    return np.stack([bits[[f == family for f in families]].max(axis=0) for family in world.families])


def roles_of(world: World, pairs: Pairs, shielded: np.ndarray) -> tuple[list[str], list[str]]:
    """Role and families of each pair: core when two families tie it, bystander when the network alone does, weakly.

    Addresses that many strangers use tie little (under 10 bits in all); those of the ring alone make a periphery. Who
    is ``shielded`` is a bystander, however many families tie it. Windows tie nobody.
    """
    tied = _tied(world, pairs)
    role = np.where(
        shielded | _weakly(world, pairs),
        str(model.Role.BYSTANDER),
        np.where(tied.sum(axis=0) >= 2, str(model.Role.CORE), str(model.Role.PERIPHERY)),
    )
    return role.tolist(), _families(world, tied)


def _weakly(world: World, pairs: Pairs) -> np.ndarray:
    return by_network_alone(world, pairs) & (pairs.total < ENOUGH)


def any_of(beside: Mapping[model.BystanderReason, np.ndarray]) -> np.ndarray:
    """Which pairs have any of the reasons to stand beside."""
    return np.asarray(np.any(list(beside.values()), axis=0))


def by_network_alone(world: World, pairs: Pairs) -> np.ndarray:
    """Which pairs only addresses tie, though other families could."""
    tied = _tied(world, pairs)
    leased = tied[[family == LEASED_FAMILY for family in world.families]].any(axis=0)
    return np.asarray((np.count_nonzero(world.tying) > 1) & leased & (tied.sum(axis=0) == 1))


def _tied(world: World, pairs: Pairs) -> np.ndarray:
    """Which families tie each pair: families x pairs, those of windows never."""
    return np.asarray((by_family(world, pairs.bits[:-1]) > 0) & world.tying[:, None])


def _members(world: World, found: Found) -> pa.Table:
    role, families = roles_of(world, found.members, any_of(found.beside))
    columns: dict[str, object] = {
        "account": found.members.account,
        "ring": found.members.group,
        "log_odds_bits": published(found.members.total),
        "role": role,
        "families": families,
        "plantable": found.plantable,
    }
    return _joined([columns], model.RING_MEMBERS)


def _bystanders(world: World, found: Found) -> pa.Table:
    """Why each bystander among the members is one, a row a reason."""
    members = found.members
    parts: list[dict[str, object]] = [
        {"account": members.account[which], "ring": members.group[which], "reason": [str(reason)] * int(which.sum())}
        for reason, which in {**found.beside, model.BystanderReason.ADDRESSES: _weakly(world, members)}.items()
    ]
    return _joined(parts, model.BYSTANDERS)


def _affiliations(world: World, found: Found) -> pa.Table:
    """Rings that fit members of other rings, too; addresses alone make a bystander, whatever they are worth.

    Rings that rent from one provider share its addresses: who works for one of them works for no other by that.
    """
    pairs = found.affiliations
    suspect = np.array([verdict == model.Verdict.SUSPECT for verdict in found.verdicts.verdict], dtype=bool)
    weakest = without_firm_evidence(world, pairs) & suspect[pairs.group] & found.shield
    columns: dict[str, object] = {
        "account": pairs.account,
        "ring": pairs.group,
        "role": roles_of(world, pairs, weakest | by_network_alone(world, pairs))[0],
        "log_odds_bits": published(pairs.total),
    }
    return _joined([columns], model.RING_AFFILIATIONS)


def _evidence(background: Background, counts: KindCounts, scored: KindScore) -> dict[str, object]:
    """One row for each named entity of a profile, and one for each pool."""
    named = scored.chosen & (scored.ratio == ENTITY_CODE)[counts.group]
    pooled = scored.chosen & ~named
    groups = len(counts.having)
    ring = np.flatnonzero((scored.bits > 0) & (scored.ratio != ENTITY_CODE))
    group, entity = counts.group[named], counts.entity[named]
    nothing = np.full(len(group), None)
    return {
        "ring": np.concatenate([group, ring]),
        "kind": [background.incidence.kind.name] * (len(group) + len(ring)),
        "entity": [*background.incidence.entities[entity].tolist(), *[None] * len(ring)],
        "pool": [*nothing, *np.bincount(counts.group[pooled], minlength=groups)[ring].tolist()],
        "ring_accounts": np.concatenate([counts.k[named], scored.joining[ring]]),
        "ring_accounts_with_kind": np.concatenate([counts.having[group], counts.having[ring]]),
        "all_accounts": np.concatenate([background.users[entity], _pool_users(background, counts, pooled, ring)]),
        "bits": published(np.concatenate([scored.gain[named], scored.bits[ring]])),
    }


def _pool_users(background: Background, counts: KindCounts, pooled: np.ndarray, ring: Ints) -> Ints:
    """Accounts anywhere that use something of each ring's pool."""
    cells = (counts.group[pooled], counts.entity[pooled])
    pools = sp.csr_matrix((np.ones(len(cells[0]), np.int64), cells), shape=(len(counts.having), background.entities))
    users = pools[ring] @ background.incidence.matrix.T
    return np.asarray(np.diff(users.tocsr().indptr), dtype=np.int64)


def _pools(background: Background, counts: KindCounts, scored: KindScore) -> dict[str, object]:
    pooled = scored.chosen & (scored.ratio != ENTITY_CODE)[counts.group]
    entity = counts.entity[pooled]
    return {
        "ring": counts.group[pooled],
        "kind": [background.incidence.kind.name] * len(entity),
        "entity": background.incidence.entities[entity],
        "ring_accounts": counts.k[pooled],
        "all_accounts": background.users[entity],
    }


def _prior(found: Found) -> dict[str, object]:
    groups = len(found.counts.size)
    return {
        "ring": np.arange(groups),
        "kind": [None] * groups,
        "code": ["prior"] * groups,
        "entity": [None] * groups,
        "bits_in": found.made.prior,
        "bits_out": np.zeros(groups),
    }


def _profile(background: Background, made: KindProfile) -> dict[str, object]:
    """Terms of the log-odds: taking part, each profile entity or pool entity, links outside the pool."""
    ring = np.flatnonzero(made.abstains < 0)
    pool = ring[~made.named[ring]]
    group, entity = rows_of(made.weight), made.weight.indices
    used, unused = made.terms()
    codes = [*np.where(made.named[group], "entity", "pool").tolist(), *["part"] * len(ring), *["outside"] * len(pool)]
    none = [None] * (len(ring) + len(pool))
    return {
        "ring": np.concatenate([group, ring, pool]),
        "kind": [background.incidence.kind.name] * len(codes),
        "code": codes,
        "entity": [*background.incidence.entities[entity].tolist(), *none],
        "bits_in": np.concatenate([used, made.part[ring], np.zeros(len(pool))]),
        "bits_out": np.concatenate([unused, made.abstains[ring], made.outside[pool]]),
    }
