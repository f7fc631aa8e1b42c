"""Draws the items: accounts and pairs of rings by strata, and blind controls among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from linkage.errors import ConfigError
from linkage.model import Verdict
from linkage.reports.store import Store
from linkage.review.strata import halved, with_tier

CONTROLS = 0.2  # share of the items: enough that "all of these are rings" is no safe guess
WIDE = 200  # accounts on an entity by which a control is near: what more of them share makes nobody look linked
TRIES = 20  # entities looked at for each control pair
ACCOUNT, PAIR = "account", "pair"
CONTROL = "control"  # stands for the verdict of items that no ring has
COLUMNS = ["question", "account", "other", "ring", "verdict", "tier", "population", "drawn"]


@dataclass(frozen=True)
class Plan:
    """How many items (controls among them), and the seed: the same run and plan give the same items."""

    items: int
    seed: int


def draw(store: Store, plan: Plan) -> pd.DataFrame:
    """The items in their blind order: ``COLUMNS``, all numbers the run's own.

    ``question`` is ``account`` (an account beside its ring, ``other`` is null) or ``pair``; ``population`` accounts
    stand for ``drawn`` items of their stratum. Controls have the verdict ``control`` and stand for nobody.

    Raises:
        ConfigError: the run has no ring, or more strata than items.
    """
    controls = round(plan.items * CONTROLS)
    near, apart = controls // 2, controls - controls // 2
    seed = str(plan.seed)
    parts = [
        _of_rings(store, plan, plan.items - controls),
        _controls(ACCOUNT, store.query(_NEAR_ACCOUNTS, seed=seed, wide=WIDE, most=near)),
        _controls(PAIR, store.query(_NEAR_PAIRS, seed=seed, wide=WIDE, most=apart, tries=TRIES * apart)),
    ]
    items = pd.concat([part.reindex(columns=COLUMNS) for part in parts], ignore_index=True)
    numbers = ["account", "other", "ring", "population", "drawn"]
    items[numbers] = items[numbers].astype("Int64")
    shuffled = np.random.default_rng(plan.seed).permutation(len(items))
    return items.iloc[shuffled].reset_index(drop=True)


def _controls(question: str, found: pd.DataFrame) -> pd.DataFrame:
    return found.assign(question=question, verdict=CONTROL, tier=CONTROL)


def _of_rings(store: Store, plan: Plan, items: int) -> pd.DataFrame:
    members = with_tier(store.query(_MEMBERS, seed=str(plan.seed)))
    if members.empty:
        raise ConfigError("this run has no ring.", where=str(store.root), todo="There is nothing to review.")
    groups = members.groupby(["verdict", "tier"], sort=True)
    sizes = groups.size()
    suspect = (sizes.index.get_level_values("verdict") == Verdict.SUSPECT).astype(bool)
    least = max(int(suspect.sum()), int((~suspect).sum())) * 2
    if least > items:
        raise ConfigError(
            f"{plan.items} items are too few for the {len(sizes)} strata of this run.",
            where="--n",
            todo=f"Take {math.ceil(least / (1 - CONTROLS)) + 1} or more.",
        )
    place = groups.cumcount().to_numpy()
    drawn = halved(sizes.to_numpy().astype(np.int64), suspect, items)[groups.ngroup().to_numpy()]
    members = members.assign(population=groups["account"].transform("size"), drawn=drawn, place=place)
    chosen = members[place < drawn]
    pairs = (chosen["place"] % 2 == 1).to_numpy()
    chosen = chosen.assign(question=np.where(pairs, PAIR, ACCOUNT))
    mates = _partners(store, chosen["account"][pairs].tolist(), chosen["ring"][pairs].tolist(), plan.seed)
    return chosen.merge(mates, on=["account", "question"], how="left")


def _partners(store: Store, accounts: Sequence[int], rings: Sequence[int], seed: int) -> pd.DataFrame:
    """For each account another member of its ring, one that it shares something with where there is any."""
    return store.query(_PARTNERS, accounts=list(accounts), rings=list(rings), seed=str(seed)).assign(question=PAIR)


# MD5 of seed and numbers as the order of drawing: no generator whose stream may change with a library's version.
_MEMBERS = """
    SELECT a.account, r.ring, m.verdict, m.role, m.likelihood
    FROM members m JOIN accounts a USING (account_id) JOIN rings r USING (ring_id)
    ORDER BY md5($seed || ':' || a.account), a.account
"""
_PARTNERS = """
    WITH asked AS (SELECT unnest($accounts)::INTEGER AS account, unnest($rings)::INTEGER AS ring),
    inside AS (SELECT m.ring, m.account FROM ring_members m SEMI JOIN asked USING (ring)),
    uses AS (SELECT i.ring, i.account, l.entity FROM inside i JOIN links l USING (account)),
    linked AS (
        SELECT DISTINCT a.account, o.account AS other FROM asked a JOIN uses u ON u.account = a.account
        JOIN uses o ON o.entity = u.entity AND o.ring = a.ring AND o.account <> a.account)
    SELECT a.account, arg_min(i.account, (l.other IS NULL, md5($seed || ':' || a.account || ':' || i.account))) AS other
    FROM asked a JOIN inside i ON i.ring = a.ring AND i.account <> a.account
    LEFT JOIN linked l ON l.account = a.account AND l.other = i.account GROUP BY a.account
"""
_NEAR_ACCOUNTS = """
    WITH narrow AS (SELECT account, entity FROM links WHERE users BETWEEN 2 AND $wide),
    ring_entities AS (SELECT DISTINCT m.ring, n.entity FROM narrow n JOIN ring_members m USING (account)),
    near AS (
        SELECT n.account, r.ring, row_number() OVER (
            PARTITION BY n.account ORDER BY md5($seed || ':' || n.account || ':' || r.ring)) AS place
        FROM narrow n JOIN ring_entities r USING (entity) ANTI JOIN ring_members m USING (account))
    SELECT account, ring FROM near WHERE place = 1 ORDER BY md5($seed || ':near:' || account), account LIMIT $most
"""
_NEAR_PAIRS = """
    WITH looked AS (
        SELECT entity FROM links WHERE users BETWEEN 2 AND $wide GROUP BY entity
        ORDER BY md5($seed || ':entity:' || entity), entity LIMIT $tries),
    uses AS (
        SELECT l.entity, l.account, m.ring,
               row_number() OVER (PARTITION BY l.entity ORDER BY md5($seed || ':' || l.account), l.account) AS place
        FROM links l SEMI JOIN looked USING (entity) LEFT JOIN ring_members m USING (account)),
    pairs AS (
        SELECT a.account, arg_min(b.account, b.place) AS other FROM uses a JOIN uses b USING (entity)
        WHERE a.place = 1 AND b.place > 1 AND (a.ring IS NULL OR a.ring IS DISTINCT FROM b.ring)
        GROUP BY entity, a.account)
    SELECT account, other FROM (SELECT DISTINCT least(account, other) AS account, greatest(account, other) AS other
                                FROM pairs)
    ORDER BY md5($seed || ':pair:' || account || ':' || other), account, other LIMIT $most
"""
