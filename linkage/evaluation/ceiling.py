"""What a method could reach that knows the profile of every true ring: the bound above all honest methods.

Some accounts of a ring share nothing with it, and nobody can place them. How many these are, a table of scores does
not say; so here every account is placed with the truth at hand about all the others.

For each true ring and kind, a link falls into a class by how many other accounts of the ring use its entity, and how
many outside it (both by powers of two; no other account of the ring is one class). The share of the members' links in
a class against the share of everybody else's is the bits of such a link. An account's links of a kind do not speak
independently (who uses one exit of a VPN uses several), so their sum is no more than a statistic: members and others
are counted again in steps of it, and the ratio of the shares is what the kind says. Kinds are added, with the prior
odds of the ring. Smoothing: in the first count the members' share gets one link more, spread like everybody else's; in
the second the members get one account more, spread evenly over the steps (Perks' prior), everybody else half an account
at each step (Krichevsky and Trofimov's), as a step that nobody else has reached is not one that nobody else can reach.

What is known of a ring must not be known from the account that is placed. Every true ring, and the honest accounts, are
dealt into ten folds, and an account is placed by counts over the other nine: members and others of a fold by the very
same ones. (To leave out each account alone is not enough: a member then sees one member less than everybody else does,
and that gives it away.)

The days on which accounts were first seen are a kind of their own: rings are made in bursts, and a method may use
that. (Of a run with windows of creation times and loads, these are such kinds.)

Each account goes to its best ring when the bits are above a cut; or, the second way, when those for its best operator
are above it too. With operators it is alike: profiles of whole operators are made as those of rings (the templates of
all rings together may say whose an account is though no single ring does); or, the second way, an account whose best
ring is above the cut too gets all operators that this ring serves; or, the third, only those that no operator's profile
reaches get the operators of their ring. Zero is the cut that errs least often; a higher or
lower one may serve B-cubed F1 better. As a bound must not be beaten, the truth chooses the cut and the way, for each
level. What is still open: bits are added over kinds as if they were independent, and rings compete by their own odds,
so this is a strong method with the truth at hand, not a proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkage.evaluation.memberships import (
    NONE,
    Labels,
    Memberships,
    distinct_rows,
    none_at,
    of_numbered,
    ones,
    rows_at,
    where,
)
from linkage.evaluation.prediction import ANY, Prediction, align
from linkage.evaluation.scores import ScoreLine, score
from linkage.evaluation.truth import OPERATOR, RING, Truth

CEILING = "ceiling"
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
FOLDS = 10
CUTS = range(-12, 13)  # bits; the best ones lay between -5 and 10 at evade 0 to 0.9
STEPS = np.array([-16, -8, -4, -2, -1, -0.25, 0.25, 1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64])  # bits of a kind's links
WIDTH = 32  # classes by powers of two of a count; 2^31 accounts are enough


@dataclass(frozen=True)
class Kind:
    """The links of one kind: account and entity, both dense numbers."""

    account: Labels
    entity: Labels


@dataclass(frozen=True)
class Dealt:
    """Links of one kind, with the fold of each account; ``cell`` numbers the pairs of entity and fold that occur."""

    account: Labels
    entity: Labels
    fold: Labels
    cell: Labels
    elsewhere: Labels  # of each link: accounts of the other folds with its entity


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
    source = pc.index_in(account_ids, truth.account_id).fill_null(NONE).to_numpy(zero_copy_only=False)
    true = {name: rows_at(level, source) for name, level in truth.levels.items()}
    fold = folds(next(iter(true.values())))
    kinds = [deal(kind, fold) for kind in _kinds(links)]
    placed = {name: place(kinds, level, fold) for name, level in true.items()}
    lines = []
    for level in true:
        tried = [predicted for cut in CUTS for predicted in _tries(level, placed, true, cut)]
        scored = [_line(level, account_ids, truth, predicted) for predicted in tried]
        lines.append(max(scored, key=lambda line: line.score.f1))
    return lines


def folds(true: Memberships) -> Labels:
    """Deal the accounts of each set of true clusters, and those of none, into folds in turn."""
    _, group = distinct_rows(true)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], group[order])
    fold = np.empty(len(group), dtype=np.int64)
    fold[order] = (np.arange(len(group)) - starts) % FOLDS
    return fold


def deal(kind: Kind, fold: Labels) -> Dealt:
    """The links of a kind with what does not depend on who is a member."""
    own = fold[kind.account]
    cell = np.unique(kind.entity * FOLDS + own, return_inverse=True)[1].astype(np.int64)
    elsewhere = np.bincount(kind.entity)[kind.entity] - np.bincount(cell)[cell]
    return Dealt(kind.account, kind.entity, own, cell, elsewhere)


def place(kinds: Sequence[Dealt], true: Memberships, fold: Labels) -> Placed:
    """Each account with the true cluster that its links favour most; ``true`` is accounts x clusters."""
    accounts = true.shape[0]
    best, bits = np.full(accounts, NONE, dtype=np.int64), np.full(accounts, -np.inf)
    columns = true.tocsc()
    for cluster in np.flatnonzero(np.diff(columns.indptr)):
        member = np.zeros(accounts, dtype=bool)
        member[columns.indices[columns.indptr[cluster] : columns.indptr[cluster + 1]]] = True
        odds = log_odds(kinds, member, fold)
        best, bits = np.where(odds > bits, cluster, best), np.maximum(odds, bits)
    return Placed(best, bits)


def log_odds(kinds: Sequence[Dealt], member: Flags, fold: Labels) -> Floats:
    """Bits by which each account's links speak for it being one of the ``member`` accounts, prior odds included."""
    inside, outside = int(np.count_nonzero(member)), int(np.count_nonzero(~member))
    odds = np.full(len(member), np.log2(inside / (outside + 0.5)))
    for kind in kinds:
        has, bits = np.zeros(len(member), dtype=bool), _link_bits(kind, member)
        has[kind.account] = True
        step = np.digitize(np.bincount(kind.account, weights=bits, minlength=len(member)), STEPS)
        odds[has] += _step_bits(step[has], member[has], fold[has])
    return odds


