from __future__ import annotations

import pytest

from fcot_engine.annotation import Box, Origin, Rejection
from fcot_engine.annotation.taught_tracker import TaughtTracker, TrackerRoom


def drawn(video, frame, *, shift=0.0):
    x, y, w, h = video.truth(frame)
    return Box(frame, (x + shift, y, w, h), Origin.HUMAN)


def teach_all(taught, video, boxes, start):
    lessons = taught.missing(boxes, start)
    for lesson in lessons:
        taught.teach(lesson, video.read(lesson.frame_index))
    return [lesson.frame_index for lesson in lessons]


@pytest.fixture
def taught(shop):
    return TaughtTracker(shop())


@pytest.fixture
def verbs(taught):
    """What the tracker was asked for, without the places it was put on."""
    return lambda: [c for c in taught.tracker.calls if c[0] != "place"]


def test_first_lesson_starts_and_others_correct(taught, video, verbs):
    boxes = [drawn(video, 3), drawn(video, 8)]
    teach_all(taught, video, boxes, boxes[0])
    assert verbs() == [("init", 3), ("correct", 8)]


def test_each_box_is_taught_once(taught, video):
    boxes = [drawn(video, 3)]
    teach_all(taught, video, boxes, boxes[0])
    boxes.append(drawn(video, 8))
    assert teach_all(taught, video, boxes, boxes[0]) == [8]
    assert teach_all(taught, video, boxes, boxes[1]) == []


def test_without_drawn_boxes_the_start_is_the_lesson(taught, video):
    start = Box(5, video.truth(5), Origin.TRACKED)
    assert teach_all(taught, video, [], start) == [5]
    assert teach_all(taught, video, [], start) == []


@pytest.mark.parametrize("shift", [4.0, None], ids=["moved", "deleted"])
def test_wrong_lesson_is_forgotten_with_all_others(taught, video, verbs, shift):
    boxes = [drawn(video, 3), drawn(video, 8)]
    teach_all(taught, video, boxes, boxes[0])
    now = [boxes[0]] if shift is None else [boxes[0], drawn(video, 8, shift=shift)]
    assert teach_all(taught, video, now, now[0]) == [box.frame_index for box in now]
    assert ("init", 3) in verbs()[2:]


def test_stand_in_is_forgotten_once_a_person_draws(taught, video, verbs):
    teach_all(taught, video, [], Box(5, video.truth(5), Origin.TRACKED))
    boxes = [drawn(video, 9)]
    assert teach_all(taught, video, boxes, boxes[0]) == [9]
    assert verbs()[-1] == ("init", 9)


def test_tracker_stands_on_what_was_corrected_before_it_learns(taught, video):
    first, second = drawn(video, 3), drawn(video, 8)
    wrong = (1.0, 1.0, 9.0, 9.0)
    taught.teach(first, video.read(3))
    taught.teach(second, video.read(8), wrong)
    assert taught.tracker.calls[-2:] == [("place", wrong), ("correct", 8)]


def test_other_lessons_do_not_look_like_a_mistake(taught, video):
    first, second = drawn(video, 3), drawn(video, 50)
    for box in (first, second):
        taught.teach(box, video.read(box.frame_index))
    place = tuple(round(value, 3) for value in second.box_xywh)
    assert taught.tracker.calls[-2:] == [("place", place), ("correct", 50)]


@pytest.mark.parametrize("now", [(), ((5.0, 5.0, 9.0, 9.0),)], ids=["less", "other"])
def test_lesson_with_other_rejected_places_is_taught_anew(taught, video, now):
    box, wrong = drawn(video, 3), (1.0, 1.0, 9.0, 9.0)
    taught.teach(box, video.read(3), not_boxes=(wrong,))
    assert taught.missing([box], box, (Rejection(3, wrong),)) == []
    known = tuple(Rejection(3, place) for place in now)
    assert taught.missing([box], box, known) == [box]
    taught.teach(box, video.read(3), not_boxes=now)
    assert taught.tracker.calls[-1] == ("init", 3)


def test_tracker_that_knows_no_rejections_works_without_them(video):
    class Plain:
        def init(self, frame, box):
            self.box = box

    taught = TaughtTracker(Plain())
    taught.teach(drawn(video, 3), video.read(3))
    assert taught.tracker.box == video.truth(3)


class TestRoom:
    def test_each_target_and_way_has_its_own(self, shop):
        room = TrackerRoom(shop)
        found = {id(room.take(target, way)) for target in (1, 2) for way in (1, -1)}
        assert len(found) == 4
        assert room.take(1, 1) is room.take(1, 1)

    def test_tracker_made_ahead_is_used(self, shop):
        room = TrackerRoom(shop)
        ahead = room.prepare()
        assert room.has(1, 1)
        assert room.take(1, 1) is ahead
        assert len(shop.trackers) == 1 and not room.has(2, 1)

    def test_trackers_of_a_gone_target_are_dropped(self, shop):
        room = TrackerRoom(shop)
        first = room.take(1, 1)
        room.forget(1)
        assert room.take(1, 1) is not first
