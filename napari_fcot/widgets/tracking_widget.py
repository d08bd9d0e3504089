"""The tracking panel: shows the controller, forwards clicks, decides nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import napari
from napari.layers import Layer
from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_fcot.layers.viewer_link import ViewerLink
from napari_fcot.timeline import (
    TimelineDock,
    TimelineFeed,
    TimelineModel,
    TimelineWidget,
)
from napari_fcot.timeline.timeline_colors import TimelineColors
from napari_fcot.tracking.controller import Activity, TrackingController
from napari_fcot.tracking.job import Job
from napari_fcot.tracking.status_text import describe_box, describe_status
from napari_fcot.widgets.dialogs import ask_export_folder, ask_video_file, show_problem
from napari_fcot.widgets.job_runner import JobRunner
from napari_fcot.widgets.target_list import TargetList

__all__ = ["TrackingWidget"]

DRAW_INTERVAL_MS = 40
"""Live boxes are drawn at most this often."""
REST_PER_DRAWING = 3
"""How long the window rests after a drawing, over how long that took. A slow window
(software OpenGL, all cores at work) then has time for clicks, and the tracker for
frames: Stop waits for one drawing at most, not for a queue of them."""


class TrackingWidget(QWidget):
    """Draw a box, track it, correct it, export it.

    Args:
        napari_viewer: the viewer that the panel is docked in; napari hands it in by
            this name.
        controller: the state behind the panel; a new one by default.
        ask_video: asks which file to open.
        ask_folder: asks where to export to.
        show_problem: shows a sentence about something that went wrong.
    """

    def __init__(
        self,
        napari_viewer: napari.Viewer,
        controller: TrackingController | None = None,
        *,
        ask_video: Callable[[QWidget], Path | None] = ask_video_file,
        ask_folder: Callable[[QWidget], Path | None] = ask_export_folder,
        show_problem: Callable[[QWidget, str], None] = show_problem,
    ) -> None:
        super().__init__()
        self.controller = controller or TrackingController()
        self.link = ViewerLink(napari_viewer, self.controller)
        self.runner = JobRunner(self.controller.accept, self.controller.finish)
        self.timeline = TimelineWidget(
            TimelineModel(), TimelineColors.of_theme(napari_viewer.theme)
        )
        feed = TimelineFeed(self.controller, self.timeline.model)
        self.timeline_dock = TimelineDock(
            napari_viewer, self.timeline, on_toggled=self._on_timeline_toggled
        )
        self._ask_video = ask_video
        self._ask_folder = ask_folder
        self._show_problem = show_problem
        self._latest_frame: int | None = None
        self._layers: list[Layer] = []
        self._draw_timer = QTimer(self)
        self._draw_timer.setInterval(DRAW_INTERVAL_MS)
        self._draw_timer.setSingleShot(True)
        self._draw_timer.timeout.connect(self._draw_latest)
        self._choose_timer = QTimer(self)  # after napari is done with a new layer
        self._choose_timer.setSingleShot(True)
        self._choose_timer.timeout.connect(self.link.choose_first_video)
        # bound to the parts, not to the panel: they are there when it is gone
        self._close = partial(
            _close, self.controller, self.link, self.runner, feed, self.timeline_dock
        )
        self._build()
        self._connect()
        self._refresh_videos()
        self.link.choose_first_video()
        self._refresh()
        self._run(self.controller.prepare())
        self.timeline_dock.show()

    # --- building ------------------------------------------------------------

    def _build(self) -> None:
        self.videos = QComboBox()
        self.videos.setToolTip("An Image layer with the axes (time, y, x)")
        self.videos.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.open = QPushButton("Open…")
        self.open.setToolTip("Open a video file frame by frame, however long it is")
        self.targets = TargetList()
        self.new_target = QPushButton("New target")
        self.new_target.setToolTip("Follow one more object (N on the box layer)")
        self.draw = QPushButton("Draw box")
        self.draw.setToolTip("Then press and drag over the object in the video")
        self.edit = QPushButton("Edit box")
        self.edit.setToolTip("Move or resize the box; that corrects the tracker")
        self.box_text = QLabel()
        self.track = QPushButton("Track forward")
        self.track.setToolTip(
            "Follow the object from this frame to the end (Shift+T on the box layer)"
        )
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("Stop at once; everything tracked so far is kept")
        self.progress_bar = QProgressBar()
        self.progress_bar.setTextVisible(False)
        self.progress_text = QLabel()
        self.follow = QCheckBox("Show each frame while tracking")
        self.follow.setChecked(True)
        self.heatmap = QCheckBox("Show heatmap")
        self.heatmap.setToolTip("Where the tracker sees the selected target")
        self.show_timeline = QCheckBox("Show timeline")
        self.show_timeline.setToolTip("Every target along time, below the video")
        self.mot = QCheckBox("MOT")
        self.coco = QCheckBox("COCO")
        self.mot.setChecked(True)
        self.coco.setChecked(True)
        self.export = QPushButton("Export…")
        self.export.setToolTip("Write all boxes into a folder")
        self.status = QLabel()
        self.status.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
        )
        for label in (self.box_text, self.progress_text, self.status):
            label.setWordWrap(True)
        self.setLayout(self._arrange())

    def _arrange(self) -> QVBoxLayout:
        top = QFormLayout()
        top.addRow("Video", _row(self.videos, self.open))

        target = QGroupBox("Target")
        in_target = QVBoxLayout(target)
        in_target.addWidget(self.targets)
        in_target.addLayout(_row(self.draw, self.edit, self.new_target))
        in_target.addWidget(self.box_text)

        tracking = QGroupBox("Tracking")
        in_tracking = QVBoxLayout(tracking)
        in_tracking.addLayout(_row(self.track, self.stop))
        in_tracking.addWidget(self.progress_bar)
        in_tracking.addWidget(self.progress_text)
        in_tracking.addWidget(self.follow)
        in_tracking.addLayout(_row(self.heatmap, self.show_timeline))

        export = QGroupBox("Export")
        export.setLayout(_row(self.mot, self.coco, self.export))

        layout = QVBoxLayout()
        layout.addLayout(top)
        for group in (target, tracking, export):
            layout.addWidget(group)
        layout.addWidget(self.status)
        layout.addStretch(1)
        return layout

    def _connect(self) -> None:
        ctrl, link = self.controller, self.link
        ctrl.changed.connect(self._refresh)
        ctrl.frame_tracked.connect(self._on_frame_tracked)
        ctrl.stopped.connect(self._on_stopped)
        ctrl.failed.connect(self._on_failed)
        link.videos_changed.connect(self._on_videos_changed)
        link.video_chosen.connect(self._refresh_videos)
        link.track_wanted.connect(self._on_track_key)
        link.heatmap_toggled.connect(self._on_heatmap_toggled)
        self.videos.activated.connect(self._on_video)
        self.open.clicked.connect(self._on_open)
        self.targets.target_picked.connect(ctrl.select)
        self.targets.target_renamed.connect(ctrl.rename)
        self.new_target.clicked.connect(self._on_new_target)
        self.draw.clicked.connect(lambda: link.start_drawing())
        self.edit.clicked.connect(lambda: link.start_editing())
        self.track.clicked.connect(lambda: self.start_tracking())
        self.stop.clicked.connect(lambda: ctrl.stop())
        self.heatmap.toggled.connect(link.show_heatmap)
        self.show_timeline.clicked.connect(self.timeline_dock.show)
        self.timeline.view.frame_wanted.connect(self._on_frame_wanted)
        self.timeline.view.target_wanted.connect(ctrl.select)
        self.export.clicked.connect(self._on_export)
        self.destroyed.connect(self._close)

    # --- what a person does --------------------------------------------------

    def start_tracking(self) -> None:
        """Track forward from the frame on the screen."""
        self._run(self.controller.start_tracking())

    def _on_track_key(self) -> None:
        if self.controller.can_stop:
            self.controller.stop()
        else:
            self.start_tracking()

    def _on_video(self, row: int) -> None:
        self.link.choose_video(self._layers[row])

    def _on_open(self) -> None:
        path = self._ask_video(self)
        if path is not None:
            self.link.open_video(path)

    def _on_frame_wanted(self, frame_index: int) -> None:
        if self.controller.can_stop:  # else the run would take the view away again
            self.follow.setChecked(False)
        self.link.go_to(frame_index)

    def _on_new_target(self) -> None:
        self.controller.add_target()
        self.link.start_drawing()

    def _on_export(self) -> None:
        chosen = {"mot": self.mot.isChecked(), "coco": self.coco.isChecked()}
        formats = tuple(name for name, is_on in chosen.items() if is_on)
        folder = self._ask_folder(self) if formats else Path()
        if folder is not None:
            self._run(self.controller.start_export(folder, formats=formats))

    def _run(self, job: Job | None) -> None:
        if job is not None:
            self.runner.start(job)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Notice when napari takes the panel out of its dock, which is for good."""
        is_moved = event is not None and event.type() == QEvent.Type.ParentChange
        if is_moved and self.parent() is None:
            self._close()
        super().changeEvent(event)

    # --- what the panel shows ------------------------------------------------

    def _on_videos_changed(self) -> None:
        self._refresh_videos()
        self._choose_timer.start()

    def _refresh_videos(self) -> None:
        self._layers = self.link.candidates
        self.videos.clear()
        self.videos.addItems([layer.name for layer in self._layers])
        chosen = self.link.video
        row = self._layers.index(chosen) if chosen in self._layers else -1
        self.videos.setCurrentIndex(row)
        self.videos.setPlaceholderText(
            "Choose a video layer" if self._layers else "Open a video first"
        )

    def _refresh(self) -> None:
        ctrl = self.controller
        self.targets.show_targets(ctrl.targets, ctrl.selected)
        self.draw.setEnabled(ctrl.can_edit and self.link.video is not None)
        self.edit.setEnabled(self.draw.isEnabled() and ctrl.current_box is not None)
        self.new_target.setEnabled(self.draw.isEnabled())
        self.track.setEnabled(ctrl.can_track)
        self.stop.setEnabled(ctrl.can_stop)
        self.heatmap.setEnabled(self.link.video is not None)
        self.export.setEnabled(ctrl.can_export)
        self.box_text.setText(
            f"Frame {ctrl.frame_index}: {describe_box(ctrl.current_box)}"
            if ctrl.session is not None
            else ""
        )
        self.status.setText(describe_status(ctrl))
        self._refresh_progress()

    def _refresh_progress(self) -> None:
        progress = self.controller.progress
        is_waiting = self.controller.activity is Activity.EXPORTING or (
            self.controller.can_stop and bool(self.controller.stage)
        )
        if is_waiting:  # nobody knows how long: the bar moves to and fro
            self.progress_bar.setRange(0, 0)
        else:
            self.progress_bar.setRange(0, 1 if progress is None else progress.total)
            self.progress_bar.setValue(0 if progress is None else progress.done)
        self.progress_text.setText(
            ""
            if progress is None
            else progress.describe(is_running=self.controller.can_stop)
        )

    def _on_frame_tracked(self, frame_index: int) -> None:
        self._latest_frame = frame_index
        if not self._draw_timer.isActive():
            self._draw_timer.start()

    def _draw_latest(self) -> None:
        frame_index, self._latest_frame = self._latest_frame, None
        if frame_index is None:
            return
        start_s = time.perf_counter()
        if self.follow.isChecked():
            self.link.go_to(frame_index)
        self.link.refresh()
        self._refresh()
        took_ms = (time.perf_counter() - start_s) * 1e3
        rest_ms = max(DRAW_INTERVAL_MS, round(REST_PER_DRAWING * took_ms))
        self._draw_timer.setInterval(rest_ms)

    def _on_stopped(self) -> None:
        self._latest_frame = None  # nothing more is drawn
        self._draw_timer.stop()

    def _on_heatmap_toggled(self, is_shown: bool) -> None:
        self.heatmap.setChecked(is_shown)

    def _on_timeline_toggled(self, is_shown: bool) -> None:
        self.show_timeline.setChecked(is_shown)

    def _on_failed(self, sentence: str) -> None:
        self._show_problem(self, sentence)


def _row(*widgets: QWidget) -> QHBoxLayout:
    """Put widgets side by side; a list takes what buttons leave."""
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget, stretch=isinstance(widget, QComboBox))
    return row


def _close(
    controller: TrackingController,
    link: ViewerLink,
    runner: JobRunner,
    feed: TimelineFeed,
    timeline_dock: TimelineDock,
    *_: object,
) -> None:
    """End the work of a panel that is going away; its boxes stay with the video."""
    feed.close()
    timeline_dock.close()
    runner.close()
    controller.stop()
    link.close()
