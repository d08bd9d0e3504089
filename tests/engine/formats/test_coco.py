from __future__ import annotations

import contextlib
import io
import json

import numpy as np
import pytest

from fcot_engine.annotation import Origin, Span, SpanKind
from fcot_engine.errors import TrackFileError
from fcot_engine.formats import read_coco, write_coco


@pytest.fixture
def document(tmp_path, annotations, source):
    return json.loads(write_coco(tmp_path / "a.json", annotations, source).read_text())


class TestWriting:
    def test_boxes_count_pixels_from_zero(self, document):
        boxes = [annotation["bbox"] for annotation in document["annotations"]]
        expected = [
            [0, 0, 8, 6],
            [1.25, 0.5, 3.3333, 2],
            [4, 1, 2, 2.5],
            [5, 1, 2, 2.5],
        ]
        np.testing.assert_allclose(boxes, expected, atol=1e-3)

    def test_ids_count_from_one(self, document):
        for part in ("videos", "categories", "tracks", "images", "annotations"):
            ids = [entry["id"] for entry in document[part]]
            assert ids == list(range(1, len(ids) + 1)), part

    def test_all_frames_of_the_video_are_listed(self, document):
        assert len(document["images"]) == 40
        assert document["images"][9] == {
            "id": 10,
            "file_name": "000010.jpg",
            "width": 8,
            "height": 6,
            "video_id": 1,
            "frame_index": 9,
            "frame_id": 9,
        }

    def test_annotations_point_to_frame_track_and_class(self, document):
        pointers = [
            (a["image_id"], a["track_id"], a["instance_id"], a["category_id"])
            for a in document["annotations"]
        ]
        assert pointers == [(1, 1, 1, 1), (2, 1, 1, 1), (2, 2, 2, 2), (10, 2, 2, 2)]
        assert [c["name"] for c in document["categories"]] == ["gull", "seal"]

    def test_origin_of_each_box_is_told(self, document):
        assert document["annotations"][1]["attributes"] == {
            "track_id": 1,
            "occluded": False,
            "keyframe": False,
            "source": "tracked",
            "score": 0.75,
            "maker": 1,
        }
        assert document["makers"] == [
            {
                "id": 1,
                "engine": "fcot 0.1.0",
                "preset": "lite",
                "weights": "lite.safetensors sha256:0123456789ab",
            }
        ]
        keyframes = [a["attributes"]["keyframe"] for a in document["annotations"]]
        assert keyframes == [True, False, True, False]

    def test_lost_frames_have_no_annotation_but_are_listed(self, document):
        assert [track["lost_frames"] for track in document["tracks"]] == [[2], []]
        assert 3 not in [a["image_id"] for a in document["annotations"]]

    def test_area_is_that_of_the_box(self, document):
        assert [a["area"] for a in document["annotations"]] == [48, 6.6666, 5, 5]

    def test_old_file_is_replaced(self, tmp_path, annotations, source):
        path = tmp_path / "a.json"
        path.write_text("old")
        write_coco(path, annotations, source)
        assert json.loads(path.read_text())["videos"][0]["name"] == "fake"
        assert list(tmp_path.iterdir()) == [path]


class TestPycocotools:
    def test_loads_the_file(self, loaded):
        assert (len(loaded.imgs), len(loaded.anns), len(loaded.cats)) == (40, 4, 2)

    def test_detections_equal_to_the_truth_score_one(self, loaded):
        assert average_precision(loaded, shift=0) == pytest.approx(1.0)

    def test_shifted_detections_score_less(self, loaded):
        assert average_precision(loaded, shift=0.5) < 0.9


@pytest.fixture
def loaded(tmp_path, annotations, source):
    coco = pytest.importorskip("pycocotools.coco")
    path = write_coco(tmp_path / "a.json", annotations, source)
    with contextlib.redirect_stdout(io.StringIO()):
        return coco.COCO(str(path))


