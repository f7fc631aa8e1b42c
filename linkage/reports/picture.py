"""Pictures for people: a ring as a graph, and the rings of an operator on a time axis. Needs matplotlib."""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import igraph
import matplotlib
import matplotlib.dates as mdates
import networkx as nx
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from linkage.reports.shared import EntityNode, accounts_of, entities_of
from linkage.reports.visible import shortened
from linkage.reports.words import count

ENTITIES = 24  # most entities drawn: beyond, labels cover each other on a printed page
ACCOUNTS = 60  # most accounts drawn
NAMED_ACCOUNTS = 25  # up to so many accounts are drawn with their names
RINGS = 20  # most rings on one time axis
BINS = 120  # most bars of creations: a bar stays over a millimetre wide in print
# Okabe & Ito's colours, told apart by colour-blind readers and in grey print
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D1F")
ACCOUNT_COLOUR = "#3b3b3b"
_HALO = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.7}
_BAR: dict[str, Any] = {"color": PALETTE[5], "linewidth": 5, "alpha": 0.7}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "font.family": "DejaVu Sans", "font.size": 8, "axes.unicode_minus": False,
    "text.parse_math": False,
}


class Picture(Figure):
    """A figure that a notebook shows by itself."""

    def _repr_svg_(self) -> str:
        return svg(self, "notebook")


@dataclass(frozen=True)
class Excerpt:
    """The part of a case graph that is drawn, and a sentence that says what is left out, and by which rule."""

    graph: nx.Graph
    rule: str


def excerpt(graph: nx.Graph) -> Excerpt:
    """Entities from each kind in turn, those with the most bits over all members first; and the accounts with the most
    bits over those entities.
    """
    entities = _heaviest_of_each_kind(graph)[:ENTITIES]
    kept = graph.subgraph([*accounts_of(graph), *entities])
    held = dict(kept.degree(weight="weight"))
    accounts = sorted(accounts_of(graph), key=lambda a: (-held[a], a))[:ACCOUNTS]
    all_entities, all_accounts = len(entities_of(graph)), len(accounts_of(graph))
    drawn = _in_order(graph.subgraph([*accounts, *entities]))
    drawn.remove_nodes_from([e for e in entities if drawn.degree(e) == 0])
    if (all_entities, all_accounts) == (len(entities), len(accounts)):
        return Excerpt(drawn, f"All {count(all_accounts, 'account')} and all {all_entities:,} entities that two share.")
    return Excerpt(
        drawn,
        f"Drawn: {len(entities):,} of {all_entities:,} shared entities, from each kind in turn those with the most "
        f"bits over all members; and {len(accounts):,} of {count(all_accounts, 'account')}, those with the most bits "
        "over these.",
    )


def _heaviest_of_each_kind(graph: nx.Graph) -> list[EntityNode]:
    """All entities: the first of each kind by bits over all members, then the second of each kind, and so on."""
    weight = dict(graph.degree(weight="weight"))
    placed: Counter[str] = Counter()
    ranked = []
    for entity in sorted(entities_of(graph), key=lambda e: (-weight[e], e)):
        ranked.append((placed[entity[0]], -weight[entity], entity))
        placed[entity[0]] += 1
    return [entity for _, _, entity in sorted(ranked)]


def draw_ring(graph: nx.Graph, title: str) -> Picture:
    """A ring's case graph: accounts as dots, entities as squares coloured by kind, the rarer the thicker the line."""
    part = excerpt(graph)
    with matplotlib.rc_context(STYLE):
        figure = Picture(figsize=(7.2, 5.6), layout="constrained")
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set_title(title, loc="left", fontsize=10)
        colours = _colours(entities_of(graph))
        where = _layout(part.graph)
        _draw_links(axes, part.graph, where)
        _draw_entities(axes, part.graph, where, colours)
        _draw_accounts(axes, part.graph, where)
        drawn = {kind: colours[kind] for kind, _ in entities_of(part.graph)}
        axes.legend(handles=_legend(drawn), loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=5, frameon=False)
        figure.supxlabel(part.rule, fontsize=7, wrap=True)
        axes.margins(0.1)
    return figure


