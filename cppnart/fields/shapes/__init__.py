"""Solids and surfaces: meshes and point clouds, what lies inside, and how two solids compare.

A solid lies in the box [-1, 1]^3. A mesh is brought to the middle of it and scaled until its
longest side is UNIT: the unit cube of "Occupancy networks" (Mescheder et al. 2019, supplement 1.2),
in a box that is 1.1 times larger. Lengths that the paper gives for its cube are times UNIT here.
"""

UNIT = 2 / 1.1
"""The longest side of a normalised shape."""
