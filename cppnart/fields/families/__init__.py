"""Families of solids in one field: a decoder that a code tells which member it is, encoders that
make codes of points, voxels or pictures, and what becomes of them."""