def draw_timeline(rings: Sequence[tuple[str, pd.DataFrame]]) -> Picture:
    """Rings on one time axis (UTC), in the order given, 20 at most: a bar from first to last use, and above it how many
    accounts were created when, each ring on a scale of its own.

    Each ring comes with its members (created, first_seen, last_seen).
    """
    shown, dates = rings[:RINGS], cast(Any, mdates)  # its locators carry no types
    with matplotlib.rc_context(STYLE):
        figure = Picture(figsize=(7.2, 1.0 + 0.42 * len(shown)), layout="constrained")
        axes = figure.add_subplot()
        bins = _bins([members["created"] for _, members in shown])
        for row, (_, members) in enumerate(shown):
            _draw_span(axes, row, members)
            _draw_creations(axes, row, members["created"].dropna(), bins)
        axes.set_yticks(range(len(shown)), [shortened(name, 24) for name, _ in shown])
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        locator = dates.AutoDateLocator(tz=dates.UTC, maxticks=9)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=dates.UTC))
        axes.legend(handles=_timeline_legend(), loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
    return figure


def svg(figure: Figure, salt: str) -> str:
    """A figure as an ``<svg>`` element; the same figure and salt give the same text.

    ``salt`` keeps the ids of two pictures on one page apart.
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue()
    return text[text.index("<svg"):]


def _layout(graph: nx.Graph) -> dict[Any, np.ndarray]:
    """Positions by Kamada and Kawai, which starts from a circle and so needs no chance; parts side by side."""
    where: dict[Any, np.ndarray] = {}
    left = 0.0
    for part in sorted(nx.connected_components(graph), key=lambda p: (-len(p), min(map(str, p)))):
        piece = _in_order(graph.subgraph(part))
        number = {node: i for i, node in enumerate(piece)}
        drawn = igraph.Graph(len(number), [(number[a], number[b]) for a, b in piece.edges])
        places = np.array(drawn.layout_kamada_kawai().coords)
        places -= places.mean(axis=0)
        size = float(np.sqrt(len(part)))
        places *= size / max(float(np.abs(places).max()), 1e-9)
        where |= {node: places[i] + np.array([left + size, 0.0]) for node, i in number.items()}
        left += 2 * size + 0.6
    return where


def _in_order(graph: nx.Graph) -> nx.Graph:
    """The same graph with its nodes and links in order of name: layout and drawing follow that order."""
    made = nx.Graph()
    accounts, entities = accounts_of(graph), entities_of(graph)
    made.add_nodes_from((node, graph.nodes[node]) for node in [*accounts, *entities])
    made.add_edges_from((a, e, graph.edges[a, e]) for a in accounts for e in sorted(graph[a]))
    return made


def _colours(entities: list[EntityNode]) -> dict[str, str]:
    kinds = sorted({kind for kind, _ in entities})
    return {kind: PALETTE[i % len(PALETTE)] for i, kind in enumerate(kinds)}


def _draw_links(axes: Any, graph: nx.Graph, where: Mapping[Any, np.ndarray]) -> None:
    for a, b, weight in graph.edges(data="weight"):
        (x0, y0), (x1, y1) = where[a], where[b]
        axes.plot([x0, x1], [y0, y1], color="#b8b8b8", linewidth=0.3 + 0.08 * min(weight, 20), zorder=1)


def _draw_entities(axes: Any, graph: nx.Graph, where: Mapping[Any, np.ndarray], colours: Mapping[str, str]) -> None:
    for entity in entities_of(graph):
        kind, value = entity
        x, y = where[entity]
        axes.scatter([x], [y], s=30 + 6 * graph.degree(entity), marker="s", color=colours[kind], zorder=3)
        axes.annotate(shortened(value, 14), (x, y), xytext=(0, -9), textcoords="offset points", ha="center",
                      fontsize=6, color=colours[kind], bbox=_HALO, zorder=4)


def _draw_accounts(axes: Any, graph: nx.Graph, where: Mapping[Any, np.ndarray]) -> None:
    accounts = accounts_of(graph)
    places = np.array([where[a] for a in accounts])
    axes.scatter(places[:, 0], places[:, 1], s=14, color=ACCOUNT_COLOUR, zorder=2)
    if len(accounts) <= NAMED_ACCOUNTS:
        for account, (x, y) in zip(accounts, places, strict=True):
            axes.annotate(shortened(account, 16), (x, y), xytext=(0, 4), textcoords="offset points", ha="center",
                          fontsize=5.5, color=ACCOUNT_COLOUR, bbox=_HALO, zorder=4)


def _legend(colours: Mapping[str, str]) -> list[Line2D]:
    marks = [("account", "o", ACCOUNT_COLOUR), *((kind, "s", colour) for kind, colour in colours.items())]
    return [
        Line2D([], [], marker=mark, color="none", markerfacecolor=colour, markeredgecolor="none", label=name)
        for name, mark, colour in marks
    ]


def _draw_span(axes: Any, row: int, members: pd.DataFrame) -> None:
    seen = members[["first_seen", "last_seen"]].stack().dropna()
    if len(seen):
        axes.plot([seen.min(), seen.max()], [row + 0.25] * 2, solid_capstyle="butt", **_BAR)


def _bins(created: Sequence[pd.Series]) -> pd.DatetimeIndex | None:
    """Edges of equal bins over all creations, of an hour, some hours or some days; None when none is known."""
    known = pd.concat(list(created)).dropna()
    if known.empty:
        return None
    needed = ((known.max() - known.min()) / BINS).total_seconds() / 3600
    hours = next((h for h in (1, 2, 3, 6, 12) if h >= needed), 24 * math.ceil(needed / 24))
    first = known.min().floor("h" if hours < 24 else "D")
    last = known.max() + pd.Timedelta(hours=hours)
    return pd.date_range(first, last, freq=f"{hours}h")


def _draw_creations(axes: Any, row: int, created: pd.Series, bins: pd.DatetimeIndex | None) -> None:
    if bins is None or created.empty:
        return
    counts = np.bincount(np.searchsorted(bins, created, side="right") - 1, minlength=len(bins) - 1)
    used = np.flatnonzero(counts)
    heights = 0.55 * counts[used] / counts.max()
    axes.bar(bins[used], -heights, width=bins[1] - bins[0], bottom=row + 0.15, align="edge", color=PALETTE[1])


def _timeline_legend() -> list[Line2D]:
    bar = Line2D([], [], label="from first to last use", **_BAR)
    creations = Line2D([], [], marker="s", color="none", markerfacecolor=PALETTE[1], markeredgecolor="none",
                       label="accounts created")
    return [bar, creations]
