"""Runs the MNIST demo: compile, keygen, then per image encrypt, run, decrypt, and compare with the cleartext.

Standard library only. Every encrypted answer is decrypted and compared; the exit code is 1 when one differs.
"""

import argparse
import ast
import html
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOLERANCE = 1e-2  # worst logit error, relative to the largest logit of the image


def read_npy(path):
    """Returns (shape, flat list) of a little-endian C-order .npy file."""
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:10 + size].decode("latin1"))
    code = {"<f8": "d", "<f4": "f", "|u1": "B", "<i8": "q", "<i4": "i"}[header["descr"]]
    count = 1
    for extent in header["shape"]:
        count *= extent
    return header["shape"], struct.unpack_from(f"<{count}{code}", data, 10 + size)


def write_npy(path, values, shape=None):
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape or (len(values),)}, }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    pathlib.Path(path).write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode("latin1") +
                                   struct.pack(f"<{len(values)}d", *values))


def load_digits(options):
    """Returns (name of the set, list of (784 pixels 0..255, label))."""
    directory = options.mnist
    if directory is None and (ROOT.parent / "shared/data/mnist/test_images_u8.npy").exists():
        directory = ROOT.parent / "shared/data/mnist"
    if directory is None:
        folder = ROOT / "examples/mnist-mlp"
        images, labels, name = folder / "digits.npy", folder / "digit_labels.npy", "digits drawn for this project"
    else:
        folder = pathlib.Path(directory)
        images, labels, name = folder / "test_images_u8.npy", folder / "test_labels_u8.npy", "MNIST test images"
    for file in (images, labels):
        if not file.exists():
            sys.exit(f"demo: {file}: no such file")
    shape, pixels = read_npy(images)
    _, label_values = read_npy(labels)
    count = shape[0] if directory is None else min(shape[0], options.images)
    return name, [(pixels[784 * i:784 * (i + 1)], label_values[i]) for i in range(count)]


