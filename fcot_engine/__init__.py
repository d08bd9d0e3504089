"""FCOT: fully convolutional online tracking, without a screen.

PyTorch is loaded with the first name that needs it; the stub beside this file says
where each comes from.

Example:
    >>> from fcot_engine import Tracker, open_frames
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
