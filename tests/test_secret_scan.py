"""The scan of the tests' output finds what they use as secrets."""

from pathlib import Path

import pytest

from tests.secret_scan import SECRETS, places_of

pytest_plugins = ["pytester"]


@pytest.mark.parametrize("secret", SECRETS)
def test_every_secret_is_found_and_not_repeated(secret: str) -> None:
    assert places_of(f"first\nGET /bot{secret}/getMe failed\nlast") == ["GET /bot<SECRET>/getMe failed"]


def test_what_is_masked_is_no_finding() -> None:
    assert places_of("1001:*** eyJ*** /admin#*** 1001: sandbox-admin") == []


def test_a_test_that_prints_one_fails(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    pytester.makeconftest('pytest_plugins = ["tests.secret_scan"]')
    pytester.makepyfile(
        "import logging\n"
        "def test_prints(): print('mongodb://u:hunter' + '2@db')\n"
        "def test_logs(): logging.getLogger('x').warning('hunter' + '2')\n"
        "def test_takes(capsys): print('hunter' + '2'); capsys.readouterr()\n"
        "def test_is_silent(): pass\n"
    )
    # a process of its own: what it logs is no output of this test
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=3)
    assert "hunter2" not in result.stdout.str()
