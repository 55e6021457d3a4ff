"""Private generators, seeded layers, index batches and the device check."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_mid.utils._torch import (
    as_seed,
    as_tensor,
    build_seeded,
    check_device,
    global_seed,
    index_batches,
    initialize_parameters,
    new_generator,
    one_thread,
    spawn_seed,
)


def _layers():
    return nn.Sequential(
        nn.Conv2d(1, 3, 2), nn.GroupNorm(1, 3), nn.Flatten(), nn.Linear(12, 2)
    )


def test_as_seed_repeats_for_an_int_and_advances_a_random_state():
    assert as_seed(3) == as_seed(3) != as_seed(4)
    rng = np.random.RandomState(3)
    assert as_seed(rng) == as_seed(3)
    assert as_seed(rng) != as_seed(3)


def test_spawn_seed_differs_by_every_part_of_its_path():
    seeds = [spawn_seed(0), spawn_seed(0, 1), spawn_seed(0, 1, 1), spawn_seed(1, 1)]
    assert len(set(seeds)) == 4
    assert spawn_seed(0, 1) == seeds[1]


def test_build_seeded_repeats_and_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    first, second = (build_seeded(_layers, new_generator(0)) for _ in range(2))
    other = build_seeded(_layers, new_generator(1), dtype=torch.float64)
    assert torch.equal(before, torch.get_rng_state())
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
        assert a.requires_grad
    assert not torch.equal(first[0].weight.double(), other[0].weight)
    assert other[3].bias.dtype == torch.float64


def test_initialization_has_the_bounds_of_torch():
    layer = initialize_parameters(nn.Linear(16, 1000), new_generator(0))
    with global_seed(0):
        reference = nn.Linear(16, 1000)
    for a, b in zip(layer.parameters(), reference.parameters(), strict=True):
        assert 0.249 < a.abs().max() <= 0.25
        assert 0.249 < b.abs().max() <= 0.25


def test_initialization_refuses_a_layer_it_has_no_rule_for():
    with pytest.raises(TypeError, match="no rule to initialise a PReLU"):
        initialize_parameters(nn.PReLU(), new_generator(0))


def test_global_seed_restores_the_global_generator():
    before = torch.get_rng_state()
    with global_seed(0):
        a = torch.rand(3)
    with global_seed(0):
        b = torch.rand(3)
    assert torch.equal(a, b)
    assert torch.equal(before, torch.get_rng_state())


def test_index_batches_cover_every_row_once():
    rows = torch.arange(7)
    in_order = [rows[batch] for batch in index_batches(7, 4)]
    assert [len(batch) for batch in in_order] == [4, 3]
    assert torch.equal(torch.cat(in_order), rows)
    shuffled = torch.cat(list(index_batches(7, 3, generator=new_generator(0))))
    assert not torch.equal(shuffled, rows)
    assert torch.equal(shuffled.sort().values, rows)


@pytest.mark.parametrize(
    ("n_rows", "batch_size", "sizes"),
    [(7, 3, [3, 4]), (4, 3, [4]), (1, 3, [1]), (3, 1, [1, 1, 1]), (6, 3, [3, 3])],
)
def test_a_lone_last_row_joins_the_batch_before(n_rows, batch_size, sizes):
    rows = torch.arange(n_rows)
    for generator in (None, new_generator(0)):
        batches = index_batches(n_rows, batch_size, generator=generator)
        found = [rows[batch] for batch in batches]
        assert [len(batch) for batch in found] == sizes
        assert torch.equal(torch.cat(found).sort().values, rows)


def test_as_tensor_takes_read_only_and_reversed_arrays():
    array = np.arange(4.0)
    array.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert torch.equal(as_tensor(array[::-1]), torch.tensor([3.0, 2.0, 1.0, 0.0]))


def test_check_device_names_the_usable_ones():
    assert check_device("cpu") == torch.device("cpu")
    with pytest.raises(ValueError, match=r"device='gpu' cannot .* usable .*'cpu'"):
        check_device("gpu")
    with pytest.raises(ValueError, match="where='meta' cannot be used here"):
        check_device("meta", param="where")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_auto_is_the_gpu_where_there_is_one():
    has_gpu = torch.cuda.is_available()
    assert check_device("auto").type == ("cuda" if has_gpu else "cpu")


def test_check_device_refuses_a_gpu_that_is_not_there():
    with pytest.raises(ValueError, match=r"device='cuda' cannot be used here"):
        check_device("cuda")


def test_one_thread_restores_the_number_of_threads():
    before = torch.get_num_threads()
    inside = []

    def fail():
        with one_thread():
            inside.append(torch.get_num_threads())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert inside == [1]
    assert torch.get_num_threads() == before
