"""ID3 as a textbook has it: recursive, with plain loops. The oracle of the tests."""

import itertools
import math
from collections import Counter

import numpy as np


def entropy(values):
    n = len(values)
    return -sum(k / n * math.log(k / n) for k in Counter(values).values())


def is_missing(value):
    return value is None or value != value


def partition(rows, column, threshold):
    """Rows by what they show in a column: a value, a side, or nothing."""
    parts = {}
    for row in rows:
        value = row[column]
        if is_missing(value):
            way = "missing"
        elif threshold is None:
            way = value
        else:
            way = bool(value <= threshold)
        parts.setdefault(way, []).append(row)
    return parts


def candidate_splits(rows, column, is_numeric):
    if not is_numeric:
        return [None]
    values = sorted({row[column] for row in rows if not is_missing(row[column])})
    middles = [(a + b) / 2 for a, b in itertools.pairwise(values)]
    has_missing = any(is_missing(row[column]) for row in rows)
    return middles + ([math.inf] if has_missing and values else [])


def grow(rows, numeric, price, max_depth=math.inf, min_leaf=1):
    """A tree of nested dicts; rows end with their label."""
    labels = [row[-1] for row in rows]
    node = {"counts": Counter(labels), "column": None}
    best, cheapest = 1e-9, 0.0
    for column in range(len(numeric)):
        for threshold in candidate_splits(rows, column, numeric[column]):
            parts = partition(rows, column, threshold)
            sizes = [len(part) for part in parts.values()]
            if len(parts) < 2 or min(sizes) < min_leaf or max_depth < 1:
                continue
            gain = entropy(labels) - sum(
                len(part) / len(rows) * entropy([row[-1] for row in part])
                for part in parts.values()
            )
            ways = [way for way, part in parts.items() for _ in part]
            score = len(rows) * (gain - price[column] * entropy(ways))
            # A tie goes to the split that reveals less, then to the first.
            if score > best + 1e-9 or (
                score > best - 1e-9 and entropy(ways) < cheapest - 1e-9
            ):
                best, cheapest = score, entropy(ways)
                node.update(column=column, threshold=threshold, parts=parts)
    if node["column"] is not None:
        node["children"] = {
            way: grow(part, numeric, price, max_depth - 1, min_leaf)
            for way, part in node.pop("parts").items()
        }
    return node


def leaf_of(node, row):
    while node["column"] is not None:
        ways = partition([row], node["column"], node["threshold"])
        child = node["children"].get(next(iter(ways)))
        if child is None:
            return node
        node = child
    return node


def leaves(node):
    if node["column"] is None:
        return [node]
    return [leaf for child in node["children"].values() for leaf in leaves(child)]


def predict_proba(node, X, classes):
    out = []
    for row in X:
        counts = leaf_of(node, row)["counts"]
        out.append([counts[c] / sum(counts.values()) for c in classes])
    return np.array(out)


def information(node, n_total):
    """H(T), the entropy of the leaves' sizes."""
    shares = [sum(leaf["counts"].values()) / n_total for leaf in leaves(node)]
    return -sum(share * math.log(share) for share in shares)
