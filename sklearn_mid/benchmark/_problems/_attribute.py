"""A table with a secret column, as a problem: train, be useful, be attacked."""

import functools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics as skm
from sklearn.base import BaseEstimator, clone, is_regressor
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils import check_consistent_length, get_tags

from sklearn_mid.attacks import ImputationBaseline, MAPAttack, PriorBaseline
from sklearn_mid.benchmark._problems._nats import SecretInNats
from sklearn_mid.benchmark._protocol import (
    HELD_OUT,
    MEMBERS,
    PRIVACY_LOSS_BOUNDS,
    VALIDATION,
    VALIDATION_MEMBERS,
    Judgement,
    Skip,
)
from sklearn_mid.exceptions import SecretSeedWarning
from sklearn_mid.metrics import (
    attack_scores,
    dp_privacy_loss_bound,
    expected_calibration_error,
    information_accuracy_bound,
)
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.utils._candidates import Candidates
from sklearn_mid.utils._inside import parts
from sklearn_mid.utils._target import AskedOnce

__all__ = [
    "AttributeProblem",
    "MAPOnRelease",
    "check_kind",
    "classifier_scores",
    "model_figures",
    "with_seed",
]


# A forest says 0 of what happens: the log loss would be infinite, and judge nothing.
_LEAST_CONFIDENCE = 0.01


def with_seed(estimator: BaseEstimator, random_state: int) -> BaseEstimator:
    """A copy whose dice, if it has any, are those of `random_state`."""
    names = (p for p in estimator.get_params() if p.split("__")[-1] == "random_state")
    return clone(estimator).set_params(**dict.fromkeys(names, random_state))


def check_kind(estimator: Any, wanted: str) -> None:
    """Skip unless the estimator is of the wanted type, or does not say."""
    kind = get_tags(estimator).estimator_type
    if kind not in (wanted, None):
        raise Skip(f"{type(estimator).__name__} is a {kind}, not a {wanted}")


class MAPOnRelease(MAPAttack):
    """MAP, told what the model answered about a person instead of the true response.

    The information bound speaks of this attacker: one who knows the true response as
    well may do better, because that tells about the secret by itself.
    """

    sees = "released answer"

    def observe(self, X: Any, y: Any = None) -> np.ndarray:
        """What the target answers; of a linear model's channel, with its noise."""
        released = self.estimator.predict(X)
        variance = getattr(self.estimator, "noise_variance_", None)
        if variance is None:
            return released
        rng = np.random.default_rng(self.random_state)
        return released + rng.normal(scale=np.sqrt(variance), size=len(released))

    def fit(self, X: Any, y: Any = None) -> "MAPOnRelease":
        """Learn from other people, of whom the answers are seen, too."""
        return super().fit(X, self.observe(X))


def _was_never_shown(target: Any, attack: Any) -> bool:
    """Whether the attack looks inside of a target that leaves the secret out."""
    return attack.access == "white-box" and hasattr(target, "kept_features_")


