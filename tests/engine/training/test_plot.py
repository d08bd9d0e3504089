from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fcot_engine.errors import TrainingError
from fcot_engine.training.plot import plot_log


def write_log(path, columns):
    names = ["step", "samples", *columns]
    lines = [",".join(names)]
    for step in range(10):
        lines.append(
            ",".join([str(step), str(step * 8), *[str(1 / (step + 1))] * len(columns)])
        )
    path.write_text("\n".join(lines))


def read_picture(path):
    with Image.open(path) as image:
        return np.asarray(image).astype(int)


def count_blue(path):
    image = read_picture(path)
    return int(((image[..., 2] - image[..., 0]) > 60).sum())


def test_each_column_gets_a_curve(tmp_path):
    for n in (1, 2):
        write_log(tmp_path / "log.csv", [f"loss{i}" for i in range(n)])
        plot_log(tmp_path / "log.csv", tmp_path / f"{n}.png")
    one, two = count_blue(tmp_path / "1.png"), count_blue(tmp_path / "2.png")
    assert one > 200
    assert two == 2 * one


def test_more_than_three_columns_take_another_line(tmp_path):
    write_log(tmp_path / "log.csv", list("abcd"))
    plot_log(tmp_path / "log.csv", tmp_path / "log.png")
    assert len(read_picture(tmp_path / "log.png")) == 400


def test_empty_log_gives_an_empty_picture(tmp_path):
    (tmp_path / "log.csv").write_text("")
    plot_log(tmp_path / "log.csv", tmp_path / "log.png")
    assert (tmp_path / "log.png").is_file()


def test_missing_log_is_an_error(tmp_path):
    with pytest.raises(TrainingError, match="cannot be read"):
        plot_log(tmp_path / "log.csv", tmp_path / "log.png")
