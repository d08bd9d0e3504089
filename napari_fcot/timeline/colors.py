"""The timeline's colours, out of napari's theme."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from napari.utils.theme import get_theme

Rgb = tuple[int, int, int]

_LEAST_CONTRAST = 2.2
"""Between a target's colour and the ground of its row, also when it is selected."""
_STEPS = 20
_GAP_DARK, _GAP_LIGHT = "#ff7a3c", "#c44500"
"""Vermillion, which most colour-blind people tell from the other colours; gaps differ
by their shape as well."""


@dataclass(frozen=True, kw_only=True)
class TimelineColors:
    """Red, green, blue from 0 to 255."""

    background: Rgb
    row: Rgb
    """Behind a row's boxes."""
    selected_row: Rgb
    text: Rgb
    faint: Rgb
    """Ticks, dots, names of hidden targets."""
    cursor: Rgb
    cursor_text: Rgb
    gap: Rgb
    is_dark: bool

    @classmethod
    def of_theme(cls, theme_id: str) -> TimelineColors:
        """Take the colours of one of napari's themes."""
        theme = get_theme(theme_id)
        is_dark = theme.type == "dark"
        text = theme.text.as_rgb_tuple(alpha=False)
        background = theme.background.as_rgb_tuple(alpha=False)
        cursor = (88, 132, 255) if is_dark else (40, 84, 214)
        return cls(
            background=background,
            row=theme.foreground.as_rgb_tuple(alpha=False),
            selected_row=theme.primary.as_rgb_tuple(alpha=False),
            text=text,
            faint=mix(text, background, 0.5),
            cursor=cursor,
            cursor_text=(255, 255, 255),
            gap=parse_color(_GAP_DARK if is_dark else _GAP_LIGHT),
            is_dark=is_dark,
        )

    @property
    def ended(self) -> Rgb:
        """Behind the end of a target: as if its row went on no more."""
        return mix(self.row, self.background, 0.3)

    def of_target(self, colour: str, *, is_hidden: bool = False) -> Rgb:
        """Return a target's own colour, made brighter or darker to suit the ground.

        Args:
            colour: `#rrggbb`.
            is_hidden: paler.
        """
        own = _fit(parse_color(colour), self.row, self.selected_row, self.is_dark)
        return mix(own, self.row, 0.4) if is_hidden else own


@lru_cache(maxsize=256)
def _fit(color: Rgb, row: Rgb, selected_row: Rgb, is_dark: bool) -> Rgb:
    """Mix in as little white (or black) as makes a colour stand out."""
    goal = (255, 255, 255) if is_dark else (0, 0, 0)
    for step in range(_STEPS + 1):
        mixed = mix(goal, color, step / _STEPS)
        if min(contrast(mixed, row), contrast(mixed, selected_row)) >= _LEAST_CONTRAST:
            return mixed
    return goal


def contrast(a: Rgb, b: Rgb) -> float:
    """Return the contrast of two colours, 1 to 21, as WCAG 2 defines it.

    Example:
        >>> round(contrast((255, 255, 255), (0, 0, 0)))
        21
    """
    darker, lighter = sorted((_luminance(a), _luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Rgb) -> float:
    parts = (part / 255 for part in color)
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def parse_color(color: str) -> Rgb:
    """Read `#rrggbb`."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def mix(color: Rgb, other: Rgb, share: float) -> Rgb:
    """Mix two colours, `share` of the first."""
    red, green, blue = (
        round(share * a + (1 - share) * b) for a, b in zip(color, other, strict=True)
    )
    return red, green, blue
