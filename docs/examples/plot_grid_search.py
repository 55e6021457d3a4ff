"""
Choose lambda: the most useful model that leaks little enough
=============================================================

How strong should the defence be? Say how much an attacker may gain, and let a grid
search find the most useful model that keeps to it. Two scorers are needed, one of
utility and one that attacks each candidate, and a rule that chooses.
"""

# %%
# A pipeline with encoded columns
# -------------------------------
# The secret is the column ``sex`` of the raw records, and that is what is attacked: the
# whole pipeline is the target. The model inside sees two columns of 0 and 1 in its
# place, which are one attribute, so that its ``sensitive_features`` hold one group.

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import t
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV, RepeatedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_mid.attacks import MAPAttack
from sklearn_mid.datasets import load_diabetes
from sklearn_mid.linear_model import MIDLinearRegression
from sklearn_mid.model_selection import (
    best_utility_under_advantage,
    make_attack_scorer,
)

X, y = load_diabetes(return_X_y=True)
encode = make_column_transformer(
    (OneHotEncoder(sparse_output=False), ["sex"]),
    remainder=StandardScaler(),
    verbose_feature_names_out=False,
).set_output(transform="pandas")
pipeline = Pipeline([("encode", encode), ("model", MIDLinearRegression())])

# %%
# Search
# ------
# The attacker re-scales the predictions (``calibrate=True``), and is limited to 3
# percentage points above the guess of the more frequent sex. They attack the training
# folds, since their people's secrets are at stake; utility is measured on the others.

strengths = [0, 0.3, 1, 3, 10, 30]
search = GridSearchCV(
    pipeline,
    [
        {"model__sensitive_features": [None], "model__reg_lambda": strengths},
        {
            "model__sensitive_features": [[["sex_1", "sex_2"]]],
            "model__reg_lambda": strengths,
        },
    ],
    scoring={
        "utility": "r2",
        "neg_advantage": make_attack_scorer(MAPAttack(None, "sex", calibrate=True)),
    },
    refit=best_utility_under_advantage(0.03),
    cv=RepeatedKFold(n_splits=4, n_repeats=2, random_state=0),
    return_train_score=True,
).fit(X, y)
print(search.best_params_)

# %%
# Every candidate
# ---------------
# A mean over few people that happens to be small is no promise: what is held against
# the limit is the upper end of the 95% interval over folds, drawn as a line upwards.

results = search.cv_results_
advantage = -results["mean_train_neg_advantage"]
n_folds = search.n_splits_
error = results["std_train_neg_advantage"] / np.sqrt(n_folds - 1)
margin = t.ppf(0.95, n_folds - 1) * error
is_targeted = [p is not None for p in results["param_model__sensitive_features"]]

fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
for targeted, name, marker in [(False, "whole input", "o"), (True, "sex only", "s")]:
    chosen = [value == targeted for value in is_targeted]
    ax.errorbar(
        results["mean_test_utility"][chosen],
        advantage[chosen],
        yerr=(np.zeros(sum(chosen)), margin[chosen]),
        marker=marker,
        color="C0" if targeted else "C1",
        label=f"penalty on {name}",
    )
best = search.best_index_
ax.plot(
    results["mean_test_utility"][best],
    advantage[best],
    marker="*",
    markersize=18,
    color="black",
    linestyle="none",
    zorder=3,
    label="chosen",
)
ax.axhspan(0.03, ax.get_ylim()[1], color="0.9", zorder=0, label="not allowed")
ax.set(xlabel="R² on held-out folds", ylabel="attack advantage on training folds")
fig.legend(loc="outside lower center", ncols=2)
plt.show()

# %%
# The advantage of a candidate that was selected is a little optimistic. Measure it once
# more on records that the search has not seen.
