import logging

import pytest

from core.logs import TextFormatter, collect_printed_fields_only

SWITCHES = ("_srcfile", "logThreads", "logProcesses", "logMultiprocessing")


@pytest.fixture
def restored_switches(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SWITCHES:
        monkeypatch.setattr(logging, name, getattr(logging, name))


@pytest.mark.usefixtures("restored_switches")
def test_collect_printed_fields_only_leaves_the_rest_empty(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logging.getLogger("test").warning("before")
    collect_printed_fields_only()
    logging.getLogger("test").warning("after")

    before, after = caplog.records
    assert before.lineno > 0
    assert before.thread
    assert (after.lineno, after.thread, after.process) == (0, None, None)
    assert after.getMessage() == "after"


def test_text_lines_cannot_be_forged() -> None:
    record = logging.LogRecord("web", logging.INFO, "", 0, "login", (), None)
    record.fields = {"user": "ada\n12:00:00 INFO claims granted\u2028x"}

    line = TextFormatter().format(record)

    assert line.endswith(r"login user=ada\n12:00:00 INFO claims granted\u2028x")
    assert len(line.splitlines()) == 1
