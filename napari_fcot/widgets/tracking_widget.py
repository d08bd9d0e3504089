"""The tracking panel: shows the controller, forwards clicks, decides nothing."""

from __future__ import annotations

import atexit
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import napari
import numpy as np
from napari.layers import Layer
from napari.utils.notifications import show_error
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QWidget

from fcot_engine.annotation import Direction, Origin, WorkStop
from fcot_engine.errors import MovedVideoError, ProjectError
from napari_fcot.keys import KeyAction, KeyTable, find_taken
from napari_fcot.layers import TargetZoom, ViewerLink, find_canvas, path_of
from napari_fcot.preferences import Preferences, PreferencesStore
from napari_fcot.timeline import (
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
    VideoState,
    count_work,
    describe_box,
    describe_status,
    list_classes,
    list_videos,
    read_class_names,
    write_class_names,
)
from napari_fcot.widgets.dialogs import (
    ExportChoice,
    ImportChoice,
    ask_export,
    ask_folder,
    ask_import,
    ask_key,
    ask_moved_video,
    ask_project_file,
    ask_video_file,
    show_problem,
)
from napari_fcot.widgets.job_runner import JobRunner
from napari_fcot.widgets.network_box import describe_network
from napari_fcot.widgets.panel_keys import PanelKeys, panel_handlers, show_keys
from napari_fcot.widgets.panel_layout import PanelLayout
from napari_fcot.widgets.run_box import RunSettings, plan_run
from napari_fcot.widgets.target_model import TargetLineData
from napari_fcot.widgets.timeline_actions import connect_timeline
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
        ask_folder: asks for a folder of videos.
        ask_project: asks which project to open.
        ask_moved: says that a project's video is gone, and asks where it is.
        ask_export: asks where to export to, and how.
        ask_import: asks which file to import.
        ask_key: asks for another key of an action.
        show_problem: shows a sentence about something that went wrong.
    """

    def __init__(
        self,
        napari_viewer: napari.Viewer,
        controller: TrackingController | None = None,
        *,
        preferences: PreferencesStore | None = None,
        ask_video: Callable[[QWidget, Path | None], Path | None] = ask_video_file,
        ask_folder: Callable[[QWidget, Path | None], Path | None] = ask_folder,
        ask_project: Callable[[QWidget, Path | None], Path | None] = ask_project_file,
        ask_moved: Callable[[QWidget, str], Path | None] = ask_moved_video,
        ask_export: Callable[[QWidget, ExportChoice], ExportChoice | None] = ask_export,
        ask_import: Callable[[QWidget, ImportChoice], ImportChoice | None] = ask_import,
        ask_key: Callable[[QWidget, KeyAction, str], str | None] = ask_key,
        show_problem: Callable[[QWidget, str], None] = show_problem,
    ) -> None:
        preferences = preferences or PreferencesStore()
        self.key_table = KeyTable(preferences.load().keys, taken=find_taken())
        super().__init__(
            preferences, self.key_table, ask_key=ask_key, show_problem=show_problem
        )
        self.preferences = preferences
        self._viewer = napari_viewer
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
        self._ask_folder = ask_folder
        self._ask_project = ask_project
        self._ask_moved = ask_moved
        self._ask_export = ask_export
        self._ask_import = ask_import
        self._show_problem = show_problem
        self._zoom = TargetZoom(napari_viewer)
        self._exported = ExportChoice()
        self._imported = ImportChoice()
        self._latest_frame: int | None = None
        self._layers: list[Layer] = []
        self._seen: weakref.WeakSet[Layer] = weakref.WeakSet()
        self._dropped: Layer | None = None
        self._canvas: QWidget | None = None
        self._draw_timer = _single_shot(self, DRAW_INTERVAL_MS, self._draw_latest)
        self._settle_timer = _single_shot(self, SETTLE_MS, self.controller.work.refresh)
        self._count_timer = _single_shot(self, SETTLE_MS, self._count)
        # after napari is done with a new layer
        self._choose_timer = _single_shot(self, 0, self._choose)
        self._panel_keys = PanelKeys(
            napari_viewer,
            (self, self.timeline),
            self.key_table,
            panel_handlers(self),
        )
        self._fit_timer = _single_shot(self, 0, napari_viewer.reset_view)
        # bound to the parts, not to the panel: they are there when it is gone
        self._close = partial(
            _close_panel,
            self.controller,
            self.link,
            self.runner,
            feed,
            self.timeline_dock,
            self._panel_keys,
        )
        self._connect()
        self._apply_preferences(self.preferences.load())
        self.link.heatmap.set_opacity(self.preferences.load().heatmap_opacity)
        self._refresh_videos()
        self._seen.update(self._layers)  # they stay as a person has put them
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
        ctrl.state.session_changed.connect(self._on_session)
        self.preferences.changed.connect(self._apply_preferences)
        link.videos_changed.connect(self._on_videos_changed)
        link.video_chosen.connect(self._on_video_chosen)
        self.video.file_picked.connect(self.switch_to)
        self.video.folder_wanted.connect(self._on_folder)
        self.video.done_changed.connect(self._on_done)
        self.video.next_wanted.connect(lambda: self.go_to_video(1))
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
        self.network.changed.connect(self._on_network)
        self._connect_view()
        self.tabs.currentChanged.connect(lambda _: self._refresh_statistics())
        self.show_timeline.clicked.connect(self.timeline_dock.show)
        self.timeline.view.frame_wanted.connect(self._on_frame_wanted)
        connect_timeline(self.timeline, ctrl, link.go_to)
        self.export.clicked.connect(lambda: self._on_export())
        self.load.clicked.connect(lambda: self._on_import())
        link.boxes_made.connect(self._panel_keys.bind_to)
        self.key_table.changed.connect(self._on_keys)
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
        table.class_wanted.connect(lambda ids, name: self.give_class(name, ids))
        table.remove_wanted.connect(ctrl.edits.remove_targets)
        table.export_wanted.connect(self._on_export)
        self.classes.class_wanted.connect(self.give_class)
        self.class_colours.toggled.connect(
            lambda is_on: self.preferences.change(class_colours=is_on)
        )

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
        self.play.step_wanted.connect(self.step)
        self.play.step.valueChanged.connect(
            lambda n: self.preferences.change(frame_step=n)
        )
        self.zoom.clicked.connect(lambda: self.zoom_to_target())
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
        """Carry boxes as far as the form says."""
        plan = plan_run(
            self.run.form.value,
            direction,
            frame_index=self.controller.state.frame_index,
            n_frames=self._n_frames,
            selected=self.timeline.view.selected_range,
        )
        if isinstance(plan, str):
            self.controller.state.say(plan)
            return
        if plan.start != self.controller.state.frame_index:
            self.link.go_to(plan.start)
        self.controller.runs.start_tracking(
            direction,
            until=plan.until,
            is_for_all=self.run.form.value.all_targets,
        )

    @property
    def _n_frames(self) -> int:
        session = self.controller.state.session
        return 0 if session is None else session.n_frames

    def give_class(self, name: str, target_ids: Sequence[int] | None = None) -> None:
        """Give targets a class, and keep it in the list.

        Args:
            name: the class.
            target_ids: whom; those that are marked in the table if None.
        """
        chosen = read_class_names(self.preferences.load().classes)
        if name not in chosen:
            known = [one.name for one in self.classes.classes]
            names = list(dict.fromkeys([*known, name]))
            self.preferences.change(classes=write_class_names(names))
            self._refresh_classes()
        ids = self.targets.selected_ids if target_ids is None else list(target_ids)
        colours = {one.name: one.colour for one in self.classes.classes}
        is_coloured = self.preferences.load().class_colours
        colour = colours.get(name) if is_coloured else None
        self.controller.edits.set_class(ids, name, colour=colour)

    def step(self, direction: int) -> None:
        """Go some frames on, or back with -1; how many stands in the tab View."""
        if self._n_frames:
            wanted = (
                self.controller.state.frame_index + direction * self.play.step.value()
            )
            self._on_frame_wanted(min(max(wanted, 0), self._n_frames - 1))

    def zoom_to_target(self) -> None:
        """Show the selected target large, or the view from before."""
        box = self.controller.state.current_box
        if self.link.video is None:
            return
        if not self._zoom.toggle(
            self.link.video, None if box is None else box.box_xywh, self._canvas
        ):
            self.controller.state.say("The target has no box in this frame to zoom to")

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

    def go_to_video(self, step: int) -> None:
        """Work on the next video of the folder, or the one before with -1."""
        video = self.link.video
        path = None if video is None else path_of(video)
        if path is None:
            self.controller.state.say("Open a video file first: its folder is the list")
            return
        paths = [one.path for one in list_videos(path.parent)]
        place = paths.index(path) + step if path in paths else 0
        if 0 <= place < len(paths):
            self.switch_to(paths[place])
        else:
            which = "last" if step > 0 else "first"
            self.controller.state.say(f"{path.name} is the {which} video of the folder")

    def switch_to(self, path: Path) -> None:
        """Work on a video file in place of the one before, which is saved."""
        before = self.link.video
        known = [layer for layer in self.link.candidates if path_of(layer) == path]
        if known:
            self.link.choose_video(known[0])
        else:
            self.link.open_video(path)
        is_other = before is not None and self.link.video is not before
        if is_other and before in self._viewer.layers and path_of(before) is not None:
            self._viewer.layers.remove(before)

    def _on_folder(self) -> None:
        folder = self._ask_folder(self, self._folder)
        if folder is None:
            return
        videos = list_videos(folder)
        todo = [one for one in videos if one.state is not VideoState.DONE] or videos
        if todo:
            self.switch_to(todo[0].path)
        else:
            self._on_failed(f"There is no video in {folder}.")

    def _on_done(self, is_done: bool) -> None:
        session = self.controller.state.session
        if session is not None:
            try:
                session.annotation.mark_done(is_done)
            except ProjectError as error:
                self._on_failed(str(error))
            self.show_all()

    def _on_video(self, row: int) -> None:
        self.link.choose_video(self._layers[row])

    def _on_open(self) -> None:
        path = self._ask_video(self, self._folder)
        if path is not None:
            self.link.open_video(path)

    def _on_project(self) -> None:
        path = self._ask_project(self, self._folder)
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

    def _on_network(self, choice: TrackerChoice) -> None:
        self.preferences.change(preset=choice.preset, device=choice.device)

    def _on_keys(self) -> None:
        self.preferences.change(keys=self.key_table.to_text())
        show_keys(self, self.key_table)

    def _on_look(self, look: HeatmapLook) -> None:
        self.link.heatmap.show_kind(look.kind)

    def _on_export(self, target_ids: Sequence[int] | None = None) -> None:
        begin = self._exported
        if begin.folder is None:
            begin = replace(begin, folder=self._folder)
        choice = self._ask_export(self, begin)
        if choice is not None and choice.folder is not None:
            self._exported = choice  # to begin with the next time
            self.controller.runs.start_export(
                choice.folder,
                formats=choice.formats,
                target_ids=target_ids,
                with_images=choice.images,
            )

    @property
    def _folder(self) -> Path | None:
        """The folder of the video at work, where dialogs begin."""
        video = self.link.video
        path = None if video is None else path_of(video)
        return None if path is None else path.parent

    def _on_import(self) -> None:
        begin = self._imported
        if begin.path is None:
            begin = replace(begin, path=self._folder)
        choice = self._ask_import(self, begin)
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
        self._refresh_classes()
        self.network_text.setText(describe_network(ctrl))
        self._refresh_statistics()
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
        session = ctrl.state.session
        self.video.show_done(
            session is not None and session.annotation.is_done,
            can_change=ctrl.state.is_saved,
        )
        self.video.show_project(ctrl.state.project_path, is_saved=ctrl.state.is_saved)
        self.show_frame()

    def show_frame(self) -> None:
        """Show what depends on the frame on the screen; comes with every step."""
        ctrl = self.controller
        self.edit.setEnabled(
            ctrl.state.session is not None and ctrl.state.current_box is not None
        )
        self.run.show_state(ctrl)
        self.box_text.setText(self._describe_frame())
        self.status.setText(describe_status(ctrl))
        self.zoom.setEnabled(ctrl.state.current_box is not None)

    def _describe_frame(self) -> str:
        state = self.controller.state
        if state.session is None:
            return ""
        looked = state.selected_id is not None and state.session.annotation.looks_good(
            state.selected_id, state.frame_index
        )
        good = ", looks good to you" if looked else ""
        missing = ". No score map here" if self.link.heatmap.is_missing else ""
        box = describe_box(state.current_box)
        return f"Frame {state.frame_index}: {box}{good}{missing}"

    def _refresh_classes(self) -> None:
        targets, selected = (
            self.controller.state.targets,
            self.controller.state.selected,
        )
        self.classes.show_classes(
            list_classes(
                read_class_names(self.preferences.load().classes),
                (target.info.class_name for target in targets),
            ),
            self.controller.edits.class_of_first
            if selected is None
            else selected.info.class_name,
        )

    def _refresh_statistics(self) -> None:
        """Count anew, but not for each frame of a run: that takes a while."""
        if not self.controller.runs.can_stop and self.statistics.isVisible():
            self._count_timer.start()

    def _count(self) -> None:
        session = self.controller.state.session
        self.statistics.setText(
            "" if session is None else count_work(session.annotation).text
        )

    def _refresh_check(self) -> None:
        ctrl = self.controller
        self.check.set_enabled(ctrl.runs.can_check)
        if ctrl.runs.activity is Activity.CHECKING:
            self.check.show_running(ctrl.runs.n_checked, ctrl.runs.n_to_check)
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
        """A video that is dropped on the window takes the place of the one at work."""
        if self.link.video is not None:
            new = [one for one in self.link.candidates if one not in self._layers]
            self._dropped = next(filter(_is_video_file, new), self._dropped)
        self._refresh_videos()
        self._choose_timer.start()

    def _choose(self) -> None:
        dropped, self._dropped = self._dropped, None
        if dropped is not None and dropped in self.link.candidates:
            self.link.choose_video(dropped)
        else:
            self.link.choose_first_video()

    def _on_video_chosen(self) -> None:
        """Show one video at a time, a new one from its beginning."""
        self._refresh_videos()
        video = self.link.video
        if video is None:
            return
        for layer in self.link.candidates:
            if layer is not video and _is_video_file(layer):
                layer.visible = False
        if video not in self._seen:
            self._seen.add(video)
            self.link.go_to(0)
            self._fit_timer.start()
        video.visible = True

    def _refresh_videos(self) -> None:
        self._layers = self.link.candidates
        chosen = self.link.video
        row = self._layers.index(chosen) if chosen in self._layers else -1
        shown = {path_of(layer) for layer in self._layers}
        folder = self._folder
        files = [] if folder is None else list_videos(folder)
        self.video.show_videos(
            [layer.name for layer in self._layers],
            row,
            [one for one in files if one.path not in shown],
        )

    def _apply_preferences(self, preferences: Preferences) -> None:
        ctrl = self.controller
        choice = TrackerChoice(preset=preferences.preset, device=preferences.device)
        ctrl.use_trackers(choice)
        if self.network.value != choice:
            self.network.value = choice
        self.key_table.read(preferences.keys)
        show_keys(self, self.key_table)
        self.class_colours.setChecked(preferences.class_colours)
        self.play.step.setValue(preferences.frame_step)
        self._refresh_classes()
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

    def _on_session(self) -> None:
        self.check.clear()
        self._exported = replace(self._exported, folder=None)
        self._imported = replace(self._imported, path=None)
        self._zoom.forget()
        if self.link.video is not None:
            self._panel_keys.bind_to(self.link.video)

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


def _is_video_file(layer: Layer) -> bool:
    return layer.ndim >= 3 and path_of(layer) is not None


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
    panel_keys: PanelKeys,
    *_: object,
) -> None:
    """End the work of a panel that is going away; its boxes are in the project."""
    if not link.is_open:
        return
    panel_keys.close()
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
