from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from linkage.errors import ConfigError
from linkage.yardstick.templates import prompts as module
from linkage.yardstick.templates.mixture import NOBODY
from linkage.yardstick.templates.prompts import (
    INVENTED,
    REAL,
    families,
    measured,
    prompts_table,
    read_sources,
    world,
)
from linkage.yardstick.templates.third_party import FILE
from tests.yardstick.templates.toys import TEMPLATES, numbers_masked
from tests.yardstick.test_tables import rows


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "prompts").mkdir()
    TEMPLATES.to_json(tmp_path / "prompts" / FILE, orient="records", lines=True)
    monkeypatch.setattr(module, "OPERATORS", 1)
    return tmp_path


def test_pairs_are_of_operators_prompts_and_drawn_in_are_ordinary_ones() -> None:
    mixture = pa.table({
        "account": ["a", "b", "c", "d", "e", "f"],
        "prompt": ["say 1", "say 2", "tell 3", "tell 4", "say 5", "hm"], "root": [0, 0, 0, NOBODY, NOBODY, NOBODY],
    })  # fmt: skip
    found = measured(mixture, numbers_masked)
    assert list(found.index) == ["exact", "masked", "skeleton", "family"]
    family = found.loc["family"]
    assert (family["precision"], family["recall"], family["f1"]) == (1, pytest.approx(1 / 3), pytest.approx(0.5))
    assert (family["operators"], family["ordinary"], family["drawn"]) == (3, 3, 2)
    assert found.loc["exact", "f1"] == 0


def test_no_ordinary_prompt_is_of_a_data_set_that_operators_have(data: Path) -> None:
    sources = read_sources(data)
    mixture = world(REAL, sources, 1, accounts=200)
    ordinary = " ".join(mixture.filter(pc.equal(mixture["root"], NOBODY))["prompt"].to_pylist())
    operators = " ".join(mixture.filter(pc.not_equal(mixture["root"], NOBODY))["prompt"].to_pylist())
    marks = {"films": "film", "laws": "lawyer", "towns": "Translate"}
    told = {name for name, mark in marks.items() if mark in operators}
    assert told
    assert not any(marks[name] in ordinary for name in told)
    assert "bird" not in operators  # too short


def test_families_are_measured_in_both_styles_for_each_seed(data: Path) -> None:
    found = families(data, numbers_masked, seeds=(1, 2), accounts=100)
    assert found.groupby(["style", "seed"], sort=False).size().to_dict() == {
        (style, seed): 4 for style in (INVENTED, REAL) for seed in (1, 2)
    }
    assert (found["operators"] > 50).all()


def test_the_table_has_means_the_lowest_seed_and_all_ordinary_prompts() -> None:
    found = pd.DataFrame({
        "precision": [1.0, 1.0], "recall": [0.9, 0.7], "f1": [0.95, 0.85], "operators": [10, 10],
        "ordinary": [1_000, 3_000], "drawn": [1, 1], "style": INVENTED, "seed": [1, 2],
    }, index=pd.Index(["family", "family"], name="level"))  # fmt: skip
    assert rows(prompts_table(found))["invented words, family"] == [
        "1.0000", "0.8000", "0.9000", "0.8500", "2 of 4,000", "0.050%"
    ]  # fmt: skip


def test_without_templates_it_says_where_they_were_sought(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the third party's prompt templates are not there") as refused:
        read_sources(tmp_path)
    assert str(tmp_path / "prompts" / FILE) in str(refused.value)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_ordinary_template_that_says_what_an_operators_does_is_left_out(data: Path, seed: int) -> None:
    copied = TEMPLATES.assign(dataset=[f"{name} again" for name in TEMPLATES["dataset"]])
    copied["jinja"] = copied["jinja"].str.replace("the", "our")
    mixture = world(REAL, pd.concat([read_sources(data), copied], ignore_index=True), seed, accounts=200)
    ours = pc.equal(mixture["root"], NOBODY)
    ordinary, operators = (mixture.filter(rows)["prompt"].to_pylist() for rows in (ours, pc.invert(ours)))
    theirs, others = ({prompt[:12] for prompt in prompts} for prompts in (operators, ordinary))
    told = {"Here is what", "You are aske", "Translate th"} & theirs
    assert told
    assert not told & others
