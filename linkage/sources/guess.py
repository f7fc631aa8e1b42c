"""A first linkage.toml, guessed from the names and values of files' columns, for a person to correct."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tomlkit
from tomlkit.items import Table

from linkage.config import Source
from linkage.engines.step import Engine
from linkage.errors import ConfigError, InputRefused
from linkage.sources.files import InputFile, find_files
from linkage.sources.layout import group_files, rows_sql
from linkage.sources.scan import text_of
from linkage.sources.shapes import (
    Sampled,
    TimeShape,
    epoch_unit,
    holds_cards,
    is_address,
    is_address_number,
    is_count,
    is_hash,
    is_status,
    same_shape,
    time_shape,
)

SAMPLE = 1000  # rows a file
ACCOUNTS = (
    "account_id", "account", "accountid", "account_uuid", "user_id", "userid", "user", "customer_id", "customer",
    "org_id", "organization_id", "workspace_id", "uid", "member_id", "client_account_id", "username", "login",
)  # fmt: skip
ACCOUNT_NAME = re.compile(
    r"(^|_)(acct|acc|account|user|customer|cust|member|subscriber|client|owner|tenant|org)"
    r"(_?(id|no|nr|num|number|ref|key|uuid|guid|hash|fk))?$"
)
SIGNUP_TIMES = ("created_at", "signup_time", "signup_at", "registered_at", "created", "registration_time", "first_use",
                "opened_at", "joined_at", "registered_on", "signed_up_at", "signup_date", "created_on")  # fmt: skip
TIMES = (
    "ts",
    "time",
    "timestamp",
    "event_time",
    "occurred_at",
    "datetime",
    "date",
    "logged_at",
    "start_time",
    "created_at",
)
FIRSTS = ("first_seen", "first", "first_time", "min_ts", "min")
LASTS = ("last_seen", "last", "last_time", "max_ts", "max")
COUNTS = ("n", "count", "cnt", "events", "hits", "requests", "size", "uses")
EVENT_IDS = (
    "request_id",
    "event_id",
    "exchange_id",
    "message_id",
    "log_id",
    "transaction_id",
    "payment_id",
    "req_id",
    "rid",
    "id",
    "uuid",
)
STATUSES = ("http_status", "status_code", "status", "response_code", "response_status", "http_code", "code")
# Words in a column's name that say its kind; the first that fits wins.
KIND_WORDS = (
    (re.compile(r"prompt.*(template|hash)|template|(^|_)te?mpl($|_)|(^|_)tpl($|_)"), "prompt_template"),
    (re.compile(r"payment|card|instrument|\bpm\b|iban|wallet_id|bank"), "payment_method"),
    (re.compile(r"device|fingerprint|browser_id|machine|hardware|\bja[34]\b|\bfp\b"), "device"),
)
ADDRESS_NAME = re.compile(r"(^|_)(ip|ipv4|ipv6|addr|address|remote_addr|client_ip)($|_)")
PLAIN_NAME = re.compile(r"[\w.:/-]{1,64}")
PROMPTS = ("prompt", "prompt_text", "raw_prompt", "user_prompt", "messages", "conversation", "request_body")
SYSTEM_PROMPTS = ("system_prompt", "system", "system_message")
OWN_KIND = re.compile(r"referr|invite|phone|email|tax_id|ssn|address|employer|domain|asn|subnet|url|hashtag|wallet")


@dataclass(frozen=True)
class Guessed:
    """The text of a linkage.toml, the names of its sources, and what a person should look at."""

    text: str
    sources: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass
class Draft:
    """A source as it is being guessed: settings in the order of the file, entities, comments by setting."""

    settings: dict[str, object] = field(default_factory=dict)
    entities: dict[str, object] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    own_kinds: dict[str, bool] = field(default_factory=dict)  # kind: whether its values are hashes
    notes: list[str] = field(default_factory=list)

    def say(self, key: str, value: object, comment: str = "") -> None:
        """Settle a setting, with a comment beside it."""
        self.settings[key] = value
        if comment:
            self.comments[key] = comment


def guess_config(engine: Engine, files: Sequence[Path], out: Path) -> Guessed:
    """Guess a config for files; those with the same columns become one source. Paths are relative to ``out``.

    Raises:
        InputRefused: a file is missing or can't be read.
        ConfigError: no column of a file looks like an account id.
    """
    found = find_files("files", [os.path.abspath(file) for file in files], out, hashed=False)
    drafts: dict[str, Draft] = {}
    labels = None
    for members, columns in _alike(engine, found):
        if {c.name for c in columns} == {"account_id", "label"} and len(members) == 1:
            labels = members[0].shown
            continue
        name = _free_name(members, drafts)
        drafts[name] = _draft(members, columns)
    if not drafts:
        raise ConfigError(
            "none of the files is a log.", where=", ".join(f.shown for f in found), todo="Name your logs too."
        )
    notes = tuple(f"{name}: {note}" for name, draft in drafts.items() for note in draft.notes)
    return Guessed(_document(drafts, labels), tuple(drafts), notes)


def _alike(engine: Engine, files: Sequence[InputFile]) -> list[tuple[list[InputFile], list[Sampled]]]:
    """Files by their columns (with types), each group with a sample of its first file's rows."""
    source = Source.model_validate({"path": [], "account": ""})
    groups: dict[frozenset[object], tuple[list[InputFile], list[Sampled]]] = {}
    for number, file in enumerate(files):
        group = group_files(engine, f"guess_{number}", source, [file], SAMPLE)[0]
        if not group.columns:
            raise InputRefused("is empty.", where=file.shown, todo="Leave it out, or check its export.")
        key = frozenset((c.name, c.type) for c in group.columns)
        if key not in groups:
            texts = ", ".join(f"{text_of(f'c{i}', c.type)} AS t{i}" for i, c in enumerate(group.columns))
            rows = rows_sql(group, [c.name for c in group.columns], SAMPLE, engine)
            table = engine.fetch(f"SELECT {texts} FROM ({rows}) WHERE broken IS NULL")
            cells = [[x.strip() for x in table[f"t{i}"].to_pylist() if x] for i in range(len(group.columns))]
            sampled = [Sampled(c, tuple(x), table.num_rows) for c, x in zip(group.columns, cells, strict=True)]
            groups[key] = ([], sampled)
        groups[key][0].append(file)
    return list(groups.values())


