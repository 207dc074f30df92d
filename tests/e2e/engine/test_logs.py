"""CloudWatch Logs: `patches/logs.py`."""

import subprocess

from infra.local.process import ROOT

# In the engine's own environment, with threads that are switched far more often than they are by default.
READ_WHILE_FUNCTIONS_WRITE = """
import asyncio, json, sys, threading
from infra.local.engine.launch import PATCHES
from ministack.services import cloudwatch_logs, lambda_svc

for apply in PATCHES:
    apply()
sys.setswitchinterval(1e-6)
function = {"config": {"FunctionName": "picker", "Version": "$LATEST"}}

def write():
    for number in range(4000):
        lambda_svc._emit_lambda_logs(function, str(number), "picked", False, 1)

def request(action, **data):
    headers = {"x-amz-target": "Logs_20140328." + action}
    status, _, body = asyncio.run(cloudwatch_logs.handle_request("POST", "/", headers, json.dumps(data), {}))
    assert status == 200, body
    return json.loads(body)

writers = [threading.Thread(target=write) for _ in range(2)]
for writer in writers:
    writer.start()
while any(writer.is_alive() for writer in writers):
    request("DescribeLogGroups")
streams = cloudwatch_logs._log_groups["/aws/lambda/picker"]["streams"].values()
print(sum(event["message"] == "picked" for stream in streams for event in stream["events"]))
"""


def test_log_groups_can_be_read_while_functions_write_to_them() -> None:
    python = ROOT / ".engine" / "bin" / "python"

    done = subprocess.run(
        [python, "-c", READ_WHILE_FUNCTIONS_WRITE], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout.split()[-1:]) == (0, ["8000"]), done.stderr
