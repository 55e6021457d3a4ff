"""A linear world with Gaussian noise, whose best attack is known."""

from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr
from scipy.stats import norm
from sklearn.utils import Bunch, check_random_state

from sklearn_mid.utils._sklearn_compat import Interval
from sklearn_mid.utils._validation import as_numbers, check_parameters

__all__ = ["make_linear_gaussian"]

_LARGEST = 1e100  # squares and products stay within floats
_CONSTRAINTS = {
    "n_samples": [Interval(Integral, 1, None, closed="left")],
    "n_known": [Interval(Integral, 0, None, closed="left")],
    "secret_coef": [Interval(Real, None, None, closed="neither")],
    "noise_variance": [Interval(Real, 0, 1e200, closed="right")],
    "random_state": ["random_state"],
}

_DESCR = """\
A linear Gaussian world

response = secret * secret_coef + known @ coef + noise, with a discrete secret, standard
normal known features and normal noise, all independent. What an attacker can learn is
known exactly; see make_linear_gaussian.
"""


def _bayes_accuracy(centres, probabilities, std):
    """Accuracy of argmax_v p_v phi_std(r - c_v) when r is drawn from the mixture.

    With equal variances, v beats w on one side of a threshold, so that the region
    where v wins is the interval between the nearest thresholds.
    """
    order = np.lexsort((probabilities, centres))
    centres, probabilities = centres[order], probabilities[order]
    # Of equal centres only the likeliest value is ever guessed.
    last = np.append(np.diff(centres) > 0, True)
    centres, probabilities = centres[last], probabilities[last]
    gap = centres[None, :] - centres[:, None]
    middle = (centres[None, :] + centres[:, None]) / 2
    log_odds = np.log(probabilities)[:, None] - np.log(probabilities)[None, :]
    off_diagonal = ~np.eye(len(centres), dtype=bool)
    shift = np.divide(std**2 * log_odds, gap, out=np.zeros_like(gap), where=gap != 0)
    threshold = middle + shift
    upper = np.where(off_diagonal & (gap > 0), threshold, np.inf).min(axis=1)
    lower = np.where(off_diagonal & (gap < 0), threshold, -np.inf).max(axis=1)
    inside = ndtr((upper - centres) / std) - ndtr((lower - centres) / std)
    return float(probabilities @ np.maximum(inside, 0))


def _mutual_information(centres, probabilities, std):
    """sum_v p_v E[ln phi_std(r - c_v) - ln p(r)], r normal about c_v."""
    z, step = np.linspace(-12, 12, 4801, retstep=True)
    residual = centres[:, None] + std * z
    density = sum(
        p * norm.pdf(residual, c, std)
        for c, p in zip(centres, probabilities, strict=True)
    )
    log_ratio = norm.logpdf(z) - np.log(std) - np.log(density)
    # The trapezoidal rule is exact to rounding for a smooth integrand that vanishes
    # at both ends.
    return float(probabilities @ (log_ratio @ norm.pdf(z)) * step)


