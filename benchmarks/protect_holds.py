"""Do the figures of a recommended model hold on people that protect never saw?

    python benchmarks/protect_holds.py [adult] [nhanes] [warfarin]
        [--people 4000] [--splits 2] [--full]

protects a model on some of the people, at the default limits (an answer may add 5
points to a guess, memory 2), and lets attackers at the recommended model, trained on
all of these people, who use the others. Prints each figure as protect promised it, with
its interval, and as it turned out. It holds if the two differ by no more than chance
lets two samples of people differ. Without --full the protections by release and by
rounding are tried, not all that there are.
"""

import argparse
import warnings

import numpy as np
from scipy.stats import norm
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from sklearn_mid.benchmark import audit, protect
from sklearn_mid.benchmark._audit._sources import MEASURES, TOP_MEASURES, each_of
from sklearn_mid.datasets import fetch_adult, fetch_iwpc, fetch_nhanes

FEW_WAYS = ["rounding", "release channel", "distillation", "distillation and channel"]


def coded(model):
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
    )
    columns = make_column_transformer(
        (codes, make_column_selector(dtype_exclude="number")), remainder="passthrough"
    )
    return make_pipeline(columns, model)


# By name: people, model, secrets and metric.
TASKS = {
    "adult": (
        lambda: fetch_adult(subset="all"),
        HistGradientBoostingClassifier(),
        ["marital", "sex"],
        "accuracy",
    ),
    "nhanes": (fetch_nhanes, RandomForestClassifier(), ["HardDrugs"], "roc_auc"),
    "warfarin": (fetch_iwpc, HistGradientBoostingRegressor(), ["vkorc1"], "r2"),
}
# By source: how many figures of it hold together.
N_FIGURES = {
    "population": 1,
    "rule": len(MEASURES),
    "answer": 1,
    "memory": len(MEASURES | TOP_MEASURES),
}


def differ(promised, found, n_figures):
    """Difference of two figures in standard errors, from their intervals.

    Of a source with several figures, these are wide enough to hold together.
    """
    reach = norm.ppf(0.5 + each_of(n_figures, 0.95) / 2)
    errors = [(row["high"] - row["low"]) / (2 * reach) for row in (promised, found)]
    return (found["value"] - promised["value"]) / max(np.hypot(*errors), 1e-12)


def show(name, *, n_people, n_splits, only):
    load, model, secrets, metric = TASKS[name]
    bunch = load()
    share = min(n_people / len(bunch.data), 0.6)
    X, X_new, y, y_new = train_test_split(
        bunch.data, bunch.target, train_size=share, random_state=0
    )
    X_new, y_new = X_new[:n_people], y_new[:n_people]
    report = protect(
        coded(model),
        X,
        y,
        secrets,
        metric=metric,
        only=only,
        n_splits=n_splits,
        random_state=0,
    )
    print(f"\n{name}: {len(X)} people, {len(X_new)} who were never seen")
    print(report.summary)
    if not report.recommended:
        return
    promised = report.held_out.set_index("candidate").loc[report.recommended]
    utility = get_scorer(metric)(report.estimator, X_new, y_new)
    print(
        f"  {metric}: promised {promised['utility']:.4f} "
        f"({promised['utility, low']:.4f} to {promised['utility, high']:.4f}), "
        f"found {utility:.4f}"
    )
    others = audit(
        report.estimator, X_new, y_new, secrets, members=(X, y), random_state=1
    )
    keys = ["secret", "source", "figure"]
    found = others.sources.set_index(keys)
    promises = report.held_out_exposures.query("candidate == @report.recommended")
    for key, row in promises.set_index(keys).iterrows():
        if key[2] != "accuracy" or key not in found.index:
            continue
        now, off = found.loc[key], differ(row, found.loc[key], N_FIGURES[key[1]])
        print(
            f"  {key[0]:10} {key[1]:11}"
            f"promised {100 * row['value']:6.1f} ({100 * row['low']:5.1f} to "
            f"{100 * row['high']:5.1f}), found {100 * now['value']:6.1f} "
            f"({100 * now['low']:5.1f} to {100 * now['high']:5.1f}): "
            f"{'holds' if abs(off) < 1.96 else f'{off:+.1f} standard errors off'}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", default=list(TASKS), metavar="TASK")
    parser.add_argument("--people", type=int, default=4000)
    parser.add_argument("--splits", type=int, default=2)
    parser.add_argument("--full", action="store_true", help="all ways to protect")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in options.tasks:
        show(
            name,
            n_people=options.people,
            n_splits=options.splits,
            only=None if options.full else FEW_WAYS,
        )


if __name__ == "__main__":
    main()
