"""AWS's list prices in US dollars, of us-east-1 and without free tiers; other regions differ a little.

Read in 2026-11 from the page beside each, but for those of IoT Core.
"""

MONTH_MINUTES = 30 * 24 * 60

ALARM_METRIC = 0.10  # a metric that an alarm reads, and month. https://aws.amazon.com/cloudwatch/pricing/
COMPOSITE_ALARM = 0.50  # an alarm and month, beside the metrics of those that it is made of. The same page.
DASHBOARD = 3.00  # a dashboard and month; an account's first three, of up to 50 metrics each, are free. The same page.
CUSTOM_METRIC = 0.30  # a metric and month, for the hours in which it is counted. The same page.
LOG_GB = 0.50  # ingested. The same page; storing it costs 0.03 a month.
SECRET = 0.40  # a secret and month. https://aws.amazon.com/secrets-manager/pricing/
SECRET_READ = 0.05 / 1e4  # a call of Secrets Manager. The same page.
# A key of KMS and month; the first and the second rotation add as much each, further ones nothing.
KEY = 1.00  # https://aws.amazon.com/kms/pricing/
KEY_REQUEST = 0.03 / 1e4  # GenerateDataKey or Decrypt. The same page.
# A user of a pool in the plan Essentials who signs in or renews in a month, from the 10,001st of an account on.
POOL_USER = 0.015  # https://aws.amazon.com/cognito/pricing/
INVOCATION = 0.20 / 1e6  # https://aws.amazon.com/lambda/pricing/
GB_SECOND = 0.0000133334  # on arm64. The same page.
QUEUE_REQUEST = 0.40 / 1e6  # https://aws.amazon.com/sqs/pricing/
FIFO_REQUEST = 0.50 / 1e6  # The same page.
BUS_ENTRY = 1.00 / 1e6  # of up to 64 KB. https://aws.amazon.com/eventbridge/pricing/
HTTP_REQUEST = 1.00 / 1e6  # https://aws.amazon.com/api-gateway/pricing/
WRITE_UNIT = 0.625 / 1e6  # on demand. https://aws.amazon.com/dynamodb/pricing/on-demand/
READ_UNIT = 0.125 / 1e6  # The same page.
TABLE_GB = 0.25  # stored, and month. The same page.
BACKUP_GB = 0.20  # of point-in-time recovery, and month. The same page.
# Capacity that is provisioned, of which a unit an hour makes 3,600 at most.
WRITE_CAPACITY_HOUR = 0.00065  # https://aws.amazon.com/dynamodb/pricing/provisioned/
READ_CAPACITY_HOUR = 0.00013  # The same page.
ARCHIVE_GB = 0.10  # of events that an archive takes. https://aws.amazon.com/eventbridge/pricing/
ARCHIVE_GB_MONTH = 0.023  # of what it keeps. The same page.
SOCKET_MESSAGE = 1.00 / 1e6  # of up to 32 KB, in or out. https://aws.amazon.com/api-gateway/pricing/
SOCKET_MINUTE = 0.25 / 1e6  # of a connection. The same page.
# What the same flow would be billed by other ways (tests/cost/other_ways.py).
STATE_TRANSITION = 25.00 / 1e6  # of a Standard workflow. https://aws.amazon.com/step-functions/pricing/
# Of a durable function: its start, and each step, wait and callback. https://aws.amazon.com/lambda/pricing/
DURABLE_OPERATION = 8.00 / 1e6
DURABLE_GB = 0.25  # written by them. The same page.
DURABLE_GB_MONTH = 0.15  # retained. The same page.
# Those of IoT Core were not read on its page (https://aws.amazon.com/iot-core/pricing/), whose tables are filled in the
# browser by region: check them there. Messages and minutes are those of that page's example for Europe (Ireland), as
# quoted in https://gist.github.com/brianfoody/2c62cecc912dbd97bc759eba427e84cf (2022). For us-east-1 estimates by
# others, up to 2026, name the same two, and 0.15 for rules and for actions.
# What is metered how: https://aws.amazon.com/iot-core/pricing/additional-details/
MQTT_MESSAGE = 1.00 / 1e6  # of up to 5 KB, of the first billion a month
RULE = 0.15 / 1e6  # for each message that it takes, of up to 5 KB
RULE_ACTION = 0.15 / 1e6
CONNECTION_MINUTE = 0.08 / 1e6
