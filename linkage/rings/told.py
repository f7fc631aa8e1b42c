"""What the user's labels, known groups and lists of networks say of a ring. None of them is ever needed."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from linkage.config import LEASED_FAMILY
from linkage.model import ACCUSING, CLEARING, Known, Standing, Verdict, folded_label, standing_of
from linkage.rings.codelength import Floats, Ints
from linkage.rings.counts import Counts, World
from linkage.rings.score import Score

RENTED = frozenset(  # names of lists of networks that anybody can rent
    {"vpn", "proxy", "tor", "datacentre", "datacenter", "data_centre", "data_center", "hosting", "cloud"}
)
OWN = frozenset({Standing.STAFF, Standing.RED_TEAM})  # the service's own accounts
GROUP = re.compile(r"\s*([a-z_]+)\s*:\s*(\S.*)", re.IGNORECASE | re.DOTALL)
GROUPS = {  # what stands before the colon of a known group's label, and the explanation that it gives
    "group": Verdict.ORGANISATION, "organisation": Verdict.ORGANISATION, "organization": Verdict.ORGANISATION,
    "company": Verdict.ORGANISATION, "agency": Verdict.ORGANISATION, "fleet": Verdict.ORGANISATION,
    "campus": Verdict.CAMPUS, "school": Verdict.CAMPUS, "household": Verdict.HOUSEHOLD, "family": Verdict.HOUSEHOLD,
    "person": Verdict.OWN_ACCOUNTS, "owner": Verdict.OWN_ACCOUNTS,
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """Per ring, as shares of its members: ``cleared`` and ``accused`` by labels, and by explanation those in the known
    group that holds most of them, or that labels name as the service's own.

    ``rented`` is the share of uses of the profile's addresses that lie in lists of networks for rent; ``said`` tells
    all of this in words.
    """

    cleared: Floats
    accused: Floats
    groups: dict[Verdict, Floats]
    rented: Floats
    said: list[str]

    def grouped(self, verdict: Verdict) -> Floats:
        """Share of members in one known group that the explanation fits; 0 where nothing is told."""
        return self.groups.get(verdict, np.zeros(len(self.cleared)))


def nothing_told(rings: int) -> Told:
    """What is told where there are no labels and no lists."""
    return Told(np.zeros(rings), np.zeros(rings), {}, np.zeros(rings), [""] * rings)


def told_of(known: Known | None, world: World, counts: Counts, scored: Score, labels: Ints) -> Told:
    """What ``known`` says of groups given as labels per account (-1: in none)."""
    rings = len(counts.size)
    if known is None:
        return nothing_told(rings)
    group = labels[known.account]
    inside = group >= 0
    words, word = np.unique(np.array(known.label, dtype=object)[inside], return_inverse=True)
    marks = _Marks(known.account[inside], group[inside], word, np.maximum(counts.size, 1))
    standing = np.array([standing_of(text) for text in words], dtype=object)

    def share(standings: frozenset[Standing]) -> Floats:
        return marks.share(np.isin(standing, list(standings)))

    cleared, accused = share(CLEARING), share(ACCUSING)
    groups, named = _groups(words, marks)
    groups[Verdict.ORGANISATION] = np.maximum(groups.get(Verdict.ORGANISATION, np.zeros(rings)), share(OWN))
    rented = _rented(known, world, counts, scored)
    said = [_said(*row) for row in zip(marks.size.tolist(), cleared, accused, named, rented, strict=True)]
    return Told(cleared, accused, groups, rented, said)


@dataclass(frozen=True)
class _Marks:
    """Labels of members: ``account``, its ``group`` and the number of the ``word``; and the ``size`` of each group."""

    account: Ints
    group: Ints
    word: Ints
    size: Ints

    def share(self, chosen: np.ndarray) -> Floats:
        """Share of each group's members that carry one of the chosen words (a boolean a word)."""
        marked = chosen[self.word]
        members = np.unique(np.stack([self.account[marked], self.group[marked]]), axis=1)[1]
        return np.asarray(np.bincount(members, minlength=len(self.size)) / self.size)


def _groups(words: np.ndarray, marks: _Marks) -> tuple[dict[Verdict, Floats], list[tuple[str, float]]]:
    """By explanation the share of each ring in the known group that holds most of it; and that group's label."""
    kinds = [GROUP.fullmatch(text) for text in words]
    verdicts = [GROUPS.get(kind[1].lower()) if kind else None for kind in kinds]
    known = np.array([verdict is not None for verdict in verdicts], dtype=bool)[marks.word]
    triples = np.unique(np.stack([marks.word[known], marks.group[known], marks.account[known]]), axis=1)
    cells, members = np.unique(triples[:2], axis=1, return_counts=True)
    word, ring = cells
    share = members / marks.size[ring]
    shares: dict[Verdict, Floats] = {}
    for verdict in sorted(set(GROUPS.values())):
        mine = np.array([v == verdict for v in verdicts], dtype=bool)[word]
        shares[verdict] = np.zeros(len(marks.size))
        np.maximum.at(shares[verdict], ring[mine], share[mine])
    named = [("", 0.0)] * len(marks.size)
    for place in np.lexsort((-word, share)):  # cells of a ring and a known group: few
        named[ring[place]] = (words[word[place]].strip(), float(share[place]))
    return shares, named


def _rented(known: Known, world: World, counts: Counts, scored: Score) -> Floats:
    """Share of the uses of each profile's listed kinds of entity that lie in a list of networks for rent."""
    rings = len(counts.size)
    rented = known.entity[[folded_label(name) in RENTED for name in known.context]]
    uses, listed = np.zeros(rings), np.zeros(rings)
    for background, numbers, kind in zip(world.kinds, counts.kinds, scored.kinds, strict=True):
        if background.incidence.kind.family != LEASED_FAMILY:
            continue
        cell = kind.chosen
        within = np.isin(background.incidence.entities[numbers.entity[cell]], rented)
        uses += np.bincount(numbers.group[cell], weights=numbers.k[cell], minlength=rings)
        listed += np.bincount(numbers.group[cell], weights=numbers.k[cell] * within, minlength=rings)
    return np.asarray(listed / np.maximum(uses, 1))


def _said(size: int, cleared: float, accused: float, named: tuple[str, float], rented: float) -> str:
    """The same in words, each part after ``; ``."""
    parts = [
        (cleared, f"labels clear {round(cleared * size)} of {size} members"),
        (accused, f"labels accuse {round(accused * size)} of {size} members"),
        (named[1], f"{round(named[1] * size)} of {size} members are known as '{named[0].replace(';', ',')}'"),
        (rented, f"{rented:.0%} of the uses of its addresses are in lists of networks for rent"),
    ]
    return "".join(f"; {text}" for share, text in parts if share > 0)
