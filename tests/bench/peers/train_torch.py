"""Ratings a second that PyTorch trains DotProductBias with: medians and extremes of some runs, as JSON.

  /usr/bin/python3 train_torch.py --optimizer sparse-adam --batch 64 --threads 2

Run it in turns with `rowlight-cli bench train` and the same options. The model is fastai's: two tables of factors, two
of biases, sigmoid_range, mean squared error. The order of every epoch is a new permutation, and the columns are put into
it once, so a batch is a slice: no DataLoader slows it down. `--sparse` makes the layers' gradients sparse, which SGD may
have and SparseAdam must.
"""
import argparse
import json
import statistics
import time

import torch


class DotProductBias(torch.nn.Module):
    def __init__(self, users, movies, factors, low, high, sparse):
        super().__init__()
        self.user_factors = torch.nn.Embedding(users, factors, sparse=sparse)
        self.movie_factors = torch.nn.Embedding(movies, factors, sparse=sparse)
        self.user_bias = torch.nn.Embedding(users, 1, sparse=sparse)
        self.movie_bias = torch.nn.Embedding(movies, 1, sparse=sparse)
        for table in self.parameters():
            torch.nn.init.trunc_normal_(table, 0.0, 0.01, -0.02, 0.02)
        self.low, self.high = low, high

    def forward(self, users, movies):
        score = (self.user_factors(users) * self.movie_factors(movies)).sum(dim=1)
        score = score + (self.user_bias(users) + self.movie_bias(movies)).squeeze(1)
        return torch.sigmoid(score) * (self.high - self.low) + self.low


def optimizer_of(name, parameters):
    if name == "sgd":
        return torch.optim.SGD(parameters, lr=5e-3)
    if name == "adagrad":
        return torch.optim.Adagrad(parameters, lr=5e-3)
    if name == "adam":
        return torch.optim.Adam(parameters, lr=5e-3, betas=(0.9, 0.99), eps=1e-5)
    if name == "adamw":
        return torch.optim.AdamW(parameters, lr=5e-3, betas=(0.9, 0.99), eps=1e-5, weight_decay=0.1)
    return torch.optim.SparseAdam(parameters, lr=5e-3, betas=(0.9, 0.99), eps=1e-5)


def columns(count, users, movies, seed):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randint(users, (count,), generator=generator), torch.randint(movies, (count,), generator=generator),
            torch.randint(1, 6, (count,), generator=generator).float())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--optimizer", choices=("sgd", "adagrad", "adam", "adamw", "sparse-adam"), default="adamw")
    parser.add_argument("--sparse", action="store_true")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--factors", type=int, default=50)
    parser.add_argument("--users", type=int, default=6040)
    parser.add_argument("--movies", type=int, default=3706)
    parser.add_argument("--ratings", type=int, default=1_000_000)
    parser.add_argument("--batches", type=int, default=0, help="batches of a run; 0: an epoch")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    sparse = options.sparse or options.optimizer == "sparse-adam"
    model = DotProductBias(options.users, options.movies, options.factors, 0.0, 5.5, sparse)
    optimizer = optimizer_of(options.optimizer, list(model.parameters()))
    loss_of = torch.nn.MSELoss()
    data = columns(options.ratings, options.users, options.movies, options.seed)

    def batches():
        while True:
            order = torch.randperm(options.ratings)
            yield from zip(*(column[order].split(options.batch) for column in data))

    source = batches()
    per_run = options.batches or -(-options.ratings // options.batch)

    def train(count):
        trained = 0
        start = time.perf_counter()
        for _ in range(count):
            users, movies, ratings = next(source)
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(model(users, movies), ratings)
            loss.backward()
            optimizer.step()
            trained += len(ratings)
        return trained / (time.perf_counter() - start), loss.item()

    train(min(per_run, 20))  # not counted: the first calls are slower
    rates, loss = [], None
    for _ in range(options.runs):
        rate, loss = train(per_run)
        rates.append(rate)
    print(json.dumps({
        "torch": torch.__version__, "optimizer": options.optimizer, "sparse": sparse, "batch": options.batch,
        "factors": options.factors, "users": options.users, "movies": options.movies, "ratings": options.ratings,
        "batches": per_run, "threads": options.threads, "runs": options.runs, "last_loss": loss,
        "ratings_per_second": statistics.median(rates), "fastest": max(rates), "slowest": min(rates),
    }))


main()
