"""Pictures of any size from small ones: an encoder reads the small picture, a decoder any point.

Both kinds of model take pictures (B, 3, h, w) in [0, 1] and points (B, N, 2), x and y in pixels of
the small picture, whose pixels have their centres at 0.5, 1.5, ...; `cell` (B,) is the side of a
pixel to be made, in the same unit: a half for twice the size. They return colours (B, N, 3).
"""

from .light import Light as Light
