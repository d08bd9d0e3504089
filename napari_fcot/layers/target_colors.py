"""One colour a target, the same on the video and in the list."""

from __future__ import annotations

__all__ = ["color_of"]

# Bright, told apart by most colour-blind people on dark and light pictures (after
# Okabe and Ito), starting with the two that stand out most.
_PALETTE = ("#ffb000", "#00d5ff", "#ff5fa2", "#4be07c", "#ff7031", "#9d8cff", "#f4ef3d")


def color_of(track_id: int) -> str:
    """Return the colour of a target as `#rrggbb`; ids start at 1."""
    return _PALETTE[(track_id - 1) % len(_PALETTE)]
