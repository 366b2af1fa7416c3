"""The figures as Apache Parquet: exact decimals, typed columns, groups of rows as they come from the database.

Written here and not by a library because the libraries that write it weigh 70 to 150 MB, and a flat table in plain
encoding is little: pages of values packed by gzip, and a footer in Thrift's compact protocol that says where they are.
The format: parquet.apache.org/docs/file-format, its structures: parquet-format's parquet.thrift.
"""

import struct
import zlib
from itertools import islice

from .. import queries
from .asked import Asked
from .making import Document
from .tables import FIGURES

MAGIC = b"PAR1"
GROUP = 20_000  # rows; some 10 MB in memory
SCALE, PRECISION = 3, 18  # of every value in the database
# From parquet.thrift.
INT32, INT64, BYTE_ARRAY = 1, 2, 6
REQUIRED, OPTIONAL = 0, 1
PLAIN, RLE, GZIP, DATA_PAGE, UTF8, DECIMAL = 0, 3, 2, 0, 0, 5
KINDS = {"value": INT64, "revision": INT32}  # both may be missing; all else is text, and there


def figures_parquet(question: Asked, coverage: tuple[int, int]) -> Document:
    """The rows of figures.csv; `value` is a DECIMAL(18, 3), which has room for all that the database can hold."""
    selection = question.selection
    rows = coverage[1] * len(queries.entered(selection))
    return Document(rows, lambda sink: _write(sink, queries.figures(selection)))


def _write(sink, rows) -> None:
    names = [column.name for column in FIGURES]
    sink.write(MAGIC)
    position, total, groups = len(MAGIC), 0, []
    while found := list(islice(rows, GROUP)):
        chunks, began = [], position
        for name, values in zip(names, zip(*found, strict=True), strict=True):
            page, unpacked = _page(KINDS.get(name, BYTE_ARRAY), values)
            sink.write(page)
            chunks.append(_chunk(name, len(found), position, len(page), unpacked))
            position += len(page)
        size = position - began
        groups.append(_struct([(1, _list(STRUCT, chunks)), (2, _i64(size)), (3, _i64(len(found)))]))
        total += len(found)
    footer = _struct(
        [
            (1, _i32(1)),
            (2, _list(STRUCT, _schema(names))),
            (3, _i64(total)),
            (4, _list(STRUCT, groups)),
            (6, _text("lmlecc")),
        ]
    )
    sink.write(footer + struct.pack("<I", len(footer)) + MAGIC)


def _page(kind: int, values: tuple) -> tuple[bytes, int]:
    """A page with its header, and how long the whole is before it is packed."""
    if kind == BYTE_ARRAY:
        packed = {value: struct.pack("<I", len(value)) + value.encode() for value in set(values)}
        content = b"".join(map(packed.__getitem__, values))
    else:
        there = [value for value in values if value is not None]
        if kind == INT64:
            there = [int(value.scaleb(SCALE)) for value in there]
        content = _levels(values) + struct.pack(f"<{len(there)}{'q' if kind == INT64 else 'i'}", *there)
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    body = packer.compress(content) + packer.flush()
    levels = [(field, _i32(RLE)) for field in (3, 4)]
    data = _struct([(1, _i32(len(values))), (2, _i32(PLAIN)), *levels])
    sizes = [(2, _i32(len(content))), (3, _i32(len(body)))]
    header = _struct([(1, _i32(DATA_PAGE)), *sizes, (5, (STRUCT, data))])
    return header + body, len(header) + len(content)


def _levels(values: tuple) -> bytes:
    """Which values are there, a bit each in one bit-packed run, after its length."""
    groups = (len(values) + 7) // 8
    bits = int("".join("01"[value is not None] for value in reversed(values)), 2)
    run = _varint(groups << 1 | 1) + bits.to_bytes(groups, "little")
    return struct.pack("<I", len(run)) + run


def _chunk(name: str, count: int, position: int, packed: int, unpacked: int) -> bytes:
    about = _struct(
        [
            (1, _i32(KINDS.get(name, BYTE_ARRAY))),
            (2, _list(I32, [_zigzag(PLAIN), _zigzag(RLE)])),
            (3, _list(BINARY, [_text(name)[1]])),
            (4, _i32(GZIP)),
            (5, _i64(count)),
            (6, _i64(unpacked)),
            (7, _i64(packed)),
            (9, _i64(position)),
        ]
    )
    return _struct([(2, _i64(position)), (3, (STRUCT, about))])


def _schema(names: list[str]) -> list[bytes]:
    root = _struct([(4, _text("figures")), (5, _i32(len(names)))])
    return [root, *map(_element, names)]


def _element(name: str) -> bytes:
    kind = KINDS.get(name, BYTE_ARRAY)
    fields = [(1, _i32(kind)), (3, _i32(OPTIONAL if name in KINDS else REQUIRED)), (4, _text(name))]
    if kind == BYTE_ARRAY:
        fields += [(6, _i32(UTF8)), (10, (STRUCT, _struct([(1, (STRUCT, _struct([])))])))]
    elif kind == INT64:
        decimal = _struct([(1, _i32(SCALE)), (2, _i32(PRECISION))])
        fields += [(6, _i32(DECIMAL)), (7, _i32(SCALE)), (8, _i32(PRECISION))]
        fields += [(10, (STRUCT, _struct([(5, (STRUCT, decimal))])))]
    return _struct(fields)


# Thrift's compact protocol: a value is its type and its bytes.

I32, I64, BINARY, LIST, STRUCT = 5, 6, 8, 9, 12


def _struct(fields: list[tuple[int, tuple[int, bytes]]]) -> bytes:
    """Fields by ascending number, none more than 15 from the one before."""
    written, last = b"", 0
    for number, (kind, content) in fields:
        written += bytes([(number - last) << 4 | kind]) + content
        last = number
    return written + b"\0"


def _list(kind: int, items: list[bytes]) -> tuple[int, bytes]:
    head = bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xF0 | kind]) + _varint(len(items))
    return LIST, head + b"".join(items)


def _i32(number: int) -> tuple[int, bytes]:
    return I32, _zigzag(number)


def _i64(number: int) -> tuple[int, bytes]:
    return I64, _zigzag(number)


def _text(text: str) -> tuple[int, bytes]:
    return BINARY, _varint(len(text.encode())) + text.encode()


def _zigzag(number: int) -> bytes:
    return _varint(number << 1)  # none here is negative


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
