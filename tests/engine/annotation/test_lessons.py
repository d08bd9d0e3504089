from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fcot_engine.annotation import AnnotationSession, SpanKind, open_lessons
from fcot_engine.annotation.lessons import label_target
from fcot_engine.config import LessonConfig
from fcot_engine.errors import MovedVideoError, OtherVideoError, TrainingError
from fcot_engine.video import open_frames

CONFIG = LessonConfig()


@pytest.fixture
def labelled(one_target, finish):
    """Drawn in 0 and 40, tracked in between and to frame 59."""
    session, target = one_target
    finish(session.propagate(0))
    session.draw_box(target, 40, session.source.truth(40))
    return session, target


def label(session, target, config=CONFIG):
    return label_target(session.annotations[target], len(session.source), config)


class TestTrust:
    def test_drawn_count_fully_tracked_by_score_and_less_outside(self, labelled):
        found = label(*labelled)
        assert np.flatnonzero(found.is_drawn).tolist() == [0, 40]
        assert found.trust[[0, 40]].tolist() == [1.0, 1.0]
        assert found.trust[20] == pytest.approx(0.25 * 0.9)
        assert found.trust[50] == pytest.approx(0.1 * 0.9)
        np.testing.assert_allclose(
            found.boxes_xywh[20], labelled[0].source.truth(20), atol=0.5
        )

    def test_low_scores_are_left_out(self, labelled):
        found = label(*labelled, replace(CONFIG, min_score=0.95))
        assert np.flatnonzero(found.trust).tolist() == [0, 40]

    def test_hidden_stretch_counts_only_where_drawn(self, labelled):
        session, target = labelled
        session.mark_span(target, 35, 45, SpanKind.OCCLUDED)
        found = label(session, target)
        assert found.trust[40] == 1.0
        assert not found.trust[35:40].any() and not found.trust[41:46].any()

    def test_frames_out_of_view_do_not_count(self, labelled):
        session, target = labelled
        session.mark_span(target, 10, 20, SpanKind.OUT_OF_VIEW)
        assert not label(session, target).trust[10:21].any()

    def test_lost_frames_do_not_count(self, video, make_shop, finish):
        session = AnnotationSession(video, make_shop(lost_in=(7, 8)))
        target = session.add_target()
        session.draw_box(target, 0, video.truth(0))
        finish(session.propagate(0))
        found = label(session, target)
        assert found.trust[7] == found.trust[8] == 0
        assert found.trust[6] > 0

    def test_boxes_the_two_runs_disagree_about_do_not_count(self, labelled):
        session, target = labelled
        table = session.annotations[target].boxes
        frames = np.array([12, 13])
        rows = table.take(frames)
        rows["disagreement"] = (0.39, 0.41)
        table.put(frames, rows)  # as a fused run would leave them
        trust = label(session, target).trust
        assert trust[12] > 0 and trust[13] == 0


@pytest.fixture
def project(tmp_path, make_video, make_shop, finish):
    """A project on a folder of images, with a drawn box."""
    folder = tmp_path / "film"
    folder.mkdir()
    video = make_video(12)
    for index in range(12):
        Image.fromarray(video.read(index)).save(folder / f"{index:02d}.png")
    source = open_frames(folder)
    path = tmp_path / "film.fcot.json"
    session = AnnotationSession.create(source, make_shop(), path, video_path=folder)
    drawn = session.add_target("Ann")
    session.draw_box(drawn, 2, video.truth(2))
    finish(session.propagate(2))
    session.add_target("empty")
    session.close()
    source.close()
    return path


class TestOpenLessons:
    def test_targets_with_drawn_boxes_and_the_video(self, project):
        video = open_lessons(project, CONFIG)
        assert video.name == "film"
        assert [target.name for target in video.targets] == ["Ann"]
        assert len(video.source) == 12
        video.source.close()

    def test_project_is_as_it_was_and_free_again(self, project):
        before = project.read_bytes()
        open_lessons(project, CONFIG).source.close()
        assert project.read_bytes() == before
        open_lessons(project, CONFIG).source.close()

    def test_moved_video_is_asked_for_and_taken(self, project, tmp_path):
        moved = (tmp_path / "film").rename(tmp_path / "elsewhere")
        with pytest.raises(MovedVideoError):
            open_lessons(project, CONFIG)
        open_lessons(project, CONFIG, video_path=moved).source.close()

    def test_other_video_is_refused(self, project, tmp_path):
        Image.new("RGB", (200, 120)).save(tmp_path / "film" / "99.png")
        with pytest.raises(OtherVideoError, match="13 frames"):
            open_lessons(project, CONFIG)

    def test_project_without_drawn_boxes_is_refused(self, tmp_path, project):
        session_path = tmp_path / "none.fcot.json"
        source = open_frames(tmp_path / "film")
        AnnotationSession.create(
            source, lambda: None, session_path, video_path=tmp_path / "film"
        ).close()
        source.close()
        with pytest.raises(TrainingError, match="Nobody drew a box"):
            open_lessons(session_path, CONFIG)
