#!/usr/bin/python3
"""Writes layer_reference.json: what PyTorch's layers and optimizers give on inputs that any program can repeat.

    make_layer_reference.py

Needs python3-torch (Debian 12: 1.13). README.md beside this file explains formulas and keys.
"""
import base64
import json
import os
import random

import numpy
import torch
import torch.nn.functional as F

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "layer_reference.json")
WHOLE = 96  # records of up to this many numbers are stored whole
SAMPLES = 48
U32 = numpy.uint64(0xFFFFFFFF)

# What the numbers of a stream are for; a case's streams are seed * 32 + these. SPECIAL belongs to the stream before.
WEIGHT, INDEX, PADDED, GRADIENT, INPUT, BIAS, SIZE, SHARE = range(0, 16, 2)
SPECIAL = 1


def draw(stream, count):
    """`count` integers below 2^24."""
    i = numpy.arange(1, count + 1, dtype=numpy.uint64)
    h = (i * numpy.uint64(2654435761) + numpy.uint64(stream) * numpy.uint64(2246822519)) & U32
    h ^= h >> numpy.uint64(15)
    h = (h * numpy.uint64(3266489917)) & U32
    h ^= h >> numpy.uint64(16)
    return h >> numpy.uint64(8)


def values(case, what, shape, kind="plain"):
    stream = case["seed"] * 32 + what
    count = int(numpy.prod(shape))
    x = (draw(stream, count).astype(numpy.float64) / 2**24 - 0.5) * 4
    special = draw(stream + SPECIAL, count)
    if kind == "zeros":
        special %= numpy.uint64(6)
        x = numpy.where(special == 0, -0.0, numpy.where(special == 1, 0.0, numpy.where(special == 2, x * 2.0**-140, x)))
    elif kind == "poison":
        special %= numpy.uint64(40)
        for number, value in enumerate([numpy.nan, numpy.inf, -numpy.inf, -0.0]):
            x[special == number] = value
    elif kind == "wide":
        special %= numpy.uint64(8)
        for number, exponent in enumerate([100, -100, 20]):
            x[special == number] *= 2.0**exponent
    else:
        assert kind == "plain"
    return torch.from_numpy(x.astype(numpy.float32).reshape(shape))


def indices(case, count):
    stream = case["seed"] * 32
    among = draw(stream + INDEX, count).astype(numpy.int64) % case["among"]
    rows = among * 7919 % case["rows"]
    if case.get("padding_idx") is not None:
        rows[draw(stream + PADDED, count) % numpy.uint64(3) == 0] = case["padding_idx"] % case["rows"]
    return torch.from_numpy(rows)


def begins(case):
    """Where each bag begins, and the end of the last one."""
    if case["equal"]:
        sizes = numpy.full(case["bags"], case["largest"], dtype=numpy.int64)
    else:
        sizes = draw(case["seed"] * 32 + SIZE, case["bags"]).astype(numpy.int64) % (case["largest"] + 1)
    return numpy.concatenate([[0], numpy.cumsum(sizes)]).astype(numpy.int64)


def checksum(integers):
    x = numpy.asarray(integers).astype(numpy.int64).view(numpy.uint64)
    return f"{int((x * (2 * numpy.arange(x.size, dtype=numpy.uint64) + numpy.uint64(1))).sum(dtype=numpy.uint64)):x}"


def record(tensor, exact=False):
    x = numpy.ascontiguousarray(tensor.detach().numpy().reshape(-1))
    result = {"n": x.size}
    if exact:
        result["sum"] = checksum(x.view(numpy.uint32))
    kept = x
    if x.size > WHOLE:
        kept = x[(draw(x.size, SAMPLES) % numpy.uint64(x.size)).astype(numpy.int64)]
        finite = numpy.isfinite(x)
        with numpy.errstate(invalid="ignore"):
            weighted = x.astype(numpy.float64) * (1 + numpy.arange(x.size) % 7)
        result["total"] = float(weighted[finite].sum())
        result["nan"], result["inf"] = int(numpy.isnan(x).sum()), int(numpy.isinf(x).sum())
    result["bits"] = base64.b64encode(kept.astype("<f4").tobytes()).decode("ascii")
    return result


