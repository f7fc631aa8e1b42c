"""A fabricated run of 400 accounts, small enough to check by hand; its figures follow the formulas of the method.

Rings: A (suspect, 15 accounts: a pool of six cards, three templates, one VPN exit; one bystander), B (suspect, 6
accounts, same templates, so the same operator), C (a household of 4), D (12 customers of one VPN, undetermined).
Several names are hostile. Nothing is drawn by chance.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from linkage import model

FORMULA = "=cmd|' /C calc'!A0"
SCRIPT = "<script>alert(1)</script>"
ANSI = "\x1b[31mred\x1b[0m"
BIDI = "user\u202egnp.exe"
HOSTILE = (FORMULA, SCRIPT, ANSI, BIDI, "+1-555-0100", "@sum", 'a,"b"\nc', "R-looks-like-a-ring")
DOSSIER, DOSSIER_MATCH = "Cobalt\x1b[31m <b>", "2 of 5 accounts, 3 of 8 indicators, 41.2 bits"
EVIL_CARD = "<img src=x onerror=alert(1)>"
EVIL_TEMPLATE = '=HYPERLINK("http://evil.example","x")'

A = (*HOSTILE, *(f"alpha-{i:02d}" for i in range(7)))
B = tuple(f"beta-{i}" for i in range(6))
C = tuple(f"casa-{i}" for i in range(4))
D = tuple(f"delta-{i:02d}" for i in range(12))
OTHERS = tuple(f"u{i:04d}" for i in range(400 - 15 - 6 - 4 - 12))
RINGS = (A, B, C, D)  # in the order of their numbers
RING_IDS = ("R-AAAAAAAAAA", "R-BBBBBBBBBB", "R-CCCCCCCCCC", "R-DDDDDDDDDD")
OPERATOR = "OP-AAAAAAAAAA"
BYSTANDER = "alpha-06"
RUN_ID = "20260606T000000Z-small"
VERDICTS = ("suspect", "suspect", "household", "undetermined")
RUNNERS_UP = ("organisation", "undetermined", "own_accounts", "shared_network")
FAMILIES = {"device": "device", "ip": "network", "payment_method": "payment", "prompt_template": "content"}
FORGEABLE = {"device", "prompt_template"}
START = datetime(2026, 4, 22, tzinfo=UTC)

Link = tuple[str, str, str]  # account_id, kind, value


def links() -> list[Link]:
    """Every link of the world, in order."""
    found = [*_ring_a(), *_ring_b(), *_ring_c(), *_ring_d(), *_others()]
    return sorted(set(found))


def _ring_a() -> Iterable[Link]:
    for i, account in enumerate(A):
        yield account, "payment_method", EVIL_CARD if i % 6 == 0 else f"card-a{i % 6}"
        yield account, "prompt_template", "tpl-1"
        yield account, "device", f"dev-a{i}"
        if i != 14:
            yield account, "prompt_template", EVIL_TEMPLATE
        if i < 12:
            yield account, "prompt_template", "tpl-3"
        yield account, "ip", "198.51.100.7" if i < 10 else f"10.1.0.{i}"


def _ring_b() -> Iterable[Link]:
    for i, account in enumerate(B):
        yield account, "payment_method", f"card-b{i % 2}"
        yield account, "prompt_template", EVIL_TEMPLATE
        yield account, "device", "dev-b"
        yield account, "ip", f"2001:db8:{i}::/64"
        if i < 5:
            yield account, "prompt_template", "tpl-3"


def _ring_c() -> Iterable[Link]:
    for account in C:
        yield account, "payment_method", "card-c"
        yield account, "ip", "192.0.2.9"
        yield account, "device", "dev-c"
        yield account, "prompt_template", "popular-1"


def _ring_d() -> Iterable[Link]:
    for i, account in enumerate(D):
        yield account, "ip", "203.0.113.5"
        yield account, "ip", "203.0.113.6"
        if i < 10:
            yield account, "ip", "203.0.113.8"
        yield account, "device", f"dev-d{i}"
        yield account, "prompt_template", f"popular-{i % 5}"


def _others() -> Iterable[Link]:
    for i, account in enumerate(OTHERS):
        yield account, "ip", f"10.9.{i // 200}.{i % 200}"
        yield account, "prompt_template", f"popular-{i % 5}"
        if i % 10:
            yield account, "payment_method", f"card-u{i}"
        if i % 3:
            yield account, "device", f"dev-u{i}"
    for account in OTHERS[:12]:
        yield account, "ip", "198.51.100.7"  # the same VPN exit as ring A
    yield OTHERS[1], "payment_method", "card-a1"
    yield OTHERS[20], "ip", "203.0.113.5"
    yield OTHERS[30], "device", "dev-pair"
    yield OTHERS[31], "device", "dev-pair"
    yield OTHERS[31], "payment_method", "card-pair"
    yield OTHERS[32], "payment_method", "card-pair"


ALL = tuple(sorted((*A, *B, *C, *D, *OTHERS)))
LINKS = links()
ENTITIES = sorted({(kind, value) for _, kind, value in LINKS})
USERS = Counter((kind, value) for _, kind, value in LINKS)
WITH_KIND = {kind: len({a for a, k, _ in LINKS if k == kind}) for kind in FAMILIES}
USES: dict[str, set[tuple[str, str]]] = {a: set() for a in ALL}
for _account, _kind, _value in LINKS:
    USES[_account].add((_kind, _value))


def log2_binomial(n: int, k: int) -> float:
    """log2 of n over k."""
    return math.log2(math.comb(n, k))


def times(account: str) -> tuple[datetime | None, datetime, datetime]:
    """Creation, first and last use; ring A is a burst of three days, ring D has no creations."""
    number = ALL.index(account)
    if account in A:
        created = START + timedelta(hours=5 * A.index(account))
    elif account in D:
        return None, START + timedelta(days=1), START + timedelta(days=30)
    else:
        created = START - timedelta(days=200) + timedelta(hours=11 * number)
    return created, created + timedelta(hours=1), created + timedelta(days=20 + number % 7)


@cache
def entity_evidence(ring: tuple[str, ...]) -> list[dict[str, Any]]:
    """Profile entities, entity by entity, with the gain of the method; kinds that ring A draws from a pool left out."""
    rows = []
    for kind, value in ENTITIES:
        s = sum(any(k == kind for k, _ in USES[a]) for a in ring)
        k = sum((kind, value) in USES[a] for a in ring)
        d, n = USERS[kind, value], WITH_KIND[kind]
        if k < 2 or (ring is A and kind == "payment_method"):
            continue
        p, q = k / s, d / n
        divergence = p * math.log2(p / q) + ((1 - p) * math.log2((1 - p) / (1 - q)) if p < 1 else 0.0)
        choices = sum(entity[0] == kind for entity in ENTITIES)
        gain = s * divergence - math.log2(choices) - math.log2(s + 1)
        if p > q and gain > 0:
            rows.append({"kind": kind, "value": value, "k": k, "s": s, "d": d, "n": n, "bits": round(gain, 3)})
    return rows


@cache
def pool() -> list[tuple[str, str]]:
    """The cards of ring A: six, each on few accounts."""
    return sorted({e for a in A for e in USES[a] if e[0] == "payment_method"})


@cache
def pool_evidence() -> dict[str, Any]:
    """The row of ring A's card pool."""
    cards = pool()
    inside, every = len(A), sum(USERS[c] for c in cards)
    total = sum(n for (kind, _), n in USERS.items() if kind == "payment_method")
    choices = sum(kind == "payment_method" for kind, _ in ENTITIES)
    gain = inside * math.log2(total / every) - log2_binomial(choices, len(cards)) - 2 * math.log2(inside + 1)
    outside = {a for a in ALL if USES[a] & set(cards)}
    return {"kind": "payment_method", "pool": len(cards), "k": len(A), "s": len(A), "d": len(outside),
            "n": WITH_KIND["payment_method"], "bits": round(gain, 3), "share": every / total}


