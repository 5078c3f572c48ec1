#!/usr/bin/env python3
"""Makes train.npy and test.npy of a folder of pictures, for `data.dataset: npy`.

Reads what Pillow reads (JPEG, PNG, WebP, TIFF, GIF, BMP ...), in every mode: palettes, 16 bits, transparency, CMYK,
pictures that EXIF says to turn; of an animation the first frame. Sub-folders are classes. Where the folder holds
folders train and test, they stay apart. Files that are no pictures or are damaged are skipped, counted and named.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import os
import random
import re
import shutil
import sys
import tempfile
import warnings

NAME = "images_to_npy.py"
MOST_SIDE = 16384
MOST_LEVELS = 65536
OUTPUTS = ["train.npy", "test.npy", "train_labels.npy", "test_labels.npy", "labels.txt"]
SYSTEM_FILES = {"thumbs.db", "desktop.ini", "__macosx"}
NAMED = 10  # files of one reason that are named without --verbose

try:
    import numpy as np
    from PIL import Image, ImageColor, ImageOps

    MISSING = None
except ImportError as error:
    MISSING = error


class Failure(Exception):
    """The user's mistake: one line, exit code 2."""


class Skipped(Exception):
    """Why one file is left out."""


def shown(path):
    """On one line, whatever the name holds."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return re.sub(r"[\x00-\x1f\x7f]", lambda control: f"\\x{ord(control[0]):02x}", text)


def counted(number, word, plural=None):
    return f"{number:,} {word if number == 1 else plural or word + 's'}"


def natural_order(path):
    """2.png before 10.png, folder by folder; 02.png before 2.png, whichever way the system lists them."""
    pieces = lambda name: [piece for piece in re.split("([0-9]+)", name) if piece]
    key = lambda piece: (0, int(piece), "") if piece[0] in "0123456789" else (1, 0, piece)
    return [[key(piece) for piece in pieces(part)] for part in path.split(os.sep)], path


# Arguments


def size_argument(text):
    match = re.fullmatch("([0-9]{1,5})(?:x([0-9]{1,5}))?", text)
    sides = [int(side) for side in (match[1], match[2] or match[1])] if match else [0]
    if not all(1 <= side <= MOST_SIDE for side in sides):
        raise argparse.ArgumentTypeError(f"found {text}, accepted: N, or HxW for rows and columns, 1 to {MOST_SIDE}")
    return tuple(sides)


def test_argument(text):
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not (0 <= value < 1 or value >= 1 and value.is_integer()):
        raise argparse.ArgumentTypeError(f"found {text}, accepted: a fraction below 1, or a number of pictures")
    return value


def integer_argument(least, most):
    def parse(text):
        if not re.fullmatch("[0-9]{1,18}", text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"found {text}, accepted: an integer in [{least}, {most}]")
        return int(text)

    return parse


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog=NAME,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Needs Pillow and NumPy: apt-get install python3-pil python3-numpy",
    )
    parser.add_argument("folder", help="the pictures, in it or in its sub-folders")
    parser.add_argument("output", help="directory for " + ", ".join(OUTPUTS))
    parser.add_argument("--size", type=size_argument, metavar="N|HxW",
                        help="rows and columns of every image; needed where the pictures are of several sizes")
    parser.add_argument("--fit", choices=["crop", "pad", "stretch"], default="crop",
                        help="how a picture of another shape gets this size: its middle (crop, the default), all of it "
                        "with borders of --background (pad), or distorted (stretch)")
    parser.add_argument("--grey", action="store_true", help="one channel; the default where all pictures are grey")
    parser.add_argument("--levels", type=integer_argument(2, MOST_LEVELS), metavar="N",
                        help=f"write levels 0 to N-1 (2 to {MOST_LEVELS}) for data.quantised: true, not pixels of 0 to 255")
    parser.add_argument("--test", type=test_argument, metavar="FRACTION",
                        help="of the pictures that go to test.npy, drawn at random, or their number; 0 for none (default 0.1)")
    parser.add_argument("--seed", type=integer_argument(0, 2**63 - 1), default=1, help="of that draw (default 1)")
    parser.add_argument("--background", default="white", metavar="COLOUR",
                        help="behind transparent pixels and around padded pictures (default white)")
    parser.add_argument("--keep-duplicates", action="store_true",
                        help="keep pictures that are equal, pixel for pixel, to an earlier one; one of them could be "
                        "trained on and another tested with")
    parser.add_argument("--overwrite", action="store_true", help="replace files in the output directory")
    parser.add_argument("--verbose", action="store_true", help="name every file that is skipped")
    return parser.parse_args()


# Files


def files_below(root, output):
    """All files, as paths relative to root. Hidden and system files, and the output directory, are passed over."""
    def refuse(error):
        raise Failure(f"{shown(error.filename)}: cannot be read: {error.strerror}")

    found, seen = [], set()
    for directory, folders, files in os.walk(root, onerror=refuse, followlinks=True):
        real = os.path.realpath(directory)
        if real in seen or real == output:
            folders.clear()
            continue
        seen.add(real)
        wanted = lambda name: not name.startswith(".") and name.lower() not in SYSTEM_FILES
        folders[:] = filter(wanted, folders)
        found += [os.path.relpath(os.path.join(directory, name), root) for name in filter(wanted, files)]
    return sorted(found, key=natural_order)


class Part:
    """Files of the train or of the test set, with the folder of each as its class, or None."""

    def __init__(self, root, below, output):
        self.root, self.below = root, below
        self.files = files_below(os.path.join(root, below), output)
        self.classes = [path.split(os.sep)[0] if os.sep in path else None for path in self.files]

    def path(self, file):
        return os.path.join(self.root, self.below, file)

    def name(self, file):
        return os.path.join(self.below, file)


def find_parts(folder, output):
    """[all], or [train, test] where there are such folders; and what lies beside them."""
    has = lambda name: os.path.isdir(os.path.join(folder, name))
    if not has("train") or not has("test"):
        return [Part(folder, "", output)], []
    everything = files_below(folder, output)
    beside = [path for path in everything if path.split(os.sep)[0] not in ("train", "test") or os.sep not in path]
    return [Part(folder, "train", output), Part(folder, "test", output)], beside


# Pictures


def orientation(picture):
    try:
        return picture.getexif().get(0x0112, 1)
    except Exception:
        return 1


def open_picture(path):
    if not os.path.isfile(path):
        raise Skipped("not a regular file")
    if os.path.getsize(path) == 0:
        raise Skipped("an empty file")
    try:
        return Image.open(path)
    except Image.DecompressionBombError:
        raise Skipped("too many pixels")
    except Image.UnidentifiedImageError:
        raise Skipped("no picture that Pillow reads")
    except PermissionError:
        raise Skipped("no permission to read it")
    except Exception as error:
        raise Skipped(f"damaged: {error}")


def size_of(path):
    """(rows, columns) as it is seen, from the picture's header."""
    with open_picture(path) as picture:
        width, height = picture.size
        return (width, height) if orientation(picture) in (5, 6, 7, 8) else (height, width)


