"""What a method could reach that knows the profile of every true ring: the bound above all honest methods.

Some accounts of a ring share nothing with it, and nobody can place them. How many these are, a table of scores does
not say; so here every account is placed with the truth at hand, itself left out.

For each true ring and kind, a link falls into a class by how many other accounts of the ring use its entity, and how
many outside it (both by powers of two; no other account of the ring is one class). The share of the members' links in
a class against the share of everybody else's is the bits of such a link. An account's links of a kind do not speak
independently (who uses one exit of a VPN uses several), so their sum is no more than a statistic: members and others
are counted again in steps of it, and the ratio of the shares is what the kind says. Kinds are added, with the prior
odds of the ring. In both counts the account itself (the link itself) is left out, and to the members' share one link
spread like everybody else's is added in the first, one account spread evenly over the steps (Perks' prior) in the
second.

The days on which accounts were first seen are a kind of their own: rings are made in bursts, and a method may use
that.

Each account goes to its best ring when the bits are above a cut. Zero is the cut that errs least often; a higher or
lower one may serve B-cubed F1 better. As a bound must not be beaten, the truth chooses among cuts, for each level. At
operator level an account that no ring holds goes by profiles of whole operators, made in the same way: the templates
of all rings together may say whose it is though no single ring does. What is still open: bits are added over kinds as
if they were independent, and rings compete by their own odds, so this is a strong method with the truth at hand, not
a proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkage.evaluation.memberships import NONE, Labels, Memberships, of_numbered, ones, rows_at
from linkage.evaluation.prediction import ANY, Prediction, align
from linkage.evaluation.scores import ScoreLine, score
from linkage.evaluation.truth import OPERATOR, RING, Truth

CEILING = "ceiling"
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
CUTS = range(-12, 13)  # bits; the best ones lay between -5 and 10 at evade 0 to 0.9
STEPS = np.array([-16, -8, -4, -2, -1, -0.25, 0.25, 1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64])  # bits of a kind's links
WIDTH = 32  # classes by powers of two of a count; 2^31 accounts are enough


@dataclass(frozen=True)
class Kind:
    """The links of one kind: account and entity, both dense numbers."""

    account: Labels
    entity: Labels


@dataclass(frozen=True)
class Placed:
    """Each account's best true cluster, and the bits for it."""

    cluster: Labels
    bits: Floats

    def above(self, cut: float) -> Labels:
        """The cluster of each account where its bits are above ``cut``, else -1."""
        return np.where(self.bits > cut, self.cluster, NONE)


def ceiling_lines(links: pa.Table, account_ids: pa.Array, truth: Truth) -> list[ScoreLine]:
    """The ceiling's score at each level of the truth.

    ``links`` has the columns account, entity and kind (and first_seen, where times are known); ``account_ids`` names
    the accounts by their number.
    """
    kinds = _kinds(links)
    source = pc.index_in(account_ids, truth.account_id).fill_null(NONE).to_numpy(zero_copy_only=False)
    true = {name: rows_at(level, source) for name, level in truth.levels.items()}
    placed = {name: place(kinds, level) for name, level in true.items()}
    lines = []
    for level in true:
        tried = [_predicted(level, placed, true, cut) for cut in CUTS]
        scored = [_line(level, account_ids, truth, predicted) for predicted in tried]
        lines.append(max(scored, key=lambda line: line.score.f1))
    return lines


def place(kinds: Sequence[Kind], true: Memberships) -> Placed:
    """Each account with the true cluster that its links favour most; ``true`` is accounts x clusters."""
    accounts = true.shape[0]
    best, bits = np.full(accounts, NONE, dtype=np.int64), np.full(accounts, -np.inf)
    columns = true.tocsc()
    for cluster in np.flatnonzero(np.diff(columns.indptr)):
        member = np.zeros(accounts, dtype=bool)
        member[columns.indices[columns.indptr[cluster] : columns.indptr[cluster + 1]]] = True
        odds = log_odds(kinds, member)
        best, bits = np.where(odds > bits, cluster, best), np.maximum(odds, bits)
    return Placed(best, bits)


