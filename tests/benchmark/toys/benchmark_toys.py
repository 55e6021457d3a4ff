"""Third-party datasets, defences and attacks, named in suites by import path.

Every training and every judgement is written down in the file that the environment
variable ``BENCHMARK_TOYS_LOG`` names, so that a test can count them.
"""

import os
import signal
import time
import warnings
from pathlib import Path

import numpy as np

try:
    import resource
except ImportError:  # not on Windows
    resource = None

from sklearn_mid.benchmark import Judgement, Skip
from sklearn_mid.exceptions import UnsupportedTargetError


def log(word):
    path = os.environ.get("BENCHMARK_TOYS_LOG")
    if path:
        with open(path, "a") as file:
            file.write(f"{word}\n")


class Problem:
    """Three numbers; a model is the number that shifts them."""

    def __init__(self, random_state, size):
        self.numbers = np.random.default_rng(random_state).normal(size=size)

    def fit(self, estimator):
        log(f"fit {estimator}")
        return estimator

    def utility(self, target):
        return Judgement([("held-out", "mse", float(np.mean(target * self.numbers)))])

    def judge(self, attack, target):
        value = attack(self.numbers, target)
        if isinstance(value, str):
            return value
        return Judgement(
            [("members", "accuracy", value), ("held-out", "accuracy", value / 2)],
            getattr(attack, "pictures", None),
        )


def not_a_problem(*, random_state):
    return {"X": [0.0]}


class Offering(Problem):
    """Has something for whoever asks for it."""

    def __init__(self, *, random_state, part=None):
        super().__init__(random_state, 3)
        self.part = part

    def offers(self, kind, random_state):
        return {"number": {"defence": 1.0}.get(kind, 2.0), "secret": 5.0}

    def judge(self, attack, target):
        return Judgement([("members", "accuracy", target + attack.number)])


class Part:
    def __init__(self, number=0.0, random_state=None):
        self.number = number


def sum_of(number, extra=0.0, part=None):
    return number + extra + (part.number if part else 0.0)


def dataset(*, random_state, size=3):
    return Problem(random_state, size)


def defence(problem, *, random_state, shift=0.0, seconds=0.0):
    time.sleep(seconds)
    return 1.0 + shift + np.random.default_rng(random_state).normal()


def attack(problem, target, *, random_state, seconds=0.0):
    def run(numbers, target):
        time.sleep(seconds)
        log(f"judge {target}")
        noise = np.random.default_rng(random_state).normal()
        return float(np.mean(numbers) + (target or 0.0) + noise)

    return run


def broken_defence(problem, *, random_state):
    raise RuntimeError("<script>alert('no weights')</script>")


def broken_attack(problem, target, *, random_state):
    def run(numbers, target):
        raise RuntimeError("no such luck & <b>no such data</b>")

    return run


def declining_defence(problem, *, random_state):
    raise Skip("nothing to offer")


def unsuitable_attack(problem, target, *, random_state):
    raise UnsupportedTargetError("Attack cannot attack a float: no predict_proba")


def warning_attack(problem, target, *, random_state):
    warnings.warn("the weather is bad", UserWarning, stacklevel=1)
    return attack(problem, target, random_state=random_state)


def not_a_judgement(problem, target, *, random_state):
    return lambda numbers, target: "a text"


def infinite_attack(problem, target, *, random_state):
    return lambda numbers, target: float("inf")


def drawing_attack(problem, target, *, random_state):
    def run(numbers, target):
        return 0.5

    image = np.zeros((2, 2), dtype=np.uint8)
    run.pictures = {"truth": [image], "reconstruction": [image]}
    return run


def memory_hog(problem, target, *, random_state):
    """Takes all the memory that this process may have, from now on 64 MB more."""

    def run(numbers, target):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + 2**26
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        taken = []
        while True:
            taken.append(np.ones(2**20))

    return run


def interrupted_attack(problem, target, *, random_state):
    raise KeyboardInterrupt


def stubborn_attack(problem, target, *, random_state):
    def run(numbers, target):
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                continue

    return run


def busy_attack(problem, target, *, random_state):
    def run(numbers, target):
        while True:
            sum(range(1000))

    return run


def killer(problem, target, *, random_state, deadly=True):
    def run(numbers, target):
        if deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0.0

    return run


def kills_once(problem, target, *, random_state, marker=""):
    def run(numbers, target):
        if not os.path.exists(marker):
            with open(marker, "w"):
                os.kill(os.getpid(), signal.SIGKILL)
        return 0.0

    return run


not_callable = 3
