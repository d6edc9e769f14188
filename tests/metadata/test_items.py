"""The items in the metadata of an instance."""

import json

import pytest
import requests

ROOT = "http://100.100.100.200/latest"

DOCUMENTED = {
    "meta-data/dns-conf/nameservers": "100.100.2.136\n100.100.2.138",
    "meta-data/hostname": "web-host",
    "meta-data/image-id": "m-1",
    "meta-data/instance-id": "i-web1",
    "meta-data/instance/instance-name": "web",
    "meta-data/instance/instance-type": "ecs.g6e.large",
    "meta-data/instance/max-netbw-egress": "1228800",
    "meta-data/instance/max-netbw-ingress": "1228800",
    "meta-data/instance/virtualization-solution": "ECS Virt",
    "meta-data/instance/virtualization-solution-version": "2.0",
    "meta-data/mac": "00:16:3e:0f:00:01",
    "meta-data/network-type": "vpc",
    "meta-data/network/interfaces/macs/": "00:16:3e:0f:00:01",
    "meta-data/network/interfaces/macs/00:16:3e:0f:00:01/network-interface-id": "eni-1",
    "meta-data/network/interfaces/macs/00:16:3e:0f:00:01/netmask": "255.255.255.0",
    "meta-data/network/interfaces/macs/00:16:3e:0f:00:01/vswitch-cidr-block": "192.168.7.0/24",
    "meta-data/network/interfaces/macs/00:16:3e:0f:00:01/vpc-cidr-block": "192.168.0.0/16",
    "meta-data/network/interfaces/macs/00:16:3e:0f:00:01/private-ipv4s": '["192.168.7.9", "192.168.7.10"]',
    "meta-data/network/interfaces/macs/00:16:3e:0f:00:01/vswitch-id": "vsw-1",
    "meta-data/network/interfaces/macs/00:16:3e:0f:00:01/vpc-id": "vpc-1",
    "meta-data/network/interfaces/macs/00:16:3e:0f:00:01/primary-ip-address": "192.168.7.9",
    "meta-data/network/interfaces/macs/00:16:3e:0f:00:01/gateway": "192.168.7.253",
    "meta-data/network/interfaces/macs/00%3A16%3A3e%3A0f%3A00%3A01/vpc-id": "vpc-1",
    "meta-data/private-ipv4": "192.168.7.9",
    "meta-data/eipv4": "120.55.0.1",
    "meta-data/public-ipv4": "120.55.0.1",
    "meta-data/ntp-conf/ntp-servers": "ntp1.aliyun.com",
    "meta-data/owner-account-id": "1609",
    "meta-data/public-keys/": "skp-1/",
    "meta-data/region-id": "cn-beijing",
    "meta-data/zone-id": "cn-beijing-i",
    "meta-data/serial-number": "4acd2b47-b328-4762-852f-9980",
    "meta-data/source-address": "http://mirrors.cloud.aliyuncs.com",
    "meta-data/vpc-id": "vpc-1",
    "meta-data/vpc-cidr-block": "192.168.0.0/16",
    "meta-data/vswitch-cidr-block": "192.168.7.0/24",
    "meta-data/vswitch-id": "vsw-1",
    "meta-data/disks/": "system\ndata1",
    "meta-data/disks/data1/id": "d-data1",
    "meta-data/disks/data1/name": "",
    "meta-data/hibernation/configured": "false",
    "meta-data/instance/last-host-landing-time": "2030-01-01 00:00:00",
    "meta-data/ram/security-credentials/": "backup",
    "user-data": "#!/bin/sh",
    "user-data/": "#!/bin/sh",
    "maintenance/": "active-system-events",
    "maintenance/active-system-events": "[]",
    "dynamic": "instance-identity/",
    "dynamic/instance-identity/": "document\npkcs7",
}


@pytest.fixture
def whole(ecs_events):
    """An instance with every attribute."""
    return ecs_events.instances.add(
        "i-web1",
        region_id="cn-beijing",
        account_id="1609",
        instance_name="web",
        host_name="web-host",
        image_id="m-1",
        instance_type="ecs.g6e.large",
        mac_address="00:16:3e:0f:00:01",
        network_interface_id="eni-1",
        private_ip_addresses=["192.168.7.9", "192.168.7.10"],
        public_ip_addresses=["120.55.0.1"],
        key_pair_name="skp-1",
        zone_id="cn-beijing-i",
        serial_number="4acd2b47-b328-4762-852f-9980",
        vpc_id="vpc-1",
        vswitch_id="vsw-1",
        ram_role_name="backup",
        user_data="#!/bin/sh",
        disks=[{"disk_id": "d-system", "type": "system"}, "d-data1"],
    )


@pytest.mark.parametrize("path", DOCUMENTED)
def test_documented_item(whole, ask, path):
    """Each documented item agrees with DescribeInstances, or with the documented example."""
    reply = ask(f"/latest/{path}")

    assert (reply.status, reply.text, reply.headers["content-type"]) == (200, DOCUMENTED[path], "text/plain")