def gradient_records(gradient):
    if not gradient.is_sparse:
        return {"gradient": record(gradient)}
    summed = gradient.coalesce()
    return {"coo_indices": checksum(gradient._indices()), "coo_values": record(gradient._values(), exact=True),
            "coalesced_indices": checksum(summed.indices()), "coalesced_values": record(summed.values())}


def embedding(case):
    weight = values(case, WEIGHT, (case["rows"], case["dim"]), case["values"]).requires_grad_()
    rows = indices(case, case["batch"])
    options = dict(padding_idx=case["padding_idx"], max_norm=case["max_norm"], norm_type=float(case["norm_type"]),
                   scale_grad_by_freq=case["scale_grad_by_freq"], sparse=case["sparse"])
    out = F.embedding(rows, weight, **options)
    out.backward(values(case, GRADIENT, (case["batch"], case["dim"]), case["gradients"]))
    result = dict(case, output=record(out, exact=case["max_norm"] is None))
    if case["max_norm"] is not None:
        result["weight"] = record(weight)
    return dict(result, **gradient_records(weight.grad))


def bag_by_embedding(case, weight, rows, begin, shares, grad):
    """Bags with scale_grad_by_freq, through Embedding: see README.md, "Where torch is not followed"."""
    of_position = torch.from_numpy(numpy.repeat(numpy.arange(case["bags"]), numpy.diff(begin)))
    used = torch.ones(rows.numel(), dtype=torch.bool)
    if case["padding_idx"] is not None:
        used = rows != case["padding_idx"] % case["rows"]
    share = shares.detach() if shares is not None else torch.ones(rows.numel())
    if case["mode"] == "mean":
        share = share / torch.zeros(case["bags"]).index_add(0, of_position[used], share[used])[of_position]
    looked_up = F.embedding(rows, weight, padding_idx=case["padding_idx"], scale_grad_by_freq=True)
    torch.zeros(case["bags"], case["dim"]).index_add(
        0, of_position[used], looked_up[used] * share[used, None]).backward(grad)


def bag(case):
    weight = values(case, WEIGHT, (case["rows"], case["dim"]), case["values"]).requires_grad_()
    begin = begins(case)
    rows = indices(case, int(begin[-1]))
    shares = None
    if case["per_sample_weights"]:
        shares = values(case, SHARE, (rows.numel(),), case["gradients"]).requires_grad_()
    options = dict(mode=case["mode"], padding_idx=case["padding_idx"], max_norm=case["max_norm"],
                   norm_type=float(case["norm_type"]), scale_grad_by_freq=case["scale_grad_by_freq"],
                   sparse=case["sparse"], include_last_offset=case["include_last_offset"])
    if case["equal"]:
        shape = (case["bags"], case["largest"])
        out = F.embedding_bag(rows.reshape(shape), weight,
                              per_sample_weights=None if shares is None else shares.reshape(shape), **options)
    else:
        offsets = torch.from_numpy(begin if case["include_last_offset"] else begin[:-1].copy())
        out = F.embedding_bag(rows, weight, offsets, per_sample_weights=shares, **options)
    grad = values(case, GRADIENT, (case["bags"], case["dim"]), case["gradients"])
    copies = case["mode"] == "max" and case["max_norm"] is None
    result = dict(case, output=record(out, exact=copies))
    if case["max_norm"] is not None:
        result["weight"] = record(weight)
    out.backward(grad)
    if case["scale_grad_by_freq"]:
        weight.grad = None
        bag_by_embedding(case, weight, rows, begin, shares, grad)
    result.update(gradient_records(weight.grad))
    if shares is not None:
        result["shares_gradient"] = record(shares.grad)
    return result


def linear(case):
    x = values(case, INPUT, (case["batch"], case["in"]), case["inputs"]).requires_grad_()
    weight = values(case, WEIGHT, (case["out"], case["in"]), case["values"]).requires_grad_()
    bias = values(case, BIAS, (case["out"],)).requires_grad_() if case["bias"] else None
    y = F.linear(x, weight, bias)
    y.backward(values(case, GRADIENT, (case["batch"], case["out"]), case["gradients"]))
    result = dict(case, output=record(y), input_gradient=record(x.grad), weight_gradient=record(weight.grad))
    if bias is not None:
        result["bias_gradient"] = record(bias.grad)
    return result


