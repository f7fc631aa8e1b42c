"""The bench in Markdown, and how its tables get into a page: between marker comments, whatever stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from linkage.errors import ConfigError
from linkage.yardstick.figures import COUNTS, EASY, OURS, counted, series
from linkage.yardstick.results import ANY, OPERATOR, RING, SUSPECT
from linkage.yardstick.worlds import CEILING, LINKAGE

NOTHING = "–"


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table of texts."""
    lines = ["| " + " | ".join(row) + " |" for row in (header, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]])


def put(page: Path, name: str, text: str) -> None:
    """Replace what stands in a page between ``<!-- name: begin -->`` and ``<!-- name: end -->``.

    Raises:
        ConfigError: the page lacks the markers.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before = page.read_text(encoding="utf-8")
    pattern = re.compile(f"({re.escape(begin)}).*?({re.escape(end)})", flags=re.DOTALL)
    after, count = pattern.subn(lambda match: f"{match[1]}\n\n{text}\n\n{match[2]}", before)
    if count != 1:
        raise ConfigError(
            f"it should have one place between `{begin}` and `{end}`, and has {count}.", where=str(page),
            todo="Put the two comments where the table belongs.",
        )
    page.write_text(after, encoding="utf-8")


def scores(frame: pd.DataFrame) -> str:
    """F1 at ring / operator level, methods by presets, means over the worlds that count."""
    presets = _presets(frame)
    rows = [
        [name, *(_pair(part[part["preset"] == preset]) for preset in presets)]
        for name, part in series(counted(frame)).items()
    ]
    return markdown(["F1 at ring / operator level", *presets], rows)


def _pair(part: pd.DataFrame) -> str:
    means = [part.loc[part["level"] == level, "f1"].mean() for level in (RING, OPERATOR)]
    return NOTHING if pd.isna(means[0]) else " / ".join(f"{mean:.2f}" for mean in means)


def details(frame: pd.DataFrame) -> str:
    """Of linkage by preset: F1 and its spread over seeds, precision, recall, found; what befalls honest accounts."""
    ours = counted(frame)
    ours = ours[ours["method"] == LINKAGE]
    rows = []
    for preset in [p for p in frame["preset"].unique() if p in set(ours["preset"])]:
        mine = ours[ours["preset"] == preset]
        rings, operators = (mine[(mine["rings"] == ANY) & (mine["level"] == level)] for level in (RING, OPERATOR))
        honest = mine[mine["rings"] == SUSPECT].drop_duplicates("seed")
        rows.append([
            preset, str(mine["seed"].nunique()), _spread(rings), _spread(operators), _mean(rings, "precision"),
            _mean(rings, "recall"), _found(rings), _found(operators),
            _mean(mine[mine["rings"] == SUSPECT], "traffic"),
            f"{honest['honest_suspects'].sum():,} of {honest['honest_accounts'].sum():,}",
            str(honest["honest_bystanders"].sum()), str(honest["honest_groups"].sum()),
        ])  # fmt: skip
    return markdown(
        ["preset", "worlds", "ring F1 ± sd", "operator F1 ± sd", "precision", "recall", "rings found",
         "operators found", "exchanges given to the right operator", "honest suspects", "honest bystanders",
         "honest groups reported"],
        rows,
    )  # fmt: skip


def _spread(part: pd.DataFrame) -> str:
    if part["f1"].isna().all():
        return NOTHING
    return f"{part['f1'].mean():.3f}" + (f" ± {part['f1'].std():.3f}" if len(part) > 1 else "")


def _mean(part: pd.DataFrame, column: str) -> str:
    return NOTHING if part[column].isna().all() else f"{part[column].mean():.3f}"


def _found(part: pd.DataFrame) -> str:
    return f"{part['found'].sum()} of {part['of'].sum()}" if part["of"].sum() else NOTHING


def evasion(frame: pd.DataFrame) -> str:
    """Ring F1 of the ceiling, linkage and the best peer by preset and rate of evasion, over the seeds that all have."""
    same = at_every_evade(frame)
    evades = sorted(same["evade"].unique())
    rows = []
    for preset in _presets(same):
        cells = [preset]
        for evade in evades:
            here = same[(same["preset"] == preset) & (same["evade"] == evade) & (same["level"] == RING)]
            means = {name: part["f1"].mean() for name, part in series(here).items() if part["f1"].notna().any()}
            peers = {name: mean for name, mean in means.items() if name not in (*OURS.values(), CEILING)}
            best = max(peers, key=lambda name: peers[name], default="")
            easy = "" if (here["counts"] == COUNTS).all() else " (too easy)"
            top = f"{means[CEILING]:.2f}" if CEILING in means else NOTHING
            other = f"{peers[best]:.2f} {best}" if best else NOTHING
            cells.append(f"{top} · **{means.get(OURS[ANY], float('nan')):.2f}** · {other}{easy}")
        rows.append(cells)
    return markdown(["ceiling · **linkage** · best peer", *(f"evade {evade:g}" for evade in evades)], rows)


def at_every_evade(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of presets and seeds that have a world at each rate of evasion."""
    every = frame["evade"].nunique()
    return frame[frame.groupby(["preset", "seed"])["evade"].transform("nunique") == every]


def remarks(frame: pd.DataFrame) -> str:
    """Which worlds are too easy, and what did not run, as a list; '' when there is nothing to say."""
    worlds = frame.drop_duplicates(["preset", "evade", "seed"])
    easy = worlds[worlds["counts"] == EASY].groupby(["preset", "evade"])["seed"].agg(lambda s: " ".join(map(str, s)))
    lines = [f"- too easy, left out of the means: {row['preset']}, evade {row['evade']:g}, seeds {row['seed']}"
             for row in easy.reset_index().to_dict("records")]  # fmt: skip
    missing = frame[frame["not_run"] != ""].groupby(["method", "not_run"], sort=False).size().reset_index(name="worlds")
    lines += [f"- not run: {row['method']} on {row['worlds']} worlds: {row['not_run']}"
              for row in missing.to_dict("records")]  # fmt: skip
    return "\n".join(lines)


def costs(frame: pd.DataFrame) -> str:
    """Seconds and memory per method."""
    rows = [[row["method"], f"{row['median_seconds']:.1f}", f"{row['most_seconds']:.1f}", f"{row['most_mb']:,.0f}"]
            for row in frame.to_dict("records")]  # fmt: skip
    return markdown(["method", "seconds, median", "seconds, most", "memory, most, MB"], rows)


def _presets(frame: pd.DataFrame) -> list[str]:
    return [p for p in frame["preset"].unique() if frame.loc[frame["preset"] == p, "f1"].notna().any()]