def _draft(files: Sequence[InputFile], columns: Sequence[Sampled]) -> Draft:
    draft = Draft()
    paths = [file.shown for file in files]
    draft.say("path", paths[0] if len(paths) == 1 else paths)
    account = _account(columns)
    if account is None:
        # a file without a header has its first row in the place of names, and that may hold a prompt
        names = [c.name for c in columns if PLAIN_NAME.fullmatch(c.name)]
        raise ConfigError(
            f"no column looks like an account id (there are: {', '.join(names)}).",
            where=paths[0],
            todo="Write its [sources.NAME] by hand, and leave the file out here.",
        )
    draft.say("account", account.name)
    draft.used.add(account.name)
    _guess_times(draft, account, columns)
    _guess_fixed(draft, columns)
    for column in columns:
        if column.name not in draft.used:
            _guess_entity(draft, column)
    _guess_prompts(draft, [c for c in columns if c.name not in draft.used])
    ignored = [c.name for c in columns if c.name not in draft.used]
    if ignored:
        draft.say("ignore", ignored, "not read; move a column to entities when accounts can share its values")
    return draft


def _account(columns: Sequence[Sampled]) -> Sampled | None:
    """The column of a well-known name, or else the first whose name's last word says who it is."""
    known = same_shape(columns, ACCOUNTS) or next((c for c in columns if c.name.lower().endswith("account_id")), None)
    return known or next((c for c in columns if ACCOUNT_NAME.search(c.name.lower())), None)


def _guess_times(draft: Draft, account: Sampled, columns: Sequence[Sampled]) -> None:
    shapes = {c.name: shape for c in columns if c is not account and (shape := time_shape(c))}
    timed = [c for c in columns if c.name in shapes]
    first, last = same_shape(timed, FIRSTS), same_shape(timed, LASTS)
    if first and last:
        draft.say("first", first.name)
        draft.say("last", last.name)
        _use_time(draft, [first.name, last.name], shapes[first.name])
        return
    once = account.distinct == account.rows
    signup = same_shape(timed, SIGNUP_TIMES) if once else None
    named = signup or same_shape(timed, TIMES) or same_shape(timed, SIGNUP_TIMES)
    column: Sampled | None = named or next(
        (c for c in timed if shapes[c.name].epoch is None or _says_time(c.name)), None
    )
    if column is None:
        return
    draft.say("time", column.name)
    if signup:
        draft.say("role", "signup", "each account once: this time is taken for its creation")
    _use_time(draft, [column.name], shapes[column.name])


def _says_time(name: str) -> bool:
    return bool(re.search(r"time|date|_at$|^ts$|_ts$", name.lower()))


def _use_time(draft: Draft, names: Sequence[str], shape: TimeShape) -> None:
    draft.used.update(names)
    if shape.epoch:
        draft.say("epoch", shape.epoch, "guessed from the size of the numbers")
    if shape.time_format:
        draft.say("time_format", shape.time_format, "guessed: is the day before the month, or behind it?")
    if shape.zone:
        draft.say("zone", shape.zone, "a guess: the times carry no zone; which one are they in?")
        draft.notes.append(f"times in '{names[0]}' carry no zone; UTC is a guess.")


