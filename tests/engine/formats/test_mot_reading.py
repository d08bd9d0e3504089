from __future__ import annotations

import json

import pytest

from fcot_engine.errors import TrackFileError
from fcot_engine.formats import read_mot, write_mot
from fcot_engine.formats.mot_reading import MotFolder, parse_mot
from fcot_engine.session import BoxOrigin
from fcot_engine.video.buffered_frames import BufferedFrames

GOOD = "1,1,1,1,10,20,1,3,1\n"


def parse(text, **settings):
    return parse_mot(text, file_name="gt.txt", **settings)


@pytest.fixture
def written(tmp_path, store, decoder):
    """Our own files; the gull is lost in frame 2."""
    write_mot(tmp_path, store, BufferedFrames(decoder, prefetch=False))
    return tmp_path


class TestLines:
    def test_official_counts_start_at_one(self):
        store, notes = parse("3,2,11,21,30,40,1,1,1\n")
        assert store[2].get(2).box_xywh == (10, 20, 30, 40)
        assert store[2].label == "pedestrian" and notes == ()

    def test_other_pixel_origin(self):
        around = MotFolder(pixel_origin=0)
        store, _ = parse("3,2,11,21,30,40,1,1,1\n", around=around)
        assert store[2].get(2).box_xywh == (11, 21, 30, 40)

    def test_blanks_between_columns_and_empty_lines(self):
        store, _ = parse("\n3 2 11 21 30 40\n\n")
        assert store[2].label == "object" and 2 in store[2]

    def test_ids_written_as_floats(self):
        store, _ = parse("3.0,2.0,11,21,30,40,1,1,1\n")
        assert [track.track_id for track in store] == [2]

    def test_ignored_boxes_are_left_out_and_told(self):
        store, notes = parse(GOOD + "2,1,1,1,10,20,0,3,1\n")
        assert len(store[1]) == 1
        assert notes == ("Boxes marked to be ignored that were left out: 1.",)

    def test_no_visibility_is_occlusion(self):
        store, _ = parse(GOOD + "2,1,1,1,10,20,1,3,0\n")
        assert store[1].info.occluded == ((1, 1),)

    def test_scores_of_results_are_kept(self):
        store, _ = parse("1,1,1,1,9,9,0.25,-1,-1,-1\n")
        box = store[1].get(0)
        assert box.score == 0.25 and box.origin is BoxOrigin.IMPORTED

    def test_scores_without_a_scale_become_even(self):
        store, _ = parse("1,1,1,1,9,9,37.5,-1,-1,-1\n")
        assert store[1].get(0).score == 0.5

    def test_detections_without_ids_are_joined(self):
        lines = [f"{n},-1,{n},1,30,30,0.9,-1,-1,-1" for n in (1, 2, 3, 5)]
        store, notes = parse("\n".join(lines))
        frames = [[box.frame_index for box in track] for track in store]
        assert frames == [[0, 1, 2], [4]]
        assert notes == (
            "Detections without ids, joined by their overlap: 4; tracks: 2.",
        )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x,1,1,1,9,9", "line 2: `frame` must be a number, got 'x'"),
        ("0,1,1,1,9,9", "line 2: `frame` must be 1 or more, got 0"),
        ("1.5,1,1,1,9,9", "line 2: `frame` must be a whole number, got 1.5"),
        ("2,0,1,1,9,9", "line 2: `id` must be 1 or more, or -1, got 0"),
        ("2,1,1,1,9", "line 2: `height` is missing"),
        ("2,1,nan,1,9,9", "line 2: `left` must be a number, got 'nan'"),
        ("2,1,1,1,-9,9", "line 2: the width of the box must be above 0, got -9"),
        ("2,1,1,1,9,inf", "line 2: `height` must be a number, got 'inf'"),
        ("1,1,1,1,9,9", "lines 1 and 2: `id` 1 stands twice in frame 1"),
        ("2,-1,1,1,9,9", "line 2: `id` is -1, but other lines have ids"),
        ("2,9,1,1,9,9,1,14,1", "line 2: `class` 14 has no name; there are 13"),
    ],
)
def test_damaged_line_is_named(line, words):
    with pytest.raises(TrackFileError, match=words) as caught:
        parse(GOOD + line)
    assert caught.value.line == 2


def test_file_without_boxes_is_refused():
    with pytest.raises(TrackFileError, match=r"gt\.txt has no boxes"):
        parse("\n")


class TestFiles:
    def test_folder_of_a_sequence(self, written):
        assert read_mot(written / "fake").path == written / "fake" / "gt" / "gt.txt"

    def test_result_file_finds_its_sequence(self, written):
        read = read_mot(written / "fake.txt")
        assert (read.width, read.n_frames) == (8, 40)
        assert 2 not in read.store[1]  # lost

    def test_changed_file_no_longer_says_who_drew_a_box(self, written):
        path = written / "fake" / "gt" / "gt.txt"
        path.write_text(path.read_text().replace("5.0000,2.0000", "4.0000,2.0000"))
        store = read_mot(path).store
        origins = {box.origin for track in store for box in track}
        assert origins == {BoxOrigin.IMPORTED}
        assert [track.label for track in store] == ["gull", "seal"]

    def test_damaged_export_json_is_named(self, written):
        (written / "fake" / "export.json").write_text("{")
        with pytest.raises(TrackFileError, match=r"export\.json is damaged"):
            read_mot(written / "fake")

    def test_damaged_notes_of_a_track_are_named(self, written):
        path = written / "fake" / "export.json"
        choices = json.loads(path.read_text())
        choices["tracks"][0]["occluded"] = [[5, 3]]
        path.write_text(json.dumps(choices))
        with pytest.raises(TrackFileError, match="track 1: what is said"):
            read_mot(written / "fake")

    def test_damaged_sequence_file_is_named(self, written):
        (written / "fake" / "seqinfo.ini").write_text("[Sequence]\nname=a\n")
        with pytest.raises(TrackFileError, match=r"seqinfo\.ini is damaged"):
            read_mot(written / "fake")

    def test_missing_file_is_named(self, tmp_path):
        with pytest.raises(TrackFileError, match=r"no\.txt cannot be read"):
            read_mot(tmp_path / "no.txt")

    def test_pictures_are_no_text(self, tmp_path):
        path = tmp_path / "a.txt"
        path.write_bytes(b"\x89PNG\xff\xfe")
        with pytest.raises(TrackFileError, match="no text file in UTF-8"):
            read_mot(path)
