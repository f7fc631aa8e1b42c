"""What is wrong with a file of settings, in words: which key, and the nearest valid one."""

from __future__ import annotations

import difflib
from typing import Any

from pydantic import BaseModel, ValidationError


def explain(error: ValidationError, section: type[BaseModel]) -> str:
    """What is wrong with a file that ``section`` describes, in words: keys, and the nearest valid ones."""
    lines = [_explain_one(dict(e), section) for e in error.errors(include_url=False)]
    return sentence("; ".join(lines[:5]) + (f"; and {len(lines) - 5} more" if len(lines) > 5 else ""))


def _explain_one(error: dict[str, Any], section: type[BaseModel]) -> str:
    unsaid = ("str", "list[str]", "EntityColumn", "constrained-str", "[key]")
    keys = [str(k) for k in error["loc"] if k not in unsaid]
    key = ".".join(keys) or "the file"
    if error["type"] == "missing":
        return f"key '{key}' is missing"
    if error["type"] != "extra_forbidden":
        given = repr(error.get("input"))
        what = error["msg"]
        if error["type"] == "string_pattern_mismatch" and error["ctx"]["pattern"].startswith("^[a-z]"):
            what = "names have small letters, digits and underscores, and begin with a letter"
        return f"key '{key}': {what} (it says {given[:60]})"
    return f"key '{key}' is unknown{nearest(keys[-1], _keys_beside(keys, section))}"


def nearest(word: str, valid: list[str]) -> str:
    """``; did you mean 'x'?`` for the closest valid word, else the list of them; empty when there is none."""
    close = difflib.get_close_matches(word, valid, n=1, cutoff=0.5)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; valid here: {', '.join(sorted(valid))}" if valid else ""


def sentence(text: str) -> str:
    """A text ended by a full stop, unless it ends in a question."""
    return text if text.endswith("?") else f"{text}."


def _keys_beside(keys: list[str], section: type[BaseModel]) -> list[str]:
    model: Any = section
    for key in keys[:-1]:
        if isinstance(model, type) and issubclass(model, BaseModel) and key in model.model_fields:
            model = _section_in(model.model_fields[key].annotation)
    return sorted(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _section_in(annotation: Any) -> Any:
    if isinstance(annotation, type):
        return annotation
    found = [_section_in(a) for a in getattr(annotation, "__args__", ())]
    return next((f for f in found if isinstance(f, type) and issubclass(f, BaseModel)), annotation)