def log_odds(kinds: Sequence[Kind], member: Flags) -> Floats:
    """Bits by which each account's links speak for it being one of the ``member`` accounts, prior odds included."""
    inside, outside = int(np.count_nonzero(member)), int(np.count_nonzero(~member))
    odds = np.full(len(member), np.log2(inside / (outside + 0.5)))
    for kind in kinds:
        has, bits = np.zeros(len(member), dtype=bool), _link_bits(kind, member)
        has[kind.account] = True
        step = np.digitize(np.bincount(kind.account, weights=bits, minlength=len(member)), STEPS)
        odds[has] += _step_bits(step[has], member[has])
    return odds


def _link_bits(kind: Kind, member: Flags) -> Floats:
    """Bits of each link by its class: how many others, of the members and of the rest, use the same entity."""
    own = member[kind.account]
    inside, outside = (np.bincount(kind.entity[own == of], minlength=kind.entity.max() + 1) for of in (True, False))
    near, far = inside[kind.entity] - own, outside[kind.entity] - ~own
    number = np.where(near > 0, _power(near) * WIDTH + _power(far), 0)
    of_members, of_others = (np.bincount(number[own == of], minlength=WIDTH**2) for of in (True, False))
    rest = (of_others[number] - ~own + 0.5) / (np.count_nonzero(~own) - ~own + 0.5)
    return np.asarray(np.log2((of_members[number] - own + rest) / (np.count_nonzero(own) - own + 1) / rest))


def _step_bits(step: Labels, member: Flags) -> Floats:
    """Bits of each account by its step: the share of the members there against the share of the others."""
    shares = []
    for of in (member, ~member):
        there = np.bincount(step[of], minlength=len(STEPS) + 1)[step]
        shares.append((there - of + 1 / (len(STEPS) + 1)) / (np.count_nonzero(of) - of + 1))
    return np.asarray(np.log2(shares[0] / shares[1]))


def _power(count: Labels) -> Labels:
    """0 for 0, 1 for 1, 2 for 2 and 3, 3 for 4 to 7, and so on."""
    return np.frexp(count)[1].astype(np.int64)


def _kinds(links: pa.Table) -> list[Kind]:
    kinds = []
    for name in sorted(pc.unique(links["kind"]).to_pylist()):
        rows = links.filter(pc.equal(links["kind"], name))
        account = np.asarray(rows["account"].to_numpy(), dtype=np.int64)
        kinds.append(Kind(account, np.unique(rows["entity"].to_numpy(), return_inverse=True)[1].astype(np.int64)))
    days = _first_days(links) if "first_seen" in links.column_names else None
    return kinds if days is None else [*kinds, days]


def _first_days(links: pa.Table) -> Kind | None:
    """The day on which each account was first seen, as an entity; None where no times are known."""
    first = links.select(["account", "first_seen"]).drop_null().group_by("account").aggregate([("first_seen", "min")])
    if not first.num_rows:
        return None
    day = pc.cast(pc.floor_temporal(first["first_seen_min"], unit="day"), pa.timestamp("us", tz="UTC"))
    numbers = np.unique(pc.cast(day, pa.int64()).to_numpy(), return_inverse=True)[1]
    return Kind(np.asarray(first["account"].to_numpy(), dtype=np.int64), numbers.astype(np.int64))


def _predicted(level: str, placed: dict[str, Placed], true: dict[str, Memberships], cut: float) -> Memberships:
    """Clusters at a level; an account placed in a ring is with all of its ring's operators."""
    if level == RING or RING not in placed:
        return of_numbered(placed[level].above(cut), true[level].shape[1])
    ring = placed[RING].above(cut)
    alone = np.where(ring == NONE, placed[OPERATOR].above(cut), NONE)
    by_ring = rows_at(ones((true[RING].T @ true[OPERATOR]).tocsr()), ring)
    return by_ring + of_numbered(alone, true[OPERATOR].shape[1])


def _line(level: str, account_ids: pa.Array, truth: Truth, predicted: Memberships) -> ScoreLine:
    known, found = align(truth, Prediction(account_ids, {ANY: {level: predicted}}, None))
    return ScoreLine(CEILING, level, ANY, score(known.levels[level], found.scopes[ANY][level]))
