"""The `cppnart` command: one module per command, each a thin layer over one public function.

`main` holds the table of commands, `options` the options that mean the same everywhere, `report`
what is printed, `errors` how a failure becomes one line and an exit code.
"""
