"""The networks and heads of docs/models.md, written from its formulas with plain loops and NumPy in double.

Reads and writes parameters in safetensors files and computes the nats of an image. Nothing here is shared with the
engine: where the two agree, the formulas say what the engine computes.
"""

import json
import math

import numpy as np


def read_safetensors(path):
    """(metadata, {name: array}) of a file of f32 tensors."""
    with open(path, "rb") as file:
        data = file.read()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        assert entry["dtype"] == "F32", name
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"]).astype(np.float64)
    return metadata, tensors


def write_safetensors(path, metadata, tensors):
    header, offset = {"__metadata__": metadata}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [offset, offset + 4 * tensor.size]}
        offset += 4 * tensor.size
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors.values():
            file.write(tensor.astype("<f4").tobytes())


def mask(kind, groups, weight_shape):
    """1 where a weight is live, 0 where it is dead."""
    filters, channels, height, width = weight_shape
    if kind == "none":
        return np.ones(weight_shape)
    live = np.zeros(weight_shape)
    for o in range(filters):
        for i in range(channels):
            to, source = o // (filters // groups), i // (channels // groups)
            for row in range(height):
                for column in range(width):
                    if kind in ("VA", "VB"):
                        live[o, i, row, column] = row < height // 2 if kind == "VA" else row <= height // 2
                        continue
                    before = row < height // 2 or (row == height // 2 and column < width // 2)
                    centre = row == height // 2 and column == width // 2
                    allowed = source < to if kind == "A" else source <= to
                    live[o, i, row, column] = before or (centre and allowed)
    return live


