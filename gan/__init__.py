"""Adversarial CPPNs, GLO and VAE-GAN: generators, discriminators, objectives, data and training.

Empty so far. Will import only `cppnart.fields`, `cppnart.cppn` and `cppnart.render`.
"""
