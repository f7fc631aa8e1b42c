"""A source as it is being guessed, and the text of the linkage.toml that drafts become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import tomlkit
from tomlkit.items import Table


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


def document(drafts: Mapping[str, Draft], labels: Sequence[str], left: Sequence[str]) -> str:
    """The text of a linkage.toml: sources, kinds of one's own, files of labels, and what was ``left`` out, as comments.

    What can't be printed, a newline in a file's name as well, stands in comments as its escape code.
    """
    text = tomlkit.document()
    text.add(_comment("Written by 'linkage init' from a look at the files: every line is a guess to be read."))
    text.add(_comment("Paths are relative to this file. All settings: linkage schema, docs/settings.md."))
    sources = tomlkit.table(is_super_table=True)
    for name, draft in drafts.items():
        sources.add(name, _source_table(draft))
    text.add("sources", sources)
    own = {kind: hashes for draft in drafts.values() for kind, hashes in draft.own_kinds.items()}
    if own:
        kinds = tomlkit.table(is_super_table=True)
        for kind in sorted(own):
            kinds.add(kind, _kind_table(kind, own[kind]))
        text.add("kinds", kinds)
    if labels:
        table = tomlkit.table()
        table.add("path", labels[0] if len(labels) == 1 else list(labels))
        text.add("labels", table)
    if left:
        text.add(tomlkit.nl())
        for line in ("Left out, and why:", *left):
            text.add(_comment(line))
    return tomlkit.dumps(text)


def _comment(text: str) -> tomlkit.items.Comment:
    visible = (c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return tomlkit.comment("".join(visible))


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
