"""The published tables: the stages' numbers turned into names, with the times of what was seen."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import pyarrow as pa

from linkage.engines.step import Engine, Step
from linkage.model import PUBLISHED
from linkage.reports.likelihood import state_likelihoods, weights
from linkage.reports.recalibrate import Recalibration

_ID_LETTERS = 10  # base32 letters of an id: 50 bits, so that 10,000 rings clash with a chance of 1 in 20 million


@dataclass(frozen=True)
class Stages:
    """Tables of the stages rings and operators, by name (shapes in model)."""

    rings: dict[str, pa.Table]
    operators: dict[str, pa.Table]


@dataclass(frozen=True)
class Published:
    """The tables of the contract by name, and what labels changed of their likelihoods."""

    tables: dict[str, pa.Table]
    recalibration: Recalibration


def published_tables(engine: Engine, stages: Stages) -> Published:
    """The tables of the contract, in canonical order; shapes in model.PUBLISHED.

    Reads the engine's tables accounts, entities, links and labels. A ring's id is made from its members and an
    operator's from its rings: the same groups have the same ids, whatever run they come from.
    """
    for name, table in stages.rings.items():
        engine.load(f"ring_{name}", table)
    engine.load("ring_operator", stages.operators["ring_operators"])
    engine.run(MAIN_OPERATOR)
    recalibration = state_likelihoods(engine, weights())
    engine.load("operator_list", stages.operators["operators"])
    engine.load("ring_ids", _ids(engine.fetch(_RING_MEMBERS), "ring", "R-"))
    engine.load("operator_ids", _ids(engine.fetch(_OPERATOR_RINGS), "operator", "OP-"))
    for name, sql in _TABLES.items():
        reads = ("ring_rings", "ring_members", "ring_ids", "ring_operator", "main_operator", "operator_ids", "accounts",
                 "links", "stated")
        engine.run(Step(f"published_{name}", sql, reads))
    tables = {name: engine.fetch(f"published_{name}").cast(schema) for name, schema in PUBLISHED.items()}
    return Published(tables, recalibration)


def _ids(groups: pa.Table, number: str, prefix: str) -> pa.Table:
    """One id a group, from the SHA-256 of what it consists of."""
    names = [
        prefix + base64.b32encode(bytes.fromhex(digest)).decode("ascii")[:_ID_LETTERS]
        for digest in groups["digest"].to_pylist()
    ]
    return pa.table({number: groups[number], "name": pa.array(names, pa.string())})


_RING_MEMBERS = """
    SELECT m.ring, sha256(string_agg(sha256(a.account_id), '' ORDER BY a.account_id)) AS digest
    FROM ring_members m JOIN accounts a USING (account) GROUP BY m.ring ORDER BY m.ring
"""
_OPERATOR_RINGS = """
    SELECT o.operator, sha256(string_agg(r.name, '' ORDER BY r.name)) AS digest
    FROM ring_operator o JOIN ring_ids r USING (ring) JOIN ring_rings v USING (ring) WHERE v.verdict = 'suspect'
    GROUP BY o.operator ORDER BY o.operator
