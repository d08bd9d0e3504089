from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fcot_engine.annotation import (
    AnnotatedTarget,
    AnnotationSession,
    Box,
    BoxTable,
    Makers,
    Origin,
    Span,
    SpanKind,
    TargetInfo,
)
from fcot_engine.config import LessonConfig
from fcot_engine.errors import MovedVideoError, OtherVideoError, TrainingError
from fcot_engine.training import label_target, open_project
from fcot_engine.video import open_frames

CONFIG = LessonConfig()
N_FRAMES = 60


def place(frame):
    return (10.0 + frame, 20.0, 24.0, 16.0)


def make_target(*, lost=(), disagreement=None, score=0.9, spans=()):
    """Drawn in 0 and 40, tracked in between and to frame 59."""
    makers = Makers()
    table = BoxTable(makers)
    for frame in range(N_FRAMES):
        drawn = frame in (0, 40)
        box = Box(
            frame,
            place(frame),
            Origin.HUMAN if drawn else Origin.TRACKED,
            score=1.0 if drawn else score,
            is_lost=frame in lost,
            disagreement=(disagreement or {}).get(frame),
        )
        table.put(np.array([frame]), box.to_rows(makers))
    return AnnotatedTarget(TargetInfo(1, "Ann", spans=tuple(spans)), table)


def label(config=CONFIG, **changes):
    return label_target(make_target(**changes), N_FRAMES, config)


class TestTrust:
    def test_drawn_count_fully_tracked_by_score_and_less_outside(self):
        found = label()
        assert np.flatnonzero(found.is_drawn).tolist() == [0, 40]
        assert found.trust[[0, 40]].tolist() == [1.0, 1.0]
        assert found.trust[20] == pytest.approx(0.25 * 0.9)
        assert found.trust[50] == pytest.approx(0.1 * 0.9)
        np.testing.assert_allclose(found.boxes_xywh[20], place(20))

    def test_low_scores_are_left_out(self):
        found = label(replace(CONFIG, min_score=0.95))
        assert np.flatnonzero(found.trust).tolist() == [0, 40]

    def test_hidden_segment_counts_only_where_drawn(self):
        found = label(spans=[Span(35, 45, SpanKind.OCCLUDED)])
        assert found.trust[40] == 1.0
        assert not found.trust[35:40].any() and not found.trust[41:46].any()

    def test_frames_out_of_view_do_not_count(self):
        found = label(spans=[Span(10, 20, SpanKind.OUT_OF_VIEW)])
        assert not found.trust[10:21].any()

    def test_lost_frames_do_not_count(self):
        found = label(lost=(7, 8))
        assert found.trust[7] == found.trust[8] == 0
        assert found.trust[6] > 0

    def test_boxes_the_two_passes_disagree_about_do_not_count(self):
        trust = label(disagreement={12: 0.39, 13: 0.41}).trust
        assert trust[12] > 0 and trust[13] == 0


def draw_project(folder, path, *, draws=True):
    """A project on a folder of images, with a drawn box or with none."""
    source = open_frames(folder)
    session = AnnotationSession.create(source, lambda: None, path, video_path=folder)
    ann = session.edit.add_target("Ann")
    session.edit.add_target("empty")
    if draws:
        session.edit.draw_box(ann, 2, place(2))
    session.close()
    source.close()
    return path


@pytest.fixture
def film(tmp_path):
    folder = tmp_path / "film"
    folder.mkdir()
    for index in range(12):
        Image.new("RGB", (96, 64), (20 * index, 0, 0)).save(folder / f"{index:02d}.png")
    return folder


@pytest.fixture
def project(tmp_path, film):
    return draw_project(film, tmp_path / "film.fcot")


class TestOpenProject:
    def test_targets_with_drawn_boxes_and_the_video(self, project):
        video = open_project(project, CONFIG)
        assert video.name == "film"
        assert [target.name for target in video.targets] == ["Ann"]
        assert len(video.source) == 12
        video.source.close()

    def test_project_is_as_it_was_and_free_again(self, project):
        before = project.read_bytes()
        open_project(project, CONFIG).source.close()
        assert project.read_bytes() == before
        open_project(project, CONFIG).source.close()

    def test_moved_video_is_asked_for_and_taken(self, project, film, tmp_path):
        moved = film.rename(tmp_path / "elsewhere")
        with pytest.raises(MovedVideoError):
            open_project(project, CONFIG)
        open_project(project, CONFIG, video_path=moved).source.close()

    def test_other_video_is_refused(self, project, film):
        Image.new("RGB", (96, 64)).save(film / "99.png")
        with pytest.raises(OtherVideoError, match="13 frames"):
            open_project(project, CONFIG)

    def test_project_without_drawn_boxes_is_refused(self, tmp_path, film):
        path = draw_project(film, tmp_path / "none.fcot", draws=False)
        with pytest.raises(TrainingError, match="Nobody drew a box"):
            open_project(path, CONFIG)
