"""Scenes as pictures: their cameras drawn, and meshes rendered into scenes."""