"""
# the operator that has most of a ring's traffic
MAIN_OPERATOR = Step(
    "main_operator",
    """
    SELECT ring, operator FROM ring_operator
    QUALIFY row_number() OVER (PARTITION BY ring ORDER BY traffic_share DESC, operator) = 1
    """,
    ("ring_operator",),
)
_TABLES = {
    "members": """
        SELECT a.account_id, i.name AS ring_id,
               CASE WHEN m.role <> 'bystander' AND r.verdict = 'suspect' THEN p.name END AS operator_id,
               r.verdict, m.log_odds_bits, s.likelihood, m.role, m.families, m.plantable
        FROM ring_members m JOIN accounts a USING (account) JOIN ring_ids i USING (ring) JOIN ring_rings r USING (ring)
        JOIN stated s ON s.account = m.account AND s.ring = m.ring AND s.own
        LEFT JOIN main_operator o USING (ring) LEFT JOIN operator_ids p USING (operator) ORDER BY a.account_id
    """,
    "affiliations": """
        SELECT a.account_id, i.name AS ring_id, f.role, s.likelihood
        FROM ring_affiliations f JOIN accounts a USING (account) JOIN ring_ids i USING (ring)
        JOIN stated s ON s.account = f.account AND s.ring = f.ring AND NOT s.own ORDER BY 1, 2
    """,
    "rings": """
        WITH seen AS (
            SELECT m.ring, min(a.first_seen) AS first_seen, max(a.last_seen) AS last_seen
            FROM ring_members m JOIN accounts a USING (account) GROUP BY m.ring)
        SELECT i.name AS ring_id, p.name AS operator_id, r.verdict, r.runner_up, r.accounts, r.bits_saved,
               r.log2_p_bound, r.q_value, r.families, s.first_seen, s.last_seen, r.reasons, r.support,
               r.cluster, r.ring, r.verdict_fit, r.runner_up_fit
        FROM ring_rings r JOIN ring_ids i USING (ring) JOIN seen s USING (ring)
        LEFT JOIN main_operator o USING (ring) LEFT JOIN operator_ids p USING (operator) ORDER BY r.ring
    """,
    "ring_operators": """
        SELECT i.name AS ring_id, p.name AS operator_id, o.traffic_share
        FROM ring_operator o JOIN ring_ids i USING (ring) JOIN operator_ids p USING (operator) ORDER BY 1, 2
    """,
    "operators": """
        WITH attributed AS (
            SELECT m.ring, count(*) FILTER (m.role <> 'bystander') AS accounts,
                   sum(CASE WHEN m.role <> 'bystander' THEN a.exchanges ELSE 0 END)::BIGINT AS exchanges,
                   min(a.first_seen) FILTER (m.role <> 'bystander') AS first_seen,
                   max(a.last_seen) FILTER (m.role <> 'bystander') AS last_seen
            FROM ring_rings r JOIN ring_members m USING (ring) JOIN accounts a USING (account)
            WHERE r.verdict = 'suspect' GROUP BY m.ring),
        parts AS (
            SELECT o.operator, count(*) AS rings, sum(t.accounts)::BIGINT AS accounts,
                   sum(round(t.exchanges * o.traffic_share)::BIGINT)::BIGINT AS exchanges,
                   min(t.first_seen) AS first_seen, max(t.last_seen) AS last_seen
            FROM ring_operator o JOIN attributed t USING (ring) GROUP BY o.operator)
        SELECT i.name AS operator_id, p.rings, p.accounts, p.exchanges, p.first_seen, p.last_seen, l.bits_saved,
               l.decided_by, l.dossier, l.dossier_match, l.weakest_bits, l.weakest_link, l.alternatives
        FROM operator_list l JOIN parts p USING (operator) JOIN operator_ids i USING (operator) ORDER BY 1
    """,
    "evidence": """
        WITH used AS (
            SELECT m.ring, l.kind, l.entity, min(l.first_seen) AS first_seen, max(l.last_seen) AS last_seen
            FROM ring_members m JOIN links l USING (account) GROUP BY ALL),
        pooled AS (
            SELECT p.ring, p.kind, min(u.first_seen) AS first_seen, max(u.last_seen) AS last_seen
            FROM ring_pools p JOIN used u USING (ring, kind, entity) GROUP BY ALL),
        named AS (
            SELECT entity, value FROM entities UNION ALL SELECT DISTINCT entity, value FROM ring_windows)
        SELECT i.name AS ring_id, e.kind, n.value AS entity, e.pool, e.ring_accounts, e.ring_accounts_with_kind,
               e.all_accounts, e.bits, coalesce(u.first_seen, p.first_seen) AS first_seen,
               coalesce(u.last_seen, p.last_seen) AS last_seen
        FROM ring_evidence e JOIN ring_ids i USING (ring) LEFT JOIN named n USING (entity)
        LEFT JOIN used u ON u.ring = e.ring AND u.entity = e.entity
        LEFT JOIN pooled p ON e.pool IS NOT NULL AND p.ring = e.ring AND p.kind = e.kind
        ORDER BY ring_id, e.bits DESC, e.kind, n.value
    """,
}
