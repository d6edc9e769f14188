#!/usr/bin/env bash
# aliyun-mns and aliyun-mns-sdk share the import name `mns` and the class names. With the default base64 decoding, the
# older package gives the body of a received message as text, and the newer one gives bytes. A consumer that compares
# the body with text, or splits it, finds nothing or fails after the change of package.
# Seen with aliyun-mns 1.1.5 and aliyun-mns-sdk 1.3.0: "str True", then "bytes False".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/reads.py" <<'PYTHON'
import base64

from mns.mns_xml_handler import RecvMessageDecoder

members = dict.fromkeys(("EnqueueTime", "FirstDequeueTime", "NextVisibleTime", "DequeueCount", "Priority"), "1")
members |= {"MessageId": "m", "MessageBodyMD5": "d", "ReceiptHandle": "h"}
members["MessageBody"] = base64.b64encode(b"maintenance").decode()
inner = "".join(f"<{name}>{value}</{name}>" for name, value in members.items())
read = RecvMessageDecoder.decode(f'<Message xmlns="http://mns.aliyuncs.com/doc/v1/">{inner}</Message>', True)
body = (read if isinstance(read, dict) else vars(read))["MessageBody"]
print(type(body).__name__, body == "maintenance")
PYTHON
for package in aliyun-mns==1.1.5 aliyun-mns-sdk==1.3.0; do
    python3 -m venv "$folder/$package"
    "$folder/$package/bin/pip" install --quiet --disable-pip-version-check "$package"
    "$folder/$package/bin/python" "$folder/reads.py" | tail -n 1 | tee -a "$folder/seen"
done
[ "$(cat "$folder/seen")" = "str True
bytes False" ]
