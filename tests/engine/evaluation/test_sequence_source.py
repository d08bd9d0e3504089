from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.errors import FrameIndexError
from fcot_engine.evaluation import SequenceSource, load_sequence
from fcot_engine.video import FrameSource


def test_sequence_is_a_video(root):
    sequence = load_sequence(root / "slow")
    source = SequenceSource(sequence)
    assert isinstance(source, FrameSource)
    assert (source.name, len(source)) == ("slow", 6)
    assert (source.width, source.height) == (120, 60)
    assert source.file_name(2) == "00000003.png"
    assert np.array_equal(source.read(5), sequence.read(5))
    source.close()


def test_frame_behind_the_end_is_refused(root):
    with pytest.raises(FrameIndexError):
        SequenceSource(load_sequence(root / "slow")).read(6)
