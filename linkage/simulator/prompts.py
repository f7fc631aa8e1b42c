"""Raw prompts for numbers of templates: each template has fixed words in a fixed order, and slots that are filled anew
every time. A mutated copy has its root's words, some changed, some dropped, some sentences in another order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.simulator.streams import Bools, Floats, Ints, Streams, repeat_counts, scatter
from linkage.simulator.words import SLOTS, WORDS, common_words

SHORTEST, LONGEST = 30, 150  # words of a template
SLOT_SHARE = 0.06  # of a template's words
CHANGED, DROPPED = 0.10, 0.06  # share of a mutated template's words
SWAPPED = 0.25  # share of a mutated template's sentences that change places with the next one
OPENINGS = (
    "You are a helpful assistant.", "You are an expert.", "Act as a professional editor.", "Hello!", "Please help me.",
    "You will be given a text.", "Think step by step.", "Here is the context:",
)  # fmt: skip
CLOSINGS = (
    "Answer in JSON only.", "Be concise.", "Do not explain your answer.", "Thank you!", "Reply with one word.",
    "Use markdown.", "If you are not sure, say so.", "Answer in English.",
)  # fmt: skip
STOCK_SHARE = 0.4  # of templates begin, or end, with a sentence that many use
MARKS = ("", ".", ".\n", ":")  # after a word; all but the first end a sentence
BOUNDARY = "\x1e"  # between what the system says and what the user says


class Form(IntEnum):
    """How a template is sent: as one text, with its speakers named, or as a JSON array of messages."""

    PLAIN = 0
    NAMED = 1
    CHAT = 2


FORM_SHARES = (0.55, 0.25, 0.20)
FRAMES = {  # before, between and after what system and user say
    Form.PLAIN: ("", "\n", ""),
    Form.NAMED: ("System: ", "\n\nUser: ", ""),
    Form.CHAT: ('[{"role": "system", "content": "', '"}, {"role": "user", "content": "', '"}]'),
}


def _vocabulary() -> pa.Array:
    """Words plain and capitalised with every mark, the boundary, stock sentences, and slots by name."""
    words = [*WORDS, *(word.capitalize() for word in WORDS)]
    return pa.array([
        *(word + mark for mark in MARKS for word in words), BOUNDARY, *OPENINGS, *CLOSINGS,
        *(f"<{slot}>" for slot in SLOTS),
    ])  # fmt: skip


VARIANTS = 2 * len(WORDS)  # of words by capital letter
BOUNDARY_TOKEN = VARIANTS * len(MARKS)
OPENING_TOKEN = BOUNDARY_TOKEN + 1
CLOSING_TOKEN = OPENING_TOKEN + len(OPENINGS)
SLOT_TOKEN = CLOSING_TOKEN + len(CLOSINGS)


@dataclass(frozen=True)
class _Tokens:
    """Token numbers of several owners, owner after owner."""

    size: Ints
    token: Ints

    def of(self, owners: Ints) -> _Tokens:
        """The tokens of ``owners``, in their order."""
        size = self.size[owners]
        owner, place = repeat_counts(size)
        return _Tokens(size, self.token[(np.cumsum(self.size) - self.size)[owners[owner]] + place])


class Prompts:
    """Writes prompts: ``root`` has one entry a template, the one that it is a mutated copy of, or itself."""

    def __init__(self, root: Ints, streams: Streams) -> None:
        self.root = root
        self.key = int(streams.part("prompts").integers(0, 1 << 62))
        self.vocabulary = _vocabulary()

    def text(self, template: Ints, rng: np.random.Generator) -> pa.Array:
        """A prompt for each of ``template``, its slots filled with text drawn from ``rng``.

        About 700 bytes each, and ten times that while it works: 100,000 at once are well.
        """
        distinct, row = np.unique(template, return_inverse=True)
        tokens = self._skeletons(distinct).of(row)
        token = tokens.token.copy()
        fillings, known = [self.vocabulary], len(self.vocabulary)
        for number, fill in enumerate(SLOTS.values()):
            places = np.flatnonzero(tokens.token == SLOT_TOKEN + number)
            token[places] = known + np.arange(len(places))
            fillings.append(fill(len(places), rng))
            known += len(places)
        return self._framed(_Tokens(tokens.size, token), pa.concat_arrays(fillings), self.root[template])

    def masked(self, template: Ints) -> pa.Array:
        """The templates themselves: each slot as its name in angle brackets."""
        return self._framed(self._skeletons(template), self.vocabulary, self.root[template])

    def _chance(self, *numbers: Ints | int) -> Floats:
        """A fixed number from 0 to 1 for each tuple of ``numbers``."""
        return scatter(self.key, *numbers) / float(1 << 63)

    def _skeletons(self, template: Ints) -> _Tokens:
        """The tokens of each of ``template``."""
        root = self.root[template]
        words = (SHORTEST + (LONGEST - SHORTEST + 1) * self._chance(root, 1) ** 2).astype(np.int64)
        owner, place = repeat_counts(words)
        mutated = (root != template)[owner]
        slot = self._chance(root[owner], place, 2) < SLOT_SHARE
        changed = mutated & (self._chance(template[owner], place, 3) < CHANGED)
        author = np.where(changed, template[owner], root[owner])
        word = common_words(self._chance(author, place, 4))
        kind = (self._chance(root[owner], place, 5) * len(SLOTS)).astype(np.int64)
        length = 7 + (self._chance(root, 6) * 8).astype(np.int64)  # words of a sentence
        sentence = place // length[owner]
        order = self._order(template[owner], sentence, mutated)
        kept = slot | ~(mutated & (self._chance(template[owner], place, 7) < DROPPED))
        rows = np.lexsort((place, order, owner))
        rows = rows[kept[rows]]
        token = self._written(root, owner[rows], sentence[rows], word[rows])
        token = np.where(slot[rows], SLOT_TOKEN + kind[rows], token)
        return self._with_frame(root, owner[rows], token)

    def _order(self, template: Ints, sentence: Ints, mutated: Bools) -> Ints:
        """Where each sentence stands: one that swaps goes behind the next."""
        swaps = mutated & (self._chance(template, sentence, 8) < SWAPPED)
        return np.asarray(2 * sentence + 3 * swaps, dtype=np.int64)

    def _written(self, root: Ints, owner: Ints, sentence: Ints, word: Ints) -> Ints:
        """Words with a capital letter where a sentence begins, and a mark where it ends."""
        edge = np.flatnonzero((np.diff(owner) != 0) | (np.diff(sentence) != 0))
        begins, ends = np.zeros(len(word), dtype=bool), np.zeros(len(word), dtype=bool)
        begins[:1], ends[-1:] = True, True
        begins[edge + 1], ends[edge] = True, True
        mark = 1 + (self._chance(root[owner], sentence, 9) ** 2 * (len(MARKS) - 1)).astype(np.int64)
        return np.asarray(word + begins * len(WORDS) + ends * mark * VARIANTS, dtype=np.int64)

    def _with_frame(self, root: Ints, owner: Ints, token: Ints) -> _Tokens:
        """With a stock sentence at the beginning and at the end of some, and what the system says apart."""
        size = np.bincount(owner, minlength=len(root))
        everyone = np.arange(len(root))
        opens = np.flatnonzero(self._chance(root, 10) < STOCK_SHARE)
        closes = np.flatnonzero(self._chance(root, 11) < STOCK_SHARE)
        place = np.arange(len(owner)) - (np.cumsum(size) - size)[owner]
        half = np.maximum(1, (size * (0.3 + 0.5 * self._chance(root, 12))).astype(np.int64))
        owners = np.concatenate([owner, opens, everyone, closes])
        places = np.concatenate([2 * place, np.full(len(opens), -1), 2 * half - 1, 2 * size[closes]])
        opening = OPENING_TOKEN + (self._chance(root[opens], 13) * len(OPENINGS)).astype(np.int64)
        closing = CLOSING_TOKEN + (self._chance(root[closes], 14) * len(CLOSINGS)).astype(np.int64)
        tokens = np.concatenate([token, opening, np.full(len(root), BOUNDARY_TOKEN), closing])
        return _Tokens(np.bincount(owners, minlength=len(root)), tokens[np.lexsort((places, owners))])

    def _framed(self, tokens: _Tokens, vocabulary: pa.Array, root: Ints) -> pa.Array:
        """The texts, each in the form of its root."""
        offsets = np.concatenate([[0], np.cumsum(tokens.size)]).astype(np.int32)
        text = pc.binary_join(pa.ListArray.from_arrays(offsets, vocabulary.take(pa.array(tokens.token))), " ")
        form = np.searchsorted(np.cumsum(FORM_SHARES)[:-1], self._chance(root, 15), side="right")
        parts = [_in_form(text.take(pa.array(np.flatnonzero(form == f))), f) for f in Form]
        order = np.argsort(np.argsort(form, kind="stable"), kind="stable")
        return pa.concat_arrays(parts).take(pa.array(order))


def _in_form(text: pa.Array, form: Form) -> pa.Array:
    before, between, after = FRAMES[form]
    if form == Form.CHAT:
        for raw, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
            text = pc.replace_substring(text, raw, escaped)
    text = pc.replace_substring(text, f" {BOUNDARY} ", between)
    return pc.binary_join_element_wise(before, text, after, "")