def masked_conv(x, weight, bias, kind, groups, dilation=(1, 1)):
    """x: (channels, rows, columns); outside the image it is 0."""
    weight = weight * mask(kind, groups, weight.shape)
    filters, channels, height, width = weight.shape
    rows, columns = x.shape[1:]
    y = np.zeros((filters, rows, columns))
    for o in range(filters):
        for row in range(rows):
            for column in range(columns):
                total = bias[o]
                for i in range(height):
                    for j in range(width):
                        r, c = row + dilation[0] * (i - height // 2), column + dilation[1] * (j - width // 2)
                        if 0 <= r < rows and 0 <= c < columns:
                            total += weight[o, :, i, j] @ x[:, r, c]
                y[o, row, column] = total
    return y


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def activation(name, slope):
    return {
        "relu": lambda x: np.maximum(x, 0.0),
        "leaky_relu": lambda x: np.where(x > 0.0, x, slope * x),
        "elu": lambda x: np.where(x > 0.0, x, slope * (np.exp(x) - 1.0)),
        "tanh": np.tanh,
        "sigmoid": sigmoid,
    }[name]


def gate(x, groups):
    """Of each channel group tanh(first half) * sigmoid(second half)."""
    halves = x.reshape(groups, 2, -1, *x.shape[1:])
    return (np.tanh(halves[:, 0]) * sigmoid(halves[:, 1])).reshape(-1, *x.shape[1:])


def side_by_side(groups, *maps):
    """Of each channel group the maps of the first, then those of the next."""
    parts = [m.reshape(groups, -1, *m.shape[1:]) for m in maps]
    return np.concatenate(parts, axis=1).reshape(-1, *maps[0].shape[1:])


def positions(groups, rows, columns):
    """Row and column of each pixel, from -0.5 to 0.5, once for each channel group."""
    r = np.arange(rows) / (rows - 1) - 0.5 if rows > 1 else np.zeros(1)
    k = np.arange(columns) / (columns - 1) - 0.5 if columns > 1 else np.zeros(1)
    return np.stack([np.repeat(r[:, None], columns, 1), np.repeat(k[None, :], rows, 0)] * groups)


def attention(query, key, value, heads):
    """Every pixel against all before it, in raster order, head by head; 0 at the first."""
    q, k, v = (maps.reshape(heads, -1, maps[0].size) for maps in (query, key, value))
    found = np.zeros(v.shape)
    for head in range(heads):
        for i in range(1, v.shape[2]):
            scores = q[head, :, i] @ k[head, :, :i] / math.sqrt(q.shape[1])
            weights = np.exp(scores - scores.max())
            found[head, :, i] = v[head, :, :i] @ (weights / weights.sum())
    return found.reshape(value.shape)


def lstm(gates, weight, groups, path):
    """path: "rows", "forth" or "back", the last without being moved down."""
    rows, columns = gates.shape[1:]
    maps = weight.shape[1]
    y, c = np.zeros((maps, rows, columns)), np.zeros((maps, rows, columns))

    def at(array, row, column):
        inside = 0 <= row < rows and 0 <= column < columns
        return array[:, row, column] if inside else np.zeros(maps)

    for row in range(rows):
        for column in range(columns) if path != "back" else reversed(range(columns)):
            beside = column + 1 if path == "back" else column - 1
            if path == "rows":
                reach = weight.shape[3] // 2
                states = [(row - 1, column + right) for right in range(-reach, reach + 1)]
                carried = (row - 1, column)
            else:
                states, carried = [(row, beside), (row - 1, column)], (row, beside)
            a = gates[:, row, column] + sum(weight[:, :, 0, s] @ at(y, *state) for s, state in enumerate(states))
            i, f, g, o = a.reshape(groups, 4, -1).transpose(1, 0, 2).reshape(4, maps)
            c[:, row, column] = sigmoid(f + 1.0) * at(c, *carried) + sigmoid(i) * np.tanh(g)
            y[:, row, column] = sigmoid(o) * np.tanh(c[:, row, column])
    return y


def moved_down(maps):
    return np.concatenate([np.zeros_like(maps[:, :1]), maps[:, :-1]], axis=1)


def both(setting):
    """A dilation of the config, as (rows, columns)."""
    return tuple(setting) if isinstance(setting, list) else (setting, setting)


def logits(model, parameters, x, given=None):
    """model: the config's section of that name, every key given. given: the image's class, its numbers or its maps,
    where the network is told one of them."""
    groups = 1 if model["head"] == "logistic_mixture" else x.shape[0]
    f = activation(model["activation"], model.get("slope"))

    def conv(name, source, kind="B", dilation=(1, 1)):
        return masked_conv(source, parameters[name + ".weight"], parameters[name + ".bias"], kind, groups, dilation)

    image = x
    embedding = model["input"].get("embedding")
    if embedding:
        level = np.rint((x + 1.0) / 2.0 * (model["levels"] - 1)).astype(int)
        table = parameters["input.embedding.weight"]
        x = np.stack([table[level[m // embedding], m] for m in range(embedding * x.shape[0])])
    def joined(name, maps):
        if not model.get("condition"):
            return maps
        if "map" in model["condition"]:
            return maps + conv(name + ".condition", given, "none")
        table = parameters[name + ".condition.weight"]
        vector = table[given] if "classes" in model["condition"] else given @ table
        return maps + vector[:, None, None]

    linear = model["input"].get("activation") is False
    h = conv("input", x, "A") if linear else f(conv("input", x, "A"))
    v, s, ends_in_sum, first_gated = None, None, False, True
    if any(block["kind"] == "gated" for block in model["blocks"]):
        v = conv("input_above", x, "VA")
    index = 0
    for block in model["blocks"]:
        for _ in range(block["repeat"]):
            name, dilation = f"blocks.{index}", both(block.get("dilation", 1))
            ends_in_sum = block["kind"] not in ("residual", "masked_conv")
            if block["kind"] == "row_lstm":
                g = joined(name + ".input", conv(name + ".input", h))
                h = h + conv(name + ".out", lstm(g, parameters[name + ".state.weight"], groups, "rows"))
            elif block["kind"] == "diagonal_lstm":
                g = joined(name + ".input", conv(name + ".input", h))
                e = joined(name + ".input_back", conv(name + ".input_back", h))
                states = lstm(g, parameters[name + ".state.weight"], groups, "forth")
                states = states + moved_down(lstm(e, parameters[name + ".state_back.weight"], groups, "back"))
                h = h + conv(name + ".out", states)
            elif block["kind"] == "gated":
                above = v if linear and first_gated else gate(joined(name + ".vertical", v), groups)
                first_gated = False
                v = conv(name + ".vertical", above, "VB", dilation)
                b = conv(name + ".horizontal", h, "B", (1, dilation[1])) + conv(name + ".join", v, "VB")
                b = joined(name + ".horizontal", b)
                h = h + conv(name + ".out", gate(b, groups))
                if block.get("skip"):
                    skip = conv(name + ".skip", gate(b, groups))
                    s = skip if s is None else s + skip
            elif block["kind"] == "attention":
                place = positions(groups, *x.shape[1:])
                seen = side_by_side(groups, side_by_side(groups, h, x), place)
                found = attention(conv(name + ".query", side_by_side(groups, h, place)), conv(name + ".key", seen),
                                  conv(name + ".value", seen), block["heads"])
                h = h + joined(name, conv(name + ".out", found))
            elif block["kind"] == "residual":
                b = conv(name + ".spatial", f(conv(name + ".reduce", h)), "B", dilation)
                h = h + f(conv(name + ".expand", f(joined(name, b))))
            else:
                h = f(joined(name, conv(name + ".conv", h, "B", dilation)))
            index += 1
    if s is not None:
        h = h + s
    if s is not None or ends_in_sum:
        h = f(h)
    for i in range(len(model["output"]["filters"])):
        h = f(conv(f"output.{i}", h))
    z = conv("logits", h)
    return np.concatenate([z, conv("forecast", image, "A")]) if has_forecast(model) else z


def has_forecast(model):
    return bool((model.get("forecast") or {}).get("kernel"))


def code(model, pixels, values):
    """Pixels below `values`, (channels, rows, columns): what the network reads, and each one's level."""
    if model["head"] == "bernoulli":
        level = (pixels / 255.0 >= 0.5).astype(int)
        return level.astype(np.float64), level
    levels = model["levels"]
    level = pixels.astype(int) * levels // values
    return 2.0 * level / (levels - 1) - 1.0, level


def bernoulli_nats(z, x):
    total = 0.0
    for place in np.ndindex(x.shape):
        total += max(z[place], 0.0) - z[place] * x[place] + math.log1p(math.exp(-abs(z[place])))
    return total


def softmax_nats(z, level, levels):
    total = 0.0
    for channel, row, column in np.ndindex(level.shape):
        own = z[channel * levels:(channel + 1) * levels, row, column]
        total += np.log(np.exp(own - own.max()).sum()) + own.max() - own[level[channel, row, column]]
    return total


def log_sigmoid(x):
    return min(x, 0.0) - math.log1p(math.exp(-abs(x)))


def log_bin(level, levels, x, mean, log_scale):
    """log P(x | mean, s): the logistic's mass between half a step below and above the level."""
    h, s = 1.0 / (levels - 1), math.exp(max(log_scale, min(-7.0, -7.0 - math.log((levels - 1) / 255.0))))
    upper, lower = (x + h - mean) / s, (x - h - mean) / s
    if level == 0:
        return log_sigmoid(upper)
    if level == levels - 1:
        return log_sigmoid(-lower)
    return log_sigmoid(upper) + log_sigmoid(-lower) + math.log1p(-math.exp(lower - upper))


def mixture_nats(z, x, level, levels, mixtures, forecasts):
    channels, rows, columns = x.shape
    f = z[-channels:] if forecasts else np.zeros(x.shape)
    z = z[:-channels] if forecasts else z
    total = 0.0
    for row in range(rows):
        for column in range(columns):
            maps = z[:, row, column].reshape(-1, mixtures)
            joint = []
            for k in range(mixtures):
                log_probability = maps[0, k]
                for c in range(channels):
                    mean, log_scale = maps[1 + 2 * c, k] + f[c, row, column], maps[2 + 2 * c, k]
                    for j in range(c):
                        coefficient = maps[1 + 2 * channels + c * (c - 1) // 2 + j, k]
                        mean = mean + math.tanh(coefficient) * (x[j, row, column] - f[j, row, column])
                    log_probability += log_bin(level[c, row, column], levels, x[c, row, column], mean, log_scale)
                joint.append(log_probability)
            total += np.logaddexp.reduce(maps[0]) - np.logaddexp.reduce(joint)
    return total


def nats(model, parameters, pixels, values=256, given=None):
    """The negative log-likelihood of an image, (channels, rows, columns), of pixels below `values`."""
    x, level = code(model, pixels, values)
    z = logits(model, parameters, x, given)
    if model["head"] == "bernoulli":
        return bernoulli_nats(z, x)
    if model["head"] == "softmax":
        return softmax_nats(z, level, model["levels"])
    return mixture_nats(z, x, level, model["levels"], model["mixtures"], has_forecast(model))
