"""What system and user say in a chat or a request that a log holds as JSON.

Read are messages, lists of them, and requests in the shapes of Anthropic (`system`, `messages`), OpenAI (`messages`;
`instructions`, `input`; `prompt`), Google (`systemInstruction`, `contents` with `parts`) and Amazon (`messages`,
`inputText`), and these within a batch or the log of a gateway, as objects or as JSON in a string. All else is no chat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from linkage.engines.duckdb_macros import HALVES

SYSTEM, USER = "⟐", "⟡"  # U+27D0, U+27E1: one sign each, so that each is one token
_SPEAKERS = {"system": SYSTEM, "developer": SYSTEM, "user": USER, "human": USER}
_TEXTS = ("text", "input_text")
_ORDERS = ("system", "instructions", "systemInstruction", "system_instruction")
_SPOKEN = ("messages", "contents", "input", "inputText", "prompt")
_OWN = ("messages", "inputText")  # no other JSON has them as these have them; of others there is to be more
_ASKED = {"model", "modelId", "max_tokens", "max_tokens_to_sample", "max_gen_len"}  # who is asked, for how much
_WRAPPED = ("params", "body", "request", "modelInput")
_HALF = re.compile(HALVES)
_DEEP = 3  # of JSON in a string in JSON
Said = tuple[str, str]


def said(cell: str) -> str | None:
    """What system and user say in a chat, each with its speaker's sign before it; None when the cell is no chat.

    What the user says alone stands without a sign, as it would in a log of plain prompts. A request that was cut off
    is read as far as it goes; of a key that comes twice the last counts.
    """
    turns = _turns(_parsed(cell), _DEEP)
    if turns is None:
        return None
    spoken = [(who, text) for who, text in turns if text.strip()]
    return spoken[0][1] if [who for who, _ in spoken] == [USER] else "\n".join(f"{who} {text}" for who, text in spoken)


def _parsed(cell: str) -> Any:
    """The value of a JSON text, or as far as it goes when its end is missing; None when it is no JSON.

    Half of a character of two (`\\ud83d`), as programs leave it that cut texts, is left out.
    """
    if "\\ud" in cell or "\\uD" in cell:
        cell = _HALF.sub(lambda found: found[1] or "", cell)
    for partial in (False, "trailing-strings"):
        try:
            return from_json(cell, allow_partial=partial, cache_strings="keys")
        except ValueError as e:  # nested more than 200 deep, too; the error tells a position, no text
            if not str(e).startswith("EOF"):
                break
    return None


def _turns(value: Any, deep: int) -> list[Said] | None:
    """Speakers and texts of a chat in any of its shapes, or None."""
    if isinstance(value, str) and deep and value.lstrip()[:1] in ("[", "{", '"'):
        return _turns(_parsed(value), deep - 1)
    if isinstance(value, list):
        return _listed(value)
    if not isinstance(value, dict):
        return None
    for key in _WRAPPED:
        if isinstance(value.get(key), (dict, str)):
            within = _turns(value[key], deep - 1) if deep else None
            if within is not None:
                return within
    if _is_message(value):
        return list(_messages([value]))
    for key in _SPOKEN:
        spoken = value.get(key)
        if _is_spoken(spoken) and (key in _OWN or _is_chat(spoken) or _ASKED & value.keys()):
            orders = next((value[name] for name in _ORDERS if name in value), None)
            return [*_of(SYSTEM, _content(orders)), *_spoken(spoken)]
    return None


def _is_spoken(value: Any) -> bool:
    return isinstance(value, (list, str)) or (isinstance(value, dict) and "parts" in value)


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and "role" in value and ("content" in value or "parts" in value)


def _is_chat(value: Any) -> bool:
    """Whether some items are messages; in one without a role the user speaks."""
    items = value if isinstance(value, list) else [value]
    return any(_is_message(item) or (isinstance(item, dict) and "parts" in item) for item in items)


def _listed(items: list[Any]) -> list[Said] | None:
    """A list of messages, or of one message's parts."""
    if not items or not all(isinstance(item, dict) for item in items):
        return None
    if any("role" in item or "parts" in item for item in items):
        return list(_messages(items))
    return list(_of(USER, items)) if all("type" in item for item in items) else None


def _spoken(value: Any) -> Iterator[Said]:
    value = [value] if isinstance(value, dict) else value
    if isinstance(value, list) and any("role" in item or "parts" in item for item in value if isinstance(item, dict)):
        yield from _messages(value)
    else:
        yield from _of(USER, value)


def _messages(items: list[Any]) -> Iterator[Said]:
    """What each message of a speaker we listen to says; assistants and tools are not heard, nobody is the user."""
    for item in items:
        role = item.get("role", "user" if "parts" in item else None) if isinstance(item, dict) else None
        if isinstance(role, str) and role.lower() in _SPEAKERS:
            yield from _of(_SPEAKERS[role.lower()], _content(item))


def _content(value: Any) -> Any:
    """What is said in a message, in either of its two names, or in a text that stands without one."""
    while isinstance(value, dict) and ("parts" in value or "content" in value):
        value = value["parts"] if "parts" in value else value["content"]
    return [value] if isinstance(value, dict) else value


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
