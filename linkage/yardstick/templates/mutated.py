"""Mutated copies of real templates: some words changed, some dropped, some sentences in another order."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from linkage.simulator.prompts import CHANGED, DROPPED, SWAPPED
from linkage.simulator.streams import Ints, Streams
from linkage.yardstick.templates.third_party import Templates, varied

SLOT = "\ue000"  # of private use; stands for a slot in a text that has none filled yet
WORD = re.compile(r"\S+\s*")
PASSAGE = 8  # words in a row that two people hardly write by chance
SENTENCE_END = re.compile(r"[.?!:]\s*$|\n\s*$")


def open_slots(sources: Sequence[str]) -> list[str]:
    """Each Jinja template as a text with its slots marked by SLOT; '' where it can't be filled by texts."""
    templates = Templates(sources, 0)
    return [templates.filled(number, lambda: SLOT) for number in range(len(sources))]


def fixed_words(text: str) -> list[str]:
    """The words of a text with marked slots that are no slot, with the blanks behind them."""
    return [word for word in WORD.findall(text) if SLOT not in word]


def same_words(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two texts have half of their different words in common, or more, or PASSAGE words in a row."""
    words, others = ([word.strip().casefold() for word in words] for words in (one, other))
    common, every = set(words) & set(others), set(words) | set(others)
    return 2 * len(common) >= len(every) > 0 or not _passages(words).isdisjoint(_passages(others))


def _passages(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + PASSAGE]) for i in range(len(words) - PASSAGE + 1)}


class MutatedCopies:
    """Texts with marked slots, one a root, and their mutated copies: ``root`` has one entry a template."""

    def __init__(self, texts: Sequence[str], root: Ints, streams: Streams) -> None:
        self._rng = streams.part("yardstick copies")
        self._fill = varied(self._rng)
        self._words = [word for text in texts for word in fixed_words(text)]
        self._text = [
            texts[of] if of == number else self._mutated(texts[of]) for number, of in enumerate(root.tolist())
        ]

    def text(self, template: Ints) -> pa.Array:
        """A prompt for each of ``template``, its slots filled anew."""
        return pa.array([re.sub(SLOT, lambda _: self._fill(), self._text[number]) for number in template.tolist()])

    def _mutated(self, text: str) -> str:
        """The simulator's changes, in its shares."""
        words = [self._changed(word) for word in WORD.findall(text)]
        ends = np.flatnonzero([bool(SENTENCE_END.search(word)) for word in words]) + 1
        sentences = [part.tolist() for part in np.split(np.array(words, dtype=object), ends)]
        swaps = self._rng.random(len(sentences)) < SWAPPED
        order = np.argsort(2 * np.arange(len(sentences)) + 3 * swaps, kind="stable")
        moved = [word if word[-1:].isspace() else word + " " for place in order for word in sentences[place] if word]
        return "".join(moved).strip()

    def _changed(self, word: str) -> str:
        chance = self._rng.random()
        if SLOT in word or chance >= CHANGED + DROPPED:
            return word
        return "" if chance < DROPPED else self._words[self._rng.integers(len(self._words))]
