from __future__ import annotations

import numpy as np

from linkage.operators.reasons import decided_by, tie_text
from linkage.operators.ties import Tie

KINDS = ["card", "device", "prompt_template"]


def tie(shared: list[int], bits: list[float], expected: list[float] | None = None) -> Tie:
    return Tie(np.array(shared), np.array(expected or [0.1] * 3), np.array(bits), sum(bits))


STRONG, WEAK = tie([2, 1, 1_200], [12.0, 0.0, 30.0], [0.1, 0.9, 0.24]), tie([0, 0, 1], [0.0, 0.0, 11.26])


def test_a_tie_in_words_leaves_out_what_is_chance() -> None:
    assert tie_text(KINDS, STRONG) == (
        "2 cards and 1,200 prompt templates that hardly anyone else uses, 0.3 expected by chance (42.0 bits)"
    )
    assert tie_text(KINDS, WEAK) == "1 prompt template that hardly anyone else uses, 0.1 expected by chance (11.3 bits)"
    three = tie([3, 2, 1], [11.0, 12.0, 13.0])
    assert tie_text(KINDS, three).startswith("3 cards, 2 devices and 1 prompt template that")
    assert tie_text(KINDS, tie([0, 1, 0], [0.0] * 3)) == "no more than chance gives"


def test_the_loosest_ring_is_told() -> None:
    assert decided_by(KINDS, [STRONG], 0) == "one ring"
    assert decided_by(KINDS, [STRONG, WEAK], 0) == (
        "each of 2 rings is tied to the others; the loosest by 1 prompt template that hardly anyone else uses, 0.1 "
        "expected by chance (11.3 bits)"
    )
    assert decided_by(KINDS, [STRONG] * 3, 1).endswith("(42.0 bits); 1 ring of them also serves others")
    assert decided_by(KINDS, [STRONG] * 3, 2).endswith("(42.0 bits); 2 rings of them also serve others")
