#!/usr/bin/env python3
"""Files for torture.sh: files.py data DIRECTORY | flip FILE SEED | cut FILE SEED | forge FILE KEY VALUE | bomb FILE."""
import gzip
import json
import pathlib
import random
import struct
import sys
import zlib


def data(directory):
    """50 images for training and 9 for the test, of 6x5 pixels, as IDX files."""
    for name, count, on in (("train-images-idx3-ubyte", 50, 255), ("t10k-images-idx3-ubyte", 9, 254)):
        pixels = bytes(on if (i * 7 + i // 30 * 3) % 5 < 2 else 0 for i in range(count * 30))
        (directory / name).write_bytes(struct.pack(">4i", 0x0803, count, 6, 5) + pixels)


def flip(path, seed):
    """Changes one to four bytes; half of them in the header, which is most of what can be told wrongly."""
    chance = random.Random(seed)
    content = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(content) if chance.random() < 0.5 else min(len(content), 2048))
        content[place] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def cut(path, seed):
    content = path.read_bytes()
    path.write_bytes(content[: random.Random(seed).randrange(len(content))])


def forge(path, key, value):
    """Sets a number of the training state, the weights or the image size of a checkpoint, and lets it be one of the
    old format, which has no checksum."""
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header, values = json.loads(content[8 : 8 + length]), bytearray(content[8 + length :])
    metadata = header["__metadata__"]
    metadata["format"] = "pcnn 1"
    metadata.pop("checksum", None)
    if key == "weights":
        try:
            number = struct.pack("<f", float(value))
        except (ValueError, OverflowError):
            number = struct.pack("<f", float("nan"))
        values = bytearray(number * (len(values) // 4))
    elif key == "image":
        metadata["image"] = f"1x{value}x5"
    else:
        state = json.loads(metadata["training_state"])
        place = state.get("best" if key.startswith("best.") else "progress", state)
        place[key.removeprefix("best.")] = json.loads(value)
        metadata["training_state"] = json.dumps(state)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + values)


def png(width, height, rows):
    """A grey PNG of this size whose pixel data are so many rows of zeros."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    deflate = zlib.compressobj(9)
    pixels = b"".join(deflate.compress(bytes(width + 1)) for _ in range(rows)) + deflate.flush()
    header = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def npy(shape):
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(1000)


def bomb(path):
    """Small files that claim, or unpack to, much more."""
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
    contents = {
        "sides.png": lambda: png(2**31 - 1, 2**31 - 1, 0),
        "deep.png": lambda: png(40_000, 40_000, 40_000),
        "large.png": lambda: png(16_384, 16_384, 16_384),
        "claims.idx.gz": lambda: gzip.compress(struct.pack(">4i", 0x0803, 2**31 - 1, 28, 28) + bytes(2**28), 1),
        "claims.npy": lambda: npy((2**40, 6, 5)),
        "longest.safetensors": lambda: struct.pack("<Q", 2**63) + b"{}",
        "laughs.yaml": lambda: laughs.encode(),
        "nested.yaml": lambda: b"a: " + b"[" * 100_000,
    }
    path.write_bytes(contents[path.name]())


if __name__ == "__main__":
    what, file, *rest = sys.argv[1:]
    {"data": data, "flip": flip, "cut": cut, "forge": forge, "bomb": bomb}[what](pathlib.Path(file), *rest)
