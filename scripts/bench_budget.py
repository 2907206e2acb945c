"""Runs programs at budgets from the least feasible one up, each in a control group with exactly that memory and no swap."""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MIB = 2**20


def fail(message, code=1):
    print(f"scripts/bench-budget: {message}", file=sys.stderr)
    sys.exit(code)


class ControlGroup:
    """A memory control group, of version 1 or 2."""

    def __init__(self):
        self.path = self.unavailable = None
        try:
            self._make()
        except OSError as error:
            self.unavailable = str(error)

    def _make(self):
        mounts = [line.split() for line in open("/proc/mounts")]
        memory = [pathlib.Path(f[1]) for f in mounts if f[2] == "cgroup" and "memory" in f[3].split(",")]
        unified = [pathlib.Path(f[1]) for f in mounts if f[2] == "cgroup2"]
        if not memory and not unified:
            raise OSError("none are mounted")
        self.version, base = (1, memory[0]) if memory else (2, unified[0])
        if self.version == 2 and "memory" not in (base / "cgroup.subtree_control").read_text().split():
            (base / "cgroup.subtree_control").write_text("+memory")
        path = base / f"keymemrt-{os.getpid()}"
        path.mkdir()
        self.path = path

    def limit(self, budget):
        """From here on `budget` bytes, and no swap."""
        if self.version == 1:
            swap = self.path / "memory.memsw.limit_in_bytes"
            if swap.exists():
                swap.write_text("-1")  # never below the other limit
            (self.path / "memory.limit_in_bytes").write_text(str(budget))
            (self.path / "memory.swappiness").write_text("0")
            if swap.exists():
                swap.write_text(str(budget))
            (self.path / "memory.max_usage_in_bytes").write_text("0")
        else:
            (self.path / "memory.max").write_text(str(budget))
            (self.path / "memory.swap.max").write_text("0")

    def enter(self):
        """In the child, before it becomes the program."""
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def kills(self):
        name = "memory.oom_control" if self.version == 1 else "memory.events"
        for line in (self.path / name).read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
        return 0

    def remove(self):
        if self.path is not None and self.path.is_dir():
            self.path.rmdir()


