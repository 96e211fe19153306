#!/usr/bin/python3
"""Asks OpenStack Swift's own code. Standard input has texts, one a line in JSON.
The answer to each is a line: [internal, short, normal, inverse] of the text as a
timestamp, and [internal, internal, internal, text again] of it as a triple.
null stands for an error."""
import json
import sys

from swift.common.utils import Timestamp, decode_timestamps, encode_timestamps


def attempt(f):
    try:
        return f()
    except (ValueError, OverflowError):
        return None


def single(text):
    t = Timestamp(text)
    return [t.internal, t.short, t.normal, attempt(lambda: (~t).internal)]


def triple(text):
    times = decode_timestamps(text)
    return [t.internal for t in times] + [encode_timestamps(*times)]


for line in sys.stdin:
    text = json.loads(line)
    print(json.dumps([attempt(lambda: single(text)), attempt(lambda: triple(text))]))
