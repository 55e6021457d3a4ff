"""The release channel, against the inner model's own time for the same questions.

An answer needs the model's at each of the V values of the secret, and how probable
these are. The yardstick is one ``predict_proba`` of the V n rows, stacked beforehand.

What was slow, and what was done: the dynamic program runs along thousands of records
at a time, values first, in blocks that stay in the cache, and prices each interval
by a running mass and sum instead of differences of cumulated ones. The imputer is a
boosting of 50 steps and 12 leaves.
"""

import numpy as np
import pandas as pd
import sklearn
from _harness import compare, growth, parse_arguments, report
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator

from sklearn_mid.release import MIDClassifier

VERSIONS = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}
N_VALUES, N_TRAIN, SECRET = 5, 20_000, "c3"
MODELS = {
    "boosting": HistGradientBoostingClassifier(random_state=0),
    "forest": RandomForestClassifier(100, random_state=0),
}


def people(n_samples):
    """Ten coded columns and a response of two classes."""
    rng = np.random.default_rng(0)
    codes = rng.integers(N_VALUES, size=(n_samples, 10)).astype(float)
    codes[:, 3] = (codes[:, 3] + codes[:, 4] > 5) + codes[:, 3].clip(max=3)
    score = codes[:, :4].sum(axis=1) + rng.normal(size=n_samples)
    X = pd.DataFrame(codes, columns=[f"c{j}" for j in range(10)])
    return X, (score > 8).astype(int)


def main():
    arguments = parse_arguments(__doc__)
    n_largest = 100_000 if arguments.quick else 1_000_000
    written = {"csv_path": arguments.csv, "versions": VERSIONS}
    everybody, y = people(n_largest)
    for name, inner in MODELS.items():
        # Forests of full trees take twenty times as long to answer.
        n_samples = n_largest if name == "boosting" else n_largest // 20
        X = everybody[:n_samples]
        inner.fit(everybody[:N_TRAIN], y[:N_TRAIN])
        model = MIDClassifier(
            FrozenEstimator(inner), [SECRET], 0.05, distill=False, random_state=0
        ).fit(everybody[:N_TRAIN], y[:N_TRAIN])
        stacked = pd.concat([X.assign(**{SECRET: v}) for v in model.values_])
        report(
            "release channel",
            f"{name}: predict_proba, {n_samples:,} rows, {len(model.values_)} values, "
            f"against the model's of {len(stacked):,} rows",
            compare(
                lambda: model.predict_proba(X),  # noqa: B023
                lambda: inner.predict_proba(stacked),  # noqa: B023
                n_repetitions=1,
                warm_up=False,
            ),
            reach="<= 1.5",
            **written,
        )
        if name == "boosting":
            report(
                "release channel",
                f"{name}: {n_samples // 5:,} over {n_samples // 50:,} rows",
                growth(
                    lambda n: lambda: model.predict_proba(X[:n]),  # noqa: B023
                    n_samples // 50,
                    n_samples // 5,
                    n_repetitions=1,
                ),
                quantity="growth",
                reach="<= 11",
                **written,
            )


if __name__ == "__main__":
    main()
