"""Reads and writes .npy and .npz with the standard library: float64 vectors and matrices."""

import ast
import pathlib
import struct
import zipfile


def npy_bytes(rows):
    """A list of floats (1-D) or of equally long lists (2-D)."""
    flat = [v for row in rows for v in row] if rows and isinstance(rows[0], list) else list(rows)
    shape = f"({len(rows)}, {len(rows[0])})" if rows and isinstance(rows[0], list) else f"({len(rows)},)"
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(flat)}d", *flat)


def write_npy(path, rows):
    pathlib.Path(path).write_bytes(npy_bytes(rows))


def write_npz(path, arrays, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, rows in arrays.items():
            archive.writestr(name + ".npy", npy_bytes(rows))


def read_npy(path):
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:10 + size].decode())
    code = {"<f8": "d", "<f4": "f", "|u1": "B"}[header["descr"]]
    count = 1
    for extent in header["shape"]:
        count *= extent
    return list(struct.unpack_from(f"<{count}{code}", data, 10 + size))
