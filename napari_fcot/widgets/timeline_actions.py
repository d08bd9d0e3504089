"""What the timeline's menus do."""

from __future__ import annotations

from collections.abc import Callable

from fcot_engine.annotation import Direction, Editor, SpanKind
from napari_fcot.timeline import FrameAction, PairAction, RangeAction, TimelineWidget
from napari_fcot.tracking import TrackingController


def connect_timeline(
    timeline: TimelineWidget,
    controller: TrackingController,
    go_to: Callable[[int], object],
) -> None:
    """Let the timeline's menus do what they say.

    Args:
        timeline: where a person acts.
        controller: does it.
        go_to: shows a frame.
    """

    def on_range(action: str, target_id: int, first: int, last: int) -> None:
        chosen = RangeAction(action)
        if chosen is RangeAction.PROPAGATE_WITHIN:
            controller.state.select(target_id)
            go_to(first)
            controller.state.show_frame(first)
            controller.runs.start_tracking(Direction.FORWARD, until=last)
        elif chosen is RangeAction.MARK_OCCLUDED:
            controller.edits.do(
                Editor.mark_span, target_id, first, last, SpanKind.OCCLUDED
            )
        elif chosen is RangeAction.MARK_OUT_OF_VIEW:
            controller.edits.do(
                Editor.mark_span, target_id, first, last, SpanKind.OUT_OF_VIEW
            )
        elif chosen is RangeAction.CLEAR_MARKS:
            controller.edits.do(Editor.clear_span, target_id, first, last)
        elif chosen is RangeAction.DELETE_TRACKED:
            controller.edits.do(Editor.delete_machine_boxes, target_id, first, last)
        else:
            controller.edits.do(Editor.interpolate, target_id, first, last)

    def on_frame(action: str, target_id: int, frame_index: int) -> None:
        if FrameAction(action) is FrameAction.END_HERE:
            controller.edits.do(Editor.end_target, target_id, frame_index)
        else:
            controller.edits.do(Editor.split, target_id, frame_index)

    def on_pair(action: str, target_id: int, other_id: int, frame_index: int) -> None:
        if PairAction(action) is PairAction.MERGE:
            controller.edits.merge_targets(target_id, other_id)
        else:
            controller.edits.swap_targets(target_id, other_id, frame_index)

    view = timeline.view
    view.target_wanted.connect(controller.state.select)
    view.range_action.connect(on_range)
    view.frame_action.connect(on_frame)
    view.pair_action.connect(on_pair)
