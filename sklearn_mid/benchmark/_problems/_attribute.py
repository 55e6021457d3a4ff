"""What is asked of a defence on one split: train, be useful, be attacked.

A problem is the only thing the engine knows of machine learning. It has three verbs:

- ``fit(estimator)`` trains a defence and returns the target of the attacks;
- ``utility(target)`` says what the target is good for;
- ``judge(attack, target)`` lets an attack that is not fitted yet try its luck.

The latter two return a :class:`Judgement`. A third party's problem may be any object
with these verbs.
"""

import functools
import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn import metrics as skm
from sklearn.utils import check_consistent_length

from sklearn_mid.benchmark._protocol import HELD_OUT, MEMBERS, Judgement
from sklearn_mid.exceptions import SecretSeedWarning
from sklearn_mid.metrics import (
    attack_scores,
    dp_privacy_loss_bound,
    expected_calibration_error,
    information_accuracy_bound,
)
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.utils._target import parts

__all__ = ["AttributeProblem", "classifier_scores", "model_figures"]

# Numbers of records that differential privacy is asked to protect together.
_GROUP_SIZES = (1, 2, 5)


def classifier_scores(target, X, y):
    """What a classifier is good for on some records, and how sure it is of itself.

    ``"f1"`` averages over classes, ``"weighted f1"`` over records.
    ``"label confidence"`` is the mean confidence in the true label, ``"ece"`` the
    expected calibration error; both only where confidences are released.
    """
    predicted = target.predict(X)
    f1 = functools.partial(skm.f1_score, y, predicted, zero_division=0)
    scores = {
        "accuracy": skm.accuracy_score(y, predicted),
        "f1": f1(average="macro"),
        "weighted f1": f1(average="weighted"),
        "mcc": skm.matthews_corrcoef(y, predicted),
    }
    if hasattr(target, "predict_proba"):
        proba, labels = target.predict_proba(X), target.classes_
        is_label = np.asarray(y)[:, None] == np.asarray(labels)
        scores["label confidence"] = proba[is_label].sum() / len(y)
        if is_label.any(axis=1).all():
            scores["ece"] = expected_calibration_error(y, proba, labels=labels)
    return scores


def model_figures(target):
    """What a model says about itself: its information, and the epsilon it spent."""
    *_, inside = parts(target)
    model = inside.estimator
    figures = {
        "mutual information": getattr(model, "mutual_information_", None),
        "epsilon": getattr(model, "epsilon_", None),
        "delta": getattr(model, "delta_", None) or None,
    }
    return [(MEMBERS, k, float(v)) for k, v in figures.items() if v is not None]


def _as_text(values):
    try:
        return values.astype(str)
    except UnicodeDecodeError:  # bytes
        return values.map(repr)


