from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from fcot_engine.video.video_index import NO_TIME, PacketTable, VideoIndex


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
