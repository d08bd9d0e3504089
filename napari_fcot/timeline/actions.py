"""What a person can ask for on the timeline, and the menus that offer it."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from qtpy.QtGui import QAction, QColor, QIcon, QPixmap
from qtpy.QtWidgets import QMenu

from napari_fcot.timeline.colors import TimelineColors
from napari_fcot.timeline.target_row import FrameSpan, Mark, TargetRow
from napari_fcot.timeline.timeline_model import describe_range

_SWATCH_PX = 10


class RangeAction(enum.StrEnum):
    """What to do with a target in a segment of frames."""

    MARK_OCCLUDED = "mark_occluded"
    MARK_OUT_OF_VIEW = "mark_out_of_view"
    CLEAR_MARKS = "clear_marks"
    DELETE_TRACKED = "delete_tracked"
    """Take all boxes away that no person drew."""
    INTERPOLATE = "interpolate"
    """Lay boxes between those of the first and the last frame, which have one."""
    PROPAGATE_WITHIN = "propagate_within"
    """Carry the box of the first frame, which has one, to the last, and no further."""


class FrameAction(enum.StrEnum):
    """What to do with a target in a frame."""

    END_HERE = "end_here"
    """The frame is the last one of the target."""
    SPLIT_HERE = "split_here"
    """From the frame on it is a new target."""


class PairAction(enum.StrEnum):
    """What to do with two targets."""

    MERGE = "merge"
    """The target gets the boxes of the other one, which goes."""
    SWAP = "swap"
    """They exchange boxes from the frame on."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One thing to do, as a menu shows it."""

    action: RangeAction | FrameAction
    text: str
    """With `&` before the letter that chooses it."""
    hint: str
    is_enabled: bool = True
    frames: FrameSpan = (-1, -1)
    """First and last frame, of actions on several."""


def offer_range_actions(row: TargetRow, frames: FrameSpan) -> list[Offer]:
    """Return what can be done with a target in a segment of frames.

    Interpolation goes from the nearest box at or before the segment to the nearest
    one at or behind it, and propagation begins with the nearest box before it: a gap
    need not be selected to the frame.

    Example:
        >>> from napari_fcot.timeline.target_row import TargetLine
        >>> row = TargetRow(TargetLine(1, "cup"), 20)
        >>> offers = offer_range_actions(row, (3, 9))
        >>> [str(offer.action) for offer in offers if offer.is_enabled]
        ['mark_occluded', 'mark_out_of_view']
    """
    is_said = row.has_any(Mark.OCCLUDED | Mark.OUT_OF_VIEW, *frames)
    is_found = row.has_any(Mark.MACHINE | Mark.INTERPOLATED, *frames)
    even = _find_even(row, frames)
    carried = _find_carried(row, frames)
    return [
        Offer(
            action=RangeAction.MARK_OCCLUDED,
            text="Mark &occluded",
            hint="Something hides it; its boxes say where it must be",
            frames=frames,
        ),
        Offer(
            action=RangeAction.MARK_OUT_OF_VIEW,
            text="Mark out of &view",
            hint="It is not in the picture; its boxes there go",
            frames=frames,
        ),
        Offer(
            action=RangeAction.CLEAR_MARKS,
            text="&Clear marks",
            hint="Neither occluded nor out of view",
            is_enabled=is_said,
            frames=frames,
        ),
        Offer(
            action=RangeAction.DELETE_TRACKED,
            text="&Delete tracked boxes",
            hint="All boxes there that you did not draw",
            is_enabled=is_found,
            frames=frames,
        ),
        Offer(
            action=RangeAction.INTERPOLATE,
            text="&Interpolate" + _between(even),
            hint="Lay boxes evenly between those two frames",
            is_enabled=even is not None,
            frames=even or frames,
        ),
        Offer(
            action=RangeAction.PROPAGATE_WITHIN,
            text="&Propagate" + _between(carried),
            hint="Carry the box of the first of these frames to the last, no further",
            is_enabled=carried is not None,
            frames=carried or frames,
        ),
    ]


def _find_even(row: TargetRow, frames: FrameSpan) -> FrameSpan | None:
    """Return the two boxes to lay others between."""
    before, behind = row.box_before(frames[0]), row.box_behind(frames[1])
    if before is None or behind is None or behind - before < 2:
        return None
    return before, behind


