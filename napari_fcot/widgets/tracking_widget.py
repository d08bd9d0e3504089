"""The tracking panel: shows the controller, forwards clicks, decides nothing."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import napari
import numpy as np
from napari.layers import Layer
from napari.utils.notifications import show_error
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QWidget

from fcot_engine.annotation import Direction, Editor, Origin, SpanKind, WorkStop
from fcot_engine.errors import MovedVideoError
from napari_fcot.keys import bind_to_layer
from napari_fcot.layers import ViewerLink, find_canvas
from napari_fcot.preferences import Preferences, PreferencesStore
from napari_fcot.timeline import (
    FrameAction,
    PairAction,
    RangeAction,
    TimelineColors,
    TimelineDock,
    TimelineFeed,
    TimelineModel,
    TimelineWidget,
)
from napari_fcot.tracking import (
    Activity,
    TrackerChoice,
    TrackingController,
    describe_box,
    describe_status,
)
from napari_fcot.widgets.dialogs import (
    ExportChoice,
    ImportChoice,
    ask_export,
    ask_import,
    ask_moved_video,
    ask_project_file,
    ask_video_file,
    show_problem,
)
from napari_fcot.widgets.job_runner import JobRunner
from napari_fcot.widgets.panel_keys import bind_to_widget, panel_handlers
from napari_fcot.widgets.panel_layout import PanelLayout
from napari_fcot.widgets.run_box import RunSettings
from napari_fcot.widgets.target_model import TargetLineData
from napari_fcot.widgets.view_box import HeatmapLook

DRAW_INTERVAL_MS = 40
"""Live boxes are drawn at most this often."""
REST_PER_DRAWING = 3
"""How long the window rests after a drawing, over how long that took. A slow window
(software OpenGL, all cores at work) then has time for clicks, and the tracker for
frames: Stop waits for one drawing at most, not for a queue of them."""
SETTLE_MS = 250
"""How long after an edit the work list is made anew."""


class TrackingWidget(PanelLayout):
    """Draw a box, track it, correct it, export it.

    Args:
        napari_viewer: the viewer that the panel is docked in; napari hands it in by
            this name.
        controller: the state behind the panel; a new one by default.
        preferences: what the person has set; napari's page by default.
        ask_video: asks which file to open.
        ask_project: asks which project to open.
        ask_moved: says that a project's video is gone, and asks where it is.
        ask_export: asks where to export to, and how.
        ask_import: asks which file to import.
        show_problem: shows a sentence about something that went wrong.
    """

    def __init__(
        self,
        napari_viewer: napari.Viewer,
        controller: TrackingController | None = None,
        *,
        preferences: PreferencesStore | None = None,
        ask_video: Callable[[QWidget], Path | None] = ask_video_file,
        ask_project: Callable[[QWidget], Path | None] = ask_project_file,
        ask_moved: Callable[[QWidget, str], Path | None] = ask_moved_video,
        ask_export: Callable[[QWidget, ExportChoice], ExportChoice | None] = ask_export,
        ask_import: Callable[[QWidget, ImportChoice], ImportChoice | None] = ask_import,
        show_problem: Callable[[QWidget, str], None] = show_problem,
    ) -> None:
        preferences = preferences or PreferencesStore()
        super().__init__(preferences)
        self.preferences = preferences
        self.controller = controller or TrackingController()
        self.link = ViewerLink(napari_viewer, self.controller)
        self.runner = JobRunner(
            self.controller.runs.accept, self.controller.runs.finish
        )
        self.timeline = TimelineWidget(
            TimelineModel(), TimelineColors.of_theme(napari_viewer.theme)
        )
        feed = TimelineFeed(self.controller, self.timeline.model)
        self.timeline_dock = TimelineDock(
            napari_viewer, self.timeline, on_toggled=self._on_timeline_toggled
        )
        self._ask_video = ask_video
        self._ask_project = ask_project
        self._ask_moved = ask_moved
        self._ask_export = ask_export
        self._ask_import = ask_import
        self._show_problem = show_problem
        self._exported = ExportChoice()
        self._imported = ImportChoice()
        self._latest_frame: int | None = None
        self._layers: list[Layer] = []
        self._canvas: QWidget | None = None
        self._draw_timer = _single_shot(self, DRAW_INTERVAL_MS, self._draw_latest)
        self._settle_timer = _single_shot(self, SETTLE_MS, self.controller.work.refresh)
        # after napari is done with a new layer
        self._choose_timer = _single_shot(self, 0, self.link.choose_first_video)
        # bound to the parts, not to the panel: they are there when it is gone
        self._close = partial(
            _close_panel,
            self.controller,
            self.link,
            self.runner,
            feed,
            self.timeline_dock,
        )
        self._connect()
        self._apply_preferences(self.preferences.load())
        self.link.heatmap.set_opacity(self.preferences.load().heatmap_opacity)
        self._refresh_videos()
        self.link.choose_first_video()
        self.show_all()
        self.timeline_dock.show()

    # --- building ------------------------------------------------------------

    def _connect(self) -> None:
        ctrl, link = self.controller, self.link
        ctrl.state.changed.connect(self.show_all)
        ctrl.state.frame_changed.connect(self.show_frame)
        ctrl.runs.job_started.connect(self.runner.start)
        ctrl.runs.frame_tracked.connect(self._on_frame_tracked)
        ctrl.runs.stopped.connect(self._on_stopped)
        for signal in (ctrl.runs.ended, ctrl.state.edited, ctrl.state.session_changed):
            signal.connect(self._on_settled)
        ctrl.state.failed.connect(self._on_failed)
        ctrl.state.session_changed.connect(self.check.clear)
        self.preferences.changed.connect(self._apply_preferences)
        link.videos_changed.connect(self._on_videos_changed)
        link.video_chosen.connect(self._refresh_videos)
        link.stepped_by_hand.connect(lambda: self.run.form.change(follow=False))
        self.video.picked.connect(self._on_video)
        self.video.open_wanted.connect(self._on_open)
        self.video.project_wanted.connect(self._on_project)
        self._connect_targets()
        self._connect_corrections()
        self.draw.clicked.connect(lambda: link.start_drawing())
        self.edit.clicked.connect(lambda: link.start_editing())
        self.undo.clicked.connect(lambda: ctrl.undo())
        self.redo.clicked.connect(lambda: ctrl.redo())
        self.run.run_wanted.connect(self.start_tracking)
        self.progress.stop.clicked.connect(lambda: ctrl.runs.stop())
        self.run.form.changed.connect(self._on_run_settings)
        self._connect_view()
        self.show_timeline.clicked.connect(self.timeline_dock.show)
        self.timeline.view.frame_wanted.connect(self._on_frame_wanted)
        _connect_timeline(self.timeline, ctrl, link.go_to)
        self.export.clicked.connect(lambda: self._on_export())
        self.load.clicked.connect(lambda: self._on_import())
        handlers = panel_handlers(self)
        for dock in (self, self.timeline):
            bind_to_widget(dock, handlers)
        link.boxes_made.connect(lambda layer: bind_to_layer(layer, handlers))
        self.destroyed.connect(self._close)
        # Python may end before Qt has deleted the window, such as in a script
        close = self._close
        atexit.register(close)
        self.destroyed.connect(lambda: atexit.unregister(close))

    def _connect_targets(self) -> None:
        ctrl, table = self.controller, self.targets
        self.new_target.clicked.connect(lambda: self.add_target())
        table.target_picked.connect(ctrl.state.select)
        table.described.connect(
            lambda t, changes: ctrl.edits.describe_target(t, **changes)
        )
        table.visibility_changed.connect(ctrl.state.show_target)
        table.lock_changed.connect(ctrl.state.lock_target)
        table.remove_wanted.connect(lambda t: ctrl.edits.do(Editor.remove_target, t))

    def _connect_view(self) -> None:
        heatmap, player = self.link.heatmap, self.link.player
        self.heatmap.toggled.connect(heatmap.show)
        heatmap.toggled.connect(self.show_frame)
        heatmap.toggled.connect(self._on_heatmap_toggled)
        self.trails.toggled.connect(self.link.trails.show)
        self.link.trails.toggled.connect(self._on_trails_toggled)
        self.heatmap_look.changed.connect(self._on_look)
        self.pick.toggled.connect(heatmap.pick)
        heatmap.picking_changed.connect(self._on_picking)
        self.play.play_wanted.connect(self.link.play)
        self.play.speed_changed.connect(player.set_speed)
        player.playing_changed.connect(self._on_playing)

    def _connect_corrections(self) -> None:
        ctrl, work = self.controller, self.work
        ctrl.work.changed.connect(self.show_work)
        work.stop_wanted.connect(self._on_stop_wanted)
        work.passed_over.connect(ctrl.work.pass_over)
        self.check.check_wanted.connect(ctrl.runs.start_check)
        self.check.stop_wanted.connect(ctrl.runs.stop)
        self.report.kept.connect(ctrl.runs.keep_report)
        self.report.rejected.connect(ctrl.runs.reject_report)

    # --- what a person does --------------------------------------------------

    def start_tracking(self, direction: Direction = Direction.FORWARD) -> None:
        """Carry boxes from the frame on the screen."""
        self.controller.runs.start_tracking(
            direction,
            until=self.run.form.value.until,
            is_for_all=self.run.form.value.all_targets,
        )

    def add_target(self) -> None:
        """Make a new target and let a person draw its box."""
        if self.controller.edits.add_target() is not None:
            self.link.start_drawing()

    def go_to_next_problem(self) -> None:
        """Go to the frame whose correction is expected to save most boxes."""
        self.controller.work.refresh()
        self.work.go_to_next()

    def pass_over(self) -> None:
        """Leave the frame of the work list as it is, and go to the next one."""
        self.work.pass_over_current()

    def _on_video(self, row: int) -> None:
        self.link.choose_video(self._layers[row])

    def _on_open(self) -> None:
        path = self._ask_video(self)
        if path is not None:
            self.link.open_video(path)

    def _on_project(self) -> None:
        path = self._ask_project(self)
        if path is None:
            return
        try:
            self.link.open_project(path)
        except MovedVideoError as error:
            video_path = self._ask_moved(self, str(error))
            if video_path is not None:
                self._open_moved(path, video_path)

    def _open_moved(self, path: Path, video_path: Path) -> None:
        try:
            self.link.open_project(path, video_path=video_path)
        except MovedVideoError as error:
            self._on_failed(str(error))

    def _on_frame_wanted(self, frame_index: int) -> None:
        if self.controller.runs.can_stop:  # else the run would take the view away again
            self.run.form.change(follow=False)
        self.link.go_to(frame_index)

    def _on_stop_wanted(self, stop: WorkStop) -> None:
        self.controller.state.select(stop.target_id)
        self._on_frame_wanted(stop.frame_index)
        self.link.start_editing()

    def _on_run_settings(self, settings: RunSettings) -> None:
        self.controller.runs.teaches_at_once = settings.learn
        self.controller.runs.overwrite = settings.overwrite

    def _on_look(self, look: HeatmapLook) -> None:
        self.link.heatmap.show_kind(look.kind)

    def _on_export(self) -> None:
        choice = self._ask_export(self, self._exported)
        if choice is not None and choice.folder is not None:
            self._exported = choice  # to begin with the next time
            self.controller.runs.start_export(choice.folder, formats=choice.formats)

    def _on_import(self) -> None:
        choice = self._ask_import(self, self._imported)
        if choice is not None and choice.path is not None:
            self._imported = choice
            self.controller.edits.import_boxes(choice.path, pixel_origin=choice.origin)

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Find the canvas of the window that the panel was docked in."""
        super().showEvent(event)
        canvas = find_canvas(self)
        if canvas is not None and canvas is not self._canvas:
            self._canvas = canvas
            self.link.set_canvas(canvas)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Notice when napari takes the panel out of its dock, which is for good."""
        is_moved = event is not None and event.type() == QEvent.Type.ParentChange
        if is_moved and self.parent() is None:
            self._close()
        super().changeEvent(event)

    # --- what the panel shows ------------------------------------------------

    def show_all(self) -> None:
        """Show everything but the work list; cheap where nothing changed."""
        ctrl = self.controller
        self._refresh_targets()
        self.draw.setEnabled(ctrl.state.session is not None)
        self.new_target.setEnabled(ctrl.state.session is not None)
        self.undo.setEnabled(ctrl.edits.can_undo)
        self.redo.setEnabled(ctrl.edits.can_redo)
        self.progress.show_state(ctrl)
        look = self.heatmap_look.native
        for part in (self.heatmap, self.trails, look, self.pick, self.play):
            part.setEnabled(ctrl.state.session is not None)
        self.export.setEnabled(ctrl.runs.can_export)
        self.load.setEnabled(ctrl.state.session is not None and not ctrl.runs.can_stop)
        self.report.show_reports(ctrl.runs.report, self._names())
        self._refresh_check()
        self._refresh_first_steps()
        self.video.show_project(ctrl.state.project_path, is_saved=ctrl.state.is_saved)
        self.show_frame()

    def show_frame(self) -> None:
        """Show what depends on the frame on the screen; comes with every step."""
        ctrl = self.controller
        self.edit.setEnabled(
            ctrl.state.session is not None and ctrl.state.current_box is not None
        )
        self.run.show_state(ctrl)
        missing = ". No score map here" if self.link.heatmap.is_missing else ""
        self.box_text.setText(
            f"Frame {ctrl.state.frame_index}: "
            f"{describe_box(ctrl.state.current_box)}{missing}"
            if ctrl.state.session is not None
            else ""
        )
        self.status.setText(describe_status(ctrl))

    def _refresh_check(self) -> None:
        ctrl = self.controller
        self.check.set_enabled(ctrl.runs.can_check)
        if ctrl.runs.activity is Activity.CHECKING:
            self.check.show_running(ctrl.runs.n_checked)
        elif ctrl.runs.check is not None:
            self.check.show_result(ctrl.runs.check)
        elif self.check.is_running:
            self.check.clear()

    def _refresh_first_steps(self) -> None:
        boxes = [target.boxes for target in self.controller.state.targets]
        origins = {int(o) for table in boxes for o in np.unique(table.rows()["origin"])}
        self.first_steps.show_progress(
            has_video=self.controller.state.session is not None,
            has_box=bool(origins & {Origin.HUMAN, Origin.CORRECTED}),
            has_run=Origin.TRACKED in origins,
            has_correction=Origin.CORRECTED in origins,
        )

    def show_work(self) -> None:
        """Show where to look next."""
        self.work.show_stops(self.controller.work.stops, self._names())

    def _names(self) -> dict[int, str]:
        return {
            target.target_id: target.info.name
            for target in self.controller.state.targets
        }

    def _refresh_targets(self) -> None:
        session = self.controller.state.session
        hidden = set() if session is None else session.hidden_ids
        self.targets.show_targets(
            [
                TargetLineData.of_target(
                    target,
                    is_visible=target.target_id not in hidden,
                    is_locked=self.controller.state.is_locked(target.target_id),
                )
                for target in self.controller.state.targets
            ],
            self.controller.state.selected_id,
        )

    def _on_videos_changed(self) -> None:
        self._refresh_videos()
        self._choose_timer.start()

    def _refresh_videos(self) -> None:
        self._layers = self.link.candidates
        chosen = self.link.video
        row = self._layers.index(chosen) if chosen in self._layers else -1
        self.video.show_videos([layer.name for layer in self._layers], row)

    def _apply_preferences(self, preferences: Preferences) -> None:
        ctrl = self.controller
        ctrl.trackers.choice = TrackerChoice(
            preset=preferences.preset, device=preferences.device
        )
        self.run.form.change(
            learn=preferences.track_after_correction,
            overwrite=preferences.overwrite_policy,
        )
        ctrl.opener.place.is_beside_video = preferences.is_beside_video
        ctrl.opener.place.folder = preferences.own_folder
        ctrl.opener.config = preferences.propagation
        if ctrl.state.session is not None:
            ctrl.state.session.annotation.config = preferences.propagation

    def _on_frame_tracked(self, frame_index: int) -> None:
        self._latest_frame = frame_index
        if not self._draw_timer.isActive():
            self._draw_timer.start()

    def _draw_latest(self) -> None:
        frame_index, self._latest_frame = self._latest_frame, None
        if frame_index is None:
            return
        start_s = time.perf_counter()
        if self.run.form.value.follow and not self.controller.runs.is_teaching:
            self.link.follow(frame_index)
        self.link.refresh()
        self.show_all()
        took_ms = (time.perf_counter() - start_s) * 1e3
        rest_ms = max(DRAW_INTERVAL_MS, round(REST_PER_DRAWING * took_ms))
        self._draw_timer.setInterval(rest_ms)

    def _on_stopped(self) -> None:
        self._latest_frame = None  # nothing more is drawn
        self._draw_timer.stop()

    def _on_settled(self) -> None:
        self._settle_timer.start()

    def _on_playing(self, is_playing: bool) -> None:
        self.play.show_playing(is_playing, direction=self.link.player.direction)

    def _on_picking(self, is_picking: bool) -> None:
        self.pick.setChecked(is_picking)

    def _on_heatmap_toggled(self, is_shown: bool) -> None:
        self.heatmap.setChecked(is_shown)

    def _on_trails_toggled(self, is_shown: bool) -> None:
        self.trails.setChecked(is_shown)

    def _on_timeline_toggled(self, is_shown: bool) -> None:
        self.show_timeline.setChecked(is_shown)

    def _on_failed(self, sentence: str) -> None:
        self._show_problem(self, sentence)


def _single_shot(parent: QWidget, wait_ms: int, do: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setInterval(wait_ms)
    timer.setSingleShot(True)
    timer.timeout.connect(do)
    return timer


def _close_panel(
    controller: TrackingController,
    link: ViewerLink,
    runner: JobRunner,
    feed: TimelineFeed,
    timeline_dock: TimelineDock,
    *_: object,
) -> None:
    """End the work of a panel that is going away; its boxes are in the project."""
    if not link.is_open:
        return
    feed.close()
    timeline_dock.close()
    runner.close()
    controller.runs.stop()
    for signal in (  # the panel may be deleted already: it hears nothing more
        controller.state.changed,
        controller.state.frame_changed,
        controller.state.session_changed,
        controller.runs.frame_tracked,
        controller.runs.stopped,
        controller.runs.ended,
        controller.state.edited,
        controller.work.changed,
        controller.state.failed,
    ):
        signal.disconnect()
    controller.state.failed.connect(show_error)  # such as: the project cannot be saved
    link.close()


def _connect_timeline(
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
