#!/usr/bin/env python3
"""A residual block with bootstraps from ONNX to answer, in seconds: a network with random weights in a small ring that is not secure.

Imports, compiles, makes keys, encrypts an image, runs, decrypts, and compares with the same program on plain numbers and
with the network itself, which this script evaluates with ReLU as it is. --large takes an image, logits, and tensors between
them that are several of the ring's ciphertexts, of 512 numbers, each.
"""

import argparse
import itertools
import pathlib
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from convert import Onnx, read_npy  # noqa: E402
from demo import write_npy  # noqa: E402

CHANNELS = 4


def convolve(x, weights, bias, stride):
    (outputs, inputs, kernel, _), values = weights
    pad, size = kernel // 2, len(x[0]) // stride

    def at(o, v, u):
        total = bias[1][o]
        for i, k, l in itertools.product(range(inputs), range(kernel), range(kernel)):
            row, column = v * stride + k - pad, u * stride + l - pad
            if 0 <= row < len(x[0]) and 0 <= column < len(x[0]):
                total += values[((o * inputs + i) * kernel + k) * kernel + l] * x[i][row][column]
        return total

    return [[[at(o, v, u) for u in range(size)] for v in range(size)] for o in range(outputs)]


def relu(x):
    return [[[max(value, 0) for value in row] for row in channel] for channel in x]


class Residual:
    """conv, ReLU, [conv with stride 2, ReLU, conv] + [conv with stride 2], ReLU, mean, dense."""

    def __init__(self, generator, size, classes):
        self.size, self.classes = size, classes

        def weights(*shape):
            count, inputs = 1, 1
            for extent in shape:
                count *= extent
            for extent in shape[1:]:
                inputs *= extent
            return shape, [generator.gauss(0, (2 / inputs)**0.5) for _ in range(count)]

        def layer(outputs, inputs, kernel):
            return weights(outputs, inputs, kernel, kernel), ((outputs,), [generator.gauss(0, 0.1) for _ in range(outputs)])

        self.conv1, self.conv2 = layer(CHANNELS, 1, 3), layer(2 * CHANNELS, CHANNELS, 3)
        self.conv3, self.shortcut = layer(2 * CHANNELS, 2 * CHANNELS, 3), layer(2 * CHANNELS, CHANNELS, 1)
        self.dense = weights(classes, 2 * CHANNELS), ((classes,), [generator.gauss(0, 1) for _ in range(classes)])

    def onnx(self):
        onnx = Onnx()
        x = onnx.node("Relu", "relu1", [onnx.convolution("conv1", "image", *self.conv1)])
        y = onnx.node("Relu", "relu2", [onnx.convolution("conv2", x, *self.conv2, stride=2)])
        y = onnx.node("Add", "add", [onnx.convolution("conv3", y, *self.conv3),
                                     onnx.convolution("shortcut", x, *self.shortcut, stride=2)])
        onnx.classifier(onnx.node("Relu", "relu3", [y]), *self.dense)
        return onnx.file("residual", (1, self.size, self.size), self.classes)

    def evaluate(self, pixels):
        x = relu(convolve([[pixels[self.size * v:self.size * (v + 1)] for v in range(self.size)]], *self.conv1, 1))
        y = convolve(relu(convolve(x, *self.conv2, 2)), *self.conv3, 1)
        z = convolve(x, *self.shortcut, 2)
        y = relu([[[a + b for a, b in zip(*rows)] for rows in zip(*channels)] for channels in zip(y, z)])
        means = [sum(map(sum, channel)) / (self.size // 2)**2 for channel in y]
        return [sum(w * m for w, m in zip(self.dense[0][1][len(means) * c:], means)) + self.dense[1][1][c]
                for c in range(self.classes)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keymemrt", default="build/release/bin/keymemrt", help="the driver")
    parser.add_argument("--large", action="store_true", help="an image of 24 x 24 and 520 logits instead of 8 x 8 and 3")
    options = parser.parse_args()
    generator = random.Random(1)
    network = Residual(generator, *((24, 520) if options.large else (8, 3)))
    images = [[generator.uniform(-1, 1) for _ in range(network.size**2)] for _ in range(30)]
    with tempfile.TemporaryDirectory(prefix="keymemrt_residual_") as temporary:
        out = pathlib.Path(temporary)

        def keymemrt(command, *arguments):
            result = subprocess.run([options.keymemrt, command, *map(str, arguments)], capture_output=True, text=True)
            if result.returncode != 0:
                sys.exit(f"keymemrt {command}: {result.stderr}")
            return result.stdout

        (out / "model.onnx").write_bytes(network.onnx())
        write_npy(out / "images.npy", [pixel for image in images for pixel in image])
        write_npy(out / "x.npy", images[0])
        print(keymemrt("import", out / "model.onnx", "-o", out / "model.mlir", "--weights-out", out / "w.npz", "--calibrate",
                       out / "images.npy", "--insecure-log-n", 10), end="")
        print(keymemrt("compile", out / "model.mlir", "-o", out / "model.kmrt", "--insecure"), end="")
        program, weights, client = out / "model.kmrt", ("--weights", out / "w.npz"), ("--client", out / "client")
        keymemrt("keygen", program, *client, "--keys", out / "keys")
        keymemrt("encrypt", program, *client, "--input", out / "x.npy", "-o", out / "x.ct")
        keymemrt("run", program, "--keys", out / "keys", "--input", out / "x.ct", "-o", out / "y.ct", *weights)
        keymemrt("decrypt", program, *client, "--input", out / "y.ct", "-o", out / "y.npy")
        keymemrt("cleartext", program, "--input", out / "x.npy", "-o", out / "clear.npy", *weights)
        encrypted, clear = read_npy(out / "y.npy")[1], read_npy(out / "clear.npy")[1]
        # An image that leaves the ranges that were measured is told of, by layer.
        write_npy(out / "bright.npy", [3 * pixel for pixel in images[0]])
        bright = subprocess.run([options.keymemrt, "cleartext", program, "--input", out / "bright.npy", "-o", out / "bright_y.npy",
                                 *weights], capture_output=True, text=True).stderr
    exact = network.evaluate(images[0])
    noise = max(abs(a - b) for a, b in zip(encrypted, clear))
    error = max(abs(a - b) for a, b in zip(clear, exact))
    print(f"logits {', '.join(f'{y:.4f}' for y in exact[:3])}; off by {error:.1e} for the polynomials and {noise:.1e} for encryption")
    told = [line for line in bright.splitlines() if "'relu1' takes" in line]
    print(f"an image three times as bright: {told[0] if told else 'nothing is said'}")
    return 0 if noise < 1e-3 and error < 0.05 and told else 1


if __name__ == "__main__":
    sys.exit(main())
