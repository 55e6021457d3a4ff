"""Problems with images: reconstruct a record, reconstruct a class, read an update."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator

from sklearn_mid.attacks import MeanInputBaseline
from sklearn_mid.benchmark._problems._attribute import (
    check_kind,
    classifier_scores,
    model_figures,
)
from sklearn_mid.benchmark._protocol import HELD_OUT, MEMBERS, Judgement
from sklearn_mid.exceptions import SecretSeedWarning
from sklearn_mid.metrics import (
    evaluator_accuracy,
    judge_scores,
    nearest_neighbor_distance,
    reconstruction_gain,
    reconstruction_mse,
    reconstruction_psnr,
    reconstruction_ssim,
)
from sklearn_mid.neural_network import (
    DefendedNeuralNetClassifier,
    MIDNeuralNetClassifier,
)
from sklearn_mid.utils._optional import require

__all__ = [
    "ClassProblem",
    "ImageProblem",
    "RecordProblem",
    "UpdateProblem",
    "transferred",
]

# Images kept for the report.
_N_PICTURES = 8


@dataclass
class ImageProblem:
    """One split of images; a subclass says what is attacked.

    Attributes
    ----------
    X_train, X_test, X_aux, X_update : ndarray of shape (n_images, n_pixels)
        The target's people, its test, the attacker's images, and the records of
        updates (empty where there are none).
    y_train, y_test, y_update : ndarray of shape (n_images,)
    y_aux : ndarray of shape (n_images,) or None
        None if the attacker's images show people who are no class of the target.
    image_shape : tuple (channels, height, width)
    net : dict
        Parameters of the nets: layers and schedule.
    evaluator : classifier or None
        Judge of reconstructions, trained on other images than the target.
    n_attacked : int
        At most so many records of each population are attacked.
    public : callable or None
        Trains a net of the same layers on the attacker's images.

    Notes
    -----
    A defence is offered what is in `net`, and as its ``estimator`` the net without any
    defence; an attack is offered ``image_shape``.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    X_aux: np.ndarray
    y_aux: np.ndarray | None
    image_shape: tuple
    net: dict
    evaluator: Any = None
    X_update: Any = None
    y_update: Any = None
    n_attacked: int = 200
    public: Any = None

    def offers(self, kind: str, random_state: int) -> dict[str, Any]:
        """What there is for the parameters of a defence, an attack or a baseline.

        Parameters
        ----------
        kind : {"defence", "attack", "baseline"}
        random_state : int

        Returns
        -------
        dict
        """
        # Imported before the workers' threads are limited, so that the limit holds.
        require("torch", extra="nn", needed_by=type(self).__name__)
        if kind != "defence":
            return {"image_shape": self.image_shape}
        net = MIDNeuralNetClassifier(0.0, **self.net, random_state=random_state)
        return {**self.net, "estimator": net, "public": self.public}

    def fit(self, estimator: Any) -> Any:
        """Train a defence on the members, and return it."""
        check_kind(estimator, "classifier")
        with warnings.catch_warnings():
            # A suite's seeds are published, its models are not.
            warnings.simplefilter("ignore", SecretSeedWarning)
            return estimator.fit(self.X_train, self.y_train)

    def utility(self, target: Any) -> Judgement:
        """What a target is good for."""
        scores = [
            (population, metric, value)
            for population, X, y in self._populations
            for metric, value in classifier_scores(target, X, y).items()
        ]
        return Judgement(scores + model_figures(target))

    @property
    def _populations(self) -> tuple:
        return (
            (MEMBERS, self.X_train, self.y_train),
            (HELD_OUT, self.X_test, self.y_test),
        )

    def _mean_image(self, labels: np.ndarray) -> np.ndarray:
        """What is guessed without the model."""
        return MeanInputBaseline().fit(self.X_aux, self.y_aux).reconstruct(labels)

    def _pictures(self, **rows: np.ndarray) -> dict[str, list[np.ndarray]]:
        shape = self.image_shape
        images = {}
        for title, X in rows.items():
            pixels = np.reshape(X[:_N_PICTURES], (-1, *shape)) * 255
            pixels = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
            # Grey images have no third axis.
            pixels = pixels[:, 0] if shape[0] == 1 else np.moveaxis(pixels, 1, -1)
            images[title.replace("_", " ")] = list(pixels)
        return images

    def _likeness(
        self, truth: np.ndarray, found: np.ndarray, guess: np.ndarray
    ) -> dict[str, float]:
        """How close the images found come to the true ones."""
        return {
            "gain": reconstruction_gain(truth, found, guess),
            "mse": reconstruction_mse(truth, found),
            "psnr": reconstruction_psnr(truth, found),
            "ssim": reconstruction_ssim(truth, found, image_shape=self.image_shape),
        }

    def _recognised(
        self, found: np.ndarray, guess: np.ndarray, labels: np.ndarray
    ) -> dict[str, float]:
        """Share that the judge recognises, with and without the model."""
        scores = {"accuracy": evaluator_accuracy(self.evaluator, found, labels)}
        level = evaluator_accuracy(self.evaluator, guess, labels)
        scores["baseline accuracy"] = level
        scores["advantage"] = scores["accuracy"] - level
        return scores


