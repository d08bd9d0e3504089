from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.video.mp4_times import read_presentation_offsets
from fcot_engine.video.video_decoder import PacketReader
from fcot_engine.video.video_file import VideoFile
from fcot_engine.video.video_index import PacketTable

pytest.importorskip("av")
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
    file = VideoFile(path)
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
    file = VideoFile(path)
    assert len(file) == 20
    file.close()


def test_unknown_track_tells_nothing(make_video, tmp_path):
    assert read_presentation_offsets(make_video(tmp_path / "a.mp4"), 77) is None