def in_plain_mode(picture, file_format, background, facts):
    """As L, RGB, or F of 0 to 255 where the picture has 16 bits of grey."""
    if picture.mode == "F":
        raise Skipped("floating-point values, whose range is not known")
    if picture.mode.startswith("I"):
        # Of 16 bits a mode of its own, but in PNG and PGM, whose greys Pillow takes to 65535.
        if picture.mode == "I" and file_format not in ("PNG", "PPM"):
            raise Skipped("32-bit values, whose range is not known")
        values = np.asarray(picture)
        if values.min() < 0 or values.max() > 65535:
            raise Skipped("32-bit values, whose range is not known")
        facts.append("of 16 bits")
        return Image.fromarray((values / 257).astype(np.float32))
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        whole = picture.convert("RGBA")
        if whole.getchannel("A").getextrema()[0] < 255:
            facts.append("with transparency, laid over " + background)
            canvas = Image.new("RGBA", whole.size, ImageColor.getrgb(background) + (255,))
            picture = Image.alpha_composite(canvas, whole)
            return picture.convert("RGB")
        return picture.convert("L") if picture.mode in ("LA", "La", "L") else whole.convert("RGB")
    if picture.mode == "CMYK":
        facts.append("of CMYK")
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")


def fitted(picture, size, fit, background, facts):
    height, width = size
    if picture.size == (width, height):
        return picture
    facts.append(f"resized to {height}x{width}")
    if fit == "stretch":
        return picture.resize((width, height), Image.LANCZOS)
    scales = width / picture.width, height / picture.height
    if fit == "crop":  # the largest part of this shape, from the middle
        scale = max(scales)
        box_width, box_height = min(width / scale, picture.width), min(height / scale, picture.height)
        left, top = (picture.width - box_width) / 2, (picture.height - box_height) / 2
        return picture.resize((width, height), Image.LANCZOS, (left, top, left + box_width, top + box_height))
    scale = min(scales)
    inner = min(width, max(1, round(picture.width * scale))), min(height, max(1, round(picture.height * scale)))
    colour = ImageColor.getcolor(background, "RGB" if picture.mode == "RGB" else "L")
    canvas = Image.new(picture.mode, (width, height), colour)
    canvas.paste(picture.resize(inner, Image.LANCZOS), ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return canvas


def as_levels(picture, levels):
    """The values of L, RGB or F as uint8 pixels, or as levels: floor(value * levels / values)."""
    values = np.asarray(picture)
    if picture.mode == "F":
        values = np.clip(values, 0, 255)
        if levels is None:
            return np.rint(values).astype(np.uint8)
        return np.minimum(np.floor(values.astype(np.float64) * 257 + 0.5) * levels // 65536, levels - 1)
    return values if levels is None else values.astype(np.int64) * levels // 256


class Picture:
    """One file's image, planes (channels, rows, columns), or why there is none."""

    def __init__(self, path, options, size):
        self.facts, self.skipped = [], None
        try:
            with open_picture(path) as picture:
                self.format = picture.format
                try:
                    self.read(picture, options, size)
                except Skipped:
                    raise
                except Image.DecompressionBombError:
                    raise Skipped("too many pixels")
                except MemoryError:
                    raise Skipped("too large for the memory")
                except Exception as error:
                    raise Skipped(f"damaged: {error}")
        except Skipped as reason:
            self.skipped = str(reason).replace("\n", " ")
        except OSError as error:
            self.skipped = f"cannot be read: {error.strerror}"

    def read(self, picture, options, size):
        if getattr(picture, "is_animated", False):
            self.facts.append("animated: their first frames")
            picture.seek(0)
        picture.load()
        if orientation(picture) in range(2, 9):
            self.facts.append("turned as their EXIF says")
            picture = ImageOps.exif_transpose(picture)
        if picture.mode == "P":
            self.facts.append("with a palette")
        try:
            picture = in_plain_mode(picture, self.format, options.background, self.facts)
        except ValueError:
            raise Skipped(f"mode {picture.mode}, which Pillow does not convert")
        if options.grey and picture.mode == "RGB":
            picture = picture.convert("L")
        picture = fitted(picture, size, options.fit, options.background, self.facts)
        values = as_levels(picture, options.levels)
        planes = values[np.newaxis] if values.ndim == 2 else values.transpose(2, 0, 1)
        self.is_grey = planes.shape[0] == 1 or bool((planes == planes[:1]).all())
        self.planes = planes


def pictures(part, options, size):
    """Each file's Picture, in order, decoded by several threads a few ahead."""
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        ahead, files = collections.deque(), iter(part.files)
        for file in part.files:
            while len(ahead) < 4 * threads and (following := next(files, None)) is not None:
                ahead.append(pool.submit(Picture, part.path(following), options, size))
            yield file, ahead.popleft().result()


# What was done


class Report:
    def __init__(self):
        self.formats, self.facts = collections.Counter(), collections.Counter()
        self.skipped = collections.defaultdict(list)  # by reason

    def take(self, picture):
        self.formats[picture.format] += 1
        self.facts.update(set(picture.facts))

    def skip(self, name, reason):
        kind, _, detail = reason.partition(": ")
        self.skipped[kind].append(shown(name) + (f" ({detail})" if detail else ""))

    def print(self, folder, verbose):
        formats = ", ".join(f"{number:,} {name}" for name, number in self.formats.most_common())
        print(f"{counted(sum(self.formats.values()), 'picture')} of {shown(folder)}: {formats}")
        for fact, number in self.facts.most_common():
            print(f"  {number:,} {fact}")
        for reason, names in self.skipped.items():
            named = names if verbose else names[:NAMED]
            more = f" and {len(names) - len(named):,} more (--verbose names them)" if len(names) > len(named) else ""
            print(f"  skipped {counted(len(names), 'file')}, {reason}: {', '.join(named)}{more}")


def one_size(parts):
    """The size all pictures have; where there are several, the user must say which."""
    sizes = collections.Counter()
    for part in parts:
        for file in part.files:
            try:
                sizes[size_of(part.path(file))] += 1
            except (Skipped, OSError):
                pass  # reported when it is read
    if not sizes:
        return (1, 1)
    (height, width), number = sizes.most_common(1)[0]
    if len(sizes) > 1:
        raise Failure(f"the pictures are of {len(sizes)} sizes, most of them ({number:,} of {sum(sizes.values()):,}) "
                      f"{height}x{width}; accepted: one size, or --size N or --size HxW (rows x columns)")
    if max(height, width) > MOST_SIDE:
        raise Failure(f"the pictures are of {height}x{width}, accepted: sides up to {MOST_SIDE}, or --size")
    return height, width


# Output


class Store:
    """Images of all parts one after another in a file without a header."""

    def __init__(self, path, channels, size, dtype):
        self.path, self.channels, self.size, self.dtype = path, channels, size, np.dtype(dtype)
        self.file = open(path, "wb")
        self.count, self.all_grey = 0, True

    def bytes_of(self, picture):
        return np.broadcast_to(picture.planes, (self.channels, *self.size)).astype(self.dtype).tobytes()

    def append(self, picture, planes):
        self.file.write(planes)
        self.count += 1
        self.all_grey = self.all_grey and picture.is_grey

    def write_npy(self, path, positions):
        """The images at these positions, (n, rows, columns) where all are grey."""
        self.file.flush()
        images = np.memmap(self.path, self.dtype, "r", shape=(self.count, self.channels, *self.size))
        grey = self.all_grey
        shape = (len(positions), *self.size) if grey else (len(positions), self.channels, *self.size)
        with open(path, "wb") as file:
            descr = np.lib.format.dtype_to_descr(self.dtype)
            np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
            for first in range(0, len(positions), 256):
                chosen = images[positions[first:first + 256]]
                file.write(np.ascontiguousarray(chosen[:, 0] if grey else chosen).tobytes())
            sync(file)
        return shape


def sync(file):
    file.flush()
    os.fsync(file.fileno())


def write_labels(path, labels, classes):
    with open(path, "wb") as file:
        np.save(file, np.array(labels, np.uint8 if classes <= 256 else np.uint16))
        sync(file)


def split(options, counts):
    """Positions of the train and the test images."""
    positions = list(range(sum(counts)))
    if len(counts) == 2:
        return positions[:counts[0]], positions[counts[0]:]
    wanted = 0.1 if options.test is None else options.test
    number = int(wanted) if wanted >= 1 else max(1, round(wanted * len(positions))) if wanted > 0 else 0
    if number >= len(positions):
        raise Failure(f"--test: found {wanted:g}, accepted: less than all of {counted(len(positions), 'picture')}, or 0")
    chosen = set(random.Random(options.seed).sample(positions, number))
    return [i for i in positions if i not in chosen], sorted(chosen)


def check_output(options):
    if os.path.exists(options.output) and not os.path.isdir(options.output):
        raise Failure(f"{shown(options.output)}: not a directory")
    there = [name for name in OUTPUTS if os.path.lexists(os.path.join(options.output, name))]
    if there and not options.overwrite:
        raise Failure(f"{shown(options.output)}: {', '.join(there)} exist; --overwrite replaces them")
    os.makedirs(options.output, exist_ok=True)


def config_lines(options, shape, has_test, has_labels):
    quoted = shown(os.path.abspath(options.output))
    plain = re.fullmatch("[A-Za-z0-9_./-]+", quoted)
    lines = ["data:", "  dataset: npy", "  directory: " + (quoted if plain else "'" + quoted.replace("'", "''") + "'")]
    if len(shape) == 4 and 1 <= shape[3] <= 4 and shape[1] <= 4:
        lines.append("  layout: nchw")
    if options.levels:
        lines.append("  quantised: true")
    if has_labels:
        lines.append("  labels: true")
    if options.levels == 2:
        lines += ["model:", "  head: bernoulli"]
    elif options.levels:
        lines += ["model:", "  head: softmax", f"  levels: {options.levels}"]
    return lines


def convert(options):
    if not os.path.isdir(options.folder):
        raise Failure(f"{shown(options.folder)}: no such folder")
    try:
        opaque = len(ImageColor.getrgb(options.background)) == 3
    except ValueError:
        opaque = False
    if not opaque:
        raise Failure(f"--background: found {options.background}, accepted: an opaque colour such as black or #808080")
    check_output(options)
    parts, beside = find_parts(options.folder, os.path.realpath(options.output))
    if len(parts) == 2 and options.test is not None:
        raise Failure(f"--test: {shown(options.folder)} has folders train and test, which stay apart")

    report = Report()
    for name in beside:
        report.skip(name, "beside the folders train and test")
    size = options.size or one_size(parts)
    temporary = tempfile.mkdtemp(prefix=".images_to_npy-", dir=options.output)
    try:
        dtype = "<u2" if options.levels and options.levels > 256 else "u1"
        store = Store(os.path.join(temporary, "images"), 1 if options.grey else 3, size, dtype)
        classes, counts = read_all(parts, options, size, store, report)
        report.print(options.folder, options.verbose)
        if store.count == 0:
            raise Failure(f"{shown(options.folder)}: no picture could be read")
        for name, number in zip(("train", "test"), counts):
            if number == 0:
                raise Failure(f"{shown(os.path.join(options.folder, name))}: no picture could be read")
        write_all(options, store, classes, split(options, counts), temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_all(parts, options, size, store, report):
    """Stores the pictures of all parts. Returns their classes and how many each part has."""
    classes, counts, seen, done = [], [], {}, 0
    total = sum(len(part.files) for part in parts)
    for part in parts:
        before = store.count
        for (file, picture), folder in zip(pictures(part, options, size), part.classes):
            done += 1
            if sys.stderr.isatty() and (done % 50 == 0 or done == total):
                print(f"\r{done:,} of {total:,} files", end="\n" if done == total else "", file=sys.stderr)
            name = part.name(file)
            if picture.skipped:
                report.skip(name, picture.skipped)
                continue
            planes = store.bytes_of(picture)
            digest = hashlib.sha1(planes).digest()
            if digest in seen and not options.keep_duplicates:
                report.skip(name, f"equal to an earlier picture: {shown(seen[digest])}")
                continue
            seen.setdefault(digest, name)
            store.append(picture, planes)
            report.take(picture)
            classes.append(folder)
        counts.append(store.count - before)
    return classes, counts


def write_all(options, store, classes, positions, temporary):
    labelled = None not in classes
    names = sorted(set(classes), key=natural_order) if labelled else []
    shapes, written = {}, []
    for part, chosen in zip(("train", "test"), positions):
        if not chosen:
            continue
        shapes[part] = store.write_npy(os.path.join(temporary, part + ".npy"), chosen)
        written.append(part + ".npy")
        if labelled:
            labels = [names.index(classes[i]) for i in chosen]
            write_labels(os.path.join(temporary, part + "_labels.npy"), labels, len(names))
            written.append(part + "_labels.npy")
    if labelled:
        with open(os.path.join(temporary, "labels.txt"), "wb") as file:
            file.write(b"".join(os.fsencode(name.replace("\n", " ")) + b"\n" for name in names))
            sync(file)
        written.append("labels.txt")
    for name in OUTPUTS:
        path = os.path.join(options.output, name)
        if name in written:
            os.replace(os.path.join(temporary, name), path)
        elif os.path.lexists(path):
            os.remove(path)  # of an earlier set, which --overwrite gives up
            print(f"removed: {shown(path)}, of an earlier set")

    for part, shape in shapes.items():
        kind = f"levels 0 to {options.levels - 1}" if options.levels else "pixels 0 to 255"
        print(f"{part}.npy: {' x '.join(f'{extent}' for extent in shape)} {store.dtype.name}, {kind}")
    if labelled:
        numbers = collections.Counter(classes)
        print(f"labels: {counted(len(names), 'class', 'classes')}: " +
              ", ".join(f"{shown(name)} {numbers[name]:,}" for name in names))
    elif any(classes):
        print(f"no labels: {classes.count(None):,} of the pictures lie outside the sub-folders")
    print("config:")
    print("\n".join("  " + line for line in config_lines(options, shapes["train"], "test" in shapes, labelled)))


def main():
    options = parse_arguments()
    if MISSING:
        raise Failure(f"needs Pillow and NumPy ({MISSING}): apt-get install python3-pil python3-numpy, then "
                      f"/usr/bin/python3 {sys.argv[0]} FOLDER OUTPUT")
    warnings.simplefilter("ignore")  # of Pillow, about metadata
    convert(options)


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):  # a terminal may lack the letters of a name
        stream.reconfigure(errors="backslashreplace")
    try:
        main()
    except Failure as failure:
        sys.exit(print(f"{NAME}: {failure}", file=sys.stderr) or 2)
    except OSError as error:
        where = f"{shown(error.filename)}: " if error.filename else ""
        sys.exit(print(f"{NAME}: {where}{error.strerror or error}", file=sys.stderr) or 2)
    except KeyboardInterrupt:
        sys.exit(print(f"{NAME}: interrupted, nothing was written", file=sys.stderr) or 130)
