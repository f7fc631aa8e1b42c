"""The tables of a world on disk: the logs that a service would have, and the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from linkage.model import TIME
from linkage.simulator import addresses, calendar, cards, devices, names, templates
from linkage.simulator.options import draw
from linkage.simulator.population import Group, Population
from linkage.simulator.spec import START
from linkage.simulator.streams import Ints, Streams, repeat_counts

PART_ROWS = 1_000_000
EPOCH = int(START.timestamp()) * 1_000_000
MONTHS = ((0, 30), (30, 61), (61, 91))  # days of April, May, June


class Logs:
    """Turns the drawn numbers into tables on disk."""

    def __init__(self, directory: Path, people: Population, streams: Streams) -> None:
        self.directory, self.people, self.streams = directory, people, streams
        self.life = calendar.lives(people, streams)
        self.ids = names.random_text(people.accounts, "acct_", 14, names.BASE32, streams.part("account ids"))

    def write(self) -> dict[str, int]:
        """Write every table; rows by table."""
        session_account, session_time = calendar.session_times(self.people, self.life, self.streams.part("sessions"))
        return {
            "accounts": self._accounts(),
            "payments": self._payments(),
            "sessions": self._sessions(session_account, session_time),
            "exchanges": self._exchanges(session_time),
            "truth": self._truth(),
        }

    def _accounts(self) -> int:
        rng = self.streams.part("plans")
        plan = pa.array(["free", "plus", "pro"]).take(pa.array(rng.choice(3, self.people.accounts, p=[0.5, 0.4, 0.1])))
        table = pa.table({"account_id": self.ids, "created_at": _times(self.life.created), "plan": plan})
        return _save(table.sort_by("account_id"), self.directory / "accounts.parquet")

    def _payments(self) -> int:
        """A first payment soon after sign-up, others any time later; free accounts pay nothing."""
        rng = self.streams.part("payments")
        table, count = cards.card_options(self.people, self.streams)
        operated = self.people.ring >= 0  # operators top up little and often
        account, place = repeat_counts(1 + rng.poisson(np.where(operated, 2.0, 0.9)))
        created, end = self.life.created[account], self.life.end[account]
        later = created + (rng.random(len(account)) * (end - created)).astype(np.int64)
        soon = np.minimum(created + rng.exponential(7_200, len(account)).astype(np.int64), end)
        time = np.where(place == 0, soon, later)
        card = draw(table, account, rng, time)
        paid = np.flatnonzero(card >= 0)
        text = names.random_text(count, "pm_", 20, names.HEX, self.streams.part("card ids"))
        order = paid[np.argsort(time[paid], kind="stable")]
        columns = {
            "account_id": self.ids.take(account[order]), "ts": _times(time[order]),
            "payment_fingerprint": text.take(card[order]),
        }
        return _save(pa.table(columns), self.directory / "payments.parquet")

    def _sessions(self, account: Ints, time: Ints) -> int:
        plan = addresses.address_plan(self.people, self.streams)
        table, count = devices.device_options(self.people, self.streams)
        address = addresses.resolve(plan, account, time // (7 * calendar.DAY), self.streams.part("session addresses"))
        device = draw(table, account, self.streams.part("session devices"), time)
        texts = names.address_texts(plan, self.streams.part("address ids"))
        hosts = self.streams.part("address hosts")
        device_text = names.random_text(count, "", 32, names.HEX, self.streams.part("device ids"))
        order = np.argsort(time, kind="stable")
        for month, (first, past) in enumerate(MONTHS, start=4):
            day = time[order] // calendar.DAY
            rows = order[(day >= first) & (day < past)]
            columns = {
                "account_id": self.ids.take(account[rows]), "ts": _times(time[rows]),
                "ip": texts.of(address[rows], hosts),
                "device_fingerprint": device_text.take(device[rows]),
            }
            _save(pa.table(columns), self.directory / f"sessions-2026-{month:02d}.parquet")
        return len(account)

    def _exchanges(self, session_time: Ints) -> int:
        rng = self.streams.part("exchanges")
        account, time = calendar.exchange_times(self.life, session_time, rng)
        table, count = templates.template_options(self.people, self.streams)
        week = time // (7 * calendar.DAY)
        template = templates.homework(draw(table, account, rng), week, count)
        total = count + templates.homework_count(self.people)
        text = names.random_text(total, "", 32, names.HEX, self.streams.part("template ids"))
        status = np.where(rng.random(len(account)) < 0.01, 429, 200).astype(np.int16)
        order = np.argsort(time, kind="stable")
        for part, first in enumerate(range(0, len(order), PART_ROWS)):
            rows = order[first : first + PART_ROWS]
            request = names.random_text(len(rows), "req_", 16, names.HEX, self.streams.part(f"request ids {part}"))
            columns = {
                "request_id": request, "account_id": self.ids.take(account[rows]), "ts": _times(time[rows]),
                "http_status": status[rows], "prompt_template_hash": text.take(template[rows]),
            }
            _save(pa.table(columns), self.directory / "exchanges" / f"part-{part:03d}.parquet")
        return len(order)

    def _truth(self) -> int:
        people = self.people
        rng = self.streams.part("truth")
        numbers = [rng.permutation(n) for n in (len(people.group_size), len(people.rings.size), people.rings.operators)]
        operator = people.rings.operator[people.ring] if len(people.rings.size) else people.ring
        kinds = pa.array([g.name.lower() for g in Group])
        table = pa.table({
            "account_id": self.ids,
            "group_kind": kinds.take(people.kind),
            "group_id": _labels("group-", numbers[0], people.group),
            "ring_id": _labels("ring-", numbers[1], people.ring),
            "operator_id": _labels("operator-", numbers[2], np.where(people.ring >= 0, operator, -1)),
        })
        return _save(table.sort_by("account_id"), self.directory / "truth.parquet")


def _labels(prefix: str, numbers: Ints, owner: Ints) -> pa.Array:
    """``prefix`` and number of each owner; null where there is none (-1)."""
    text = pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")
    return text.take(pa.array(np.maximum(owner, 0), mask=owner < 0))


def _times(seconds: Ints) -> pa.Array:
    return pa.array(seconds * 1_000_000 + EPOCH).cast(TIME)


def _save(table: pa.Table, path: Path) -> int:
    pq.write_table(table, path, compression="zstd")
    return int(table.num_rows)
