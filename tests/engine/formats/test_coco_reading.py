from __future__ import annotations

import json

import pytest

from fcot_engine.errors import TrackFileError
from fcot_engine.formats import read_coco
from fcot_engine.formats.coco_reading import parse_coco
from fcot_engine.session import BoxOrigin


@pytest.fixture
def document():
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


def parse(document, **settings):
    return parse_coco(json.dumps(document), file_name="a.json", **settings)


def test_boxes_by_frame(document):
    read = parse(document)
    assert [box.frame_index for box in read.store[4]] == [0, 1]
    assert read.store[4].get(1).box_xywh == (2, 2, 3.5, 4)
    assert read.store[4].label == "gull" and (read.width, read.height) == (64, 48)


def test_who_drew_a_box_is_unknown(document):
    box = parse(document).store[4].get(0)
    assert box.origin is BoxOrigin.IMPORTED and box.engine == ""


@pytest.mark.parametrize(
    ("keyframe", "origin"),
    [(True, BoxOrigin.HUMAN), (False, BoxOrigin.INTERPOLATED)],
)
def test_keyframes_of_cvat(document, keyframe, origin):
    document["annotations"][0]["attributes"] = {"keyframe": keyframe}
    assert parse(document).store[4].get(0).origin is origin


def test_track_id_in_the_attributes_will_do(document):
    for entry in document["annotations"]:
        entry["attributes"] = {"track_id": 0, "occluded": True}
        del entry["instance_id"]
    store = parse(document).store
    assert [track.track_id for track in store] == [1]  # ids are positive
    assert store[1].info.occluded == ((0, 1),)


@pytest.mark.parametrize(
    "names",
    [("frame_000000.PNG", "frame_000007.PNG"), ("img1/000001.jpg", "img1/000008.jpg")],
    ids=["cvat", "plain_numbers"],
)
def test_names_of_images_will_do_for_frame_numbers(document, names):
    for image, name in zip(document["images"], names, strict=True):
        del image["frame_id"]
        image["file_name"] = name
    read = parse(document)
    assert [box.frame_index for box in read.store[4]] == [0, 7]
    assert "taken from the names of the images" in read.notes[0]


def test_crowds_are_left_out_and_told(document):
    document["annotations"][0]["iscrowd"] = 1
    read = parse(document)
    assert len(read.store[4]) == 1 and read.notes == ("Crowds left out: 1.",)


def test_one_of_several_videos_must_be_named(document):
    document["videos"].append({"id": 2, "name": "other"})
    assert len(parse(document, video_name="film.mp4").store[4]) == 2
    with pytest.raises(TrackFileError, match=r"2 videos \(film, other\), and 'x'"):
        parse(document, video_name="x")


@pytest.mark.parametrize(
    ("part", "number", "change", "words"),
    [
        ("annotations", 1, {"image_id": 9}, r"annotations\[1\]: `image_id` 9 is not"),
        ("annotations", 1, {"image_id": None}, "`image_id` must be a whole number"),
        ("annotations", 1, {"bbox": [1, 2, 3]}, r"\[1\]: `bbox` must be \[x, y"),
        ("annotations", 1, {"bbox": [1, 2, "3", 4]}, "`bbox` must be four finite"),
        ("annotations", 1, {"bbox": [1, 2, 0, 4]}, "width of the box must be above 0"),
        ("annotations", 1, {"category_id": 8}, "`category_id` 8 is not in categories"),
        ("annotations", 1, {"image_id": 1}, "4 has a box in frame 0 already"),
        ("annotations", 1, {"instance_id": None}, "has no `track_id`, `instance_id`"),
        ("annotations", 1, {"instance_id": 1.5}, "`track_id` must be a whole number"),
        (
            "images",
            0,
            {"frame_id": None, "file_name": "a.jpg"},
            "neither `frame_index` nor `frame_id`",
        ),
        ("images", 0, {"frame_id": -1}, "`frame_index` must be 0 or more, got -1"),
        ("images", 1, {"id": 1}, r"images\[1\]: `id` 1 stands there twice"),
    ],
)
def test_damaged_entry_is_named(document, part, number, change, words):
    document[part][number] |= change
    with pytest.raises(TrackFileError, match=words):
        parse(document)


@pytest.mark.parametrize("part", ["images", "annotations", "categories"])
def test_missing_part_is_named(document, part):
    del document[part]
    with pytest.raises(TrackFileError, match=f"{part}.* is missing"):
        parse(document)


def test_damaged_json_is_named_by_line():
    with pytest.raises(TrackFileError, match=r"a\.json, line 2, column") as caught:
        parse_coco('{"images": [],\n"annotations" 3}', file_name="a.json")
    assert caught.value.line == 2


def test_list_is_no_coco_file():
    with pytest.raises(TrackFileError, match="no JSON object"):
        parse_coco("[]", file_name="a.json")


def test_damaged_notes_of_a_track_are_named(document):
    document["tracks"] = [{"id": 4, "end_frame": "soon"}]
    with pytest.raises(TrackFileError, match="track 4: what is said"):
        parse(document)


def test_file_is_remembered(document, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    assert read_coco(path).path == path
