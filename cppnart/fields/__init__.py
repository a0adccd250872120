"""Fields: functions from coordinates to values, and everything that is the same for all of them.

The program (the exchange format between every way to make a field and every way to sample it),
the table of activations, and the backends that run a program: numpy, torch, the CPU kernel and
GLSL. Imports nothing else of ours.
"""
