"""What holds an operator's rings together, in words."""

from __future__ import annotations

import numpy as np

from linkage.operators.ties import Tie


def decided_by(kinds: list[str], ties: list[Tie], shared: int) -> str:
    """Why an operator's rings go together, by the loosest of them; parts are joined with ``; ``.

    ``ties`` are those of each of its suspect rings with the rest of them; ``shared`` of the rings serve others, too.
    """
    if len(ties) == 1:
        return "one ring"
    loosest = min(ties, key=lambda tie: tie.total)
    parts = [f"each of {len(ties)} rings is tied to the others; the loosest by {tie_text(kinds, loosest)}"]
    if shared:
        parts.append(f"{_counted(shared, 'ring')} of them also {'serves' if shared == 1 else 'serve'} others")
    return "; ".join(parts)


def tie_text(kinds: list[str], tie: Tie) -> str:
    """A tie in words: what hardly anyone else uses, by kind, what chance would give, and the bits."""
    told = np.flatnonzero(tie.bits > 0)
    if not len(told):
        return "no more than chance gives"
    things = [_counted(int(tie.shared[i]), kinds[i].replace("_", " ")) for i in told]
    words = things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"
    expected = float(tie.expected[told].sum())
    return f"{words} that hardly anyone else uses, {expected:.1f} expected by chance ({tie.total:.1f} bits)"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