class Demo:
    def __init__(self, options):
        self.options = options
        self.out = pathlib.Path(options.out)
        self.keymemrt = pathlib.Path(options.build) / "bin/keymemrt"
        self.example = pathlib.Path(options.build) / "examples/mnist-mlp"
        self.program = self.out / "mlp.kmrt"
        self.weights = self.example / "weights.npz"

    def call(self, *arguments, show=False):
        command = [str(self.keymemrt), *map(str, arguments)]
        result = subprocess.run(command, stdout=None if show else subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if result.returncode != 0:
            sys.exit(f"demo: {' '.join(command)}\n{result.stderr}demo: exit code {result.returncode}")

    def path(self, name):
        return self.out / name

    def run(self, mode, name, *more):
        """One encrypted inference of in.ct; returns its statistics."""
        stats = self.path(f"{name}.json")
        budget = ["--memory", self.options.memory] if mode == "planned" else []
        self.call("run", self.program, "--keys", self.path("keys"), "--input", self.path("in.ct"), "-o",
                  self.path(f"{name}.ct"), "--weights", self.weights, "--mode", mode, "--stats", stats, *budget, *more)
        return json.loads(stats.read_text())

    def classify(self, pixels, name):
        """Returns (encrypted logits, cleartext logits, statistics of the run)."""
        write_npy(self.path("in.npy"), [pixel / 255 for pixel in pixels])
        self.call("encrypt", self.program, "--client", self.path("client"), "--input", self.path("in.npy"), "-o",
                  self.path("in.ct"))
        stats = self.run("planned", name)
        self.call("decrypt", self.program, "--client", self.path("client"), "--input", self.path(f"{name}.ct"), "-o",
                  self.path("out.npy"))
        self.call("cleartext", self.program, "--input", self.path("in.npy"), "-o", self.path("clear.npy"), "--weights",
                  self.weights)
        return read_npy(self.path("out.npy"))[1], read_npy(self.path("clear.npy"))[1], stats

    def main(self):
        # A run of its own each time: keys, ciphertexts and reports of an earlier one go.
        if self.out.exists():
            if not (self.out / ".keymemrt-demo").exists():
                sys.exit(f"demo: {self.out} exists and was not made by this demo; move it away")
            shutil.rmtree(self.out)
        self.out.mkdir(parents=True)
        (self.out / ".keymemrt-demo").touch()

        name, digits = load_digits(self.options)
        print(f"Compiling {self.example / 'model.mlir'}")
        self.call("compile", self.example / "model.mlir", "-o", self.program)
        self.call("explain", self.program, "--memory", self.options.memory, show=True)
        print("Making the keys")
        self.call("keygen", self.program, "--client", self.path("client"), "--keys", self.path("keys"))

        print(f"Classifying {len(digits)} {name} under encryption, server process within {self.options.memory}")
        rows, right, clear_right, worst, all_equal = [], 0, 0, 0.0, True
        for index, (pixels, label) in enumerate(digits):
            encrypted, clear, stats = self.classify(pixels, "out")
            answer, clear_answer = argmax(encrypted), argmax(clear)
            error = max(abs(a - b) for a, b in zip(encrypted, clear)) / max(abs(b) for b in clear)
            worst = max(worst, error)
            right += answer == label
            clear_right += clear_answer == label
            all_equal = all_equal and answer == clear_answer
            rows.append((pixels, label, answer, clear_answer, error, stats))
            print(f"  image {index:3}: answer {answer}, cleartext {clear_answer}, label {label}, "
                  f"error {error:.1e}, {stats['wall_seconds']:.2f} s, {mib(stats['peak_rss_bytes'])}", flush=True)

        # The same ciphertext in each mode, with a page about each run: the answer must be the same to the bit.
        modes = {}
        for mode in ("planned", "imperative", "resident"):
            modes[mode] = self.run(mode, mode, "--report", self.path(f"{mode}.html"))
            if self.path(f"{mode}.ct").read_bytes() != self.path("out.ct").read_bytes():
                sys.exit(f"demo: mode {mode} gave another result than planned")

        seconds = sorted(row[5]["wall_seconds"] for row in rows)[len(rows) // 2]
        peak = max(row[5]["peak_rss_bytes"] for row in rows)
        summary = [
            ("images", f"{len(rows)} {name}"),
            ("accuracy, encrypted", f"{right} of {len(rows)}"),
            ("accuracy, cleartext", f"{clear_right} of {len(rows)}"),
            ("worst logit error, relative to the largest logit", f"{worst:.1e}"),
            ("seconds per image, median", f"{seconds:.2f}"),
            (f"peak memory, planned within {self.options.memory}", mib(peak)),
            ("peak memory, one key at a time (imperative)", mib(modes["imperative"]["peak_rss_bytes"])),
            ("peak memory, all keys resident", mib(modes["resident"]["peak_rss_bytes"])),
            ("keys on disk", f"{modes['planned']['galois_keys']} rotation keys, {mib(modes['planned']['key_store_bytes'])}"),
            ("rotations per image", str(modes["planned"]["rotations"])),
        ]
        print()
        width = max(len(key) for key, _ in summary)
        for key, value in summary:
            print(f"{key:{width}}  {value}")
        report = self.path("report.html")
        report.write_text(page(name, summary, rows, modes))
        print(f"\nReport: {report}")
        if not all_equal or worst > TOLERANCE:
            sys.exit("demo: FAILED: encrypted and cleartext answers differ")


def argmax(values):
    return max(range(len(values)), key=values.__getitem__)


def mib(count):
    return f"{count / 2**20:.1f} MiB"


def picture(pixels):
    """A 28x28 digit as an SVG of its bright pixels."""
    rects = "".join(f'<rect x="{i % 28}" y="{i // 28}" width="1.02" height="1.02" fill-opacity="{pixel / 255:.2f}"/>'
                    for i, pixel in enumerate(pixels) if pixel)
    return f'<svg viewBox="0 0 28 28" width="56" height="56" class="digit">{rects}</svg>'


CLASSES = [("keys", "peak_key_bytes", "#c2410c"), ("ciphertexts", "peak_ciphertext_bytes", "#1d4ed8"),
           ("plaintexts", "peak_plaintext_bytes", "#15803d"), ("digits and scratch", "peak_scratch_bytes", "#7e22ce")]


def bars(modes):
    """Peak memory per mode: the process's peak, and within it each class's own peak."""
    top = max(stats["peak_rss_bytes"] for stats in modes.values())
    parts = []
    for mode, stats in modes.items():
        def bar(label, value, colour):
            return (f'<tr><td>{label}</td><td><div class="bar" style="width:{max(1, 420 * value / top):.0f}px;'
                    f'background:{colour}"></div></td><td class="n">{mib(value)}</td></tr>')
        rows = bar("whole process", stats["peak_rss_bytes"], "#334155")
        rows += "".join(bar(label, stats[key], colour) for label, key, colour in CLASSES)
        parts.append(f"<h3>{mode}</h3><p>{stats['wall_seconds']:.2f} s, of it {stats['stall_seconds']:.2f} s waiting for keys; "
                     f"{mib(stats['key_bytes_read'])} of keys read; "
                     f'<a href="{mode}.html">the run, moment by moment</a></p><table>{rows}</table>')
    return "".join(parts)


def page(name, summary, rows, modes):
    table = "".join(f"<tr><td>{html.escape(key)}</td><td>{html.escape(value)}</td></tr>" for key, value in summary)
    images = "".join(
        f'<figure class="{"" if answer == clear else "bad"}">{picture(pixels)}<figcaption>{answer}'
        f'<small>cleartext {clear}, label {label}<br>error {error:.0e}</small></figcaption></figure>'
        for pixels, label, answer, clear, error, _ in rows)
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>KeyMemRT: encrypted handwritten digits</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #0f172a; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.5rem; }} h2 {{ font-size: 1.15rem; margin-top: 2rem; }} h3 {{ font-size: 1rem; margin: 1.2rem 0 0; }}
p {{ margin: .2rem 0 .4rem; }} table {{ border-collapse: collapse; }} td {{ padding: .15rem .8rem .15rem 0; vertical-align: middle; }}
.n {{ text-align: right; font-variant-numeric: tabular-nums; }} .bar {{ height: .8rem; border-radius: 2px; }}
.gallery {{ display: flex; flex-wrap: wrap; gap: .6rem; }} figure {{ margin: 0; width: 7rem; text-align: center; }}
figcaption {{ font-size: 1.3rem; line-height: 1.2; }} small {{ display: block; font-size: .7rem; color: #475569; }}
.digit {{ background: #0f172a; fill: #fff; border-radius: 4px; }} .bad figcaption {{ color: #b91c1c; }}
</style>
<h1>Handwritten digits, classified under encryption</h1>
<p>A 784-128-128-10 network; each image was encrypted, classified by a server process that has no secret key and whose
rotation keys are on disk, decrypted, and compared with the same network on plain numbers.</p>
<table>{table}</table>
<h2>Peak memory by mode</h2>
<p>The peaks of the classes need not fall on the same moment; the rest of the process is code, tables and weights.</p>
{bars(modes)}
<h2>Answers: {html.escape(name)}</h2>
<div class="gallery">{images}</div>
</html>
"""


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--out", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--memory", default="48MiB")
    parser.add_argument("--mnist")
    parser.add_argument("--images", type=int, default=100)
    options = parser.parse_args()
    os.environ.setdefault("NO_COLOR", "1")
    sys.stdout.reconfigure(line_buffering=True)  # in order with what the commands print, also into a pipe
    Demo(options).main()


if __name__ == "__main__":
    main()
