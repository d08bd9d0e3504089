from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.errors import BoxError, FcotError
from fcot_engine.session import BoxOrigin, Track, TrackBox, TrackStore

BOX = (1.0, 2.0, 3.0, 4.0)
OTHER = (9.0, 9.0, 5.0, 5.0)


def tracked(index, box=BOX):
    return TrackBox(index, box, BoxOrigin.TRACKED, score=0.5)


def drawn(index, box=BOX, origin=BoxOrigin.HUMAN):
    return TrackBox(index, box, origin)


class TestBoxOrigin:
    @pytest.mark.parametrize(
        ("origin", "expected"),
        [
            (BoxOrigin.HUMAN, True),
            (BoxOrigin.CORRECTED, True),
            (BoxOrigin.TRACKED, False),
            (BoxOrigin.INTERPOLATED, False),
            (BoxOrigin.IMPORTED, False),
        ],
    )
    def test_is_human(self, origin, expected):
        assert origin.is_human is expected


class TestTrack:
    @given(st.lists(st.integers(0, 50)))
    def test_boxes_come_in_the_order_of_their_frames(self, indices):
        track = Track(1)
        for index in indices:
            track.put(tracked(index))
        assert [box.frame_index for box in track] == sorted(set(indices))
        assert len(track) == len(set(indices))

    def test_tracked_box_never_replaces_a_human_one(self):
        track = Track(1)
        track.put(drawn(3))
        assert not track.put(tracked(3, OTHER))
        assert track.get(3) == drawn(3)

    def test_human_box_replaces_a_tracked_one(self):
        track = Track(1)
        track.put(tracked(3))
        assert track.put(drawn(3, OTHER, BoxOrigin.CORRECTED))
        assert track.get(3).box_xywh == OTHER and len(track) == 1

    def test_human_box_replaces_a_human_one(self):
        track = Track(1)
        track.put(drawn(3))
        assert track.put(drawn(3, OTHER)) and track.get(3).box_xywh == OTHER

    def test_negative_frame_is_refused(self):
        with pytest.raises(BoxError, match="0 or more, got -1"):
            Track(1).put(tracked(-1))

    def test_removed_box_is_returned_and_gone(self):
        track = Track(1)
        track.put(drawn(3))
        assert track.remove(3) == drawn(3)
        assert 3 not in track and list(track) == [] and track.remove(3) is None

    def test_human_frames(self):
        track = Track(1)
        for box in (drawn(8), tracked(5), drawn(2, origin=BoxOrigin.CORRECTED)):
            track.put(box)
        assert track.human_frames() == [2, 8]

    @pytest.mark.parametrize(
        ("frame", "expected"), [(1, None), (2, 2), (4, 2), (5, 5), (99, 5)]
    )
    def test_last_before(self, frame, expected):
        track = Track(1)
        track.put(tracked(2))
        track.put(tracked(5))
        found = track.last_before(frame)
        assert (found.frame_index if found else None) == expected


class TestTrackStore:
    def test_ids_count_from_one(self):
        store = TrackStore()
        assert [store.add_track().track_id for _ in range(3)] == [1, 2, 3]
        assert len(store) == 3 and [t.track_id for t in store] == [1, 2, 3]

    def test_unknown_id_names_the_known_ones(self):
        store = TrackStore()
        store.add_track()
        store.add_track()
        with pytest.raises(FcotError, match=r"no track 7; the tracks are: 1, 2\."):
            store[7]

    def test_boxes_at_a_frame(self):
        store = TrackStore()
        first, second = store.add_track("cat"), store.add_track("dog")
        first.put(tracked(4))
        second.put(drawn(4, OTHER))
        second.put(drawn(5))
        assert store.boxes_at(4) == [(first, tracked(4)), (second, drawn(4, OTHER))]
        assert [track for track, _ in store.boxes_at(5)] == [second]

    def test_copy_is_independent(self):
        store = TrackStore()
        store.add_track("cat").put(drawn(4))
        copied = store.copy()
        copied[1].put(drawn(5))
        copied.add_track()
        assert len(store) == 1 and 5 not in store[1]
        assert copied[1].label == "cat" and copied[1].get(4) == drawn(4)

    def test_track_keeps_the_id_that_it_has(self):
        store = TrackStore()
        store.put_track(Track(7, "gull"))
        assert store[7].label == "gull"
        assert store.add_track().track_id == 8

    @pytest.mark.parametrize("track_id", [0, 7], ids=["not_positive", "taken"])
    def test_unusable_id_is_refused(self, track_id):
        store = TrackStore()
        store.put_track(Track(7))
        with pytest.raises(FcotError, match=f"positive id .* got {track_id}"):
            store.put_track(Track(track_id))
