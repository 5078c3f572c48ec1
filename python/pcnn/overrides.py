"""Values of Python as overrides of a config, "key=value"."""

from __future__ import annotations

import json
import numbers
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, Union

import numpy as np

from .errors import InputError, shorten

Overrides = Union[Mapping[str, Any], Iterable[str]]

# Texts that are the same without quotes, but for what YAML has another meaning for.
_PLAIN = re.compile(r"[A-Za-z/][\w./-]*", re.ASCII)
_WORDS_OF_YAML = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


def override_list(overrides: Overrides | None) -> list[str]:
    """Of a mapping, each value as YAML in one line: a text stays a text. Of a list, what it holds."""
    if overrides is None:
        return []
    if isinstance(overrides, Mapping):
        return [f"{_key(key)}={_yaml(str(key), value)}" for key, value in overrides.items()]
    if isinstance(overrides, (str, bytes)) or not isinstance(overrides, Iterable):
        raise InputError(f'overrides: found {shorten(overrides)}, accepted: a dict, as {{"train.epochs": 1}}, or a '
                         'list, as ["train.epochs=1"]')
    return [_text(item) for item in overrides]


def _text(item: Any) -> str:
    if not isinstance(item, str):
        raise InputError(f'overrides: found {shorten(item)} in the list, accepted: texts, as "train.epochs=1"')
    return item


def _key(key: Any) -> str:
    if not isinstance(key, str) or "=" in key:
        raise InputError(f'overrides: found the key {shorten(key)}, accepted: texts, as "train.epochs"')
    return key


def _yaml(path: str, value: Any) -> str:
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        return repr(float(value))
    if isinstance(value, os.PathLike):
        value = os.fsdecode(value)
    if isinstance(value, str):
        is_plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS_OF_YAML
        return value if is_plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        inside = (f"{_key(key)}: {_yaml(f'{path}.{key}', item)}" for key, item in value.items())
        return "{" + ", ".join(inside) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_yaml(path, item) for item in value) + "]"
    raise InputError(f"overrides: {path}: found {shorten(value)}, accepted: a number, a text, a bool, None, or a list "
                     "or dict of them")
