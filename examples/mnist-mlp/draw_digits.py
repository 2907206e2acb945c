#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws digits.npy (uint8 [12, 28, 28]) and digit_labels.npy (uint8 [12]) from strokes.

A stroke is a list of points of a smooth curve (Catmull-Rom, corners where a point is given twice); x grows to the right, y
downwards. As in MNIST, a digit is scaled into 20 x 20 pixels, keeps its proportions, is white on black, drawn with a
soft-edged pen and placed with its centre of mass in the middle of 28 x 28.

usage: draw_digits.py OUT_DIR [--sheet SHEET.png] [--input N X.npy]
"""
import argparse
import math
import os
import struct
import zlib

SIZE, BOX = 28, 20
PEN = 1.15  # radius in pixels
SAMPLES = 4  # per pixel and direction

# label, strokes
DIGITS = [
    (0, [[(52, 4), (30, 14), (16, 42), (18, 74), (38, 96), (62, 88), (80, 60), (78, 26), (60, 6), (46, 6)]]),
    (1, [[(58, 0), (52, 34), (44, 68), (38, 100)]]),
    (2, [[(14, 26), (24, 8), (46, 0), (68, 12), (68, 36), (48, 62), (26, 84), (12, 96), (12, 96), (40, 94), (84, 98)]]),
    (3, [[(16, 12), (40, 0), (64, 8), (64, 30), (36, 46), (36, 46), (64, 54), (72, 74), (54, 96), (28, 98), (10, 86)]]),
    (4, [[(24, 4), (20, 30), (14, 52), (14, 52), (40, 56), (76, 48)], [(68, 2), (62, 40), (58, 70), (56, 100)]]),
    (5, [[(76, 2), (50, 4), (28, 6), (28, 6), (24, 24), (20, 42), (20, 42), (48, 38), (70, 54), (66, 82), (40, 98), (12, 92)]]),
    (6, [[(66, 0), (42, 18), (24, 46), (20, 74), (34, 96), (58, 94), (70, 74), (58, 56), (38, 58), (22, 76)]]),
    (7, [[(10, 10), (40, 8), (78, 4), (78, 4), (62, 36), (48, 66), (38, 100)]]),
    (8, [[(66, 12), (44, 0), (26, 14), (34, 36), (58, 56), (66, 80), (46, 98), (26, 84), (34, 60), (56, 42), (72, 22), (62, 8)]]),
    (9, [[(70, 20), (52, 4), (30, 12), (22, 34), (36, 50), (58, 42), (70, 20), (70, 20), (66, 50), (58, 76), (50, 100)]]),
    (2, [[(20, 20), (38, 2), (62, 10), (64, 36), (46, 68), (24, 94), (8, 90), (12, 74), (30, 76), (52, 92), (86, 88)]]),
    (7, [[(12, 16), (14, 6), (14, 6), (44, 8), (74, 6), (74, 6), (56, 40), (40, 72), (32, 100)], [(26, 52), (48, 50), (70, 46)]]),
]


def curve(points, steps=12):
    """The polyline of a Catmull-Rom curve through `points`, broken at points that are given twice."""
    runs, run = [], [points[0]]
    for point in points[1:]:
        if point == run[-1]:
            runs.append(run)
            run = [point]
        else:
            run.append(point)
    runs.append(run)
    line = []
    for run in runs:
        padded = [run[0]] + run + [run[-1]]
        for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:]):
            for step in range(steps):
                t = step / steps
                line.append(tuple(
                    0.5 * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t * t + (3 * q - p - 3 * r + s) * t**3)
                    for p, q, r, s in zip(a, b, c, d)))
        line.append(run[-1])
    return line


def distance(x, y, a, b):
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    t = 0 if length == 0 else min(1, max(0, ((x - a[0]) * dx + (y - a[1]) * dy) / length))
    return math.hypot(x - a[0] - t * dx, y - a[1] - t * dy)


def render(lines, shift):
    """Coverage of each pixel by the pen, in 0..1, the lines moved by `shift`."""
    segments = [((a[0] + shift[0], a[1] + shift[1]), (b[0] + shift[0], b[1] + shift[1]))
                for line in lines for a, b in zip(line, line[1:])]
    offsets = [(i + 0.5) / SAMPLES for i in range(SAMPLES)]
    image = []
    for row in range(SIZE):
        image.append([])
        for column in range(SIZE):
            near = [s for s in segments if distance(column + 0.5, row + 0.5, *s) < PEN + 1.5]
            total = 0.0
            for v in offsets:
                for u in offsets:
                    d = min((distance(column + u, row + v, *s) for s in near), default=9)
                    total += min(1, max(0, PEN + 0.5 - d))  # an edge one pixel soft
            image[row].append(total / SAMPLES**2)
    return image


def centre(image):
    mass = sum(map(sum, image))
    x = sum(v * (column + 0.5) for row in image for column, v in enumerate(row)) / mass
    y = sum(v * (number + 0.5) for number, row in enumerate(image) for v in row) / mass
    return x, y


def draw(strokes):
    lines = [curve(stroke) for stroke in strokes]
    xs = [x for line in lines for x, _ in line]
    ys = [y for line in lines for _, y in line]
    scale = (BOX - 2 * PEN) / max(max(xs) - min(xs), max(ys) - min(ys))
    lines = [[((x - min(xs)) * scale, (y - min(ys)) * scale) for x, y in line] for line in lines]
    shift = ((SIZE - (max(xs) - min(xs)) * scale) / 2, (SIZE - (max(ys) - min(ys)) * scale) / 2)
    x, y = centre(render(lines, shift))
    image = render(lines, (shift[0] + SIZE / 2 - x, shift[1] + SIZE / 2 - y))
    return bytes(round(255 * v) for row in image for v in row)


def write_npy(path, shape, data, kind="|u1"):
    text = "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }" % (kind, "".join("%d, " % n for n in shape).strip())
    text += " " * (63 - (10 + len(text)) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + data)


def write_sheet(path, images):
    """All digits side by side, six times enlarged, as a PNG."""
    zoom, columns = 6, 6
    rows = []
    for top in range(0, len(images), columns):
        for y in range(SIZE * zoom):
            row = b"".join(bytes([v]) * zoom for image in images[top:top + columns]
                           for v in image[y // zoom * SIZE:(y // zoom + 1) * SIZE])
            rows.append(b"\0" + row)
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", SIZE * zoom * columns, len(rows), 8, 0, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"".join(rows))) +
                   chunk(b"IEND", b""))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out_dir")
    parser.add_argument("--sheet", help="also write all digits as one PNG")
    parser.add_argument("--input", nargs=2, metavar=("N", "X.npy"), help="also write digit N as a network takes it, pixel / 255")
    arguments = parser.parse_args()
    images = [draw(strokes) for _, strokes in DIGITS]
    write_npy(os.path.join(arguments.out_dir, "digits.npy"), (len(images), SIZE, SIZE), b"".join(images))
    write_npy(os.path.join(arguments.out_dir, "digit_labels.npy"), (len(images),), bytes(label for label, _ in DIGITS))
    if arguments.sheet:
        write_sheet(arguments.sheet, images)
    if arguments.input:
        digit = images[int(arguments.input[0])]
        write_npy(arguments.input[1], (len(digit),), struct.pack("<%df" % len(digit), *(v / 255 for v in digit)), "<f4")


if __name__ == "__main__":
    main()
