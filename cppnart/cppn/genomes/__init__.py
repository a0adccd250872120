"""Genomes of CPPN-NEAT: genes, what changes and crosses them, and the programs they become.

After Stanley and Miikkulainen, "Evolving neural networks through augmenting topologies" (2002), and
Stanley, "Compositional pattern producing networks" (2007). ``mlp.py`` does the same for networks
that the styles draw.
"""
