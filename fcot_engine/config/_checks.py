"""Checks of settings that raise with a clear message."""

from __future__ import annotations

from typing import get_args

from fcot_engine.errors import ConfigError


def check_that(condition: bool, message: str) -> None:
    """Raise `ConfigError` with a message unless the condition holds."""
    if not condition:
        raise ConfigError(message)


def check_numbers(
    config: object,
    *names: str,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    below: float | None = None,
    section: str = "",
) -> None:
    """Raise `ConfigError` unless some settings lie in a range; None is no number.

    Args:
        config: what has the settings.
        names: of its fields.
        least: smallest allowed number.
        above: numbers must be larger than this.
        most: largest allowed number.
        below: numbers must be smaller than this.
        section: what the message puts before the name.
    """
    for name in names:
        value = getattr(config, name)
        is_good = value is None or (
            (least is None or value >= least)
            and (above is None or value > above)
            and (most is None or value <= most)
            and (below is None or value < below)
        )
        if not is_good:
            limits = {"at least": least, "above": above, "at most": most}
            limits["below"] = below
            told = [
                f"{word} {limit}" for word, limit in limits.items() if limit is not None
            ]
            if least is not None and most is not None:
                told = [f"from {least} to {most}"]
            prefix = f"{section}." if section else ""
            raise ConfigError(
                f"{prefix}{name} must be {' and '.join(told)}, got {value}."
            )


def check_choice(
    config: object, name: str, choices: object, *, section: str = ""
) -> None:
    """Raise `ConfigError` unless a setting is one of the values of a `Literal`."""
    allowed, value = get_args(choices), getattr(config, name)
    if value not in allowed:
        told = ", ".join(map(str, allowed))
        prefix = f"{section}." if section else ""
        raise ConfigError(f"{prefix}{name} must be one of {told}, got {value!r}.")
