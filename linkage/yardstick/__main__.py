"""``python -m linkage.yardstick``: the bench, and the sets of third parties."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from linkage.errors import ConfigError, LinkageError
from linkage.reports.likelihood import TABLE as WEIGHTS
from linkage.reports.likelihood import read_weights, write_weights
from linkage.simulator import Preset, WorldSpec, simulate
from linkage.yardstick import accepted, figures, pictures, reliability, tables
from linkage.yardstick.bench import Bench, Results
from linkage.yardstick.likelihood import fit, stated
from linkage.yardstick.races import GIGABYTE, Limits
from linkage.yardstick.scale import CONTENDERS, SIZES, by_processors, kept, measure
from linkage.yardstick.scale_table import scale_table
from linkage.yardstick.speed import ROUNDS, measure_speed, thinned
from linkage.yardstick.templates.parts import NEED_DATA, PARTS, Asked
from linkage.yardstick.third_party import third_party_table
from linkage.yardstick.worlds import Form, full, short

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs/yardstick"
PAGE, PERFORMANCE = ROOT / "docs/validation.md", ROOT / "docs/performance.md"
TEMPLATES = ROOT / "docs/templates-measured.md"
WORK = ROOT / "data/bench"
SPEED_SEED = 7
WORSE = 1  # exit code: something got worse
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    is_short: Annotated[bool, typer.Option("--short", help="A few small worlds, in two minutes.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Freeze the figures that are reached now.")] = False,
    preset: Annotated[list[Preset] | None, typer.Option(help="This preset only, without docs or accepted.")] = None,
    work: Annotated[Path, typer.Option(help="Where worlds and results are kept, so that a bench goes on.")] = WORK,
    workers: Annotated[int, typer.Option(help="Worlds at a time.")] = 2,
) -> None:
    """Run linkage, its ceiling and its peers on simulated worlds, and compare with the accepted figures.

    Exits with 1, listing what, when a figure is worse than the accepted one by more than its noise.
    """
    if context.invoked_subcommand is not None:
        return
    measure = Bench(work, workers, _tell)
    if preset:
        only = full(presets=tuple(preset))
        _print(only, figures.quality(measure.run(only.worlds, only.methods)))
        return
    forms = [short()] if is_short else [full(), *([short()] if accept else [])]
    worse = [fault for form in forms for fault in _form(form, measure, accept)]
    _refuse(worse)


@app.command("third-party")
def third_party(
    data: Annotated[Path | None, typer.Option(envvar="LINKAGE_DATA", help="Folder of the sets.")] = None,
    work: Annotated[Path, typer.Option(help="Where the sets are copied to and run.")] = WORK,
) -> None:
    """Run linkage and its peers on the sets of docs/examples, each by its own measure, and rewrite their table."""
    if data is None or not data.is_dir():
        print("skipped: the sets are not here. Name their folder with --data or in LINKAGE_DATA.")
        return
    table = third_party_table(data, ROOT / "docs/examples", work / "third-party", _tell)
    print(table)
    tables.put(PAGE, "third-party", table)


@app.command("calibrate")
def calibrate(
    check: Annotated[bool, typer.Option("--check", help="Fit nothing: try the weights on other worlds.")] = False,
    seed: Annotated[int | None, typer.Option(help="First of the four seeds.", show_default="81; checked: 91")] = None,
    accounts: Annotated[int, typer.Option(help="Accounts of a world.")] = reliability.ACCOUNTS,
    work: Annotated[Path, typer.Option(help="Where worlds and results are kept, so that it goes on.")] = WORK,
    workers: Annotated[int, typer.Option(help="Worlds at a time.")] = 2,
) -> None:
    """Fit the weights of the likelihood on simulated worlds of every preset, or check them and rewrite the page."""
    first = seed if seed is not None else (reliability.FIRST_CHECK if check else reliability.FIRST_FIT)
    chosen = reliability.worlds(first, accounts)
    frame = reliability.collected(Bench(work, workers, _tell), chosen)
    if not check:
        write_weights(fit(frame, reliability.origin(chosen, frame)), WEIGHTS)
        _tell(f"Written: {WEIGHTS}. Now check it: python -m linkage.yardstick calibrate --check")
        return
    lines = reliability.reliability(frame.assign(likelihood=stated(frame, read_weights(WEIGHTS))))
    table = reliability.page(lines, chosen)
    print(table)
    tables.put(PAGE, "likelihood", table)


@app.command()
def speed(
    world: Annotated[Path | None, typer.Option(help="A simulated world; one is made where it is left out.")] = None,
    accounts: Annotated[int, typer.Option(min=1_000, help="Accounts of the world that is made.")] = 200_000,
    preset: Annotated[Preset, typer.Option(help="Preset of the world that is made.")] = Preset.MARKET,
    share: Annotated[
        float, typer.Option(min=0.01, max=1.0, help="Of each account's addresses and templates, which are kept.")
    ] = 1.0,
    rounds: Annotated[int, typer.Option(min=1, help="Whole runs and Leiden runs, by turns.")] = ROUNDS,
    work: Annotated[Path, typer.Option(help="Where the world is kept.")] = WORK,
) -> None:
    """Run the whole job and igraph's Leiden on the same graph, by turns, and print what each stage costs."""
    folder = world or work / f"speed-{preset.value}-{accounts}"
    if not (folder / "linkage.toml").exists():
        simulate(folder, WorldSpec(accounts=accounts, seed=SPEED_SEED, preset=preset))
    if share < 1.0:
        whole, folder = folder, folder.with_name(f"{folder.name}-{share:g}")
        if not folder.exists():
            thinned(whole, folder, share)
    print(measure_speed(folder, rounds).text)


