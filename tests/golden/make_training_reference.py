#!/usr/bin/python3
"""Writes training_reference.json: the losses that PyTorch gets on runs that any program can repeat exactly.

    make_training_reference.py [--ratings ml-100k/u.data]

Needs python3-torch (Debian 12: 1.13). Without --ratings the case on real data is taken over from the present file.
README.md beside this file explains the keys. Nothing is random: weights and ratings are integer formulas.

mix(i, multiplier, offset) = ((i + 1) * multiplier + offset) mod 2^32, then >> 8: an integer below 2^24

Weights of table n (0 user_factors, 1 movie_factors, 2 user_bias, 3 movie_bias), flat index i in row-major order
without any padding, computed in double, then rounded to float32:
    t(i) = (mix(i, 2654435761, n * 40503) / 2^24 - 0.5) * 0.2

Synthetic rating j of 60 users and 90 movies:
    user   = mix(j, 2654435761, 0) mod 60
    movie  = mix(j, 2246822519, 0) mod 90
    rating = (1 + user mod 4 + movie mod 5 + mix(j, 3266489917, 0) mod 3) / 2     half stars, 0.5 to 5

Batches are consecutive: batch b of an epoch is ratings b * 64 to b * 64 + 63, the last one shorter where it must be.
A run is 100 steps. A step: predict, mean squared error over the batch (the loss that is written down), dense
gradients, optimizer step, schedule step.
"""
import argparse
import json
import math
import os

import torch

STEPS = 100
BATCH = 64
USERS, MOVIES, FACTORS = 60, 90, 10
HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "training_reference.json")

# Name, model, y_range, and by how much SGD's rate is raised: without biases the gradients are small at the start.
MODELS = [
    ("dot", "dot", None, 10),
    ("dot-range", "dot", (0.0, 5.5), 10),
    ("dot-bias", "dot-bias", None, 1),
    ("dot-bias-range", "dot-bias", (0.0, 5.5), 1),
]
OPTIMIZERS = [
    ("sgd", dict(optimizer="sgd", lr=0.2, momentum=0.0, weight_decay=0.0)),
    ("sgd-decay", dict(optimizer="sgd", lr=0.2, momentum=0.0, weight_decay=0.01)),
    ("sgd-momentum", dict(optimizer="sgd", lr=0.05, momentum=0.9, weight_decay=0.0)),
    ("sgd-momentum-decay", dict(optimizer="sgd", lr=0.05, momentum=0.9, weight_decay=0.01)),
    ("adamw", dict(optimizer="adamw", lr=0.02, betas=(0.9, 0.99), eps=1e-5, weight_decay=0.0)),
    ("adamw-decay", dict(optimizer="adamw", lr=0.02, betas=(0.9, 0.99), eps=1e-5, weight_decay=0.1)),
]
SCHEDULES = ["constant", "one-cycle"]


def mix(i, multiplier, offset):
    return (((i + 1) * multiplier + offset) & 0xFFFFFFFF) >> 8


def table(number, rows, cols):
    values = [(mix(i, 2654435761, number * 40503) / 2**24 - 0.5) * 0.2 for i in range(rows * cols)]
    return torch.tensor(values, dtype=torch.float64).float().reshape(rows, cols)


def synthetic_ratings(count):
    triples = []
    for j in range(count):
        user, movie = mix(j, 2654435761, 0) % 60, mix(j, 2246822519, 0) % 90
        triples.append((user, movie, (1 + user % 4 + movie % 5 + mix(j, 3266489917, 0) % 3) / 2))
    return triples


def movielens_100k(path, count):
    """The first `count` ratings in file order; vocabularies in order of first appearance over the whole file."""
    users, movies, triples = {}, {}, []
    with open(path, encoding="ascii") as file:
        for line in file:
            user, movie, rating, _ = line.split("\t")
            triples.append((users.setdefault(user, len(users)), movies.setdefault(movie, len(movies)), float(rating)))
    return triples[:count], len(users), len(movies)


def predict(parameters, users, movies, y_range):
    """fastai's DotProduct (two tables) or DotProductBias (four)."""
    result = (parameters[0][users] * parameters[1][movies]).sum(dim=1)
    if len(parameters) == 4:
        result = result + (parameters[2][users] + parameters[3][movies]).squeeze(1)
    if y_range:
        result = torch.sigmoid(result) * (y_range[1] - y_range[0]) + y_range[0]
    return result


def make_optimizer(case, parameters):
    options = {key: case[key] for key in ("lr", "momentum", "weight_decay", "betas", "eps") if key in case}
    kind = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}[case["optimizer"]]
    return kind(parameters, **options)


def make_schedule(case, optimizer):
    if case["schedule"] == "constant":
        return None
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=case["lr"], total_steps=STEPS, pct_start=0.25, div_factor=25, final_div_factor=4000,
        anneal_strategy="cos", cycle_momentum=case["optimizer"] == "adamw" or case["momentum"] > 0,
        base_momentum=0.85, max_momentum=0.95)


