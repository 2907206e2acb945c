#!/usr/bin/env python3
"""ResNet-20 for CIFAR-10 from a folder of .npy arrays to an ONNX file, and CIFAR-10 images to the network's inputs.

  convert.py network FOLDER -o model.onnx
  convert.py images images_u8.npy -o inputs.npy [--count N]

The network is that of He et al. with batch normalisation folded into its convolutions: <layer>_w.npy (outputs, inputs,
height, width) and <layer>_b.npy for conv1, layer{1,2,3}_{0,1,2}_conv{1,2} and fc (outputs, inputs). A shortcut that
changes the shape takes every second pixel and puts zero channels before and after (option A of the paper): a 1 x 1
convolution with stride 2 whose weights are 0 and 1. Images are bytes (N, 32, 32, 3); inputs are normalised as the
network was trained and ordered channel by channel. Standard library only.
"""

import argparse
import array
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
sys.dont_write_bytecode = True
from demo import read_npy  # noqa: E402

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


# Protocol buffers: a field is its number and wire type, then a varint (0) or a length and bytes (2).
def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


# The messages of onnx.proto, as far as they are needed here.
def tensor(name, shape, values):
    return b"".join(field(1, extent) for extent in shape) + field(2, 1) + field(8, name) + field(
        9, struct.pack(f"<{len(values)}f", *values))


def integers(name, values):
    return field(1, name) + b"".join(field(8, value) for value in values) + field(20, 7)


def value_info(name, shape):
    dimensions = b"".join(field(1, field(1, extent)) for extent in shape)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, dimensions)))


class Onnx:
    """A network under construction; every method returns the name of its result."""

    def __init__(self):
        self.nodes, self.initializers = [], []

    def node(self, operator, name, inputs, attributes=()):
        self.nodes.append(b"".join(field(1, i) for i in inputs) + field(2, name) + field(3, name) + field(4, operator) +
                          b"".join(field(5, a) for a in attributes))
        return name

    def array(self, name, shape, values):
        self.initializers.append(tensor(name, shape, values))
        return name

    def convolution(self, name, x, weights, bias=None, stride=1):
        """`weights`: (shape, values) in the order outputs, inputs, height, width; odd kernels, padded to keep the size."""
        kernel = weights[0][2]
        arrays = [self.array(f"{name}_w", *weights)] + ([self.array(f"{name}_b", *bias)] if bias else [])
        return self.node("Conv", name, [x] + arrays, [integers("kernel_shape", [kernel] * 2),
                                                      integers("strides", [stride] * 2), integers("pads", [kernel // 2] * 4)])

    def classifier(self, x, weights, bias):
        """The mean of each channel, and a dense layer."""
        x = self.node("Flatten", "flatten", [self.node("GlobalAveragePool", "pool", [x])])
        return self.node("Gemm", "fc", [x, self.array("fc_w", *weights), self.array("fc_b", *bias)],
                         [field(1, "transB") + field(3, 1) + field(20, 2)])

    def file(self, name, input_shape, outputs):
        graph = b"".join(field(1, n) for n in self.nodes) + field(2, name) + b"".join(
            field(5, i) for i in self.initializers) + field(11, value_info("image", (1, *input_shape))) + field(
                12, value_info("fc", (1, outputs)))
        return field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def resnet20(folder):
    onnx = Onnx()

    def stored(name):
        return read_npy(folder / f"{name}.npy")

    def convolution(name, x, stride=1):
        return onnx.convolution(name, x, stored(f"{name}_w"), stored(f"{name}_b"), stride)

    def shortcut(name, x, inputs, outputs):
        first = (outputs - inputs) // 2
        kernel = [float(o - first == i) for o in range(outputs) for i in range(inputs)]
        return onnx.convolution(name, x, ((outputs, inputs, 1, 1), kernel), stride=2)

    x = onnx.node("Relu", "relu1", [convolution("conv1", "image")])
    channels = 16
    for stage in (1, 2, 3):
        for block in (0, 1, 2):
            name = f"layer{stage}_{block}"
            stride = 2 if stage > 1 and block == 0 else 1
            y = onnx.node("Relu", f"{name}_relu1", [convolution(f"{name}_conv1", x, stride)])
            y = convolution(f"{name}_conv2", y)
            if stride == 2:
                x = shortcut(f"{name}_shortcut", x, channels, 2 * channels)
                channels *= 2
            x = onnx.node("Relu", f"{name}_relu2", [onnx.node("Add", f"{name}_add", [y, x])])
    onnx.classifier(x, stored("fc_w"), stored("fc_b"))
    return onnx.file("resnet20", (3, 32, 32), 10)


def convert_images(path, count):
    shape, pixels = read_npy(path)
    if len(shape) != 4 or shape[1:] != (32, 32, 3):
        sys.exit(f"{path}: images of shape (N, 32, 32, 3) expected, found {shape}")
    count = min(count or shape[0], shape[0])
    values = array.array("d")
    for image in range(count):
        for channel in range(3):
            plane = pixels[image * 3072 + channel:(image + 1) * 3072:3]
            values.extend((pixel / 255 - MEAN[channel]) / DEVIATION[channel] for pixel in plane)
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({count}, 3, 32, 32), }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + values.tobytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("network", "images"))
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, help="of images; default: all")
    options = parser.parse_args()
    convert = options.what == "network"
    options.output.write_bytes(resnet20(options.source) if convert else convert_images(options.source, options.count))


if __name__ == "__main__":
    main()
