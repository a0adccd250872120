"""Plain: colour alone."""

from __future__ import annotations

from cppnart.render.finishes.finish import Finish

FINISH = Finish("plain", "Colour alone.")
