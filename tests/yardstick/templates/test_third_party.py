from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd

from linkage.yardstick.templates.third_party import (
    FILE,
    Slot,
    Templates,
    parted,
    read_templates,
    varied,
)
from tests.yardstick.templates.toys import TEMPLATES


def filler() -> object:
    numbers = itertools.count()
    return lambda: f"text{next(numbers)}"


def filled(source: str) -> str:
    return Templates([source], 1).filled(0, filler())  # type: ignore[arg-type]  # a callable without types


def test_every_name_is_a_slot_and_one_name_has_one_text() -> None:
    assert filled("{{ b }} and {{ a }} and {{ b }}") == "text1 and text0 and text1"


def test_a_slot_answers_to_fields_places_calls_loops_and_filters() -> None:
    assert filled("{{ a.b }} {{ a['c'] }} {{ a[0] }} {{ a() }}") == "text1 text2 text3 text4"
    assert filled("{% for x in a %}<{{ x }}>{% endfor %}") == "<text1><text2><text3>"
    assert filled('{{ a | join(", ") }}') == "text1, text2, text3"
    assert filled("{{ a | length }} {{ a | upper }} {{ a[:2] }}") == "3 TEXT0 te"
    assert filled("{{ [1, 2] | most_frequent | first }} {{ ['x'] | choice }}") == "1 x"
    assert filled("{% set c = 'own' %}{{ c }}{% for i in range(2) %}{{ i }}{% endfor %}") == "own01"


def test_the_answer_is_no_part_of_a_prompt_and_can_break() -> None:
    assert filled("Which? {{ a }}\n|||\n{{ b + 1 }}") == "Which? text0"
    assert filled("{% if a %}Which?\n||| {{ a }}{% endif %} more") == "Which?"


def test_what_can_not_be_filled_is_empty() -> None:
    assert filled("How many? {{ a + 1 }}") == ""
    assert filled("{{ a | nothing_known }}" if False else "{{ 1 / 0 }}") == ""


def test_templates_can_not_reach_what_python_has_behind_them() -> None:
    assert filled("{{ ''.__class__.__mro__ }}") == ""


def test_the_answer_is_parted_from_its_piece() -> None:
    assert list(parted(iter(["a", "b ||| c", "d"]))) == ["a", "b ", "|||", "d"]


def test_templates_that_ask_the_same_are_read_once(tmp_path: Path) -> None:
    again = pd.DataFrame({"dataset": ["films", "films"], "jinja": [TEMPLATES["jinja"][0] + "!", "||| only an answer"]})
    pd.concat([TEMPLATES, again]).to_json(tmp_path / FILE, orient="records", lines=True)
    read = read_templates(tmp_path / FILE)
    assert sorted(read["jinja"]) == sorted(TEMPLATES["jinja"])
    assert list(read["dataset"]) == sorted(TEMPLATES["dataset"])


def test_texts_of_slots_vary_and_come_again_with_their_seed() -> None:
    fill, same, other = (varied(np.random.default_rng(seed)) for seed in (1, 1, 2))
    texts = [fill() for _ in range(200)]
    assert texts == [same() for _ in range(200)]
    assert texts != [other() for _ in range(200)]
    assert len(set(texts)) > 150
    assert {text.isdigit() for text in texts} == {text.startswith("https://") for text in texts} == {True, False}


def test_a_slot_is_its_text() -> None:
    assert Slot(lambda: "said") == "said"
    assert len(list(Slot(lambda: "said"))) == 3
