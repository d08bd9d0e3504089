from __future__ import annotations

import pytest

from fcot_engine.model import PaperNet
from fcot_engine.released.name_table import DIMP, FCOT


@pytest.fixture(scope="module")
def ours():
    return PaperNet().state_dict()


class TestFcot:
    @pytest.mark.parametrize(
        ("released", "ours"),
        [
            ("feature_extractor.layer2.0.bn1.weight", "backbone.layer2.0.bn1.weight"),
            ("pyramid_36.res_conv.bias", "decoder.lateral_middle.bias"),
            ("classifier_18.feature_extractor.0.weight", "coarse_head.conv.weight"),
            (
                "classifier_72.feature_extractor.6.conv_offset_mask.bias",
                "fine_head.tower.6.conv_offset_mask.bias",
            ),
            (
                "classifier_72.filter_optimizer.target_mask_predictor.0.weight",
                "fine.mask_table",
            ),
            (
                "regressor_72.reg_initializer_36.3.weight",
                "regression.generator.coarse.3.weight",
            ),
            ("regressor_72.filter_optimizer.filter_reg", "regression.eta"),
        ],
    )
    def test_names_both_ways(self, released, ours):
        assert FCOT.to_ours(released) == ours
        assert FCOT.to_released(ours) == released

    def test_every_entry_of_ours_has_a_released_name_and_comes_back(self, ours):
        for name in ours:
            released = FCOT.to_released(name)
            assert released is not None, name
            assert FCOT.to_ours(released) == name
            assert not FCOT.is_dropped(released)

    @pytest.mark.parametrize(
        "name",
        [
            "classifier_18.filter_optimizer.filter_reg_more",
            "classifier_36.filter_optimizer.filter_reg",
            "feature_extractor",
            "",
        ],
    )
    def test_other_names_have_none(self, name):
        assert FCOT.to_ours(name) is None

    def test_unused_entries_are_dropped(self):
        assert FCOT.is_dropped("feature_extractor.layer4.2.conv3.weight")
        assert FCOT.is_dropped("feature_extractor.fc.weight")
        assert not FCOT.is_dropped("feature_extractor.layer3.5.conv3.weight")

    @pytest.mark.shared
    def test_every_entry_of_the_released_network_is_known(self, shared_dir, ours):
        path = shared_dir / "reference" / "fcot-checkpoint-keys.tsv"
        if not path.is_file():
            pytest.skip("the shared folder has no reference/fcot-checkpoint-keys.tsv")
        rows = path.read_text(encoding="utf-8").splitlines()[1:]
        names = [row.split("\t")[0] for row in rows]
        kept = [name for name in names if not FCOT.is_dropped(name)]
        assert len(names) == 414
        assert sorted(FCOT.to_ours(name) for name in kept) == sorted(ours)


class TestDimp:
    def test_backbone_and_coarse_classifier_are_filled(self, ours):
        filled = {name.split(".")[0] for name in ours if DIMP.to_released(name)}
        assert filled == {"backbone", "coarse_head", "coarse"}

    def test_its_box_regressor_is_dropped(self):
        assert DIMP.is_dropped("bb_regressor.conv3_1r.0.weight")

    def test_kinds_are_told_apart(self):
        assert DIMP.is_marked("classifier.feature_extractor.0.weight")
        assert not DIMP.is_marked("classifier_18.feature_extractor.0.weight")
        assert FCOT.is_marked("classifier_18.feature_extractor.0.weight")
        assert not FCOT.is_marked("classifier.feature_extractor.0.weight")