@cache
def evidence(number: int) -> list[dict[str, Any]]:
    """All evidence of a ring, most bits first."""
    rows = entity_evidence(RINGS[number]) + ([pool_evidence()] if number == 0 else [])
    return sorted(rows, key=lambda r: (-r["bits"], r["kind"], r.get("value", "")))


def saved(number: int) -> float:
    """Bits that naming the ring saves."""
    size = len(RINGS[number])
    bits = sum(r["bits"] for r in evidence(number))
    return round(bits - log2_binomial(len(ALL), size) - math.log2(len(ALL)), 3)


@cache
def profile(number: int) -> list[dict[str, Any]]:
    """The terms from which log-odds for a ring are summed; see model.PROFILES."""
    rows = [{"kind": None, "code": "prior", "value": None, "in": -math.log2(len(ALL) / len(RINGS[number])), "out": 0.0}]
    rows += [_part(number, kind) for kind in sorted({r["kind"] for r in evidence(number)})]
    for row in entity_evidence(RINGS[number]):
        entities = in_profile(number, row["kind"])
        p = (row["k"] + 0.5) / (_touching(RINGS[number], entities) + 1)
        q = (row["d"] + 0.5) / (_touching(ALL, entities) + 1)
        rows.append({"kind": row["kind"], "code": "entity", "value": row["value"],
                     "in": math.log2(p / q), "out": math.log2((1 - p) / (1 - q))})
    if number == 0:
        kind, cards = "payment_method", set(pool())
        touching = [a for a in ALL if USES[a] & cards]
        inside = sum(len(USES[a] & cards) for a in touching)
        x = (len(A) + 0.5) / (len(A) + 1)
        rho = inside / sum(len([e for e in USES[a] if e[0] == kind]) for a in touching)
        rows += [{"kind": kind, "code": "pool", "value": v, "in": math.log2(x / rho), "out": 0.0} for _, v in pool()]
        rows.append({"kind": kind, "code": "outside", "value": None, "in": 0.0, "out": math.log2((1 - x) / (1 - rho))})
    return rows


