"""The size of the batches of imports follows from how long they take."""

from profile_grpc.service.pace import Pace


def test_a_batch_takes_about_the_wanted_time() -> None:
    pace = Pace(0.1, most=500)
    for _ in range(10):
        pace.took(pace.size, pace.size * 0.0005)  # 2,000 a second
    assert pace.size == 200


def test_batches_become_smaller_at_once_when_the_machine_is_busy() -> None:
    pace = Pace(0.1, most=500)
    for _ in range(5):
        pace.took(pace.size, 0.001)
    assert pace.size == 500
    pace.took(500, 0.5)
    assert pace.size == 100


def test_one_quick_batch_at_most_doubles_the_size() -> None:
    pace = Pace(0.1, most=500)
    pace.took(100, 0.0)
    assert pace.size == 200


def test_batches_stay_within_their_limits() -> None:
    pace = Pace(0.1, most=500)
    pace.took(500, 60.0)
    assert pace.size == 50
    assert Pace(0.1, most=8).size == 8


def test_a_small_last_batch_does_not_make_the_next_ones_small() -> None:
    pace = Pace(0.1, most=500)
    pace.took(1, 0.001)
    assert pace.size == 100
    pace.took(0, 0.001)
    assert pace.size == 100
