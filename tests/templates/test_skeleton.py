"""Skeletons hold what accounts share, whatever their slots hold, and stay what they were."""

from __future__ import annotations

import dataclasses
import random
import time

import numpy as np

from linkage.templates.frequency import Shingles
from linkage.templates.loops import LEAST_WORDS, NEVER, TRIED, Ages, Hashes, skeleton_hashes
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
        ages.append(Ages.of(np.append(keys, new), np.append(values, np.full(len(new), before.now, np.uint16))))
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


def test_a_prompt_keeps_its_skeleton_for_decades_of_nights() -> None:
    texts = prompts(30)
    first, after = batch(texts, strangers(30), Known(Shingles(CELLS), 2, Ages(), Ages()))
    for night in (1, 254, 255, 256, 10_000, int(NEVER) - 1):
        more = [f"{texts[night % 30]} and this was said of it in the night that is called {WORDS[night % 90]}"] * 9
        again, after = batch([*texts, *more], strangers(39, night), dataclasses.replace(after, now=night))
        np.testing.assert_array_equal(again[:30], first)
    assert set(after.shingles.held[after.shingles.table > 0].tolist()) >= {0, 255, 256, 10_000, int(NEVER) - 1}


def of_ages(size: int, ages: list[int], minted: Ages, now: int) -> tuple[int, int]:
    """The skeleton and its age of a text of other words each, whose ages these are, over and over."""
    token, age = np.arange(1, size + 1, dtype=np.uint64) << np.uint64(9), np.resize(np.array(ages, np.uint16), size)
    start, word = np.array([0, size]), np.ones(size, bool)
    made = skeleton_hashes(start, token, age, word, np.uint64(7), minted, np.uint16(now))
    return int(made[0][0]), int(made[1][0])


def test_the_oldest_ages_of_a_text_are_tried_and_no_more() -> None:
    every, none = list(range(0, 9_000, 3)), Ages()
    hashes = {of_ages(30_000, every, none, now)[0] for now in (9_000, 9_001, 60_000)}
    assert len(hashes) == 1
    assert of_ages(30_000, every, none, 9_000)[1] == every[TRIED - 1]  # what is younger falls away like slots
    assert of_ages(30_000, every[:5], none, 9_000)[1] == every[4]
    minted = Ages.of(np.array([of_ages(30_000, every[:1] + [int(NEVER)] * 2_999, none, 0)[0]], np.uint64),
                     np.zeros(1, np.uint16))  # fmt: skip
    assert of_ages(30_000, every, minted, 9_000)[1] == 0
    assert of_ages(LEAST_WORDS * 50, [int(NEVER)] * 49 + [70], none, 9_000)[1] == 70
    assert of_ages(LEAST_WORDS * 50 - 1, [int(NEVER)] * 49 + [70], none, 9_000) == (0, int(NEVER))


def test_a_text_of_many_ages_takes_time_as_its_length() -> None:
    of_ages(100, [1], Ages(), 1)  # compiled
    took = []
    for size in (1 << 14, 1 << 18):
        begun = time.process_time()
        of_ages(size, list(range(60_000)), Ages(), 60_000)
        took.append(time.process_time() - begun)
    assert took[1] < 16 * 4 * took[0] + 0.5


def test_features_are_pairs_of_words_and_tokens_those_of_short_ones() -> None:
    made = found(prompts(30)).skeletons
    assert not len(made.tokens.value) or len(made.tokens.value) <= 40
    assert len(made.features.value) == 2 * len(f"{HEAD} {TAIL}".split()) - 3
    assert np.all(np.diff(made.features.value.astype(np.int64)) > 0)
    short = found([f"the job {word} is done" for word in WORDS]).skeletons
    row = int(np.argmax([count.bit_count() for count in short.accounts.tolist()]))
    rare = tokens(["the job 1 is done"]).token
    rare[2] = SIGNS.rare
    assert short.tokens.of(np.array([row])).value.tolist() == rare.tolist()
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