def test_the_identity_document(whole, ask):
    """The document has the documented keys in their order, without spaces."""
    text = ask("/latest/dynamic/instance-identity/document").text

    assert text == (
        '{"zone-id":"cn-beijing-i","serial-number":"4acd2b47-b328-4762-852f-9980","instance-id":"i-web1",'
        '"region-id":"cn-beijing","private-ipv4":"192.168.7.9","owner-account-id":"1609","mac":"00:16:3e:0f:00:01",'
        '"image-id":"m-1","instance-type":"ecs.g6e.large"}'
    )


def test_what_is_made_up_is_there(whole, ask):
    """There are a signature and a public key, although they verify nothing."""
    assert len(ask("/latest/dynamic/instance-identity/pkcs7").text) > 100
    key = ask("/latest/meta-data/public-keys/skp-1/openssh-key").text
    assert key.startswith("ssh-rsa ")
    assert key.endswith(" skp-1")


def test_the_versions_are_listed(web1, ask):
    """The root lists both versions, and the dated one has the same items."""
    assert ask("/").text == "2016-01-01\nlatest"
    for path in ("", "/meta-data", "/meta-data/instance-id"):
        assert ask(f"/2016-01-01{path}") == ask(f"/latest{path}")


def test_a_directory_lists_what_is_there(web1, ask):
    """A listing has the instance's items, directories with a slash; the path can end with a slash."""
    assert ask("/latest/").text.split() == ["dynamic/", "maintenance/", "meta-data/"]
    assert ask("/latest/meta-data").text.split() == [
        "disks/",
        "dns-conf/",
        "hibernation/",
        "hostname",
        "image-id",
        "instance-id",
        "instance/",
        "mac",
        "network-type",
        "network/",
        "ntp-conf/",
        "owner-account-id",
        "private-ipv4",
        "region-id",
        "serial-number",
        "source-address",
        "vpc-cidr-block",
        "vpc-id",
        "vswitch-cidr-block",
        "vswitch-id",
        "zone-id",
    ]
    assert ask("/latest/meta-data/").text == ask("/latest/meta-data").text


@pytest.mark.parametrize(
    "path",
    [
        "user-data",
        "meta-data/eipv4",
        "meta-data/public-ipv4",
        "meta-data/instance/spot",
        "meta-data/instance/spot/termination-time",
        "meta-data/ram/security-credentials/",
        "meta-data/public-keys/",
        "meta-data/kms-server",
        "meta-data/image/market-place/product-code",
        "meta-data/tags/instance/",
        "vendor-data",
        "meta-data/wsus-server/wu-server",
    ],
)
def test_an_item_that_this_instance_lacks(ecs_events, web1, ask, path):
    """A documented item that this instance lacks is 404, without a hint."""
    assert ask(f"/latest/{path}").status == 404
    (call,) = ecs_events.metadata.calls
    assert (call.is_usual, call.hint) == (True, "")


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/latest/meta-data/instance_id", "there is no such item. Did you mean /latest/meta-data/instance-id?"),
        ("/latest/meta-data/instance-id/x", "there is no such item. Did you mean /latest/meta-data/instance-id?"),
        ("/latest/nothing-of-the-kind", "there is no such item."),
        ("/lates/meta-data", "there is no 'lates'. Did you mean latest?"),
    ],
)
def test_an_unknown_item(ecs_events, web1, ask, path, hint):
    """An undocumented item is 404, and the timeline has the nearest name."""
    assert ask(path).status == 404
    (call,) = ecs_events.metadata.calls
    assert (call.is_usual, call.hint) == (False, hint)
    assert f"\n                        {hint}" in ecs_events.timeline()


def test_windows_has_its_own(ecs_events, ask):
    """It has the servers that only Windows uses, but not the package repository for Linux."""
    ecs_events.instances.add("i-win", os_type="windows")

    assert ask("/latest/meta-data/kms-server").text == "kms.cloud.aliyuncs.com"
    assert ask("/latest/meta-data/wsus-server/wu-server").text == "http://update.cloud.aliyuncs.com"
    assert ask("/latest/meta-data/wsus-server/wu-status-server").text == "http://update.cloud.aliyuncs.com"
    assert ask("/latest/meta-data/source-address").status == 404


@pytest.mark.parametrize("addresses", [[], ["not an address"]])
def test_without_an_address_there_is_no_network(ecs_events, ask, addresses):
    """Without a private address, the items derived from it are missing."""
    ecs_events.instances.add("i-web1", private_ip_addresses=addresses, mac_address="00:16:3e:00:00:01")

    assert ask("/latest/meta-data/vpc-cidr-block").status == 404
    assert ask("/latest/meta-data/network/interfaces/macs/00:16:3e:00:00:01/gateway").status == 404
    assert ask("/latest/meta-data/network/interfaces/macs/00:16:3e:00:00:01/private-ipv4s").status == (
        200 if addresses else 404
    )
    assert json.loads(ask("/latest/dynamic/instance-identity/document").text)["private-ipv4"] == "".join(addresses)


