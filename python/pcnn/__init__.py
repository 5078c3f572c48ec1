"""pcnn trains PixelCNNs on CPUs, draws images from them, completes images, and gives exact likelihoods.

    import pcnn
    run = pcnn.train("configs/mnist.yaml", {"train.epochs": 1}, callback=print)
    model = run.model()                     # or pcnn.load("runs/mnist")
    x = model.sample(64, seed=1)            # (64, 1, 28, 28), uint8
    nats = model.nll(x)                     # of each image

Results have the bits of the programs pcnn-run, pcnn-sample and pcnn-eval, on any number of threads.
"""

try:
    from . import _pcnn
except ImportError as error:
    from .missing import reason

    raise ImportError(reason(error)) from None
from .errors import Error, InputError
from .events import Epoch, Step
from .model import Model, load
from .training import Run, train

for _public in (Epoch, Error, InputError, Model, Run, Step):
    _public.__module__ = "pcnn"  # as users know them
del _public

__version__: str = _pcnn.version()
__all__ = ["Epoch", "Error", "InputError", "Model", "Run", "Step", "load", "train", "__version__"]
