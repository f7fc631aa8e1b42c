"""The tiers of the action list, and what each of them says."""

from __future__ import annotations

from enum import StrEnum


class Tier(StrEnum):
    """Where an account stands; the order is the order of the list."""

    FIRST = "1"
    NEXT = "2"
    WATCH = "3"
    REVIEW = "review"
    EXCLUDED = "excluded"


MEANINGS = {
    Tier.FIRST: "look here first: core of a suspect ring, tied by more than what can be planted or rented",
    Tier.NEXT: "look here next: the other core and periphery accounts of suspect rings",
    Tier.WATCH: "watch only: beside a suspect ring, or also linked to one; nothing is claimed of these accounts",
    Tier.REVIEW: "review: undetermined rings, and accounts that a reviewer took for honest; nothing is claimed",
    Tier.EXCLUDED: "left out: your labels know these accounts as honest or your own",
}
