"""Builds and runs the benchmarks of whole operations: ours, and OpenFHE's in turn with them (standard library only)."""

import argparse
import datetime
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORDED = ROOT / "docs/benchmarks.md"
TABLE_TITLE = "operation/set/level"
SETS = ("A1", "B", "M", "C", "D")
# OpenFHE asked for as many digits as our engine takes (bench/parameter_sets.h).
THREE_DIGITS = {"C": "C3", "M": "M3"}


def fail(message, code=1):
    print(f"scripts/bench: {message}", file=sys.stderr)
    sys.exit(code)


def say(message):
    print(message, file=sys.stderr, flush=True)


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Installs what is missing, builds, measures the operations of the engine with 1 and 2 threads and prints "
        "a Markdown table. Where OpenFHE is installed it is measured too, in turn with ours, and ratios are printed with their "
        "range over the passes; elsewhere its figures recorded in docs/benchmarks.md are shown, labelled so. With 1 thread "
        "seconds are CPU time, which other programs on the machine do not lengthen (only key_load and key_file wait, and are wall time), with "
        "more threads wall time. Progress goes to the standard error.",
        epilog="Exit code: 0 done, 1 a build or a benchmark failed, 2 wrong usage.")
    parser.add_argument("--quick", action="store_true",
                        help="one short pass over the sets A1 and C: a look, not a measurement")
    parser.add_argument("--json", metavar="FILE",
                        help="write a list of {name, threads, seconds, repetitions, spread}; seconds is a median, spread "
                        "(largest - smallest) / median; where measured, openfhe holds the same figures of OpenFHE")
    parser.add_argument("--openfhe", metavar="PREFIX",
                        help="where OpenFHE is installed (else: CMAKE_PREFIX_PATH, /usr/local, /usr)")
    parser.add_argument("--sets", metavar="LIST", help=f"parameter sets, separated by commas, of {','.join(SETS)}")
    parser.add_argument("--threads", metavar="LIST", default="1,2",
                        help="numbers of threads, separated by commas (default 1,2)")
    parser.add_argument("--build", metavar="DIR", help="a configured build directory to use instead of build/release")
    options = parser.parse_args()
    if options.sets is None:
        options.sets = ("A1", "C") if options.quick else SETS
    else:
        options.sets = tuple(options.sets.split(","))
        for name in options.sets:
            if name not in SETS:
                parser.error(f"--sets: there is no set '{name}', only {', '.join(SETS)}")
    if not re.fullmatch(r"[1-9]\d{0,2}(,[1-9]\d{0,2})*", options.threads):
        parser.error(f"--threads: '{options.threads}': numbers separated by commas expected, such as 1,2")
    options.threads = [int(number) for number in dict.fromkeys(options.threads.split(","))]
    if options.json and not pathlib.Path(options.json).resolve().parent.is_dir():
        parser.error(f"--json: {options.json}: its directory does not exist")
    if options.build and not (pathlib.Path(options.build) / "CMakeCache.txt").exists():
        parser.error(f"--build: {options.build}: not a configured build directory")
    return options


# --- Building


