from __future__ import annotations

import numpy as np

from linkage.simulator.streams import Streams
from linkage.yardstick.templates.mutated import SLOT, MutatedCopies, fixed_words, open_slots, same_words
from tests.yardstick.templates.toys import TEMPLATES

SENTENCES = " ".join(f"s{s}w0 s{s}w1 s{s}w2 s{s}w3 s{s}w4." for s in range(100)) + f" Now: {SLOT}"


def test_slots_are_marked_and_fixed_words_counted() -> None:
    texts = open_slots(TEMPLATES["jinja"].tolist())
    assert texts[1] == f"Which film is meant? {SLOT}"
    assert texts[4] == ""
    assert fixed_words(texts[1]) == ["Which ", "film ", "is ", "meant? "]
    assert len(fixed_words(texts[3])) == 3 + 3 * 2  # the mark itself has a full stop: no word


def test_texts_with_half_of_their_words_in_common_say_the_same() -> None:
    assert same_words(["Which ", "film\n", "is "], ["which", "film"])
    assert same_words(["a", "b"], ["b", "a", "c", "d"])
    assert not same_words(["a", "b"], ["b", "a", "c", "d", "e"])
    assert not same_words([], [])


def test_a_passage_in_both_makes_two_texts_say_the_same() -> None:
    passage, others = list("abcdefgh"), [f"word{i}" for i in range(40)]
    assert same_words([*others[:20], *passage], [*passage, *others[20:]])
    assert not same_words([*others[:20], *passage[:7]], [*passage[:7], *others[20:]])


def test_a_root_keeps_its_text_and_slots_are_filled_anew() -> None:
    copies = MutatedCopies([SENTENCES], np.array([0]), Streams(1))
    one, two = copies.text(np.array([0, 0])).to_pylist()
    fixed = SENTENCES.removesuffix(SLOT)
    assert one.startswith(fixed)
    assert two.startswith(fixed)
    assert one != two
    assert SLOT not in one


def test_a_copy_changes_and_drops_words_and_moves_sentences_in_the_shares_of_the_simulator() -> None:
    copies = MutatedCopies([SENTENCES, "other words here"], np.array([0, 1, 0, 0]), Streams(2))
    first, second = (copies._text[number] for number in (2, 3))
    assert first != second
    words, old = first.split(), SENTENCES.split()
    assert first.split().count(SLOT) == 1
    assert 0.03 < 1 - len(words) / len(old) < 0.09
    assert 0.05 < sum(new not in old or words.count(new) > 1 for new in words) / len(old) < 0.30
    order = [int(word[1 : word.index("w")]) for word in words if word.endswith("w2")]
    moved = np.mean(np.diff(order) < 0)
    assert 0.05 < moved < 0.4


def test_the_same_streams_give_the_same_copies() -> None:
    one, two, other = (
        MutatedCopies([SENTENCES], np.array([0, 0]), Streams(seed)).text(np.array([1, 1])) for seed in (3, 3, 4)
    )
    assert one.equals(two)
    assert not one.equals(other)