def one_hot(case):
    weight = values(case, WEIGHT, (case["rows"], case["dim"]), case["values"]).requires_grad_()
    x = F.one_hot(indices(case, case["batch"]), case["rows"]).float()
    y = x @ weight
    y.backward(values(case, GRADIENT, (case["batch"], case["dim"]), case["gradients"]))
    return dict(case, output=record(y), gradient=record(weight.grad))


OPTIMIZERS = {"sgd": torch.optim.SGD, "adagrad": torch.optim.Adagrad, "adam": torch.optim.Adam,
              "adamw": torch.optim.AdamW, "sparse-adam": torch.optim.SparseAdam}


def optimizer(case):
    weight = values(case, WEIGHT, (case["rows"], case["dim"]), case["values"]).requires_grad_()
    keys = {"sgd": ["momentum", "weight_decay"], "adagrad": ["eps", "weight_decay"],
            "adam": ["betas", "eps", "weight_decay"], "adamw": ["betas", "eps", "weight_decay"],
            "sparse-adam": ["betas", "eps"]}[case["optimizer"]]
    steps = OPTIMIZERS[case["optimizer"]]([weight], lr=case["lr"], **{key: case[key] for key in keys})
    after = []
    for step in range(case["steps"]):
        of_step = dict(case, seed=case["seed"] + 1 + step)
        grad = values(of_step, GRADIENT, (case["batch"], case["dim"]))
        steps.zero_grad(set_to_none=True)
        F.embedding(indices(of_step, case["batch"]), weight, padding_idx=case["padding_idx"],
                    sparse=case["sparse"]).backward(grad)
        steps.step()
        after.append(record(weight))
    return dict(case, after=after)


SHAPES = [(1, 1), (1, 7), (2, 1), (3, 2), (5, 3), (6, 3), (7, 15), (8, 16), (9, 17), (31, 33), (64, 50), (100, 64),
          (257, 50), (500, 129), (1682, 50), (2000, 130)]
NORMS = ["1", "2", "3", "inf"]


def shape_of(choose):
    rows, dim = choose.choice(SHAPES)
    return rows, dim, choose.choice([1, 2, 5, 13, 64] if rows * dim < 2000 else [1, 17, 64, 200])


