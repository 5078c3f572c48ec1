"""A PixelRNN of one LSTM layer in PyTorch: images per second of training. See README.md.

The formulas are those of docs/models.md, and parameters have their names there. Products that need no states are of the
whole batch at once; states go row by row or diagonal by diagonal, each step one product for all images. Gradients are
autograd's."""

import csv
import ctypes
import itertools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import peer

try:
    import torch
    import torch.nn.functional as F
    from torch import nn
except ImportError as error:
    peer.quit_not_installed("pytorch_lstm.py", "PyTorch", error)

SIDE = peer.SIDE
MAPS = 64  # of the layers around the LSTM
STATES = 32
TASKS = {"row_lstm": 46_529, "diagonal_lstm": 42_561}  # parameters
EVAL = Path(os.environ.get("PCNN_EVAL") or Path(__file__).resolve().parents[2] / "build" / "bin" / "pcnn-eval")
TOLERANCE = 1e-4  # nats of an image


class MaskedConv2d(nn.Conv2d):
    def __init__(self, kind, inputs, outputs, size):
        super().__init__(inputs, outputs, size, padding=size // 2)
        self.register_buffer("mask", torch.tensor(peer.mask(kind, size)), persistent=False)

    def forward(self, x):
        return self._conv_forward(x, self.weight * self.mask, self.bias)


def sigmoids_first(parts):
    """The gates i, f, g, o in the order i, f, o, g, so that one sigmoid takes three of them."""
    i, f, g, o = parts.chunk(4)
    return torch.cat([i, f, o, g])


def side_by_side(kernel):
    """Weights O x I x 1 x taps as the matrix that maps of all taps, one tap's after the other's, are multiplied by."""
    return sigmoids_first(kernel)[:, :, 0].transpose(1, 2).flatten(1)


class Gates(nn.Conv2d):
    """Of all pixels at once, as far as the maps make them: one product with the pixels to the left and the pixel itself,
    faster than the convolution, which computes dead taps too. The 1 that is added to f is part of the bias."""

    def __init__(self, width):
        super().__init__(MAPS, 4 * STATES, (1, width))
        self.live = width // 2 + 1
        one = torch.zeros(4, STATES)
        one[1] = 1.0
        self.register_buffer("one", one.view(-1), persistent=False)

    def forward(self, x):  # ... x columns x maps
        taps = [F.pad(x, (0, 0, left, -left)) for left in range(self.live - 1, 0, -1)] + [x]
        return F.linear(torch.cat(taps, -1), side_by_side(self.weight[..., :self.live]),
                        sigmoids_first(self.bias + self.one))


def cell(a, c):
    """States and cells of a step from its gates and the cells before it, which the first step has none of."""
    i, f, o = torch.sigmoid(a[..., :3 * STATES]).chunk(3, -1)
    new = i * torch.tanh(a[..., 3 * STATES:])
    c = new if c is None else f * c + new
    return o * torch.tanh(c), c


class RowLstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.input = Gates(3)
        self.state = nn.Conv2d(STATES, 4 * STATES, (1, 3), bias=False)
        self.out = nn.Linear(STATES, MAPS)
        self.cell = cell

    def forward(self, x):  # images x rows x columns x maps
        weight = side_by_side(self.state.weight).t()
        states, h, c = [], None, None
        for a in self.input(x).unbind(1):
            if h is not None:
                around = F.pad(h, (0, 0, 1, 1))
                a = a + torch.cat([around[:, :-2], h, around[:, 2:]], -1) @ weight
            h, c = self.cell(a, c)
            states.append(h)
        return x + self.out(torch.stack(states, 1))


class Reordered(torch.autograd.Function):
    """Pixels in another order. The gradient takes the way back; index_select's own would add into zeros."""

    @staticmethod
    def forward(context, x, order, back):
        context.save_for_backward(back)
        return x.index_select(1, order)

    @staticmethod
    def backward(context, diff):
        return diff.index_select(1, *context.saved_tensors), None, None


def by_diagonals(from_right):
    """The pixels of each diagonal, from the top, as indices in raster order."""
    for d in range(2 * SIDE - 1):
        for row in range(max(0, d - SIDE + 1), min(SIDE, d + 1)):
            column = d - row
            yield row * SIDE + (SIDE - 1 - column if from_right else column)


class DiagonalPath(nn.Module):
    """From one of the edges to the other. A diagonal has the pixels inside the image and no more."""

    def __init__(self, from_right):
        super().__init__()
        order = torch.tensor(list(by_diagonals(from_right)))
        self.register_buffer("order", order, persistent=False)
        self.register_buffer("back", order.argsort(), persistent=False)
        self.lengths = [min(d + 1, 2 * SIDE - 1 - d) for d in range(2 * SIDE - 1)]
        self.cell = cell

    def forward(self, x, gates, weight):  # images x pixels x maps
        weight = side_by_side(weight).t()
        states, h, c = [], None, None
        for d, a in enumerate(gates(Reordered.apply(x, self.order, self.back)).split(self.lengths, 1)):
            if d >= SIDE:  # the diagonal loses its uppermost row
                beside, above, c = h[:, 1:], h[:, :-1], c[:, 1:]
            elif d > 0:  # it gains a row at its lower end
                beside, above, c = F.pad(h, (0, 0, 0, 1)), F.pad(h, (0, 0, 1, 0)), F.pad(c, (0, 0, 0, 1))
            if d > 0:
                a = a + torch.cat([beside, above], -1) @ weight
            h, c = self.cell(a, c)
            states.append(h)
        return Reordered.apply(torch.cat(states, 1), self.back, self.order)


class DiagonalLstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.input, self.input_back = Gates(1), Gates(1)
        self.state = nn.Conv2d(STATES, 4 * STATES, (1, 2), bias=False)
        self.state_back = nn.Conv2d(STATES, 4 * STATES, (1, 2), bias=False)
        self.out = nn.Linear(STATES, MAPS)
        self.left, self.right = DiagonalPath(False), DiagonalPath(True)

    def forward(self, x):  # images x rows x columns x maps
        pixels = x.flatten(1, 2)
        left = self.left(pixels, self.input, self.state.weight)
        right = self.right(pixels, self.input_back, self.state_back.weight)
        states = left + F.pad(right[:, :-SIDE], (0, 0, SIDE, 0))  # moved down by a row
        return x + self.out(states).view_as(x)


class Network(nn.Module):
    def __init__(self, task):
        super().__init__()
        self.input = MaskedConv2d("A", 1, MAPS, 7)
        self.blocks = nn.ModuleList([{"row_lstm": RowLstm, "diagonal_lstm": DiagonalLstm}[task]()])
        self.output = nn.ModuleList([nn.Conv2d(MAPS, 64, 1)])
        self.logits = nn.Conv2d(64, 1, 1)

    def forward(self, x):
        h = F.relu(self.input(x)).permute(0, 2, 3, 1)  # dense, as the maps of a pixel lie side by side
        h = F.relu(self.blocks[0](h)).permute(0, 3, 1, 2)
        return self.logits(F.relu(self.output[0](h)))


def build(task):
    network = Network(task)
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_normal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    peer.check_parameters(sum(parameter.numel() for parameter in network.parameters()), TASKS[task])
    return network.to(memory_format=torch.channels_last)


def load():
    pixels, source = peer.images()
    data = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).float()
    data = data.view(-1, peer.BATCH, 1, SIDE, SIDE)
    return [batch.contiguous(memory_format=torch.channels_last) for batch in data], source


