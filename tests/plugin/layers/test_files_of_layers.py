"""Our layers are saved with the boxes of all frames, and files of boxes dropped in."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from fcot_engine.formats import read_tracks
from napari_fcot.reader import get_boxes_reader, get_reader
from napari_fcot.writer import write_boxes


@pytest.fixture
def boxed(link, controller, helpers):
    """A target with a box in each of five frames, and its way."""
    controller.runs.teaches_at_once = False
    for frame in range(5):
        controller.edits.draw_box(helpers.square_box(frame), frame_index=frame)
    link.trails.show(True)
    return controller


@pytest.fixture
def drop(viewer):
    """Drop a file on the viewer, as napari does after it has found the reader."""

    def drop(path):
        for data, options, kind in get_boxes_reader(str(path))(str(path)):
            viewer._add_layer_from_data(data, options, kind)

    return drop


@pytest.mark.parametrize("layer_name", ["FCOT boxes", "FCOT trails"])
@pytest.mark.parametrize("suffix", ["json", "xml", "txt"])
def test_saving_a_layer_loses_no_frame(viewer, boxed, tmp_path, layer_name, suffix):
    data, attributes, _ = viewer.layers[layer_name].as_layer_data_tuple()
    attributes = copy.deepcopy(attributes)  # as napari duplicates a layer
    first, *_ = write_boxes(str(tmp_path / f"boxes.{suffix}"), data, attributes)
    (target,) = read_tracks(first).annotations
    assert target.boxes.frames().tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(
        target.boxes.get(3).box_xywh, boxed.state.selected.boxes.get(3).box_xywh
    )


def test_other_layers_are_not_ours_to_save(viewer, boxed, tmp_path):
    layer = viewer.add_shapes()
    data, attributes, _ = layer.as_layer_data_tuple()
    assert write_boxes(str(tmp_path / "boxes.json"), data, attributes) == []


def test_dropped_boxes_are_imported(qtbot, viewer, boxed, drop, tmp_path):
    data, attributes, _ = viewer.layers["FCOT boxes"].as_layer_data_tuple()
    (path,) = write_boxes(str(tmp_path / "boxes.json"), data, attributes)
    n_layers = len(viewer.layers)
    drop(path)
    qtbot.waitUntil(lambda: len(boxed.state.targets) == 2)
    assert len(viewer.layers) == n_layers
    assert "Imported boxes.json" in boxed.state.message


def test_dropped_without_a_video_says_what_to_do(qtbot, viewer, link, boxed, drop):
    told = []
    boxed.state.failed.connect(told.append)
    link.choose_video(None)
    drop("somewhere/boxes.json")
    qtbot.waitUntil(lambda: told != [])
    assert "open their video first" in told[0]


def test_stacks_and_folders_of_images_are_videos(tmp_path):
    import tifffile

    stack, single = tmp_path / "stack.tif", tmp_path / "single.tif"
    tifffile.imwrite(stack, np.zeros((3, 16, 16), np.uint8), photometric="minisblack")
    tifffile.imwrite(single, np.zeros((16, 16), np.uint8))
    assert get_reader(str(stack)) is not None
    assert get_reader(str(single)) is None
    assert get_reader(str(tmp_path)) is not None
    (layer,) = get_reader(str(stack))(str(stack))
    assert layer[0].shape[:3] == (3, 16, 16)
