"""What system and user say in a chat or a request that a log holds as JSON.

Read are messages, lists of them, and requests in the shapes of Anthropic (`system`, `messages`) and OpenAI (`messages`;
with a `model` also `instructions`, `input` or `prompt`), and these as `params` or `body` of a batch. All else is no
chat.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

SYSTEM, USER = "⟐", "⟡"  # U+27D0, U+27E1: one sign each, so that each is one token
_SPEAKERS = {"system": SYSTEM, "developer": SYSTEM, "user": USER, "human": USER}
_TEXTS = ("text", "input_text")
_SHAPES = (("system", "messages"), ("instructions", "input"), ("system", "prompt"))
_WRAPPED = ("params", "body")
Said = tuple[str, str]


def said(cell: str) -> str | None:
    """What system and user say in a chat, each with its speaker's sign before it; None when the cell is no chat.

    What the user says alone stands without a sign, as it would in a log of plain prompts. A request that was cut off
    is read as far as it goes; of a key that comes twice the last counts.
    """
    turns = _turns(_parsed(cell))
    if turns is None:
        return None
    spoken = [(who, text) for who, text in turns if text.strip()]
    return spoken[0][1] if [who for who, _ in spoken] == [USER] else "\n".join(f"{who} {text}" for who, text in spoken)


def _parsed(cell: str) -> Any:
    """The value of a JSON text, or as far as it goes when its end is missing; None when it is no JSON."""
    for partial in (False, "trailing-strings"):
        try:
            return from_json(cell, allow_partial=partial, cache_strings="keys")
        except ValueError as e:  # nested more than 200 deep, too; the error tells a position, no text
            if not str(e).startswith("EOF"):
                break
    return None


def _turns(value: Any) -> list[Said] | None:
    """Speakers and texts of a chat in any of its shapes, or None."""
    if isinstance(value, list):
        return _listed(value)
    if not isinstance(value, dict):
        return None
    for key in _WRAPPED:
        if isinstance(value.get(key), dict):
            return _turns({k: v for k, v in value[key].items() if k not in _WRAPPED})
    if "role" in value and "content" in value:
        return list(_messages([value]))
    for orders, spoken in _SHAPES:
        if isinstance(value.get(spoken), (list, str)) and (spoken == "messages" or "model" in value):
            return [*_of(SYSTEM, value.get(orders)), *_spoken(value[spoken])]
    return None


def _listed(items: list[Any]) -> list[Said] | None:
    """A list of messages, or of one message's parts."""
    if not items or not all(isinstance(item, dict) for item in items):
        return None
    if any("role" in item for item in items):
        return list(_messages(items))
    return list(_of(USER, items)) if all("type" in item for item in items) else None


def _spoken(value: list[Any] | str) -> Iterator[Said]:
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        yield from _messages(value)
    else:
        yield from _of(USER, value)


def _messages(items: list[Any]) -> Iterator[Said]:
    """What each message of a speaker we listen to says; assistants and tools are not heard."""
    for item in items:
        if isinstance(item, dict) and isinstance(item.get("role"), str) and item["role"] in _SPEAKERS:
            yield from _of(_SPEAKERS[item["role"]], item.get("content"))


def _of(speaker: str, content: Any) -> Iterator[Said]:
    """A content's text: a string, or the text parts of a list; images, files and tool results say nothing."""
    if isinstance(content, str):
        yield speaker, content
    elif isinstance(content, list):
        yield speaker, "\n".join(part for part in map(_part, content) if part)


def _part(part: Any) -> str:
    if isinstance(part, dict) and part.get("type", "text") in _TEXTS:
        part = part.get("text")
    return part if isinstance(part, str) else ""
