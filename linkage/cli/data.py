"""Commands for input and set-up: ``init``, ``check``, ``doctor`` and ``schema``."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linkage.cli import terminal
from linkage.cli.app import app
from linkage.errors import ConfigError, LinkageError, StorageFault

if TYPE_CHECKING:
    from linkage.cli.doctor import Finding
    from linkage.sources.check import CheckReport, Preview

ConfigPath = Annotated[Path, typer.Option("--config", help="The linkage.toml to read.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
DEFAULT_CONFIG = Path("linkage.toml")
LEFT_SHOWN = 10  # of what gives no source; the config names all of it


@app.command()
def init(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILES...", help="Logs, or folders of them: Parquet, CSV or NDJSON.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The config to write.")] = DEFAULT_CONFIG,
    force: Annotated[bool, typer.Option("--force", help="Replace a config that stands there already.")] = False,
) -> None:
    """Look at log files and write a commented linkage.toml with guesses for you to correct.

    Of a folder all logs in it and below it are looked at. What gives no source is named at the end of the config.

    Example: linkage init logs --out linkage.toml
    """
    from linkage.config import EngineSettings  # the engine takes a while to import: other commands need not wait
    from linkage.engines import SealedEngine
    from linkage.sources.guess import guess_config

    if not force:
        _refuse_to_replace(out)
    engine = SealedEngine(EngineSettings.model_validate({}))  # there may be prompts among the texts
    try:
        guessed = guess_config(engine, files, out)
    finally:
        engine.close()
    _write(out, guessed.text)
    terminal.say(f"Wrote {terminal.plain(out)}: {', '.join(guessed.sources)}.")
    for note in guessed.notes:
        terminal.warn(terminal.plain(note))
    for left in guessed.left[:LEFT_SHOWN]:
        terminal.warn(f"Left out {terminal.plain(left)}")
    if len(guessed.left) > LEFT_SHOWN:
        more = len(guessed.left) - LEFT_SHOWN
        terminal.warn(f"{more:,} more are left out: the end of {terminal.plain(out)} names them.")
    terminal.say(f"Read it, correct the guesses, then: linkage check --config {terminal.plain(out)}")


@app.command()
def check(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Check the config, and print what a sample of each source would give. Writes nothing.

    Example: linkage check --config linkage.toml
    """
    from linkage.config import engine_settings, load_config
    from linkage.engines.duckdb import DuckDBEngine
    from linkage.sources.check import check_sources

    settings = load_config(config)
    with tempfile.TemporaryDirectory(prefix="linkage-") as workdir:
        engine = DuckDBEngine(engine_settings(settings, config), Path(workdir))
        try:
            report = check_sources(engine, settings, config)
        finally:
            engine.close()
    if as_json:
        terminal.print_json(_check_json(report))
        _stop_at(report.errors[:1], config)
    else:
        _print_check(report)
        _stop_at(report.errors, config)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Print versions, engine, memory, cores, disk, and what is missing.

    Example: linkage doctor
    """
    from linkage.cli.doctor import examine

    findings = examine()
    if as_json:
        terminal.print_json({finding.name: asdict(finding) for finding in findings})
    else:
        terminal.print_table("linkage doctor", ("what", "is", "advice"), [_finding_row(f) for f in findings])


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option("--out", help="File to write; without it, standard output.")] = None,
) -> None:
    """Print the JSON Schema of linkage.toml: every setting with its default, for editors.

    Example: linkage schema --out linkage.schema.json
    """
    from linkage.config import json_schema

    text = json.dumps(json_schema(), indent=2, ensure_ascii=True) + "\n"
    if out is None:
        sys.stdout.write(text)
    else:
        _write(out, text)


def _refuse_to_replace(out: Path) -> None:
    if out.exists():
        raise ConfigError("there is a config already.", where=str(out), todo="Name another --out, or say --force.")


def _stop_at(errors: Sequence[LinkageError], config: Path) -> None:
    """End with the only error, or list all of them and end with the exit code of the first."""
    if len(errors) == 1:
        raise errors[0]
    for error in errors:
        terminal.warn(terminal.plain(error))
    if errors:
        raise type(errors[0])(
            f"{len(errors)} faults are listed above, and each of them stops a run.",
            where=str(config),
            todo="Mend them all, then check again.",
        )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageFault(
            f"{error.strerror}.", where=str(path), todo="Choose a folder that can be written."
        ) from error


def _finding_row(finding: Finding) -> tuple[str, str, str]:
    return finding.name, finding.value, finding.advice


def _check_json(report: CheckReport) -> dict[str, Any]:
    from linkage.sources.check import SAMPLE

    return {
        "sample": SAMPLE,
        "sources": [{**asdict(p), "error": str(p.error) if p.error else None} for p in report.previews],
        "warnings": list(report.warnings),
        "error": str(report.first_error) if report.first_error else None,
    }


def _print_check(report: CheckReport) -> None:
    from linkage.sources.check import SAMPLE

    columns = ("source", "files", "rows", "loaded", "duplicate", "quarantined", "not linking", "accounts", "entities")
    terminal.print_table(f"Sample of about {SAMPLE:,} rows a source", columns, [_row(p) for p in report.previews])
    bad = [(p.source, r["column"], r["reason"], r["rows"]) for p in report.previews for r in p.reasons]
    if bad:
        terminal.print_table("In the quarantine", ("source", "column", "reason", "rows"), bad)
    for warning in [w for preview in report.previews for w in preview.warnings] + list(report.warnings):
        terminal.warn(terminal.plain(warning))
    if not report.first_error:
        tied = any(preview.entities for preview in report.previews)
        terminal.say("The config can be used." if tied else "No source ties accounts: a run would find no ring.")


def _row(preview: Preview) -> tuple[object, ...]:
    counts = preview.counts
    if not preview.files:  # it could not be read at all
        return preview.source, *[None] * 8
    entities = ", ".join(f"{number:,} {kind}" for kind, number in preview.entities.items())
    fates = (counts.rows, counts.loaded, counts.duplicate, counts.quarantined, counts.not_linking)
    return preview.source, preview.files, *fates, preview.accounts, entities or None
