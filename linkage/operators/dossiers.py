"""Which operator clusters resemble an operator that is known already. A pointer to look at, never an attribution."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import gammaln

from linkage import model
from linkage.engines.step import Engine, Step
from linkage.operators.cluster import WORTH

THOUSANDTHS = 1000  # bits are summed as whole thousandths: the order of rows must not matter
SCORES = pa.schema(
    [(name, pa.int64()) for name in ("operator", "accounts", "accounts_known", "indicators", "indicators_known")]
    + [("bits", pa.int64()), ("worth", pa.int64()), ("dossier", pa.string())]
)


def with_dossiers(engine: Engine, rings: Mapping[str, pa.Table], made: Mapping[str, pa.Table]) -> pa.Table:
    """The table operators of ``made`` with ``dossier`` and ``dossier_match``: the known operator it resembles most.

    ``rings`` and ``made`` are the tables of the stages rings and operators; the engine has dossiers, accounts,
    entities, kinds and links. A cluster's accounts are those attributed to it: no bystander, of suspect rings only.

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
    indicators, known = _ints(scores, "indicators"), _ints(scores, "indicators_known")
    worth = beyond_chance(_ints(scores, "worth") / THOUSANDTHS, indicators, known, dossiers)
    common = _ints(scores, "accounts")
    kept = np.flatnonzero((common > 0) | (worth > WORTH))
    total = _ints(scores, "bits") + common * round(THOUSANDTHS * float(np.log2(max(accounts, 2))))
    order = kept[np.lexsort((kept, -total[kept], _ints(scores, "operator")[kept]))]
    first = np.unique(_ints(scores, "operator")[order], return_index=True)[1]
    chosen = scores.take(pa.array(order[first]))
    texts = [match_text(**row) for row in chosen.drop_columns(["operator", "dossier", "worth"]).to_pylist()]
    return pa.table(
        {
            "operator": chosen["operator"].cast(pa.int32()),
            "dossier": chosen["dossier"],
            "dossier_match": pa.array(texts, pa.string()),
        }
    )


def beyond_chance(
    worth: npt.NDArray[np.float64], indicators: npt.NDArray[np.int64], known: npt.NDArray[np.int64], dossiers: int
) -> npt.NDArray[np.float64]:
    """Bits by which matched indicators go beyond what one of so many dossiers would match by chance.

    Of indicators listed without regard to a cluster that has s of the N accounts with the kind, at most the part 2s/N
    have half of their users or more in it, however their users hang together (Markov's inequality): so each is worth
    log2 N/2s, summed in ``worth``. Saying which k of the m known ones match costs log2 binomial(m, k) + log2(m + 1);
    which dossier, log2 of their number. Not guaranteed: that indicators come one by one. Those that one tool or one
    purchase brings together are counted as if each were found apart.
    """
    which = (gammaln(known + 1) - gammaln(indicators + 1) - gammaln(known - indicators + 1)) / np.log(2)
    return np.asarray(np.round(worth - which - np.log2(known + 1) - np.log2(max(dossiers, 1)), 6), dtype=np.float64)


def match_text(accounts: int, accounts_known: int, indicators: int, indicators_known: int, bits: int) -> str:
    """What is in common: ``2 of 5 accounts, 3 of 8 indicators, 41.2 bits`` (``bits`` in thousandths).

    Bits are the rarity of the matched indicators, the sum of log2 N/d.
    """
    return (
        f"{accounts:,} of {accounts_known:,} accounts, {indicators:,} of {indicators_known:,} indicators, "
        f"{bits / THOUSANDTHS:,.1f} bits"
    )


def _ints(table: pa.Table, name: str) -> npt.NDArray[np.int64]:
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
        "SELECT d.name, e.entity, e.kind FROM dossiers d JOIN entities e USING (kind, value) "
        "WHERE d.kind <> 'account'",
        ("dossiers", "entities"),
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
        SELECT u.operator, u.entity, round({THOUSANDTHS} * log2(k.accounts / u.everywhere))::BIGINT AS bits,
               greatest(0, floor({THOUSANDTHS} * log2((h.accounts + coalesce(f.accounts, 0)) / (2 * h.accounts)))
                       )::BIGINT AS worth
        FROM indicator_users u JOIN kinds k USING (kind)
        JOIN indicator_kinds h ON h.kind = u.kind AND h.operator = u.operator
        LEFT JOIN indicator_kinds f ON f.kind = u.kind AND f.operator IS NULL
        LEFT JOIN indicator_users s ON s.entity = u.entity AND s.operator IS NULL
        WHERE u.operator IS NOT NULL AND u.users >= coalesce(s.users, 0)
        """,
        ("indicator_users", "indicator_kinds", "kinds"),
    ),
    Step(
        "dossier_scores",
        """
        WITH matched AS (
            SELECT o.operator, d.name, 1 AS accounts, 0 AS indicators, 0 AS bits, 0 AS worth
            FROM dossier_accounts d JOIN operator_accounts o USING (account)
            UNION ALL SELECT m.operator, d.name, 0, 1, m.bits, m.worth
            FROM dossier_indicators d JOIN indicator_matches m USING (entity)),
        known AS (
            SELECT name, count(*) FILTER (of_accounts) AS accounts, count(*) FILTER (NOT of_accounts) AS indicators
            FROM (SELECT name, true AS of_accounts FROM dossier_accounts
                  UNION ALL SELECT name, false FROM dossier_indicators) GROUP BY name)
        SELECT m.operator, sum(m.accounts) AS accounts, k.accounts AS accounts_known,
               sum(m.indicators) AS indicators, k.indicators AS indicators_known, sum(m.bits) AS bits,
               sum(m.worth) AS worth, m.name AS dossier
        FROM matched m JOIN known k USING (name) GROUP BY m.operator, m.name, k.accounts, k.indicators
        """,
        ("dossier_accounts", "dossier_indicators", "operator_accounts", "indicator_matches"),
    ),
)
