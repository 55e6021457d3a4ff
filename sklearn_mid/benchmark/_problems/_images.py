"""Images of the suites, each as a problem of one of three tasks."""

from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC
from sklearn.utils import Bunch

from sklearn_mid.benchmark._problems._image_problems import (
    ClassProblem,
    ImageProblem,
    RecordProblem,
    UpdateProblem,
)
from sklearn_mid.datasets import (
    fetch_auxiliary_faces,
    fetch_cifar10,
    fetch_lfw_faces,
    fetch_mnist,
    fetch_orl_faces,
    load_digits,
)
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.neural_network import MIDNeuralNetClassifier
from sklearn_mid.utils._optional import require

__all__ = [
    "cifar10",
    "digits",
    "lfw_faces",
    "mnist",
    "mnist_halves",
    "orl_faces",
]

_TASKS = {"records": RecordProblem, "classes": ClassProblem, "updates": UpdateProblem}


def _problem(task: str) -> type[ImageProblem]:
    if task not in _TASKS:
        raise ValueError(f"task={task!r} is not allowed; choose one of {list(_TASKS)}.")
    return _TASKS[task]


def _roles(split: Any) -> dict[str, Any]:
    """The parts of a split under the names of a problem."""
    names = {"target": "train", "test": "test", "auxiliary": "aux"}
    return {
        f"{axis}_{name}": getattr(getattr(split, role), axis)
        for role, name in names.items()
        for axis in ("X", "y")
    }


def _labelled(
    bunch: Bunch,
    task: str,
    random_state: int,
    sizes: dict[str, Any],
    net: dict[str, Any],
) -> ImageProblem:
    """The attacker has labelled images of the same classes.

    Images of a fourth group are those of the updates, or train the judge.
    """
    split = target_auxiliary_split(
        bunch.data,
        bunch.target,
        stratify=bunch.target,
        random_state=random_state,
        **sizes,
    )
    others: dict[str, Any]
    if task == "updates":
        others = {"X_update": split.update.X, "y_update": split.update.y}
    else:
        judge = SVC(gamma="scale").fit(split.update.X, split.update.y)
        others = {"evaluator": judge}
    return _problem(task)(
        **_roles(split), image_shape=bunch.image_shape, net=net, **others
    )


def digits(
    *, random_state: int, task: str = "records", max_epochs: int = 200
) -> ImageProblem:
    """Handwritten digits of 8 x 8 pixels; nothing to download.

    Nets are trained long: the noise of a bottleneck grows slowly.
    """
    sizes = {"test_size": 0.2, "auxiliary_size": 0.3, "update_size": 0.1}
    net = {"hidden_layer_sizes": (128,), "max_epochs": max_epochs}
    return _labelled(load_digits(), task, random_state, sizes, net)


def _plain_descent() -> dict[str, Any]:
    """Steps along the gradient and nothing else.

    With momentum an update is mostly the training's last steps, which hides what the
    new record adds: an accident that would pass for a defence.
    """
    torch = require("torch", extra="nn", needed_by="benchmarks of updates")
    return {"optimizer": torch.optim.SGD, "learning_rate": 0.1}


def mnist(
    *,
    random_state: int,
    task: str = "updates",
    max_epochs: int = 10,
    n_update: int = 500,
) -> ImageProblem:
    """Handwritten digits of 28 x 28 pixels."""
    sizes = {"test_size": 2000, "auxiliary_size": 4000, "update_size": n_update}
    net = {"hidden_layer_sizes": (128,), "max_epochs": max_epochs, **_plain_descent()}
    return _labelled(fetch_mnist(), task, random_state, sizes, net)


def _convolutional(
    image_shape: tuple, *, max_epochs: int, batch_size: int
) -> dict[str, Any]:
    return {
        "encoder": "conv",
        "image_shape": image_shape,
        "max_epochs": max_epochs,
        "batch_size": batch_size,
        "learning_rate": 1e-3,
    }


def _trained(
    net: dict[str, Any], X: np.ndarray, y: np.ndarray, random_state: int
) -> MIDNeuralNetClassifier:
    """A net of the problem's layers without any defence: a judge, or one to take
    layers from."""
    return MIDNeuralNetClassifier(0.0, **net, random_state=random_state).fit(X, y)


