from __future__ import annotations

import random
from pathlib import Path

import pytest

from linkage.errors import InputRefused
from linkage.sources.cards import looks_like_cards
from tests.sources.small_logs import Read, read, write_csv, write_parquet

# Test numbers that the card networks publish, and one of 19 digits
CARDS = ["4111111111111111", "5555555555554444", "378282246310005", "6011000990139424", "6304000000000000000"]
SOURCE = {"path": "e.csv", "account": "a", "entities": {"card": "payment_method"}}


def reading(folder: Path, values: list[str]) -> Read:
    write_csv(folder / "e.csv", "a,card", *(f"acc{i},{value}" for i, value in enumerate(values)))
    return read(folder, {"s": SOURCE})


@pytest.mark.parametrize("between", ["", " ", "-"])
def test_a_column_of_card_numbers_is_refused_with_advice(tmp_path: Path, between: str) -> None:
    grouped = [between.join(card[i : i + 4] for i in range(0, len(card), 4)) for card in CARDS]
    with pytest.raises(InputRefused) as caught:
        reading(tmp_path, [*grouped, "tok_1", "tok_2"])
    assert str(caught.value) == (
        "sources.s: column 'card' holds what look like full card numbers. "
        "Send the processor's fingerprint of the card instead; card numbers must not be stored here."
    )
    assert not any(card in str(caught.value) for card in CARDS)


def test_numbers_in_parquet_are_looked_at_too(tmp_path: Path) -> None:
    write_parquet(tmp_path / "e.parquet", a=["x", "y", "z"], card=[int(card) for card in CARDS[:3]])
    with pytest.raises(InputRefused, match="full card numbers"):
        read(tmp_path, {"s": {**SOURCE, "path": "e.parquet"}})


@pytest.mark.parametrize("seed", range(5))
def test_random_ids_of_sixteen_digits_pass(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    ids = [str(dice.randrange(10**15, 10**16)) for _ in range(500)]
    assert reading(tmp_path, ids).report.counts[0].loaded == 500


def test_a_few_accidents_do_not_make_a_column_of_cards(tmp_path: Path) -> None:
    assert reading(tmp_path, [*CARDS[:2], "tok_1", "tok_2"]).report.counts[0].loaded == 4
    assert reading(tmp_path, [CARDS[0]] * 50).report.counts[0].loaded == 50


def test_only_payment_columns_are_screened(tmp_path: Path) -> None:
    write_csv(tmp_path / "e.csv", "a,card", *(f"acc{i},{card}" for i, card in enumerate(CARDS)))
    assert read(tmp_path, {"s": {**SOURCE, "entities": {"card": "device"}}}).report.counts[0].loaded == 5
    own = {"kinds": {"wallet": {"family": "payment"}}}
    with pytest.raises(InputRefused, match="full card numbers"):
        read(tmp_path, {"s": {**SOURCE, "entities": {"card": "wallet"}}}, **own)


def test_the_rule_needs_three_and_half() -> None:
    assert looks_like_cards(3, 6)
    assert not looks_like_cards(2, 2)
    assert not looks_like_cards(3, 7)