@dataclass
class AttributeProblem:
    """One split of a table with a secret column.

    Three groups of people who do not overlap: the target is trained on the first
    (members) and tested on the second (held-out); the attacker knows the records of the
    third, secrets included.

    Attributes
    ----------
    X_train, X_test, X_aux : DataFrame
    y_train, y_test, y_aux : Series
    sensitive_feature : str or list of str
        The secret's column, or its one-hot group.
    other_sensitive : list
        Further attributes that a defence may protect at the same time.
    family : {"linear", "tree"}
        The kind of model that is defended.
    is_regression : bool
    units : dict of callable
        Further errors of a regression, by name: mean absolute error after applying
        the callable to truth and prediction.
    bounds : dict
        From the name of a numeric column to its (lower, upper) bounds, for defences
        that need them. One-hot columns lie in (0, 1) without saying so, and a
        regression's target in (-1, 1).
    """

    X_train: pd.DataFrame
    y_train: pd.Series
    X_test: pd.DataFrame
    y_test: pd.Series
    X_aux: pd.DataFrame
    y_aux: pd.Series
    sensitive_feature: object
    family: str
    is_regression: bool
    other_sensitive: list = field(default_factory=list)
    units: dict = field(default_factory=dict)
    bounds: dict = field(default_factory=dict)

    @classmethod
    def split(
        cls,
        X,
        y,
        *,
        secret,
        random_state,
        test_size=0.25,
        auxiliary_size=0.25,
        **others,
    ):
        """Split a table at random, the secret evenly over all parts.

        Parameters
        ----------
        X : DataFrame
        y : Series
        secret : Series
            Values of the secret, one per row.
        random_state : int
        test_size, auxiliary_size : float, default=0.25
            Shares of the held-out people and of those that the attacker knows; the
            rest are members.
        **others
            Further attributes.
        """
        for name, value, kind in (
            ("X", X, pd.DataFrame),
            ("y", y, pd.Series),
            ("secret", secret, pd.Series),
        ):
            if not isinstance(value, kind):
                raise TypeError(
                    f"{name} must be a {kind.__name__}, got {type(value).__name__}."
                )
        check_consistent_length(X, y, secret)
        strata = _as_text(secret)
        if not others["is_regression"]:
            strata = strata + "|" + _as_text(y)
        split = target_auxiliary_split(
            X,
            y,
            test_size=test_size,
            auxiliary_size=auxiliary_size,
            stratify=strata.to_numpy(),
            random_state=random_state,
        )
        parts = (split.target, split.test, split.auxiliary)
        if not all(len(part.indices) for part in parts):
            raise ValueError(
                f"test_size={test_size!r} and auxiliary_size={auxiliary_size!r} of "
                f"{len(X)} rows leave a part without any."
            )
        tables = [t.reset_index(drop=True) for part in parts for t in (part.X, part.y)]
        return cls(*tables, **others)

    @property
    def _populations(self):
        return (
            (MEMBERS, self.X_train, self.y_train),
            (HELD_OUT, self.X_test, self.y_test),
        )

    def fit(self, estimator):
        with warnings.catch_warnings():
            # A suite's seeds are published, its models are not.
            warnings.simplefilter("ignore", SecretSeedWarning)
            return estimator.fit(self.X_train, self.y_train)

    def utility(self, target):
        score = self._regression if self.is_regression else classifier_scores
        values = [
            (population, metric, value)
            for population, X, y in self._populations
            for metric, value in score(target, X, y).items()
        ]
        return Judgement(values + model_figures(target))

    def _regression(self, target, X, y):
        predicted = target.predict(X)
        errors = {
            name: skm.mean_absolute_error(to_unit(y), to_unit(predicted))
            for name, to_unit in self.units.items()
        }
        return {
            "mse": skm.mean_squared_error(y, predicted),
            "r2": skm.r2_score(y, predicted),
            **errors,
        }

    def judge(self, attack, target):
        attack.fit(self.X_aux, self.y_aux)
        values, accuracy = [], {}
        for population, X, y in self._populations:
            seen = attack.observe(X, y)
            scores = attack_scores(
                attack.sensitive_values(X),
                attack.infer(X, seen),
                attack.infer_proba(X, seen),
                values=attack.values_,
            )
            accuracy[population] = scores["accuracy"]
            if target is not None:
                level = self._baseline_accuracy(attack.knowledge)[population]
                scores["baseline accuracy"] = level
                scores["advantage"] = scores["accuracy"] - level
                scores |= self._bounds(target, population)
            values += [(population, m, v) for m, v in scores.items()]
            values.append((population, "n", len(X)))
        member_advantage = accuracy[MEMBERS] - accuracy[HELD_OUT]
        values.append((MEMBERS, "member advantage", member_advantage))
        return Judgement(values)

    def _bounds(self, target, population):
        """What theory allows an attacker, for models that come with a promise."""
        figures = {name: value for _, name, value in model_figures(target)}
        bounds = {}
        information = figures.get("mutual information", np.inf)
        if np.isfinite(information):
            # The best guess without the release: all that is known of it are the
            # baselines.
            levels = ("marginals", "labelled records")
            p_max = max(self._baseline_accuracy(k)[population] for k in levels)
            bounds["accuracy bound"] = information_accuracy_bound(information, p_max)
        if "epsilon" in figures and population == MEMBERS:
            epsilon, delta = figures["epsilon"], figures.get("delta", 0.0)
            # The bounds are about people who are replaced by others. Under a promise
            # about one more or one less, that is two steps.
            *_, inside = parts(target)
            is_replaced = inside.estimator.neighbors == "replace-one"
            for n in _GROUP_SIZES:
                for method in ("paper", "tight"):
                    bounds[f"privacy loss bound, {method}, n={n}"] = (
                        dp_privacy_loss_bound(
                            epsilon, n if is_replaced else 2 * n, delta, method=method
                        )
                    )
        return bounds

    @functools.cached_property
    def _baselines(self):
        return {}

    def _baseline_accuracy(self, knowledge):
        """Accuracy without the model, of one who knows as much as the attacker."""
        from sklearn_mid.attacks import ImputationBaseline, PriorBaseline

        if knowledge not in self._baselines:
            classes = {
                "marginals": PriorBaseline,
                "labelled records": ImputationBaseline,
            }
            baseline = classes[knowledge](self.sensitive_feature)
            baseline.fit(self.X_aux, self.y_aux)
            self._baselines[knowledge] = {
                population: baseline.score(X, y)
                for population, X, y in self._populations
            }
        return self._baselines[knowledge]
