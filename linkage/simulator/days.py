"""The logs that grow by the day, sessions and exchanges: drawn and written one day at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from linkage.simulator import addresses, devices, names, templates
from linkage.simulator.calendar import DAY, Habits
from linkage.simulator.exchanges import OK, Exchanges, exchanges_of
from linkage.simulator.lives import Lives
from linkage.simulator.options import chosen, draw, draw_rows
from linkage.simulator.plant import Planted, plant
from linkage.simulator.population import Population
from linkage.simulator.prompts import Prompts
from linkage.simulator.releases import MODELS, RELEASE, model_of
from linkage.simulator.rings import NOBODY
from linkage.simulator.sessions import Sessions, sessions_of_day
from linkage.simulator.spec import DAYS, EVADABLE, SECONDS
from linkage.simulator.streams import Ints, Streams
from linkage.simulator.tables import Writer, times
from linkage.simulator.traffic import Traffic

TEMPLATES = EVADABLE.index("prompt_template")
FILE_ROWS = 1_000_000  # of exchanges
PROMPTS_AT_ONCE = 50_000  # their text takes some kilobytes each while it is written
MONTH_STARTS = (30, 61)  # days on which May and June begin


@dataclass(frozen=True)
class Actors:
    """Who acts in a world: the accounts, their text ids, their lives and habits."""

    people: Population
    ids: pa.Array
    life: Lives
    habits: Habits


class Queue:
    """Rows of events that came out later than their day wait for the day they belong to."""

    def __init__(self) -> None:
        self.waiting: dict[str, Ints] = {}

    def until(self, end: int, columns: dict[str, Ints]) -> dict[str, Ints]:
        """Of the new and the waiting rows those with a time before ``end``, in order of time."""
        if self.waiting:
            columns = {name: np.concatenate([self.waiting[name], column]) for name, column in columns.items()}
        order = np.argsort(columns["time"], kind="stable")
        now = int(np.searchsorted(columns["time"][order], end))
        self.waiting = {name: column[order[now:]] for name, column in columns.items()}
        return {name: column[order[:now]] for name, column in columns.items()}


class SessionLog:
    """sessions-2026-MM.parquet: account_id, ts, ip, device_fingerprint."""

    def __init__(self, directory: Path, actors: Actors, streams: Streams) -> None:
        self.actors = actors
        self.plan = addresses.address_plan(actors.people, streams)
        self.texts = names.address_texts(self.plan, streams.part("address ids"))
        self.devices, count = devices.device_options(actors.people, streams)
        self.device_texts = names.random_text(count, "", 32, names.HEX, streams.part("device ids"))
        self.queue = Queue()
        self.writer = Writer(directory, "sessions-2026-{:02d}.parquet", first=4)

    def add(self, day: int, sessions: Sessions, planted: Planted, rng: np.random.Generator) -> None:
        """Write the sessions of ``day``, and those with planted devices."""
        if day in MONTH_STARTS:
            self.writer.next_file()
        inside = sessions.time < SECONDS
        account = np.concatenate([sessions.account[inside], planted.account])
        time = np.concatenate([sessions.time[inside], planted.time])
        device = draw(self.devices, account, rng, time)
        device[len(device) - len(planted.value) :] = planted.value
        address = addresses.resolve(self.plan, account, time // (7 * DAY), rng)
        columns = self.queue.until((day + 1) * DAY, {
            "account": account, "time": time, "address": address, "device": device,
        })  # fmt: skip
        self.writer.add(pa.table({
            "account_id": self.actors.ids.take(columns["account"]), "ts": times(columns["time"]),
            "ip": self.texts.of(columns["address"], rng),
            "device_fingerprint": self.device_texts.take(columns["device"]),
        }))  # fmt: skip


class ExchangeLog:
    """exchanges/part-NNN.parquet: request_id, account_id, ts, http_status, model, prompt_template_hash, and prompt."""

    def __init__(self, directory: Path, actors: Actors, traffic: Traffic, streams: Streams) -> None:
        self.actors, self.traffic = actors, traffic
        self.plan = templates.template_plan(actors.people, streams, RELEASE)
        self.texts = names.random_text(self.plan.count, "", 32, names.HEX, streams.part("template ids"))
        self.prompts = Prompts(self.plan.root, streams)
        self.queue = Queue()
        self.writer = Writer(directory, "exchanges/part-{:03d}.parquet", file_rows=FILE_ROWS)

    def add(self, day: int, rows: Exchanges, planted: Planted, rng: np.random.Generator) -> None:
        """Write the exchanges of ``day``, and those with planted templates."""
        row = self._options(rows, rng)
        choice = chosen(self.plan.options, row, rows.time)
        template = templates.homework(choice, rows.time // (7 * DAY), self.plan.homework)
        forged = len(planted.value)
        account, time = np.append(rows.account, planted.account), np.append(rows.time, planted.time)
        columns = {
            "account": account, "time": time, "status": np.append(rows.status, np.full(forged, OK)),
            "template": np.append(template, planted.value),
            "whose": np.append(self.plan.options.whose[row], np.full(forged, NOBODY)),
            "model": model_of(self.actors.people, account, time, rng),
        }  # fmt: skip
        inside = {name: column[time < SECONDS] for name, column in columns.items()}
        self._write(self.queue.until((day + 1) * DAY, inside), rng)

    def _options(self, rows: Exchanges, rng: np.random.Generator) -> Ints:
        """The drawn option of each exchange; who takes up the work of another goes on with its template."""
        row = draw_rows(self.plan.options, rows.account, rng)
        later = np.flatnonzero(rows.source >= 0)
        taker, giver = rows.account[later], rows.account[rows.source[later]]
        evades = self.actors.people.evades[:, TEMPLATES]
        same = (taker == giver) | ~(evades[taker] | evades[giver])
        row[later[same]] = row[rows.source[later[same]]]
        return row

    def _write(self, columns: dict[str, Ints], rng: np.random.Generator) -> None:
        account = columns["account"]
        ids = self.actors.ids.take(account)
        requests = names.random_text(len(account), "req_", 16, names.HEX, rng)
        table = pa.table({
            "request_id": requests, "account_id": ids, "ts": times(columns["time"]),
            "http_status": columns["status"].astype(np.int16), "model": pa.array(MODELS).take(columns["model"]),
            "prompt_template_hash": self.texts.take(columns["template"]),
        })  # fmt: skip
        if self.actors.people.spec.prompts:
            starts = range(0, max(1, len(account)), PROMPTS_AT_ONCE)
            texts = [self.prompts.text(columns["template"][first : first + PROMPTS_AT_ONCE], rng) for first in starts]
            table = table.append_column("prompt", pa.chunked_array(texts))
        self.writer.add(table)
        self.traffic.add(requests, ids, account, columns["whose"])


def write_days(directory: Path, actors: Actors, traffic: Traffic, streams: Streams) -> dict[str, int]:
    """Draw and write all sessions and exchanges; rows by table."""
    sessions = SessionLog(directory, actors, streams)
    exchanges = ExchangeLog(directory, actors, traffic, streams)
    tables = {"device": sessions.devices, "prompt_template": exchanges.plan.options}
    planted = plant(actors.people, actors.life, tables, streams)
    for day in range(DAYS):
        rng = streams.part(f"day {day}")
        visits = sessions_of_day(actors.habits, actors.life, day, rng)
        rows, visits = exchanges_of(actors.people, actors.life, visits, rng)
        of_day = {kind: events.between(day * DAY, (day + 1) * DAY) for kind, events in planted.items()}
        sessions.add(day, visits, of_day["device"], rng)
        exchanges.add(day, rows, of_day["prompt_template"], rng)
    for log in (sessions, exchanges):
        log.writer.next_file()
    return {"sessions": sessions.writer.rows, "exchanges": exchanges.writer.rows, **traffic.close()}
