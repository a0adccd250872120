"""Random solids: programs over x, y and z that say what is inside, and its colours."""
