"""Reads and writes .npy, writes .npz, .safetensors and Orion's .h5, with the standard library (and, for .h5, the HDF5
library itself): float64 vectors and matrices."""

import ast
import ctypes
import ctypes.util
import json
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


def write_safetensors(path, arrays):
    header, data = {}, b""
    for name, rows in arrays.items():
        matrix = isinstance(rows[0], list)
        flat = [v for row in rows for v in row] if matrix else rows
        begin, data = len(data), data + struct.pack(f"<{len(flat)}d", *flat)
        header[name] = {"dtype": "F64", "shape": [len(rows), len(rows[0])] if matrix else [len(rows)],
                        "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


class Hdf5:
    """A new file of vectors, through the C library."""

    def __init__(self, path):
        self.library = ctypes.CDLL(ctypes.util.find_library("hdf5_serial") or ctypes.util.find_library("hdf5"))
        self.library.H5open()
        self.file = self.call("H5Fcreate", str(path).encode(), ctypes.c_uint(2), 0, 0)  # replaces a file
        self.double = ctypes.c_int64.in_dll(self.library, "H5T_NATIVE_DOUBLE_g").value
        self.links = self.call("H5Pcreate", ctypes.c_int64.in_dll(self.library, "H5P_CLS_LINK_CREATE_ID_g").value)
        self.call("H5Pset_create_intermediate_group", self.links, ctypes.c_uint(1))

    def call(self, name, *arguments):
        function = getattr(self.library, name)
        function.restype = ctypes.c_int64 if name in ("H5Fcreate", "H5Pcreate", "H5Screate_simple", "H5Dcreate2") else ctypes.c_int
        result = function(*(ctypes.c_int64(a) if isinstance(a, int) else a for a in arguments))
        assert result >= 0, name
        return result

    def write(self, name, values):
        space = self.call("H5Screate_simple", ctypes.c_int(1), (ctypes.c_uint64 * 1)(len(values)), None)
        data = self.call("H5Dcreate2", self.file, name.encode(), self.double, space, self.links, 0, 0)
        self.call("H5Dwrite", data, self.double, 0, 0, 0, (ctypes.c_double * len(values))(*values))
        self.call("H5Dclose", data)

    def close(self):
        self.call("H5Fclose", self.file)


def read_npy(path):
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:10 + size].decode())
    code = {"<f8": "d", "<f4": "f", "|u1": "B"}[header["descr"]]
    count = 1
    for extent in header["shape"]:
        count *= extent
    return list(struct.unpack_from(f"<{count}{code}", data, 10 + size))
