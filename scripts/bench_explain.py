# SPDX-License-Identifier: Apache-2.0
"""Compares what `keymemrt explain` predicts with what runs take on this machine.

Calibrates this machine (not the user's figures), then, for the example network and synthetic programs, runs every mode
and mode planned within three budgets, and writes a table: peak memory, wall time and bytes of keys read, predicted and
measured. Ends with 1 when a peak is off by more than 10 %, a median wall time by more than 20 %, or a byte was read
that was not predicted. Wants a quiet machine.
"""
import argparse
import array
import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile

PEAK, WALL = 0.10, 0.20  # how far off a prediction may be


def write_npy(path, values):
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }" % len(values)
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() +
                     array.array("d", values).tobytes())


class Bench:
    def __init__(self, arguments, directory):
        self.build, self.repetitions, self.threads = arguments.build, arguments.repetitions, arguments.threads
        self.directory = pathlib.Path(directory)
        self.environment = dict(os.environ, XDG_CACHE_HOME=str(self.directory / "cache"))
        self.rows = []

    def call(self, name, *arguments):
        command = [str(self.build / "bin" / name), *map(str, arguments)]
        result = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(f"{' '.join(command)}: exit {result.returncode}\n{result.stdout}{result.stderr}")
        return result.stdout

    def program(self, name, program, weights=None):
        print(f"{name} ...", file=sys.stderr)
        place = self.directory / name.replace(" ", "-").replace("^", "")
        place.mkdir()
        explain = lambda *budgets: json.loads(self.call(
            "keymemrt", "explain", program, "--json", "--threads", self.threads,
            *(("--memory", ",".join(map(str, budgets))) if budgets else ())))
        facts = explain()
        least = facts["least_budget_bytes"]
        most = facts["predicted"][0]["peak_bytes"]
        forecasts = explain(least, (2 * least + most) // 3, most)["predicted"]
        self.call("keymemrt", "keygen", program, "--client", place / "client", "--keys", place / "keys", "--quiet")
        length = 784 if weights else 256
        write_npy(place / "x.npy", [((7 * i) % 11) / 11 for i in range(length)])
        self.call("keymemrt", "encrypt", program, "--client", place / "client", "--input", place / "x.npy", "-o",
                  place / "x.ct", "--quiet")
        for forecast in forecasts:
            runs = []
            for _ in range(self.repetitions):
                self.call("keymemrt", "run", program, "--keys", place / "keys", "--input", place / "x.ct", "-o",
                          place / "y.ct", "--mode", forecast["mode"], "--threads", self.threads, "--stats",
                          place / "s.json", "--quiet", *(("--weights", weights) if weights else ()),
                          *(("--memory", forecast["budget_bytes"]) if forecast["budget_bytes"] else ()))
                runs.append(json.loads((place / "s.json").read_text()))
            walls = sorted(run["wall_seconds"] for run in runs)
            self.rows.append({
                "program": name, "mode": forecast["mode"], "threads": self.threads,
                "budget_bytes": forecast["budget_bytes"],
                "peak_bytes": [forecast["peak_rss_bytes"], max(run["peak_rss_bytes"] for run in runs)],
                "wall_seconds": [forecast["wall_seconds"], statistics.median(walls)],
                "wall_spread": [walls[0], walls[-1]],
                "key_bytes_read": [forecast["key_bytes_read"], runs[-1]["key_bytes_read"]],
            })


def table(rows):
    mib = lambda x: f"{x / 2**20:.1f}"
    lines = ["| program | mode | budget MiB | peak MiB: predicted | measured | off by | ms: predicted | measured (least-most)"
             " | off by | read MiB: predicted | measured |", "|" + "---|" * 11]
    wrong = []
    for row in rows:
        (peak, got_peak), (wall, got_wall), (read, got_read) = (
            row["peak_bytes"], row["wall_seconds"], row["key_bytes_read"])
        off_peak, off_wall = peak / got_peak - 1, wall / got_wall - 1
        if abs(off_peak) > PEAK or abs(off_wall) > WALL or read != got_read:
            wrong.append(f"{row['program']}, {row['mode']}, {row['budget_bytes']}")
        low, high = row["wall_spread"]
        lines.append(
            f"| {row['program']} | {row['mode']} | {mib(row['budget_bytes']) if row['budget_bytes'] else '-'} | {mib(peak)} |"
            f" {mib(got_peak)} | {off_peak:+.0%} | {wall * 1e3:.0f} | {got_wall * 1e3:.0f} ({low * 1e3:.0f}-{high * 1e3:.0f}) |"
            f" {off_wall:+.0%} | {mib(read)} | {mib(got_read) if read != got_read else 'the same'} |")
    return "\n".join(lines), wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"), help="build directory, with keymemrt and synthetic-program")
    parser.add_argument("--model", type=pathlib.Path, help="the network, compiled (.kmrt); without it examples/mnist-mlp is compiled")
    parser.add_argument("--weights", type=pathlib.Path, help="its weights")
    parser.add_argument("--rings", type=int, nargs="*", default=[13, 14, 15], help="rings of the synthetic programs: log2 N")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--directory", help="where keys lie: on the disk to measure")
    parser.add_argument("--json", type=pathlib.Path, help="write the rows to this file too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        bench = Bench(arguments, directory)
        print("calibrating ...", file=sys.stderr)
        bench.call("keymemrt", "calibrate", "--store", directory)
        model = arguments.model
        example = arguments.build / "examples/mnist-mlp"
        if model is None:
            model = bench.directory / "mlp.kmrt"
            bench.call("keymemrt", "compile", example / "model.mlir", "-o", model)
        bench.program("mnist-mlp", model, arguments.weights or example / "weights.npz")
        for log_n in arguments.rings:
            program = bench.directory / f"synthetic{log_n}.kmrt"
            bench.call("synthetic-program", log_n, 4, program)
            bench.program(f"synthetic 2^{log_n}", program)
    text, wrong = table(bench.rows)
    print(text)
    if arguments.json:
        arguments.json.write_text(json.dumps(bench.rows, indent=2) + "\n")
    if wrong:
        sys.exit("off by more than allowed: " + "; ".join(wrong))


if __name__ == "__main__":
    main()
