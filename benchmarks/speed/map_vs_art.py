"""Attribute inference on a tree, against the Adversarial Robustness Toolbox.

ART's white-box tree attack works row by row. Its guess is the value under which alone
the tree predicts the response; where there is no such value, or several, the one with
the largest prior times leaf size. Timed against it are

- the same rule on whole columns, whose guesses are checked to be equal, row by row;
- this package's attacks, whose rules are others; the share of equal guesses is printed.

ART 1.20.1 goes into a virtual environment of this script's own, in the user's cache,
since it brings its own pins. The script runs itself again in there, with this package
on the path, so that both sides are timed in one process.
"""

import os
import subprocess
import sys
import venv
import warnings
from pathlib import Path

from _harness import compare, parse_arguments, report

ART = "adversarial-robustness-toolbox==1.20.1"
IN_ENVIRONMENT = "SKLEARN_MID_ART_ENVIRONMENT"
ROOT = Path(__file__).resolve().parents[2]
SECRET = 2  # ART cannot attack the last column


def run_in_own_environment():
    """Make the environment where it is missing, and run this script in it."""
    import sklearn

    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    home = cache / "sklearn-mid" / f"art-1.20.1-scikit-learn-{sklearn.__version__}"
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        print(f"making {home}", flush=True)
        venv.create(home, with_pip=True, clear=True)
        packages = [ART, f"scikit-learn=={sklearn.__version__}", "pandas", "packaging"]
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
        (home / "complete").touch()
    environment = os.environ | {"PYTHONPATH": str(ROOT), IN_ENVIRONMENT: "1"}
    command = [python, __file__, *sys.argv[1:]]
    sys.exit(subprocess.run(command, env=environment).returncode)


def people(n_samples):
    """Six coded columns as floats, and a binary response."""
    import numpy as np

    rng = np.random.default_rng(0)
    X = rng.integers(4, size=(n_samples, 6)).astype(np.float32)
    score = X[:, SECRET] + X[:, 0] + rng.normal(scale=2, size=n_samples)
    return X, (score > score.mean()).astype(int)


def art_rule(tree, X, y, values, priors):
    """ART's guesses, for all rows at once."""
    import numpy as np

    work = X.copy()
    matches = np.empty((len(X), len(values)), dtype=bool)
    weights = np.empty(matches.shape)
    for i, value in enumerate(values):
        work[:, SECRET] = value
        leaf = tree.apply(work)
        matches[:, i] = tree.tree_.value[:, 0].argmax(axis=1)[leaf] == y
        weights[:, i] = tree.tree_.n_node_samples[leaf] * priors[i]
    one = matches.sum(axis=1) == 1
    return values[np.where(one, matches.argmax(axis=1), weights.argmax(axis=1))]


def main():
    arguments = parse_arguments(__doc__)
    if not os.environ.get(IN_ENVIRONMENT):
        run_in_own_environment()

    import numpy as np
    import sklearn
    from sklearn.tree import DecisionTreeClassifier

    from sklearn_mid.attacks import MAPAttack, WhiteBoxTreeAttack

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about frameworks that are not installed
        from art.attacks.inference.attribute_inference import (
            AttributeInferenceWhiteBoxDecisionTree,
        )
        from art.estimators.classification.scikitlearn import (
            ScikitlearnDecisionTreeClassifier,
        )

    written = {
        "csv_path": arguments.csv,
        "versions": {"art": "1.20.1", "scikit-learn": sklearn.__version__},
    }
    for n_samples in (1_000,) if arguments.quick else (1_000, 10_000):
        X, y = people(n_samples)
        tree = DecisionTreeClassifier(min_samples_leaf=5, random_state=0).fit(X, y)
        values, counts = np.unique(X[:, SECRET], return_counts=True)
        priors = counts / n_samples
        theirs = AttributeInferenceWhiteBoxDecisionTree(
            ScikitlearnDecisionTreeClassifier(tree), attack_feature=SECRET
        )
        known = np.delete(X, SECRET, axis=1)

        def peer(theirs=theirs, known=known, y=y, values=values, priors=priors):
            return theirs.infer(known, y, values=list(values), priors=list(priors))

        guesses = peer()

        def same_rule(tree=tree, X=X, y=y, values=values, priors=priors):
            return art_rule(tree, X, y, values, priors)

        np.testing.assert_array_equal(same_rule(), guesses)
        ours = {"the same rule on columns": same_rule}
        for attack in (
            MAPAttack(tree, SECRET),
            WhiteBoxTreeAttack(tree, SECRET, counts="leaf"),
            WhiteBoxTreeAttack(tree, SECRET),
        ):
            attack.fit(X, y)
            name = f"{type(attack).__name__} {getattr(attack, 'counts', '')}".strip()
            ours[name] = lambda attack=attack, X=X, y=y: attack.infer(X, y)
        for name, call in ours.items():
            case = f"{n_samples:,} rows, {len(values)} values: {name}, against ART"
            report(
                "MAP attack vs ART",
                case,
                compare(call, peer),
                reach="<= 0.05, 20 times faster",
                **written,
            )
            report(
                "MAP attack vs ART",
                case,
                float(np.mean(call() == guesses)),
                quantity="share of equal guesses",
                reach="1 for the same rule",
                **written,
            )


if __name__ == "__main__":
    main()
