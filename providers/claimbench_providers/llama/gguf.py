"""The header of a GGUF file, read without llama.cpp: what a model needs before a byte of it is
loaded.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little endian).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from claimbench.errors import ModelError

MAGIC = b"GGUF"
_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9
_LONGEST_STRING = 1 << 26
_BROKEN_HINT = (
    "the file is damaged or not a model; fetch it again (bench models pull) or give another path"
)


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """Header facts. ``metadata`` holds scalars and strings; of an array only its length, under
    ``<key>.length``.
    """

    path: Path
    size_bytes: int
    version: int
    n_tensors: int
    metadata: Mapping[str, str | int | float | bool]

    @property
    def architecture(self) -> str | None:
        """``general.architecture``, for example ``qwen2``."""
        value = self.metadata.get("general.architecture")
        return value if isinstance(value, str) else None

    def number(self, name: str) -> int | None:
        """An integer of the architecture's own block (``block_count`` -> ``qwen2.block_count``);
        None if absent.
        """
        value = self.metadata.get(f"{self.architecture}.{name}")
        return value if isinstance(value, int) else None

    def kv_bytes_per_token(self) -> int | None:
        """Bytes of one token's keys and values in f16 over all layers; None where the header does
        not say.

        An upper bound for models with sliding windows or recurrent layers.
        """
        layers, heads = self.number("block_count"), self.number("attention.head_count")
        width = self.number("embedding_length")
        if layers is None or width is None or not heads:
            return None
        if f"{self.architecture}.attention.head_count_kv.length" in self.metadata:
            return None  # a number per layer, which the header reader skips
        kv_heads = self.number("attention.head_count_kv") or heads
        key = self.number("attention.key_length") or width // heads
        value = self.number("attention.value_length") or width // heads
        return 2 * layers * kv_heads * (key + value)


class _GgufReader:
    def __init__(self, stream: BinaryIO, path: Path, version: int) -> None:
        self.stream = stream
        self.path = path
        self.version = version

    def take(self, n: int) -> bytes:
        data = self.stream.read(n)
        if len(data) != n:
            raise ModelError(
                f"{self.path} ends inside its header (truncated GGUF)", hint=_BROKEN_HINT
            )
        return data

    def number(self, code: str) -> int | float | bool:
        value: int | float | bool = struct.unpack("<" + code, self.take(struct.calcsize(code)))[0]
        return value

    def string(self) -> str:
        length = int(self.number("Q"))
        if length > _LONGEST_STRING:
            raise ModelError(
                f"{self.path}: a string of {length} bytes in its header (broken GGUF)",
                hint=_BROKEN_HINT,
            )
        return self.take(length).decode("utf-8", "replace")

    def skip_array(self) -> int:
        kind, length = int(self.number("I")), int(self.number("Q"))
        if kind in _SCALARS:
            self.stream.seek(length * struct.calcsize(_SCALARS[kind]), 1)
        elif kind == _STRING:
            for _ in range(length):
                size = struct.unpack("<Q", self.take(8))[0]
                if size > _LONGEST_STRING:
                    raise ModelError(
                        f"{self.path}: a string of {size} bytes (broken GGUF)", hint=_BROKEN_HINT
                    )
                self.stream.seek(size, 1)
        elif kind == _ARRAY:
            for _ in range(length):
                self.skip_array()
        else:
            raise ModelError(
                f"{self.path}: unknown value type {kind} in its header (broken GGUF)",
                hint=_BROKEN_HINT,
            )
        return length


def read_header(path: Path, *, vocabulary: bool = False) -> GgufHeader:
    """Read the header of ``path``.

    Without ``vocabulary`` it stops where the tokenizer's tables begin (they are most of the header,
    and llama.cpp reads them itself), so it takes well under a millisecond.

    Raises:
        ModelError: the file is missing, unreadable, truncated inside the header or not GGUF.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            return _read(stream, path, size, vocabulary)
    except OSError as error:
        raise ModelError(f"cannot read the model file {path}: {error.strerror or error}") from error
    except (ValueError, OverflowError, RecursionError) as error:  # lengths and depths that lie
        raise ModelError(f"{path}: broken GGUF header ({error})", hint=_BROKEN_HINT) from error


def _read(stream: BinaryIO, path: Path, size: int, vocabulary: bool) -> GgufHeader:
    magic = stream.read(4)
    if magic != MAGIC:
        seen = "an empty file" if not magic else f"its first bytes are {magic!r}"
        raise ModelError(f"{path} is not a GGUF model: {seen}, not {MAGIC!r}", hint=_BROKEN_HINT)
    reader = _GgufReader(stream, path, 0)
    version = int(reader.number("I"))
    if version not in (2, 3):
        raise ModelError(
            f"{path}: GGUF version {version} is not supported (2 and 3 are)", hint=_BROKEN_HINT
        )
    n_tensors, n_values = int(reader.number("Q")), int(reader.number("Q"))
    metadata: dict[str, str | int | float | bool] = {}
    for _ in range(n_values):
        key = reader.string()
        if key.startswith("tokenizer.") and not vocabulary:
            break
        kind = int(reader.number("I"))
        if kind == _STRING:
            metadata[key] = reader.string()
        elif kind == _ARRAY:
            metadata[f"{key}.length"] = reader.skip_array()
        elif kind in _SCALARS:
            metadata[key] = reader.number(_SCALARS[kind])
        else:
            raise ModelError(
                f"{path}: unknown value type {kind} for {key} (broken GGUF)", hint=_BROKEN_HINT
            )
    if not vocabulary or stream.tell() <= size:
        return GgufHeader(path, size, version, n_tensors, metadata)
    raise ModelError(f"{path} ends inside its header (truncated GGUF)", hint=_BROKEN_HINT)