def mnist_halves(
    *, random_state: int, task: str = "classes", max_epochs: int = 10
) -> ImageProblem:
    """The digits 0 to 4 are private; the attacker has images of 5 to 9 only."""
    bunch = fetch_mnist()
    is_private = bunch.target < 5
    # The images that are nobody's test train the judge.
    split = target_auxiliary_split(
        bunch.data[is_private],
        bunch.target[is_private],
        test_size=800,
        auxiliary_size=1800,
        stratify=bunch.target[is_private],
        random_state=random_state,
    )
    net = _convolutional(bunch.image_shape, max_epochs=max_epochs, batch_size=64)
    X_public, y_public = bunch.data[~is_private], bunch.target[~is_private]
    roles = _roles(split) | {"X_aux": X_public, "y_aux": None}
    return _problem(task)(
        **roles,
        image_shape=bunch.image_shape,
        net=net,
        evaluator=_trained(net, split.auxiliary.X, split.auxiliary.y, random_state + 1),
        public=lambda: _trained(net, X_public, y_public, random_state),
    )


def lfw_faces(
    *,
    random_state: int,
    task: str = "classes",
    size: int = 32,
    n_people: int = 40,
    max_images: int = 100,
    max_epochs: int = 30,
) -> ImageProblem:
    """Faces of people in the news; the attacker has faces of other people only.

    Nets start from what the public images teach, the judge from nothing.
    """
    require("torch", extra="nn", needed_by="benchmarks of faces")
    from sklearn_mid.benchmark._problems._face_nets import (
        face_encoder,
        oriented_gradients,
    )

    faces: Any = fetch_lfw_faces(max_images=max_images)
    public: Any = fetch_lfw_faces(subset="public")
    image_shape = (1, size, size)
    is_private = faces.target < n_people  # those with the most images
    y = faces.target[is_private]
    split = target_auxiliary_split(
        _shrunk(faces, size)[is_private],
        y,
        test_size=0.15,
        auxiliary_size=0.35,
        stratify=y,
        random_state=random_state,
    )
    X_judge, y_judge = split.auxiliary.X, split.auxiliary.y
    mirrored = X_judge.reshape(-1, size, size)[:, :, ::-1].reshape(X_judge.shape)
    judge = make_pipeline(
        FunctionTransformer(oriented_gradients, kw_args={"image_shape": image_shape}),
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    ).fit(np.concatenate([X_judge, mirrored]), np.tile(y_judge, 2))
    X_public = _shrunk(public, size)
    net = {
        "encoder": face_encoder(X_public, public.target, image_shape),
        "image_shape": image_shape,
        "max_epochs": max_epochs,
        "batch_size": 32,
        "learning_rate": 1e-3,
    }
    # Enough of each for a net to learn them as it learns the private people.
    many = np.bincount(public.target)[public.target] >= 10
    X_many, y_many = X_public[many], public.target[many]
    return _problem(task)(
        **(_roles(split) | {"X_aux": X_public, "y_aux": None}),
        image_shape=image_shape,
        net=net,
        evaluator=judge,
        public=lambda: _trained(net, X_many, y_many, random_state),
    )


def cifar10(
    *,
    random_state: int,
    task: str = "updates",
    max_epochs: int = 15,
    n_update: int = 500,
) -> ImageProblem:
    """Photographs of ten kinds of things, 32 x 32 pixels, convolutional nets."""
    bunch = fetch_cifar10()
    sizes = {"test_size": 2000, "auxiliary_size": 4000, "update_size": n_update}
    net = {
        "encoder": "conv",
        "image_shape": bunch.image_shape,
        "max_epochs": max_epochs,
        **_plain_descent(),
    }
    return _labelled(bunch, task, random_state, sizes, net)


def _shrunk(bunch: Bunch, size: int) -> np.ndarray:
    """Square images at a lower resolution: means over blocks."""
    _, height, width = bunch.image_shape
    if height % size or width % size:
        raise ValueError(f"size={size} does not divide the images' {height} pixels.")
    blocks = bunch.data.reshape(-1, size, height // size, size, width // size)
    return blocks.mean(axis=(2, 4)).reshape(len(bunch.data), -1)


def orl_faces(
    *,
    random_state: int,
    task: str = "records",
    size: int = 32,
    max_epochs: int = 60,
) -> ImageProblem:
    """Faces of 40 people; the attacker has faces of other people only."""
    private, public = fetch_orl_faces(), fetch_auxiliary_faces()
    # The images that are nobody's test train the judge.
    split = target_auxiliary_split(
        _shrunk(private, size),
        private.target,
        test_size=0.2,
        auxiliary_size=0.2,
        stratify=private.target,
        random_state=random_state,
    )
    judge = make_pipeline(
        PCA(60, whiten=True, random_state=random_state),
        LogisticRegression(C=0.1, max_iter=2000),
    ).fit(split.auxiliary.X, split.auxiliary.y)
    roles = _roles(split) | {"X_aux": _shrunk(public, size), "y_aux": None}
    return _problem(task)(
        **roles,
        image_shape=(1, size, size),
        net={
            "encoder": "conv",
            "image_shape": (1, size, size),
            "max_epochs": max_epochs,
            "batch_size": 16,
            "learning_rate": 1e-3,
        },
        evaluator=judge,
    )
