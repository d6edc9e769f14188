"""What a cloud begins with, from a TOML file."""

import pytest

from pytest_ecsevents.cli._seed import SeedError, read_seed

WHOLE = """
[[faults]]
action = "RebootInstance"
code = "Throttling"
times = "all"
between = [2030-01-01T00:00:00Z, "+2h"]
params = {InstanceId = "i-web1"}

[[instances]]
instance_id = "i-web1"
instance_name = "web1"
tags = {role = "web"}

[[events]]
event_type = "SystemMaintenance.Reboot"
instance_id = "i-web1"
not_before = 2030-01-02T08:00:00+08:00

[[rules]]
name = "reboots"
names = ["Instance:SystemMaintenance.Reboot:Executing"]
levels = ["CRITICAL"]
event_types = ["Maintenance"]
queue = "ecs-events"
topic = "ecs-topic"
webhook = "http://127.0.0.1:9/hook"
is_enabled = false
"""


@pytest.fixture
def seeded(standing, tmp_path):
    """Start a cloud with a seed file; return its `EcsEvents`."""

    def seeded(text):
        file = tmp_path / "seed.toml"
        file.write_text(text, "utf-8")
        return standing(seed=read_seed(file)).ecs_events

    return seeded


def test_a_cloud_begins_with_its_seed(seeded):
    """The order of the file does not matter: instances come first."""
    ecs_events = seeded(WHOLE)
    assert ecs_events.instances["i-web1"].tags == {"role": "web"}
    event = ecs_events.one(instance_id="i-web1", not_before="2030-01-02T00:00:00Z")
    assert event.status == "Scheduled"
    assert event.history[0].cause == "created by the seed"
    rule = ecs_events.event_rules["reboots"]
    assert not rule.is_enabled
    assert [target.kind for target in rule.targets.values()] == ["MnsParameters", "MnsParameters", "WebhookParameters"]
    assert len(ecs_events.queue("ecs-events")) == 0
    assert ecs_events.topic("ecs-topic").name == "ecs-topic"


def test_a_rule_of_the_seed_fires(seeded):
    """Its queue gets the notifications that its pattern matches; two rules may share it."""
    rule = '[[rules]]\nname = "{}"\nqueue = "events"\ntopic = "topic"\nstatuses = ["Executing"]\n'
    event = '[[events]]\nevent_type = "SystemMaintenance.Reboot"\ninstance_id = "i-web1"\nnot_before = "+1h"\n'
    ecs_events = seeded(rule.format("first") + rule.format("second") + event)
    ecs_events.advance("1h")
    assert [message.event["status"] for message in ecs_events.queue("events")] == ["Executing", "Executing"]


def test_inline_tables_do_as_well(seeded):
    """TOML has two forms of lists of tables."""
    assert list(seeded('instances = [{instance_id = "i-1"}, {instance_id = "i-2"}]').instances) == ["i-1", "i-2"]


EVENT = '[[events]]\nevent_type = "SystemMaintenance.Reboot"\ninstance_id = "i-web1"\n'
INSTANCE = '[[instances]]\ninstance_id = "i-web1"\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('\n[[event]]\nevent_type = "x"\n', 2, "there is no table 'event'. Did you mean events?"),
        ("events = 3\n", 1, "events is not a list of tables. Write [[events]]."),
        ("[instances]\n", 1, "Write [[instances]]."),
        (INSTANCE + EVENT + EVENT.replace("Reboot", "Rebot"), 7, "Did you mean SystemMaintenance.Reboot?"),
        (EVENT + "not_befor = '+1h'\n", 4, "Did you mean not_before?"),
        (EVENT + "not_before = 'soon'\n", 4, "'soon', which is not an instant"),
        (EVENT + "not_before = 2030-01-02T00:00:00\n", 4, "has no time zone"),
        (EVENT + "simulated = 'no'\n", 4, "Pass true or false"),
        ("[[events]]\ninstance_id = 'i-1'\n", 1, "needs 'event_type'"),
        (INSTANCE + "instance_nam = 'web1'\n", 3, "Did you mean instance_name?"),
        (INSTANCE + "status = 'Runing'\n[[events]]\n", 3, "Running"),
        (INSTANCE + "tags.role = 3\n", 3, "tags"),
        ("\n" + INSTANCE + "[instances.tags]\nrole = 3\n", 2, "tags"),
        ("instances = [{instance_nam = 'x'}]\n", 1, "Did you mean instance_name?"),
        ("[[faults]]\naction = 'RebootInstance'\ncode = 'Throtling'\n", 3, "Did you mean Throttling?"),
        (
            "[[faults]]\naction = 'RebootInstance'\ncode = 'Throttling'\ntimes = true\n",
            4,
            'Pass a whole number, or "all"',
        ),
        ("[[rules]]\nname = 'a'\nlevels = ['CRITCAL']\n", 3, "Did you mean CRITICAL?"),
        ("[[rules]]\nname = 'a'\nnames = ['Instance:StateChang']\n", 3, "Did you mean Instance:StateChange?"),
        ("[[rules]]\nname = 'a'\n[[rules]]\n# again\nname = 'a'\n", 5, "which another rule has"),
    ],
)
def test_a_mistake_names_its_line(seeded, tmp_path, text, line, words):
    """And the nearest name."""
    with pytest.raises(SeedError) as error:
        seeded(text)
    assert str(error.value).startswith(f"{tmp_path / 'seed.toml'}, line {line}: ")
    assert words in str(error.value)


def test_a_file_that_is_no_toml(seeded, tmp_path):
    """The message of the parser has the line."""
    with pytest.raises(SeedError, match=r"is not TOML: .*\(at line 2"):
        seeded("[[events]]\nevent_type = \n")
    with pytest.raises(SeedError, match="is not TOML: "):
        seeded(f"x = {'[' * 5000}")
    (tmp_path / "seed.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SeedError, match="is not text in UTF-8"):
        read_seed(tmp_path / "seed.toml")
    with pytest.raises(SeedError, match="cannot be read: No such file"):
        read_seed(tmp_path / "none.toml")
