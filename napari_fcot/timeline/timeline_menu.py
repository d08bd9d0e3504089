"""What a person can ask for at a place of the timeline, as a menu."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qtpy.QtGui import QAction, QColor, QIcon, QPixmap
from qtpy.QtWidgets import QMenu

from napari_fcot.timeline.frame_text import describe_range
from napari_fcot.timeline.row_actions import (
    Offer,
    offer_frame_actions,
    offer_pair_actions,
    offer_range_actions,
)
from napari_fcot.timeline.target_row import FrameSpan, TargetRow
from napari_fcot.timeline.timeline_colors import TimelineColors

__all__ = ["add_frame_actions", "add_pair_actions", "add_range_actions", "add_title"]

_SWATCH_PX = 10


def add_title(menu: QMenu, text: str) -> None:
    """Say what the next actions are about."""
    if not menu.isEmpty():
        menu.addSeparator()
    title = _add(menu, text)
    title.setEnabled(False)


def add_range_actions(
    menu: QMenu,
    row: TargetRow,
    frames: FrameSpan,
    tell: Callable[[str, int, int, int], None],
) -> None:
    """Offer what can be done with a target in a stretch of frames.

    Args:
        menu: what is added to.
        row: the target.
        frames: first and last.
        tell: told the chosen `RangeAction`, the target, first and last frame.
    """
    add_title(menu, describe_range(frames, row.name))
    for offer in offer_range_actions(row, frames):
        choose = partial(tell, str(offer.action), row.track_id, *offer.frames)
        _add_offer(menu, offer, choose)


def add_frame_actions(
    menu: QMenu,
    row: TargetRow,
    frame_index: int,
    tell: Callable[[str, int, int], None],
) -> None:
    """Offer what can be done with a target in a frame.

    Args:
        menu: what is added to.
        row: the target.
        frame_index: 0-based.
        tell: told the chosen `FrameAction`, the target and the frame.
    """
    add_title(menu, f"{row.name} in frame {frame_index}")
    for offer in offer_frame_actions(row, frame_index):
        choose = partial(tell, str(offer.action), row.track_id, frame_index)
        _add_offer(menu, offer, choose)


def add_pair_actions(
    menu: QMenu,
    row: TargetRow,
    others: list[TargetRow],
    colors: TimelineColors,
    tell: Callable[[str, int], None],
) -> None:
    """Offer what can be done with two targets: a list of the others for each.

    Args:
        menu: what is added to.
        row: the one target.
        others: those to choose from.
        colors: of the theme, for the targets' own.
        tell: told the chosen `PairAction` and the other target.
    """
    for offer in offer_pair_actions(others):
        submenu = menu.addMenu(offer.text)
        if submenu is None:  # Qt's annotation; it never is
            continue
        submenu.setToolTipsVisible(True)
        submenu.setEnabled(offer.is_enabled)
        for other in others:
            entry = _add(submenu, other.name.replace("&", "&&"))
            entry.setIcon(_icon_of(other, colors))
            entry.setToolTip(offer.hint)
            _on_chosen(entry, partial(tell, str(offer.action), other.track_id))


def _add_offer(menu: QMenu, offer: Offer, choose: Callable[[], None]) -> None:
    entry = _add(menu, offer.text)
    entry.setToolTip(offer.hint)
    entry.setEnabled(offer.is_enabled)
    _on_chosen(entry, choose)


def _on_chosen(entry: QAction, choose: Callable[[], None]) -> None:
    # Qt hands a flag over that says nothing here
    entry.triggered.connect(lambda _=False: choose())


def _add(menu: QMenu, text: str) -> QAction:
    entry = menu.addAction(text)
    assert entry is not None  # Qt's annotation; it never is
    return entry


def _icon_of(row: TargetRow, colors: TimelineColors) -> QIcon:
    swatch = QPixmap(_SWATCH_PX, _SWATCH_PX)
    swatch.fill(QColor(*colors.of_target(row.line.colour)))
    return QIcon(swatch)
