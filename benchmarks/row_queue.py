"""What a queue on loopback costs: a message received and deleted through its SDK, beyond a server that says the same words."""

import base64
import os
import threading
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path

from _measure import Row, in_turn, ratio_row

from pytest_ecsevents import EcsEvents

MOST = 1.4
BODY = '{"name": "Instance:SystemMaintenance.Reboot:Scheduled", "content": {"instanceId": "i-web1"}}'
WORDS = f"""<?xml version="1.0" encoding="utf-8"?>
<Message xmlns="http://mns.aliyuncs.com/doc/v1/"><MessageId>5F290C926D472878-2-14D9529A8FA-200000001</MessageId>\
<ReceiptHandle>1-ODU4OTkzNDU5My0xNDMyNzI3ODI3LTItOA==</ReceiptHandle>\
<MessageBodyMD5>C5DD56A39F5F7BB8B3337C6D11B6D8C7</MessageBodyMD5>\
<MessageBody>{base64.b64encode(BODY.encode()).decode()}</MessageBody><EnqueueTime>1893456000000</EnqueueTime>\
<NextVisibleTime>1893456030000</NextVisibleTime><FirstDequeueTime>1893456000000</FirstDequeueTime>\
<DequeueCount>1</DequeueCount><Priority>8</Priority></Message>""".encode()


def rows(quick):
    if not all(map(find_spec, ("mns", "waitress", "werkzeug"))):
        yield Row(
            "a message received, deleted / static", "", "", "not measured: pip install aliyun-mns waitress werkzeug"
        )
        return
    from mns.account import Account

    # Before the test begins: what a test starts would be the test's. And the SDK prints whatever it does.
    port = static_server()
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), EcsEvents() as ecs_events:
        queue = ecs_events.queue("q")
        accounts = [Account(url, "key-id", "key-secret") for url in (queue.endpoint, f"http://127.0.0.1:{port}")]
        ours, other = (account.get_queue("q") for account in accounts)

        def receive_and_delete():
            queue.send(BODY)
            ours.delete_message(ours.receive_message().receipt_handle)

        def the_same():
            other.delete_message(other.receive_message().receipt_handle)

        *figures, ratio = in_turn(receive_and_delete, the_same, rounds=21 if quick else 101)
        for account in accounts:
            account.get_client().close_connection()
    yield ratio_row("a message received, deleted / static", *figures, ratio=ratio, most=MOST)


def static_server():
    """The port of a server that does nothing else: waitress, with the least application that will do."""
    from waitress.server import create_server

    def app(environ, start_response):
        words = WORDS if environ["REQUEST_METHOD"] == "GET" else b""
        head = {"Content-Type": "text/xml", "Content-Length": str(len(words)), "x-mns-request-id": "1" * 24}
        start_response("200 OK", list(head.items()))
        return [words]

    server = create_server(app, host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    return server.effective_port
