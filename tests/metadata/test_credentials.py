"""The credentials of an instance's RAM role, as the SDKs read them."""

import asyncio
import json
import time

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import AccessKeyCredential, EcsRamRoleCredential, StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.DescribeInstancesRequest import DescribeInstancesRequest

ROLE = "/latest/meta-data/ram/security-credentials/backup"


@pytest.fixture
def backup(ecs_events):
    """An instance with a role."""
    return ecs_events.instances.add("i-web1", ram_role_name="backup")


@pytest.fixture
def read(ask):
    """Return the document."""

    def read():
        return json.loads(ask(ROLE).text)

    return read


def test_the_document(backup, read):
    """It has the documented keys, and is valid for six hours."""
    document = read()

    assert list(document) == [
        "AccessKeyId",
        "AccessKeySecret",
        "Expiration",
        "SecurityToken",
        "LastUpdated",
        "Code",
    ]
    assert document["AccessKeyId"].startswith("STS.")
    assert (document["LastUpdated"], document["Expiration"]) == ("2030-01-01T00:00:00Z", "2030-01-01T06:00:00Z")
    assert document["Code"] == "Success"


def test_new_credentials_appear_half_an_hour_before_the_end(ecs_events, backup, read):
    """Until then the same credentials are returned; the new ones are valid for six hours too."""
    first = read()
    ecs_events.advance("5h29m59s")
    assert read() == first
    ecs_events.advance("1s")

    second = read()
    assert second["AccessKeyId"] != first["AccessKeyId"]
    assert (second["LastUpdated"], second["Expiration"]) == ("2030-01-01T05:30:00Z", "2030-01-01T11:30:00Z")


def test_each_instance_has_its_own(ecs_events, backup, ask, read):
    """Two instances with one role have different credentials."""
    ecs_events.instances.add("i-web2", ram_role_name="backup")
    with ecs_events.guest("i-web1"):
        first = read()
    with ecs_events.guest("i-web2"):
        assert read()["AccessKeyId"] != first["AccessKeyId"]


def test_another_role(backup, ask):
    """A role that the instance does not have is 404."""
    assert ask("/latest/meta-data/ram/security-credentials/admin").status == 404


def test_listing_issues_nothing(ecs_events, backup, ask, read):
    """Listing the roles issues no credentials."""
    ask("/latest/meta-data/")
    ask("/latest/meta-data/ram/security-credentials/")
    ecs_events.advance("1h")

    assert read()["LastUpdated"] == "2030-01-01T01:00:00Z"


def describe(role):
    """Return the legacy SDK's view with the credentials of the instance that it runs inside."""
    client = AcsClient(region_id="cn-hangzhou", credential=EcsRamRoleCredential(role))
    reply = json.loads(client.do_action_with_exception(DescribeInstancesRequest()))
    return [instance["InstanceId"] for instance in reply["Instances"]["Instance"]]


def test_the_legacy_sdk_calls_with_them(ecs_events, backup):
    """A handler inside an instance needs no access key."""
    assert describe("backup") == ["i-web1"]
    assert [call.path for call in ecs_events.metadata.calls] == [ROLE]


def test_they_belong_to_the_instances_account(ecs_events, backup):
    """Calls with the credentials of another account's instance are that account's."""
    ecs_events.instances.add("i-theirs", account_id="222", ram_role_name="theirs")
    with ecs_events.guest("i-theirs"):
        assert describe("theirs") == ["i-theirs"]
    with ecs_events.guest("i-web1"):
        assert describe("backup") == ["i-web1"]


@pytest.mark.parametrize("http_tokens", ["optional", "required"])
def test_the_newer_sdk_reads_them(ecs_events, ask, http_tokens):
    """Its own client finds the role and reads the credentials, in the hardened mode too, and again when they expire."""
    provider_module = pytest.importorskip("alibabacloud_credentials.provider.ecs_ram_role")
    ecs_events.instances.add("i-web1", ram_role_name="backup", http_tokens=http_tokens)
    provider = provider_module.EcsRamRoleCredentialsProvider(async_update_enabled=False)

    first = provider.get_credentials()
    assert first.get_access_key_id().startswith("STS.")
    assert provider.get_credentials().get_access_key_id() == first.get_access_key_id()
    ecs_events.advance("6h")
    assert provider.get_credentials().get_access_key_id() != first.get_access_key_id()


