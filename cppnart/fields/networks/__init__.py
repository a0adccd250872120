"""Networks to be fitted: short builders, each with the initialisation of its paper.

A builder takes the inputs and outputs of a field and a generator of random numbers, and gives a
Network: a program, so that whatever is fitted renders, exports and saves like any other field.
"""

from .bells import gauss, wire
from .convnetjs import convnetjs
from .filters import mfn
from .grids import grid
from .layers import Network as Network
from .lucid import lucid
from .mlp import fourier, relu
from .residual import residual, texture
from .siren import finer, siren

NETWORKS = {
    "relu": relu,
    "fourier": fourier,
    "siren": siren,
    "gauss": gauss,
    "wire": wire,
    "finer": finer,
    "mfn": mfn,
    "grid": grid,
    "convnetjs": convnetjs,
    "lucid": lucid,
    "residual": residual,
    "texture": texture,
}
