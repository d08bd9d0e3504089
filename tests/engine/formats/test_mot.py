from __future__ import annotations

import configparser
import json
import shutil

import numpy as np
import pytest

from fcot_engine.annotation import (
    Box,
    Origin,
    Span,
    SpanKind,
    TargetInfo,
    empty_rows,
)
from fcot_engine.errors import ExportError, TrackFileError
from fcot_engine.formats import read_mot, write_mot


def rows_of(path):
    return np.loadtxt(path, delimiter=",", ndmin=2)


def test_files_lie_where_tools_look_for_them(tmp_path, annotations, source):
    written = write_mot(tmp_path, annotations, source)
    names = ["fake/gt/gt.txt", "fake/gt/labels.txt", "fake/seqinfo.ini", "fake.txt"]
    assert written == [tmp_path / name for name in [*names, "fake/export.json"]]
    assert sorted(written) == sorted(p for p in tmp_path.rglob("*") if p.is_file())


def test_truth_counts_everything_from_one(tmp_path, annotations, source):
    write_mot(tmp_path, annotations, source)
    rows = rows_of(tmp_path / "fake" / "gt" / "gt.txt")
    expected = [
        [1, 1, 1, 1, 8, 6, 1, 1, 1],
        [2, 1, 2.25, 1.5, 3.3333, 2, 1, 1, 1],
        [2, 2, 5, 2, 2, 2.5, 1, 2, 1],
        [3, 1, 2.25, 1.5, 3.3333, 2, 0, 1, 0],  # lost: ignored, not visible
        [10, 2, 6, 2, 2, 2.5, 1, 2, 1],
    ]
    np.testing.assert_allclose(rows, expected, atol=1e-3)


def test_result_file_has_scores_and_no_lost_frames(tmp_path, annotations, source):
    write_mot(tmp_path, annotations, source)
    rows = rows_of(tmp_path / "fake.txt")
    expected = [
        [1, 1, 1, 1, 8, 6, 1, -1, -1, -1],
        [2, 1, 2.25, 1.5, 3.3333, 2, 0.75, -1, -1, -1],
        [2, 2, 5, 2, 2, 2.5, 1, -1, -1, -1],
        [10, 2, 6, 2, 2, 2.5, 0.5, -1, -1, -1],
    ]
    np.testing.assert_allclose(rows, expected, atol=1e-3)


def test_frames_and_ids_are_written_as_whole_numbers(tmp_path, annotations, source):
    write_mot(tmp_path, annotations, source)
    first = (tmp_path / "fake.txt").read_text().splitlines()[0]
    assert first == "1,1,1.0000,1.0000,8.0000,6.0000,1.0000,-1,-1,-1"


def test_pixels_can_count_from_zero(tmp_path, annotations, source):
    write_mot(tmp_path, annotations, source, pixel_origin=0)
    rows = rows_of(tmp_path / "fake" / "gt" / "gt.txt")
    np.testing.assert_allclose(rows[1, 2:4], [1.25, 0.5])
    assert rows[0, 0] == 1
    choices = json.loads((tmp_path / "fake" / "export.json").read_text())
    assert choices["pixel_origin"] == 0


def test_other_pixel_origin_is_refused(tmp_path, annotations, source):
    with pytest.raises(ExportError, match="must be 0 or 1, got 2"):
        write_mot(tmp_path, annotations, source, pixel_origin=2)


def test_class_names_stand_in_their_lines(tmp_path, annotations, source):
    for number, class_name in ((4, "gull"), (5, "a\nb")):
        target = annotations.add(TargetInfo(number, "x", class_name))
        target.boxes.put_box(Box(3, (0, 0, 2, 2), Origin.HUMAN))
    write_mot(tmp_path, annotations, source)
    labels = (tmp_path / "fake" / "gt" / "labels.txt").read_text().splitlines()
    rows = rows_of(tmp_path / "fake" / "gt" / "gt.txt")
    assert labels == ["gull", "seal", "a b"]
    assert dict(rows[:, [1, 7]].tolist()) == {1: 1, 2: 2, 4: 1, 5: 3}


def test_sequence_information_has_exactly_the_seven_keys(tmp_path, annotations, source):
    source.frame_rate = 29.97
    write_mot(tmp_path, annotations, source)
    parser = configparser.ConfigParser()
    parser.optionxform = str
    parser.read(tmp_path / "fake" / "seqinfo.ini")
    assert dict(parser["Sequence"]) == {
        "name": "fake",
        "imDir": "img1",
        "frameRate": "30",
        "seqLength": "40",
        "imWidth": "8",
        "imHeight": "6",
        "imExt": ".jpg",
    }
    choices = json.loads((tmp_path / "fake" / "export.json").read_text())
    assert choices["frame_rate"] == 29.97


