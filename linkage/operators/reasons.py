"""What holds an operator's rings together, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.operators.ties import Tie


@dataclass(frozen=True)
class Held:
    """The ties of an operator's suspect rings with the rest of them; how many clusters they are of; how many serve
    other operators too."""

    ties: list[Tie]
    clusters: int
    shared: int


def decided_by(kinds: list[str], held: Held) -> str:
    """Why an operator's rings go together, the loosest of them first; parts are joined with ``; ``."""
    rings = len(held.ties)
    if rings == 1:
        return "one ring"
    if held.clusters == 1:
        return f"{rings} rings inside one cluster"
    loosest = min(held.ties, key=lambda tie: tie.total)
    parts = [f"each of {rings} rings is tied to the others; the loosest by {tie_text(kinds, loosest)}"]
    if held.shared:
        parts.append(f"{_counted(held.shared, 'ring')} of them also {'serves' if held.shared == 1 else 'serve'} others")
    return "; ".join(parts)


def tie_text(kinds: list[str], tie: Tie) -> str:
    """A tie in words: what hardly anyone else uses, by kind, what chance would give, and the bits."""
    told = np.flatnonzero(tie.bits > 0)
    if not len(told):
        return "no more than chance, being of one cluster with another"
    things = [_counted(int(tie.shared[i]), kinds[i].replace("_", " ")) for i in told]
    words = things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"
    expected = float(tie.expected[told].sum())
    return f"{words} that hardly anyone else uses, {expected:.1f} expected by chance ({tie.total:.1f} bits)"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
