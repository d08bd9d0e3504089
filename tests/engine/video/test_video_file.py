from __future__ import annotations

import logging
import struct

import numpy as np
import pytest

from fcot_engine.errors import FrameError, VideoError
from fcot_engine.video import open_frames
from fcot_engine.video.video_file import VideoFile

av = pytest.importorskip("av")


@pytest.fixture
def opened():
    """Open videos and close them when the test ends."""
    sources = []

    def open_one(path, **options):
        sources.append(open_frames(path, **options))
        return sources[-1]

    yield open_one
    for source in sources:
        source.close()


def copy_with(source, target, options):
    with av.open(str(source)) as old, av.open(str(target), "w", options=options) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    return target


class TestReading:
    @pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "avi", "ts"])
    def test_frames_of_each_container(
        self, make_video, opened, number_of, tmp_path, suffix
    ):
        source = opened(make_video(tmp_path / f"a.{suffix}"))
        assert [number_of(source.read(i)) for i in range(len(source))] == [*range(20)]
        assert (source.name, source.width, source.height) == ("a", 64, 48)
        assert source.frame_rate == pytest.approx(25)

    def test_colours_are_rgb(self, make_video, opened, tmp_path):
        red = np.zeros((48, 64, 3), np.uint8)
        red[..., 0] = 200
        source = opened(make_video(tmp_path / "a.mp4", frames=[red] * 3))
        r, g, b = source.read(1)[20, 30].tolist()
        assert r > 190 and g < 20 and b < 20

    def test_first_frame_is_not_decoded_twice(self, make_video, tmp_path, monkeypatch):
        file = VideoFile(make_video(tmp_path / "a.mp4"))
        starts = []
        monkeypatch.setattr(file._decoder, "_start_at", starts.append)
        file.decode(0)
        file.decode(1)
        file.close()
        assert starts == []

    def test_odd_file_names(self, make_video, opened, number_of, tmp_path):
        path = make_video(tmp_path / "a.mp4").rename(tmp_path / "Möwe #3 %d:x.mp4")
        assert number_of(opened(path).read(3)) == 3

    def test_mean_rate_of_a_variable_rate_file_is_measured(self, tmp_path, opened):
        path = tmp_path / "a.mkv"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for number in range(5):
                frame = av.VideoFrame(64, 48, "yuv420p")
                frame.pts = number * 5  # five frames a second
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        assert opened(path).frame_rate == pytest.approx(5, rel=0.01)
        assert opened(path).frame_times_s == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])

    def test_tall_phone_videos_stand_upright(self, make_video, opened, tmp_path):
        frame = np.zeros((48, 64, 3), np.uint8)
        frame[:24, :32] = 220  # bright top left
        path = make_video(tmp_path / "a.mp4", frames=[frame] * 3)
        turn_clockwise(path)
        source = opened(path)
        shown = source.read(0)
        assert (source.width, source.height) == (48, 64)
        assert shown.shape == (64, 48, 3)
        assert shown[10, 40, 0] > 200  # now top right
        assert shown[10, 10, 0] < 40 and shown[50, 40, 0] < 40

    def test_gap_without_keyframes_is_decoded_over(
        self, make_video, opened, number_of, tmp_path
    ):
        options = {"preset": "ultrafast", "g": "100", "bf": "2"}
        source = opened(make_video(tmp_path / "a.mp4", options=options), cache_bytes=0)
        assert [number_of(source.read(i)) for i in (19, 3, 4, 11, 0)] == [
            19,
            3,
            4,
            11,
            0,
        ]


class TestTimesThatLie:
    def test_joined_streams_whose_times_start_again(
        self, make_video, opened, number_of, tmp_path, caplog
    ):
        one = make_video(tmp_path / "one.ts", n_frames=10)
        joined = tmp_path / "joined.ts"
        joined.write_bytes(one.read_bytes() * 2)
        with caplog.at_level(logging.WARNING):
            source = opened(joined, cache_bytes=0)
        assert "decoded once" in caplog.text
        assert len(source) == 20
        for index in (13, 2, 19, 9, 10):
            assert number_of(source.read(index)) == index % 10

    def test_stream_without_any_times(self, make_video, opened, number_of, tmp_path):
        source = opened(make_video(tmp_path / "a.h264"), cache_bytes=0)
        assert len(source) == 20
        assert [number_of(source.read(i)) for i in (13, 2, 19)] == [13, 2, 19]

    def test_header_that_promises_more_frames(
        self, make_video, opened, number_of, tmp_path
    ):
        path = make_video(tmp_path / "a.avi", codec="mjpeg", pix_fmt="yuvj420p")
        data = bytearray(path.read_bytes())
        count_at = data.index(b"strh") + 8 + 32  # dwLength
        assert struct.unpack_from("<I", data, count_at) == (20,)
        struct.pack_into("<I", data, count_at, 6000)
        path.write_bytes(data)
        source = opened(path)
        assert len(source) == 20
        assert number_of(source.read(19)) == 19


