#!/usr/bin/env python3
"""One bootstrap from model to answer: compile, make keys, encrypt, run in each mode, decrypt, compare.

Prints, per mode, time, peak memory of the server process, bytes of keys read, and the error against x^4. The ciphertext
must be the same in every mode, to the bit. `--small` takes the insecure ring of 2^10 (seconds); without, the secure one
of 2^16 (minutes, some GB of disk). With --dir, a page for each mode shows memory, keys and waiting over time.
"""

import argparse
import ast
import json
import math
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
MODES = ("resident", "planned", "prefetch", "imperative", "streaming")


def write_npy(path, values):
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({len(values)},), }}"
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() +
                     struct.pack(f"<{len(values)}d", *values))


def read_npy(path):
    data = path.read_bytes()
    length = struct.unpack("<H", data[8:10])[0]
    count = math.prod(ast.literal_eval(data[10:10 + length].decode())["shape"])
    return struct.unpack(f"<{count}d", data[10 + length:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keymemrt", default="build/release/bin/keymemrt", help="the driver")
    parser.add_argument("--small", action="store_true", help="N = 2^10, insecure")
    parser.add_argument("--form", default="double_hoisted", help="of CoeffToSlot and SlotToCoeff")
    parser.add_argument("--baby-steps", type=int, help="of each of their stages; default: the fastest number")
    parser.add_argument("--memory", help="budget of mode planned; default: none")
    parser.add_argument("--modes", nargs="+", default=MODES, choices=MODES)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dir", type=pathlib.Path, help="where keys, ciphertexts and a report of each run (MODE.html) go, and stay; default: "
                        "a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="keymemrt_bootstrap_") as temporary:
        directory = options.dir or pathlib.Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        return run(options, directory)


def run(options, directory):

    def keymemrt(command, *arguments):
        result = subprocess.run([options.keymemrt, command, *map(str, arguments)], capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(f"keymemrt {command}: {result.stderr}")
        return result.stdout

    model, program = HERE / ("small.mlir" if options.small else "model.mlir"), directory / "model.kmrt"
    client, keys = directory / "client", directory / "keys"
    print(keymemrt("compile", model, "-o", program, "--bootstrap-form", options.form,
                   *(["--bootstrap-baby-steps", options.baby_steps] if options.baby_steps else []),
                   *(["--insecure"] if options.small else [])), end="")
    keymemrt("keygen", program, "--client", client, "--keys", keys, "--threads", 2)
    slots = 512 if options.small else 32768
    generator = random.Random(1)
    x = [generator.uniform(-1, 1) for _ in range(slots)]
    write_npy(directory / "x.npy", x)
    keymemrt("encrypt", program, "--client", client, "--input", directory / "x.npy", "-o", directory / "x.ct")

    print(f"{'mode':<12}{'seconds':>9}{'peak MiB':>10}{'keys read MiB':>15}{'error, worst':>14}{'mean':>9}  (bits)")
    first, ok = None, True
    for mode in options.modes:
        output = directory / f"{mode}.ct"
        memory = ["--memory", options.memory] if options.memory and mode == "planned" else []
        keymemrt("run", program, "--keys", keys, "--input", directory / "x.ct", "-o", output, "--mode", mode, "--threads",
                 options.threads, "--stats", directory / "stats.json", "--report", directory / f"{mode}.html", *memory)
        keymemrt("decrypt", program, "--client", client, "--input", output, "-o", directory / "y.npy")
        errors = [abs(got - value**4) for got, value in zip(read_npy(directory / "y.npy"), x)]
        stats = json.loads((directory / "stats.json").read_text())
        print(f"{mode:<12}{stats['wall_seconds']:>9.2f}{stats['peak_rss_bytes'] / 2**20:>10.0f}"
              f"{stats['key_bytes_read'] / 2**20:>15.0f}{math.log2(max(errors)):>14.1f}"
              f"{math.log2(sum(errors) / slots):>9.1f}")
        first = first or output.read_bytes()
        if output.read_bytes() != first:
            print(f"{mode}: another ciphertext than {options.modes[0]}'s")
            ok = False
        if max(errors) > (2**-12 if options.small else 2**-16):
            print(f"{mode}: wrong answer")
            ok = False
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
