"""What else than the same hands would explain that rings share what hardly anyone else uses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.operators.ties import SOLD, between, is_own
from linkage.operators.uses import Ints, KindUses

CONTENT, PAYMENT = "content", "payment"


@dataclass(frozen=True)
class Alternative:
    """``text`` is what the reader sees; it would explain what rings share in ``families``, and nothing else."""

    text: str
    families: frozenset[str]


ALTERNATIVES = (
    Alternative("a supplier or reseller of cards from whom unrelated rings buy", frozenset({PAYMENT})),
    Alternative("a prompt that is sold or published", frozenset({CONTENT})),
    Alternative("a device farm or a tool for rent", frozenset({SOLD})),
    Alternative("an agency that works with its clients' prompts and cards", frozenset({CONTENT, PAYMENT})),
)
NETWORK = "one proxy provider explains 0%: addresses are not counted"


def alternatives(kinds: list[KindUses], rings: Ints, clients: int, least: float) -> str:
    """The other explanations of an operator's ties, best first; parts are joined with ``; ``. Empty for one ring.

    Each is scored by the part of the ``rings`` (suspect ones) that would not be tied to the others by more than
    ``least`` bits any more without the families that it explains. ``clients`` of the rings look like an organisation
    next: that speaks for an agency. How many of those who use what is shared are in no such ring speaks for a prompt
    that is sold or published.
    """
    if len(rings) < 2:
        return ""
    told = []
    for place, one in enumerate(ALTERNATIVES):
        left = [kind for kind in kinds if kind.family not in one.families]
        bits = np.array([between(left, rings[rings == ring], rings[rings != ring]).total for ring in rings])
        tied = int(np.count_nonzero(bits > least))
        score = 1 - tied / len(rings)
        rest = f"without that {tied:,} of {len(rings):,} rings stay tied to the others, the loosest by {bits.min():.1f}"
        text = f"{one.text} explains {score:.0%}: {rest} bits{_besides(one, kinds, rings, clients)}"
        told.append((-score, place, text))
    return "; ".join([*(text for _, _, text in sorted(told)), NETWORK])


def _besides(one: Alternative, kinds: list[KindUses], rings: Ints, clients: int) -> str:
    """What speaks for one explanation more or less than another that fits as well."""
    if one.families == {CONTENT}:
        return f" ({_strangers(kinds, rings):.0%} of those who use what they share are in none of them)"
    if one.families == {CONTENT, PAYMENT}:
        return f" ({clients:,} of them {'looks' if clients == 1 else 'look'} like an organisation next)"
    return ""


def _strangers(kinds: list[KindUses], rings: Ints) -> float:
    """Of the users of contents that two of the rings share as their own, the part that is in none of the rings."""
    everybody = inside = 0
    for kind in kinds:
        if kind.family == CONTENT:
            users = kind.used_by(rings)
            several = np.bincount(kind.users[rings].tocoo().col, minlength=len(users)) > 1
            shared = several & is_own(users, kind.everywhere - users)
            everybody, inside = everybody + int(kind.everywhere[shared].sum()), inside + int(users[shared].sum())
    return 1 - inside / everybody if everybody else 0.0
