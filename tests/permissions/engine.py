"""The local cloud's evaluator of IAM policies, run by the engine's own Python.

It reads one question a line, {"statements": […], "calls": [[action, resource, {key: value}], …]}, and answers with a
list of booleans, whether a role with these statements may make each call. It needs no cloud that runs.
"""

import json
import sys
from importlib import import_module

evaluator = import_module("ministack.core.iam_evaluator")


def main() -> None:
    for line in sys.stdin:
        question = json.loads(line)
        policy = evaluator.parse_policy_document({"Statement": question["statements"]})
        answers = [
            evaluator.evaluate(
                evaluator.EvalContext(
                    principal_arn="arn:aws:sts::111122223333:assumed-role/function/function",
                    principal_type="AssumedRole",
                    principal_account="111122223333",
                    action=action,
                    resource_arn=resource,
                    region="eu-west-1",
                    secure_transport=True,
                    service_context=context,
                ),
                [policy],
            ).decision
            == "Allow"
            for action, resource, context in question["calls"]
        ]
        sys.stdout.write(json.dumps(answers) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
