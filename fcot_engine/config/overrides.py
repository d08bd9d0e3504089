"""Settings changed by name, such as "regression.blend" to 0.6."""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from fcot_engine.config.tracking import TrackerConfig
from fcot_engine.errors import ConfigError

SettingValue = str | int | float | bool
"""A value, or the text of one as it is typed on the command line."""

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_SHOWN_NAMES = 3

_Config = TypeVar("_Config")


def apply_settings(
    config: TrackerConfig, changes: Mapping[str, SettingValue]
) -> TrackerConfig:
    """Change settings by their dotted names.

    Args:
        config: left as it is.
        changes: values by name; text is read as the type of the setting asks for.

    Raises:
        ConfigError: a name is unknown, or a value is of the wrong type or out of range.

    Example:
        >>> config = apply_settings(TrackerConfig(), {"regression.blend": "0.6"})
        >>> config.regression.blend
        0.6
    """
    known = _list_names(config)
    for name in changes:
        if name not in known:
            raise ConfigError(_tell_unknown(name, known))
    return _change(config, changes, prefix="")


def _list_names(config: object) -> list[str]:
    """List the dotted names of all settings, in the order they are declared."""
    names = []
    for field in fields(config):  # type: ignore[arg-type]
        value = getattr(config, field.name)
        if is_dataclass(value):
            names += [f"{field.name}.{inner}" for inner in _list_names(value)]
        else:
            names.append(field.name)
    return names


def _change(
    config: _Config, changes: Mapping[str, SettingValue], *, prefix: str
) -> _Config:
    """Replace all changed fields of a section at once: some are checked together."""
    types_of = get_type_hints(type(config))
    changed: dict[str, Any] = {}
    for field in fields(config):  # type: ignore[arg-type]
        name, value = prefix + field.name, getattr(config, field.name)
        if is_dataclass(value):
            part = _change(value, changes, prefix=f"{name}.")
            if part is not value:
                changed[field.name] = part
        elif name in changes:
            changed[field.name] = _read(name, changes[name], types_of[field.name])
    return replace(config, **changed) if changed else config  # type: ignore[type-var]


def _read(name: str, value: Any, wanted: Any) -> Any:
    """Bring a value or its text to the type of a setting."""
    origin = get_origin(wanted)
    if origin in (Union, types.UnionType):
        return _read_optional(name, value, wanted)
    if origin is Literal:
        return _read_choice(name, value, get_args(wanted))
    if origin is tuple:
        return _read_tuple(name, value, get_args(wanted))
    readers: dict[Any, Callable[[Any], Any]] = {
        bool: _read_bool,
        int: _read_int,
        float: _read_float,
        str: str,
    }
    read = readers[wanted](value)
    if read is None:
        kinds = {bool: "true or false", int: "a whole number", float: "a number"}
        raise ConfigError(f"{name} must be {kinds[wanted]}, got {value!r}.")
    return read


def _read_bool(value: object) -> bool | None:
    text = str(value).lower()
    if isinstance(value, (bool, str)) and text in (*_TRUE, *_FALSE):
        return text in _TRUE
    return None


def _read_int(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        number = int(value)  # type: ignore[call-overload]
    except (OverflowError, TypeError, ValueError):
        return None
    return number if isinstance(value, str) or number == value else None


def _read_float(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _read_choice(name: str, value: object, choices: tuple[object, ...]) -> object:
    for choice in choices:
        if value == choice or str(value) == str(choice):
            return choice
    told = ", ".join(map(str, choices))
    raise ConfigError(f"{name} must be one of {told}, got {value!r}.")


def _read_optional(name: str, value: object, wanted: Any) -> object:
    kinds = get_args(wanted)
    if type(None) in kinds and (value is None or str(value).lower() == "none"):
        return None
    (kind,) = (kind for kind in kinds if kind is not type(None))
    return _read(name, value, kind)


def _read_tuple(name: str, value: Any, kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    parts = value.split(",") if isinstance(value, str) else list(value)
    if kinds[-1] is Ellipsis:
        kinds = kinds[:1] * len(parts)
    if len(parts) != len(kinds):
        raise ConfigError(f"{name} must be {len(kinds)} values, got {value!r}.")
    pairs = zip(parts, kinds, strict=True)
    return tuple(_read(name, part, kind) for part, kind in pairs)


def _tell_unknown(name: str, known: list[str]) -> str:
    last = name.rsplit(".", 1)[-1]
    same = [other for other in known if other.rsplit(".", 1)[-1] == last]
    near = difflib.get_close_matches(name, known, n=_SHOWN_NAMES, cutoff=0.5)
    closest = list(dict.fromkeys([*same, *near]))[:_SHOWN_NAMES]
    sections = sorted({other.split(".")[0] for other in known})
    told = (
        f"did you mean {' or '.join(closest)}?"
        if closest
        else f"settings are named SECTION.FIELD, sections are {', '.join(sections)}."
    )
    return f"There is no setting {name!r}; {told}"
