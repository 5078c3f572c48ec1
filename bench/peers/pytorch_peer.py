"""The reference network in PyTorch: images per second of training, scoring or sampling. See README.md."""

import itertools
import sys

import peer

try:
    import torch
    import torch.nn.functional as F
    from torch import nn
except ImportError as error:
    peer.quit_not_installed("pytorch_peer.py", "PyTorch", error)


class MaskedConv2d(nn.Conv2d):
    def __init__(self, kind, inputs, outputs, size):
        super().__init__(inputs, outputs, size, padding=size // 2)
        self.register_buffer("mask", torch.tensor(peer.mask(kind, size)))

    def forward(self, x):
        return self._conv_forward(x, self.weight * self.mask, self.bias)


# Every tap of a 1x1 kernel is live under mask B, so those layers are plain convolutions.
class ResidualBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.reduce = nn.Conv2d(128, 64, 1)
        self.spatial = MaskedConv2d("B", 64, 64, 3)
        self.expand = nn.Conv2d(64, 128, 1)

    def forward(self, x):
        return x + F.relu(self.expand(F.relu(self.spatial(F.relu(self.reduce(x))))))


def build():
    model = nn.Sequential(
        MaskedConv2d("A", 1, 128, 7), nn.ReLU(),
        *(ResidualBlock() for _ in range(peer.BLOCKS)),
        nn.Conv2d(128, 64, 1), nn.ReLU(),
        nn.Conv2d(64, 1, 1),
    )
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.xavier_normal_(module.weight)
            nn.init.zeros_(module.bias)
    peer.check_parameters(sum(parameter.numel() for parameter in model.parameters()))
    return model.to(memory_format=torch.channels_last)


def load():
    pixels, source = peer.images()
    data = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).float()
    data = data.view(-1, peer.BATCH, 1, peer.SIDE, peer.SIDE)
    return [batch.contiguous(memory_format=torch.channels_last) for batch in data], source


def main():
    parser = peer.parser(__doc__)
    parser.add_argument("--compile", action="store_true", help="torch.compile the network (default: eager)")
    options = parser.parse_args()
    if options.version:
        print(f"PyTorch {torch.__version__}")
        return
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)

    network = build()
    model = torch.compile(network) if options.compile else network
    batches, source = load()
    batch = itertools.cycle(batches)
    optimiser = torch.optim.RMSprop(network.parameters(), lr=1e-3, alpha=0.9, eps=1e-7)
    canvas = torch.zeros(peer.CHAINS, 1, peer.SIDE, peer.SIDE).to(memory_format=torch.channels_last)
    precision = torch.autocast("cpu", dtype=torch.bfloat16, enabled=options.precision == "bf16")

    def loss_of(x):
        with precision:
            return F.binary_cross_entropy_with_logits(model(x), x)

    def train():
        optimiser.zero_grad(set_to_none=True)
        loss = loss_of(next(batch))
        loss.backward()
        optimiser.step()
        return loss.item()

    @torch.inference_mode()
    def score():
        return loss_of(next(batch)).item()

    @torch.inference_mode()
    def draw(row, column):
        with precision:
            logits = model(canvas)[:, 0, row, column]
        canvas[:, 0, row, column] = torch.bernoulli(torch.sigmoid(logits.float()))

    network.train(options.task == "train")
    mode = "torch.compile" if options.compile else "eager"
    peer.serve(options, f"PyTorch {torch.__version__} {mode}, {options.threads} threads, {source}",
               {"train": train, "score": score, "sample": draw}[options.task], peer.BATCH)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
