"""PMTiles version 3: an archive of vector tiles in one file, written.

As in https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md: a header, a directory of runs of tiles (in
leaves, where it grows large), metadata, and the tiles in the order of their ids. What the tiles show is not known
here.
"""

import gzip
import hashlib
import json
import os
import shutil
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

_HEADER_BYTES: Final = 127
_ROOT_BYTES: Final = 16_384 - _HEADER_BYTES  # header and root directory stand in the first 16 KiB
_GZIP, _VECTOR_TILES, _CLUSTERED = 2, 1, 1


@dataclass(slots=True)
class _Entry:
    """``run`` tiles in a row that are the same bytes; a run of 0 points to a leaf directory."""

    tile_id: int
    offset: int
    length: int
    run: int = 1


class Archive:
    """Tiles of ``zooms`` gathered in ascending order of their ids; tiles of the same bytes are kept once."""

    def __init__(self, data: BinaryIO, zooms: range) -> None:
        self.tiles = 0
        self._data = data
        self._zooms = zooms
        self._size = 0
        self._entries: list[_Entry] = []
        self._kept: dict[bytes, tuple[int, int]] = {}  # digest -> offset, length

    def add(self, tile_id: int, tile: bytes) -> None:
        digest = hashlib.sha256(tile).digest()
        if digest not in self._kept:
            packed = gzip.compress(tile, mtime=0)
            self._data.write(packed)
            self._kept[digest] = self._size, len(packed)
            self._size += len(packed)
        offset, length = self._kept[digest]
        last = self._entries[-1] if self._entries else None
        if last and last.offset == offset and last.tile_id + last.run == tile_id:
            last.run += 1
        else:
            self._entries.append(_Entry(tile_id, offset, length))
        self.tiles += 1

    def write(self, file: BinaryIO, metadata: Mapping[str, object], bounds: Bounds) -> None:
        root, leaves = _directories(self._entries)
        described = gzip.compress(json.dumps(metadata, ensure_ascii=False).encode(), mtime=0)
        sections: list[int] = []
        offset = _HEADER_BYTES
        for length in (len(root), len(described), len(leaves), self._size):
            sections += [offset, length]
            offset += length
        west, south, east, north = (round(edge_deg * 1e7) for edge_deg in bounds)
        header = struct.pack(
            "<7sB11Q6B4iB2i",
            b"PMTiles",
            3,
            *sections,
            self.tiles,
            len(self._entries),
            len(self._kept),
            _CLUSTERED,
            _GZIP,  # of the directories
            _GZIP,  # of the tiles
            _VECTOR_TILES,
            self._zooms[0],
            self._zooms[-1],
            *(west, south, east, north),
            11,  # a zoom to begin with, and its centre
            (west + east) // 2,
            (south + north) // 2,
        )
        assert len(header) == _HEADER_BYTES
        file.write(header + root + described + leaves)
        self._data.seek(0)
        shutil.copyfileobj(self._data, file)
        file.flush()
        os.fsync(file.fileno())


def _directories(entries: list[_Entry]) -> tuple[bytes, bytes]:
    """The root directory; and leaf directories, where a single one would outgrow the place that it has."""
    root, leaves, size = _directory(entries), b"", 4096
    while len(root) > _ROOT_BYTES:
        leaves, pointers = b"", []
        for first in range(0, len(entries), size):
            leaf = _directory(entries[first : first + size])
            pointers.append(_Entry(entries[first].tile_id, len(leaves), len(leaf), run=0))
            leaves += leaf
        root = _directory(pointers)
        size *= 2
    return root, leaves


def _directory(entries: list[_Entry]) -> bytes:
    """A directory in columns: ids as differences, runs, lengths, offsets (0: right behind the one before)."""
    ids = [entry.tile_id for entry in entries]
    ends = [-1, *(entry.offset + entry.length for entry in entries)]
    numbers = [
        len(entries),
        *(after - before for before, after in zip([0, *ids], ids, strict=False)),
        *(entry.run for entry in entries),
        *(entry.length for entry in entries),
        *(0 if entry.offset == end else entry.offset + 1 for entry, end in zip(entries, ends, strict=False)),
    ]
    return gzip.compress(b"".join(map(_varint, numbers)), mtime=0)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def tile_id_of(zoom: int, column: int, row: int) -> int:
    """The place of a tile along the Hilbert curve of its zoom, behind all tiles of lower zooms."""
    distance = 0
    for level in range(zoom - 1, -1, -1):
        side = 1 << level
        right, below = int(bool(column & side)), int(bool(row & side))
        distance += side * side * ((3 * right) ^ below)
        if not below:
            if right:
                column, row = side - 1 - column, side - 1 - row
            column, row = row, column
    return ((1 << 2 * zoom) - 1) // 3 + distance
