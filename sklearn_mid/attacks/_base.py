"""The family of attacks: its base class, and that of those who reconstruct inputs."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.utils import (
    check_consistent_length,
)
from sklearn.utils.validation import validate_data

from sklearn_mid.exceptions import UnsupportedTargetError
from sklearn_mid.utils._gradients import with_gradients
from sklearn_mid.utils._inside import Inside, check_target, find_inside, unsupported
from sklearn_mid.utils._sklearn_compat import (
    DocLinks,
    _fit_context,
)
from sklearn_mid.utils._target import Target
from sklearn_mid.utils._validation import as_column

__all__ = ["WITHOUT_A_MODEL", "ModelInversionAttack", "ReconstructionAttack"]

# The attack without a model by what it knows: those add themselves where they are
# defined, since they are attacks, too.
WITHOUT_A_MODEL: dict[str, Any] = {}


class ModelInversionAttack(MetaEstimatorMixin, DocLinks, BaseEstimator):
    """Base class of all attacks.

    A subclass takes the attacked model as its parameter `estimator`. That model is
    fitted already and stays as it is: no attack fits or changes it. ``clone`` resets
    whatever it finds, so a target that must live through ``clone`` (in a grid search,
    say) is wrapped in :class:`sklearn.frozen.FrozenEstimator` by the user.

    ``fit`` takes what the attacker knows beforehand, ``score`` says how well the
    attack does. There is no ``predict``: an attack answers another question than the
    target.

    Attributes
    ----------
    access : {"none", "black-box", "white-box"}
        What the attacker has of the target: nothing, its outputs, or its inside.
    sees : {"true response", "released answer", "updates", "model only", "nothing"}
        What the attacker is told about the people under attack, or about the training.
    knowledge : {"marginals", "labelled records", "members", "inputs"}
        What the attacker learns from beforehand: how often each value of the secret
        occurs, whole records of other people, records of people whom the target was
        trained on, or inputs like those of the target.
    needs : tuple of str or tuple of str
        Methods of the target that are called; of a tuple, one is enough.
    inside : {"trees", "gradients"} or None
        What the attack must find inside the target, if anything.

    See Also
    --------
    AttributeInferenceAttack : Attacks that infer one attribute of a known person.
    ReconstructionAttack : Attacks that reconstruct a whole input.
    """

    access = "black-box"
    needs: tuple = (("predict_proba", "predict"),)
    inside: str | None = None

    _parameter_constraints: dict = {}

    @property
    def sees(self) -> str:
        """What is told of people; a plain attribute where it does not depend."""
        return "true response"

    @property
    def knowledge(self) -> str:
        """What is learned beforehand; a plain attribute where it does not depend."""
        return "marginals"

    def baseline(self) -> "ModelInversionAttack":
        """The attack without a model that knows as much.

        Returns
        -------
        baseline : ModelInversionAttack
            Not fitted. What it gets right is not the model's fault.
        """
        raise NotImplementedError(f"{type(self).__name__} has no baseline yet.")

    def unsuitable(self) -> str:
        """Why the attack cannot be run on its target, as far as that tells.

        Returns
        -------
        reason : str
            Empty if nothing speaks against it.
        """
        if self.access == "none":
            return ""
        try:
            self._check_suits()
        except UnsupportedTargetError as error:
            return str(error)
        return ""

    def _check_suits(self) -> None:
        """Raise UnsupportedTargetError unless the target has what is declared."""
        self._check_target(*self.needs)
        if self.inside is not None:
            self._inside()

    def _aim(self, **options: Any) -> Target:
        """The fitted target, to be looked at; `options` are those of Target."""
        for name in ("n_queries", "random_state"):
            if name in self._get_param_names():
                options.setdefault(name, getattr(self, name))
        return Target(self.estimator, caller=type(self).__name__, **options)

    def _check_target(self, *needs: str) -> Any:
        """The fitted target, which must have all the methods that are needed."""
        check_target(type(self).__name__, self.estimator, *needs)
        return self.estimator

    def _inside(self) -> Inside:
        """What this attack needs to find inside the target."""
        assert self.inside is not None
        return find_inside(type(self).__name__, self.estimator, self.inside)

    def _unsupported(self, reason: str) -> UnsupportedTargetError:
        """The error for a target that this attack cannot be run on."""
        return unsupported(type(self).__name__, self.estimator, reason)


class ReconstructionAttack(ModelInversionAttack):
    """Base class of attacks that reconstruct whole inputs.

    A subclass defines ``reconstruct(...)``, which returns inputs as an ndarray of
    shape (n_samples, n_features), and ``_fit_attack(X, y)``, which learns from
    auxiliary inputs that ``fit`` has validated.
    """

    access = "black-box"
    sees = "model only"
    knowledge = "inputs"
    needs: tuple = ("predict_proba",)

    def baseline(self) -> "ReconstructionAttack":
        """The guess of one who has inputs, but no model: their mean.

        Returns
        -------
        baseline : MeanInputBaseline
            Not fitted.
        """
        mean_input = WITHOUT_A_MODEL["inputs"]
        return mean_input(evaluator=getattr(self, "evaluator", None))

    @with_gradients
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None) -> "ReconstructionAttack":
        """Learn from the attacker's auxiliary inputs.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs like those of the target's training data, of other people.
        y : array-like of shape (n_samples,), default=None
            Labels of the auxiliary inputs, where an attack uses them.

        Returns
        -------
        self : object
            The fitted attack.
        """
        X = validate_data(self, X, dtype=[np.float64, np.float32])
        if y is not None:
            y = as_column(y, "y")
            check_consistent_length(X, y)
        self._fit_attack(X, y)
        return self