@pytest.mark.parametrize("_test", ["first", "second"])
def test_the_newer_sdk_reads_them_in_the_background(ecs_events, backup, _test):
    """Its own scheduler and pool outlive the test.

    They read the credentials for a day in each test, without an error.
    """
    provider_module = pytest.importorskip("alibabacloud_credentials.provider.ecs_ram_role")
    provider = provider_module.EcsRamRoleCredentialsProvider()
    keys = set()

    def work():
        while True:
            keys.add(provider.get_credentials().get_access_key_id())
            time.sleep(600)

    ecs_events.run(work, until="24h")
    assert 4 <= len(keys) <= 30
    assert ecs_events.now.isoformat() == "2030-01-02T00:00:00+00:00"


def test_the_newer_sdk_reads_them_in_an_event_loop(ecs_events, backup):
    """Its asynchronous calls are answered too."""
    provider_module = pytest.importorskip("alibabacloud_credentials.provider.ecs_ram_role")
    provider = provider_module.EcsRamRoleCredentialsProvider(async_update_enabled=False)

    assert asyncio.run(provider.get_credentials_async()).get_access_key_id().startswith("STS.")
    assert {call.transport for call in ecs_events.metadata.calls} == {"aiohttp"}


def test_the_newer_sdk_calls_with_them(ecs_events, backup):
    """A client of the newer SDK with the instance's credentials calls the cloud."""
    models = pytest.importorskip("alibabacloud_ecs20140526.models")
    from alibabacloud_credentials.client import Client as Credentials
    from alibabacloud_credentials.models import Config as CredentialsConfig
    from alibabacloud_ecs20140526.client import Client
    from alibabacloud_tea_openapi.models import Config

    credential = Credentials(CredentialsConfig(type="ecs_ram_role"))
    client = Client(Config(credential=credential, region_id="cn-hangzhou"))
    reply = client.describe_instances(models.DescribeInstancesRequest(region_id="cn-hangzhou")).body

    assert [instance.instance_id for instance in reply.instances.instance] == ["i-web1"]


@pytest.mark.usefixtures("backup")
class TestTemporaryKeys:
    """A key that the metadata service issued is valid with its token, until it expires."""

    @staticmethod
    def call(key_id, token=None):
        """Call the API with a key, and with a token where the SDK sends it."""
        credential = (
            AccessKeyCredential(key_id, "secret") if token is None else StsTokenCredential(key_id, "secret", token)
        )
        request = DescribeInstancesRequest()
        request.set_endpoint("ecs.aliyuncs.com")
        return AcsClient(region_id="cn-hangzhou", credential=credential).do_action_with_exception(request)

    @pytest.fixture
    def refused(self):
        """Return the status and code of a refused call."""

        def refused(*key):
            with pytest.raises(ServerException) as refusal:
                self.call(*key)
            return refusal.value.http_status, refusal.value.error_code

        return refused

    def test_it_is_refused_once_it_has_expired(self, ecs_events, read, refused):
        """At its Expiration and after it, but not a second before."""
        document = read()
        key = document["AccessKeyId"], document["SecurityToken"]
        ecs_events.advance("5h59m59s")
        self.call(*key)
        ecs_events.advance("1s")
        assert refused(*key) == (400, "InvalidSecurityToken.Expired")

    def test_it_needs_its_own_token(self, ecs_events, read, refused):
        """Without one, with another key's, and with an invented one, three errors say what is wrong."""
        ecs_events.instances.add("i-web2", ram_role_name="backup")
        with ecs_events.guest("i-web1"):
            key = read()["AccessKeyId"]
        with ecs_events.guest("i-web2"):
            other = read()["SecurityToken"]
        assert refused(key) == (400, "MissingSecurityToken")
        assert refused(key, other) == (400, "InvalidSecurityToken.MismatchWithAccessKey")
        assert refused(key, "CAISmadeup") == (400, "InvalidSecurityToken.Malformed")

    def test_the_newer_sdk_sends_the_token_in_a_header(self, ecs_events, read):
        """The header is read."""
        models = pytest.importorskip("alibabacloud_ecs20140526.models")
        from alibabacloud_ecs20140526.client import Client
        from alibabacloud_tea_openapi.models import Config

        document = read()
        config = Config(
            access_key_id=document["AccessKeyId"],
            access_key_secret=document["AccessKeySecret"],
            security_token=document["SecurityToken"],
            region_id="cn-hangzhou",
            protocol="http",
        )
        request = models.DescribeInstancesRequest(region_id="cn-hangzhou")
        assert Client(config).describe_instances(request).body.total_count == 1
        ecs_events.advance("6h")
        with pytest.raises(Exception, match=r"InvalidSecurityToken\.Expired"):
            Client(config).describe_instances(request)

    def test_a_key_of_the_tests_own_needs_no_token(self):
        """The fake checks only keys that it has issued."""
        assert self.call("STS.mine", "CAISmine")
        assert self.call("LTAI5t")
