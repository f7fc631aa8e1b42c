"""Operators that are known already: one TOML file each, with accounts and indicators."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pyarrow as pa
from pydantic import Field, StringConstraints, ValidationError

from linkage.config import PAYMENT_FAMILY, KindSpec, Section
from linkage.engines.step import Engine, Step, literal
from linkage.errors import InputRefused
from linkage.model import DOSSIERS
from linkage.sources.cards import card_counts, looks_like_cards
from linkage.sources.files import matching_files, shown_path
from linkage.sources.forms import normalise_texts
from linkage.sources.normalise import DULL, INVALID, LINKS
from linkage.sources.scan import ACCOUNT, LONGEST
from linkage.wording import explain, nearest, sentence

ACCOUNT_KIND = "account"  # stands for account ids in the table
NAMED = 3  # values that a warning names
TEXTS = pa.schema([("name", pa.string()), ("slot", pa.string()), ("text", pa.string())])

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)]


class DossierFile(Section):
    """What a dossier may say."""

    name: Name
    accounts: list[Text] = Field(default_factory=list)
    indicators: dict[str, list[Text]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Dossier:
    """A dossier, and the file that it was read from as outputs show it."""

    file: str
    said: DossierFile


def read_dossiers(
    engine: Engine, pattern: str | None, config_path: Path, specs: Mapping[str, KindSpec]
) -> tuple[list[Path], list[str]]:
    """Make the table ``dossiers`` (DOSSIERS, empty without a pattern); returns the files, and warnings.

    Values are read as those of the logs are: one thing has one name. What can't link anybody (placeholders, private
    addresses) is left out with a warning.

    Raises:
        InputRefused: no file matches, or one can't be read, is no TOML, says what a dossier can't say, has a name that
            another one has, or holds card numbers.
    """
    if pattern is None:
        engine.load("dossiers", DOSSIERS.empty_table())
        return [], []
    files = matching_files(pattern, config_path)
    if not files:
        raise InputRefused(
            f"'{pattern}' matches no file.", where="dossiers.path", todo="Check it, or leave out [dossiers]."
        )
    dossiers = [_read(path, shown_path(path, config_path), specs) for path in files]
    _refuse_same_names(dossiers)
    engine.load("dossier_texts", pa.Table.from_pylist([r for d in dossiers for r in _rows(d, specs)], schema=TEXTS))
    _refuse_card_numbers(engine, specs)
    return files, _normalise(engine, dossiers, specs)


def _read(path: Path, shown: str, specs: Mapping[str, KindSpec]) -> Dossier:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputRefused(f"can't be read: {error.strerror}.", where=shown, todo="Check the file's rights.") from error
    except (ValueError, RecursionError) as error:  # ValueError: no TOML, no UTF-8, a number of 5,000 digits
        raise InputRefused(f"not valid TOML: {error}.", where=shown, todo="Mend that line.") from error
    try:
        said = DossierFile.model_validate(raw)
    except ValidationError as error:
        raise InputRefused(
            explain(error, DossierFile),
            where=shown,
            todo="A dossier says: name, accounts = […], and under [indicators] KIND = […].",
        ) from error
    _refuse_unknown_kinds(said, shown, specs)
    if not said.accounts and not any(said.indicators.values()):
        raise InputRefused("it lists no account and no indicator.", where=shown, todo="List some, or take it away.")
    return Dossier(shown, said)


def _refuse_unknown_kinds(said: DossierFile, shown: str, specs: Mapping[str, KindSpec]) -> None:
    for kind in said.indicators:
        if kind == ACCOUNT_KIND:
            raise InputRefused("'account' is no kind of indicator.", where=shown, todo="List ids as accounts = […].")
        if kind not in specs:
            raise InputRefused(
                sentence(f"key 'indicators.{kind}': kind '{kind}' is unknown{nearest(kind, sorted(specs))}"),
                where=shown,
                todo=f"Use a known kind, or declare it with [kinds.{kind}] in the config.",
            )


def _refuse_same_names(dossiers: Sequence[Dossier]) -> None:
    seen: dict[str, Dossier] = {}
    for dossier in dossiers:
        first = seen.setdefault(dossier.said.name.casefold(), dossier)
        if first is not dossier:
            raise InputRefused(
                f"another dossier has the name '{dossier.said.name}', {first.file}.",
                where=dossier.file,
                todo="Rename one of them, or put them together.",
            )


def _rows(dossier: Dossier, specs: Mapping[str, KindSpec]) -> list[dict[str, str]]:
    slots = [(ACCOUNT, dossier.said.accounts), *dossier.said.indicators.items()]
    return [
        {"name": dossier.said.name, "slot": slot, "text": _as_logged(text, specs.get(slot))}
        for slot, texts in slots
        for text in texts
    ]


def _as_logged(text: str, spec: KindSpec | None) -> str:
    """IPv6 is shown by its /64, and may be written so; logs hold addresses."""
    return text.strip().removesuffix("/64") if spec and spec.normalise == "ip" and ":" in text else text


def _refuse_card_numbers(engine: Engine, specs: Mapping[str, KindSpec]) -> None:
    for kind, spec in sorted(specs.items()):
        texts = f"(SELECT text FROM dossier_texts WHERE slot = {literal(kind)})"
        if spec.family == PAYMENT_FAMILY and looks_like_cards(*card_counts(engine, texts, "text")):
            raise InputRefused(
                f"indicators of the kind '{kind}' look like full card numbers.",
                where="dossiers",
                todo="Give the processor's fingerprints of the cards instead; card numbers must not be stored here.",
            )


def _normalise(engine: Engine, dossiers: Sequence[Dossier], specs: Mapping[str, KindSpec]) -> list[str]:
    engine.run(Step("dossier_slots", "SELECT DISTINCT slot, text FROM dossier_texts", ("dossier_texts",)))
    normalise_texts(engine, "dossier_forms", "dossier_slots", specs)
    rows = "dossier_texts JOIN dossier_forms USING (slot, text)"
    odd = engine.fetch(
        f"SELECT DISTINCT name, slot, text, state FROM {rows} WHERE state <> '{LINKS}' ORDER BY name, slot, text"
    ).to_pylist()
    _refuse_invalid(dossiers, [row for row in odd if row["state"] == INVALID])
    kind = f"CASE slot WHEN {literal(ACCOUNT)} THEN {literal(ACCOUNT_KIND)} ELSE slot END"
    engine.run(
        Step(
            "dossiers",
            f"SELECT DISTINCT name, {kind} AS kind, value FROM {rows} WHERE state = '{LINKS}' ORDER BY ALL",
            ("dossier_texts", "dossier_forms"),
        )
    )
    for table in ("dossier_texts", "dossier_slots", "dossier_forms"):
        engine.drop(table)
    return _left_out([row for row in odd if row["state"] == DULL])


def _refuse_invalid(dossiers: Sequence[Dossier], rows: Sequence[Mapping[str, str]]) -> None:
    if not rows:
        return
    row, files = rows[0], {d.said.name: d.file for d in dossiers}
    key, thing = (f"indicators.{row['slot']}", "IP address") if row["slot"] else ("accounts", "account id")
    said = f"key '{key}': '{row['text'][:60]}' is no {thing}."
    raise InputRefused(said, where=files[row["name"]], todo="Correct it, or take it out.")


def _left_out(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """A warning for each dossier with values that link nobody."""
    by_name: dict[str, list[str]] = {}
    for row in rows:
        by_name.setdefault(row["name"], []).append(f"{row['slot']} '{row['text'][:60]}'")
    return [
        f"dossier '{name}': {len(values)} of its indicators can't link anybody and are left out: "
        + ", ".join(values[:NAMED])
        + (f" and {len(values) - NAMED} more." if len(values) > NAMED else ".")
        for name, values in sorted(by_name.items())
    ]
