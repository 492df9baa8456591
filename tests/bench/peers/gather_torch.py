"""Rows a second that PyTorch gathers (index_select) and sums in bags (embedding_bag), in turns with Rowlight.

  /usr/bin/python3 gather_torch.py --cli build/release/app/cli/rowlight-cli --threads 2 --turns 5

Every turn runs `rowlight-cli bench gather` and PyTorch (and FBGEMM, where --fbgemm names the program that
gather_fbgemm.cpp makes) at one point, each some times, and takes their medians; what is printed are the medians of the
turns, and of the turns' ratios. Without --cli PyTorch runs alone. Machines slow down and speed up over minutes: compare
what one call prints.
"""

import argparse
import json
import statistics
import subprocess
import time

import torch

POINTS = [(1_000, 64), (100_000, 64), (1_000_000, 128), (4_000_000, 64)]
LOOKUPS = 400_000
BATCHES = 4  # of ids, one after the other


class Torch:
    """A table of PyTorch, and batches of row numbers to look up in it."""

    def __init__(self, rows, dim, bag):
        self.table = torch.rand(rows, dim)
        self.ids = [torch.randint(rows, (LOOKUPS // bag * bag,)) for _ in range(BATCHES)]
        self.offsets = torch.arange(0, LOOKUPS // bag * bag, bag)
        self.out = torch.zeros(LOOKUPS, dim) if bag == 1 else None
        self.run = 0

    def look_up(self):
        ids = self.ids[self.run % BATCHES]
        self.run += 1
        if self.out is not None:
            torch.index_select(self.table, 0, ids, out=self.out)
        else:
            torch.nn.functional.embedding_bag(ids, self.table, self.offsets, mode="sum")

    def rows_per_second(self, runs):
        times = []
        for _ in range(runs + 1):
            start = time.perf_counter()
            self.look_up()
            times.append(time.perf_counter() - start)
        return len(self.ids[0]) / statistics.median(times[1:])


def program(command, rows, dim, bag, options):
    """The answer of a program that takes the options of `rowlight-cli bench gather`."""
    line = command + ["--rows", str(rows), "--dim", str(dim), "--bag", str(bag), "--batch", str(LOOKUPS // bag),
                      "--threads", str(options.threads), "--runs", str(options.runs), "--json"]
    return json.loads(subprocess.run(line, check=True, capture_output=True, text=True).stdout)


def measure(rows, dim, bag, options):
    peer = Torch(rows, dim, bag)
    turns = []
    for _ in range(options.turns):
        turn = {"torch": peer.rows_per_second(options.runs)}
        if options.fbgemm:
            turn["fbgemm"] = program([options.fbgemm], rows, dim, bag, options)["rows_per_second"]
        if options.cli:
            answer = program([options.cli, "bench", "gather"], rows, dim, bag, options)
            turn["rowlight"] = answer["rows_per_second"]
            for key in ("read_bandwidth", "copy_bandwidth", "random_bandwidth", "share", "random_share"):
                turn[key] = answer[key]
            for other in ("torch", "fbgemm"):
                if other in turn:
                    turn["rowlight / " + other] = turn["rowlight"] / turn[other]
        turns.append(turn)
    return {key: statistics.median(turn[key] for turn in turns) for key in turns[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cli", help="rowlight-cli of a release build")
    parser.add_argument("--fbgemm", help="the program that gather_fbgemm.cpp makes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--runs", type=int, default=5, help="of each in a turn")
    parser.add_argument("--point", type=int, nargs=3, metavar=("ROWS", "DIM", "BAG"), help="one point instead of all")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    points = [options.point] if options.point else [(rows, dim, bag) for rows, dim in POINTS for bag in (1, 20)]
    for rows, dim, bag in points:
        result = {"rows": rows, "dim": dim, "bag": bag, "threads": options.threads}
        result.update(measure(rows, dim, bag, options))
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
