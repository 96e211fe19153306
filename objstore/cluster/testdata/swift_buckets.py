# SPDX-License-Identifier: Apache-2.0
"""Play answers to a coded GET to OpenStack Swift's own buckets.

Each line of the input is a list of answers: {"status", "headers"}. The output has
a line for each: after each answer the best bucket's time, durability and
shortfall, the shortfall of all, whether an alternate node is known, the
preferences of the next request, and whether the answer was refused.
"""
import json
import sys

from swift.common.header_key_dict import HeaderKeyDict
from swift.proxy.controllers.obj import ECGetResponseCollection


class Ring:
    replica_count = 6


class Policy:
    ec_ndata, ec_nparity, object_ring = 4, 2, Ring


class Getter:
    def __init__(self, answer, node):
        self.last_status = answer["status"]
        self.last_headers = HeaderKeyDict(answer["headers"])
        self.node = {"id": node}


def play(answers):
    buckets = ECGetResponseCollection(Policy)
    for number, answer in enumerate(answers):
        buckets.node_iter_count = number + 1
        refused = False
        try:
            buckets.add_response(Getter(answer, number), None)
        except ValueError:
            refused = True
        best = buckets.best_bucket
        when = best.timestamp.internal if best.timestamp else ""
        yield [when, bool(best.durable), best.shortfall, buckets.shortfall,
               buckets.has_alternate_node(),
               buckets.get_extra_headers()["X-Backend-Fragment-Preferences"], refused]


for line in sys.stdin:
    print(json.dumps(list(play(json.loads(line)))))
