import numpy as np
from numpy.testing import assert_array_equal

from sklearn_mid.utils._images import changed_images


def test_changed_images_are_shifts_of_the_images():
    rng = np.random.default_rng(0)
    image = np.zeros((1, 2, 16, 24))
    image[0, :, 8, 12] = [1, 2]
    X = np.repeat(image.reshape(1, -1), 500, axis=0)
    for mirror, middle in ((False, 12), (True, 11)):
        changed = changed_images(X, (2, 16, 24), rng, mirror=mirror)
        assert changed.shape == X.shape
        n, _, row, column = np.nonzero(changed.reshape(500, 2, 16, 24))
        assert len(n) == 1000
        assert set(row) == set(range(6, 11))
        assert set(column) == set(range(middle - 3, middle + 4))
    # Edges are repeated, so that a constant image stays.
    constant = np.ones((3, 64))
    assert_array_equal(changed_images(constant, (1, 8, 8), rng), constant)
