"""``compiled``: numba's njit for functions of one folder, which call each other across its files.

What numba keeps on disk it renews when the file of the outer function changes, and only then: what that function calls
elsewhere, and the constants that it imports, would stay as they were. Here it is renewed when any file of the folder
does.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    InTreeCacheLocator,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
)


class _OfFolder:
    """A place on disk whose stamp is the content of all files beside the function's own."""

    _py_file: str

    def get_source_stamp(self) -> str:
        files = sorted(Path(self._py_file).parent.glob("*.py"))
        return hashlib.sha256(b"\0".join(file.name.encode() + file.read_bytes() for file in files)).hexdigest()


_LOCATORS: Any = [
    type(locator.__name__, (_OfFolder, locator), {})
    for locator in (UserProvidedCacheLocator, InTreeCacheLocator, UserWideCacheLocator)
]


class _Kept(CompileResultCacheImpl):
    _locator_classes = _LOCATORS


class _FolderCache(FunctionCache):
    _impl_class = _Kept


def compiled(function: Callable[..., Any]) -> Any:
    """``function`` compiled when it is first called, and kept on disk.

    It makes no array, so that it is compiled without numba's counting of references (``_nrt=False``), and into one
    piece with its callers (``forceinline``): both together took nine tenths of the event loop's time.
    """
    options: Any = {"_nrt": False, "forceinline": True}
    dispatcher = njit(**options)(function)
    dispatcher._cache = _FolderCache(function)
    return dispatcher
