"""What trackers are taught before a pass, and which tracker is used."""

from __future__ import annotations

import pytest

from fcot_engine.annotation import Box, Origin, Rejection, TrackerPool

TARGET, FORWARD, BACKWARD = 1, 1, -1


def drawn(video, frame, *, shift=0.0):
    x, y, w, h = video.truth(frame)
    return Box(frame, (x + shift, y, w, h), Origin.HUMAN)


@pytest.fixture
def pool(shop):
    return TrackerPool(shop)


@pytest.fixture
def teach(pool, video):
    """Teach what is missing before a pass from `start`; return those frames."""

    def teach(boxes, start, direction=FORWARD):
        missing = pool.missing(TARGET, direction, boxes, start)
        for box in missing:
            pool.teach(TARGET, direction, box, video.read(box.frame_index))
        return [box.frame_index for box in missing]

    return teach


@pytest.fixture
def verbs(shop):
    """What the first tracker was asked for, without the boxes it was put on."""
    return lambda: [c for c in shop.trackers[0].calls if c[0] != "place"]


class TestTeaching:
    def test_first_box_starts_and_others_correct(self, teach, video, verbs):
        boxes = [drawn(video, 3), drawn(video, 8)]
        teach(boxes, boxes[0])
        assert verbs() == [("init", 3), ("correct", 8)]

    def test_each_box_is_taught_once_in_each_direction(self, teach, video):
        boxes = [drawn(video, 3)]
        teach(boxes, boxes[0])
        boxes.append(drawn(video, 8))
        assert teach(boxes, boxes[0]) == [8]
        assert teach(boxes, boxes[1]) == []
        assert teach(boxes, boxes[1], BACKWARD) == [3, 8]

    def test_without_drawn_boxes_the_start_is_taught(self, teach, video):
        start = Box(5, video.truth(5), Origin.TRACKED)
        assert teach([], start) == [5]
        assert teach([], start) == []

    @pytest.mark.parametrize("shift", [4.0, None], ids=["moved", "deleted"])
    def test_wrong_box_is_forgotten_with_all_others(self, teach, video, verbs, shift):
        boxes = [drawn(video, 3), drawn(video, 8)]
        teach(boxes, boxes[0])
        now = [boxes[0]] if shift is None else [boxes[0], drawn(video, 8, shift=shift)]
        assert teach(now, now[0]) == [box.frame_index for box in now]
        assert ("init", 3) in verbs()[2:]

    def test_stand_in_is_forgotten_once_a_person_draws(self, teach, video, verbs):
        teach([], Box(5, video.truth(5), Origin.TRACKED))
        boxes = [drawn(video, 9)]
        assert teach(boxes, boxes[0]) == [9]
        assert verbs()[-1] == ("init", 9)

    def test_tracker_stands_on_what_was_corrected(self, pool, video, shop):
        wrong = (1.0, 1.0, 9.0, 9.0)
        pool.teach(TARGET, FORWARD, drawn(video, 3), video.read(3))
        pool.teach(TARGET, FORWARD, drawn(video, 8), video.read(8), replaced_xywh=wrong)
        assert shop.trackers[0].calls[-2:] == [("place", wrong), ("correct", 8)]

    def test_other_boxes_do_not_look_like_a_mistake(self, teach, video, shop):
        boxes = [drawn(video, 3), drawn(video, 50)]
        teach(boxes, boxes[0])
        position = tuple(round(value, 3) for value in boxes[1].box_xywh)
        assert shop.trackers[0].calls[-2:] == [("place", position), ("correct", 50)]

    @pytest.mark.parametrize(
        "now", [(), ((5.0, 5.0, 9.0, 9.0),)], ids=["less", "other"]
    )
    def test_box_with_other_rejected_positions_is_taught_anew(
        self, pool, video, shop, now
    ):
        box, wrong = drawn(video, 3), (1.0, 1.0, 9.0, 9.0)
        pool.teach(TARGET, FORWARD, box, video.read(3), not_boxes=(wrong,))
        assert pool.missing(TARGET, FORWARD, [box], box, (Rejection(3, wrong),)) == []
        known = tuple(Rejection(3, position) for position in now)
        assert pool.missing(TARGET, FORWARD, [box], box, known) == [box]
        pool.teach(TARGET, FORWARD, box, video.read(3), not_boxes=now)
        assert shop.trackers[0].calls[-1] == ("init", 3)


class TestTrackers:
    def test_all_targets_of_a_direction_share_one(self, pool, video, shop):
        for target_id in (1, 2):
            for direction in (FORWARD, BACKWARD):
                pool.teach(target_id, direction, drawn(video, 3), video.read(3))
        assert [tracker.target_ids for tracker in shop.trackers] == [(1, 2), (1, 2)]

    def test_tracker_made_ahead_is_used(self, pool, video, shop):
        assert (pool.device_name, pool.has(FORWARD)) == ("", False)
        pool.prepare()
        assert pool.has(FORWARD) and pool.maker == shop.trackers[0].maker
        pool.teach(TARGET, FORWARD, drawn(video, 3), video.read(3))
        assert len(shop.trackers) == 1 and not pool.has(BACKWARD)

    def test_target_that_is_gone_is_forgotten(self, teach, pool, video, shop):
        boxes = [drawn(video, 3)]
        teach(boxes, boxes[0])
        pool.forget(TARGET)
        assert not pool.knows(TARGET)
        assert pool.missing(TARGET, FORWARD, boxes, boxes[0]) == boxes
        assert shop.trackers[0].target_ids == ()
