"""What a tracker is taught, in which order, and when it has to forget."""

from __future__ import annotations

import pytest

from fcot_engine.io import ArrayFrames
from fcot_engine.session.track_store import BoxOrigin, Track, TrackBox
from napari_fcot.tracking.pupil import Pupil, PupilRoom


def make_track(*boxes: TrackBox) -> Track:
    track = Track(1)
    for box in boxes:
        track.put(box)
    return track


def human(frame_index: int, x: float = 10.0) -> TrackBox:
    return TrackBox(frame_index, (x, 10.0, 16.0, 16.0), BoxOrigin.HUMAN)


def tracked(frame_index: int) -> TrackBox:
    return TrackBox(frame_index, (12.0, 10.0, 16.0, 16.0), BoxOrigin.TRACKED)


@pytest.fixture
def source(frames):
    return ArrayFrames(frames)


@pytest.fixture
def pupil(tracker):
    return Pupil(tracker)


def learn(pupil, track, start, source):
    for lesson in pupil.lessons(track, start):
        pupil.teach(lesson, source)


class TestLessons:
    def test_first_box_starts_the_tracker_and_later_ones_correct_it(
        self, pupil, tracker, source
    ):
        track = make_track(human(0), human(3, 22.0))
        learn(pupil, track, human(3, 22.0), source)
        assert [call[0] for call in tracker.calls] == ["init", "correct"]

    def test_box_of_the_start_frame_comes_last(self, pupil):
        track = make_track(human(2), human(5), human(0))
        lessons = pupil.lessons(track, human(5))
        assert [box.frame_index for box in lessons] == [0, 2, 5]

    def test_boxes_behind_the_start_wait_for_the_run(self, pupil):
        track = make_track(human(0), human(8))
        lessons = pupil.lessons(track, human(0))
        assert [box.frame_index for box in lessons] == [0]

    def test_a_box_is_learned_once(self, pupil, source):
        track = make_track(human(0))
        learn(pupil, track, human(0), source)
        assert pupil.lessons(track, human(0)) == []

    def test_a_box_met_on_the_way_is_known(self, pupil, source):
        track = make_track(human(0), human(4))
        learn(pupil, track, human(0), source)
        pupil.note(human(4))
        assert pupil.lessons(track, human(4)) == []

    def test_without_a_human_box_the_start_is_the_lesson(self, pupil):
        track = make_track(tracked(2))
        assert pupil.lessons(track, tracked(2)) == [tracked(2)]

    def test_a_moved_lesson_makes_it_learn_again_from_the_start(
        self, pupil, tracker, source
    ):
        track = make_track(human(0), human(2))
        learn(pupil, track, human(2), source)
        track.put(human(0, 40.0))
        learn(pupil, track, human(2), source)
        assert [call[0] for call in tracker.calls] == ["init", "correct"] * 2

    def test_a_deleted_lesson_is_forgotten(self, pupil, tracker, source):
        track = make_track(human(0), human(2))
        learn(pupil, track, human(2), source)
        track.remove(0)
        learn(pupil, track, human(2), source)
        assert tracker.calls[-1] == ("init", human(2).box_xywh)


class TestPupilRoom:
    def test_prepared_tracker_is_used_by_the_first_target(self, helpers):
        room = PupilRoom(helpers.FakeTracker)
        spare, owner = room.prepare(), type("Owner", (), {})()
        assert room.take(owner, 1) is spare

    def test_each_target_has_its_own_tracker(self, helpers):
        room, owner = PupilRoom(helpers.FakeTracker), type("Owner", (), {})()
        assert room.take(owner, 1).tracker is not room.take(owner, 2).tracker

    def test_a_target_keeps_its_tracker(self, helpers):
        room, owner = PupilRoom(helpers.FakeTracker), type("Owner", (), {})()
        assert room.take(owner, 1) is room.take(owner, 1)
