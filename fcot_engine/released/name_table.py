"""Which entry of a released network is which of ours.

Names that end in a dot stand for all entries below them. What is not in a table is
unexpected, what a table drops is known and never run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class NameTable:
    """The entries of one kind of released network."""

    kind: str
    """What the network is called."""
    ours_of: Mapping[str, str]
    """Our name for each released one."""
    dropped: tuple[str, ...]
    """Released entries that we have no use for."""
    marks: tuple[str, ...]
    """Starts of names that only this kind has."""

    def to_ours(self, released: str) -> str | None:
        """Our name of a released entry, or None if it is not in the table."""
        return _translate(released, self.ours_of)

    def to_released(self, ours: str) -> str | None:
        """The released name of an entry of ours, or None if it has none."""
        return _translate(ours, {new: old for old, new in self.ours_of.items()})

    def is_dropped(self, released: str) -> bool:
        """Whether an entry is known and of no use."""
        return released.startswith(self.dropped)

    def is_marked(self, released: str) -> bool:
        """Whether an entry tells that a network is of this kind."""
        return released.startswith(self.marks)


def _translate(name: str, table: Mapping[str, str]) -> str | None:
    if name in table:
        return table[name]
    for old, new in table.items():
        if old.endswith(".") and name.startswith(old):
            return new + name.removeprefix(old)
    return None


def _classifier(released: str, ours: str) -> dict[str, str]:
    """Initialiser and optimiser of one scale."""
    optimiser = f"{released}.filter_optimizer"
    return {
        f"{released}.filter_initializer.filter_conv.": f"{ours}.start_conv.",
        f"{optimiser}.label_map_predictor.weight": f"{ours}.label_table",
        f"{optimiser}.target_mask_predictor.0.weight": f"{ours}.mask_table",
        f"{optimiser}.spatial_weight_predictor.weight": f"{ours}.weight_table",
        f"{optimiser}.log_step_length": f"{ours}.log_step",
        f"{optimiser}.filter_reg": f"{ours}.filter_reg",
    }


UNUSED_STAGES = ("feature_extractor.layer4.", "feature_extractor.fc.")

FCOT = NameTable(
    kind="FCOT",
    ours_of={
        "feature_extractor.": "backbone.",
        "pyramid_first_conv.res_conv.": "decoder.lateral_coarse.",
        "pyramid_36.res_conv.": "decoder.lateral_middle.",
        "pyramid_72.res_conv.": "decoder.lateral_fine.",
        "pyramid_72.pyramid_conv.": "decoder.smooth_fine.",
        "classifier_18.feature_extractor.0.": "coarse_head.conv.",
        "classifier_72.feature_extractor.": "fine_head.tower.",
        **_classifier("classifier_18", "coarse"),
        **_classifier("classifier_72", "fine"),
        "regressor_72.reg_head_36.": "regression.head.coarse.",
        "regressor_72.reg_head_72.": "regression.head.fine.",
        "regressor_72.reg_head_merge.": "regression.head.merge.",
        "regressor_72.reg_initializer_36.": "regression.generator.coarse.",
        "regressor_72.reg_initializer_72.": "regression.generator.fine.",
        "regressor_72.reg_initializer_merge.": "regression.generator.merge.",
        "regressor_72.filter_optimizer.filter_reg": "regression.eta",
    },
    # a factor on steps that came out thousands of times too short; ours are exact
    dropped=(*UNUSED_STAGES, "regressor_72.filter_optimizer.log_step_length"),
    marks=("classifier_18.", "classifier_72.", "regressor_72.", "pyramid_"),
)
"""The network that the FCOT authors trained."""

DIMP = NameTable(
    kind="DiMP",
    ours_of={
        "feature_extractor.": "backbone.",
        "classifier.feature_extractor.0.": "coarse_head.conv.",
        **_classifier("classifier", "coarse"),
    },
    dropped=(*UNUSED_STAGES, "bb_regressor."),  # its boxes come from an IoU network
    marks=("classifier.", "bb_regressor."),
)
"""The network that FCOT's training starts from: backbone and coarse classifier."""