def average_precision(truth, *, shift: float) -> float:
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    detections = [
        {
            "image_id": a["image_id"],
            "category_id": a["category_id"],
            "bbox": [a["bbox"][0] + shift, *a["bbox"][1:]],
            "score": 1.0,
        }
        for a in truth.anns.values()
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        run = evaluation.COCOeval(truth, truth.loadRes(detections), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return float(run.stats[0])


@pytest.fixture
def foreign():
    """Two frames of one target in the manner of CocoVID."""
    return {
        "categories": [{"id": 3, "name": "gull"}],
        "videos": [{"id": 1, "name": "film", "width": 64, "height": 48}],
        "images": [
            {"id": n, "video_id": 1, "frame_id": n - 1, "file_name": f"{n}.jpg"}
            for n in (1, 2)
        ],
        "annotations": [
            {
                "id": n,
                "image_id": n,
                "category_id": 3,
                "instance_id": 4,
                "bbox": [n, 2, 3.5, 4],
            }
            for n in (1, 2)
        ],
    }


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a document, or a text, out of a file."""

    def read(document, **settings):
        text = document if isinstance(document, str) else json.dumps(document)
        (tmp_path / "a.json").write_text(text)
        return read_coco(tmp_path / "a.json", **settings)

    return read


class TestReading:
    def test_boxes_by_frame(self, read, foreign):
        found = read(foreign)
        assert [box.frame_index for box in found.annotations[4].boxes] == [0, 1]
        assert found.annotations[4].boxes.get(1).box_xywh == (2, 2, 3.5, 4)
        assert found.annotations[4].info.class_name == "gull" and (
            found.width,
            found.height,
        ) == (64, 48)

    def test_who_drew_a_box_is_unknown(self, read, foreign):
        box = read(foreign).annotations[4].boxes.get(0)
        assert box.origin is Origin.IMPORTED and box.maker.engine == ""

    @pytest.mark.parametrize(
        ("keyframe", "origin"),
        [(True, Origin.HUMAN), (False, Origin.INTERPOLATED)],
    )
    def test_keyframes_of_cvat(self, read, foreign, keyframe, origin):
        foreign["annotations"][0]["attributes"] = {"keyframe": keyframe}
        assert read(foreign).annotations[4].boxes.get(0).origin is origin

    def test_track_id_in_the_attributes_will_do(self, read, foreign):
        for entry in foreign["annotations"]:
            entry["attributes"] = {"track_id": 0, "occluded": True}
            del entry["instance_id"]
        annotations = read(foreign).annotations
        assert [target.target_id for target in annotations] == [1]  # ids are positive
        assert annotations[1].info.spans == (Span(0, 1, SpanKind.OCCLUDED),)

    @pytest.mark.parametrize(
        "names",
        [
            ("frame_000000.PNG", "frame_000007.PNG"),
            ("img1/000001.jpg", "img1/000008.jpg"),
        ],
        ids=["cvat", "plain_numbers"],
    )
    def test_names_of_images_will_do_for_frame_numbers(self, read, foreign, names):
        for image, name in zip(foreign["images"], names, strict=True):
            del image["frame_id"]
            image["file_name"] = name
        found = read(foreign)
        assert [box.frame_index for box in found.annotations[4].boxes] == [0, 7]
        assert "taken from the names of the images" in found.notes[0]

    def test_crowds_are_left_out_and_told(self, read, foreign):
        foreign["annotations"][0]["iscrowd"] = 1
        found = read(foreign)
        assert len(found.annotations[4].boxes) == 1 and found.notes == (
            "Crowds left out: 1.",
        )

    def test_one_of_several_videos_must_be_named(self, read, foreign):
        foreign["videos"].append({"id": 2, "name": "other"})
        assert len(read(foreign, video_name="film.mp4").annotations[4].boxes) == 2
        with pytest.raises(TrackFileError, match=r"2 videos \(film, other\), and 'x'"):
            read(foreign, video_name="x")

    @pytest.mark.parametrize(
        ("part", "number", "change", "words"),
        [
            (
                "annotations",
                1,
                {"image_id": 9},
                r"annotations\[1\]: `image_id` 9 is not",
            ),
            ("annotations", 1, {"image_id": None}, "`image_id` must be a whole number"),
            ("annotations", 1, {"bbox": [1, 2, 3]}, r"\[1\]: `bbox` must be \[x, y"),
            ("annotations", 1, {"bbox": [1, 2, "3", 4]}, "`bbox` must be four finite"),
            (
                "annotations",
                1,
                {"bbox": [1, 2, 0, 4]},
                "width of the box must be above 0",
            ),
            (
                "annotations",
                1,
                {"category_id": 8},
                "`category_id` 8 is not in categories",
            ),
            ("annotations", 1, {"image_id": 1}, "4 has a box in frame 0 already"),
            (
                "annotations",
                1,
                {"instance_id": None},
                "has no `track_id`, `instance_id`",
            ),
            (
                "annotations",
                1,
                {"instance_id": 1.5},
                "`track_id` must be a whole number",
            ),
            (
                "images",
                0,
                {"frame_id": None, "file_name": "a.jpg"},
                "neither `frame_index` nor `frame_id`",
            ),
            ("images", 0, {"frame_id": -1}, "`frame_index` must be 0 or more, got -1"),
            ("images", 0, {"frame_id": 10**9}, "no video has a frame 1000000000"),
            ("images", 1, {"id": 1}, r"images\[1\]: `id` 1 stands there twice"),
        ],
    )
    def test_damaged_entry_is_named(self, read, foreign, part, number, change, words):
        foreign[part][number] |= change
        with pytest.raises(TrackFileError, match=words):
            read(foreign)

    @pytest.mark.parametrize("part", ["images", "annotations", "categories"])
    def test_missing_part_is_named(self, read, foreign, part):
        del foreign[part]
        with pytest.raises(TrackFileError, match=f"{part}.* is missing"):
            read(foreign)

    def test_damaged_json_is_named_by_line(self, read):
        with pytest.raises(TrackFileError, match=r"a\.json, line 2, column") as caught:
            read('{"images": [],\n"annotations" 3}')
        assert caught.value.line == 2

    def test_list_is_no_coco_file(self, read):
        with pytest.raises(TrackFileError, match="no JSON object"):
            read("[]")

    def test_damaged_notes_of_a_track_are_named(self, read, foreign):
        foreign["tracks"] = [{"id": 4, "end_frame": "soon"}]
        with pytest.raises(TrackFileError, match="track 4: what is said"):
            read(foreign)
