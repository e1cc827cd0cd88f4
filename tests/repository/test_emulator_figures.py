"""Tests of tools/emulator_figures.py: the table, and the signature that the emulator accepts."""

from pathlib import Path

import pytest

from oss_emulator import development
from oss_emulator.running import Emulator
from tools.emulator_figures import Figures, signed
from tools.emulator_peers import EMULATOR, HTTP_SERVER, Client, Server


def test_the_table_has_the_median_of_each_figure_and_only_servers_that_were_measured() -> None:
    figures = Figures()
    for value in (1.0, 1234.5, 2000.0):
        figures.add("GET", EMULATOR, value)
    figures.add("GET", HTTP_SERVER, 0.123)
    figures.add("start", EMULATOR, 0.5)

    assert figures.table().splitlines() == [
        "|  | emulator | http.server |",
        "| --- | ---: | ---: |",
        "| GET | 1,234 | 0.12 |",
        "| start | 0.5 |  |",
    ]


def test_its_client_signs_as_the_emulator_wants_it_and_stops_at_any_other_answer(tmp_path: Path) -> None:
    with Emulator(tmp_path) as emulator:
        port = int(emulator.endpoint.rpartition(":")[2])
        server = Server(EMULATOR, port, 0, f"/{development.BUCKET}")
        with Client(server) as client:
            client.ask("PUT", "/a", b"xy", signed("PUT", f"/{development.BUCKET}/a"), copies=3)
            client.ask("GET", "/a", headers=signed("GET", f"/{development.BUCKET}/a"))
            with pytest.raises(SystemExit, match="403 Forbidden"):
                client.ask("GET", "/a")