def _find_carried(row: TargetRow, frames: FrameSpan) -> FrameSpan | None:
    """Return the box to carry, and how far: one before the segment, or its first."""
    first, last = frames
    start = row.box_before(first)
    if start is None or row.has_any(Mark.OUT_OF_VIEW, start, first):
        start = row.box_behind(first)  # a run would end where it is out of view
    return None if start is None or start >= last else (start, last)


def _between(frames: FrameSpan | None) -> str:
    return "" if frames is None else f" from {frames[0]} to {frames[1]}"


def offer_frame_actions(row: TargetRow, frame_index: int) -> list[Offer]:
    """Return what can be done with a target in a frame."""
    first, last = row.extent or (frame_index, frame_index)
    return [
        Offer(
            action=FrameAction.END_HERE,
            text="&End target here",
            hint="The last frame in which it exists; what lies behind goes",
            is_enabled=row.line.end_frame != frame_index,
        ),
        Offer(
            action=FrameAction.SPLIT_HERE,
            text="&Split here",
            hint="From this frame on it is a new target",
            is_enabled=first < frame_index <= last,
        ),
    ]


def add_range_actions(
    menu: QMenu,
    row: TargetRow,
    frames: FrameSpan,
    tell: Callable[[str, int, int, int], None],
) -> None:
    """Offer what can be done with a target in a segment of frames.

    Args:
        menu: what is added to.
        row: the target.
        frames: first and last.
        tell: told the chosen `RangeAction`, the target, first and last frame.
    """
    _add_title(menu, describe_range(frames, row.name))
    for offer in offer_range_actions(row, frames):
        choose = partial(tell, str(offer.action), row.target_id, *offer.frames)
        _add_offer(menu, offer, choose)


def add_frame_actions(
    menu: QMenu,
    row: TargetRow,
    frame_index: int,
    tell: Callable[[str, int, int], None],
) -> None:
    """Offer what can be done with a target in a frame; see `add_range_actions`."""
    _add_title(menu, f"{row.name} in frame {frame_index}")
    for offer in offer_frame_actions(row, frame_index):
        choose = partial(tell, str(offer.action), row.target_id, frame_index)
        _add_offer(menu, offer, choose)


def add_pair_actions(
    menu: QMenu,
    others: list[TargetRow],
    colors: TimelineColors,
    tell: Callable[[str, int], None],
) -> None:
    """Offer what can be done with two targets: a list of the others for each.

    Args:
        menu: what is added to.
        others: those to choose from.
        colors: of the theme, for the targets' own.
        tell: told the chosen `PairAction` and the other target.
    """
    for action, text, hint in _PAIR_ACTIONS:
        submenu = menu.addMenu(text)
        if submenu is None:  # Qt's annotation; it never is
            continue
        submenu.setToolTipsVisible(True)
        submenu.setEnabled(bool(others))
        for other in others:
            choose = partial(tell, str(action), other.target_id)
            entry = _add(submenu, other.name.replace("&", "&&"), hint, choose)
            swatch = QPixmap(_SWATCH_PX, _SWATCH_PX)
            swatch.fill(QColor(*colors.of_target(other.line.colour)))
            entry.setIcon(QIcon(swatch))


_PAIR_ACTIONS = (
    (PairAction.MERGE, "&Merge with", "It gets the boxes of the other one, which goes"),
    (
        PairAction.SWAP,
        "S&wap from here with",
        "They exchange boxes from this frame on",
    ),
)


def _add_title(menu: QMenu, text: str) -> None:
    """Say what the next actions are about."""
    if not menu.isEmpty():
        menu.addSeparator()
    _add(menu, text).setEnabled(False)


def _add_offer(menu: QMenu, offer: Offer, choose: Callable[[], None]) -> None:
    _add(menu, offer.text, offer.hint, choose).setEnabled(offer.is_enabled)


def _add(
    menu: QMenu, text: str, hint: str = "", choose: Callable[[], None] | None = None
) -> QAction:
    entry = menu.addAction(text)
    assert entry is not None  # Qt's annotation; it never is
    entry.setToolTip(hint)
    if choose is not None:
        # Qt hands a flag over that says nothing here
        entry.triggered.connect(lambda _=False: choose())
    return entry