def run(case, triples, dtype):
    tables = [(0, case["users"], case["factors"]), (1, case["movies"], case["factors"])]
    if case["model"] == "dot-bias":
        tables += [(2, case["users"], 1), (3, case["movies"], 1)]
    parameters = [table(*t).to(dtype).requires_grad_() for t in tables]
    users = torch.tensor([t[0] for t in triples])
    movies = torch.tensor([t[1] for t in triples])
    ratings = torch.tensor([t[2] for t in triples], dtype=dtype)
    optimizer = make_optimizer(case, parameters)
    schedule = make_schedule(case, optimizer)
    losses, rates, momenta = [], [], []
    start = 0
    for step in range(STEPS):
        batch = slice(start, min(start + BATCH, len(triples)))
        start = batch.stop if batch.stop < len(triples) else 0
        loss = torch.nn.functional.mse_loss(predict(parameters, users[batch], movies[batch], case["y_range"]),
                                            ratings[batch])
        optimizer.zero_grad()
        loss.backward()
        group = optimizer.param_groups[0]
        losses.append(loss.item())
        rates.append(group["lr"])
        momenta.append(group["betas"][0] if "betas" in group else group["momentum"])
        optimizer.step()
        if schedule and step + 1 < STEPS:
            schedule.step()
    return losses, rates, momenta, parameters


def float32(value):
    return float(f"{value:.9g}")  # nine digits give the float32 back exactly


def table_summary(parameter):
    flat = parameter.detach().flatten()
    picks = [k * (flat.numel() - 1) // 7 for k in range(8)]
    return {"abs_sum": flat.double().abs().sum().item(),
            "samples": [[i, float32(flat[i].item())] for i in picks]}


def run_case(case, triples, with_tables=True):
    losses, _, _, parameters = run(case, triples, torch.float32)
    exact, _, _, _ = run(case, triples, torch.float64)
    assert all(math.isfinite(x) for x in losses), f"{case['name']} diverges: lower its rate"
    deviation = max(abs(a - b) / b for a, b in zip(losses, exact))
    result = dict(case, ratings=len(triples), float64_deviation=float(f"{deviation:.2g}"),
                  losses=[float32(x) for x in losses])
    if with_tables:
        names = ["user_factors.weight", "movie_factors.weight", "user_bias.weight", "movie_bias.weight"]
        result["tables"] = {name: table_summary(p) for name, p in zip(names, parameters)}
    print(f"{case['name']:45s} {losses[0]:9.5f} -> {losses[-1]:9.5f}   against float64 {deviation:.1e}")
    return result


def synthetic_case(name, triples):
    model_name, optimizer_name, schedule = name.split("/")[:3]
    _, model, y_range, raise_by = next(m for m in MODELS if m[0] == model_name)
    case = dict(name=name, model=model, y_range=y_range, users=USERS, movies=MOVIES, factors=FACTORS,
                schedule=schedule, **dict(OPTIMIZERS)[optimizer_name])
    if case["optimizer"] == "sgd":
        case["lr"] *= raise_by
    return run_case(case, triples)


def synthetic_cases():
    full, two_epochs = synthetic_ratings(STEPS * BATCH), synthetic_ratings(50 * BATCH - 20)
    for schedule in SCHEDULES:
        for optimizer_name, _ in OPTIMIZERS:
            for model in MODELS:
                yield synthetic_case(f"{model[0]}/{optimizer_name}/{schedule}", full)
    # Two epochs of 49 batches of 64 and one of 44.
    yield synthetic_case("dot/sgd/constant/short-last-batch", two_epochs)
    yield synthetic_case("dot-bias-range/adamw-decay/one-cycle/short-last-batch", two_epochs)


def real_case(path):
    triples, users, movies = movielens_100k(path, STEPS * BATCH)
    case = dict(name="ml-100k", model="dot-bias", y_range=(0.0, 5.5), users=users, movies=movies, factors=50,
                schedule="one-cycle", optimizer="adamw", lr=5e-3, betas=(0.9, 0.99), eps=1e-5, weight_decay=0.1)
    return run_case(case, triples, with_tables=False)


def one_cycle():
    """Rate relative to lr, and momentum or beta1, of each step."""
    case = dict(model="dot", y_range=None, users=1, movies=1, factors=1, schedule="one-cycle", optimizer="sgd",
                lr=1.0, momentum=0.9, weight_decay=0.0)
    _, rates, momenta, _ = run(case, [(0, 0, 0.0)], torch.float64)
    return {"rate": rates, "momentum": momenta}


def write(reference):
    """One case a line, so that a change shows as the cases it changes."""
    head = {key: value for key, value in reference.items() if key != "cases"}
    with open(OUT, "w", encoding="ascii", newline="\n") as file:
        file.write(json.dumps(head)[:-1] + ',\n"cases": [\n')
        file.write(",\n".join(json.dumps(case) for case in reference["cases"]) + "\n]}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ratings", help="u.data of MovieLens 100K")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cases = list(synthetic_cases())
    if arguments.ratings:
        cases.append(real_case(arguments.ratings))
    elif os.path.exists(OUT):
        with open(OUT, encoding="ascii") as file:
            cases += [case for case in json.load(file)["cases"] if case["name"] == "ml-100k"]
    write({"torch": torch.__version__, "steps": STEPS, "batch_size": BATCH, "one_cycle": one_cycle(), "cases": cases})


if __name__ == "__main__":
    main()