def padding_of(choose, rows):
    return choose.choice([None, None, 0, -1, rows // 2, -rows])


def embedding_grid():
    for padding in (None, 0, 3, -1):
        for norm in (None, "1", "2", "3", "inf"):
            for frequency, sparse in ((False, False), (True, False), (False, True)):
                yield dict(layer="embedding", rows=6, dim=5, batch=9, among=4, values="plain", gradients="plain",
                           padding_idx=padding, max_norm=None if norm is None else 1.5, norm_type=norm or "2",
                           scale_grad_by_freq=frequency, sparse=sparse)


def embedding_cases(choose, count):
    for _ in range(count):
        rows, dim, batch = shape_of(choose)
        frequency, sparse = choose.choice([(False, False), (True, False), (False, True)])
        yield dict(layer="embedding", rows=rows, dim=dim, batch=batch, among=choose.choice([1, 3, rows]),
                   values=choose.choice(["plain", "zeros", "poison", "wide"]),
                   gradients=choose.choice(["plain", "plain", "zeros", "poison"]),
                   padding_idx=padding_of(choose, rows), max_norm=choose.choice([None, None, 0.25, 1, 10]),
                   norm_type=choose.choice(NORMS), scale_grad_by_freq=frequency, sparse=sparse)


def bag_is_allowed(case):
    if case["mode"] == "max" and (case["sparse"] or case["scale_grad_by_freq"]):
        return False
    if case["per_sample_weights"] and case["mode"] != "sum":
        return False
    return not (case["equal"] and case["include_last_offset"])


def bag_grid():
    for mode in ("sum", "mean", "max"):
        for padding in (None, 2, -1):
            for weights in (False, True):
                for frequency, sparse in ((False, False), (True, False), (False, True)):
                    for equal, last in ((False, False), (False, True), (True, False)):
                        yield dict(layer="bag", mode=mode, rows=6, dim=5, bags=5, largest=4, equal=equal,
                                   include_last_offset=last, per_sample_weights=weights, among=5, values="plain",
                                   gradients="plain", padding_idx=padding, max_norm=1.5 if last else None,
                                   norm_type="2", scale_grad_by_freq=frequency, sparse=sparse)


def bag_cases(choose, count):
    for _ in range(count):
        rows, dim, bags = shape_of(choose)
        equal = choose.random() < 0.3
        frequency, sparse = choose.choice([(False, False), (False, False), (True, False), (False, True)])
        # Frequencies come from another path (bag_by_embedding), which is for finite numbers.
        finite = "plain" if frequency else None
        among = choose.choice([1, 3, rows])
        yield dict(layer="bag", mode=choose.choice(["sum", "mean", "max"]), rows=rows, dim=dim, bags=bags,
                   # No sums of much more than a thousand numbers: their order alone moves them by 1e-6.
                   largest=choose.choice([1, 3, 8, 40] if min(among, rows) > 1 else [1, 3, 8]), equal=equal,
                   include_last_offset=choose.random() < 0.4,
                   per_sample_weights=choose.random() < 0.5, among=among,
                   values=finite or choose.choice(["plain", "zeros", "poison", "wide"]),
                   gradients=finite or choose.choice(["plain", "plain", "zeros", "poison"]),
                   padding_idx=padding_of(choose, rows), max_norm=choose.choice([None, None, None, 0.25, 1]),
                   norm_type=choose.choice(NORMS), scale_grad_by_freq=frequency, sparse=sparse)


def linear_cases(choose, count):
    for _ in range(count):
        inputs, outputs, batch = shape_of(choose)
        yield dict(layer="linear", bias=choose.random() < 0.5, batch=batch,
                   **{"in": inputs, "out": outputs}, inputs=choose.choice(["plain", "plain", "zeros", "poison"]),
                   values=choose.choice(["plain", "plain", "zeros", "poison"]),
                   gradients=choose.choice(["plain", "plain", "zeros", "poison"]))


def one_hot_cases(choose, count):
    for _ in range(count):
        rows, dim, batch = shape_of(choose)
        yield dict(layer="one-hot", rows=rows, dim=dim, batch=batch, among=choose.choice([1, 3, rows]),
                   values=choose.choice(["plain", "zeros", "poison", "wide"]),
                   gradients=choose.choice(["plain", "plain", "zeros", "poison"]))


def optimizer_cases(choose, count):
    kinds = [("sgd", False), ("sgd", True), ("adagrad", False), ("adagrad", True), ("adam", False), ("adamw", False),
             ("sparse-adam", True)]
    for number in range(count):
        kind, sparse = kinds[number % len(kinds)]
        rows, dim, batch = shape_of(choose)
        case = dict(layer="optimizer", optimizer=kind, sparse=sparse, rows=rows, dim=dim, batch=batch,
                    among=choose.choice([2, 3, rows]), values="plain",
                    # torch's SparseAdam fails on a gradient without rows, so not every position may be padding.
                    padding_idx=padding_of(choose, rows) if min(rows, batch) > 12 else None,
                    steps=choose.choice([3, 4, 5]), lr=choose.choice([0.001, 0.01, 0.1]),
                    weight_decay=0.0 if sparse else choose.choice([0.0, 0.01, 0.3]))
        if kind == "sgd":
            case["momentum"] = choose.choice([0.0, 0.5, 0.9])
        else:
            case["eps"] = choose.choice([1e-10, 1e-8, 1e-5])
        if "adam" in kind:
            case["betas"] = choose.choice([(0.9, 0.999), (0.9, 0.99), (0.5, 0.9)])
        yield case


def main():
    torch.set_num_threads(1)
    choose = random.Random(20)
    makers = {"embedding": embedding, "bag": bag, "linear": linear, "one-hot": one_hot, "optimizer": optimizer}
    wanted = [*embedding_grid(), *embedding_cases(choose, 200), *filter(bag_is_allowed, bag_grid()),
              *filter(bag_is_allowed, bag_cases(choose, 420)), *linear_cases(choose, 70), *one_hot_cases(choose, 70),
              *optimizer_cases(choose, 98)]
    cases = []
    for number, case in enumerate(wanted):
        cases.append(json.dumps(makers[case["layer"]](dict(case, seed=10 * (number + 1)))))
    with open(OUT, "w", encoding="ascii", newline="\n") as file:
        file.write(json.dumps({"torch": torch.__version__})[:-1] + ',\n"cases": [\n' + ",\n".join(cases) + "\n]}\n")
    print(f"{len(cases)} cases, {os.path.getsize(OUT)} bytes")


if __name__ == "__main__":
    main()
