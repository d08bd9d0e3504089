"""The panel shows what the controller knows."""

from __future__ import annotations

import numpy as np

from fcot_engine.annotation import Origin
from napari_fcot.preferences import PreferencesStore
from napari_fcot.tracking import (
    Activity,
    TrackingController,
    describe_box,
    describe_status,
)
from napari_fcot.widgets.panel_layout import PanelLayout
from napari_fcot.widgets.target_line import TargetLineData

__all__ = ["PanelDisplay"]


class PanelDisplay(PanelLayout):
    """Brings the parts of the panel in step with a controller; changes nothing there.

    Args:
        preferences: what the person has set.
        controller: what is shown.
    """

    def __init__(
        self, preferences: PreferencesStore, controller: TrackingController
    ) -> None:
        super().__init__(preferences)
        self.controller = controller

    def show_all(self) -> None:
        """Show everything but the work list; cheap where nothing changed."""
        ctrl = self.controller
        self._refresh_targets()
        self.draw.setEnabled(ctrl.can_edit)
        self.new_target.setEnabled(ctrl.can_edit)
        self.undo.setEnabled(ctrl.can_undo)
        self.redo.setEnabled(ctrl.can_redo)
        self.progress.show_state(ctrl)
        for part in (self.heatmap, self.heatmap_look, self.pick, self.play):
            part.setEnabled(ctrl.can_edit)
        self.export.export.setEnabled(ctrl.can_export)
        self.export.load.setEnabled(ctrl.can_edit and not ctrl.can_stop)
        self.report.show_reports(ctrl.report, self._names())
        self._refresh_check()
        self._refresh_first_steps()
        self.video.show_project(ctrl.project_path, is_saved=ctrl.is_saved)
        self.show_frame()

    def show_frame(self) -> None:
        """Show what depends on the frame on the screen; comes with every step."""
        ctrl = self.controller
        self.edit.setEnabled(ctrl.can_edit and ctrl.current_box is not None)
        self.run.show_state(ctrl)
        self.box_text.setText(
            f"Frame {ctrl.frame_index}: {describe_box(ctrl.current_box)}"
            if ctrl.session is not None
            else ""
        )
        self.status.setText(describe_status(ctrl))

    def _refresh_check(self) -> None:
        ctrl = self.controller
        self.check.set_enabled(ctrl.can_check)
        if ctrl.activity is Activity.CHECKING:
            self.check.show_running(ctrl.n_checked)
        elif ctrl.check is not None:
            self.check.show_result(ctrl.check)
        elif self.check.is_running:
            self.check.clear()

    def _refresh_first_steps(self) -> None:
        boxes = [target.boxes for target in self.controller.targets]
        origins = {int(o) for table in boxes for o in np.unique(table.rows()["origin"])}
        self.first_steps.show_progress(
            has_video=self.controller.session is not None,
            has_box=bool(origins & {Origin.HUMAN, Origin.CORRECTED}),
            has_run=Origin.TRACKED in origins,
            has_correction=Origin.CORRECTED in origins,
        )

    def show_work(self) -> None:
        """Show where to look next."""
        self.work.show_stops(self.controller.stops, self._names())

    def _names(self) -> dict[int, str]:
        return {
            target.target_id: target.info.name for target in self.controller.targets
        }

    def _refresh_targets(self) -> None:
        session = self.controller.session
        hidden = set() if session is None else session.hidden_ids
        self.targets.show_targets(
            [
                TargetLineData.of_target(
                    target,
                    is_visible=target.target_id not in hidden,
                    is_locked=self.controller.is_locked(target.target_id),
                )
                for target in self.controller.targets
            ],
            self.controller.selected_id,
        )