def make_linear_gaussian(
    n_samples: int = 1000,
    *,
    n_known: int = 3,
    secret_values: Any = (0.0, 1.0),
    secret_probabilities: Any = None,
    secret_coef: float = 1.0,
    coef: Any = None,
    noise_variance: float = 1.0,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch:
    """Draw a regression with a discrete secret whose best attack is known.

    The response is ``secret * secret_coef + known @ coef + noise``; secret, known
    features (standard normal) and noise are independent.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of records.
    n_known : int, default=3
        Number of known features, 0 or more.
    secret_values : array-like of shape (n_values,), default=(0.0, 1.0)
        Distinct values of the secret.
    secret_probabilities : array-like of shape (n_values,), default=None
        Their positive weights, scaled to sum to 1; None for equal ones.
    secret_coef : float, default=1.0
        Coefficient of the secret.
    coef : array-like of shape (n_known,), default=None
        Coefficients of the known features; None draws them from a standard normal
        distribution.
    noise_variance : float, default=1.0
        Variance of the noise, positive: the mean squared error of the best model.
    random_state : int, RandomState instance or None, default=None
        Draws the coefficients and the records.

    Returns
    -------
    Bunch
        With the following items:

        - `data` : DataFrame of shape (n_samples, 1 + n_known), columns ``secret``,
          ``known_0``, ...; `target` : Series, the response; `frame` : both;
        - `feature_names`, `sensitive_features` (``["secret"]``), `DESCR`;
        - `coef` : ndarray of shape (1 + n_known,), that of the secret first;
        - `noise_variance` : as given;
        - `secret_values`, `secret_probabilities` : ndarrays of shape (n_values,);
        - `bayes_accuracy` : accuracy of the best attacker who knows the model, the
          known features and the response;
        - `prior_accuracy` : probability of the most frequent value, which is also the
          accuracy of the best attacker without the response;
        - `mutual_information` : I(secret; response | known features) in nats.

    See Also
    --------
    make_discrete_world : A classification whose truth is known.

    Examples
    --------
    >>> from sklearn_mid.datasets import make_linear_gaussian
    >>> world = make_linear_gaussian(100, secret_coef=2.0, random_state=0)
    >>> round(world.bayes_accuracy, 4)  # standard normal below 1
    0.8413
    """
    check_parameters(
        "make_linear_gaussian",
        _CONSTRAINTS,
        n_samples=n_samples,
        n_known=n_known,
        secret_coef=secret_coef,
        noise_variance=noise_variance,
        random_state=random_state,
    )
    rng = check_random_state(random_state)
    values = as_numbers(secret_values, "secret_values")
    if (
        values.ndim != 1
        or not values.size
        or not np.isfinite(values).all()
        or len(np.unique(values)) < values.size
    ):
        raise ValueError(
            f"secret_values must be a list of distinct numbers, got {secret_values!r}."
        )
    if secret_probabilities is None:
        probabilities = np.full(values.size, 1 / values.size)
    else:
        probabilities = as_numbers(secret_probabilities, "secret_probabilities")
        if (
            probabilities.shape != values.shape
            or not ((probabilities > 0) & (probabilities < np.inf)).all()
        ):
            raise ValueError(
                f"secret_probabilities={secret_probabilities!r} must hold one positive "
                f"weight for each of the {values.size} secret_values."
            )
        probabilities = probabilities / probabilities.sum()
    coef = rng.standard_normal(n_known) if coef is None else as_numbers(coef, "coef")
    if coef.shape != (n_known,) or not np.isfinite(coef).all():
        raise ValueError(
            f"coef must hold {n_known} finite numbers, one per known feature; got "
            f"{coef.tolist()}."
        )
    largest = np.abs(np.append(coef, [secret_coef, np.abs(values).max()])).max()
    if largest > _LARGEST:
        raise ValueError(
            "secret_values, secret_coef and coef must lie within "
            f"{_LARGEST:g} of 0, got {largest:g}."
        )
    secret = rng.choice(values, size=n_samples, p=probabilities)
    known = rng.standard_normal((n_samples, n_known))
    noise = np.sqrt(noise_variance) * rng.standard_normal(n_samples)
    names = ["secret", *(f"known_{i}" for i in range(n_known))]
    data = pd.DataFrame(np.column_stack([secret, known]), columns=names)
    target = pd.Series(secret * secret_coef + known @ coef + noise, name="response")
    truth = (values * secret_coef, probabilities, np.sqrt(noise_variance))
    return Bunch(
        data=data,
        target=target,
        frame=data.assign(response=target),
        feature_names=names,
        sensitive_features=["secret"],
        DESCR=_DESCR,
        coef=np.concatenate([[secret_coef], coef]),
        noise_variance=float(noise_variance),
        secret_values=values,
        secret_probabilities=probabilities,
        bayes_accuracy=_bayes_accuracy(*truth),
        prior_accuracy=float(probabilities.max()),
        mutual_information=_mutual_information(*truth),
    )
