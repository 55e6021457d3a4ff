"""
What differential privacy promises, for one record and for many
===============================================================

An adversary must tell from a release which of two data sets it was made of.
Differential privacy limits the true minus the false positive rate that they can reach;
the more records differ, the weaker the limit. The bound of the paper follows from group
privacy by the usual parameters. Following the trade-off between both error rates from
record to record gives a smaller one that is attained.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_mid.metrics import dp_privacy_loss_bound

epsilon = np.logspace(-2, 1, 200)
fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
for color, n in zip(["C0", "C1", "C2"], [1, 2, 10], strict=True):
    paper = dp_privacy_loss_bound(epsilon, n)
    tight = dp_privacy_loss_bound(epsilon, n, method="tight")
    records = "1 record" if n == 1 else f"{n} records"
    ax.plot(epsilon, paper, "--", color=color, label=f"{records}, paper")
    ax.plot(epsilon, tight, "-", color=color, label=f"{records}, tight")
ax.set_xscale("log")
ax.set(xlabel="ε", ylabel="largest privacy loss", ylim=(0, 1.02))
ax.legend()
plt.show()

# %%
# For one record the two coincide. What DP limits is what the release tells about one
# record's presence. It does not limit what a model shows of the population.
