"""`python -m cppnart` is the command `cppnart`."""

from cppnart.cli.main import start

if __name__ == "__main__":
    start()
