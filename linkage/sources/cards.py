"""A guard against card numbers: a payment column that holds them is refused before anything is kept."""

from __future__ import annotations

from linkage.config import PAYMENT_FAMILY
from linkage.engines.step import Engine
from linkage.errors import InputRefused
from linkage.sources.pairs import texts_sql
from linkage.sources.scan import Opened

# Luhn's check passes one random number in ten, so it is the column that is judged: half of its card-long values
# pass by chance with p < 0.03 for three values, < 1e-5 for ten.
LEAST_PASSING, LEAST_SHARE = 3, 0.5


def refuse_card_numbers(engine: Engine, opened: Opened) -> None:
    """Look at the distinct values of each payment column of a source.

    Raises:
        InputRefused: a column holds full card numbers: 13 to 19 digits (blanks and dashes aside) that pass Luhn's
            check.
    """
    for place, value in enumerate(opened.values):
        texts = f"(SELECT text FROM ({texts_sql(opened)}) WHERE place = {place})"
        if value.spec.family == PAYMENT_FAMILY and looks_like_cards(*card_counts(engine, texts, "text")):
            raise InputRefused(
                f"column '{value.name}' holds what look like full card numbers.",
                where=f"sources.{opened.name}",
                todo="Send the processor's fingerprint of the card instead; card numbers must not be stored here.",
            )


def looks_like_cards(passing: int, card_long: int) -> bool:
    """Whether a column with so many card-long values, so many of them passing Luhn's check, holds card numbers."""
    return passing >= LEAST_PASSING and passing >= LEAST_SHARE * card_long


def card_counts(engine: Engine, table: str, column: str) -> tuple[int, int]:
    """Distinct values of a column that are as long as card numbers: how many pass Luhn's check, and all of them."""
    counts = engine.fetch(
        f"""
        SELECT count(*) FILTER (WHERE luhn(digits)) AS passing, count(*) AS card_long
        FROM (SELECT DISTINCT replace(replace({column}, ' ', ''), '-', '') AS digits FROM {table}
              WHERE regexp_full_match({column}, '[0-9][0-9 -]{{11,35}}[0-9]'))
        WHERE regexp_full_match(digits, '[0-9]{{13,19}}')
        """
    ).to_pylist()[0]
    return counts["passing"], counts["card_long"]
