"""What people see and click: the panel, its list, its dialogs, its worker."""

from __future__ import annotations

from napari_fcot.widgets.tracking_widget import TrackingWidget

__all__ = [
    "TrackingWidget",
]
