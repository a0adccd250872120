"""Machine code that is compiled once, kept on disk, and loaded without its compiler.

numba takes a good part of a minute to compile the kernel, and half a second just to be imported.
So what it makes is kept: LLVM's object code of a function that takes one pointer to an array of
int64 arguments, allocates nothing and raises nothing. Later runs need llvmlite and a tenth of a
second. The file's name holds a hash of the sources, the processor and the compiler's version,
and its first bytes a checksum, so a file that is stale or cut short is made anew.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import importlib.util
import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import llvmlite
import llvmlite.binding as llvm

from .atomic import atomic_output

Function: TypeAlias = Callable[..., None]
"""Called with whole numbers: values and addresses. Releases the GIL."""

log = logging.getLogger("cppnart")
_lock = threading.Lock()
_NUMPY = "rendering with numpy, several times slower"


def cache_folder() -> Path:
    """Where compiled code is kept: $CPPNART_CACHE, or the user's cache folder."""
    if os.environ.get("CPPNART_CACHE"):
        return Path(os.environ["CPPNART_CACHE"])
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local")) / "cppnart/cache"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/cppnart"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cppnart"


def function(
    module: str, name: str, sources: tuple[Path, ...], otherwise: str = _NUMPY
) -> Function | None:
    """A compiled function, loaded from the cache or compiled into it.

    module is where numba finds the cfunc of that name, sources the files that it is made from.
    None, with one warning that says what is done ``otherwise``, where there is neither numba nor
    a folder to keep its work in.
    """
    with _lock:
        return _function(module, name, sources, otherwise)


@cache
def _function(module: str, name: str, sources: tuple[Path, ...], otherwise: str) -> Function | None:
    digest = hashlib.sha256()
    for path in sources:
        digest.update(path.read_bytes())
    cpu = (llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten(), sys.platform)
    digest.update(repr((2, module, name, llvmlite.__version__, cpu)).encode())
    path = cache_folder() / f"{name}-{digest.hexdigest()[:24]}.bin"
    try:
        code = _checked(path.read_bytes())
    except OSError:
        code = None
    if code is None:
        if importlib.util.find_spec("numba") is None:
            log.warning("numba is not installed: %s", otherwise)
            return None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_output(path) as temporary:
                code = _compile(module, name)
                Path(temporary).write_bytes(hashlib.sha256(code).digest() + code)
        except ImportError as error:
            log.warning("numba does not work here (%s): %s", error, otherwise)
            return None
        except OSError as error:
            log.warning(
                "cannot keep compiled code in %s (%s): %s; "
                "set CPPNART_CACHE to a folder that can be written",
                path.parent,
                error.strerror or error,
                otherwise,
            )
            return None
    return _load(code, name)


def _checked(content: bytes) -> bytes | None:
    checksum, code = content[:32], content[32:]
    return code if hashlib.sha256(code).digest() == checksum else None


def _compile(module: str, name: str) -> bytes:
    """The names of functions that it needs, a zero, then object code with the symbol ``name``."""
    log.warning("compiling the kernel for this processor: once, about half a minute")
    compiled: Any = getattr(importlib.import_module(module), name)
    text = compiled.inspect_llvm().replace(compiled.native_name, name)
    parsed = llvm.parse_assembly(text)
    parts = (*parsed.functions, *parsed.global_variables)
    needed = {part.name for part in parts if part.is_declaration}
    names = " ".join(sorted(n for n in needed if not n.startswith("llvm.")))
    return names.encode() + b"\0" + bytes(_machine().emit_object(parsed))


def _machine() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="default",
        codemodel="jitdefault",
    )


@ctypes.CFUNCTYPE(None)
def _never() -> None:
    """Stands for what numba's wrapper would call to report an exception; none is raised."""


_LIBRARY = ("memset", "memcpy", "memmove", "floor", "floorf", "rint", "rintf")
"""What LLVM itself may call, for loops that fill or copy and where a processor lacks something."""


def _address(symbol: str) -> int:
    """Where this process has a C function; what only numba's error paths call may be nowhere."""
    library = ctypes.CDLL(None) if os.name == "posix" else ctypes.cdll.msvcrt
    address = ctypes.cast(getattr(library, symbol, _never), ctypes.c_void_p).value
    assert address is not None
    return address


def _load(content: bytes, name: str) -> Function:
    names, _, code = content.partition(b"\0")
    # one symbol that LLVM does not find, even one that nothing calls, leaves all others 0
    for symbol in (*_LIBRARY, *names.decode().split()):
        if llvm.address_of_symbol(symbol) is None:
            llvm.add_symbol(symbol, _address(symbol))
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    entry = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(engine.get_function_address(name))

    def call(*arguments: int) -> None:
        array = (ctypes.c_int64 * len(arguments))(*arguments)
        entry(ctypes.addressof(array))

    call.engine = engine  # type: ignore[attr-defined]  # the code lives as long as its engine
    return call
