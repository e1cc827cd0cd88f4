"""A start is timed until the answer is there, and one without an answer is no measurement."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cold_start import NOISY, Contestant, first_answer, measure


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    path = tmp_path / "event"
    path.write_bytes(b"{}")
    return path


def contestant(asked: Path, code: str) -> Contestant:
    (asked.parent / "answering.py").write_text(code, encoding="utf-8")
    return Contestant("answering", asked.parent, asked)


def test_an_answer_is_timed(asked: Path) -> None:
    answers = contestant(asked, 'def handler(event, context):\n    return {"statusCode": 200}\n')
    assert min(first_answer(answers)) > 0
    assert min(first_answer(answers, share=0.5)) > 0


@pytest.mark.parametrize(
    "code",
    [
        'def handler(event, context):\n    return {"statusCode": 500}\n',
        "raise SystemExit\n",
        "def handler(event, context):\n    raise ValueError\n",
    ],
)
def test_no_answer_is_no_measurement(code: str, asked: Path) -> None:
    with pytest.raises(RuntimeError):
        first_answer(contestant(asked, code))


def test_the_interpreter_answers_nothing_and_is_timed(asked: Path) -> None:
    assert min(first_answer(Contestant("bare", asked.parent, asked))) > 0


def test_what_waits_takes_no_processor_time(asked: Path) -> None:
    answers = contestant(
        asked, 'import time\ntime.sleep(0.5)\ndef handler(event, context):\n    return {"statusCode": 200}\n'
    )
    took = first_answer(answers)
    assert took.wall - took.processor > 400


def test_samples_of_one_index_are_of_one_round(asked: Path) -> None:
    everybody = {name: Contestant("bare", asked.parent, asked) for name in (*NOISY, "another")}
    counts = {name: len(samples) for name, samples in measure(everybody, rounds=2).items()}
    assert counts == {**dict.fromkeys(NOISY, 6), "another": 2}  # zip of the first two has pairs
