"""
Audit a pipeline before it is released
======================================

A pipeline is ready to leave the house. What does it give away about the people it will
be asked about, and about those it was trained on? :func:`~sklearn_mid.benchmark.audit`
runs every attack that fits the model and tells the leaks by their source. The same from
the command line is ``sklearn-mid audit``.
"""

import matplotlib.pyplot as plt
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklearn_mid.benchmark import audit
from sklearn_mid.datasets import load_fair

# %%
# The model says whether a woman is very happy with her marriage. The secret is whether
# she reports an affair; it is a column of the raw records, and the audit looks at the
# pipeline from outside, as an attacker does.

X, y = load_fair(return_X_y=True)
X_train, X_new, y_train, y_new = train_test_split(
    X, y == "very good", train_size=1500, test_size=1500, random_state=0
)
encode = make_column_transformer(
    (
        OneHotEncoder(handle_unknown="ignore"),
        make_column_selector(dtype_include="category"),
    ),
    remainder="passthrough",
)
model = make_pipeline(encode, RandomForestClassifier(30, random_state=0))
model.fit(X_train, y_train)

# %%
# New people tell of the rule and the answer; people whom the model was trained on, as
# ``members``, tell of its memory.

report = audit(
    model, X_new, y_new, "affairs", members=(X_train, y_train), random_state=0
)
print(report.summary)

# %%
# Every figure has an interval over people, and attacks that were tried in numbers find
# no leak by luck: the best is chosen on one half of the people and judged on the other.
# ``report.to_html("audit.html")`` writes the page to hand round.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
report.plot(ax=ax)
plt.show()