class RecordProblem(ImageProblem):
    """The attacker sees a record's confidences, and wants the record."""

    def judge(self, attack: Any, target: Any) -> Judgement:
        """How well an attack, or a baseline (without a target), does."""
        attack.fit(self.X_aux, self.y_aux)
        values: list = []
        pictures = None
        for population, X, y in self._populations:
            X, y = X[: self.n_attacked], y[: self.n_attacked]
            guess = self._mean_image(y)
            if target is None:
                found = attack.reconstruct(y)
            else:
                found = attack.reconstruct(attack.query(X))
            scores = self._likeness(X, found, guess)
            scores |= self._recognised(found, guess, y)
            scores["n"] = len(X)
            values += [(population, metric, v) for metric, v in scores.items()]
            pictures = pictures or self._pictures(
                truth=X, mean_image=guess, reconstruction=found
            )
        return Judgement(values, pictures)


class ClassProblem(ImageProblem):
    """The attacker has the model, and wants a typical image of each class."""

    def judge(self, attack: Any, target: Any) -> Judgement:
        """How well an attack, or a baseline (without a target), does."""
        attack.fit(self.X_aux, self.y_aux)
        labels = np.unique(self.y_train)
        guess, found = self._mean_image(labels), attack.reconstruct(labels)
        truth = np.array([self.X_train[self.y_train == k].mean(0) for k in labels])
        scores = self._likeness(truth, found, guess)
        scores |= self._recognised(found, guess, labels)
        scores |= self._judged(found, labels)
        scores["nearest neighbour distance"] = nearest_neighbor_distance(
            self.X_train, found, y_private=self.y_train, labels=labels
        )
        scores["n"] = len(labels)
        return Judgement(
            [(MEMBERS, metric, value) for metric, value in scores.items()],
            self._pictures(class_mean=truth, mean_image=guess, reconstruction=found),
        )

    def _judged(self, found: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """What else the judge says, and what it says of real and of public images."""
        strangers = self.X_aux if self.y_aux is None else None
        scores = judge_scores(
            self.evaluator, found, labels, self.X_test, self.y_test, X_public=strangers
        )
        return {
            metric: float(value)
            for metric, value in scores.items()
            if metric != "accuracy"  # said above, beside that of the mean image
        }


class UpdateProblem(ImageProblem):
    """The attacker sees the model before and after an update, and wants the update."""

    def judge(self, attack: Any, target: Any) -> Judgement:
        """How well an attack, or a baseline (without a target), does."""
        # One who knows the labels of others, and sees no model.
        without = DummyClassifier(strategy="most_frequent").fit(self.X_aux, self.y_aux)
        level = without.score(self.X_update, self.y_update)
        score = attack.fit(self.X_aux, self.y_aux).score(self.X_update, self.y_update)
        if target is None:
            return Judgement([(MEMBERS, "accuracy", score)])
        update_size = getattr(attack, "update_size", 1)
        if hasattr(attack, "reconstruct"):
            scores = {"gain": score}
        elif update_size > 1:
            scores = {"label divergence in nats": -score}
        else:
            scores = {
                "accuracy": score,
                "baseline accuracy": level,
                "advantage": score - level,
            }
        scores["n"] = len(self.y_update) // update_size
        return Judgement([(MEMBERS, m, value) for m, value in scores.items()])


def transferred(
    estimator: MIDNeuralNetClassifier,
    public: Callable[[], MIDNeuralNetClassifier],
    *,
    n_frozen_layers: int,
) -> DefendedNeuralNetClassifier:
    """The problem's net, its first layers those of a net of public images."""
    net = DefendedNeuralNetClassifier(
        pretrained=FrozenEstimator(public()), n_frozen_layers=n_frozen_layers
    )
    own = net.get_params(deep=False)
    shared = estimator.get_params(deep=False).items()
    return net.set_params(**{name: value for name, value in shared if name in own})