# -- events


def active_events():
    """Return what a program reads."""
    return requests.get(f"{ROOT}/maintenance/active-system-events", timeout=5).json()


def test_active_events_follow_their_lifecycle(ecs_events, web1):
    """Events are listed from their publication until they end, in the form of their notifications."""
    event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    scheduled = {
        "eventId": event.event_id,
        "publishTime": "2030-01-01T00:00:00Z",
        "instanceId": "i-web1",
        "eventType": "SystemMaintenance.Reboot",
        "eventStatus": "Scheduled",
        "notBefore": "2030-01-02T00:00:00Z",
    }
    assert active_events() == [scheduled]
    assert active_events() == [ecs_events.notifications[-1]["content"]]

    ecs_events.advance("24h")
    executing = {**scheduled, "eventStatus": "Executing", "executeStartTime": "2030-01-02T00:00:00Z"}
    assert active_events() == [executing]

    ecs_events.advance("1s")
    assert active_events() == []


def test_only_the_instances_own_events_are_active(ecs_events, web1):
    """Events of other instances and of disks are not listed."""
    ecs_events.instances.add("i-web2", disks=["d-data1"])
    ecs_events.create("SystemMaintenance.Reboot", "i-web2", not_before="+24h")
    ecs_events.create("Stalled", "i-web2", simulated=False)

    ecs_events.guest("i-web1")
    assert active_events() == []
    ecs_events.guest("i-web2")
    assert [event["eventType"] for event in active_events()] == ["SystemMaintenance.Reboot"]


def test_a_rescheduled_event_is_active_at_its_new_time(ecs_events, web1, call):
    """NotBefore is the current one."""
    event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    times = {"NotBefore": "2030-01-01T06:00:00Z"}
    call("ModifySystemEventAttribute", InstanceId="i-web1", EventId=event.event_id, **times)

    assert [(item["eventStatus"], item["notBefore"]) for item in active_events()] == [("Scheduled", times["NotBefore"])]


def test_the_form_of_an_active_event_can_be_set(ecs_events, web1):
    """Users who know the service's own form set it in one place."""
    event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    ecs_events.metadata.active_event = lambda event: {"id": event.event_id, "status": str(event.status)}

    assert active_events() == [{"id": event.event_id, "status": "Scheduled"}]


@pytest.mark.parametrize("version", ["latest", "2016-01-01"])
def test_all_items_at_once(whole, ask, version):
    """One JSON object has each item at its path, lines as a list, and no credentials."""
    tree = json.loads(ask(f"/{version}/meta-data/all").text)
    assert tree["instance-id"] == "i-web1"
    assert tree["region-id"] == "cn-beijing"
    assert tree["dns-conf"] == {"nameservers": ["100.100.2.136", "100.100.2.138"]}
    assert tree["disks"]["data1"] == {"id": "d-data1", "name": ""}
    assert tree["network"]["interfaces"]["macs"]["00:16:3e:0f:00:01"]["vpc-id"] == "vpc-1"
    assert list(tree["public-keys"]["skp-1"]) == ["openssh-key"]
    assert "ram" not in tree
    assert "all" not in ask(f"/{version}/meta-data/").text.split()


def test_tags_are_there_once_they_are_enabled(ecs_events, ask, call):
    """ModifyInstanceMetadataOptions opens them, keeps them open, and closes them."""
    ecs_events.instances.add("i-web1", tags={"role": "web", "team": "sre"})
    assert ask("/latest/meta-data/tags/instance/role").status == 404

    call("ModifyInstanceMetadataOptions", InstanceId="i-web1", HttpEndpoint="enabled", InstanceMetadataTags="enabled")
    assert ask("/latest/meta-data/tags/instance/").text == "role\nteam"
    assert ask("/latest/meta-data/tags/instance/role").text == "web"
    call("ModifyInstanceMetadataOptions", InstanceId="i-web1", HttpEndpoint="enabled")
    assert json.loads(ask("/latest/meta-data/all").text)["tags"] == {"instance": {"role": "web", "team": "sre"}}

    call("ModifyInstanceMetadataOptions", InstanceId="i-web1", HttpEndpoint="enabled", InstanceMetadataTags="disabled")
    assert ask("/latest/meta-data/tags/instance/role").status == 404


def test_a_declared_instance_can_have_its_tags_enabled(ecs_events, ask):
    """The attribute is `instance_metadata_tags`."""
    ecs_events.instances.add("i-web1", tags={"role": "web"}, instance_metadata_tags="enabled")
    assert ask("/latest/meta-data/tags/instance/role").text == "web"
