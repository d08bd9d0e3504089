from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from fcot_engine.video import open_frames
from fcot_engine.video._video_decoder import PacketReader
from fcot_engine.video._video_index import (
    NO_TIME,
    PacketTable,
    VideoIndex,
    read_presentation_offsets,
)


def table(pts, keys, hidden=()):
    n = len(pts)
    times = np.array([NO_TIME if time is None else time for time in pts], np.int64)
    flags = np.zeros((2, n), bool)
    flags[0, list(keys)] = True
    flags[1] = True
    flags[1, list(hidden)] = False
    position = 100 * np.arange(1, n + 1)
    return PacketTable(times, np.arange(n), position, position, flags[0], flags[1])


def test_frames_are_numbered_by_presentation_time():
    index = VideoIndex.from_times(table([0, 30, 10, 20, 40], keys=[0]))
    assert index.packet_of.tolist() == [0, 2, 3, 1, 4]
    assert index.frame_of.tolist() == [0, 3, 1, 2, 4]


def test_hidden_packets_have_no_number():
    index = VideoIndex.from_times(table([-20, -10, 0, 10], keys=[0], hidden=[0, 1]))
    assert index.packet_of.tolist() == [2, 3]
    assert index.frame_of.tolist() == [-1, -1, 0, 1]


def test_decoding_starts_at_the_nearest_keyframe():
    index = VideoIndex.from_times(table(range(10), keys=[0, 3, 6]))
    assert [next(index.start_keys(frame)) for frame in (0, 2, 3, 5, 9)] == [
        0,
        0,
        3,
        3,
        6,
    ]


def test_frames_that_lead_a_keyframe_start_at_the_one_before():
    # open group: packet 3 is a keyframe shown as frame 5, packets 4 and 5 precede it
    index = VideoIndex.from_times(table([0, 1, 2, 5, 3, 4, 6], keys=[0, 3]))
    assert [next(index.start_keys(frame)) for frame in (3, 4, 5, 6)] == [0, 0, 3, 3]


def test_hidden_keyframe_is_a_start_for_what_follows_it():
    times = [-20, -10, 0, 10, 20, 30]
    index = VideoIndex.from_times(table(times, keys=[0, 4], hidden=[0, 1]))
    assert [next(index.start_keys(frame)) for frame in (0, 1, 2)] == [0, 0, 4]


def test_later_starts_lie_further_and_further_back():
    index = VideoIndex.from_times(table(range(100), keys=range(0, 100, 2)))
    assert list(index.start_keys(99)) == [98, 96, 92, 84, 68, 36]


def test_starts_end_at_the_first_packet():
    index = VideoIndex.from_times(table(range(8), keys=[0, 2, 4]))
    assert list(index.start_keys(5)) == [4, 2, 0]


def test_first_packet_is_a_start_even_if_not_marked():
    index = VideoIndex.from_times(table(range(4), keys=[]))
    assert list(index.start_keys(3)) == [0]


@pytest.mark.parametrize(
    ("pts", "expected"),
    [([0, 1, 2], True), ([0, None, 2], False), ([0, 1, 1], False)],
    ids=["distinct", "missing", "twice"],
)
def test_times_are_trusted_only_if_all_differ(pts, expected):
    assert table(pts, keys=[0]).has_times is expected


@pytest.mark.parametrize(
    ("position", "ordinal"), [(200, 1), (150, None), (None, None), (0, None)]
)
def test_packets_are_found_by_their_place(position, ordinal):
    assert table([0, 1, 2], keys=[0]).find(position) == ordinal


class FakePacket(bytes):
    """The content of a packet; the rest of it as attributes."""

    pts = dts = pos = 1
    is_keyframe = is_discard = False

    def __new__(cls, content, codec="vp8"):
        packet = super().__new__(cls, content)
        packet.size = len(content)
        packet.stream = SimpleNamespace(codec_context=SimpleNamespace(name=codec))
        return packet


