"""The window that `fcot demo` opens."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from fcot_engine.errors import BoxError
from napari_fcot import launch
from napari_fcot.preferences import PreferencesStore
from napari_fcot.tracking import Activity, TrackingController
from napari_fcot.widgets import TrackingWidget


@pytest.fixture
def panel(qtbot, frames, tracker):
    viewer = ViewerModel()
    viewer.add_image(frames, rgb=True)
    panel = TrackingWidget(
        viewer,
        TrackingController(lambda: tracker),
        preferences=PreferencesStore.in_memory(),
        show_problem=lambda *_: None,
    )
    qtbot.addWidget(panel)
    yield panel
    panel.controller.runs.stop()
    qtbot.waitUntil(lambda: not panel.runner.is_busy)


class TestStart:
    def test_with_a_box_tracking_is_under_way(self, panel, helpers):
        launch.start(panel, helpers.square_box(0))
        assert panel.controller.runs.activity is Activity.TRACKING

    def test_without_a_box_it_waits_for_one(self, panel):
        launch.start(panel, None)
        assert panel.controller.runs.activity is Activity.IDLE
        assert "Draw a box" in panel.status.text()

    def test_a_box_outside_waits_for_another(self, panel):
        launch.start(panel, (900.0, 900.0, 10.0, 10.0))
        assert panel.controller.runs.activity is Activity.IDLE


class TestParseBox:
    def test_four_numbers(self):
        assert launch.parse_box("1,2.5, 3,4") == (1.0, 2.5, 3.0, 4.0)

    @pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,four", "1;2;3;4"])
    def test_anything_else_is_refused(self, text):
        with pytest.raises(BoxError, match="four numbers X,Y,W,H"):
            launch.parse_box(text)


class TestMain:
    def test_missing_video_is_one_line(self, capsys, tmp_path):
        assert launch.main([str(tmp_path / "none.mp4")]) == 1
        assert capsys.readouterr().err.count("\n") == 1

    def test_bad_box_is_one_line(self, capsys):
        assert launch.main(["--box", "1,2,3"]) == 1
        assert "X,Y,W,H" in capsys.readouterr().err

    def test_box_and_video_reach_the_window(self, monkeypatch):
        asked = []
        monkeypatch.setattr(launch, "show_demo", lambda *words: asked.append(words))
        assert launch.main(["video.mp4", "--box=1,2,3,4"]) == 0
        assert asked == [("video.mp4", (1.0, 2.0, 3.0, 4.0))]


def test_sample_comes_with_its_box(monkeypatch, frames):
    class Sample:
        name, frame_rate = "square", 25.0
        boxes_xywh = np.array([[10.0, 20.0, 16.0, 16.0]])

    Sample.frames = frames
    monkeypatch.setattr("fcot_engine.sample.make_sample_video", Sample)
    (data, options, kind), box = launch._open_sample()
    assert data is frames
    assert (options["name"], kind) == ("square", "image")
    assert box == (10.0, 20.0, 16.0, 16.0)
