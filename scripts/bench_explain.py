# SPDX-License-Identifier: Apache-2.0
"""Compares what `keymemrt explain` predicts with what runs take on this machine.

For the example networks, the bootstrap and synthetic programs (synthetic-13: N = 2^13), in rounds: calibrates this
machine (not the user's figures), asks for predictions, and runs every mode and mode planned within three budgets once.
So a run is compared with what was predicted moments before: the speed of a virtual machine changes by a third from
minute to minute. Writes a table: peak memory, wall time and bytes of keys read, predicted and measured; of times the
medians of the rounds, and of how far they are off the median, the least and the most. Ends with 1 when a peak is off by
more than 10 %, a time in the median by more than 20 %, or a byte was read that was not predicted.
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

ROOT = pathlib.Path(__file__).resolve().parent.parent
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

    def measure(self, name):
        print(f"{name} ...", file=sys.stderr)
        place = self.directory / name
        place.mkdir()
        program, weights = place / "p.kmrt", None
        if name.startswith("synthetic-"):
            self.call("synthetic-program", name.removeprefix("synthetic-"), 4, program)
            length = 256
        elif name == "bootstrap":
            self.call("keymemrt", "compile", ROOT / "examples/bootstrap/model.mlir", "-o", program)
            length = 32768
        else:
            example = self.build / "examples" / name
            self.call("keymemrt", "compile", example / "model.mlir", "-o", program)
            weights = example / "weights.npz"
            length = 784
        explain = lambda *budgets: json.loads(self.call(
            "keymemrt", "explain", program, "--json", "--threads", self.threads,
            *(("--memory", ",".join(map(str, budgets))) if budgets else ())))
        facts = explain()
        least = facts["least_budget_bytes"]
        most = facts["predicted"][0]["peak_bytes"]
        budgets = least, (2 * least + most) // 3, most
        self.call("keymemrt", "keygen", program, "--client", place / "client", "--keys", place / "keys", "--quiet")
        write_npy(place / "x.npy", [((7 * i) % 11) / 11 - 0.5 for i in range(length)])
        self.call("keymemrt", "encrypt", program, "--client", place / "client", "--input", place / "x.npy", "-o",
                  place / "x.ct", "--quiet")
        rounds = []  # [round][mode]: forecast and run
        for _ in range(self.repetitions):
            self.call("keymemrt", "calibrate", "--store", self.directory)
            rounds.append([])
            for forecast in explain(*budgets)["predicted"]:
                self.call("keymemrt", "run", program, "--keys", place / "keys", "--input", place / "x.ct", "-o",
                          place / "y.ct", "--mode", forecast["mode"], "--threads", self.threads, "--stats",
                          place / "s.json", "--quiet", *(("--weights", weights) if weights else ()),
                          *(("--memory", forecast["budget_bytes"]) if forecast["budget_bytes"] else ()))
                rounds[-1].append((forecast, json.loads((place / "s.json").read_text())))
        for pairs in zip(*rounds):
            forecasts, runs = zip(*pairs)
            self.rows.append({
                "program": name, "mode": forecasts[0]["mode"], "threads": self.threads,
                "budget_bytes": forecasts[0]["budget_bytes"],
                "peak_bytes": [forecasts[0]["peak_rss_bytes"], max(run["peak_rss_bytes"] for run in runs)],
                "wall_seconds": [[f["wall_seconds"], r["wall_seconds"]] for f, r in pairs],
                "key_bytes_read": [[f["key_bytes_read"], r["key_bytes_read"]] for f, r in pairs],
            })


def table(rows):
    mib = lambda x: f"{x / 2**20:.1f}"
    lines = ["| program | mode | budget MiB | peak MiB: predicted | measured | off by | ms: predicted | measured | off by |"
             " least | most | read MiB: predicted | measured |", "|" + "---|" * 13]
    wrong = []
    for row in rows:
        peak, got_peak = row["peak_bytes"]
        wall, got_wall = (statistics.median(walls) for walls in zip(*row["wall_seconds"]))
        off_walls = sorted(predicted / got - 1 for predicted, got in row["wall_seconds"])
        off_peak, off_wall = peak / got_peak - 1, statistics.median(off_walls)
        read, got_read = row["key_bytes_read"][0]
        all_read = all(predicted == got for predicted, got in row["key_bytes_read"])
        if abs(off_peak) > PEAK or abs(off_wall) > WALL or not all_read:
            wrong.append(f"{row['program']}, {row['mode']}, {row['budget_bytes']}")
        lines.append(
            f"| {row['program']} | {row['mode']} | {mib(row['budget_bytes']) if row['budget_bytes'] else '-'} | {mib(peak)} |"
            f" {mib(got_peak)} | {off_peak:+.0%} | {wall * 1e3:.0f} | {got_wall * 1e3:.0f} | {off_wall:+.0%} |"
            f" {off_walls[0]:+.0%} | {off_walls[-1]:+.0%} | {mib(read)} | {'the same' if all_read else mib(got_read)} |")
    return "\n".join(lines), wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"), help="build directory, with keymemrt and synthetic-program")
    parser.add_argument("--programs", nargs="*", default=["mnist-mlp", "mnist-cnn", "bootstrap", "synthetic-13", "synthetic-14", "synthetic-15"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--directory", help="where keys lie: on the disk to measure")
    parser.add_argument("--json", type=pathlib.Path, help="write the rows to this file too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        bench = Bench(arguments, directory)
        for name in arguments.programs:
            bench.measure(name)
    text, wrong = table(bench.rows)
    print(text)
    if arguments.json:
        arguments.json.write_text(json.dumps(bench.rows, indent=2) + "\n")
    if wrong:
        sys.exit("off by more than allowed: " + "; ".join(wrong))


if __name__ == "__main__":
    main()
