"""Short training sequences, composed in batches from still photos.

Two kinds are mixed. *Plain pairs* are crops of one photo around its box: real outlines
in real surroundings. *Pasted* sequences cut an object out along a box or an alpha
mask, move, turn, bend and light it, and put it on another photo. Both get look-alike
distractors; pasted ones also occluders. In some test frames the target is gone.

Everything that touches pixels runs in batches on the chosen device. A batch depends
only on the seed and its number, so that training resumes exactly.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fcot_engine.config import FactoryConfig
from fcot_engine.geometry import xyxy_to_xywh
from fcot_engine.training._appearance import (
    degrade_frames,
    draw_frames_around,
    lower_resolution,
    repeat_border,
    tint,
    vary_light,
)
from fcot_engine.training._drawing import (
    BORDER_MODES,
    REFLECT,
    PhotoBatch,
    box_of_mask,
    box_of_turned_ellipse,
    complete_at_border,
    draw_distractors,
    draw_layers,
    draw_occluders,
    draw_targets,
    gather_photos,
    look_up,
    patch_grid,
)
from fcot_engine.training._draws import Draws
from fcot_engine.training._motion import Motion, Pose, draw_motion
from fcot_engine.training.batches import TrainingBatch, seed_generator
from fcot_engine.training.photos import Choice, PhotoPool, TargetChoice

_MIN_VISIBLE = 0.35  # of a target that is to be found
_MAX_HIDDEN = 0.05  # of a target that counts as wholly covered
_TINY = (4.0, 7.0)  # times that a tiny target is enlarged: 9 to 16 px become 64


class SampleFactory:
    """Makes batch after batch from a photo pool.

    Args:
        pool: photos, boxes and cut-outs.
        config: what to make.
        device: where the batches are composed and returned.
        seed: seed of everything random.
        rank: number of this process among several that share a seed.

    Raises:
        TrainingError: the pool has no usable box.
    """

    def __init__(
        self,
        pool: PhotoPool,
        config: FactoryConfig,
        *,
        device: torch.device | str = "cpu",
        seed: int = 0,
        rank: int = 0,
    ) -> None:
        self.config = config
        self.device = torch.device(device)
        self._pool = pool.to(self.device)
        self._choice = TargetChoice(pool)
        self._seed, self._rank = seed, rank

    @torch.no_grad()
    def make_batch(self, index: int, size: int) -> TrainingBatch:
        """Compose batch number `index` of `size` sequences.

        Raises:
            TrainingError: `index` is negative or `size` not positive.
        """
        generator = seed_generator(self._seed, self._rank, index, size)
        draw = Draws(generator, self.device)
        plain = draw.chance(self.config.plain_share, size)
        if not self._choice.has_plain:
            plain = torch.zeros_like(plain)
        choice = self._choice.draw(plain, draw)
        same = plain | draw.chance(self.config.same_photo_share, size)
        motion = draw_motion(
            self.config, choice.box_xywh.to(self.device), plain, plain | ~same, draw
        )
        images, boxes_xyxy, present = self._compose(choice, motion, plain, same, draw)
        images = self._show(images, boxes_xyxy, present, draw)
        return TrainingBatch.from_frames(
            images,
            xyxy_to_xywh(boxes_xyxy),
            present,
            plain,
            n_train=self.config.n_train,
        )

    def _compose(
        self,
        choice: Choice,
        motion: Motion,
        plain: Tensor,
        same: Tensor,
        draw: Draws,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Images, boxes, and in which frames the target is seen."""
        config, side = self.config, self.config.patch_size
        box = choice.box_xywh.to(self.device)
        shrink = (box[:, 2:] / 2 / motion.target.half_px.abs().mean(1)).amin(-1)
        own = gather_photos(self._pool, choice.photo, shrink, self.device)
        other = torch.where(same.cpu(), choice.photo, choice.other_photo)
        bg_shrink = self._background_shrink(other, shrink, plain, draw)
        back = gather_photos(self._pool, other, bg_shrink, self.device)
        images = self._draw_background(back, box, motion, plain, bg_shrink, draw)

        rows = torch.nonzero(draw.chance(config.layer_share, len(plain)) & ~plain)[:, 0]
        if len(rows) and len(plain) > 1:  # a layer is a piece of a neighbour's photo
            layer = draw_layers(choice, own, motion.layer_shift, rows, side, draw)
            images[rows] = layer.paint(images[rows])
        boxes = box_of_turned_ellipse(motion.target)
        self._add_distractors_(images, boxes, choice, own, motion, plain, draw)
        present = ~motion.away
        rows = torch.nonzero(~plain).flatten()
        if len(rows):
            images[rows], found, seen = self._paste(
                images[rows], choice, own, motion, rows, draw
            )
            present[rows] &= seen
            boxes[rows] = torch.where(present[rows, :, None], found, boxes[rows])
        return images, boxes, present

    def _add_distractors_(
        self,
        images: Tensor,
        boxes: Tensor,
        choice: Choice,
        own: PhotoBatch,
        motion: Motion,
        plain: Tensor,
        draw: Draws,
    ) -> None:
        """Draw one or three second objects; none where the target is not seen."""
        some = draw.chance(self.config.distractor_share, len(plain))
        crowd = some & draw.chance(self.config.crowd_share, len(plain))
        seen = ~(motion.away | motion.hidden)
        side = self.config.patch_size
        for chosen in (some, crowd, crowd):
            rows = torch.nonzero(chosen).flatten()
            if len(rows):
                overlay = draw_distractors(choice, own, motion.target, rows, side, draw)
                free = overlay.clear_of(boxes[rows], side) | ~plain[rows, None]
                images[rows] = overlay.paint(images[rows], visible=free & seen[rows])

    def _show(
        self, images: Tensor, boxes_xyxy: Tensor, present: Tensor, draw: Draws
    ) -> Tensor:
        """What a camera and a file make of the frames."""
        config = self.config
        images = vary_light(images, draw)
        rows = torch.nonzero(draw.chance(config.tiny_share, len(images))).flatten()
        if len(rows):
            low, high = _TINY
            coarse = images[rows].flatten(0, 1)
            coarse = lower_resolution(coarse, draw, low=low, high=high)
            images[rows] = coarse.view_as(images[rows])
        images = degrade_frames(images.flatten(0, 1), draw).view_as(images)
        rows = torch.nonzero(draw.chance(config.frame_share, len(images))).flatten()
        if len(rows):
            frames = draw_frames_around(boxes_xyxy[rows], draw)
            whole = frames.new_tensor([0.0, 0.0, *[float(config.patch_size)] * 2])
            frames = torch.where(present[rows, :, None], frames, whole)
            images[rows] = repeat_border(images[rows], frames)
        return images

    def _background_shrink(
        self, photo: Tensor, shrink: Tensor, plain: Tensor, draw: Draws
    ) -> Tensor:
        """Photo pixels for one patch pixel: the target's own, or a random zoom."""
        short = self._pool.sizes_wh[photo.to(self.device)].amin(-1)
        zoom = draw.log_uniform(0.35, 1.1, len(plain))
        zoomed = short.to(self.device) * zoom / self.config.patch_size
        return torch.where(plain, shrink, zoomed)

    def _draw_background(
        self,
        photos: PhotoBatch,
        box: Tensor,
        motion: Motion,
        plain: Tensor,
        shrink: Tensor,
        draw: Draws,
    ) -> Tensor:
        """Photo around the target for plain pairs, a moving photo for the others."""
        b, side = len(plain), self.config.patch_size
        full_wh = photos.sizes_wh / photos.scale[:, None]
        free = (full_wh - shrink[:, None] * side).clamp(min=0)
        center = full_wh / 2 + free * draw.uniform(-0.5, 0.5, b, 2)
        center = torch.where(plain[:, None], box[:, :2] + box[:, 2:] / 2, center)
        half = torch.where(plain[:, None], box[:, 2:] / 2, shrink[:, None] * side / 2)
        still = Pose.rigid(
            side / 2 + motion.background_shift,
            torch.full_like(motion.target.half_px, side / 2)
            * motion.background_zoom[..., None],
            motion.background_angle,
        )
        pose = Pose(
            *(
                torch.where(plain.view(-1, *[1] * (own.ndim - 1)), own, moved)
                for own, moved in zip(motion.target.parts(), still.parts(), strict=True)
            )
        )

        def to_photo(points: Tensor) -> Tensor:
            tile = pose.to_tile(points)
            source = center[:, None, None] + tile * half[:, None, None]
            return source * photos.scale[:, None, None, None]

        points = patch_grid(to_photo, side, self.device)
        border = draw.below(torch.full((b,), BORDER_MODES, device=self.device))
        # a reflection would show a plain pair's target twice, and no telling which
        border = torch.where(plain & (border == REFLECT), 0, border)
        colours = look_up(photos, points, border)
        return torch.where(
            plain[:, None, None, None, None],
            colours,
            tint(colours, draw, strength=box.new_tensor(0.06)),
        )

    def _paste(
        self,
        images: Tensor,
        choice: Choice,
        own: PhotoBatch,
        motion: Motion,
        rows: Tensor,
        draw: Draws,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Paste targets, then occluders; images, boxes, and where targets are seen."""
        config, side = self.config, self.config.patch_size
        target = draw_targets(
            choice,
            own,
            self._pool,
            motion.target,
            rows,
            side,
            draw,
            cutout_share=config.cutout_share,
        )
        images = target.paint(images)
        seen = target.alpha
        whole = motion.hidden[rows]
        present = torch.ones_like(whole)
        some = draw.chance(config.occluder_share, len(rows)) | whole.any(1)
        covered = torch.nonzero(some).flatten()
        if len(covered):
            whole, pose = whole[covered], motion.target[rows[covered]]
            cover = draw_occluders(
                choice, own, pose, rows[covered], side, draw, whole=whole
            )
            area = seen[covered].sum((2, 3, 4)).clamp(min=1.0)
            left = (seen[covered] * (1 - cover.alpha)).sum((2, 3, 4)) / area
            gone = whole & (left <= _MAX_HIDDEN)
            present[covered] = ~gone
            allowed = (left >= _MIN_VISIBLE) | gone
            images[covered] = cover.paint(images[covered], visible=allowed)
            hidden = cover.alpha * allowed[:, :, None, None, None]
            seen = seen.index_copy(0, covered, seen[covered] * (1 - hidden))
        boxes = box_of_mask(seen[:, :, 0])
        boxes = complete_at_border(boxes, target.mask, target.pose, side)
        return images, boxes, present
