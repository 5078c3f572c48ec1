"""Files of named arrays in the safetensors format, read and written with NumPy alone.

A file is a length of 8 bytes, a header in JSON (name: dtype, shape, place; and under "__metadata__" texts), and the
arrays, row-major, little-endian.
"""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1", "U8": "|u1",
          "BOOL": "|b1"}


def read(path: str | os.PathLike[str]) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """(metadata, {name: array}). Arrays of bfloat16 come as float32. Raises ValueError with the path and what is wrong."""
    data = pathlib.Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise ValueError(f"{path}: no safetensors file: it says that its header has {length} bytes, and has {len(data)} in all")
    try:
        header = json.loads(data[8:8 + length])
        metadata = header.pop("__metadata__", {})
        tensors = {name: _tensor(data, 8 + length, entry) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: no safetensors file: {error}") from error
    return metadata, tensors


def _tensor(data: bytes, start: int, entry: dict[str, Any]) -> NDArray[Any]:
    begin, end = entry["data_offsets"]
    raw = data[start + begin:start + end]
    if len(raw) != end - begin:
        raise ValueError(f"ends at byte {len(data)}, an array at {start + end}")
    if entry["dtype"] == "BF16":
        return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])
    if entry["dtype"] not in _TYPES:
        raise ValueError(f"arrays of {entry['dtype']}, accepted: BF16, {', '.join(_TYPES)}")
    return np.frombuffer(raw, _TYPES[entry["dtype"]]).reshape(entry["shape"])


def write(path: str | os.PathLike[str], tensors: dict[str, Any], metadata: dict[str, str] | None = None) -> None:
    """Writes float32 arrays by name."""
    header: dict[str, Any] = {"__metadata__": metadata or {}}
    parts, offset = [], 0
    for name, tensor in tensors.items():
        raw = np.ascontiguousarray(tensor, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(np.shape(tensor)), "data_offsets": [offset, offset + len(raw)]}
        parts.append(raw)
        offset += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))
