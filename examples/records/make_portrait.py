#!/usr/bin/env python3
"""Draws the portrait of the sample record and writes it as a baseline JPEG.

    python3 examples/records/make_portrait.py examples/records/portrait.jpg

Needs nothing but Python's standard library: the JPEG encoder is below, for a picture of a face that belongs to
nobody. The same script gives the same bytes everywhere, because the encoder calculates with integers.
"""

import math
import struct
import sys

WIDTH, HEIGHT = 384, 480
QUALITY = 88


# The picture -----------------------------------------------------------------------------------------------

def clamp(value, low=0.0, high=1.0):
    return low if value < low else high if value > high else value


def mix(under, over, amount):
    return tuple(u + (o - u) * amount for u, o in zip(under, over))


def inside_ellipse(x, y, cx, cy, rx, ry, softness=0.03):
    """1 inside, 0 outside, in between on the edge."""
    distance = math.sqrt(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2)
    return clamp((1.0 - distance) / softness + 0.5)


class Grain:
    """Film grain from a linear congruential generator, so that the picture is not smoother than a photograph."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.state >> 16) / 16384.0 - 1.0


def pixel(x, y, grain):
    """The colour at (x, y), both in 0 to 1 of the width, as (red, green, blue) of 0 to 255."""
    colour = mix((206, 214, 220), (176, 188, 198), y)
    # Shoulders, hair behind the face, neck.
    colour = mix(colour, (52, 74, 108), inside_ellipse(x, y, 0.5, 1.32, 0.46, 0.34))
    colour = mix(colour, (86, 58, 36), inside_ellipse(x, y, 0.5, 0.56, 0.275, 0.375))
    colour = mix(colour, (205, 160, 132), inside_ellipse(x, y, 0.5, 0.98, 0.105, 0.20))
    # The face, lit from the left.
    light = 10 * (0.5 - x) / 0.2
    skin = (226 + light, 184 + light, 156 + light)
    face = inside_ellipse(x, y, 0.5, 0.60, 0.205, 0.285)
    colour = mix(colour, skin, face)
    for cheek in (0.39, 0.61):
        blush = inside_ellipse(x, y, cheek, 0.68, 0.06, 0.05, softness=1.0)
        colour = mix(colour, (222, 140, 122), 0.45 * blush)
    # A fringe over the forehead.
    fringe = inside_ellipse(x, y, 0.47, 0.35, 0.200, 0.125)
    colour = mix(colour, (90, 60, 37), fringe)
    for eye, brow in ((0.415, 0.41), (0.585, 0.59)):
        colour = mix(colour, (98, 68, 46), 0.9 * inside_ellipse(x, y, brow, 0.512, 0.048, 0.010, softness=0.5))
        colour = mix(colour, (244, 243, 240), inside_ellipse(x, y, eye, 0.565, 0.036, 0.019, softness=0.12))
        colour = mix(colour, (74, 104, 62), inside_ellipse(x, y, eye, 0.565, 0.0175, 0.0185, softness=0.12))
        colour = mix(colour, (20, 18, 16), inside_ellipse(x, y, eye, 0.565, 0.008, 0.0085, softness=0.2))
        colour = mix(colour, (250, 250, 250), inside_ellipse(x, y, eye - 0.006, 0.559, 0.003, 0.003, softness=0.5))
    # Nose and mouth.
    colour = mix(colour, (196, 146, 120), 0.8 * inside_ellipse(x, y, 0.5, 0.685, 0.030, 0.012, softness=0.7))
    colour = mix(colour, (214, 170, 142), 0.5 * inside_ellipse(x, y, 0.512, 0.625, 0.012, 0.06, softness=0.9))
    colour = mix(colour, (178, 82, 80), inside_ellipse(x, y, 0.5, 0.762, 0.062, 0.019, softness=0.15))
    colour = mix(colour, (140, 54, 56), 0.8 * inside_ellipse(x, y, 0.5, 0.760, 0.058, 0.004, softness=0.6))
    noise = 4.4 * grain.next()
    return tuple(clamp(channel + noise, 0.0, 255.0) for channel in colour)


def draw():
    """Rows of (red, green, blue)."""
    grain = Grain(18013)
    return [[pixel((column + 0.5) / WIDTH, (row + 0.5) / WIDTH, grain) for column in range(WIDTH)]
            for row in range(HEIGHT)]


# The encoder: baseline JPEG (ITU-T T.81), 4:2:0, the example tables of Annex K ---------------------------------

LUMINANCE = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99]
CHROMINANCE = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99] + [99] * 32
ZIGZAG = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14,
    21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53,
    60, 61, 54, 47, 55, 62, 63]
BITS = 13
COSINES = [[round(math.cos((2 * x + 1) * u * math.pi / 16) * (1 << BITS) * (math.sqrt(0.5) if u == 0 else 1) / 2)
            for x in range(8)] for u in range(8)]


def quantisation(base):
    scale = 200 - 2 * QUALITY if QUALITY >= 50 else 5000 // QUALITY
    return [min(255, max(1, (value * scale + 50) // 100)) for value in base]


def transformed(block):
    """The forward DCT of 64 samples, in integers."""
    rows = [[sum(block[8 * y + x] * COSINES[u][x] for x in range(8)) for u in range(8)] for y in range(8)]
    half = 1 << (2 * BITS - 1)
    return [(sum(rows[y][u] * COSINES[v][y] for y in range(8)) + half) >> (2 * BITS)
            for v in range(8) for u in range(8)]


def quantised(coefficient, step):
    return (abs(coefficient) + step // 2) // step * (1 if coefficient >= 0 else -1)


def size_of(value):
    return abs(value).bit_length()


def symbols_of(block, table, previous_dc):
    """(symbol, extra bits, their number) of one block: one for the DC difference, then those of the AC run."""
    values = [quantised(coefficient, step) for coefficient, step in zip(transformed(block), table)]
    values = [values[index] for index in ZIGZAG]

    def extra(value):
        return value if value >= 0 else value + (1 << size_of(value)) - 1

    difference = values[0] - previous_dc
    symbols = [(size_of(difference), extra(difference), size_of(difference))]
    run = 0
    last = max((index for index in range(64) if values[index]), default=0)
    for value in values[1:last + 1]:
        if value == 0:
            run += 1
            continue
        while run > 15:
            symbols.append((0xF0, 0, 0))
            run -= 16
        symbols.append((run << 4 | size_of(value), extra(value), size_of(value)))
        run = 0
    if last < 63:
        symbols.append((0, 0, 0))
    return symbols, values[0]


def huffman_table(frequencies):
    """Code lengths of at most 16 bits for the given symbols (T.81, Annex K.2), as counts and values."""
    # One more symbol keeps the code of all ones free.
    groups = [(count, index, [symbol]) for index, (symbol, count) in enumerate(sorted(frequencies.items()))]
    groups.append((0, len(groups), [256]))
    lengths = {symbol: 0 for _, _, symbols in groups for symbol in symbols}
    order = len(groups)
    while len(groups) > 1:
        groups.sort()
        (a, _, left), (b, _, right) = groups[:2]
        for symbol in left + right:
            lengths[symbol] += 1
        groups = groups[2:] + [(a + b, order, left + right)]
        order += 1
    counts = [0] * 64
    for length in lengths.values():
        counts[length] += 1
    for length in range(63, 16, -1):
        while counts[length] > 0:
            shorter = length - 2
            while counts[shorter] == 0:
                shorter -= 1
            counts[length] -= 2
            counts[length - 1] += 1
            counts[shorter + 1] += 2
            counts[shorter] -= 1
    longest = max(length for length in range(64) if counts[length])
    counts[longest] -= 1
    del lengths[256]
    return counts[1:17], sorted(lengths, key=lambda symbol: (lengths[symbol], symbol))


def codes_of(counts, values):
    codes, code, at = {}, 0, 0
    for length, count in enumerate(counts, start=1):
        for symbol in values[at:at + count]:
            codes[symbol] = (code, length)
            code += 1
        at += count
        code <<= 1
    return codes


def segment(marker, content):
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def encode(rows):
    planes = [[], [], []]
    for row in rows:
        planes[0].append([int(0.299 * r + 0.587 * g + 0.114 * b + 0.5) - 128 for r, g, b in row])
        planes[1].append([int(128.5 - 0.168736 * r - 0.331264 * g + 0.5 * b) - 128 for r, g, b in row])
        planes[2].append([int(128.5 + 0.5 * r - 0.418688 * g - 0.081312 * b) - 128 for r, g, b in row])
    for index in (1, 2):
        plane = planes[index]
        planes[index] = [[(plane[y][x] + plane[y][x + 1] + plane[y + 1][x] + plane[y + 1][x + 1] + 2) >> 2
                          for x in range(0, WIDTH, 2)] for y in range(0, HEIGHT, 2)]

    def block(plane, left, top):
        return [value for row in plane[top:top + 8] for value in row[left:left + 8]]

    tables = [quantisation(LUMINANCE), quantisation(CHROMINANCE)]
    previous, stream = [0, 0, 0], []
    frequencies = [[{}, {}], [{}, {}]]
    for top in range(0, HEIGHT, 16):
        for left in range(0, WIDTH, 16):
            parts = [(0, left, top), (0, left + 8, top), (0, left, top + 8), (0, left + 8, top + 8),
                     (1, left // 2, top // 2), (2, left // 2, top // 2)]
            for component, x, y in parts:
                kind = min(component, 1)
                symbols, previous[component] = symbols_of(
                    block(planes[component], x, y), tables[kind], previous[component])
                for position, (symbol, _, _) in enumerate(symbols):
                    counted = frequencies[kind][min(position, 1)]
                    counted[symbol] = counted.get(symbol, 0) + 1
                stream.append((kind, symbols))
    huffman = [[huffman_table(counted) for counted in of_kind] for of_kind in frequencies]
    codes = [[codes_of(*table) for table in of_kind] for of_kind in huffman]

    bits, count, scan = 0, 0, bytearray()

    def put(value, length):
        nonlocal bits, count
        bits, count = bits << length | value, count + length
        while count >= 8:
            count -= 8
            byte = bits >> count & 0xFF
            scan.append(byte)
            if byte == 0xFF:
                scan.append(0)
        bits &= (1 << count) - 1

    for kind, symbols in stream:
        for position, (symbol, extra, length) in enumerate(symbols):
            put(*codes[kind][min(position, 1)][symbol])
            put(extra, length)
    if count:
        put((1 << (8 - count)) - 1, 8 - count)

    out = b"\xff\xd8" + segment(0xE0, b"JFIF\0\x01\x01\x01\x01\x2c\x01\x2c\0\0")
    for index, table in enumerate(tables):
        out += segment(0xDB, bytes([index]) + bytes(table[position] for position in ZIGZAG))
    out += segment(0xC0, struct.pack(">BHHB", 8, HEIGHT, WIDTH, 3) + bytes([1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]))
    for kind in (0, 1):
        for ac in (0, 1):
            counts, values = huffman[kind][ac]
            out += segment(0xC4, bytes([ac << 4 | kind]) + bytes(counts) + bytes(values))
    out += segment(0xDA, bytes([3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]))
    return out + bytes(scan) + b"\xff\xd9"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    image = encode(draw())
    with open(sys.argv[1], "wb") as file:
        file.write(image)
    print(f"{sys.argv[1]}: {WIDTH} x {HEIGHT}, {len(image)} bytes")


if __name__ == "__main__":
    main()