def run_logged(log, *commands):
    """Runs commands one after the other; their output is shown when one fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "w") as out:
        for command in commands:
            words = [str(word) for word in command]
            if subprocess.run(words, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT).returncode != 0:
                sys.stderr.write("\n".join(log.read_text(errors="replace").splitlines()[-40:]) + "\n")
                fail(f"failed: {' '.join(words)} (whole output: {log})")


def build_ours(options):
    """Returns the program that measures our engine."""
    build = pathlib.Path(options.build).resolve() if options.build else ROOT / "build/release"
    say(f"Building in {build} (a few minutes the first time)")
    commands = []
    if not options.build:
        launcher = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        commands = [["scripts/setup"], ["cmake", "--preset", "release", *launcher]]
    commands.append(["cmake", "--build", build, "-j", os.cpu_count(), "--target", "lattice_bench"])
    run_logged(build / "bench.log", *commands)
    return build / "bin/lattice_bench"


def find_openfhe(options):
    """Returns (installation prefix, text of OpenFHEConfig.cmake), or None when it is not installed."""
    prefixes = [options.openfhe] if options.openfhe else (
        [p for p in re.split("[:;]", os.environ.get("CMAKE_PREFIX_PATH", "")) if p] + ["/usr/local", "/usr"])
    for prefix in prefixes:
        for directory in ("lib/OpenFHE", "lib64/OpenFHE", "lib/cmake/OpenFHE"):
            config = pathlib.Path(prefix) / directory / "OpenFHEConfig.cmake"
            if config.exists():
                return prefix, config.read_text()
    if options.openfhe:
        fail(f"--openfhe {options.openfhe}: there is no lib/OpenFHE/OpenFHEConfig.cmake; give the prefix of an installed OpenFHE", 2)
    return None


def build_openfhe(found, release):
    """Returns the directory of the programs that measure the OpenFHE of find_openfhe, in that of our build."""
    prefix, config = found
    build = release / "openfhe_bench"
    configure = ["cmake", "-S", ROOT / "bench/openfhe", "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                 f"-DCMAKE_PREFIX_PATH={prefix}"]
    built_with = dict(re.findall(r'set\(OpenFHE_CXX_COMPILER_(ID|VERSION) "([^"]*)"\)', config))
    name = {"Clang": "clang++", "GNU": "g++"}.get(built_with.get("ID"))
    if name and "CXX" not in os.environ:
        compiler = shutil.which(f"{name}-{built_with.get('VERSION', '').split('.')[0]}") or shutil.which(name)
        if compiler is None:
            fail(f"OpenFHE in {prefix} was built with {name} {built_with.get('VERSION', '')}, which is not installed; measuring it needs "
                 "the same compiler (CXX=... chooses another one)")
        configure.append(f"-DCMAKE_CXX_COMPILER={compiler}")
    say(f"Building the OpenFHE benchmarks against {prefix}")
    run_logged(release / "openfhe_bench.log", configure, ["cmake", "--build", build])
    return build


# --- Measuring


class Samples:
    """The repetitions of one benchmark: a list for each pass, of seconds."""

    def __init__(self):
        self.passes = []
        self.cpu_share = []  # of each repetition: CPU time of the calling thread / wall time
        self.counters = {}

    def seconds(self):
        return statistics.median(self.all())

    def all(self):
        return [seconds for one_pass in self.passes for seconds in one_pass]

    def summary(self):
        samples = self.all()
        return {"seconds": self.seconds(), "repetitions": len(samples),
                "spread": (max(samples) - min(samples)) / self.seconds()}


def measure(program, threads, parameter_set, repetitions, min_time, results):
    """Runs one pass of one set; adds a list to results[(name, threads)] of each benchmark; returns the run's context."""
    run = subprocess.run([program, f"--threads={threads}", f"--benchmark_filter=^[a-z_]+/{parameter_set}/",
                          f"--benchmark_repetitions={repetitions}", f"--benchmark_min_time={min_time}",
                          "--benchmark_report_aggregates_only=false", "--benchmark_format=json"],
                         capture_output=True, text=True)
    if run.returncode != 0:
        fail(f"{program} ended with exit code {run.returncode}:\n{run.stderr}")
    report = json.loads(run.stdout)
    unit = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
    passes = {}
    for record in report["benchmarks"]:
        if record.get("error_occurred"):
            fail(f"{record['name']}: {record['error_message']}")
        if record.get("run_type") != "iteration":
            continue
        samples = results.setdefault((record["run_name"], threads), Samples())
        waits = record["run_name"].startswith(("key_load_", "key_file_"))  # for the disk
        clock = "cpu_time" if threads == 1 and not waits else "real_time"
        passes.setdefault(record["run_name"], []).append(record[clock] * unit[record["time_unit"]])
        if not waits:
            samples.cpu_share.append(record["cpu_time"] / record["real_time"])
        if "key_bytes" in record:
            samples.counters["key_bytes"] = int(record["key_bytes"])
    if not passes:
        fail(f"{program} has no benchmark of the set {parameter_set}")
    for name, seconds in passes.items():
        results[(name, threads)].passes.append(seconds)
    return report["context"]


def run_all(options, ours, openfhe):
    """Returns (our results, OpenFHE's results, {kernels, openfhe}: what was measured)."""
    passes, repetitions, min_time = (1, 2, 0.02) if options.quick else (3, 3, 0.05)
    our_results, their_results, versions = {}, {}, {}
    for number in range(1, passes + 1):
        for threads in options.threads:
            for parameter_set in options.sets:
                say(f"pass {number} of {passes}, {threads} thread{'s' * (threads > 1)}, set {parameter_set}")
                versions["kernels"] = measure(ours, threads, parameter_set, repetitions, min_time, our_results)["kernels"]
                if openfhe is None:
                    continue
                for variant in filter(None, (parameter_set, THREE_DIGITS.get(parameter_set))):
                    versions["openfhe"] = measure(openfhe, threads, variant, repetitions, min_time, their_results)["openfhe"]
    return our_results, their_results, versions


def compare(ours, theirs):
    """OpenFHE's figures and how many times faster ours are: the median over the passes, the least and the most."""
    ratios = [statistics.median(b) / statistics.median(a) for a, b in zip(ours.passes, theirs.passes)]
    return {**theirs.summary(), "speedup": statistics.median(ratios), "speedup_min": min(ratios), "speedup_max": max(ratios)}


def entries_of(our_results, their_results):
    """The list that --json writes."""
    entries = []
    for (name, threads), samples in our_results.items():
        entry = {"name": name, "threads": threads, **samples.summary(), **samples.counters}
        operation, parameter_set, level = name.split("/")
        for key, other in (("openfhe", name), ("openfhe_three_digits", f"{operation}/{THREE_DIGITS.get(parameter_set)}/{level}")):
            if (other, threads) in their_results:
                theirs = their_results[(other, threads)]
                entry[key] = {**compare(samples, theirs), **theirs.counters}
        entries.append(entry)
    return entries


# --- Reporting


