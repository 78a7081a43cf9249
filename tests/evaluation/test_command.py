"""The command as a shop runs it: its own database and Redis, gone afterwards; its exit status."""

import json
import os
import re
import signal
import subprocess
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from chat.evaluation.cases import read
from chat.evaluation.trials import Trial
from chat.management.commands.evaluate import Command, Progress
from supportbot import children
from tests.openai_server import SILENCE, Answer, OpenAIServer
from tests.ops.processes import until
from tests.site import MANAGE


def case(name: str, says: str) -> str:
    kind, case_id = name.split("/")
    turns = [{"say": "Where is 48211?", "says": [says]}]
    return json.dumps({"id": case_id, "kind": kind, "customer": "alice", "turns": turns})


class Shop:
    """A shop whose database and Redis nobody may touch: neither of them is there."""

    def __init__(self, folder: Path) -> None:
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.database = folder / "shop.sqlite3"
        self.file = folder / "cases.jsonl"
        self.environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{self.database}",
            "REDIS_URL": f"unix://{folder}/no-redis.sock",
            "TMPDIR": str(self.temporary),
            "ASSISTANT_MODEL": "offline",
        }

    def start(self, *options: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            children.tied_to_us([*MANAGE, "evaluate", str(self.file), *options]),
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def assert_untouched(self) -> None:
        assert not self.database.exists()
        assert not [path for path in self.temporary.iterdir() if "stage" in path.name]


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"))


def test_too_few_passes_are_an_exit_status_of_one(shop: Shop, tmp_path: Path) -> None:
    lines = case("status/a", "DHL"), case("other/b", "UPS"), case("other/c", "UPS")
    shop.file.write_text("\n".join(lines))
    whole = tmp_path / "all.json"
    chosen = ("--only=status", "--only=other/b", "--repeat=2", f"--json={whole}")
    with shop.start(*chosen, "--at-least=60") as running:
        out, err = running.communicate()
    assert running.returncode == 1
    assert err == "CommandError: 50.0 % of the cases passed every time, fewer than 60 %.\n"
    assert "✗ other/b: 0 of 2 passed" in out
    assert [case["passed"] for case in json.loads(whole.read_text())["cases"]] == [2, 0]
    shop.assert_untouched()


def test_a_shop_s_own_articles_stand_in_place_of_the_demo_s(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "boats.md").write_text(
        "---\ntitle: Guarantee\n---\nThe guarantee on all of our boats lasts 17 years.\n"
    )
    turns = [{"say": "How long does the guarantee last?", "cites": "boats", "says": ["17 years"]}]
    line = {"id": "a", "kind": "rules", "customer": "alice", "turns": turns}
    shop.file.write_text(json.dumps(line))
    with shop.start("--repeat=1", "--at-least=100", f"--articles={tmp_path}") as running:
        out, err = running.communicate()
    assert (running.returncode, err) == (0, ""), out
    with shop.start("--repeat=1") as running:
        _, err = running.communicate()
    assert "no article 'boats'; there are: account," in err
    (tmp_path / "geese.md").write_text("Geese.")
    with shop.start(f"--articles={tmp_path}") as running:
        _, err = running.communicate()
    assert f"--articles: {tmp_path}/geese.md:1: does not begin with ---" in err
    assert running.returncode == 2


@pytest.mark.parametrize(
    ("lines", "options", "says"),
    [
        ("{}", [], "cases.jsonl:1: id: is missing"),
        (case("status/a", "DHL"), ["--only=other"], "no case is other; the kinds are: status"),
        (case("status/a", "DHL"), ["--articles=/nowhere"], "/nowhere: No such file"),
        (case("status/a", "DHL"), ["--json=/nowhere/x"], "--json: /nowhere/x: No such file"),
        (case("status/a", "DHL"), ["--model=gpt"], "--model: takes openai, offline, fake"),
        (case("status/a", "DHL"), ["--repeat=0"], "--repeat: takes a whole number from 1 to 100"),
        (case("status/a", "DHL"), ["--at-least=101"], "--at-least: takes a number from 0 to 100"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_before_anything_runs(
    lines: str, options: list[str], says: str, shop: Shop
) -> None:
    shop.file.write_text(lines)
    with pytest.raises(CommandError, match=re.escape(says)) as refused:
        call_command("evaluate", str(shop.file), *options)
    assert refused.value.returncode == 2 or "argument" in str(refused.value)  # argparse exits so
    shop.assert_untouched()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_nothing_of_it_stays(number: int, shop: Shop) -> None:
    shop.file.write_text(case("status/a", "DHL"))
    with OpenAIServer() as model:
        model.otherwise = Answer([SILENCE])
        asked = {"OPENAI_BASE_URL": model.url, "ASSISTANT_TIMEOUT": "300"}
        with shop.start("--model=openai:test", **asked) as running:
            until(lambda: bool(model.requests), "the first question to the model")
            if number == signal.SIGINT:
                os.killpg(running.pid, number)  # as Ctrl-C in a terminal
            else:
                running.send_signal(number)
            _, err = running.communicate()
    assert running.returncode == 130
    assert "Stopped." in err
    shop.assert_untouched()


class Screen(StringIO):
    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(("terminal", "shown"), [(True, "1 of 4 conversations"), (False, "")])
def test_progress_is_for_terminals(terminal: bool, shown: str, shop: Shop) -> None:
    shop.file.write_text(case("status/a", "DHL"))
    [one] = read([shop.file], customers=["alice"], orders=[], articles=[])
    screen = Screen(terminal)
    progress = Progress(Command(stderr=screen), 4)
    progress(Trial(one, 1, (), ()))
    progress.clear()
    assert shown in screen.getvalue()
    assert bool(shown) == bool(screen.getvalue())
