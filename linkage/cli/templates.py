"""The command ``templates``: template ids of prompts, without a run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linkage.cli import terminal
from linkage.cli.app import app
from linkage.errors import ConfigError, InputRefused, StorageFault

if TYPE_CHECKING:
    from linkage.config import Source
    from linkage.sources.alone import Written
    from linkage.templates.stream import Observer


@app.command()
def templates(
    files: Annotated[list[Path], typer.Argument(metavar="FILES...", help="Logs: Parquet, CSV or NDJSON.")],
    account: Annotated[str, typer.Option(help="Column with the account id.")] = "account_id",
    prompt: Annotated[str, typer.Option(help="Column with the raw prompt.")] = "prompt",
    system_prompt: Annotated[str | None, typer.Option(help="Column with the system prompt.")] = None,
    time: Annotated[str | None, typer.Option(help="Column with the time; without it none is written.")] = None,
    zone: Annotated[str | None, typer.Option(help="IANA zone of times that carry none.")] = None,
    epoch: Annotated[str | None, typer.Option(help="s, ms, us or ns: unit of times since 1970.")] = None,
    time_format: Annotated[str | None, typer.Option(help="strptime format of times not in ISO 8601.")] = None,
    out: Annotated[Path, typer.Option(help="The Parquet file to write.")] = Path("templates.parquet"),
    catalogue: Annotated[Path, typer.Option(help="The templates known so far; new ones are added.")] = Path(
        "templates.catalogue"
    ),
    key_file: Annotated[Path | None, typer.Option(help="File (mode 600) with the key of the ids.")] = None,
    words: Annotated[Path | None, typer.Option(help="File (mode 600) for words that six accounts share.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that stands there already.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Write account, time and template ids of raw prompts, so that the text can stay where it is.

    Example: linkage templates exchanges/*.parquet --time ts --out templates.parquet
    """
    _refuse_to_replace(out, force)
    source = _source({
        "path": [os.path.abspath(file) for file in files], "account": account, "prompt": prompt, "time": time,
        "system_prompt": system_prompt, "zone": zone, "epoch": epoch, "time_format": time_format,
    })  # fmt: skip
    beside = {"key_file": key_file, "catalogue": catalogue, "words": words}
    settings = {name: None if path is None else str(path) for name, path in beside.items()}
    with _progress() as observe:
        written = _write(source, out, settings, observe)
    if as_json:
        terminal.print_json({"out": str(out), "written": written.written, **asdict(written)})
    else:
        _print(written, out)


def _refuse_to_replace(out: Path, force: bool) -> None:
    if out.exists() and not force:
        raise ConfigError("exists already.", where=str(out), todo="Replace it with --force, or choose another --out.")


def _source(given: dict[str, object]) -> Source:
    from pydantic import ValidationError

    from linkage.config import Source
    from linkage.wording import explain

    try:
        return Source.model_validate(given)
    except ValidationError as error:
        raise ConfigError(explain(error, Source), todo="See linkage templates --help.") from error


def _write(source: Source, out: Path, files: dict[str, str | None], observe: Observer) -> Written:
    """The file is written beside its place and put there when the catalogue with its ids is safe."""
    from linkage.config import EngineSettings, Level, Templates
    from linkage.engines.duckdb import DuckDBEngine
    from linkage.sources.alone import write_ids
    from linkage.sources.times import check_time_settings
    from linkage.state import held_templates
    from linkage.templates import TemplateIds, key_of

    settings = Templates.model_validate({**files, "levels": dict.fromkeys(Level, "prompt_template")})
    key = key_of(settings)
    engine_settings = EngineSettings.model_validate({})
    unfinished = out.with_name(f".{out.name}.unfinished")
    with held_templates(settings) as (held, words), tempfile.TemporaryDirectory(prefix="linkage-") as workdir:
        ids = TemplateIds.opened(key, settings)
        ids.observe = observe
        engine = DuckDBEngine(engine_settings, Path(workdir))
        try:
            check_time_settings(engine, "prompts", source)
            written = write_ids(engine, engine_settings, source, ids, unfinished)
            _refuse_nothing(written, out)
            held.prepare(ids.write, out)
            if words:
                words.prepare(ids.write_words, out)
            os.replace(unfinished, out)
        except OSError as error:
            raise StorageFault(
                f"can't be written: {error.strerror}.", where=str(out), todo="Check rights and space."
            ) from error
        finally:
            engine.close()
            unfinished.unlink(missing_ok=True)
    return written


def _refuse_nothing(written: Written, out: Path) -> None:
    if written.rows and not written.written:
        reasons = "; ".join(f"{reason} ({rows:,})" for reason, rows in written.left_out.items())
        raise InputRefused(
            f"none of {written.rows:,} rows can be used: {reasons}.",
            where=str(out),
            todo="Say how times are written with --zone, --epoch or --time-format, or name other columns.",
        )


@contextmanager
def _progress() -> Iterator[Observer]:
    """Prompts so far, on a terminal; elsewhere nothing."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=terminal.err, transient=True, disable=not terminal.err.is_terminal) as bars:
        task = bars.add_task("opening")
        yield lambda doing, rows: bars.update(task, description=f"{doing} prompts: {rows:,}")


def _print(written: Written, out: Path) -> None:
    for reason, rows in written.left_out.items():
        terminal.warn(f"left out: {terminal.plain(reason)} ({rows:,})")
    terminal.print_table("Template ids", ("level", "different ids"), list(written.ids.items()))
    terminal.say(
        f"{written.rows:,} rows: {written.written:,} written, of {written.accounts:,} accounts, to "
        f"{terminal.plain(out)}."
    )


@app.command("words")
def words_command(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of skeletons or families.")],
    config: Annotated[Path, typer.Option(help="The config that names the file, as templates.words.")] = Path(
        "linkage.toml"
    ),
    file: Annotated[Path | None, typer.Option(help="The file, without a config.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show templates in words, where a file of them is kept for those who may read it.

    Example: linkage words s2-0123456789abcdef0123456789abcdef --file templates.words
    """
    from linkage.templates.readable import read_words, words_of_ids

    path = file or _words_file(config)
    told = words_of_ids(read_words(path), ids)
    if as_json:
        terminal.print_json(told)
        return
    for one, lines in told.items():
        terminal.say(terminal.plain(one))
        for line in lines or ["nothing is known of it in words"]:
            terminal.say(f"    {terminal.plain(line)}")


def _words_file(config: Path) -> Path:
    from linkage.config import load_config
    from linkage.templates import resolved_templates

    named = resolved_templates(load_config(config), config).words
    if named is None:
        raise ConfigError(
            "no file of templates in words is named.", where=str(config), todo="Set templates.words, then run again."
        )
    return Path(named)
