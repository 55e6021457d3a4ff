"""What the meta-estimators share: fitting both parts, and answering by codes."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import entr
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GroupKFold
from sklearn.utils import check_array, check_random_state, get_tags
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    check_memory,
    validate_data,
)

from sklearn_mid.release._channel import code_masses, release_codes
from sklearn_mid.release._distillation import (
    candidate_outputs,
    cross_fit,
    distil,
    residual_variance,
    weights_of,
)
from sklearn_mid.release._folds import fold_of_each
from sklearn_mid.release._imputer import RecordImputer, fit_imputer, value_proba
from sklearn_mid.release._quantizer import Quantizer
from sklearn_mid.release._secrets import Secrets
from sklearn_mid.release._students import take_rows
from sklearn_mid.utils._candidates import check_no_infinity, check_not_complex
from sklearn_mid.utils._sklearn_compat import (
    DocLinks,
    HasMethods,
    Interval,
    _check_sample_weight,
    _fit_context,
)

_MOST_CELLS = 2_000_000  # answers held at a time


class BaseRelease(MetaEstimatorMixin, DocLinks, BaseEstimator):
    """Distillation and release channel around an estimator."""

    _parameter_constraints: dict = {
        "sensitive_features": ["array-like", str, Integral, None],
        "reg_lambda": [Interval(Real, 0, np.inf, closed="both")],
        "distill": ["boolean"],
        "imputer": [HasMethods(["fit", "predict_proba"]), None],
        "student": [HasMethods(["fit", "predict"]), None],
        "cv": ["cv_object"],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "max_values": [Interval(Integral, 2, None, closed="left")],
        "keep_teachers": ["boolean"],
        "memory": [str, HasMethods(["cache"]), None],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: BaseEstimator,
        sensitive_features: str | int | Sequence | None = None,
        reg_lambda: float = 0.1,
        *,
        distill: bool = True,
        imputer: BaseEstimator | None = None,
        student: BaseEstimator | None = None,
        cv: Any = 10,
        n_repeats: int = 1,
        max_values: int = 50,
        keep_teachers: bool = False,
        memory: Any = None,
        n_jobs: int | None = None,
        verbose: bool | int = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.sensitive_features = sensitive_features
        self.reg_lambda = reg_lambda
        self.distill = distill
        self.imputer = imputer
        self.student = student
        self.cv = cv
        self.n_repeats = n_repeats
        self.max_values = max_values
        self.keep_teachers = keep_teachers
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike, **fit_params: Any) -> Self:
        """Fit teachers, student and channel.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Training records. One whose secret is missing teaches the imputer nothing;
            it trains the estimator, if that takes missing values.
        y : array-like of shape (n_samples,)
            Response.
        **fit_params : dict
            `groups`, the person of each record, goes to the folds; what else is given
            goes to ``fit`` of the estimator and of its teachers, cut to the records
            they see. `sample_weight`, also as a step's in a pipeline, weighs the
            imputer, the student and the averages as well. With metadata routing
            enabled, what was requested is passed on.

        Returns
        -------
        self : object
            The fitted model.

        Raises
        ------
        ValueError
            If the secrets cannot be found in X or take too many values; if folds are
            no partition, or are given and to be repeated; if a frozen estimator is to
            be distilled.
        """
        X = self._check(X, reset=True)
        y = self._check_response(y)
        check_consistent_length(X, y)
        fit_params, groups = self._routed(fit_params)
        if self.distill and isinstance(self.estimator, FrozenEstimator):
            raise ValueError(
                "distill=True needs teachers, but estimator is frozen and cannot be "
                "fitted. Pass distill=False to put the channel alone behind it."
            )
        if self.distill and self.n_repeats > 1 and not isinstance(self.cv, Integral):
            raise ValueError(
                f"n_repeats={self.n_repeats} deals folds anew, which takes an int as "
                f"cv, but cv is of type {type(self.cv).__name__}. Pass their number, "
                "or n_repeats=1."
            )
        self._secrets: Any = None
        held = None
        if self.sensitive_features is not None:
            self._secrets, held = Secrets.from_records(
                X,
                self.sensitive_features,
                getattr(self, "feature_names_in_", None),
                self.max_values,
            )
            self.values_ = self._secrets.values
        cached = check_memory(self.memory).cache(
            _fit_parts, ignore=["n_jobs", "verbose"], verbose=0
        )
        parts = cached(
            self.estimator,
            self.student,
            self.imputer,
            X,
            y,
            held,
            self._secrets,
            getattr(self, "classes_", None),
            distill=self.distill,
            cv=self.cv,
            n_repeats=self.n_repeats if self.distill else 1,
            groups=groups,
            fit_params=fit_params,
            keep_teachers=self.keep_teachers,
            needs_variance=(
                not self.distill
                and not hasattr(self, "classes_")
                and 0 < self.reg_lambda < np.inf
            ),
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            verbose=self.verbose,
        )
        self.estimator_ = parts["estimator"]
        if self._secrets is not None:
            self.imputer_ = parts["imputer"]
        if self.keep_teachers:
            self.teachers_ = parts["teachers"]
        self._loss = self._fit_loss(parts["variance"])
        self._lambda = self._effective_lambda()
        self._fit_channel(X, _check_sample_weight(weights_of(fit_params), X))
        return self

    def _fit_channel(self, X, weights):
        if self._secrets is None:
            outputs = self._channel_outputs(X)[:, 0]
            self._quantizer, code = (
                None,
                np.unique(outputs, axis=0, return_inverse=True)[1].ravel(),
            )
            if self._lambda > 0:
                rng = check_random_state(self.random_state)
                self._quantizer = Quantizer(self._lambda, self._loss)
                self._quantizer.fit(outputs, weights, rng)
                code = self._quantizer.encode(outputs)
            shares = np.bincount(code, weights) / weights.sum()
            self.conditional_information_ = float(entr(shares).sum())
            return
        information, best, baseline = np.empty((3, len(weights)))
        for part, prior, codes, _, _ in self._channel(X):
            information[part] = entr(code_masses(codes, prior)).sum(axis=1)
            top = np.zeros_like(prior)
            rows = np.arange(len(codes))
            for v in range(prior.shape[1]):
                cell = rows, codes[:, v]
                top[cell] = np.maximum(top[cell], prior[:, v])
            best[part], baseline[part] = top.sum(axis=1), prior.max(axis=1)
        for name, values in (
            ("conditional_information_", information),
            ("vulnerability_", best),
            ("baseline_vulnerability_", baseline),
        ):
            setattr(self, name, float(np.average(values, weights=weights)))

    def _channel_outputs(self, X):
        """Answers at the candidates as the channel takes them."""
        outputs = candidate_outputs(
            self.estimator_, X, self._secrets, getattr(self, "classes_", None)
        )
        if outputs.shape[2] <= 2:
            return outputs[:, :, -1]
        return outputs

    def _channel(self, X):
        """Rows, prior, codes, released answers and the model's, part by part."""
        n_values = self._secrets.n_values
        n_outputs = len(getattr(self, "classes_", [0]))
        step = max(_MOST_CELLS // (n_values * n_outputs), 1)
        for start in range(0, len(X), step):
            part = slice(start, start + step)
            X_part = take_rows(X, part)
            outputs = self._channel_outputs(X_part)
            known = self._secrets.drop(X_part)
            prior = value_proba(self.imputer_, known, n_values)
            codes, released = release_codes(outputs, prior, self._lambda, self._loss)
            yield part, prior, codes, released, outputs

    def _release(self, X):
        """Code and answer of each record."""
        X = self._check(X, reset=False)
        if self._secrets is None:
            outputs = self._channel_outputs(X)[:, 0]
            if self._quantizer is None:
                codes = np.unique(outputs, axis=0, return_inverse=True)[1].ravel()
                return codes, outputs
            codes = self._quantizer.encode(outputs)
            return codes, self._quantizer.answers[codes]
        held = self._secrets.encode(X)
        code = np.empty(len(held), dtype=np.intp)
        answers = []
        for part, prior, codes, released, outputs in self._channel(X):
            own = held[part]
            rows = np.arange(len(own))
            answer = released[rows, own]
            is_missing = own < 0
            weight = prior[is_missing]
            weight = weight if outputs.ndim == 2 else weight[:, :, None]
            answer[is_missing] = (weight * outputs[is_missing]).sum(axis=1)
            code[part] = np.where(is_missing, -1, codes[rows, own])
            answers.append(answer)
        if self._lambda == 0 and (held >= 0).any():
            plain = np.concatenate(answers)
            plain[held >= 0] = self._plain_outputs(take_rows(X, held >= 0))
            return code, plain
        return code, np.concatenate(answers)

    def _answer(self, X):
        """Answers alone: at lambda 0 those of the model, without the channel."""
        if self._lambda == 0 and self._secrets is not None:
            X = self._check(X, reset=False)
            if (self._secrets.encode(X) >= 0).all():
                return self._plain_outputs(X)
        return self._release(X)[1]

    def _plain_outputs(self, X):
        """The model's own answers, where a binned secret is not rounded either."""
        outputs = candidate_outputs(
            self.estimator_, X, None, getattr(self, "classes_", None)
        )[:, 0]
        return outputs[:, -1] if outputs.shape[1] <= 2 else outputs

    def information(self, X: ArrayLike) -> np.ndarray:
        """Information that each record's answer carries.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Records; what stands in the sensitive columns does not matter.

        Returns
        -------
        information : ndarray of shape (n_samples,)
            In nats: the entropy of the record's code given its known columns,
            ``I(X_s; Yhat | X_k = x_k)``; without `sensitive_features`, the surprise
            ``-ln P(T = t(x))``, whose mean is I(X; T) (``inf`` at ``reg_lambda=0``,
            where nothing is coded).
        """
        check_is_fitted(self)
        records = self._check(X, reset=False)
        if self._secrets is None:
            if self._quantizer is None:
                return np.full(len(records), np.inf)
            codes = self._quantizer.encode(self._channel_outputs(records)[:, 0])
            return -np.log(self._quantizer.shares)[codes] + 0.0
        return np.concatenate(
            [
                entr(code_masses(codes, prior)).sum(axis=1)
                for _, prior, codes, _, _ in self._channel(records)
            ]
        )

    def _routed(self, fit_params):
        """Parameters of the estimator's fit, and groups for the folds."""
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", **fit_params)
            return dict(routed.estimator.fit), routed.splitter.split.get("groups")
        rest = {k: v for k, v in fit_params.items() if k != "groups"}
        return rest, fit_params.get("groups")

    def get_metadata_routing(self) -> MetadataRouter:
        """Routing of `fit`: to the estimator, and `groups` to the folds.

        Returns
        -------
        routing : MetadataRouter
            See the user guide of scikit-learn.
        """
        splitter = self.cv if hasattr(self.cv, "split") else GroupKFold()
        return (
            MetadataRouter(owner=type(self).__name__)
            .add_self_request(self)
            .add(
                estimator=self.estimator,
                method_mapping=MethodMapping().add(caller="fit", callee="fit"),
            )
            .add(
                splitter=splitter,
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
        )

    def _check(self, X, *, reset):
        """Names and number of columns; a DataFrame stays one, strings stay strings."""
        if not hasattr(X, "iloc"):
            # A query's secret may be missing; what else is, the model refuses.
            is_nan_refused = reset and not get_tags(self).input_tags.allow_nan
            X = check_array(
                X,
                dtype=None,
                ensure_all_finite=True if is_nan_refused else "allow-nan",
                estimator=self,
                input_name="X",
            )
        validate_data(self, X, skip_check_array=True, reset=reset)
        check_not_complex(X)
        check_no_infinity(X)
        _check_cells(X)
        return X

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if hasattr(self.estimator, "__sklearn_tags__"):
            inner = get_tags(self.estimator)
            tags.classifier_tags = inner.classifier_tags
            tags.regressor_tags = inner.regressor_tags
            tags.input_tags = inner.input_tags
        tags.input_tags.sparse = False
        return tags


def _check_cells(X):
    """Raise if a column holds what is neither a number nor text."""
    frame = pd.DataFrame(X)
    for j, dtype in enumerate(frame.dtypes):
        if pd.api.types.is_object_dtype(dtype):
            try:
                set(frame.iloc[:, j])
            except TypeError as error:
                raise TypeError(
                    f"X holds in column {j} what cannot be told apart ({error}); each "
                    "argument must be a string or a number."
                ) from error


def _fit_parts(
    estimator,
    student,
    imputer,
    X,
    y,
    held,
    secrets,
    classes,
    *,
    distill,
    cv,
    n_repeats,
    groups,
    fit_params,
    keep_teachers,
    needs_variance,
    random_state,
    n_jobs,
    verbose,
):
    """All that does not depend on lambda."""
    rng = check_random_state(random_state)
    estimator = _seeded(estimator, rng)
    imputer = _seeded(RecordImputer() if imputer is None else imputer, rng)
    weights = weights_of(fit_params)
    weights = np.ones(len(y)) if weights is None else weights
    known = X if secrets is None else secrets.drop(X)
    crossed, variance = None, 1.0
    if distill or (needs_variance and not _is_frozen(estimator)):
        folds = [
            fold_of_each(
                known, y, cv, groups=groups, is_classifier=classes is not None, rng=rng
            )
            for _ in range(n_repeats)
        ]
        crossed = cross_fit(
            estimator,
            imputer,
            X,
            y,
            held,
            folds,
            secrets,
            classes,
            fit_params,
            n_jobs,
            verbose,
        )
        variance = residual_variance(crossed.squared_error, weights)
    if distill:
        student = _seeded(estimator if student is None else student, rng)
        model, imputer = distil(
            student, imputer, X, crossed, secrets, classes, weights, rng
        )
    else:
        model = clone(estimator).fit(X, y, **fit_params)
        if secrets is not None:
            imputer = fit_imputer(imputer, known, held, weights_of(fit_params))
        if needs_variance and crossed is None:
            error = (y - np.asarray(model.predict(X), dtype=float)) ** 2
            variance = residual_variance(error, weights)
    return {
        "estimator": model,
        "imputer": imputer,
        "variance": variance,
        "teachers": crossed.teachers if keep_teachers and crossed else None,
    }


def _is_frozen(estimator):
    return isinstance(estimator, FrozenEstimator)


def _seeded(estimator, rng):
    """A clone whose unset seeds are drawn."""
    estimator = clone(estimator)
    if _is_frozen(estimator):
        return estimator
    seeds = {
        name: rng.randint(np.iinfo(np.int32).max)
        for name, value in sorted(estimator.get_params().items())
        if name.split("__")[-1] == "random_state" and value is None
    }
    return estimator.set_params(**seeds)