def in_profile(number: int, kind: str) -> set[tuple[str, str]]:
    """The entities of one kind in a ring's profile, its pool included."""
    found = {(r["kind"], r["value"]) for r in entity_evidence(RINGS[number])} | set(pool() if number == 0 else [])
    return {entity for entity in found if entity[0] == kind}


def _touching(accounts: tuple[str, ...], entities: set[tuple[str, str]]) -> int:
    """How many of the accounts use any of the entities."""
    return sum(bool(USES[a] & entities) for a in accounts)


def _part(number: int, kind: str) -> dict[str, Any]:
    """What it is worth to use anything of a kind of the profile."""
    entities = in_profile(number, kind)
    s = sum(any(k == kind for k, _ in USES[a]) for a in RINGS[number])
    p, q = (_touching(RINGS[number], entities) + 0.5) / (s + 1), _touching(ALL, entities) / WITH_KIND[kind]
    return {"kind": kind, "code": "part", "value": None, "in": math.log2(p / q), "out": math.log2((1 - p) / (1 - q))}


def log_odds(account: str, number: int) -> float:
    """Log-odds of an account for a ring by plain loops: the oracle for the query."""
    uses = USES[account]
    kinds = {kind for kind, _ in uses}
    pooled = {(r["kind"], r["value"]) for r in profile(number) if r["code"] == "pool"}
    total = 0.0
    for row in profile(number):
        entity = (row["kind"], row["value"])
        touched = row["kind"] is not None and bool(uses & in_profile(number, row["kind"]))
        if row["code"] == "prior":
            total += row["in"]
        elif row["code"] == "part" and row["kind"] in kinds:
            total += row["in"] if touched else row["out"]
        elif row["code"] == "entity" and touched:
            total += row["in"] if entity in uses else row["out"]
        elif row["code"] == "pool":
            total += row["in"] if entity in uses else 0.0
        elif row["code"] == "outside" and touched:
            total += row["out"] * len([e for e in uses if e[0] == row["kind"] and e not in pooled])
    return round(total, 3)


def role(account: str) -> str:
    """Core, but for the last account of ring A (bystander) and of ring B (periphery)."""
    return {BYSTANDER: "bystander", B[-1]: "periphery"}.get(account, "core")


def tables() -> dict[str, tuple[pa.Schema, list[dict[str, Any]]]]:
    """Every table of the run folder: its schema and rows."""
    return {**_sources(), **_graph(), **_rings(), **_published()}


def _sources() -> dict[str, tuple[pa.Schema, list[dict[str, Any]]]]:
    accounts = [
        {"account": i, "account_id": a, "created": times(a)[0], "first_seen": times(a)[1], "last_seen": times(a)[2],
         "exchanges": 100 + i} for i, a in enumerate(ALL)
    ]
    entities = [
        {"entity": i, "kind": kind, "value": value, "context": "vpn" if value == "198.51.100.7" else None}
        for i, (kind, value) in enumerate(ENTITIES)
    ]
    sources = [
        {"source": "payments", "rows": 300, "loaded": 295, "duplicate": 3, "quarantined": 2, "not_linking": 1},
        {"source": "sessions", "rows": 1700, "loaded": 1695, "duplicate": 0, "quarantined": 5, "not_linking": 0},
    ]
    labels = [{"account_id": "alpha-00", "label": "banned"}, {"account_id": "alpha-01", "label": "confirmed honest"}]
    return {
        "1-sources/accounts": (model.ACCOUNTS, accounts), "1-sources/entities": (model.ENTITIES, entities),
        "1-sources/sources": (model.SOURCES, sources), "1-sources/labels": (model.LABELS, labels),
        "1-sources/quarantine": (model.QUARANTINE, []),
    }


