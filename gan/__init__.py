"""Adversarial CPPNs, GLO and VAE-GAN: generators, discriminators, objectives, data and training.

Imports only `cppnart.fields`, `cppnart.cppn` and `cppnart.render`.
"""
