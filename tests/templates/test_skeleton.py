"""Skeletons hold what accounts share, whatever their slots hold, and stay what they were."""

from __future__ import annotations

import dataclasses
import random

import numpy as np

from linkage.templates.frequency import Ages, Shingles
from linkage.templates.loops import Hashes
from linkage.templates.skeleton import Known, Ragged, Signs, Skeletons, skeletons
from linkage.templates.tokens import Tokens
from tests.templates.core_steps import CELLS, KEY, SIGNS, found, known, strangers, tokens

WORDS = [a + b + c for a in "bdfgklmn" for b in "aeiou" for c in ("st", "nd", "rl", "mp", "ck", "tch")]
HEAD = "you will now read a review that somebody wrote of a place to eat in the town called"
TAIL = "and then say in no more than a sentence whether they were content with what they had there or not"


def prompts(count: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return [f"{HEAD} {' '.join(rng.choices(WORDS, k=rng.randint(6, 30)))} {TAIL}" for _ in range(count)]


def test_slots_fall_away_and_the_template_stays() -> None:
    made = found([*prompts(40), *prompts(1, seed=7)])
    assert len(set(made.hash.tolist())) == 1
    kept = found([*prompts(20), f"{HEAD} 17 {TAIL} {TAIL}", *([f"{HEAD} 17, and {TAIL}"] * 9)])
    assert kept.hash[0] == made.hash[0] != kept.hash[-1]
    assert made.skeletons.hash.tolist() == [made.hash[0]]
    assert made.skeletons.accounts[0].bit_count() > 20


def test_one_account_alone_shares_nothing() -> None:
    texts = prompts(40)
    made = found(texts, np.full(40, 77, np.uint64))
    assert not made.hash.any()
    assert not len(made.skeletons.hash)
    assert not len(made.fresh)


def test_a_short_text_that_shares_little_has_itself() -> None:
    made = found(["nothing like it anywhere", "another one altogether", "", "nothing like it anywhere"])
    assert made.hash[2] == 0
    assert made.hash[0] == made.hash[3] != made.hash[1]


def test_parts_are_the_whole_in_any_order() -> None:
    texts, accounts = prompts(30) + [f"read {word} now" for word in WORDS[:20]], strangers(50)
    counted = Shingles(CELLS)
    counted.add(tokens(texts), accounts)
    whole = skeletons(tokens(texts), accounts, SIGNS, known(counted))
    order = np.random.default_rng(1).permutation(50)
    parts = []
    for rows in np.array_split(order, 3):
        part = skeletons(tokens([texts[i] for i in rows]), accounts[rows], SIGNS, known(counted))
        np.testing.assert_array_equal(part.hash, whole.hash[rows])
        parts.append(part.skeletons)
    same(Skeletons.joined(parts), whole.skeletons)


def same(one: Skeletons, two: Skeletons) -> None:
    for field in ("hash", "accounts"):
        np.testing.assert_array_equal(getattr(one, field), getattr(two, field))
    for field in ("tokens", "features"):
        for part in ("start", "value"):
            np.testing.assert_array_equal(getattr(getattr(one, field), part), getattr(getattr(two, field), part))


def batch(texts: list[str], accounts: Hashes, before: Known) -> tuple[Hashes, Known]:
    """The skeletons of one more batch, and what is known after it."""
    counted = Shingles(CELLS)
    counted.add(tokens(texts), accounts)
    now = dataclasses.replace(before, counted=counted, least=counted.least())
    made = skeletons(tokens(texts), accounts, SIGNS, now)
    ages = []
    for old, new in ((before.shingles, made.fresh), (before.minted, made.skeletons.hash)):
        keys = old.table[old.table > 0]
        values = old.held[old.table > 0]
        new = new[~np.isin(new, keys)]
        ages.append(Ages.of(np.append(keys, new), np.append(values, np.full(len(new), before.now, np.uint8))))
    return made.hash, Known(counted, now.least, *ages, now.now + 1)


def test_a_prompt_keeps_its_skeleton_when_more_becomes_frequent() -> None:
    texts = [*prompts(30), *(f"job {word} was done" for word in WORDS[:30])]
    start = Known(Shingles(CELLS), 2, Ages(), Ages())
    first, after = batch(texts, strangers(60), start)
    more = [text for text in texts[::3] for _ in range(12)]  # whole prompts, slots and all, are frequent now
    second, after = batch([*texts, *more], strangers(60 + len(more), 5), after)
    np.testing.assert_array_equal(second[:60], first)
    third, _ = batch(more, strangers(len(more), 6), after)
    np.testing.assert_array_equal(third, np.repeat(first[::3], 12))
    fresh, _ = batch([*texts, *more], strangers(60 + len(more), 5), start)
    assert not np.array_equal(fresh[:60], first)  # without what was known they would have had others


def test_features_are_pairs_of_words_and_tokens_those_of_short_ones() -> None:
    made = found(prompts(30)).skeletons
    assert not len(made.tokens.value) or len(made.tokens.value) <= 40
    assert len(made.features.value) == len(f"{HEAD} {TAIL}".split()) - 1
    assert np.all(np.diff(made.features.value.astype(np.int64)) > 0)
    short = found([f"the job {word} is done" for word in WORDS]).skeletons
    row = int(np.argmax([count.bit_count() for count in short.accounts.tolist()]))
    assert short.tokens.of(np.array([row])).value.tolist() == tokens(["the job 1 is done"]).token.tolist()
    assert not len(short.features.value)


def test_signs_are_the_slot_and_the_marks() -> None:
    signs = Signs.of(KEY)
    assert signs.slot in signs.all
    assert np.isin(tokens([". , : ? ( ) ... -- = 5"]).token, signs.all).all()
    assert not np.isin(tokens(["words in a row"]).token, signs.all).any()
    assert np.all(signs.all[1:] > signs.all[:-1])


def test_rows_of_several_lengths() -> None:
    rows = Ragged(np.array([0, 2, 2, 5]), np.arange(5, dtype=np.uint64))
    picked = rows.of(np.array([2, 0, 1]))
    assert picked.value.tolist() == [2, 3, 4, 0, 1]
    assert picked.start.tolist() == [0, 3, 5, 5]
    assert rows.cut(np.array([True, True, False])).start.tolist() == [0, 2, 2, 2]
    assert Ragged.joined([rows, picked]).value.tolist() == [0, 1, 2, 3, 4, 2, 3, 4, 0, 1]


def test_no_texts_have_no_skeletons() -> None:
    none = Tokens(np.zeros(1, np.int64), np.zeros(0, np.uint64))
    made = skeletons(none, np.zeros(0, np.uint64), SIGNS, known(Shingles(CELLS)))
    assert not len(made.hash)
    same(made.skeletons, Skeletons.none())
