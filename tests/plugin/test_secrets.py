"""No text has the value of a name that contains secret, password, token, access key or signature."""

import json

import pytest
import requests
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

from pytest_ecsevents import EcsEvents, UnexpectedCallError
from pytest_ecsevents._secrets import MASK, Secrets


@pytest.fixture
def ecs():
    """A cloud with one instance."""
    with EcsEvents() as ecs:
        ecs.instances.add("i-web1")
        yield ecs


VALUE = "k3Yv9-wQ2"

SECRET = [
    "Password",
    "AccountPassword",
    "passwd",
    "AccessKeySecret",
    "access_key",
    "Access-Key-Id",
    "SecurityToken",
    "x-acs-signature",
    "PrivateKey",
    "Authorization",
]
OPEN = ["NextToken", "ClientToken", "PageToken", "SignatureMethod", "SignatureNonce", "InstanceId", "KeyPairName"]


@pytest.mark.parametrize("name", SECRET)
def test_the_values_of_such_names_are_masked(name):
    """They may be parameters, in a query, in a form, or members of JSON, even if that is cut off."""
    secrets = Secrets()
    assert secrets.is_secret(name)
    assert secrets.masked({name: VALUE}) == {name: MASK}
    assert secrets.masked({"in": [{name: {"deep": VALUE}}]}) == {"in": [{name: MASK}]}
    for text in (f"https://a.example/b?x=1&{name}={VALUE}&y=2", json.dumps({name: VALUE}), f'{{"{name}": "{VALUE}'):
        assert secrets.mask_text(text) == text.replace(VALUE, MASK)


@pytest.mark.parametrize("name", OPEN)
def test_places_in_lists_and_ids_are_not(name):
    """A page token is no secret; a client token is none either."""
    secrets = Secrets()
    assert secrets.masked({name: VALUE}) == {name: VALUE}
    assert secrets.mask_text(f"?{name}={VALUE}") == f"?{name}={VALUE}"


def test_the_password_of_a_url_is_masked():
    """The user name stays."""
    assert Secrets().mask_text(f"POST https://bot:{VALUE}@a.example/x") == "POST https://bot:***@a.example/x"


def test_a_long_text_is_masked_in_proportional_time():
    """Masking takes linear time for every text."""
    assert Secrets().mask_text("token" * 20_000) == "token" * 20_000
    assert Secrets().mask_text("a" * 200_000) == "a" * 200_000


def call(product, action, **params):
    """Call an action of a product with the SDK's generic request."""
    request = CommonRequest(domain=f"{product}.aliyuncs.com", version="2014-08-15", action_name=action)
    request.set_method("POST")
    for name, value in params.items():
        request.add_body_params(name, value)
    AcsClient("any", "key", "cn-hangzhou").do_action_with_exception(request)


@pytest.mark.parametrize("name", ["AccountPassword", "SecretKey", "Token"])
def test_a_stubbed_call_keeps_its_secrets(ecs, name):
    """They are masked in the timeline and the picture; the test itself can read them."""
    ecs.stub("Rds", "CreateAccount", {})
    call("rds", "CreateAccount", **{name: VALUE}, AccountName="app")
    assert f"CreateAccount(AccountName=app, {name}=***)" in ecs.timeline().replace(
        f"{name}=***, AccountName=app", f"AccountName=app, {name}=***"
    )
    assert VALUE not in ecs.timeline() + ecs.svg()
    ecs.assert_called("CreateAccount", **{name: VALUE})


def test_a_call_that_is_not_faked_keeps_its_secrets(ecs):
    """They are masked in the error and in the timeline."""
    with pytest.raises(UnexpectedCallError, match=r"CreateLoginProfile\(Password=\*\*\*\)"):
        call("ram", "CreateLoginProfile", Password=VALUE)
    assert VALUE not in ecs.timeline() + ecs.svg()
    ecs.strict = False


def test_keys_and_values_of_tags_are_shown(ecs):
    """The value of a tag called token is shown."""
    instance = ecs.instances.add()
    request = CommonRequest(domain="ecs.aliyuncs.com", version="2014-05-26", action_name="TagResources")
    request.set_method("POST")
    request.add_query_param("RegionId", instance.region_id)
    request.add_query_param("ResourceType", "instance")
    request.add_query_param("ResourceId.1", instance.instance_id)
    request.add_query_param("Tag.1.Key", "token-team")
    request.add_query_param("Tag.1.Value", "blue")
    AcsClient("any", "key", "cn-hangzhou").do_action_with_exception(request)
    assert "blue" in ecs.timeline()


@pytest.mark.parametrize("fails", [False, True], ids=["delivered", "failed"])
def test_a_url_keeps_the_token_in_its_query(ecs, fails):
    """It is masked in a rule's target, the rule's call, the push, and the error of a failed push."""
    url = f"https://robot.example.com/send?access_token={VALUE}"
    ecs.webhook(url, (lambda _payload: 1 / 0) if fails else print)
    common = {"Version": "2019-01-01", "Format": "JSON", "AccessKeyId": "any", "RuleName": "all"}
    target = {"Id": "1", "Method": "POST", "Url": url}
    for params in (
        {"Action": "PutEventRule", "EventPattern.1.Product": "ecs"},
        {"Action": "PutEventRuleTargets", **{f"WebhookParameters.1.{name}": value for name, value in target.items()}},
    ):
        host = "https://metrics.cn-hangzhou.aliyuncs.com/"
        assert requests.post(host, data={**common, **params}, timeout=5).status_code == 200
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    texts = ecs.timeline() + ecs.svg() + str(ecs._recorder.complaint())
    assert ("ZeroDivisionError" in texts, "access_token=***" in texts, VALUE in texts) == (fails, True, False)
    ecs.strict = False


def test_users_name_further_secrets(pytester):
    """They stand in the ini file; the failing test's report masks them too."""
    pytester.makeini("[pytest]\necs_events_secrets = PinCode, build-key")
    pytester.makepyfile(
        f"""
        from aliyunsdkcore.client import AcsClient
        from aliyunsdkcore.request import CommonRequest

        def test_it(ecs_events):
            ecs_events.stub("Rds", "CreateAccount", {{}})
            request = CommonRequest(domain="rds.aliyuncs.com", version="2014-08-15", action_name="CreateAccount")
            request.add_query_param("MyPinCode", "{VALUE[:4]}" + "{VALUE[4:]}")
            request.add_query_param("Build_Key", "{VALUE[:4]}" + "{VALUE[4:]}")
            AcsClient("any", "key", "cn-hangzhou").do_action_with_exception(request)
            assert False
        """
    )
    result = pytester.runpytest("--junitxml=it.xml")
    result.assert_outcomes(failed=1)
    junit = (pytester.path / "it.xml").read_text()
    for report in (result.stdout.str(), junit):
        assert "MyPinCode=***" in report
        assert "Build_Key=***" in report
        assert VALUE not in report
