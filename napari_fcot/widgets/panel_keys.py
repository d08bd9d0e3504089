"""What each key does in the panel, on the box layer and on the timeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fcot_engine.annotation import Direction, SpanKind

if TYPE_CHECKING:
    from napari_fcot.widgets.tracking_widget import TrackingWidget

__all__ = ["panel_handlers"]


def panel_handlers(panel: TrackingWidget) -> dict[str, Callable[[], object]]:
    """Return what to do for each action of `napari_fcot.keys`."""
    ctrl, link = panel.controller, panel.link

    def with_selected(do: Callable[[int], object]) -> Callable[[], object]:
        def act() -> object:
            target_id = ctrl.selected_id
            return None if target_id is None else do(target_id)

        return act

    def track(direction: Direction) -> None:
        if ctrl.can_stop:  # the key that starts a run ends it, too
            ctrl.stop()
        else:
            panel.start_tracking(direction)

    def mark(target_id: int, kind: SpanKind) -> None:
        first, last = panel.timeline.view.selected_range or (ctrl.frame_index,) * 2
        ctrl.mark_span(target_id, first, last, kind)

    def go_to_drawn(step: int) -> None:
        frame_index = ctrl.find_drawn_frame(step)
        if frame_index is not None:
            link.go_to(frame_index)

    return {
        "draw_box": link.start_drawing,
        "edit_box": link.start_editing,
        "new_target": panel.add_target,
        "delete_box": with_selected(
            lambda t: ctrl.remove_box(target_id=t, frame_index=ctrl.frame_index)
        ),
        "accept_peak": link.heatmap.accept_next,
        "mark_occluded": with_selected(lambda t: mark(t, SpanKind.OCCLUDED)),
        "mark_out_of_view": with_selected(lambda t: mark(t, SpanKind.OUT_OF_VIEW)),
        "end_target": with_selected(lambda t: ctrl.end_target(t, ctrl.frame_index)),
        "track_forward": lambda: track(Direction.FORWARD),
        "track_backward": lambda: track(Direction.BACKWARD),
        "track_both_ways": lambda: track(Direction.BOTH),
        "stop": ctrl.stop,
        "next_problem": panel.go_to_next_problem,
        "looks_good": panel.pass_over,
        "next_drawn_box": lambda: go_to_drawn(1),
        "previous_drawn_box": lambda: go_to_drawn(-1),
        "play_every_frame": link.play,
        "toggle_heatmap": panel.heatmap.toggle,
        "undo": ctrl.undo,
        "redo": ctrl.redo,
    }