@app.command("scale")
def scale_command(
    size: Annotated[list[str] | None, typer.Option(help=f"{', '.join(SIZES)}: this size only; several times.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="This contender only; several times.")] = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="After which a contender is stopped.")] = 30.0,
    memory: Annotated[float, typer.Option(min=0.1, help="Gigabytes past which a contender is stopped.")] = 12.0,
    work: Annotated[Path, typer.Option(help="Where worlds are kept.")] = WORK,
    with_kept: Annotated[
        bool, typer.Option("--kept", help="The rest of the table as it was last measured with this folder.")
    ] = False,
    processors: Annotated[
        bool, typer.Option("--processors", help="A table in seconds of processors too: others use the machine.")
    ] = False,
) -> None:
    """Run linkage by stage, the floor and peers on the known cases at their size, a quarter and a sixteenth of it.

    Prints one table; when it has all sizes and contenders it also goes into docs/performance.md.
    """
    sizes, names = _known("--size", size, SIZES), _known("--only", only, CONTENDERS)
    limits = Limits(minutes * 60, int(memory * GIGABYTE))
    measured = measure(work, sizes, names, limits, _tell)
    found = kept(work) if with_kept else measured
    table = scale_table(found)
    print(table)
    if processors:
        print("\nIn seconds of processors:", scale_table(by_processors(found)), sep="\n\n")
    if found.whole:
        tables.put(PERFORMANCE, "scale", table)


@app.command("templates")
def templates_command(
    only: Annotated[list[str] | None, typer.Option(help=f"{', '.join(PARTS)}: this part only; several times.")] = None,
    data: Annotated[Path | None, typer.Option(envvar="LINKAGE_DATA", help="Folder of the third parties' sets.")] = None,
    work: Annotated[Path, typer.Option(help="Where prompts and worlds are kept.")] = WORK,
    seed: Annotated[list[int] | None, typer.Option(help="This seed; several times. The page stays as it is.")] = None,
    preset: Annotated[list[Preset] | None, typer.Option(help="Of end-to-end: this preset only, likewise.")] = None,
) -> None:
    """Measure template ids: on log lines, on mixed prompts, in speed and memory, and in whole runs.

    Prints a table a part, and puts it into docs/templates-measured.md.
    """
    asked = Asked(data or Path(), work, _tell, tuple(seed or ()), tuple(preset or ()))
    for name in _known("--only", only, PARTS):
        if name in NEED_DATA and (data is None or not data.is_dir()):
            print(f"{name}: skipped: the sets are not here. Name their folder with --data or in LINKAGE_DATA.")
            continue
        table = PARTS[name](asked)
        print(name, table, sep="\n\n", end="\n\n")
        if asked.usual:
            tables.put(TEMPLATES, name, table)


def _known(option: str, named: list[str] | None, known: Collection[str]) -> list[str]:
    """Those of ``known`` that are named, in their own order; all where none is.

    Raises:
        ConfigError: a name is not among them.
    """
    wrong = [name for name in named or [] if name not in known]
    if wrong:
        raise ConfigError(f"'{wrong[0]}' is none of {', '.join(known)}.", where=option, todo="Name one of these.")
    return [name for name in known if named is None or not named or name in named]


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _refuse(worse: list[accepted.Worse]) -> None:
    for fault in worse:
        print(f"worse: {fault.text}")
    if worse:
        print("If this is meant: make bench-quality ACCEPT=1, and let the review see the difference.")
        raise typer.Exit(WORSE)


def _form(form: Form, measure: Bench, accept: bool) -> list[accepted.Worse]:
    results = measure.run(form.worlds, form.methods)
    frame = figures.quality(results, form.judged)
    _print(form, frame)
    if form.name == "full":
        write_docs(results, DOCS, PAGE)
    path = DOCS / "accepted.csv"
    if not accept:
        return accepted.compare(accepted.accept(form.name, frame, frame), accepted.read(path, form.name))
    noise = figures.quality(measure.run(form.noise_worlds, form.methods), form.judged)
    accepted.write(path, accepted.accept(form.name, frame, noise), form.name)
    return []


def _print(form: Form, frame: pd.DataFrame) -> None:
    print(f"{form.name} bench, {len(form.worlds)} worlds", tables.scores(frame), tables.details(frame), sep="\n\n")
    print(tables.remarks(frame), end="\n\n")


def write_docs(results: Results, folder: Path, page: Path) -> None:
    """Write quality.csv, cost.csv and the pictures into a folder, and the tables into the page."""
    frame, cost = figures.quality(results), figures.cost(results)
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / "quality.csv", index=False, lineterminator="\n")
    cost.to_csv(folder / "cost.csv", index=False, lineterminator="\n")
    shown = [f"![{path.stem}: F1 over the rate of evasion]({folder.name}/{path.name})"
             for path in pictures.draw(frame, folder)]  # fmt: skip
    parts = [tables.scores(frame), tables.details(frame), tables.evasion(frame), tables.remarks(frame), *shown]
    tables.put(page, "quality", "\n\n".join(part for part in parts if part))
    tables.put(page, "cost", tables.costs(cost))


def main() -> None:
    """Run the command line; an error is one line, never a traceback."""
    try:
        app()
    except LinkageError as error:
        print(error, file=sys.stderr)
        sys.exit(int(error.exit_code))


if __name__ == "__main__":
    main()
