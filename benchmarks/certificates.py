"""What an answer tells about a secret, certified without an attack, on Adult.

Secret: marital; gradient boosting of income, trained on one file. Of the first 3,000
people of the other, prints the success of the best attacker who knows the shares of the
values and sees the answer, the success without it, about how many people the answer
tells nothing, and the leakage under the worst prior.

    python benchmarks/certificates.py
"""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from sklearn_mid.datasets import fetch_adult
from sklearn_mid.metrics import maximal_leakage, vulnerability

SECRET = "marital"
RELEASES = {
    "exact score": {},
    "2 decimals": {"decimals": 2},
    "1 decimal": {"decimals": 1},
    "label": {"release": "labels"},
}


def main():
    X, y = fetch_adult(subset="train", return_X_y=True)
    X_test, _ = fetch_adult(subset="test", return_X_y=True)
    people = X_test.head(3000)
    model = HistGradientBoostingClassifier(
        categorical_features="from_dtype", random_state=0
    ).fit(X, y)
    print("released       best guess  without  no leak  worst-case leakage in nats")
    for name, release in RELEASES.items():
        result = vulnerability(model, people, SECRET, **release)
        leakage = maximal_leakage(model, people, SECRET, **release)
        print(
            f"{name:13} {result.mean:11.3f} {result.prior_mean:8.3f}"
            f" {result.no_leak:8.3f}  {np.mean(leakage):.3f}"
        )


if __name__ == "__main__":
    main()
