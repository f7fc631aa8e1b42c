"""What labels say for a verdict, and what they say beside it."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.model import ACCUSING, CLEARING, LABEL_WORDS, Standing
from linkage.reports import doubts
from linkage.reports.labels import accuses, clears, known, labelled, standings
from linkage.reports.run import Run
from tests.reports.test_doubts import case, ring
from tests.small_run import RING_IDS

LABELS = pd.DataFrame(
    {
        "account_id": [f"a{i}" for i in (1, 2, 3, 3, 4, 5)],
        "label": ["BANNED", "banned", "Red Team", "staff", "vip\x1b", "vip\x1b"],
    }
)


@settings(deadline=None)  # a busy machine takes longer than 200 ms now and then
@given(st.sampled_from(sorted(LABEL_WORDS)), st.data())
def test_a_label_is_understood_in_any_spelling(word: str, data: st.DataObject) -> None:
    joints = "".join(data.draw(st.sampled_from("_- ")) if c == "_" else c for c in word)
    spelled = data.draw(st.sampled_from([joints, joints.upper(), joints.title(), f" {joints}\t"]))
    labels = pd.Series([spelled])
    assert standings(labels).item() == LABEL_WORDS[word]
    means = LABEL_WORDS[word]
    assert (clears(labels).item(), accuses(labels).item()) == (means in CLEARING, means in ACCUSING)


def test_no_label_both_clears_and_accuses() -> None:
    assert not CLEARING & ACCUSING
    assert CLEARING | ACCUSING | {Standing.OTHER} == set(Standing)
    assert not clears(pd.Series(["vip", "", "honestly"])).any()
    assert not accuses(pd.Series(["unbanned", "", "not banned"])).any()


VIP = r"Labelled vip\x1b: 2 of the 40 members."


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("suspect", ["Labels speak for the verdict on 2 of the 40 members: BANNED and banned.", VIP]),
        ("organisation", ["Labels speak for the verdict on 1 of the 40 members: Red Team and staff.", VIP]),
        ("undetermined", [VIP]),
    ],
)
def test_what_speaks_for_the_verdict_and_what_says_neither(verdict: str, said: list[str]) -> None:
    assert known(case(ring=ring(verdict=verdict), labels=LABELS)) == said


@pytest.mark.parametrize("verdict", ["suspect", "undetermined", "household"])
def test_every_label_is_told_once(verdict: str) -> None:
    told = case(ring=ring(verdict=verdict), labels=LABELS)
    against = [d.text for d in doubts.doubts(told) if d.name in ("honest_labels", "accusing_labels")]
    text = " ".join(against + known(told))
    for label in ("BANNED", " banned", "Red Team", "staff", r"vip\x1b"):
        assert text.count(label) == 1


def test_nothing_is_said_without_labels() -> None:
    assert known(case(labels=LABELS.head(0))) == []
    assert labelled(case(), LABELS.head(0)) is None


def test_a_ring_shows_them_and_who_carries_them(run: Run) -> None:
    shown = run.ring(RING_IDS[0])
    assert shown.known[0] == "Labels speak for the verdict on 1 of the 15 members: banned."
    marked = shown.members.dropna(subset="labels").set_index("account_id")["labels"]
    assert marked.to_dict() == {"alpha-00": "banned", "alpha-01": "confirmed honest"}
    assert len(shown.members) == 15
    assert json.loads(json.dumps(shown.card().data(), default=str))["known"] == shown.known
