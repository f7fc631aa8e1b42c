from __future__ import annotations

import numpy as np
import pytest

from linkage.operators.alternatives import ALTERNATIVES, NETWORK, alternatives
from tests.operators.made import Uses, joined, kinds_of, templates

CARDS: Uses = {(ring, "card", e): 3 for ring in (0, 1, 2) for e in (1, 2)}
CARD, PROMPT, FARM, AGENCY = (one.text for one in ALTERNATIVES)


def told(uses: Uses, rings: int, clients: int = 0, strangers: dict[tuple[str, int], int] | None = None) -> list[str]:
    return alternatives(kinds_of(uses, strangers), np.arange(rings), clients, 8.0).split("; ")


def scores(parts: list[str]) -> dict[str, str]:
    return {part.split(" explains ")[0]: part.split(" explains ")[1].split(":")[0] for part in parts}


def test_what_cards_alone_hold_together_a_reseller_explains() -> None:
    parts = told(joined(*(templates(r) for r in range(3)), CARDS), 3)
    assert scores(parts) == {
        CARD: "100%", AGENCY: "100%", PROMPT: "0%", FARM: "0%", "one proxy provider": "0%",
    }
    rest = "without that 0 of 3 rings stay tied to the others, the loosest by 0.0 bits"
    assert parts[0] == f"{CARD} explains 100%: {rest}"
    assert parts[-1] == NETWORK


def test_with_templates_as_well_neither_alone_explains_it_but_an_agency_does() -> None:
    parts = told(joined(*(templates(r, 1, 2, 3) for r in range(3)), CARDS), 3, clients=1)
    assert scores(parts) == {
        AGENCY: "100%", CARD: "0%", PROMPT: "0%", FARM: "0%", "one proxy provider": "0%",
    }
    assert parts[0].endswith("(1 of them looks like an organisation next)")
    assert told(joined(templates(0, 1, 2), templates(1, 1, 2)), 2, clients=2)[1].endswith("(2 of them look like an "
                                                                                         "organisation next)")


def test_the_score_is_the_part_of_the_rings_that_falls_away() -> None:
    """Cards tie the first two of four rings to each other, templates all but the first."""
    cards = {(ring, "card", e): 3 for ring in (0, 1) for e in (1, 2)}
    parts = told(joined(templates(0), *(templates(r, 1, 2, 3) for r in (1, 2, 3)), cards), 4)
    assert scores(parts)[CARD] == "25%"
    assert "without that 3 of 4 rings stay tied to the others, the loosest by 0.0 bits" in " ".join(parts)


@pytest.mark.parametrize(("strangers", "share"), [(0, "0%"), (8, "33%")])
def test_how_many_strangers_use_a_shared_prompt_is_said(strangers: int, share: str) -> None:
    uses = joined(templates(0, 1, 2, 3), templates(1, 1, 2, 3))
    parts = told(uses, 2, strangers={("template", e): strangers for e in (1, 2, 3)})
    (prompt,) = (part for part in parts if part.startswith(PROMPT))
    assert prompt.endswith(f"({share} of those who use what they share are in none of them)")


def test_one_ring_needs_no_other_explanation() -> None:
    assert alternatives(kinds_of(templates(0, 1)), np.array([0]), 0, 8.0) == ""
