"""Problems with images: reconstruct a record, reconstruct a class, read an update."""

import functools
import shutil
import tempfile
import warnings
import weakref
from dataclasses import dataclass, field

import numpy as np

from sklearn_mid.benchmark._problems._attribute import classifier_scores, model_figures
from sklearn_mid.benchmark._protocol import HELD_OUT, MEMBERS, Judgement
from sklearn_mid.exceptions import SecretSeedWarning
from sklearn_mid.metrics import (
    evaluator_accuracy,
    nearest_neighbor_distance,
    reconstruction_gain,
    reconstruction_mse,
    reconstruction_psnr,
    reconstruction_ssim,
)

__all__ = [
    "ClassProblem",
    "ImageProblem",
    "MeanImage",
    "RecordProblem",
    "UpdateProblem",
]

# Images kept for the report.
_N_PICTURES = 8


class MeanImage:
    """What is guessed without the model: the mean image the attacker has.

    That of the class where the attacker has labelled images of it, else that of all.
    """

    access = "none"

    def fit(self, X, y=None):
        self._mean = X.mean(axis=0)
        self._class_means = (
            {} if y is None else {k: X[y == k].mean(axis=0) for k in np.unique(y)}
        )
        return self

    def guess(self, labels):
        """One image per label."""
        return np.array([self._class_means.get(k, self._mean) for k in labels])


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
        Parameters of the defended net.
    gan : dict
        Parameters of the attacker's generator of plausible images.
    evaluator : classifier or None
        Judge of reconstructions, trained on other images than the target.
    n_attacked : int
        At most so many records of each population are attacked.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    X_aux: np.ndarray
    y_aux: np.ndarray | None
    image_shape: tuple
    net: dict
    gan: dict = field(default_factory=dict)
    evaluator: object = None
    X_update: np.ndarray | None = None
    y_update: np.ndarray | None = None
    n_attacked: int = 200
    family: str = field(default="net", init=False)

    @functools.cached_property
    def scratch(self):
        """A folder for what attackers of several defences share; it goes with the
        problem."""
        folder = tempfile.mkdtemp(prefix="sklearn-mid-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def fit(self, estimator):
        with warnings.catch_warnings():
            # A suite's seeds are published, its models are not.
            warnings.simplefilter("ignore", SecretSeedWarning)
            return estimator.fit(self.X_train, self.y_train)

    def utility(self, target):
        scores = [
            (population, metric, value)
            for population, X, y in self._populations
            for metric, value in classifier_scores(target, X, y).items()
        ]
        return Judgement(scores + model_figures(target))

    @property
    def _populations(self):
        return (
            (MEMBERS, self.X_train, self.y_train),
            (HELD_OUT, self.X_test, self.y_test),
        )

    def _mean_image(self):
        return MeanImage().fit(self.X_aux, self.y_aux)

    def _pictures(self, **rows):
        shape = self.image_shape
        images = {}
        for title, X in rows.items():
            pixels = np.reshape(X[:_N_PICTURES], (-1, *shape)) * 255
            pixels = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
            # Grey images have no third axis.
            pixels = pixels[:, 0] if shape[0] == 1 else np.moveaxis(pixels, 1, -1)
            images[title.replace("_", " ")] = list(pixels)
        return images

    def _likeness(self, truth, found, guess):
        """How close the images found come to the true ones."""
        return {
            "gain": reconstruction_gain(truth, found, guess),
            "mse": reconstruction_mse(truth, found),
            "psnr": reconstruction_psnr(truth, found),
            "ssim": reconstruction_ssim(truth, found, image_shape=self.image_shape),
        }

    def _recognised(self, found, guess, labels):
        """Share that the judge recognises, with and without the model."""
        scores = {"accuracy": evaluator_accuracy(self.evaluator, found, labels)}
        level = evaluator_accuracy(self.evaluator, guess, labels)
        scores["baseline accuracy"] = level
        scores["advantage"] = scores["accuracy"] - level
        return scores


class RecordProblem(ImageProblem):
    """The attacker sees a record's confidences, and wants the record."""

    def judge(self, attack, target):
        attack.fit(self.X_aux, self.y_aux)
        without = self._mean_image()
        values, pictures = [], None
        for population, X, y in self._populations:
            X, y = X[: self.n_attacked], y[: self.n_attacked]
            guess = without.guess(y)
            if target is None:
                found = attack.guess(y)
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

    def judge(self, attack, target):
        attack.fit(self.X_aux, self.y_aux)
        labels = np.unique(self.y_train)
        guess = self._mean_image().guess(labels)
        found = attack.guess(labels) if target is None else attack.reconstruct(labels)
        truth = np.array([self.X_train[self.y_train == k].mean(0) for k in labels])
        scores = self._likeness(truth, found, guess)
        scores |= self._recognised(found, guess, labels)
        scores["nearest neighbour distance"] = nearest_neighbor_distance(
            self.X_train, found, y_private=self.y_train, labels=labels
        )
        scores["n"] = len(labels)
        return Judgement(
            [(MEMBERS, metric, value) for metric, value in scores.items()],
            self._pictures(class_mean=truth, mean_image=guess, reconstruction=found),
        )


class UpdateProblem(ImageProblem):
    """The attacker sees the model before and after an update, and wants the update."""

    def judge(self, attack, target):
        level = np.mean(self.y_update == _most_frequent(self.y_aux))
        if target is None:
            return Judgement([(MEMBERS, "accuracy", level)])
        score = attack.fit(self.X_aux, self.y_aux).score(self.X_update, self.y_update)
        if attack.task == "reconstruction":
            scores = {"gain": score}
        elif attack.update_size > 1:
            scores = {"label divergence in nats": -score}
        else:
            scores = {
                "accuracy": score,
                "baseline accuracy": level,
                "advantage": score - level,
            }
        scores["n"] = len(self.y_update) // attack.update_size
        return Judgement([(MEMBERS, m, value) for m, value in scores.items()])


def _most_frequent(labels):
    values, counts = np.unique(labels, return_counts=True)
    return values[counts.argmax()]
