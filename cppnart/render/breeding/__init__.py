"""Breeding pictures: children of pictures that somebody picked, and evolution towards a goal."""
