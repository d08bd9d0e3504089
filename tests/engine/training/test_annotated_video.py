from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.errors import TrainingError
from fcot_engine.training.annotated_video import read_numbers


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1,2\n3,4\n", id="commas"),
        pytest.param("1 2\r\n3\t4", id="blanks_and_tabs"),
        pytest.param("1,2,3,4", id="one_line"),
    ],
)
def test_numbers_are_read_however_they_are_set_apart(tmp_path, text):
    path = tmp_path / "numbers.txt"
    path.write_text(text)
    np.testing.assert_array_equal(read_numbers(path, columns=2), [[1, 2], [3, 4]])


def test_missing_file_is_named(tmp_path):
    with pytest.raises(TrainingError, match=r"none\.txt cannot be read"):
        read_numbers(tmp_path / "none.txt", columns=4)
