"""JSON as it is stored and sent: compact, for what is stored is paid for by its size."""

import json

# Made once: to make an encoder is half of what a short text costs.
compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