def milliseconds(figures):
    ms = figures["seconds"] * 1e3
    digits = 0 if ms >= 100 else 1 if ms >= 10 else 2 if ms >= 1 else 3
    text = f"{ms:.{digits}f}"
    return f"{text} ±{figures['spread'] * 50:.0f}%" if "spread" in figures else text


def speedup(figures):
    text = f"{figures['speedup']:.1f}x"
    low, high = f"{figures['speedup_min']:.1f}", f"{figures['speedup_max']:.1f}"
    return text if low == high else f"{text} ({low}–{high})"


def openfhe_column(threads):
    return f"OpenFHE, {threads} thr."


def read_recorded():
    """{(name, threads): seconds} of OpenFHE in the table of docs/benchmarks.md, which a run of this script printed."""
    recorded, columns = {}, []
    for line in RECORDED.read_text().splitlines() if RECORDED.exists() else []:
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells and cells[0] == TABLE_TITLE:
            columns = [(i, int(re.sub(r"\D", "", cell))) for i, cell in enumerate(cells) if cell.startswith("OpenFHE, ")]
        elif cells and re.fullmatch(r"[a-z_]+/\w+/\w+", cells[0]):
            for i, threads in columns:
                if cells[i]:
                    recorded[(cells[0], threads)] = {"seconds": float(cells[i].split()[0]) * 1e-3}
    return recorded


def print_table(header, rows):
    """As Markdown, columns aligned."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
    print()


def cpu_name():
    try:
        return re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE).group(1)
    except (OSError, AttributeError):
        return "unknown CPU"


def report(options, entries, versions, our_results):
    by_name = {}
    for entry in entries:
        by_name.setdefault(entry["name"], {})[entry["threads"]] = entry
    measured = "openfhe" in versions
    recorded = {} if measured else read_recorded()
    print(f"{cpu_name()}, {os.cpu_count()} CPUs, {datetime.date.today()}; kernels: {versions['kernels']}; "
          f"{'OpenFHE ' + versions['openfhe'] if measured else 'OpenFHE not installed'}. "
          "Milliseconds: median ± half the range of the repetitions.\n")
    first = options.threads[0]
    header = [TABLE_TITLE]
    for threads in options.threads:
        header.append(f"ours, {threads} thr.")
        if measured:
            header += [openfhe_column(threads), "ours faster by"]
        elif recorded:
            header.append(f"{openfhe_column(threads)} RECORDED ELSEWHERE")
    header += [f"{threads} thr. against {first}" for threads in options.threads[1:]]
    rows = []
    for name, by_threads in by_name.items():
        for key, label in (("openfhe", name), ("openfhe_three_digits", f"{name}, 3 digits")):
            if key != "openfhe" and key not in by_threads[first]:
                continue
            row = [label]
            for threads in options.threads:
                entry = by_threads[threads]
                row.append(milliseconds(entry))
                if measured:
                    row += [milliseconds(entry[key]), speedup(entry[key])] if key in entry else ["", ""]
                elif recorded:
                    row.append(milliseconds(recorded[(name, threads)]) if (name, threads) in recorded else "")
            row += [f"{by_threads[first]['seconds'] / by_threads[threads]['seconds']:.2f}x" for threads in options.threads[1:]]
            rows.append(row)
    print_table(header, rows)
    if recorded:
        print("OpenFHE's figures come from docs/benchmarks.md and were RECORDED ELSEWHERE, on another machine or another day: no ratio is "
              "given. Install OpenFHE and run again for a comparison.\n")
    if measured and any("openfhe_three_digits" in entry for entry in entries):
        print("'3 digits': OpenFHE with three digits for key switching, as our engine chooses there; else with four.\n")

    rows = []
    for name, by_threads in by_name.items():
        entry = by_threads[first]
        if "key_bytes" in entry:
            operation, parameter_set, _ = name.split("/")
            full = by_name[f"{operation}/{parameter_set}/top"][first].get("openfhe", {}).get("key_bytes")
            rows.append([name.split("/", 1)[1], f"{entry['key_bytes'] / 1e6:.2f}"] +
                        ([f"{full / 1e6:.2f}", f"{entry['key_bytes'] / full:.3f}"] if full else []))
    print_table(["bytes of a rotation key, MB", "ours", "OpenFHE, whole key", "of it"][:len(rows[0])], rows)

    shares = [share for (_, threads), samples in our_results.items() if threads == 1 for share in samples.cpu_share]
    share = statistics.median(shares) if shares else 1
    if share < 0.95:
        print(f"The machine was BUSY: single-thread runs had a CPU for {share:.0%} of the time. Keep no figure of several threads; those of 1 "
              "suffered from shared caches and memory only.")


def main():
    options = parse_arguments()
    found = find_openfhe(options)
    if found is None:
        say("OpenFHE is not installed: its recorded figures will be shown")
    ours = build_ours(options)
    openfhe = build_openfhe(found, ours.parent.parent) / "openfhe_bench" if found else None
    our_results, their_results, versions = run_all(options, ours, openfhe)
    entries = entries_of(our_results, their_results)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(entries, indent=1) + "\n")
    report(options, entries, versions, our_results)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
