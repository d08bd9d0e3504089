from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.annotation import Maker, Origin
from fcot_engine.annotation.boxes import ROW, Makers, differ
from fcot_engine.annotation.columns import (
    decode_frames,
    decode_rows,
    encode_frames,
    encode_rows,
)
from fcot_engine.errors import ProjectError


def make_rows(count, seed=0, *, exact=False):
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, ROW)
    rows["origin"] = rng.integers(1, 5, count)
    rows["is_lost"] = rng.integers(0, 2, count)
    boxes = rng.random((count, 4)) * 500
    rows["box"] = boxes if exact else boxes.astype("f4")
    rows["score"] = rng.random(count)
    rows["second_peak"] = np.where(rng.random(count) < 0.5, np.nan, rng.random(count))
    rows["disagreement"] = np.nan
    return rows


def round_trip(rows, makers=None):
    makers = makers or Makers()
    text = json.dumps(encode_rows(rows, makers), allow_nan=False)
    return decode_rows(json.loads(text), len(rows), makers)


class TestFrames:
    @pytest.mark.parametrize(
        ("frames", "expected"),
        [
            pytest.param([], [], id="none"),
            pytest.param([7], [[7, 1]], id="one"),
            pytest.param([0, 1, 2, 5, 6, 9], [[0, 3], [5, 2], [9, 1]], id="holes"),
        ],
    )
    def test_stretches(self, frames, expected):
        assert encode_frames(np.array(frames, np.int64)) == expected

    @given(st.sets(st.integers(0, 10**6), max_size=50))
    def test_round_trip(self, frames):
        frames = np.array(sorted(frames), np.int64)
        assert decode_frames(encode_frames(frames)).tolist() == frames.tolist()

    @pytest.mark.parametrize(
        "stretches", [[[-1, 3]], [[5, 2], [5, 1]], [[9, 1], [0, 1]]]
    )
    def test_impossible_frames_are_refused(self, stretches):
        with pytest.raises(ValueError, match="0 or more and ascend"):
            decode_frames(stretches)


class TestRows:
    @pytest.mark.parametrize("count", [1, 2, 16, 17, 500])
    @pytest.mark.parametrize("exact", [False, True], ids=["float32", "float64"])
    def test_nothing_is_rounded(self, count, exact):
        rows = make_rows(count, exact=exact)
        assert not differ(round_trip(rows), rows).any()

    def test_no_boxes_are_short(self):
        rows = np.zeros(1000, ROW)
        assert encode_rows(rows, Makers()) == {}
        assert not differ(round_trip(rows), rows).any()

    def test_few_boxes_can_be_read_by_people(self):
        rows = np.zeros(2, ROW)
        rows["origin"] = Origin.HUMAN
        rows["box"] = [[1, 2, 3, 4.5], [1, 2, 3, 5]]
        rows["second_peak"] = np.nan
        written = encode_rows(rows, Makers())
        assert written["box"] == [1, 2, 3, 4.5, 1, 2, 3, 5]
        assert written["origin"] == 1 and written["second_peak"] is None

    def test_small_floats_take_half_the_room(self):
        sizes = [
            len(json.dumps(encode_rows(make_rows(900, exact=exact), Makers())))
            for exact in (False, True)
        ]
        assert sizes[1] - sizes[0] == pytest.approx(900 * 16 * 4 / 3, rel=0.02)

    def test_makers_are_known_by_name(self):
        makers, others = Makers(), Makers()
        others.number_of(Maker("other", "x"))
        rows = make_rows(3)
        rows["maker"] = [0, makers.number_of(Maker("fcot", "lite")), 0]
        read = decode_rows(encode_rows(rows, makers), 3, others)
        assert [others[int(number)].engine for number in read["maker"]] == [
            "",
            "fcot",
            "",
        ]

    def test_equal_boxes_are_written_equally_whatever_the_numbers(self):
        makers, others = Makers(), Makers()
        for known, names in ((makers, "ab"), (others, "ba")):
            for name in names:
                known.number_of(Maker(name))
        written = []
        for known in (makers, others):
            rows = make_rows(2)
            rows["maker"] = [known.number_of(Maker("a")), known.number_of(Maker("b"))]
            written.append(encode_rows(rows, known))
        assert written[0] == written[1]

    @pytest.mark.parametrize(
        "harm",
        [
            pytest.param(lambda w: w.pop("score"), id="missing"),
            pytest.param(lambda w: w.update(box=[1, 2, 3]), id="too_short"),
            pytest.param(lambda w: w.update(score={"type": "<f8"}), id="no_data"),
            pytest.param(lambda w: w.update(origin=[1, 2, 77]), id="unknown_origin"),
            pytest.param(lambda w: w.update(maker=[0, 5, 0]), id="unknown_maker"),
            pytest.param(
                lambda w: w.update(score={"type": "<f8", "base64": "!"}), id="no_base64"
            ),
        ],
    )
    def test_damage_is_an_error_of_the_project(self, harm):
        written = encode_rows(make_rows(3), Makers())
        harm(written)
        with pytest.raises(ProjectError, match="Boxes of the project cannot be read"):
            decode_rows(written, 3, Makers())
