"""The tables of a world on disk: the logs that a service would have, and the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from linkage.simulator import calendar, cards, names
from linkage.simulator.days import Actors, write_days
from linkage.simulator.levels import levelled
from linkage.simulator.lives import lives
from linkage.simulator.options import draw
from linkage.simulator.population import Group, Population
from linkage.simulator.streams import Streams, repeat_counts
from linkage.simulator.tables import save, times
from linkage.simulator.traffic import Traffic, labels, taken


def actors_of(people: Population, streams: Streams) -> Actors:
    """The accounts with their ids, lives and habits."""
    habits = calendar.habits_of(people, streams)
    ids = names.random_text(people.accounts, "acct_", 14, names.BASE32, streams.part("account ids"))
    return Actors(people, ids, levelled(people, lives(people, habits, streams)), habits)


def write_logs(directory: Path, actors: Actors, streams: Streams) -> dict[str, int]:
    """Write every table; rows by table."""
    people = actors.people
    rng = streams.part("truth")
    counts = (len(people.group_size), len(people.rings.size), people.rings.operators)
    groups, rings, operators = (
        labels(prefix, rng.permutation(count))
        for prefix, count in zip(("group-", "ring-", "operator-"), counts, strict=True)
    )
    traffic = Traffic(directory, people, rings, operators)
    return {
        "accounts": _accounts(directory, actors, streams),
        "payments": _payments(directory, actors, streams),
        **write_days(directory, actors, traffic, streams),
        "truth": _truth(directory, actors, groups, traffic),
    }


def _accounts(directory: Path, actors: Actors, streams: Streams) -> int:
    rng = streams.part("plans")
    plan = pa.array(["free", "plus", "pro"]).take(pa.array(rng.choice(3, actors.people.accounts, p=[0.5, 0.4, 0.1])))
    table = pa.table({"account_id": actors.ids, "created_at": times(actors.life.created), "plan": plan})
    return save(table.sort_by("account_id"), directory / "accounts.parquet")


def _payments(directory: Path, actors: Actors, streams: Streams) -> int:
    """A first payment soon after sign-up, others any time later; free accounts pay nothing."""
    people, life = actors.people, actors.life
    rng = streams.part("payments")
    table, count = cards.card_options(people, streams)
    operated = people.ring >= 0  # operators top up little and often
    account, place = repeat_counts(1 + rng.poisson(np.where(operated, 2.0, 0.9)))
    start, end = life.start[account], life.end[account]
    later = start + (rng.random(len(account)) * (end - start)).astype(np.int64)
    soon = np.minimum(start + rng.exponential(7_200, len(account)).astype(np.int64), end)
    time = np.where((place == 0) & (life.created[account] >= 0), soon, later)
    card = draw(table, account, rng, time)
    paid = np.flatnonzero(card >= 0)
    text = names.random_text(count, "pm_", 20, names.HEX, streams.part("card ids"))
    order = paid[np.argsort(time[paid], kind="stable")]
    columns = {
        "account_id": actors.ids.take(account[order]), "ts": times(time[order]),
        "payment_fingerprint": text.take(card[order]),
    }  # fmt: skip
    return save(pa.table(columns), directory / "payments.parquet")


def _truth(directory: Path, actors: Actors, groups: pa.Array, traffic: Traffic) -> int:
    people = actors.people
    operator = people.rings.operator[people.ring] if len(people.rings.size) else people.ring
    kinds = pa.array([g.name.lower() for g in Group])
    table = pa.table({
        "account_id": actors.ids,
        "group_kind": kinds.take(people.kind),
        "group_id": taken(groups, people.group),
        "ring_id": taken(traffic.ring_ids, people.ring),
        "operator_id": taken(traffic.operator_ids, np.where(people.ring >= 0, operator, -1)),
        "framed": people.framer >= 0,
    })
    return save(table.sort_by("account_id"), directory / "truth.parquet")
