"""What is exported reads back as it was, in every format that can be read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcot_engine.formats import READERS, export_tracks, read_tracks
from fcot_engine.session import BoxOrigin, Track, TrackBox, TrackInfo, TrackStore
from fcot_engine.video.buffered_frames import BufferedFrames

N_FRAMES = 40
FILES = {
    "mot": "mot/fake/gt/gt.txt",
    "coco": "coco/annotations/instances_fake.json",
    "cvat": "cvat/fake.xml",
}
KEEPS_LOST = {"mot": True, "coco": False, "cvat": True}


@pytest.fixture
def source(decoder):
    return BufferedFrames(decoder, prefetch=False)


def describe(store: TrackStore, *, keeps_lost: bool) -> dict[int, object]:
    """Everything about the boxes that formats keep, coordinates to a thousandth."""
    return {
        track.track_id: (
            track.label,
            [
                (
                    box.frame_index,
                    pytest.approx(box.box_xywh, abs=1e-3),
                    box.origin,
                    pytest.approx(box.score, abs=1e-3),
                    box.is_lost,
                )
                for box in track
                if keeps_lost or not box.is_lost
            ],
        )
        for track in store
    }


def plain(described):
    """Take the tolerance out of one side."""
    return {
        key: (
            label,
            [(f, p.expected, o, s.expected, lost) for f, p, o, s, lost in rows],
        )
        for key, (label, rows) in described.items()
    }


def round_trip(folder, store, source, name):
    export_tracks(folder, store, source, [name])
    return read_tracks(folder / FILES[name])


@pytest.fixture
def rich(store):
    """Marks, attributes, interpolated boxes, and a box that touches the border."""
    gull, seal = store[1], store[2]
    gull.info = TrackInfo(
        name='Möwe <1> & "co"',
        colour="#56b4e9",
        attributes={"ringed": True, "note": "a < b", "fcot_name": "mine"},
        occluded=((1, 1), (30, 31)),
        out_of_view=((5, 8), (20, 29)),
        end_frame=35,
    )
    seal.info = TrackInfo(name="Otto", out_of_view=((30, 39),))
    gull.put(TrackBox(9, (0.0, 1.5, 2.0, 2.0), BoxOrigin.HUMAN))
    for step in (1, 2):
        box = (0.0 + 2.0 * step / 3, 1.5, 2.0, 2.0)
        gull.put(TrackBox(9 + step, box, BoxOrigin.INTERPOLATED, 0.5))
    gull.put(TrackBox(12, (2.0, 1.5, 2.0, 2.0), BoxOrigin.CORRECTED))
    gull.put(TrackBox(13, (6.0, 4.5, 2.0, 1.5), BoxOrigin.IMPORTED, 0.25))
    return store


@pytest.mark.parametrize("name", READERS)
class TestReadingOurOwn:
    def test_boxes_come_back(self, tmp_path, rich, source, name):
        read = round_trip(tmp_path, rich, source, name)
        wanted = describe(rich, keeps_lost=KEEPS_LOST[name])
        assert plain(describe(read.store, keeps_lost=True)) == wanted

    def test_what_is_known_of_a_target_comes_back(self, tmp_path, rich, source, name):
        read = round_trip(tmp_path, rich, source, name).store
        for track in rich:
            # of the colour CVAT knows one for a class, not for a track
            assert replace(read[track.track_id].info, colour="") == replace(
                track.info, colour=""
            )

    def test_size_and_length_of_the_video_come_back(self, tmp_path, rich, source, name):
        read = round_trip(tmp_path, rich, source, name)
        assert (read.width, read.height, read.n_frames) == (8, 6, N_FRAMES)
        assert read.format_name == name and read.notes == ()

    def test_a_second_round_gives_the_same_file(self, tmp_path, rich, source, name):
        read = round_trip(tmp_path / "one", rich, source, name)
        for track in read.store:  # lost frames of COCO have no box to write
            track.info = replace(track.info, colour=rich[track.track_id].info.colour)
        export_tracks(tmp_path / "two", read.store, source, [name])
        if KEEPS_LOST[name]:
            texts = [(tmp_path / n / FILES[name]).read_text() for n in ("one", "two")]
            assert texts[0] == texts[1]
        again = read_tracks(tmp_path / "two" / FILES[name]).store
        wanted = describe(read.store, keeps_lost=True)
        assert plain(describe(again, keeps_lost=True)) == wanted


def makers_of(store):
    return {(box.engine, box.weights) for track in store for box in track}


@pytest.mark.parametrize("name", ["mot", "coco"])
def test_engine_and_weights_come_back(tmp_path, store, source, name):
    box = TrackBox(3, (1, 1, 2, 2), BoxOrigin.TRACKED, 0.5, False, "fcot-lite", "ab12")
    store[1].put(box)
    read = round_trip(tmp_path, store, source, name).store
    assert makers_of(read) == {("", ""), ("fcot-lite", "ab12")}


boxes = st.tuples(
    st.floats(-3, 7), st.floats(-3, 5), st.floats(0.01, 9), st.floats(0.01, 9)
)
tracks = st.dictionaries(
    st.integers(0, N_FRAMES - 1),
    st.tuples(boxes, st.sampled_from(BoxOrigin), st.floats(0, 1), st.booleans()),
    min_size=1,
    max_size=12,
)
ranges = st.tuples(st.integers(0, 15), st.integers(16, 39)).map(lambda pair: (pair,))


class TestAnyTracks:
    @pytest.mark.parametrize("name", READERS)
    @settings(max_examples=25)
    @given(
        drawn=st.lists(tracks, min_size=1, max_size=3),
        occluded=st.just(()) | ranges,
        out_of_view=st.just(()) | ranges,
    )
    def test_come_back(self, tmp_path_factory, name, drawn, occluded, out_of_view):
        store = TrackStore()
        for rows in drawn:
            track = store.add_track("gull")
            for frame, (box, origin, score, is_lost) in rows.items():
                # only a tracker loses targets
                lost = is_lost and origin is BoxOrigin.TRACKED
                track.put(TrackBox(frame, box, origin, score, lost))
            track.info = TrackInfo(name="x", occluded=occluded, out_of_view=out_of_view)
        keeps_lost = KEEPS_LOST[name]
        if not any(_visible(track) for track in store):
            return
        source = FakeSource()
        read = round_trip(tmp_path_factory.mktemp("any"), store, source, name).store
        wanted = describe(store, keeps_lost=keeps_lost)
        found = plain(describe(read, keeps_lost=True))
        assert found == {key: value for key, value in wanted.items() if value[1]}


def _visible(track: Track) -> list[TrackBox]:
    return [box for box in track if not box.is_lost]


class FakeSource:
    """A video that nobody reads."""

    name, width, height, frame_rate = "fake", 8, 6, 25.0

    def __len__(self):
        return N_FRAMES

    def file_name(self, index):
        return f"{index + 1:06d}.jpg"
