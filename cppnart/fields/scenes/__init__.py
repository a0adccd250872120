"""Scenes: cameras, the pictures that they took, and the formats in which people keep both.

World coordinates are right-handed. A camera has the axes of OpenGL: x right, y up, and it looks
along -z; its pose takes points of the camera to the world. Pixels: x right, y down, and the centre
of the first one is (.5, .5). Depth is measured along the camera's axis, not along the ray.
"""

from cppnart.fields.scenes.cameras import Cameras, ndc
from cppnart.fields.scenes.scene import Scene, View, read_scene

__all__ = ["Cameras", "Scene", "View", "ndc", "read_scene"]
