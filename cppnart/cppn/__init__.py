"""Generators: seeds, latents and styles, which draw a program from a seed.

Imports only `cppnart.fields`.
"""