class TestDamage:
    def test_frames_before_the_cut_stay_readable(
        self, make_video, opened, number_of, tmp_path, caplog
    ):
        whole = make_video(tmp_path / "a.mp4", options={"g": "8", "bf": "0"})
        path = copy_with(whole, tmp_path / "b.mp4", {"movflags": "faststart"})
        with av.open(str(path)) as container:
            ends = [p.pos + p.size for p in container.demux(video=0) if p.size]
        path.write_bytes(path.read_bytes()[: ends[12] - 5])
        with caplog.at_level(logging.WARNING):
            source = opened(path)
        assert "of 20 frames: it is damaged or was cut off" in caplog.text
        assert len(source) in (12, 13)  # the last one may be half there
        assert [number_of(source.read(i)) for i in range(12)] == [*range(12)]

    def test_damaged_frame_is_named_and_others_go_on(
        self, make_video, opened, number_of, tmp_path
    ):
        path = make_video(tmp_path / "a.avi", codec="mjpeg", pix_fmt="yuvj420p")
        data = path.read_bytes()
        with av.open(str(path)) as container:
            packets = [bytes(p) for p in container.demux(video=0) if p.size]
        path.write_bytes(data.replace(packets[7], bytes(len(packets[7]))))
        source = opened(path, cache_bytes=0)
        with pytest.raises(
            FrameError, match=r"Frame 7 of a\.avi cannot be decoded"
        ) as caught:
            source.read(7)
        assert caught.value.frame_index == 7
        assert number_of(source.read(6)) == 6
        assert number_of(source.read(8)) == 8

    def test_change_of_size_is_named(self, make_video, opened, tmp_path):
        small = make_video(tmp_path / "small.ts", n_frames=10)
        large = make_video(
            tmp_path / "large.ts", frames=[np.zeros((96, 128, 3), np.uint8)] * 10
        )
        joined = tmp_path / "joined.ts"
        joined.write_bytes(small.read_bytes() + large.read_bytes())
        source = opened(joined)
        assert source.read(3).shape == (48, 64, 3)
        with pytest.raises(FrameError, match=r"has 128x96 pixels, while .* with 64x48"):
            source.read(15)

    def test_file_that_changed_since_opening(self, make_video, opened, tmp_path):
        kind = {"codec": "mjpeg", "pix_fmt": "yuvj420p"}
        noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
        path = make_video(tmp_path / "a.avi", frames=[noise] * 40, **kind)
        source = opened(path, cache_bytes=0)
        other = make_video(tmp_path / "b.avi", n_frames=40, **kind)
        path.write_bytes(other.read_bytes())
        with pytest.raises(FrameError, match="has changed since it was opened"):
            source.read(35)


class TestWhatIsNoVideo:
    def test_text(self, tmp_path):
        path = tmp_path / "a.mp4"
        path.write_text("no video\n" * 50)
        with pytest.raises(VideoError, match=r"a\.mp4 cannot be opened as a video"):
            open_frames(path)

    def test_text_that_ffmpeg_would_paint(self, tmp_path):
        path = tmp_path / "notes.txt"
        path.write_text("no video\n" * 50)
        with pytest.raises(VideoError, match="is a text file"):
            open_frames(path)

    def test_noise(self, tmp_path):
        path = tmp_path / "a.mkv"
        path.write_bytes(np.random.default_rng(0).bytes(5000))
        with pytest.raises(VideoError, match="cannot be opened as a video"):
            open_frames(path)

    def test_file_cut_before_its_header(self, make_video, tmp_path):
        path = make_video(tmp_path / "a.mp4")  # the header is at the end
        path.write_bytes(path.read_bytes()[:800])
        with pytest.raises(VideoError, match="Copy or download it again"):
            open_frames(path)

    def test_sound_alone(self, tmp_path):
        path = tmp_path / "a.mp4"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("aac", rate=44100)
            frame = av.AudioFrame.from_ndarray(
                np.zeros((1, 1024), np.float32), "fltp", "mono"
            )
            frame.sample_rate, frame.pts = 44100, 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode())
        with pytest.raises(VideoError, match="holds no video, only audio"):
            open_frames(path)

    def test_no_frames(self, tmp_path):
        path = tmp_path / "a.avi"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mjpeg", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
            container.start_encoding()
        with pytest.raises(VideoError, match="without a single frame"):
            open_frames(path)


def turn_clockwise(path):
    """Write a turn by 90 degrees into the track header of an mp4 file."""
    data = bytearray(path.read_bytes())
    matrix_at = data.index(b"tkhd") + 4 + 40
    one = 1 << 16
    assert struct.unpack_from(">9i", data, matrix_at)[:5] == (one, 0, 0, 0, one)
    struct.pack_into(
        ">9i", data, matrix_at, 0, one, 0, -one, 0, 0, 48 * one, 0, 1 << 30
    )
    path.write_bytes(data)
