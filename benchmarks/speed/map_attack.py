"""The MAP attack, against the target's own time for the same questions.

An attack on n people and 5 values asks the target 5 n questions. The yardstick is one
``predict_proba`` of the 5 n rows, stacked beforehand.

What was slow, and what was done: the target is called once per value on one working
copy whose sensitive column alone is rewritten, so the rows are copied once, not five
times; a DataFrame shares its other columns with the caller's. The table of
log-probabilities is written and reduced column by column (its rows are short, and
maxima over them were slow), and confidences are picked by a flat index. Who
asks for the most probable value only pays for no probabilities.
"""

import numpy as np
import pandas as pd
import sklearn
from _harness import compare, growth, parse_arguments, report
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import MAPAttack

VERSIONS = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}
N_VALUES = 5
SECRET = "c3"


def people(n_samples):
    """Ten coded columns, as a DataFrame of floats, and a response of three classes."""
    rng = np.random.default_rng(0)
    codes = rng.integers(N_VALUES, size=(n_samples, 10)).astype(float)
    score = codes[:, :4].sum(axis=1) + rng.normal(size=n_samples)
    X = pd.DataFrame(codes, columns=[f"c{j}" for j in range(10)])
    return X, np.digitize(score, [6.5, 9.5])


def targets():
    """Name, whether records come as text, and the model."""
    yield "tree on an array", "array", DecisionTreeClassifier(max_depth=12)
    yield "tree on a DataFrame", "frame", DecisionTreeClassifier(max_depth=12)
    scaled = make_pipeline(StandardScaler(), LogisticRegression())
    yield "scaler and logistic regression", "array", scaled
    encode = ColumnTransformer(
        [("text", OneHotEncoder(), [SECRET, "c0"])], remainder="passthrough"
    )
    yield (
        "one-hot text and tree",
        "text",
        make_pipeline(encode, DecisionTreeClassifier(max_depth=12)),
    )


def in_container(X, container):
    if container == "array":
        return X.to_numpy()
    if container == "text":
        text = {c: X[c].map(lambda v: f"level {v:.0f}") for c in (SECRET, "c0")}
        return X.assign(**text)
    return X


def main():
    arguments = parse_arguments(__doc__)
    n_samples = 10_000 if arguments.quick else 100_000
    written = {"csv_path": arguments.csv, "versions": VERSIONS}
    plain, y = people(n_samples)
    for name, container, model in targets():
        X = in_container(plain, container)
        secret = 3 if container == "array" else SECRET
        attack = MAPAttack(model.fit(X, y), secret).fit(X, y)
        rewritten = []
        for value in attack.values_:
            record = X.copy()
            if container == "array":
                record[:, secret] = value
            else:
                record[secret] = value
            rewritten.append(record)
        stack = np.vstack if container == "array" else pd.concat
        stacked = stack(rewritten)
        report(
            "MAP attack",
            f"{name}: infer, {n_samples:,} rows, {N_VALUES} values, against one "
            f"predict_proba of {len(stacked):,} rows",
            compare(
                lambda: attack.infer(X, y),  # noqa: B023
                lambda: model.predict_proba(stacked),  # noqa: B023
            ),
            reach="<= 1.3",
            **written,
        )
        if container == "array":
            report(
                "MAP attack",
                f"{name}: {n_samples:,} over {n_samples // 10:,} rows",
                growth(
                    lambda n: lambda: attack.infer(X[:n], y[:n]),  # noqa: B023
                    n_samples // 10,
                    n_samples,
                ),
                quantity="growth",
                reach="<= 11",
                **written,
            )


if __name__ == "__main__":
    main()
