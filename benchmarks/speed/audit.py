"""An audit of one model, in processor seconds, and the memory that it needs.

A secret of five values, ten columns of codes, boosting or a forest of 100 trees; one
half of the people, 20,000 at most, is known to the attackers, the others are attacked,
and as many members as are known.

What was slow, and what was done: intervals are made from each person's influence
instead of resamples; a model is asked once about the same people, whatever the attack;
what several attackers learn of the same people (imputation, priors) is learned once,
and asked about the same people once; of many people, 20,000 teach; people are told
apart by hashes of numbers instead of text. Of 400,000 people (py-spy) a fifth of the
time went to areas: each half of each attack's guesses is measured once now, and sorted
without regard to the order of ties; another to labels, which are read from the
confidences where these say so, and to a certificate that asked the model anew. What is
left is boosting's prediction, the learning attackers' and the model's.
"""

import numpy as np
import pandas as pd
import sklearn
from _harness import cost, parse_arguments, report
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from sklearn_mid.benchmark import audit

VERSIONS = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}
N_VALUES, N_TRAIN, SECRET = 5, 20_000, "c3"
MODELS = {
    "boosting": lambda: HistGradientBoostingClassifier(random_state=0),
    "forest of 100": lambda: RandomForestClassifier(100, random_state=0),
}


def people(n_samples, seed):
    """Ten coded columns and a response of two classes."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(N_VALUES, size=(n_samples, 10)).astype(float)
    codes[:, 3] = (codes[:, 3] + codes[:, 4] > 5) + codes[:, 3].clip(max=3)
    noise = rng.random((n_samples, 2)) * 4  # so that members are no others
    score = codes[:, :4].sum(axis=1) + rng.normal(size=n_samples)
    X = pd.DataFrame(codes, columns=[f"c{j}" for j in range(10)])
    return X.assign(c8=noise[:, 0], c9=noise[:, 1]), (score > 8).astype(int)


def prepared(name, n_people):
    members = people(N_TRAIN, 0)
    model = MODELS[name]().fit(*members)
    attacked = min(n_people // 2, N_TRAIN)
    return model, people(n_people, 1), tuple(part[:attacked] for part in members)


def look(given):
    model, others, members = given
    return audit(model, *others, SECRET, members=members, random_state=0)


def main():
    arguments = parse_arguments(__doc__)
    sizes = {"boosting": (40_000, 400_000), "forest of 100": (40_000,)}
    for name, counts in sizes.items():
        for n_people in counts:
            n_people //= 10 if arguments.quick else 1
            peak, seconds = cost(look, prepared, (name, n_people))
            case = f"{name}, {n_people:,} people, {N_VALUES} values"
            for figure, quantity, unit, reach in (
                (seconds, "processor time", "s", "<= 60 s"),
                (peak / 2**20, "peak memory", "MiB", "grows with the people only"),
            ):
                report(
                    "audit",
                    case,
                    figure,
                    quantity=quantity,
                    unit=unit,
                    reach=reach,
                    csv_path=arguments.csv,
                    versions=VERSIONS,
                )


if __name__ == "__main__":
    main()
