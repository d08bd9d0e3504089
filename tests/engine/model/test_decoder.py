from __future__ import annotations

import torch

from fcot_engine.model import BackboneTaps, UpsamplingDecoder


def _taps(*channels):
    return BackboneTaps(
        *(
            torch.randn(2, c, 24 // s, 32 // s)
            for c, s in zip(channels, (1, 2, 4), strict=True)
        )
    )


class TestUpsamplingDecoder:
    def test_all_maps_have_the_same_channels(self):
        maps = UpsamplingDecoder((8, 12, 16), channels=5)(_taps(8, 12, 16))
        assert maps.coarse.shape == (2, 5, 6, 8)
        assert maps.middle.shape == (2, 5, 12, 16)
        assert maps.fine.shape == (2, 5, 24, 32)

    def test_size_in_the_paper_setting(self):
        parameters = UpsamplingDecoder((256, 512, 1024), channels=256).parameters()
        assert sum(p.numel() for p in parameters) == 262_400 + 131_328 + 655_872

    def test_a_ramp_stays_where_it_is_through_both_doublings(self):
        """Bilinear doubling about cell middles keeps image coordinates."""
        decoder = UpsamplingDecoder((1, 1, 1), channels=1)
        with torch.no_grad():
            for parameter in decoder.parameters():
                parameter.zero_()
            decoder.lateral_coarse.weight.fill_(1)
            decoder.smooth_fine.weight[..., 1, 1] = 1
        x_px = (torch.arange(8.0) + 0.5) * 16
        taps = BackboneTaps(
            torch.zeros(1, 1, 24, 32),
            torch.zeros(1, 1, 12, 16),
            x_px.expand(1, 1, 6, 8).clone(),
        )
        fine = decoder(taps).fine[0, 0].detach()
        expected = ((torch.arange(32.0) + 0.5) * 4).expand(24, 32)
        torch.testing.assert_close(fine[:, 3:-3], expected[:, 3:-3])

    def test_maps_of_odd_size_fit(self):
        taps = BackboneTaps(
            torch.zeros(1, 4, 13, 15), torch.zeros(1, 4, 7, 8), torch.zeros(1, 4, 4, 4)
        )
        maps = UpsamplingDecoder((4, 4, 4), channels=2)(taps)
        assert maps.fine.shape == (1, 2, 13, 15)