def test_origin_of_each_box_is_told(tmp_path, annotations, source):
    write_mot(tmp_path, annotations, source)
    choices = json.loads((tmp_path / "fake" / "export.json").read_text())
    boxes, (maker,) = choices["boxes"], choices["makers"]
    assert (maker["engine"], maker["preset"]) == ("fcot 0.1.0", "lite")
    assert [box["source"] for box in boxes] == [
        *("human", "tracked", "corrected", "tracked", "tracked")
    ]
    assert boxes[3] == {
        "frame": 3, "id": 1, "source": "tracked", "score": 0.1, "maker": 1, "lost": True
    }  # fmt: skip


def test_names_of_image_files_are_kept(tmp_path, annotations, source):
    source.file_names = "g{index}.png"
    write_mot(tmp_path, annotations, source)
    choices = json.loads((tmp_path / "fake" / "export.json").read_text())
    assert choices["frame_file_names"][39] == "g39.png"
    assert "imExt=.png" in (tmp_path / "fake" / "seqinfo.ini").read_text()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../My möwe: 1", "My_mowe_1"),
        ("../../etc/passwd", "etc_passwd"),
        ("100%", "100"),
        (".hidden", "hidden"),
        ("海鸥", "video"),
        ("", "video"),
        ("x" * 300, "x" * 80),
    ],
)
def test_unsafe_names_become_safe(tmp_path, annotations, source, name, expected):
    source.name = name
    written = write_mot(tmp_path, annotations, source)
    assert written[0] == tmp_path / expected / "gt" / "gt.txt"


def test_trackeval_accepts_the_files(tmp_path, annotations, source):
    annotations[1].boxes.put(np.array([2]), empty_rows(1))  # the lost one
    assert evaluate(tmp_path, annotations, source, worse=False) == pytest.approx(1.0)


def test_trackeval_ignores_lost_frames(tmp_path, annotations, source):
    assert evaluate(tmp_path, annotations, source, worse=False) == pytest.approx(1.0)


def test_trackeval_sees_wrong_boxes(tmp_path, annotations, source):
    assert evaluate(tmp_path, annotations, source, worse=True) < 0.9


def evaluate(folder, annotations, source, *, worse: bool) -> float:
    """HOTA of the result file against the truth file, in the layout of TrackEval."""
    trackeval = pytest.importorskip("trackeval")
    write_mot(folder / "out", annotations, source)
    truth = folder / "gt" / "FCOT-train"
    shutil.copytree(folder / "out" / "fake", truth / "fake")
    maps = folder / "gt" / "seqmaps"
    maps.mkdir()
    (maps / "FCOT-train.txt").write_text("name\nfake\n")
    results = folder / "trackers" / "FCOT-train" / "ours" / "data"
    results.mkdir(parents=True)
    lines = (folder / "out" / "fake.txt").read_text().splitlines(keepends=True)
    (results / "fake.txt").write_text("".join(lines[1:] if worse else lines))
    dataset = trackeval.datasets.MotChallenge2DBox(
        {
            "GT_FOLDER": str(folder / "gt"),
            "TRACKERS_FOLDER": str(folder / "trackers"),
            "OUTPUT_FOLDER": str(folder / "scores"),
            "BENCHMARK": "FCOT",
            "DO_PREPROC": False,  # count all classes, not the pedestrians only
            "PRINT_CONFIG": False,
        }
    )
    quiet = {
        "USE_PARALLEL": False,
        "BREAK_ON_ERROR": True,
        **dict.fromkeys(
            ("PRINT_RESULTS", "PRINT_CONFIG", "TIME_PROGRESS", "PLOT_CURVES"), False
        ),
        "OUTPUT_SUMMARY": False,
        "OUTPUT_DETAILED": False,
    }
    evaluator = trackeval.Evaluator(quiet)
    metric = trackeval.metrics.HOTA({"PRINT_CONFIG": False})
    scores, _ = evaluator.evaluate([dataset], [metric])
    found = scores["MotChallenge2DBox"]["ours"]["fake"]["pedestrian"]["HOTA"]["HOTA"]
    return float(found.mean())


# --- reading ---------------------------------------------------------------------

GOOD = "1,1,1,1,10,20,1,3,1\n"


@pytest.fixture
def parse(tmp_path):
    """Return a function that reads the annotations and the notes of a text."""

    def parse(text, **settings):
        (tmp_path / "gt.txt").write_text(text)
        read = read_mot(tmp_path / "gt.txt", **settings)
        return read.annotations, read.notes

    return parse


@pytest.fixture
def written(tmp_path, annotations, source):
    """Our own files; the gull is lost in frame 2."""
    write_mot(tmp_path, annotations, source)
    return tmp_path


