"""
Logistic regression with a price on one secret
==============================================

:class:`~sklearn_mid.linear_model.MIDLogisticRegression` sees its answer as a label
drawn from its probabilities. What that tells of a secret is computed exactly, by
trying its values in each record. As the price rises, the weight of the secret shrinks,
and the other weights take over what they can.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.preprocessing import StandardScaler

from sklearn_mid.datasets import load_fair
from sklearn_mid.linear_model import MIDLogisticRegression
from sklearn_mid.model_selection import target_auxiliary_split

frame = load_fair().frame
y = frame.pop("affairs") == "yes"
X = frame.drop(columns=["occupation", "occupation_husb"])
scale = ["very poor", "poor", "fair", "good", "very good"]
X["rate_marriage"] = X["rate_marriage"].map(scale.index)
X[X.columns] = StandardScaler().fit_transform(X)
people, test, _, _ = target_auxiliary_split(X, y, random_state=0)

# %%
# The price is paid in log-likelihood and bought in information, both in nats.

strengths = np.logspace(-2, 2, 13)
models = [
    MIDLogisticRegression(k, sensitive_features=["rate_marriage"], max_iter=2000).fit(
        people.X, people.y
    )
    for k in strengths
]
information = [m.mutual_information_ for m in models]
loss = [
    -np.log(m.predict_proba(test.X)[np.arange(len(test.y)), test.y.astype(int)]).mean()
    for m in models
]

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
for name, path in zip(X.columns, np.array([m.coef_[0] for m in models]).T, strict=True):
    secret = name == "rate_marriage"
    axes[0].plot(strengths, path, lw=3 if secret else 1, label=name)
axes[0].set(xscale="log", xlabel="reg_lambda", ylabel="weight")
axes[0].legend(fontsize="small")
axes[1].plot(information, loss, "o-")
axes[1].set(
    xlabel="I(secret; answer | the rest), in nats", ylabel="log loss on others, in nats"
)
plt.show()