def _link_bits(kind: Dealt, member: Flags) -> Floats:
    """Bits of each link by its class: how many of the members, and of the rest, use the same entity in other folds."""
    own = member[kind.account]
    inside = np.bincount(kind.entity[own], minlength=int(kind.entity.max()) + 1)[kind.entity]
    near = inside - np.bincount(kind.cell[own], minlength=int(kind.cell.max()) + 1)[kind.cell]
    number = np.where(near > 0, _power(near) * WIDTH + _power(kind.elsewhere - near), 0)
    of_members, members = _elsewhere(number, own, kind.fold)
    of_others, others = _elsewhere(number, ~own, kind.fold)
    rest = (of_others + 0.5) / (others + 0.5)
    return np.asarray(np.log2((of_members + rest) / (members + 1) / rest))


def _step_bits(step: Labels, member: Flags, fold: Labels) -> Floats:
    """Bits of each account by its step: the share of the members there against the share of the others."""
    shares = []
    for of, each in ((member, 1 / (len(STEPS) + 1)), (~member, 0.5)):
        there, all_of_them = _elsewhere(step, of, fold)
        shares.append((there + each) / (all_of_them + each * (len(STEPS) + 1)))
    return np.asarray(np.log2(shares[0] / shares[1]))


def _elsewhere(number: Labels, chosen: Flags, fold: Labels) -> tuple[Labels, Labels]:
    """For each entry how many of the chosen entries of other folds have its number, and how many there are of them."""
    numbers = int(number.max(initial=0)) + 1
    counts = np.bincount(number[chosen] * FOLDS + fold[chosen], minlength=numbers * FOLDS).reshape(numbers, FOLDS)
    same = counts.sum(axis=1)[number] - counts[number, fold]
    return same, counts.sum() - counts.sum(axis=0)[fold]


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


def _tries(level: str, placed: dict[str, Placed], true: dict[str, Memberships], cut: float) -> Iterator[Memberships]:
    """Clusters at a level for one cut, in each way where the truth has both levels."""
    alone = of_numbered(placed[level].above(cut), true[level].shape[1])
    yield alone
    if len(placed) < 2:
        return
    if level == RING:
        yield where(alone, placed[OPERATOR].bits > cut)
    else:
        by_ring = rows_at(ones((true[RING].T @ true[OPERATOR]).tocsr()), placed[RING].above(cut))
        certain = where(by_ring, ~none_at(alone))
        yield certain + where(alone, none_at(certain))
        yield alone + where(by_ring, none_at(alone))


def _line(level: str, account_ids: pa.Array, truth: Truth, predicted: Memberships) -> ScoreLine:
    known, found = align(truth, Prediction(account_ids, {ANY: {level: predicted}}, None))
    return ScoreLine(CEILING, level, ANY, score(known.levels[level], found.scopes[ANY][level]))