def _guess_fixed(draft: Draft, columns: Sequence[Sampled]) -> None:
    left = [c for c in columns if c.name not in draft.used]
    identity = same_shape([c for c in left if c.rows and c.distinct == c.rows], EVENT_IDS)
    status = same_shape([c for c in left if c.mostly(is_status)], STATUSES)
    count = same_shape([c for c in left if c.mostly(is_count)], COUNTS) if "first" in draft.settings else None
    for key, column in (("id", identity), ("status", status), ("count", count)):
        if column:
            draft.say(key, column.name)
            draft.used.add(column.name)


def _guess_entity(draft: Draft, column: Sampled) -> None:
    name = column.name.lower()
    if holds_cards(column):
        draft.notes.append(f"'{column.name}' looks like full card numbers: send the processor's fingerprint instead.")
        return
    if column.mostly(is_address):
        draft.entities[column.name] = "ip"
    elif ADDRESS_NAME.search(name) and column.mostly(is_address_number) and not epoch_unit_named(column):
        draft.entities[column.name] = {"kind": "ip", "format": "ipv4_number"}
    elif kind := next((kind for words, kind in KIND_WORDS if words.search(name)), None):
        draft.entities[column.name] = kind
    elif OWN_KIND.search(name) or (column.mostly(is_hash) and column.distinct < column.rows):
        own = _word(column.name)
        draft.entities[column.name] = own
        draft.own_kinds[own] = column.mostly(is_hash)
    else:
        return
    draft.used.add(column.name)


def _guess_prompts(draft: Draft, left: Sequence[Sampled]) -> None:
    """Columns of texts by their names, unless there are ready ids of templates."""
    texts = [c for c in left if c.mostly(lambda x: " " in x)]
    prompt, system = same_shape(texts, PROMPTS), same_shape(texts, SYSTEM_PROMPTS)
    if prompt is None or "prompt_template" in draft.entities.values():
        return
    draft.say("prompt", prompt.name, "its text is never kept; the key of the ids: LINKAGE_TEMPLATE_KEY")
    draft.used.add(prompt.name)
    if system:
        draft.say("system_prompt", system.name)
        draft.used.add(system.name)


def epoch_unit_named(column: Sampled) -> bool:
    """Whether numbers that could be addresses are more likely times: by the column's name, and their size."""
    return _says_time(column.name) and epoch_unit(column) is not None


def _free_name(files: Sequence[InputFile], taken: dict[str, Draft]) -> str:
    stems = [file.path.name.split(".")[0] for file in files]
    first, last = min(stems), max(stems)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    name = _word(re.sub(r"([-_.]\d+)+$|[-_.]+$", "", first[:same]))
    if name in ("part", "data", "column"):
        name = _word(files[0].path.parent.name)
    numbered = (f"{name}_{i}" for i in range(2, len(taken) + 3))
    return name if name not in taken else next(n for n in numbered if n not in taken)


def _word(text: str) -> str:
    """A text as a name that the config allows."""
    word = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:60]
    return word if word[:1].isalpha() else f"column_{word}" if word else "column"


def _document(drafts: dict[str, Draft], labels: str | None) -> str:
    document = tomlkit.document()
    document.add(
        tomlkit.comment("Written by 'linkage init' from a look at the files: every line is a guess to be read.")
    )
    document.add(tomlkit.comment("Paths are relative to this file. All settings: linkage schema, docs/settings.md."))
    sources = tomlkit.table(is_super_table=True)
    for name, draft in drafts.items():
        sources.add(name, _source_table(draft))
    document.add("sources", sources)
    own = {kind: hashes for draft in drafts.values() for kind, hashes in draft.own_kinds.items()}
    if own:
        kinds = tomlkit.table(is_super_table=True)
        for kind in sorted(own):
            kinds.add(kind, _kind_table(kind, own[kind]))
        document.add("kinds", kinds)
    if labels:
        table = tomlkit.table()
        table.add("path", labels)
        document.add("labels", table)
    return tomlkit.dumps(document)


def _source_table(draft: Draft) -> Table:
    table = tomlkit.table()
    for key, value in draft.settings.items():
        if key != "ignore":
            _add(table, key, value, draft.comments.get(key, ""))
    if draft.entities:
        entities = tomlkit.inline_table()
        for column, kind in draft.entities.items():
            entities.add(column, tomlkit.item(kind, _parent=entities))
        _add(table, "entities", entities, "column = kind")
    if "ignore" in draft.settings:
        _add(table, "ignore", draft.settings["ignore"], draft.comments["ignore"])
    return table


def _kind_table(kind: str, hashes: bool) -> Table:
    table = tomlkit.table()
    _add(table, "family", kind, "kinds that fail together share a family")
    _add(table, "forgeable", True, "can an attacker put this value on a stranger's account for free?")
    if hashes:
        _add(table, "normalise", "hash", "capital letters say nothing")
    return table


def _add(table: Table, key: str, value: object, comment: str = "") -> None:
    item = tomlkit.item(value)
    if comment:
        item.comment(comment)
    table.add(key, item)