def keep_memory():
    """glibc gives large blocks back to the system at each free and takes them anew, page by page: not here."""
    m_trim_threshold, m_mmap_threshold = -1, -3
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(m_mmap_threshold, 1 << 30)
        libc.mallopt(m_trim_threshold, (1 << 31) - 1)


def read_parameters(path):
    """{name: tensor} of a safetensors file of f32."""
    data = bytearray(path.read_bytes())
    begin = 8 + int.from_bytes(data[:8], "little")
    entries = json.loads(data[8:begin])
    entries.pop("__metadata__", None)
    return {name: torch.frombuffer(data, dtype=torch.float32, offset=begin + entry["data_offsets"][0],
                                   count=torch.Size(entry["shape"]).numel()).view(entry["shape"])
            for name, entry in entries.items()}


def scores_of_pcnn(run, pixels):
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({len(pixels) // SIDE ** 2}, {SIDE}, {SIDE}), }}"
    header = (header.ljust(117) + "\n").encode()
    with tempfile.TemporaryDirectory() as folder:
        images, scores = Path(folder) / "images.npy", Path(folder) / "scores.csv"
        images.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
                           + pixels.translate(bytes([0, 255]).ljust(256)))
        try:
            done = subprocess.run([EVAL, run, "--images", images, "--scores", scores, "--quiet"], check=False,
                                  stdout=subprocess.DEVNULL)
        except OSError as error:
            sys.exit(f"pytorch_lstm.py: {EVAL}: {error.strerror}; build it, or name one in PCNN_EVAL")
        if done.returncode != 0:
            sys.exit(done.returncode)  # it has said why
        with scores.open(newline="") as file:
            return torch.tensor([float(row["nats"]) for row in csv.DictReader(file)], dtype=torch.float64)


@torch.inference_mode()
def check(network, run, batches):
    """Whether both say the same of 256 images."""
    shapes = {name: parameter.shape for name, parameter in network.named_parameters()}
    try:
        parameters = read_parameters(run / "best.safetensors")
    except OSError as error:
        sys.exit(f"pytorch_lstm.py: {run / 'best.safetensors'}: {error.strerror}")
    if parameters.keys() != shapes.keys() or any(p.numel() != shapes[n].numel() for n, p in parameters.items()):
        sys.exit(f"pytorch_lstm.py: {run}: not a run of the same network, see README.md")
    network.load_state_dict({name: values.view(shapes[name]) for name, values in parameters.items()})
    x = torch.cat(batches[:256 // peer.BATCH])
    losses = F.binary_cross_entropy_with_logits(network(x), x, reduction="none")
    ours = scores_of_pcnn(run, x.to(torch.uint8).numpy().tobytes())
    furthest = (losses.double().sum((1, 2, 3)) - ours).abs().max().item()
    print(f"{len(x)} images, {ours.mean():.3f} nats/image: at most {furthest:.1e} nats from pcnn-eval")
    if not furthest <= TOLERANCE:
        sys.exit(f"pytorch_lstm.py: {furthest:.1e} nats apart, which is more than {TOLERANCE:.0e}")


def main():
    parser = peer.parser(__doc__, list(TASKS))
    parser.add_argument("--compile", action="store_true", help="torch.compile the gates (default: eager)")
    parser.add_argument("--check", type=Path, metavar="RUN",
                        help="compare with pcnn-eval on the parameters of this run of the same network, and exit")
    options = parser.parse_args()
    if options.version:
        print(f"PyTorch {torch.__version__}")
        return
    keep_memory()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)

    network = build(options.task)
    if options.compile:
        for module in network.modules():
            if hasattr(module, "cell"):
                module.cell = torch.compile(cell, dynamic=isinstance(module, DiagonalPath))
    batches, source = load()
    if options.check:
        check(network, options.check, batches)
        return
    batch = itertools.cycle(batches)
    optimiser = torch.optim.RMSprop(network.parameters(), lr=1e-3, alpha=0.9, eps=1e-7)
    precision = torch.autocast("cpu", dtype=torch.bfloat16, enabled=options.precision == "bf16")

    def train():
        optimiser.zero_grad(set_to_none=True)
        x = next(batch)
        with precision:
            loss = F.binary_cross_entropy_with_logits(network(x), x)
        loss.backward()
        optimiser.step()
        return loss.item()

    mode = "torch.compile of the gates" if options.compile else "eager"
    peer.serve(options, f"PyTorch {torch.__version__} {mode}, {options.threads} threads, {source}", train, peer.BATCH)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
