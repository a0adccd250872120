"""The catalogue of pictures (SQLite) and the web page where people breed and keep them.

Imports only `cppnart.fields`, `cppnart.cppn` and `cppnart.render`.
"""