class Bench:
    def __init__(self, build, directory, group, threads):
        self.keymemrt = build / "bin/keymemrt"
        self.synthetic = build / "bin/synthetic-program"
        self.build, self.directory, self.group, self.threads = build, directory, group, threads
        self.rows, self.broken = [], []

    def call(self, *arguments, **options):
        result = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, **options)
        if result.returncode != 0:
            fail(f"{' '.join(map(str, arguments))}: exit {result.returncode}: {result.stderr.strip()}")
        return result

    def prepare(self, name):
        """The program's files, keys and an input; the arguments of a run."""
        folder = self.directory / name
        folder.mkdir()
        program = folder / "p.kmrt"
        weights = ()
        if name == "mnist-mlp":
            example = self.build / "examples/mnist-mlp"
            self.call(self.keymemrt, "compile", example / "model.mlir", "-o", program)
            weights = ("--weights", example / "weights.npz")
            length = 784
        elif name == "lenet":
            self.call(self.synthetic, 15, "cnn", program)
            length = 1024
        else:
            log_n, spare = name.removeprefix("synthetic-").split("-")
            self.call(self.synthetic, log_n, spare, program)
            length = 256
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }" % length
        header += b" " * (-(len(header) + 11) % 64) + b"\n"
        import array
        values = array.array("d", [((i * 37) % 101) / 101 - 0.5 for i in range(length)])
        (folder / "x.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + values.tobytes())
        self.call(self.keymemrt, "keygen", program, "--client", folder / "client", "--keys", folder / "keys", "--quiet")
        self.call(self.keymemrt, "encrypt", program, "--client", folder / "client", "--input", folder / "x.npy", "-o",
                  folder / "x.ct")
        self.call(self.keymemrt, "cleartext", program, "--input", folder / "x.npy", "-o", folder / "clear.npy", *weights)
        return folder, (self.keymemrt, "run", program, "--keys", folder / "keys", "--input", folder / "x.ct", "--threads",
                        self.threads, *weights, "--quiet")

    def compare(self, folder):
        """The largest difference from the cleartext, relative to the largest value."""
        import array
        self.call(self.keymemrt, "decrypt", folder / "p.kmrt", "--client", folder / "client", "--input", folder / "y.ct",
                  "-o", folder / "y.npy")
        values = []
        for name in ("y.npy", "clear.npy"):
            data = (folder / name).read_bytes()
            values.append(array.array("d", data[10 + int.from_bytes(data[8:10], "little"):]))
        largest = max(map(abs, values[1]))
        return max(abs(a - b) for a, b in zip(*values)) / largest

    def run(self, folder, command, mode, budget):
        output, stats = folder / "y.ct", folder / "stats.json"
        output.unlink(missing_ok=True)
        options = {}
        if self.group.path is not None and budget:
            self.group.limit(budget)
            options["preexec_fn"] = self.group.enter
        kills = self.group.kills() if self.group.path is not None else 0
        memory = ("--memory", budget) if budget else ()
        result = subprocess.run([str(a) for a in (*command, "-o", output, "--stats", stats, "--mode", mode, *memory)],
                                capture_output=True, text=True, **options)
        if result.returncode != 0:
            killed = self.group.path is not None and self.group.kills() > kills
            return None, "killed by the group's limit" if killed else result.stderr.strip()
        return json.loads(stats.read_text()), None

    def measure(self, name, budgets):
        folder, command = self.prepare(name)
        explained = json.loads(self.call(self.keymemrt, "explain", folder / "p.kmrt", "--threads", self.threads,
                                         "--json").stdout)
        least = explained["least_budget_bytes"]
        resident = next(e["peak_bytes"] for e in explained["predicted"] if e["mode"] == "resident")
        bytes_of = [least + (resident - least) * i // max(1, budgets - 1) for i in range(budgets)]
        runs = [("planned", budget) for budget in bytes_of] + [("streaming", 0), ("resident", 0)]
        for mode, budget in runs:
            stats, error = self.run(folder, command, mode, budget)
            if stats is None:
                self.broken.append(f"{name}, {mode}, {budget / MIB:.1f} MiB: {error}")
                continue
            worst = self.compare(folder)
            predicted, rss = stats["predicted"]["peak_bytes"], stats["peak_rss_bytes"]
            row = {"program": name, "mode": mode, "budget": budget, "predicted": predicted, "rss": rss,
                   "difference": predicted / rss - 1, "peak_keys": stats["peak_key_bytes"], "read": stats["key_bytes_read"],
                   "bound": stats["key_bytes_read_lower_bound"], "lru": stats["key_bytes_read_lru"],
                   "seconds": stats["wall_seconds"], "load": stats["load_seconds"], "stall": stats["stall_seconds"],
                   "worst": worst}
            self.rows.append(row)
            where = f"{name}, {mode}, {budget / MIB:.1f} MiB"
            if budget and rss > budget:
                self.broken.append(f"{where}: took {rss / MIB:.1f} MiB")
            if abs(row["difference"]) > 0.10:
                self.broken.append(f"{where}: predicted {predicted / MIB:.1f} MiB, took {rss / MIB:.1f} MiB")
            if mode == "planned" and stats["key_bytes_read"] > 1.05 * stats["key_bytes_read_lower_bound"]:
                self.broken.append(f"{where}: reads more than the bound")
            if mode == "streaming" and stats["peak_key_bytes"] > 16_000_000:
                self.broken.append(f"{where}: {stats['peak_key_bytes']} bytes of keys")
            if worst > 0.02:
                self.broken.append(f"{where}: differs from the cleartext by {worst:.2g}")
            print(format_row(row), flush=True)
        shutil.rmtree(folder)


HEADER = ("| program | mode | budget, MiB | peak RSS, MiB | predicted over measured | keys at most, MB | keys read, MB | bound | LRU |"
          " seconds | of them waiting | worst error |\n|---|---|---|---|---|---|---|---|---|---|---|---|")


def format_row(row):
    return (f"| {row['program']} | {row['mode']} | {row['budget'] / MIB:.1f} | {row['rss'] / MIB:.1f} |"
            f" {100 * row['difference']:+.1f} % | {row['peak_keys'] / 1e6:.1f} | {row['read'] / 1e6:.1f} |"
            f" {row['bound'] / 1e6:.1f} | {row['lru'] / 1e6:.1f} | {row['seconds']:.2f} | {row['stall']:.2f} | {row['worst']:.1e} |")


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/bench-budget",
        description="Runs each program at budgets from the least feasible one to all keys resident, in a control group with "
        "exactly that memory and no swap, and in modes streaming and resident without a budget; decrypts and compares every "
        "answer; prints a Markdown table. Needs a built tree, and for control groups usually root; without them it says so and "
        "only compares the measured peak with the budget.",
        epilog="Exit code: 0 every budget was kept, every prediction is within 10 %, streaming takes at most 16 MB for keys, plans "
        "read at most 1.05 times the bound; 1 not; 2 wrong usage; 77 with --need-group where there are no control groups.")
    parser.add_argument("--build", metavar="DIR", default=str(ROOT / "build/release"))
    parser.add_argument("--programs", metavar="LIST", default="mnist-mlp,lenet,synthetic-16-8",
                        help="of mnist-mlp, lenet (N = 2^15), synthetic-LOG_N-SPARE_LEVELS (200 rotations)")
    parser.add_argument("--budgets", type=int, default=5, help="how many (default 5)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--need-group", action="store_true", help="do nothing where no control group can be made")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    build = pathlib.Path(options.build).resolve()
    if not (build / "bin/keymemrt").exists():
        fail(f"{build}: no bin/keymemrt: build it first", 2)
    group = ControlGroup()
    if group.unavailable is not None:
        print(f"no control group can be made here ({group.unavailable})", file=sys.stderr)
        if options.need_group:
            sys.exit(77)
    try:
        with tempfile.TemporaryDirectory(prefix="keymemrt_budget_", dir=os.environ.get("TMPDIR", "/var/tmp")) as directory:
            bench = Bench(build, pathlib.Path(directory), group, options.threads)
            print(HEADER, flush=True)
            for name in options.programs.split(","):
                bench.measure(name, options.budgets)
    finally:
        group.remove()
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(bench.rows, indent=1) + "\n")
    for line in bench.broken:
        print(f"NOT KEPT: {line}", file=sys.stderr)
    sys.exit(1 if bench.broken else 0)


if __name__ == "__main__":
    main()