def _graph() -> dict[str, tuple[pa.Schema, list[dict[str, Any]]]]:
    kinds = [
        {"kind": kind, "family": family, "forgeable": kind in FORGEABLE, "accounts": WITH_KIND[kind],
         "entities": sum(e[0] == kind for e in ENTITIES), "links": sum(n for e, n in USERS.items() if e[0] == kind)}
        for kind, family in sorted(FAMILIES.items())
    ]
    number = {entity: i for i, entity in enumerate(ENTITIES)}
    rows = [
        {"account": ALL.index(a), "entity": number[kind, value], "kind": kind, "users": USERS[kind, value],
         "bits": round(math.log2(WITH_KIND[kind] / USERS[kind, value]), 3), "first_seen": times(a)[1],
         "last_seen": times(a)[2], "n": 1 + (ALL.index(a) % 5)}
        for a, kind, value in LINKS
    ]
    loads = [{"account": number, "load": None} for number in range(len(ALL))]
    return {
        "2-graph/kinds": (model.KINDS, kinds),
        "2-graph/links": (model.LINKS, rows),
        "2-graph/loads": (model.LOADS, loads),
    }


def _families(number: int) -> list[str]:
    return sorted({FAMILIES[r["kind"]] for r in evidence(number)})


def _rings() -> dict[str, tuple[pa.Schema, list[dict[str, Any]]]]:
    number = {entity: i for i, entity in enumerate(ENTITIES)}
    rings = [
        {"ring": i, "cluster": min(i, 2), "verdict": VERDICTS[i], "runner_up": RUNNERS_UP[i], "reasons": REASONS[i],
         "accounts": len(ring), "bits_saved": saved(i), "q_value": 2.0 ** -saved(i), "families": ",".join(_families(i)),
         "support": 0.9}
        for i, ring in enumerate(RINGS)
    ]
    members = [
        {"account": ALL.index(a), "ring": i, "log_odds_bits": log_odds(a, i), "role": role(a),
         "families": ",".join(_families(i))}
        for i, ring in enumerate(RINGS) for a in ring
    ]
    found = [
        {"ring": i, "kind": r["kind"], "entity": number.get((r["kind"], r.get("value"))), "pool": r.get("pool"),
         "ring_accounts": r["k"], "ring_accounts_with_kind": r["s"], "all_accounts": r["d"], "bits": r["bits"]}
        for i in range(4) for r in evidence(i)
    ]
    pools = [
        {"ring": 0, "kind": kind, "entity": number[kind, value], "all_accounts": USERS[kind, value],
         "ring_accounts": sum((kind, value) in USES[a] for a in A)} for kind, value in pool()
    ]
    profiles = [
        {"ring": i, "kind": r["kind"], "code": r["code"], "entity": number.get((r["kind"], r["value"])),
         "bits_in": r["in"], "bits_out": r["out"]} for i in range(4) for r in profile(i)
    ]
    return {
        "4-rings/rings": (model.RING_LIST, rings), "4-rings/members": (model.RING_MEMBERS, members),
        "4-rings/bystanders": (model.BYSTANDERS, [
            {"account": m["account"], "ring": m["ring"], "reason": str(model.BystanderReason.HOME)}
            for m in members if m["role"] == "bystander"
        ]),
        "4-rings/evidence": (model.RING_EVIDENCE, found), "4-rings/pools": (model.POOLS, pools),
        "4-rings/profiles": (model.PROFILES, profiles),
        "5-operators/ring_operators": (model.RING_OPERATOR_LIST, [
            {"ring": i, "operator": 0, "traffic_share": 1.0} for i in (0, 1)
        ]),
        "5-operators/carried": (model.CARRIED, []),
        "5-operators/operator_links": (model.OPERATOR_LINKS, [
            {"operator": 0, "ring": 0, "kind": "device", "shared": 1, "expected": 0.9, "bits": 0.0, "total_bits": 21.5},
            {"operator": 0, "ring": 0, "kind": "prompt_template", "shared": 2, "expected": 0.1, "bits": 21.5,
             "total_bits": 21.5},
            {"operator": 0, "ring": 1, "kind": "prompt_template", "shared": 2, "expected": 0.1, "bits": 22.5,
             "total_bits": 22.5, "beyond_weakest": True},
        ]),
    }


REASONS = (
    "four families carry the links; six cards, each on few accounts",
    "one device style and two cards, each on three accounts",
    "one card, one address and one device, four accounts",
    "addresses alone, of one provider",
)


