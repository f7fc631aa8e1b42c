"""Which operator clusters resemble an operator that is known already. A pointer to look at, never an attribution."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from scipy.special import betainc

from linkage import model
from linkage.engines.step import Engine, Step
from linkage.operators.uses import Floats, Ints

RESEMBLES = 10.0  # bits beyond chance that indicators must be worth
THOUSANDTHS, MILLIONTHS = 1000, 10**6  # bits and shares are summed as whole ones: the order of rows must not matter
LEAST = 1e-300  # chances under it count as this one
NUMBERS = ("operator", "accounts", "accounts_known", "indicators", "indicators_known", "bits", "expected")
SCORES = pa.schema([*((name, pa.int64()) for name in NUMBERS), ("dossier", pa.string())])


def with_dossiers(engine: Engine, rings: Mapping[str, pa.Table], made: Mapping[str, pa.Table]) -> pa.Table:
    """The table operators of ``made`` with ``dossier`` and ``dossier_match``: the known operator it resembles most.

    ``rings`` and ``made`` are the tables of the stages rings and operators; the engine has dossiers, accounts,
    entities, episodes, kinds and links. A cluster's accounts are those attributed to it: no bystander, of suspect rings
    only.

    A dossier's account matches when it is one of them. An indicator matches when some of them use it, and no more
    accounts of no cluster do: what a VPN's customers share says nothing of who runs a ring. Accounts and indicators
    that the logs do not know are counted nowhere: missing is not non-use.
    """
    engine.load("dossier_rings", rings["rings"].select(["ring", "verdict"]))
    engine.load("dossier_ring_members", rings["members"].select(["ring", "account", "role"]))
    engine.load("dossier_ring_operators", made["ring_operators"].select(["ring", "operator"]))
    for step in _STEPS:
        engine.run(step)
    scores = engine.fetch("SELECT * FROM dossier_scores ORDER BY operator, dossier").cast(SCORES)
    number = engine.fetch("SELECT count(DISTINCT name) AS dossiers FROM dossiers")["dossiers"][0].as_py()
    size = engine.fetch("SELECT count(*) AS accounts FROM accounts")["accounts"][0].as_py()
    best = resembling(scores, number, size)
    operators = made["operators"].drop_columns(["dossier", "dossier_match"])
    named = operators.join(best, "operator").sort_by("operator")
    return named.select(model.OPERATOR_LIST.names).cast(model.OPERATOR_LIST)


def resembling(scores: pa.Table, dossiers: int, accounts: int) -> pa.Table:
    """The best match of each operator cluster that resembles a known one: operator, dossier, dossier_match.

    It does when an account is in common, or when the indicators are worth over 10 bits beyond chance
    (:func:`beyond_chance`). The best of several has most bits, an account in common counted with log2 N.
    """
    expected = _ints(scores, "expected") / MILLIONTHS
    worth = beyond_chance(_ints(scores, "indicators"), _ints(scores, "indicators_known"), expected, dossiers)
    common = _ints(scores, "accounts")
    kept = np.flatnonzero((common > 0) | (worth > RESEMBLES))
    total = _ints(scores, "bits") + common * round(THOUSANDTHS * float(np.log2(max(accounts, 2))))
    order = kept[np.lexsort((kept, -total[kept], _ints(scores, "operator")[kept]))]
    first = np.unique(_ints(scores, "operator")[order], return_index=True)[1]
    chosen = scores.take(pa.array(order[first]))
    texts = [match_text(**row) for row in chosen.drop_columns(["operator", "dossier", "expected"]).to_pylist()]
    return pa.table(
        {
            "operator": chosen["operator"].cast(pa.int32()),
            "dossier": chosen["dossier"],
            "dossier_match": pa.array(texts, pa.string()),
        }
    )


def beyond_chance(indicators: Ints, known: Ints, expected: Floats, dossiers: int) -> Floats:
    """Bits by which k ``indicators`` of the m ``known`` ones go beyond what one of so many dossiers matches by chance.

    Of indicators listed without regard to a cluster that has s of the N accounts with the kind, at most the part 2s/N
    have half of their users or more in it, however their users hang together (Markov's inequality); ``expected`` sums
    these parts over the m. Then -log2 P(Binomial(m, expected / m) >= k) bounds the surprise where k >= expected + 1
    (Hoeffding 1956); elsewhere there is none. log2 of the number of dossiers pays for the choice among them.

    Not guaranteed: that indicators come one by one. Those that one tool or one purchase brings together are counted as
    if each had been found apart.
    """
    surprising = (indicators > 0) & (indicators >= expected + 1)
    k, m = np.where(surprising, indicators, 1), np.where(surprising, known, 1)
    chance = betainc(k, m - k + 1, np.clip(expected / m, 0, 1))
    bits = np.where(surprising, -np.log2(np.clip(chance, LEAST, 1)), 0.0)
    return np.asarray(np.round(bits - np.log2(max(dossiers, 1)), 6), dtype=np.float64)


def match_text(accounts: int, accounts_known: int, indicators: int, indicators_known: int, bits: int) -> str:
    """What is in common: ``2 of 5 accounts, 3 of 8 indicators, 41.2 bits`` (``bits`` in thousandths).

    Bits are the rarity of the matched indicators, the sum of log2 N/d. What the logs know nothing of is not named.
    """
    parts = [
        f"{matched:,} of {known:,} {noun}{'' if known == 1 else 's'}"
        for matched, known, noun in ((accounts, accounts_known, "account"), (indicators, indicators_known, "indicator"))
        if known
    ]
    return ", ".join(parts + ([f"{bits / THOUSANDTHS:,.1f} bits"] if indicators else []))


def _ints(table: pa.Table, name: str) -> Ints:
    return np.asarray(table[name].to_numpy(), dtype=np.int64)


_STEPS = (
    Step(
        "operator_accounts",
        """
        SELECT DISTINCT o.operator, m.account
        FROM dossier_ring_operators o JOIN dossier_rings r USING (ring) JOIN dossier_ring_members m USING (ring)
        WHERE r.verdict = 'suspect' AND m.role <> 'bystander'
        """,
        ("dossier_ring_operators", "dossier_rings", "dossier_ring_members"),
    ),
    Step(
        "dossier_indicators",
        # an address that changed hands is known in each of its episodes: dossiers have no times
        "SELECT d.name, e.entity, e.kind FROM dossiers d JOIN (SELECT entity, kind, value FROM entities "
        "UNION SELECT entity, kind, value FROM episodes) e USING (kind, value) WHERE d.kind <> 'account'",
        ("dossiers", "entities", "episodes"),
    ),
    Step(
        "dossier_accounts",
        "SELECT d.name, a.account FROM dossiers d JOIN accounts a ON a.account_id = d.value WHERE d.kind = 'account'",
        ("dossiers", "accounts"),
    ),
    # Users of each indicator, and accounts that have its kind: by operator cluster, null for those in none.
    Step(
        "indicator_users",
        """
        SELECT l.entity, l.kind, o.operator, count(*) AS users, any_value(l.users) AS everywhere
        FROM links l SEMI JOIN dossier_indicators USING (entity) LEFT JOIN operator_accounts o USING (account)
        GROUP BY l.entity, l.kind, o.operator
        """,
        ("links", "dossier_indicators", "operator_accounts"),
    ),
    Step(
        "indicator_kinds",
        """
        SELECT l.kind, o.operator, count(DISTINCT l.account) AS accounts
        FROM links l SEMI JOIN dossier_indicators USING (kind) LEFT JOIN operator_accounts o USING (account)
        GROUP BY l.kind, o.operator
        """,
        ("links", "dossier_indicators", "operator_accounts"),
    ),
    Step(
        "indicator_matches",
        f"""
        SELECT u.operator, u.entity, round({THOUSANDTHS} * log2(k.accounts / u.everywhere))::BIGINT AS bits
        FROM indicator_users u JOIN kinds k USING (kind)
        LEFT JOIN indicator_users s ON s.entity = u.entity AND s.operator IS NULL
        WHERE u.operator IS NOT NULL AND u.users >= coalesce(s.users, 0)
        """,
        ("indicator_users", "kinds"),
    ),
    # Of what a dossier lists, how much a cluster of that size would match by chance at most: 2s/N of each kind.
    Step(
        "dossier_expectations",
        f"""
        WITH parts AS (
            SELECT h.operator, h.kind,
                   least({MILLIONTHS}, ceil({2 * MILLIONTHS} * h.accounts / (h.accounts + coalesce(f.accounts, 0)))
                        )::BIGINT AS part
            FROM indicator_kinds h LEFT JOIN indicator_kinds f ON f.kind = h.kind AND f.operator IS NULL
            WHERE h.operator IS NOT NULL)
        SELECT p.operator, d.name, sum(p.part)::BIGINT AS expected
        FROM dossier_indicators d JOIN parts p USING (kind) GROUP BY p.operator, d.name
        """,
        ("indicator_kinds", "dossier_indicators"),
    ),
    Step(
        "dossier_scores",
        """
        WITH matched AS (
            SELECT o.operator, d.name, 1 AS accounts, 0 AS indicators, 0 AS bits
            FROM dossier_accounts d JOIN operator_accounts o USING (account)
            UNION ALL SELECT m.operator, d.name, 0, 1, m.bits
            FROM dossier_indicators d JOIN indicator_matches m USING (entity)),
        known AS (
            SELECT name, count(*) FILTER (of_accounts) AS accounts, count(*) FILTER (NOT of_accounts) AS indicators
            FROM (SELECT name, true AS of_accounts FROM dossier_accounts
                  UNION ALL SELECT name, false FROM dossier_indicators) GROUP BY name)
        SELECT m.operator, sum(m.accounts)::BIGINT AS accounts, k.accounts AS accounts_known,
               sum(m.indicators)::BIGINT AS indicators, k.indicators AS indicators_known, sum(m.bits)::BIGINT AS bits,
               coalesce(any_value(x.expected), 0) AS expected, m.name AS dossier
        FROM matched m JOIN known k USING (name) LEFT JOIN dossier_expectations x USING (operator, name)
        GROUP BY m.operator, m.name, k.accounts, k.indicators
        """,
        ("dossier_accounts", "dossier_indicators", "operator_accounts", "indicator_matches", "dossier_expectations"),
    ),
)
