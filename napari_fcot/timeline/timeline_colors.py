"""The timeline's colours, out of napari's theme."""

from __future__ import annotations

from dataclasses import dataclass

from napari.utils.theme import get_theme

from napari_fcot.layers.target_colors import color_of

__all__ = ["Rgb", "TimelineColors", "mix", "parse_color"]

Rgb = tuple[int, int, int]

_DARKEN = 0.62
"""Share of the bright target colours that is left on a light ground."""
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
    """Ticks, hatching, borders."""
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

    def of_target(self, track_id: int) -> Rgb:
        """Return a target's own colour, fit for the ground."""
        color = parse_color(color_of(track_id))
        return color if self.is_dark else mix(color, (0, 0, 0), _DARKEN)


def parse_color(color: str) -> Rgb:
    """Read `#rrggbb`."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def mix(color: Rgb, other: Rgb, share: float) -> Rgb:
    """Mix two colours, `share` of the first."""
    red, green, blue = (
        round(share * a + (1 - share) * b) for a, b in zip(color, other, strict=True)
    )
    return red, green, blue
