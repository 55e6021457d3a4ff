"""Cross-fitted distillation, symmetric in the secret.

Teacher f_k and imputer pi_k are fitted without fold k. A person of fold k, with known
columns x, gives the student one row (x, v) for every value v, with target f_k(x, v)
and weight pi_k(v | x). What the person's secret and response are reaches the student
only through teachers that answer about other people; the idea of answering by models
that have not seen the person is that of SELENA (Tang et al., USENIX Security 2022).
With several partitions into folds, f_k and pi_k are means over the one teacher and the
one imputer of each that have not seen the person: what a teacher owes to the luck of
its folds averages out.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.utils.parallel import Parallel, delayed

from sklearn_mid.release._imputer import (
    RecordImputer,
    aligned_proba,
    fit_imputer,
    value_proba,
)
from sklearn_mid.release._students import (
    fit_regressor_student,
    fit_student,
    take_rows,
)
from sklearn_mid.utils._progress import progress

__all__ = [
    "candidate_outputs",
    "cross_fit",
    "distil",
    "residual_variance",
    "stack_candidates",
    "weights_of",
]

_LEAST_WEIGHT = 1e-3  # candidates below are no rows of the student


@dataclass
class CrossFit:
    """What models say of people whom they have not seen.

    Attributes
    ----------
    outputs : ndarray of shape (n_samples, n_values, n_outputs)
        Answers of the teachers at each value, means over the partitions.
    prior : ndarray of shape (n_samples, n_values)
        Probabilities of the values, likewise.
    squared_error : ndarray of shape (n_samples,)
        Of regressors' mean answer at the person's own value.
    teachers : list of estimators
        One for each fold of each partition.
    """

    outputs: np.ndarray
    prior: np.ndarray
    squared_error: np.ndarray
    teachers: list


def candidate_outputs(model, X, secrets, classes):
    """Answers at each value, of shape (n_samples, n_values, n_outputs).

    Class probabilities of a classifier, one number of a regressor.
    """
    records = [X] if secrets is None else secrets.substitute(X)
    outputs = []
    for X_v in records:
        if classes is None:
            outputs.append(np.asarray(model.predict(X_v), dtype=float)[:, None])
        else:
            outputs.append(aligned_proba(model, X_v, classes))
    return np.stack(outputs, axis=1)


def _fit_fold(estimator, imputer, X, y, held, inside, secrets, classes, fit_params):
    """Teacher and imputer without a fold, and what they say of it."""
    outside = np.flatnonzero(~inside)
    X_in, X_out = take_rows(X, np.flatnonzero(inside)), take_rows(X, outside)
    params = _params_of_rows(fit_params, outside, len(y))
    if classes is not None and len(np.unique(y[outside])) < 2:
        teacher = DummyClassifier(strategy="prior").fit(X_out, y[outside])
    else:
        teacher = clone(estimator).fit(X_out, y[outside], **params)
    outputs = candidate_outputs(teacher, X_in, secrets, classes)
    if secrets is None:
        prior = np.ones((len(X_in), 1))
    else:
        fitted = fit_imputer(
            imputer, secrets.drop(X_out), held[outside], weights_of(params)
        )
        prior = value_proba(fitted, secrets.drop(X_in), secrets.n_values)
    own = np.zeros(len(X_in))
    if classes is None:
        own = np.asarray(teacher.predict(X_in), dtype=float)
    return outputs, prior, own, teacher


def cross_fit(
    estimator, imputer, X, y, held, folds, secrets, classes, fit_params, n_jobs, verbose
):
    """Teachers for all folds; `folds` has a row for each partition."""
    inside = [fold == k for fold in folds for k in range(fold.max() + 1)]
    found = Parallel(n_jobs=n_jobs)(
        delayed(_fit_fold)(
            estimator, imputer, X, y, held, part, secrets, classes, fit_params
        )
        for part in progress(inside, verbose, desc="teachers")
    )
    n_values = 1 if secrets is None else secrets.n_values
    outputs = np.zeros((len(y), n_values, 1 if classes is None else len(classes)))
    prior, own = np.zeros((len(y), n_values)), np.zeros(len(y))
    for part, (f, pi, answer, _) in zip(inside, found, strict=True):
        outputs[part] += f
        prior[part] += pi
        own[part] += answer
    for total in (outputs, prior, own):
        total /= len(folds)
    error = (y - own) ** 2 if classes is None else own
    return CrossFit(outputs, prior, error, [teacher for *_, teacher in found])


def stack_candidates(X, crossed, secrets, weights):
    """Rows (x, v) with their targets and weights; the least probable are left out."""
    if secrets is None:
        return X, crossed.outputs[:, 0], weights
    kept = crossed.prior >= _LEAST_WEIGHT
    share = np.where(kept, crossed.prior, 0)
    share /= share.sum(axis=1, keepdims=True)
    rows = [np.flatnonzero(column) for column in kept.T]
    parts = [
        take_rows(X_v, r) for X_v, r in zip(secrets.substitute(X), rows, strict=True)
    ]
    if isinstance(X, pd.DataFrame):
        stacked = pd.concat(parts, ignore_index=True)
    else:
        stacked = np.concatenate(parts)
    targets = np.concatenate([crossed.outputs[r, v] for v, r in enumerate(rows)])
    weight = np.concatenate([(share[:, v] * weights)[r] for v, r in enumerate(rows)])
    return stacked, targets, weight


def distil(student, imputer, X, crossed, secrets, classes, weights, rng):
    """The student, and an imputer that has seen nobody's secret either."""
    rows, targets, weight = stack_candidates(X, crossed, secrets, weights)
    if classes is None:
        model = fit_regressor_student(student, rows, targets[:, 0], weight, rng)
    else:
        model = fit_student(student, rows, targets, classes, weight, rng)
    if secrets is None:
        return model, None
    known, values = secrets.drop(X), np.arange(secrets.n_values)
    if not known.shape[1]:
        nothing = np.empty((len(values), 0))
        return model, fit_imputer(imputer, nothing, values, crossed.prior.mean(axis=0))
    if isinstance(imputer, RecordImputer):
        # Soft targets are smooth, and held-out copies of a person would tell nothing.
        imputer = clone(imputer).set_params(early_stopping=False)
    return model, fit_student(imputer, known, crossed.prior, values, weights, rng)


def residual_variance(squared_error, weights):
    """Mean squared error; a speck where there is none."""
    return max(float(np.average(squared_error, weights=weights)), 1e-300)


def weights_of(fit_params):
    """The sample weights among parameters of fit, also for a step of a pipeline."""
    for name, value in fit_params.items():
        if name.split("__")[-1] == "sample_weight" and value is not None:
            return np.asarray(value, dtype=float)
    return None


def _params_of_rows(fit_params, rows, n_samples):
    """Parameters of fit, those with an entry for each sample cut to `rows`."""
    return {
        name: _rows_of(value, rows)
        if np.ndim(value) and len(value) == n_samples
        else value
        for name, value in fit_params.items()
    }


def _rows_of(value, rows):
    if hasattr(value, "iloc"):
        return value.iloc[rows]
    return np.asarray(value)[rows]
