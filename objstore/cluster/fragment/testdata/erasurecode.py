# SPDX-License-Identifier: Apache-2.0
"""Answers questions about erasure coding with OpenStack's own library.

A question on standard input is a line of JSON and the bytes that the line
announces; so is the answer on standard output:

  {"op": "encode", "type": T, "k": K, "m": M, "lengths": [N]}     segment
  {"op": "decode", ..., "lengths": [N, ...]}                      fragments
  {"op": "reconstruct", ..., "index": I, "lengths": [N, ...]}     fragments
  {"op": "metadata", ..., "lengths": [N]}                         a fragment
  {"op": "bench", ..., "lost": [I, ...], "seconds": S, "lengths": [N]}  segment

An answer has "lengths" of what follows, or "error". The answer to "bench" has
"encode" and "decode": bytes of segments per second of processor time.
"""
import json
import sys
import time

from pyeclib.ec_iface import ECDriver

drivers = {}


def driver(question):
    key = question["type"], question["k"], question["m"]
    if key not in drivers:
        drivers[key] = ECDriver(ec_type=key[0], k=key[1], m=key[2])
    return drivers[key]


def rate(size, seconds, work):
    work()
    begin, count = time.process_time(), 0
    while time.process_time() - begin < seconds:
        for _ in range(16):
            work()
        count += 16
    return size * count / (time.process_time() - begin)


def answer(question, parts):
    d = driver(question)
    op = question["op"]
    if op == "encode":
        return {}, d.encode(parts[0])
    if op == "decode":
        return {}, [d.decode(parts)]
    if op == "reconstruct":
        return {}, d.reconstruct(parts, [question["index"]])
    if op == "metadata":
        return {"metadata": repr(d.get_metadata(parts[0]))}, []
    fragments = d.encode(parts[0])
    kept = [f for i, f in enumerate(fragments) if i not in question["lost"]]
    kept = kept[:question["k"]]
    return {
        "encode": rate(len(parts[0]), question["seconds"],
                       lambda: d.encode(parts[0])),
        "decode": rate(len(parts[0]), question["seconds"],
                       lambda: d.decode(kept)),
    }, []


for line in iter(sys.stdin.buffer.readline, b""):
    question = json.loads(line)
    parts = [sys.stdin.buffer.read(n) for n in question["lengths"]]
    try:
        head, parts = answer(question, parts)
    except Exception as e:  # the library's own kinds, and all others
        head, parts = {"error": "%s: %s" % (type(e).__name__, e)}, []
    head["lengths"] = [len(p) for p in parts]
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + b"".join(parts))
    sys.stdout.buffer.flush()
