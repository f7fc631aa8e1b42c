"""Keyed, versioned ids of texts: a function of key, level and text alone.

Whoever lacks the key can't tell whether an id belongs to a text that he guesses; a plain hash would let him.
"""

from __future__ import annotations

import hmac
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.errors import ConfigError

VARIABLE = "LINKAGE_TEMPLATE_KEY"
LEAST_KEY = 32  # characters; `openssl rand -hex 32` gives 64, of four bits each
HOW_TO = (
    f"Make a key with `openssl rand -hex 32`, keep it where only this job can read it, and give it in the "
    f"environment variable {VARIABLE} or in a file of mode 600."
)
ID_BYTES = 16  # 128 bits: two of 10^12 texts share an id with a chance below 10^-14
VERSIONS = {"exact": "e1", "masked": "m2", "skeleton": "s2", "family": "f2"}


@dataclass(frozen=True)
class Key:
    """The secret that ids are made with. It can be sent to worker processes, and no text of it is ever printed."""

    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, file: Path | None = None, environment: Mapping[str, str] | None = None) -> Key:
        """The key in ``file``, else in the environment variable LINKAGE_TEMPLATE_KEY; blanks around it don't count.

        Raises:
            ConfigError: there is none, it is short, or others can read its file.
        """
        where = str(file) if file else VARIABLE
        text = _read(file) if file else (os.environ if environment is None else environment).get(VARIABLE, "").encode()
        secret = text.strip()
        if not secret:
            raise ConfigError("There is no key for prompt templates.", where=where, todo=HOW_TO)
        if len(secret) < LEAST_KEY or len(set(secret)) < LEAST_KEY // 4:
            what = f"The key for prompt templates is easy to guess: it needs at least {LEAST_KEY} random characters."
            raise ConfigError(what, where=where, todo=HOW_TO)
        return cls(secret)

    def derived(self, purpose: str) -> bytes:
        """32 bytes that belong to this key and ``purpose`` alone."""
        return hmac.digest(self.secret, f"linkage template {purpose}".encode(), "sha256")

    def ids(self, level: str, texts: pa.StringArray) -> pa.StringArray:
        """Ids such as ``m2-`` and 32 hexadecimal digits: HMAC-SHA256 cut to 128 bits; null for null and empty texts."""
        version = VERSIONS[level]
        key = self.derived(f"{level} {version}")
        named = pc.greater(pc.binary_length(texts), 0)
        parts = texts.filter(named)
        data, ends = bytes_of(parts)
        digests = b"".join(hmac.digest(key, data[i:j], "sha256")[:ID_BYTES] for i, j in pairwise(ends))
        return _scattered(_written(version + "-", digests), named)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as handle:
            mode = os.fstat(handle.fileno()).st_mode
            text = handle.read(64 * 1024)
    except OSError as e:
        raise ConfigError(f"The key can't be read: {e.strerror}.", where=str(file), todo=HOW_TO) from e
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigError(
            "Others than its owner can read or change the key.", where=str(file), todo="Say `chmod 600` to it."
        )
    return text


def bytes_of(texts: pa.StringArray) -> tuple[memoryview, list[int]]:
    """The UTF-8 of all texts, and where each begins; one more for the end of the last."""
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(data or b""), ends.tolist()


def _written(prefix: str, digests: bytes) -> pa.StringArray:
    """``prefix`` and the hexadecimal digits of each ID_BYTES of ``digests``, as one string each."""
    n, width = len(digests) // ID_BYTES, len(prefix) + 2 * ID_BYTES
    letters = np.empty((n, width), np.uint8)
    letters[:, : len(prefix)] = np.frombuffer(prefix.encode(), np.uint8)
    letters[:, len(prefix) :] = np.frombuffer(digests.hex().encode(), np.uint8).reshape(n, 2 * ID_BYTES)
    ends = np.arange(n + 1, dtype=np.int32) * width
    return pa.StringArray.from_buffers(n, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(letters.tobytes()))


def _scattered(values: pa.StringArray, present: pa.BooleanArray) -> pa.StringArray:
    """``values`` in the places where ``present`` is true, null in all others."""
    held = pc.fill_null(present, False)
    places = np.cumsum(held.to_numpy(zero_copy_only=False)) - 1
    return values.take(pa.array(places, mask=~held.to_numpy(zero_copy_only=False)))
