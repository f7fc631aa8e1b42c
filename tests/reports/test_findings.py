"""What a summary says."""

from __future__ import annotations

import hashlib

import pandas as pd
import pytest

from linkage.reports.findings import Subject, config_hash, dates, findings
from linkage.reports.run import Run
from tests.small_run import OPERATOR, RING_IDS


@pytest.fixture
def operator(run: Run) -> Subject:
    """The operator cluster."""
    found = run.operator(OPERATOR)
    return Subject(OPERATOR, found.rings, found)


def test_the_findings_on_an_operator(operator: Subject) -> None:
    assert findings(operator) == [
        "Operator cluster OP-AAAAAAAAAA consists of 2 rings with 21 accounts. 20 of them belong to it (19 core and 1 "
        "periphery). Not attributed to it: 1 other account of these rings, a bystander.",
        "These accounts made 2,576 exchanges; they were seen between 10 October 2025 and 19 May 2026 (UTC).",
        "R-AAAAAAAAAA: 15 accounts, verdict suspect; runner-up organisation. Of its members, 15 of 15 use "
        "prompt_template:tpl-1 (everywhere 15 of 400), 15 of 15 use a pool of 6 payment_method entities (everywhere 16 "
        "of 351) and 10 of 15 use ip:198.51.100.7 (everywhere 22 of 400).",
        "R-BBBBBBBBBB: 6 accounts, verdict suspect; nothing else fits. Of its members, 6 of 6 use device:dev-b "
        "(everywhere 6 of 280), 6 of 6 use prompt_template:=HYPERLINK(\"http://evil.example\",\"x\") (everywhere 20 of "
        "400) and 3 of 6 use payment_method:card-b0 (everywhere 3 of 351).",
        "The rings have 2 profile entities in common (2 of kind prompt_template). Why they are taken together: one "
        "template set; each ring picks from it.",
        r"OP-AAAAAAAAAA resembles the known operator 'Cobalt\x1b[31m <b>': 2 of 5 accounts, 3 of 8 indicators, 41.2 "
        "bits; a resemblance, to be checked. Counted is what its dossier lists and these logs hold. This is no proof "
        "of who runs the accounts.",
        "R-AAAAAAAAAA: 15 of its 15 accounts were created between 22 April 2026 and 24 April 2026, within 70 hours.",
        "R-BBBBBBBBBB: 6 of its 6 accounts were created between 10 October 2025 and 12 October 2025, within 55 hours.",
        "If accounts were linked by coincidence alone, a group linked as strongly as R-BBBBBBBBBB would be found in "
        "such data with a probability of at most 2^-11.6. For the strongest ring, R-AAAAAAAAAA, this bound is 2^-85.8. "
        "This bounds coincidence. It is not a probability of innocence: honest groups are linked too.",
    ]


def test_the_findings_on_a_ring_alone(run: Run) -> None:
    said = findings(Subject(RING_IDS[3], [run.ring(RING_IDS[3])]))
    assert said[0] == (
        "Ring R-DDDDDDDDDD links 12 accounts; it is attributed to no operator cluster here. "
        "12 of them belong to it (12 core)."
    )
    assert said[2] == (
        "R-DDDDDDDDDD: 12 accounts, verdict undetermined; runner-up shared_network. "
        "Of its members, 12 of 12 use ip:203.0.113.6 (everywhere 12 of 400)."
    )
    assert len(said) == 4


@pytest.mark.parametrize("word", ["guilty", "fraud", "criminal", "proves", "certain"])
def test_no_word_that_says_more_than_was_found(operator: Subject, word: str) -> None:
    assert not [line for line in findings(operator) if word in line.lower()]


def test_without_exchanges_and_times(run: Run) -> None:
    ring = run.ring(RING_IDS[3])
    ring.__dict__["members"] = ring.members.assign(exchanges=0, created=pd.NaT, first_seen=pd.NaT, last_seen=pd.NaT)
    said = findings(Subject(ring.id, [ring]))[1]
    assert (
        said == "The logs hold no exchanges of these accounts; they were seen at times that the logs do not give (UTC)."
    )


def test_others_than_bystanders_are_counted_apart(operator: Subject) -> None:
    members = operator.members.copy()
    members.loc[:1, "attributed"] = False
    operator.__dict__["members"] = members
    assert findings(operator)[0].endswith(
        "Not attributed to it: 3 other accounts of these rings, 1 bystander among them."
    )


def test_the_dates_of_each_ring(operator: Subject) -> None:
    assert dates(operator)[0] == {
        "ring": "R-AAAAAAAAAA",
        "created_first": "22 April 2026",
        "created_last": "24 April 2026",
        "first_seen": "22 April 2026",
        "last_seen": "20 May 2026",
    }


def test_the_hash_of_the_configuration_is_that_of_canonical_json() -> None:
    text = b'{"a":[1,2],"b":{"c":null}}'
    assert config_hash({"config": {"b": {"c": None}, "a": [1, 2]}}) == hashlib.sha256(text).hexdigest()