class TestLines:
    def test_official_counts_start_at_one(self, parse):
        annotations, notes = parse("3,2,11,21,30,40,1,1,1\n")
        assert annotations[2].boxes.get(2).box_xywh == (10, 20, 30, 40)
        assert annotations[2].info.class_name == "pedestrian" and notes == ()

    def test_other_pixel_origin(self, parse):
        annotations, _ = parse("3,2,11,21,30,40,1,1,1\n", pixel_origin=0)
        assert annotations[2].boxes.get(2).box_xywh == (11, 21, 30, 40)

    def test_blanks_between_columns_and_empty_lines(self, parse):
        annotations, _ = parse("\n3 2 11 21 30 40\n\n")
        assert annotations[2].info.class_name == "object" and 2 in annotations[2].boxes

    def test_ids_written_as_floats(self, parse):
        annotations, _ = parse("3.0,2.0,11,21,30,40,1,1,1\n")
        assert [target.target_id for target in annotations] == [2]

    def test_ignored_boxes_are_left_out_and_told(self, parse):
        annotations, notes = parse(GOOD + "2,1,1,1,10,20,0,3,1\n")
        assert len(annotations[1].boxes) == 1
        assert notes == ("Boxes marked to be ignored that were left out: 1.",)

    def test_no_visibility_is_occlusion(self, parse):
        annotations, _ = parse(GOOD + "2,1,1,1,10,20,1,3,0\n")
        assert annotations[1].info.spans == (Span(1, 1, SpanKind.OCCLUDED),)

    def test_scores_of_results_are_kept(self, parse):
        annotations, _ = parse("1,1,1,1,9,9,0.25,-1,-1,-1\n")
        box = annotations[1].boxes.get(0)
        assert box.score == 0.25 and box.origin is Origin.IMPORTED

    def test_scores_without_a_scale_become_even(self, parse):
        annotations, _ = parse("1,1,1,1,9,9,37.5,-1,-1,-1\n")
        assert annotations[1].boxes.get(0).score == 0.5

    def test_detections_without_ids_are_joined(self, parse):
        lines = [f"{n},-1,{n},1,30,30,0.9,-1,-1,-1" for n in (1, 2, 3, 5)]
        annotations, notes = parse("\n".join(lines))
        frames = [target.boxes.frames().tolist() for target in annotations]
        assert frames == [[0, 1, 2], [4]]
        assert notes == (
            "Detections without ids, joined by their overlap: 4; tracks: 2.",
        )

    @pytest.mark.parametrize(("link_iou", "n_targets"), [(0.5, 2), (0.2, 1)])
    def test_too_little_overlap_begins_a_target(self, parse, link_iou, n_targets):
        text = "1,-1,1,1,10,10\n2,-1,7,1,10,10\n"
        assert len(parse(text, link_iou=link_iou)[0]) == n_targets

    def test_detections_that_overlap_most_are_joined_whatever_their_order(self, parse):
        left = [f"{n},-1,{n},1,20,20" for n in range(1, 5)]
        right = [f"{n},-1,{100 - n},1,20,20" for n in range(1, 5)]
        near = ["2,-1,9,1,20,20"]
        annotations, _ = parse("\n".join([*near, *reversed(right), *left]))
        tables = [target.boxes for target in annotations]
        assert [len(table) for table in tables] == [4, 4, 1]
        assert {box.box_xywh[0] for box in tables[1]} == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x,1,1,1,9,9", "line 2: `frame` must be a number, got 'x'"),
        ("0,1,1,1,9,9", "line 2: `frame` must be 1 or more, got 0"),
        ("1000000000,1,1,1,9,9", "line 2: no video has a frame 999999999"),
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
def test_damaged_line_is_named(parse, line, words):
    with pytest.raises(TrackFileError, match=words) as caught:
        parse(GOOD + line)
    assert caught.value.line == 2


def test_file_without_boxes_is_refused(parse):
    with pytest.raises(TrackFileError, match=r"gt\.txt has no boxes"):
        parse("\n")


class TestFiles:
    def test_folder_of_a_sequence(self, written):
        assert read_mot(written / "fake").path == written / "fake" / "gt" / "gt.txt"

    def test_result_file_finds_its_sequence(self, written):
        read = read_mot(written / "fake.txt")
        assert (read.width, read.n_frames) == (8, 40)
        assert 2 not in read.annotations[1].boxes  # lost

    def test_changed_file_no_longer_says_who_drew_a_box(self, written):
        path = written / "fake" / "gt" / "gt.txt"
        path.write_text(path.read_text().replace("5.0000,2.0000", "4.0000,2.0000"))
        annotations = read_mot(path).annotations
        origins = {box.origin for target in annotations for box in target.boxes}
        assert origins == {Origin.IMPORTED}
        assert [target.info.class_name for target in annotations] == ["gull", "seal"]

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
