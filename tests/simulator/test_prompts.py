from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow.compute as pc
import pytest

from linkage.simulator.prompts import BOUNDARY, CHANGED, CLOSINGS, DROPPED, FORM_SHARES, OPENINGS, Prompts
from linkage.simulator.streams import Ints, Streams
from linkage.simulator.words import SLOTS

TEMPLATES, MUTANTS = 3_000, 300
SLOT = re.compile("|".join(f"<{slot}>" for slot in SLOTS))


def roots() -> Ints:
    """The last templates are mutated copies of the first."""
    return np.concatenate([np.arange(TEMPLATES), np.arange(MUTANTS)])


@pytest.fixture(scope="module")
def prompts() -> Prompts:
    return Prompts(roots(), Streams(21))


def content(prompt: str) -> str:
    """What system and user say, whatever the form."""
    if not prompt.startswith("["):
        return prompt.removeprefix("System: ").replace("\n\nUser: ", "\n", 1)
    messages = json.loads(prompt)
    assert [m["role"] for m in messages] == ["system", "user"]
    return "\n".join(m["content"] for m in messages)


def words(prompt: str) -> Counter[str]:
    return Counter(re.findall(r"[a-z]+", SLOT.sub(" ", content(prompt)).lower()))


def test_every_prompt_is_its_template_with_the_slots_filled(prompts: Prompts) -> None:
    template = np.random.default_rng(1).integers(0, len(prompts.root), 500)
    texts = prompts.text(template, np.random.default_rng(2)).to_pylist()
    for text, masked in zip(texts, prompts.masked(template).to_pylist(), strict=True):
        pattern = r"[\s\S]+?".join(re.escape(piece) for piece in SLOT.split(content(masked)))
        assert re.fullmatch(pattern, content(text))


def test_slots_are_filled_with_other_text_each_time(prompts: Prompts) -> None:
    slotted = [t for t, m in enumerate(prompts.masked(np.arange(200)).to_pylist()) if len(SLOT.findall(m)) >= 3]
    texts = prompts.text(np.repeat(slotted, 20), np.random.default_rng(3)).to_pylist()
    assert len(slotted) > 80
    assert len(set(texts)) == len(texts)


def test_the_words_of_templates_are_between_30_and_150_and_differ(prompts: Prompts) -> None:
    masked = prompts.masked(np.arange(TEMPLATES)).to_pylist()
    lengths = [len(content(m).split()) for m in masked]
    assert min(lengths) >= 30
    assert max(lengths) <= 150 + max(len(s.split()) for s in OPENINGS) + max(len(s.split()) for s in CLOSINGS)
    assert max(lengths) > 130
    assert len({content(m) for m in masked}) == TEMPLATES


def test_forms_come_in_their_shares(prompts: Prompts) -> None:
    texts = prompts.text(np.arange(TEMPLATES), np.random.default_rng(3)).to_pylist()
    chat, named = np.mean([t.startswith("[") for t in texts]), np.mean([t.startswith("System: ") for t in texts])
    assert (1 - chat - named, named, chat) == pytest.approx(FORM_SHARES, abs=0.03)
    assert not any(BOUNDARY in t for t in texts)


def test_unrelated_templates_share_stock_sentences_and_frequent_words_only(prompts: Prompts) -> None:
    masked = [words(m) for m in prompts.masked(np.arange(200)).to_pylist()]
    common = [(a & b).total() / min(a.total(), b.total()) for a, b in pairwise(masked)]
    assert np.mean(common) < 0.4
    texts = prompts.text(np.arange(TEMPLATES), np.random.default_rng(3))
    assert all(pc.sum(pc.match_substring(texts, sentence)).as_py() > 50 for sentence in (*OPENINGS, *CLOSINGS))


def test_a_mutated_template_keeps_most_words_and_all_slots_of_its_root(prompts: Prompts) -> None:
    copies = prompts.masked(np.arange(TEMPLATES, TEMPLATES + MUTANTS)).to_pylist()
    originals = prompts.masked(np.arange(MUTANTS)).to_pylist()
    kept = []
    for copy, original in zip(copies, originals, strict=True):
        assert content(copy) != content(original)
        assert copy.startswith("[") == original.startswith("[")
        assert Counter(SLOT.findall(copy)) == Counter(SLOT.findall(original))
        kept.append((words(copy) & words(original)).total() / words(original).total())
    assert np.mean(kept) > 1 - CHANGED - DROPPED - 0.02
    assert min(kept) > 0.55
    lost = [words(o).total() - words(c).total() for c, o in zip(copies, originals, strict=True)]
    assert min(lost) >= 0
    assert max(lost) > 3


def test_some_sentences_of_a_mutated_template_stand_elsewhere(prompts: Prompts) -> None:
    def swapped(copy: str, original: str) -> bool:
        """Words that both have once stand in another order."""
        once = {w for w, n in (words(copy) & words(original)).items() if words(copy)[w] == words(original)[w] == n == 1}
        a, b = ([w for w in re.findall(r"[a-z]+", SLOT.sub(" ", content(t)).lower()) if w in once]
                for t in (copy, original))
        return a != b

    copies = prompts.masked(np.arange(TEMPLATES, TEMPLATES + MUTANTS)).to_pylist()
    originals = prompts.masked(np.arange(MUTANTS)).to_pylist()
    assert 0.4 < np.mean([swapped(c, o) for c, o in zip(copies, originals, strict=True)]) < 0.98


def test_a_templates_words_depend_on_seed_and_number_alone(prompts: Prompts) -> None:
    again = Prompts(roots(), Streams(21))
    mixed = np.array([2_999, 5, 5, 3_100, 0])
    alone = [again.masked(np.array([t]))[0].as_py() for t in mixed]
    assert prompts.masked(mixed).to_pylist() == alone
    assert Prompts(roots(), Streams(22)).masked(mixed).to_pylist() != alone
    first, second = (prompts.text(mixed, np.random.default_rng(4)).to_pylist() for _ in range(2))
    assert first == second


def test_no_prompts_give_no_text(prompts: Prompts) -> None:
    assert prompts.text(np.zeros(0, dtype=np.int64), np.random.default_rng(1)).to_pylist() == []