def classifier_scores(target: Any, X: Any, y: Any) -> dict[str, float]:
    """What a classifier is good for on some records, and how sure it is of itself.

    ``"f1"`` averages over classes, ``"weighted f1"`` over records.
    Where confidences are released: ``"label confidence"`` is the mean confidence in
    the true label, ``"log loss"`` that of its negative logarithm, in nats, none of them
    taken for less than 0.01, ``"ece"`` the expected calibration error.
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
            label = np.clip(proba[is_label], _LEAST_CONFIDENCE, None)
            scores["log loss"] = -np.log(label).mean()
            scores["ece"] = expected_calibration_error(y, proba, labels=labels)
    return scores


def model_figures(target: Any) -> list[tuple[str, str, float]]:
    """What a model says about itself: its information, and the epsilon it spent."""
    *_, inside = parts(target)
    model = inside.estimator
    figures = {
        "mutual information": getattr(model, "mutual_information_", None),
        "epsilon": getattr(model, "epsilon_", None),
        "delta": getattr(model, "delta_", None) or None,
    }
    return [(MEMBERS, k, float(v)) for k, v in figures.items() if v is not None]


def _as_text(values: pd.Series) -> pd.Series:
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

    Parameters
    ----------
    X_train : DataFrame
        Records of the members.
    y_train : Series
        Their responses.
    X_test, y_test, X_aux, y_aux : DataFrame and Series, in turn
        The same of the held-out people, and of those that the attacker knows.
    sensitive_feature : str or list of str
        The secret's column, or its one-hot group.
    estimator : estimator
        The model that is defended, not fitted. A regressor makes the problem a
        regression. A model of numbers gets one-hot columns in place of nominal ones,
        unless it has a ColumnTransformer of its own.
    other_sensitive : list
        Further attributes that a defence may protect at the same time.
    units : dict of callable
        Further errors of a regression, by name: mean absolute error after applying
        the callable to truth and prediction.
    bounds : dict
        From the name of a numeric column to its (lower, upper) bounds, for defences
        that need them. One-hot columns lie in (0, 1) without saying so, and a
        regression's target in (-1, 1).
    validation_size : float, default=0.0
        Share of the members and of the held-out people who are set apart for the
        choice of a strength: populations of their own, of whom no other figure tells.
    n_attacked : int, default=None
        At most so many people of each population are attacked; None: all.
    split_seed : int, default=0
        Deals people into those for the choice and the others.

    Notes
    -----
    What is offered to the parameters of a defence, by their names: ``estimator``,
    ``sensitive_feature``, ``bounds`` and ``target_bounds``. A suite may ask for more:
    ``"@secret"`` is the list of the secret alone, ``"@secrets"`` has the other
    sensitive attributes, too. An attack is offered ``sensitive_feature``.
    """

    X_train: pd.DataFrame
    y_train: pd.Series
    X_test: pd.DataFrame
    y_test: pd.Series
    X_aux: pd.DataFrame
    y_aux: pd.Series
    sensitive_feature: Any
    estimator: Any
    other_sensitive: list = field(default_factory=list)
    units: dict[str, Callable] = field(default_factory=dict)
    bounds: dict[str, tuple[float, float]] = field(default_factory=dict)
    validation_size: float = 0.0
    n_attacked: int | None = None
    split_seed: int = 0
    _asked: AskedOnce | None = field(
        default=None, init=False, repr=False, compare=False
    )

    @classmethod
    def split(
        cls,
        X: pd.DataFrame,
        y: pd.Series,
        *,
        secret: pd.Series,
        sensitive_feature: str | Sequence[str],
        estimator: BaseEstimator,
        random_state: int | None,
        test_size: float = 0.25,
        auxiliary_size: float = 0.25,
        other_sensitive: Sequence = (),
        units: dict[str, Callable] | None = None,
        bounds: dict[str, tuple[float, float]] | None = None,
        validation_size: float = 0.0,
        n_attacked: int | None = None,
    ) -> "AttributeProblem":
        """Split a table at random, the secret evenly over all parts.

        Parameters
        ----------
        X : DataFrame
            Records.
        y : Series
            Their responses.
        secret : Series
            Values of the secret, one per row.
        sensitive_feature : str or list of str
            The secret's column, or its one-hot group.
        estimator : estimator
            The model that is defended, not fitted.
        random_state : int, RandomState instance or None
            Of the split.
        test_size, auxiliary_size : float, default=0.25
            Shares of the held-out people and of those that the attacker knows; the
            rest are members.
        other_sensitive : list, default=()
            Further attributes that a defence may protect at the same time.
        units : dict of callable, default=None
            Further errors of a regression, by name.
        bounds : dict, default=None
            Public bounds of numeric columns, by name.
        validation_size : float, default=0.0
            Share of members and held-out people on whom strengths are chosen.
        n_attacked : int, default=None
            At most so many people of each population are attacked; None: all.

        Returns
        -------
        AttributeProblem
            The problem of this split.
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
        if not is_regressor(estimator):
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
        names = [f"{axis}_{role}" for role in ("train", "test", "aux") for axis in "Xy"]
        tables = [t.reset_index(drop=True) for part in parts for t in (part.X, part.y)]
        roles: dict[str, Any] = dict(zip(names, tables, strict=True))
        return cls(
            **roles,
            sensitive_feature=sensitive_feature,
            estimator=estimator,
            other_sensitive=list(other_sensitive),
            units=units or {},
            bounds=bounds or {},
            validation_size=validation_size,
            n_attacked=n_attacked,
            split_seed=random_state if isinstance(random_state, Integral) else 0,
        )

    @property
    def is_regression(self) -> bool:
        """Whether the response is a number."""
        return is_regressor(self.estimator)

    @functools.cached_property
    def _populations(self) -> tuple:
        groups = (
            (MEMBERS, VALIDATION_MEMBERS, self.X_train, self.y_train),
            (HELD_OUT, VALIDATION, self.X_test, self.y_test),
        )
        if not self.validation_size:
            return tuple((name, X, y) for name, _, X, y in groups)
        rng = np.random.default_rng(self.split_seed)
        found = []
        for name, of_choice, X, y in groups:
            order = rng.permutation(len(X))
            n_choice = round(self.validation_size * len(X))
            for part, rows in ((name, order[n_choice:]), (of_choice, order[:n_choice])):
                rows = np.sort(rows)
                found.append((part, X.iloc[rows], y.iloc[rows]))
        return tuple(found)

    @functools.cached_property
    def _attacked(self) -> tuple:
        n = self.n_attacked
        return tuple((name, X.iloc[:n], y.iloc[:n]) for name, X, y in self._populations)

    @functools.cached_property
    def _priors(self) -> tuple[Any, dict[str, np.ndarray]]:
        """What one who knows all but secret and response holds for probable."""
        knows = ImputationBaseline(
            self.sensitive_feature, use_response=False, random_state=0
        ).fit(self.X_aux, self.y_aux)
        priors = {name: knows.infer_proba(X, y) for name, X, y in self._attacked}
        candidates = Candidates.from_records(
            self.X_aux,
            self.sensitive_feature,
            None,
            feature_names=np.asarray(self.X_aux.columns),
        )
        return SecretInNats(candidates), priors

    def offers(self, kind: str, random_state: int) -> dict[str, Any]:
        """What there is for the parameters of a defence, an attack or a baseline.

        Parameters
        ----------
        kind : {"defence", "attack", "baseline"}
            Whose parameters.
        random_state : int
            Seeds what is offered.

        Returns
        -------
        dict
            From a parameter's name to its value.
        """
        secret = {"sensitive_feature": self.sensitive_feature}
        if kind != "defence":
            return secret
        estimator = with_seed(self.estimator, random_state)
        if self._needs_numbers(estimator):
            # By types: a wrapper may leave columns out before.
            text = make_column_selector(dtype_exclude="number")
            encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
            rest = "passthrough"
            columns = ColumnTransformer([("nominal", encoder, text)], remainder=rest)
            estimator = make_pipeline(columns, estimator)
        bounds = self._public_bounds()
        return {
            **secret,
            **({} if bounds is None else {"bounds": bounds}),
            "estimator": estimator,
            "secret": [self.sensitive_feature],
            "secrets": [self.sensitive_feature, *self.other_sensitive],
            "target_bounds": (-1, 1),
        }

    @property
    def _nominal(self) -> list:
        return list(self.X_train.select_dtypes(exclude="number").columns)

    def _needs_numbers(self, estimator: Any) -> bool:
        """Whether it takes no categories, and does not encode them itself."""
        if not self._nominal or get_tags(estimator).input_tags.categorical:
            return False
        inner = estimator.get_params().values()
        return not any(isinstance(v, ColumnTransformer) for v in (estimator, *inner))

    def _categories(self) -> list[list]:
        """Values of the questionnaire, also where no record has them."""
        data = self.X_train
        return [
            list(data[c].cat.categories)
            if isinstance(data[c].dtype, pd.CategoricalDtype)
            else sorted(data[c].unique())
            for c in self._nominal
        ]

    def _public_bounds(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Of every column of numbers, in the order in which `fit` hands them over.

        None if those of a column that is no share are not known.
        """
        numeric = [c for c in self.X_train if c not in self._nominal]
        others = self.X_train[[c for c in numeric if c not in self.bounds]]
        if not ((others >= 0) & (others <= 1)).all(axis=None):
            return None
        bounds: list[tuple[float, float]] = [(0, 1)] * sum(map(len, self._categories()))
        bounds += [self.bounds.get(column, (0, 1)) for column in numeric]
        low, high = np.transpose(bounds).astype(float)
        return low, high

    def fit(self, estimator: Any) -> Any:
        """Train a defence on the members.

        Parameters
        ----------
        estimator : estimator
            Not fitted.

        Returns
        -------
        target : estimator
            Fitted; with one-hot columns before it, if it needs numbers.
        """
        check_kind(estimator, "regressor" if self.is_regression else "classifier")
        if self._needs_numbers(estimator):
            encoder = OneHotEncoder(categories=self._categories(), sparse_output=False)
            columns = ColumnTransformer(
                [("nominal", encoder, self._nominal)], remainder="passthrough"
            )
            estimator = make_pipeline(columns, estimator)
        with warnings.catch_warnings():
            # A suite's seeds are published, its models are not.
            warnings.simplefilter("ignore", SecretSeedWarning)
            return estimator.fit(self.X_train, self.y_train)

    def utility(self, target: Any) -> Judgement:
        """What a target is good for.

        Parameters
        ----------
        target : fitted estimator
            From :meth:`fit`.

        Returns
        -------
        Judgement
            Scores on members and on held-out people, and what the model says of itself.
        """
        score = self._regression if self.is_regression else classifier_scores
        values = [
            (population, metric, value)
            for population, X, y in self._populations
            for metric, value in score(target, X, y).items()
        ]
        in_nats, priors = self._priors
        with self._asked_once(target):
            for population, X, y in self._attacked:
                figures = in_nats.of(target, X, y, priors[population])
                values += [(population, metric, v) for metric, v in figures.items()]
        return Judgement(values + model_figures(target))

    def _regression(self, target: Any, X: Any, y: Any) -> dict[str, float]:
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

    def judge(self, attack: Any, target: Any) -> Judgement:
        """How well an attack does, on members and on others.

        Parameters
        ----------
        attack : AttributeInferenceAttack
            Not fitted.
        target : fitted estimator or None
            What it attacks; None for a baseline.

        Returns
        -------
        Judgement
            Scores on members and on held-out people, and bounds on them.
        """
        if target is not None and _was_never_shown(target, attack):
            # Path counts that are the same for every value leave the prior.
            attack = attack.baseline()

        with self._asked_once(target):
            attack.fit(self.X_aux, self.y_aux)
        values, accuracy = [], {}
        for population, X, y in self._attacked:
            with self._asked_once(target):
                guessed, proba = attack.infer_with_proba(X, attack.observe(X, y))
            scores = attack_scores(
                attack.sensitive_values(X), guessed, proba, values=attack.values_
            )
            accuracy[population] = scores["accuracy"]
            if target is not None:
                level = self._accuracy(attack.baseline())[population]
                scores["baseline accuracy"] = level
                scores["advantage"] = scores["accuracy"] - level
                scores |= self._bounds(target, population)
            values += [(population, m, v) for m, v in scores.items()]
            values.append((population, "n", len(X)))
        member_advantage = accuracy[MEMBERS] - accuracy[HELD_OUT]
        values.append((MEMBERS, "member advantage", member_advantage))
        return Judgement(values)

    def _bounds(self, target: Any, population: str) -> dict[str, float]:
        """What theory allows an attacker, for models that come with a promise."""
        figures = {name: value for _, name, value in model_figures(target)}
        bounds = {}
        information = figures.get("mutual information", np.inf)
        if np.isfinite(information):
            # The best guess without the release: all that is known are baselines.
            known = [PriorBaseline, ImputationBaseline]
            levels = [self._accuracy(b(self.sensitive_feature)) for b in known]
            p_max = max(level[population] for level in levels)
            bounds["accuracy bound"] = information_accuracy_bound(information, p_max)
        if "epsilon" in figures and population == MEMBERS:
            epsilon, delta = figures["epsilon"], figures.get("delta", 0.0)
            # The bounds are about people who are replaced by others. Under a promise
            # about one more or one less, that is two steps.
            *_, inside = parts(target)
            steps = 1 if inside.estimator.neighbors == "replace-one" else 2
            for (method, n), name in PRIVACY_LOSS_BOUNDS.items():
                bounds[name] = dp_privacy_loss_bound(
                    epsilon, steps * n, delta, method=method
                )
        return bounds

    def _asked_once(self, target: Any) -> AskedOnce:
        """A context in which the attacks on one target share its answers."""
        if self._asked is None or self._asked.estimator is not target:
            self._asked = AskedOnce(target)
        return self._asked

    @functools.cached_property
    def _accuracies(self) -> dict[str, dict[str, float]]:
        return {}

    def _accuracy(self, baseline: Any) -> dict[str, float]:
        """Of a baseline, by population; each is asked but once."""
        key = repr(baseline)
        if key not in self._accuracies:
            baseline.fit(self.X_aux, self.y_aux)
            self._accuracies[key] = {
                population: baseline.score(X, y) for population, X, y in self._attacked
            }
        return self._accuracies[key]
