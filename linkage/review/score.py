"""What the filled sheets say of the run: precision by verdict and by tier, with intervals."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from linkage.errors import HashMismatch, StorageFault
from linkage.model import LABELS as LABELS_SCHEMA
from linkage.model import Verdict
from linkage.reports.exhibits import sha256
from linkage.reports.reviewed import RESULT
from linkage.reports.run import Run
from linkage.review.answers import NO, UNSURE, YES, Answer, combined, read_answers, sheets_in
from linkage.review.draw import CONTROL
from linkage.review.intervals import CONFIDENCE, Share, cohen_kappa, exact, stratified
from linkage.review.sheet import KEY, PAGE, SHEETS, read_key
from linkage.review.strata import claim
from linkage.state.publish import sync, write_table

LABELS = "labels.parquet"
STATEMENT = (
    "Error rates of this run may be quoted from this review, with its intervals, and from no simulation. They hold for "
    "the accounts in this run's rings, as far as reviewers can tell; what the run missed was not asked."
)
METHOD = (
    "Accounts in rings were drawn at random in strata of verdict and tier; reviewers saw no verdict, tier, likelihood "
    "or ring. Precision: share of answers that agree with the verdict (suspect: yes, one operator; innocent verdicts: "
    "no); of undetermined rings, which claim nothing, the share of yes. One stratum: Clopper & Pearson (1934). "
    "Several: weighted by their accounts, Wilson intervals joined by MOVER (Newcombe 1998; Zou & Donner 2008). Items "
    "without an answer are taken to be missing by chance."
)
READINGS = ("unsure_left_out", "unsure_counts_against", "unsure_counts_for")


def score_review(folder: Path, sheets: Sequence[Path] = ()) -> dict[str, Any]:
    """Score the filled sheets (default: all CSV files among the reviewers' files), and write review.json there.

    Beside it goes labels.parquet: what reviewers said of accounts in suspect rings, for the config's [labels].
    Returns what was written: ``by_verdict``, ``by_tier``, ``strata``, ``controls``, ``agreement`` and where it is from.

    Raises:
        ConfigError: the folder holds no review, or no filled sheet.
        InputRefused: a sheet can't be used; nothing is written.
        HashMismatch: the page that the reviewers used is not the one that was made.
        StorageFault: the key can't be read, or the result not be written.
    """
    key, seal = read_key(folder)
    page = folder / SHEETS / PAGE
    if page.is_file() and sha256(page) != seal["sha256"][PAGE]:
        raise HashMismatch("its bytes are not those of the key.", where=str(page), todo="Sample and review again.")
    paths = list(sheets) or sheets_in(folder)
    answers = read_answers(paths, dict(zip(key["item"], key["fingerprint"], strict=True)))
    key = key.assign(answer=key["item"].map(combined(answers)))
    asked, controls = key[key["verdict"] != CONTROL], key[key["verdict"] == CONTROL]
    claimed = asked[[claim(verdict) is not None for verdict in asked["verdict"]]]
    result = {
        "statement": STATEMENT,
        "method": METHOD,
        "confidence": CONFIDENCE,
        **{name: seal[name] for name in ("run_id", "run_manifest_sha256", "seed")},
        "key_sha256": sha256(folder / KEY),
        "sheets": [{"name": path.name, "sha256": sha256(path)} for path in paths],
        "items": len(key),
        "answered": int(key["answer"].notna().sum()),
        "reviewers": sorted({answer.reviewer for answer in answers}),
        "agreement": _agreement(answers),
        "by_verdict": _lines(asked, ["verdict"]),
        "by_tier": _lines(claimed, ["tier"]),
        "strata": _lines(asked, ["verdict", "tier"]),
        "controls": _controls(controls),
    }
    _publish(folder / RESULT, result)
    write_table(_labels(key), folder / LABELS)
    return result


def put_beside(run: Run, result: dict[str, Any]) -> bool:
    """Put the result into the folder of the run that it is about, for reports to quote; False if it is another's.

    Raises:
        StorageFault: it can't be written.
    """
    if sha256(run.path / "manifest.json") != result["run_manifest_sha256"]:
        return False
    _publish(run.path / RESULT, result)
    return True


def _labels(key: pd.DataFrame) -> pa.Table:
    """Accounts of suspect rings by what was said of them; of bystanders nothing is claimed."""
    said = key[(key["verdict"] == Verdict.SUSPECT) & key["answer"].isin([YES, NO])].sort_values("account_id")
    label = said["answer"].map({YES: "reviewed_operator", NO: "reviewed_honest"})
    columns = {"account_id": said["account_id"].astype(str), "label": label.astype(str)}
    return pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()}, LABELS_SCHEMA)


def _lines(items: pd.DataFrame, by: list[str]) -> list[dict[str, Any]]:
    return [_line({name: str(part[name].iloc[0]) for name in by}, part) for _, part in items.groupby(by)]


def _line(names: dict[str, str], part: pd.DataFrame) -> dict[str, Any]:
    """One line of the result: counts, and the share by each reading of ``unsure``."""
    strata = list(part.groupby(["verdict", "tier"]))
    counts = {answer: int((part["answer"] == answer).sum()) for answer in (YES, NO, UNSURE)}
    population = [int(group["population"].iloc[0]) for _, group in strata]
    shares = {reading: asdict(_share(population, [group for _, group in strata], reading)) for reading in READINGS}
    meaning = {"share_of": claim(names["verdict"]) or YES} if "verdict" in names else {"share_of": "agreement"}
    unanswered = int(part["answer"].isna().sum())
    return {**names, **meaning, "accounts": sum(population), **counts, "unanswered": unanswered, **shares}


def _share(population: list[int], groups: Iterable[pd.DataFrame], reading: str) -> Share:
    hits, answers = [], []
    for group in groups:
        right = claim(str(group["verdict"].iloc[0])) or YES
        agreed, unsure = int((group["answer"] == right).sum()), int((group["answer"] == UNSURE).sum())
        given = int(group["answer"].notna().sum())
        hits.append(agreed + (unsure if reading == "unsure_counts_for" else 0))
        answers.append(given - (unsure if reading == "unsure_left_out" else 0))
    return stratified(population, hits, answers)


def _controls(controls: pd.DataFrame) -> dict[str, Any]:
    counts = {answer: int((controls["answer"] == answer).sum()) for answer in (YES, NO, UNSURE)}
    return {"items": len(controls), **counts, "share_of": YES, **asdict(exact(counts[YES], counts[YES] + counts[NO]))}


def _agreement(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Cohen's kappa for each two reviewers, over the items that both answered."""
    by: dict[str, dict[str, str]] = {}
    for answer in answers:
        by.setdefault(answer.reviewer, {})[answer.item] = answer.answer
    lines = []
    for a, b in combinations(sorted(by), 2):
        both = sorted(by[a].keys() & by[b].keys())
        if both:
            first, second = [by[a][item] for item in both], [by[b][item] for item in both]
            same = sum(x == y for x, y in zip(first, second, strict=True))
            kappa = cohen_kappa(first, second)
            lines.append({"a": a, "b": b, "items": len(both), "same": same, "kappa": kappa})
    return lines


def _publish(path: Path, result: dict[str, Any]) -> None:
    """Write the result beside its place, sync it, and put it there by one rename."""
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(json.dumps(result, indent=2, sort_keys=True) + "\n", encoding="ascii")
        sync(new)
        os.replace(new, path)
        sync(path.parent)
    except OSError as error:
        raise StorageFault(f"can't be written: {error}.", where=str(path), todo="Check rights and space.") from error
    finally:
        new.unlink(missing_ok=True)
