"""The catalogue of pictures (SQLite) and the web page where people breed and keep them.

Empty so far. Will import only `cppnart.fields`, `cppnart.cppn` and `cppnart.render`.
"""
