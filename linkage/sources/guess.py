"""A first linkage.toml, guessed from the names and values of files' columns, for a person to correct."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from linkage.engines.step import Engine
from linkage.errors import ConfigError, InputRefused, LinkageError
from linkage.sources.alike import Shape, sample, shape_of, sort_files, why_no_rows, word
from linkage.sources.draft import Draft, document
from linkage.sources.files import KNOWN, InputFile, format_of, matching_files
from linkage.sources.folders import LeftOut, find_logs, glob_beside, paths_of
from linkage.sources.shapes import (
    ISO_LOCAL,
    MOST,
    Sampled,
    TimeShape,
    epoch_unit,
    holds_cards,
    is_address,
    is_address_number,
    is_count,
    is_hash,
    is_status,
    plain_name,
    same_shape,
    time_shape,
)

LOOKED_AT = 50  # files that lie beside one that was named
SHOWN, NAMES = 5, 20  # files that were left out, and columns, that an error names
ACCOUNTS = (
    "account_id", "account", "accountid", "account_uuid", "user_id", "userid", "user", "customer_id", "customer",
    "org_id", "organization_id", "workspace_id", "uid", "member_id", "client_account_id", "username", "login",
)  # fmt: skip
ACCOUNT_NAME = re.compile(
    r"(^|_)(acct|acc|account|user|customer|cust|member|subscriber|client|owner|tenant|org)"
    r"(_?(id|no|nr|num|number|ref|key|uuid|guid|hash|fk))?$"
)
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
HAPPENED = ("ts", "time", "timestamp", "event_time", "occurred_at", "datetime", "logged_at", "start_time", "date")
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
ROW_IDS = ("id", "uuid", "guid", "key")
STATUSES = ("http_status", "status_code", "status", "response_code", "response_status", "http_code", "code")
# Words in a column's name that say its kind; the first that fits wins.
KIND_WORDS = (
    (re.compile(r"prompt.*(template|hash)|template|(^|_)te?mpl($|_)|(^|_)tpl($|_)"), "prompt_template"),
    (re.compile(r"payment|card|instrument|\bpm\b|iban|wallet_id|bank"), "payment_method"),
    (re.compile(r"device|fingerprint|browser_id|machine|hardware|\bja[34]\b|\bfp\b"), "device"),
)
NO_SIGNUP = ("prompt_template", "payment_method")  # kinds that come with what accounts do later
ADDRESS_NAME = re.compile(r"(^|_)(ip|ipv4|ipv6|addr|address|remote_addr|client_ip)($|_)")
PLAIN_NAME = re.compile(r"[\w.:/-]{1,64}")
PROMPTS = ("prompt", "prompt_text", "raw_prompt", "user_prompt", "messages", "conversation", "request_body")
SYSTEM_PROMPTS = ("system_prompt", "system", "system_message")
OWN_KIND = re.compile(r"referr|invite|phone|e_?mail|tax_id|ssn|address|employer|domain|asn|subnet|url|hashtag|wallet")


# Columns and sources that say when an account was made; the weaker ones may say it of anything else
SIGNUP_NAME = re.compile(r"sign_?up|signed_up|regist(ered|ration)|member_since|enrol|(account|user)_(created|opened)")
CREATED_NAME = re.compile(r"^(created|creation|opened|joined|join_date|first_use)(_|$)")
SIGNUPS = re.compile(r"(^|_)(sign_?ups?|registrations?|new_(accounts|users))(_(events?|logs?|table))?$")
ACCOUNT_LIST = re.compile(r"(^|_)(accounts?|users?|customers?|members?|subscribers?|tenants?)(_(list|table))?$")
OF_EVENTS = re.compile(r"amount|price|total|currency|status|(request|session|event|order|invoice|transaction)_?id")


@dataclass(frozen=True)
class Guessed:
    """The text of a linkage.toml, the names of its sources, what a person should look at, and what was left out."""

    text: str
    sources: tuple[str, ...]
    notes: tuple[str, ...]
    left: tuple[str, ...] = ()


def guess_config(engine: Engine, paths: Sequence[Path], out: Path) -> Guessed:
    """Guess a config for files and folders; files that are alike become one source. Its paths are relative to ``out``.

    What gives no source is left out, and named with the reason in the text.

    Raises:
        InputRefused: a path names nothing, or nothing of what is named can be read.
        ConfigError: no column of any file looks like an account id.
    """
    files, left = find_logs(paths, out)
    roots = [Path(os.path.abspath(path)) for path in paths if path.is_dir()]
    sources, unread = sort_files(engine, files)
    left += unread
    drafts: dict[str, Draft] = {}
    labels: list[str] = []
    for source in sources:
        try:
            columns = sample(engine, source)
        except InputRefused as error:
            left += [LeftOut(file.shown, error) for file in source.files]
            continue
        if not columns[0].rows:
            left += [LeftOut(file.shown, why_no_rows(engine, file)) for file in source.files]
            continue
        named = paths_of(source.files, out, roots)
        if {c.name for c in columns} == {"account_id", "label"}:
            labels += named
            continue
        try:
            draft = _draft(source.name, named, columns)
        except LinkageError as error:
            left += [LeftOut(file.shown, error) for file in source.files]
            continue
        _tell_of_others(engine, draft, source.files[0], {file.path for file in files}, out)
        drafts[_free_name(source.name, drafts)] = draft
    told = tuple(str(one) for one in sorted(left, key=lambda one: one.shown))
    if not drafts:
        raise _nothing(paths, left, labels)
    notes = tuple(f"{name}: {note}" for name, draft in drafts.items() for note in draft.notes)
    return Guessed(document(drafts, labels, told), tuple(drafts), notes, told)


def _nothing(paths: Sequence[Path], left: Sequence[LeftOut], labels: Sequence[str]) -> LinkageError:
    """Why no source came out."""
    if len(left) == 1 and not labels:
        error = left[0].error
        return type(error)(error.what, where=left[0].shown, todo=error.todo)
    where = ", ".join(map(str, paths))
    if not left and not labels:
        return InputRefused("no log is there.", where=where, todo=KNOWN)
    more = f"; and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
    why = f" Left out: {'; '.join(map(str, left[:SHOWN]))}{more}" if left else ""
    return ConfigError("none of the files is a log.", where=where, todo=f"Name your logs too.{why}")


def _tell_of_others(engine: Engine, draft: Draft, file: InputFile, named: set[Path], out: Path) -> None:
    """Say which files like this one lie beside it and were not named: nothing is read that nobody named."""
    pattern = glob_beside(file)
    others = [path for path in matching_files(pattern, out) if path not in named] if pattern else []
    shape: Shape = shape_of(engine, file) if others else frozenset()
    alike = [path for path in others[:LOOKED_AT] if _has_shape(engine, path, shape)]
    if alike:
        count = len(others) - len(others[:LOOKED_AT]) + len(alike)
        how = f'path = "{pattern}"' if len(alike) == len(others[:LOOKED_AT]) else "a list as path"
        draft.comments["path"] = f"beside it: {count} more like it, not named and so not read. To read them: {how}"
        draft.notes.append(f"beside {file.shown} lie {count} files like it, which are not read; to read them: {how}.")


def _has_shape(engine: Engine, path: Path, shape: Shape) -> bool:
    form = format_of(path)
    try:
        return form is not None and shape_of(engine, InputFile(path, str(path), form, 1, "")) == shape
    except InputRefused:
        return False


def _draft(name: str, paths: Sequence[str], columns: Sequence[Sampled]) -> Draft:
    draft = Draft()
    draft.say("path", paths[0] if len(paths) == 1 else list(paths))
    account = _account(name, columns)
    if account is None and any(map(_is_value, columns)):  # of which nothing is quoted
        raise InputRefused("its first line holds values, and no names of columns.", todo="Put a line with names first.")
    if account is None:
        # a file without a header has its first row in the place of names, and that may hold a prompt
        names = [c.name for c in columns if PLAIN_NAME.fullmatch(c.name)]
        listed = ", ".join(names[:NAMES]) + (f" and {len(names) - NAMES} more" if len(names) > NAMES else "")
        raise ConfigError(
            f"no column looks like an account id (there are: {listed}).", todo="Write its [sources.NAME] by hand."
        )
    draft.say("account", account.name)
    draft.used.add(account.name)
    _guess_times(draft, name, account, columns)
    _guess_fixed(draft, columns)
    for column in columns:
        if column.name not in draft.used:
            _guess_entity(draft, column)
    _guess_prompts(draft, [c for c in columns if c.name not in draft.used])
    ignored = [c.name for c in columns if c.name not in draft.used]
    if ignored:
        draft.say("ignore", ignored, "not read; move a column to entities when accounts can share its values")
    if not draft.entities and not {"role", "prompt"} & draft.settings.keys():
        draft.notes.append("no column ties accounts to each other: name one in 'entities', or take the source out.")
    return draft


def _is_value(column: Sampled) -> bool:
    """Whether the name of a column is an address, a time, a number or a hash."""
    name = column.name
    return is_address(name) or is_hash(name) or bool(ISO_LOCAL.match(name) or re.fullmatch(r"[-+]?\d+(\.\d+)?", name))


def _account(source: str, columns: Sequence[Sampled]) -> Sampled | None:
    """The column of a well-known name, or else the first whose name's last word says who it is, or else the number of
    the row where each row is an account."""
    names = {c.name: plain_name(c.name) for c in columns}
    known = same_shape(columns, ACCOUNTS) or next((c for c in columns if names[c.name].endswith("account_id")), None)
    known = known or next((c for c in columns if ACCOUNT_NAME.search(names[c.name])), None)
    if known is None and _lists_accounts(source):
        known = same_shape([c for c in columns if c.distinct == c.rows], ROW_IDS)
    return known


def _guess_times(draft: Draft, source: str, account: Sampled, columns: Sequence[Sampled]) -> None:
    shapes = {c.name: shape for c in columns if c is not account and (shape := time_shape(c))}
    timed = [c for c in columns if c.name in shapes]
    first, last = same_shape(timed, FIRSTS), same_shape(timed, LASTS)
    if first and last:
        draft.say("first", first.name)
        draft.say("last", last.name)
        _use_time(draft, [first.name, last.name], shapes[first.name])
        return
    signup = _signup(source, account, timed, columns)
    column = signup or same_shape(timed, TIMES) or _like(timed, CREATED_NAME) or _like(timed, SIGNUP_NAME)
    if column is None:
        column = next((c for c in timed if shapes[c.name].epoch is None or _says_time(c.name)), None)
    if column is None:
        return
    draft.say("time", column.name)
    if signup:
        draft.say("role", "signup", "each account once: this time is taken for its creation")
    _use_time(draft, [column.name], shapes[column.name])


def _signup(
    source: str, account: Sampled, timed: Sequence[Sampled], columns: Sequence[Sampled]
) -> Sampled | None:
    """The column that says when accounts were made, or None.

    Each account stands once in the sample (a few may be told again). Then the column's name says it, or the source's;
    `created_at` and such say it where the source lists accounts, or where nothing else is in it that happens.
    """
    if account.distinct < MOST * account.rows:
        return None
    happened = same_shape(timed, HAPPENED)
    of_events = happened or any(OF_EVENTS.search(plain_name(c.name)) or _kind(c) in NO_SIGNUP for c in columns)
    if (named := _like(timed, SIGNUP_NAME)) and (_lists_accounts(source) or not happened):
        return named
    if (created := _like(timed, CREATED_NAME)) and (_lists_accounts(source) or not of_events):
        return created
    return happened if SIGNUPS.search(source) else None


def _lists_accounts(source: str) -> bool:
    return bool(SIGNUPS.search(source) or ACCOUNT_LIST.search(source))


def _like(columns: Sequence[Sampled], names: re.Pattern[str]) -> Sampled | None:
    return next((c for c in columns if names.search(plain_name(c.name))), None)


def _says_time(name: str) -> bool:
    return bool(re.search(r"time|date|(^|_)(at|ts|on)$", plain_name(name)))


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
    identity = same_shape([c for c in left if c.rows and c.distinct >= MOST * c.rows], EVENT_IDS)
    status = same_shape([c for c in left if c.mostly(is_status)], STATUSES)
    count = same_shape([c for c in left if c.mostly(is_count)], COUNTS) if "first" in draft.settings else None
    for key, column in (("id", identity), ("status", status), ("count", count)):
        if column:
            draft.say(key, column.name)
            draft.used.add(column.name)


def _kind(column: Sampled) -> str | None:
    """The kind that words in a column's name say."""
    return next((kind for words, kind in KIND_WORDS if words.search(plain_name(column.name))), None)


def _guess_entity(draft: Draft, column: Sampled) -> None:
    name = plain_name(column.name)
    if holds_cards(column):
        draft.notes.append(f"'{column.name}' looks like full card numbers: send the processor's fingerprint instead.")
        return
    if column.mostly(is_address):
        draft.entities[column.name] = "ip"
    elif ADDRESS_NAME.search(name) and column.mostly(is_address_number) and not epoch_unit_named(column):
        draft.entities[column.name] = {"kind": "ip", "format": "ipv4_number"}
    elif kind := _kind(column):
        draft.entities[column.name] = kind
    elif OWN_KIND.search(name) or (column.mostly(is_hash) and column.distinct < column.rows):
        own = word(column.name)
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


def _free_name(name: str, taken: Mapping[str, Draft]) -> str:
    numbered = (f"{name}_{i}" for i in range(2, len(taken) + 3))
    return name if name not in taken else next(n for n in numbered if n not in taken)