@pytest.mark.parametrize(
    ("codec", "expected"), [("vp8", [True, False]), ("h264", [True] * 2)]
)
def test_helper_frames_of_vp8_are_hidden(codec, expected):
    shown, helper = FakePacket(b"\x10\0", codec), FakePacket(b"\x00\0", codec)
    assert PacketTable.from_packets([shown, helper]).is_shown.tolist() == expected


def test_error_in_the_file_ends_the_table():
    error = pytest.importorskip("av.error")

    def packets():
        yield FakePacket(b"\x10")
        raise error.InvalidDataError(1094995529, "Invalid data found")

    read = PacketTable.from_packets(packets())
    assert (len(read), read.damage) == (1, "Invalid data found")


# --- the header of an mp4 file --------------------------------------------------

COLUMNS = ("pts", "dts", "position", "size", "is_key", "is_shown")


@pytest.mark.parametrize("bf", ["0", "2"], ids=["in_order", "b_frames"])
def test_table_from_the_header_equals_that_from_the_packets(make_video, tmp_path, bf):
    path = make_video(tmp_path / "a.mp4", options={"g": "8", "bf": bf})
    reader = PacketReader(path)
    from_packets = PacketTable.from_packets(reader.from_start())
    packets = reader.from_start()
    offsets = read_presentation_offsets(path, reader.stream.id)
    from_header = PacketTable.from_header(
        reader.stream, packets, offsets, path.stat().st_size
    )
    reader.close()
    assert from_header is not None
    for column in COLUMNS:
        np.testing.assert_array_equal(
            getattr(from_header, column), getattr(from_packets, column)
        )


def test_header_is_used_when_opening(make_video, tmp_path, monkeypatch):
    read = []
    original = PacketTable.from_packets.__func__

    def from_packets(cls, packets):
        table = original(cls, packets)
        read.append(len(table))
        return table

    monkeypatch.setattr(PacketTable, "from_packets", classmethod(from_packets))
    path = make_video(tmp_path / "a.mp4", n_frames=200, options={"g": "8", "bf": "2"})
    file = open_frames(path)
    file.close()
    assert (read, len(file)) == ([64], 200)


def test_header_that_disagrees_with_the_packets_is_not_used(make_video, tmp_path):
    path = make_video(tmp_path / "a.mp4", options={"g": "8", "bf": "2"})
    reader = PacketReader(path)
    offsets = read_presentation_offsets(path, reader.stream.id)
    packets = reader.from_start()
    wrong = offsets[::-1].copy()
    assert PacketTable.from_header(reader.stream, packets, wrong, 10**9) is None
    reader.close()


def test_file_cut_short_is_read_by_packets(make_video, tmp_path):
    path = make_video(tmp_path / "a.mp4")
    reader = PacketReader(path)
    offsets = read_presentation_offsets(path, reader.stream.id)
    packets = reader.from_start()
    assert PacketTable.from_header(reader.stream, packets, offsets, 500) is None
    reader.close()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no mp4 file at all, only text of some length",
        b"\0\0\0\x08ftyp\0\0\0\x10moov\0\0\0\x08trak",
        b"\0\0\0\x08ftyp\0\0\0\x99moov\0\0\0\x08trak",
        b"\0\0\0\x01mdat\0\0",
    ],
    ids=["empty", "text", "hollow", "cut", "cut_size"],
)
def test_other_files_tell_nothing(tmp_path, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    assert read_presentation_offsets(path, 1) is None


def test_fragmented_file_tells_nothing(make_video, tmp_path):
    av = pytest.importorskip("av")
    whole = make_video(tmp_path / "a.mp4")
    path = tmp_path / "b.mp4"
    flags = {"movflags": "frag_keyframe+empty_moov"}
    with av.open(str(whole)) as old, av.open(str(path), "w", options=flags) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    assert read_presentation_offsets(path, 1) is None
    file = open_frames(path)
    assert len(file) == 20
    file.close()


def test_unknown_track_tells_nothing(make_video, tmp_path):
    assert read_presentation_offsets(make_video(tmp_path / "a.mp4"), 77) is None