def _operator(account: str, number: int) -> str | None:
    return OPERATOR if VERDICTS[number] == "suspect" and role(account) != "bystander" else None


def _published() -> dict[str, tuple[pa.Schema, list[dict[str, Any]]]]:
    members = [
        {"account_id": a, "ring_id": RING_IDS[i], "operator_id": _operator(a, i), "verdict": VERDICTS[i],
         "log_odds_bits": log_odds(a, i), "likelihood": 1 / (1 + 2 ** -log_odds(a, i)), "role": role(a),
         "families": ",".join(_families(i))}
        for i, ring in enumerate(RINGS) for a in ring
    ]
    rings = [
        {"ring_id": RING_IDS[i], "operator_id": OPERATOR if i < 2 else None, "verdict": VERDICTS[i],
         "runner_up": RUNNERS_UP[i], "accounts": len(ring), "bits_saved": saved(i), "log2_p_bound": -saved(i),
         "q_value": 2.0 ** -saved(i), "families": ",".join(_families(i)), "first_seen": min(times(a)[1] for a in ring),
         "last_seen": max(times(a)[2] for a in ring), "reasons": REASONS[i], "support": 0.9, "cluster": min(i, 2),
         "ring": i}
        for i, ring in enumerate(RINGS)
    ]
    attributed = [a for i in (0, 1) for a in RINGS[i] if _operator(a, i)]
    operators = [
        {"operator_id": OPERATOR, "rings": 2, "accounts": len(attributed),
         "exchanges": sum(100 + ALL.index(a) for a in attributed), "first_seen": min(times(a)[1] for a in attributed),
         "last_seen": max(times(a)[2] for a in attributed), "bits_saved": 31.25,
         "decided_by": "one template set; each ring picks from it", "dossier": DOSSIER, "dossier_match": DOSSIER_MATCH,
         "weakest_bits": 22.0, "weakest_link": "1 of 2 rings is tied to the others by 2 prompt templates (22.0 bits)",
         "alternatives": "a prompt that is sold explains 100%: nothing else ties them; one proxy provider explains 0%"}
    ]
    shares = [{"ring_id": RING_IDS[i], "operator_id": OPERATOR, "traffic_share": 1.0} for i in (0, 1)]
    found = [
        {"ring_id": RING_IDS[i], "kind": r["kind"], "entity": r.get("value"), "pool": r.get("pool"),
         "ring_accounts": r["k"], "ring_accounts_with_kind": r["s"], "all_accounts": r["d"], "bits": r["bits"],
         "first_seen": min(times(a)[1] for a in RINGS[i]), "last_seen": max(times(a)[2] for a in RINGS[i])}
        for i in range(4) for r in evidence(i)
    ]
    affiliations = [{"account_id": "beta-0", "ring_id": RING_IDS[0], "role": "periphery", "likelihood": 0.6}]
    rows = {"members": members, "rings": rings, "operators": operators, "ring_operators": shares, "evidence": found,
            "affiliations": affiliations}
    return {name: (model.PUBLISHED[name], rows[name]) for name in rows}


def write_small_run(runs: Path) -> Path:
    """Write the run folder under ``runs``, with ``latest`` pointing at it; returns the folder."""
    folder = runs / RUN_ID
    hashes = {}
    for name, (schema, rows) in tables().items():
        path = folder / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
        hashes[f"{name}.parquet"] = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "rows": len(rows)}
    manifest = {
        "run_id": RUN_ID, "created": "2026-06-06T00:00:00+00:00", "seed": 1, "code": "c" * 64,
        "versions": {"linkage": "0.1.0", "python": "3.11.2", "duckdb": "2.0.0"}, "config_path": "linkage.toml",
        "config": {"sources": {"payments": {"path": "payments.csv"}, "sessions": {"path": "sessions.csv"}}},
        "inputs": [{"source": "payments", "path": "payments.csv", "bytes": 4321, "sha256": "d" * 64},
                   {"source": "sessions", "path": "<b>sessions</b>.csv", "bytes": 54321, "sha256": "e" * 64}],
        "rows": {"in": 2000, "loaded": 1990, "duplicate": 3, "quarantined": 7},
        "sources": tables()["1-sources/sources"][1], "tables": hashes,
        "warnings": ["sessions: 5 of 1,700 rows are in quarantine"], "stages": [{"name": "sources", "seconds": 0.1}],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    latest = runs / "latest"
    if not latest.is_symlink():
        latest.symlink_to(RUN_ID)
    return folder
