"""The real SDK for the tests of the face."""

import json

import pytest
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest


@pytest.fixture
def call():
    """Call an action with the real SDK: `call("RebootInstance", InstanceId="i-web1")`."""

    def call(action, *, region="cn-hangzhou", product_host="ecs.aliyuncs.com", version="2014-05-26", **params):
        request = CommonRequest(domain=product_host, version=version, action_name=action)
        request.set_product("Ecs")
        request.set_method("POST")
        for name, value in params.items():
            request.add_query_param(name.replace("__", "."), value)
        return json.loads(AcsClient("ak", "secret", region).do_action_with_exception(request))

    return call
