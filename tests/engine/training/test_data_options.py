from __future__ import annotations

from pathlib import Path

import pytest

from fcot_engine.errors import ConfigError
from fcot_engine.training import parse_photos
from fcot_engine.training.data_options import parse_data


@pytest.mark.parametrize(
    ("text", "folder", "weight"),
    [
        pytest.param("photos", "photos", 1.0, id="no_weight"),
        pytest.param("photos=2", "photos", 2.0, id="weight"),
        pytest.param("a=b/photos", "a=b/photos", 1.0, id="equals_in_the_name"),
        pytest.param("a=b/photos=0.5", "a=b/photos", 0.5, id="both"),
    ],
)
def test_photos(text, folder, weight):
    option = parse_photos(text)
    assert (option.kind, option.folder, option.weight) == (
        "photos",
        Path(folder),
        weight,
    )


def test_data():
    option = parse_data("trackingnet:sets/TN=0.25")
    assert option.kind == "trackingnet"
    assert option.folder == Path("sets/TN")
    assert option.weight == 0.25


@pytest.mark.parametrize("text", ["got10k", "nfs:folder", "coco:", ":folder"])
def test_unknown_kinds_are_refused_with_the_known_ones(text):
    with pytest.raises(ConfigError, match="got10k, lasot, trackingnet, coco"):
        parse_data(text)


@pytest.mark.parametrize("text", ["f=0", "f=-1", "f=nan", "f=inf"])
def test_weights_are_above_zero(text):
    with pytest.raises(ConfigError, match="above 0"):
        parse_photos(text)
