"""Lists the packages, new ones included; everything else about the build is in pyproject.toml.

The rooms at the top of the repository import as parts of `cppnart` (`cli/` as `cppnart.cli`),
by the mapping `[tool.setuptools.package-dir]`. Setuptools can search one folder for packages by
itself, not several under a mapping, so the search is here.
"""

import sys
from pathlib import Path

from setuptools import find_packages, setup

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

settings = tomllib.loads(Path(__file__).with_name("pyproject.toml").read_text(encoding="utf-8"))

packages = set(find_packages(include=["cppnart", "cppnart.*"]))
for name, folder in settings["tool"]["setuptools"]["package-dir"].items():
    packages.update([name, *(f"{name}.{inner}" for inner in find_packages(folder))])

setup(packages=sorted(packages))
