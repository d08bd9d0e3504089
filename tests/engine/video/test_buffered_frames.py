from __future__ import annotations

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from fcot_engine.errors import FrameError, FrameIndexError, VideoError
from fcot_engine.video import FrameSource, open_frames
from fcot_engine.video.buffered_frames import BufferedFrames

FRAME_BYTES = 8 * 6 * 3


@pytest.fixture
def frames(decoder):
    frames = BufferedFrames(decoder, prefetch=False)
    yield frames
    frames.close()


def wait_until(condition):
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def test_is_a_frame_source(frames):
    assert isinstance(frames, FrameSource)
    assert (frames.name, frames.width, frames.height, len(frames)) == ("fake", 8, 6, 40)


def test_frames_come_by_number(frames):
    assert [int(frames.read(i)[0, 0, 0]) for i in (7, 3, 39, 0)] == [7, 3, 39, 0]


def test_numpy_integers_are_numbers(frames):
    assert frames.read(np.int64(5))[0, 0, 0] == 5


@pytest.mark.parametrize("index", [-1, 40, 10**9])
def test_number_out_of_range_is_named(frames, index):
    with pytest.raises(
        FrameIndexError, match=f"no frame {index}: .* 0 to 39"
    ) as caught:
        frames.read(index)
    assert caught.value.frame_index == index


def test_number_that_is_not_whole_is_refused(frames):
    with pytest.raises(FrameIndexError, match=r"whole number, got 1\.5"):
        frames.read(1.5)


def test_file_name_checks_the_number_too(frames):
    assert frames.file_name(0) == "000001.jpg"
    with pytest.raises(FrameIndexError):
        frames.file_name(40)


def test_kept_frames_are_not_decoded_again(frames, decoder):
    for _ in range(3):
        frames.read(5)
    assert decoder.decoded == [5]


def test_cache_is_bounded_and_forgets_what_was_not_used_for_longest(decoder):
    frames = BufferedFrames(decoder, cache_bytes=3 * FRAME_BYTES, prefetch=False)
    for index in (0, 5, 10, 0, 15, 0, 10, 5):
        frames.read(index)
    assert decoder.decoded == [0, 5, 10, 15, 5]


def test_no_cache_is_allowed(decoder):
    frames = BufferedFrames(decoder, cache_bytes=0)
    frames.read(1)
    frames.read(1)
    assert decoder.decoded == [1, 1]


def test_stepping_back_decodes_a_block_in_forward_order(frames, decoder):
    frames.read(31)
    decoder.decoded.clear()
    frames.read(30)
    assert decoder.decoded == list(range(31))
    frames.read(29)
    assert len(decoder.decoded) == 31


def test_playing_forward_decodes_ahead(decoder):
    frames = BufferedFrames(decoder)
    frames.read(10)
    frames.read(11)
    assert wait_until(lambda: decoder.decoded == [10, 11, 12, 13, 14, 15])
    frames.close()


def test_playing_backward_decodes_ahead(decoder):
    frames = BufferedFrames(decoder)
    frames.read(35)
    frames.read(34)  # its block is 32..34
    assert wait_until(lambda: decoder.decoded[-1] == 31)
    assert sorted(decoder.decoded) == list(range(36))
    frames.close()


def test_jumping_decodes_nothing_ahead(decoder):
    frames = BufferedFrames(decoder)
    for index in (3, 20, 9):
        frames.read(index)
    frames.close()
    assert decoder.decoded == [3, 20, 9]


def test_look_ahead_stops_at_the_end(decoder):
    frames = BufferedFrames(decoder)
    frames.read(37)
    frames.read(38)
    assert wait_until(lambda: decoder.decoded == [37, 38, 39])
    frames.close()


def test_bad_frame_ahead_is_reported_only_when_read(decoder):
    good = decoder.decode

    def decode(index):
        if index == 3:
            raise FrameError("frame 3 is broken", frame_index=3)
        return good(index)

    decoder.decode = decode
    frames = BufferedFrames(decoder)
    for index in (0, 1, 2):
        frames.read(index)
    with pytest.raises(FrameError, match="frame 3 is broken"):
        frames.read(3)
    assert frames.read(4)[0, 0, 0] == 4
    frames.close()


def test_idle_thread_ends_and_starts_again(decoder, monkeypatch):
    monkeypatch.setattr("fcot_engine.video.buffered_frames._IDLE_S", 0.01)
    before = set(threading.enumerate())
    frames = BufferedFrames(decoder)
    for first in (0, 20):
        frames.read(first)
        frames.read(first + 1)
        assert wait_until(lambda end=first + 5: end in decoder.decoded)
        assert wait_until(lambda: set(threading.enumerate()) <= before)
    frames.close()


def test_closing_ends_the_thread_and_the_decoder(decoder):
    before = set(threading.enumerate())
    frames = BufferedFrames(decoder)
    frames.read(0)
    frames.read(1)
    (thread,) = set(threading.enumerate()) - before
    frames.close()
    assert decoder.is_closed
    assert not thread.is_alive()


def test_reading_after_closing_is_an_error(frames):
    frames.close()
    with pytest.raises(FrameError, match="is closed; open it again"):
        frames.read(0)


def test_closing_twice_is_fine(frames):
    frames.close()
    frames.close()


def test_many_threads_get_the_right_frames(decoder):
    frames = BufferedFrames(decoder, cache_bytes=10 * FRAME_BYTES)
    wrong = []

    def read_many(seed):
        for index in np.random.default_rng(seed).integers(0, 40, 200):
            if frames.read(int(index))[0, 0, 0] != index:
                wrong.append(index)

    threads = [threading.Thread(target=read_many, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    frames.close()
    assert wrong == []


def test_frames_too_small_to_follow_anything_are_refused(decoder):
    decoder.width = decoder.height = 1
    with pytest.raises(VideoError, match="1x1 pixels; at least 4x4"):
        BufferedFrames(decoder)


# --- opening --------------------------------------------------------------------


def test_missing_path_is_named(tmp_path):
    with pytest.raises(VideoError, match=r"no file or folder .*gone\.mp4"):
        open_frames(tmp_path / "gone.mp4")


@pytest.mark.parametrize("name", ["a.mp4", "a.tif", "a.png", "a"])
def test_empty_file_is_named(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(VideoError, match=f"{name} is empty"):
        open_frames(tmp_path / name)


def test_text_paths_work(make_video, tmp_path):
    source = open_frames(str(make_video(tmp_path / "a.mp4")))
    assert isinstance(source, FrameSource)
    source.close()


def test_capital_suffixes_work(tmp_path):
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (8, 8)).save(tmp_path / "A.PNG")
    assert len(open_frames(tmp_path / "A.PNG")) == 1


def test_package_imports_without_decoders():
    code = (
        "import sys, fcot_engine.video;"
        "print([m for m in ('av', 'tifffile', 'PIL', 'napari') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("module", "name"), [("av", "a.mp4"), ("tifffile", "a.tif"), ("PIL", "a.png")]
)
def test_missing_package_is_named(tmp_path, monkeypatch, module, name):
    find = __import__("importlib.util").util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda wanted, *rest: None if wanted == module else find(wanted, *rest),
    )
    (tmp_path / name).write_bytes(b"something")
    with pytest.raises(VideoError, match="Install it with: pip install"):
        open_frames(tmp_path / name)
