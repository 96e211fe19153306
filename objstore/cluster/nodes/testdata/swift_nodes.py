#!/usr/bin/python3
"""Asks OpenStack Swift's own code for the nodes of requests. The argument is a
ring file. Standard input has questions, one a line in JSON:

  partition, order ("any", "local", "handoffs"), affinity, count and deletes (the
  write affinity and its two options), budget, limited (devices that are limited
  from the start), failing (devices that become limited when they are asked)

The answer to each is a line: [[device, index or -1, handoff index or -1]...]."""
import inspect
import json
import sys
from unittest import mock

import swift.common.utils as utils
import swift.common.ring.ring as ring_module
from swift.common.ring import Ring
from swift.common.swob import Request
from swift.proxy import server
from swift.proxy.controllers import base, obj

ring_module.validate_configuration = lambda: None
ring = Ring(sys.argv[1], reload_time=10 ** 6)


def walk(q):
    app = mock.MagicMock()
    limited = set(q['limited'])
    app.error_limited = lambda node: node['id'] in limited
    app.sort_nodes = lambda nodes, policy=None: nodes
    app.request_node_count = lambda replicas: q['budget']
    app.conn_timeout = 1
    options = server.ProxyOverrideOptions(
        {'write_affinity': q['affinity'], 'write_affinity_node_count': q['count'],
         'write_affinity_handoff_delete_count': q['deletes']}, {}, app)
    app.get_policy_options.return_value = options
    req = Request.blank('/v1/a/c/o')
    # Swift 2.30.1 makes the iterator through its application.
    app.iter_nodes = lambda ring, part, logger, node_iter=None, policy=None: base.NodeIter(
        app, ring, part, logger, node_iter=node_iter, policy=policy)
    newer = 'request' in inspect.signature(base.NodeIter.__init__).parameters
    if q['order'] == 'any':
        nodes = base.NodeIter('object', app, ring, q['partition'], app.logger, req) if newer else \
            base.NodeIter(app, ring, q['partition'], app.logger)
    else:
        c = obj.ReplicatedObjectController(app, 'a', 'c', 'o')
        args = (ring, q['partition'], req) if newer else (ring, q['partition'])
        nodes = c.iter_nodes_local_first(*args, local_handoffs_first=q['order'] == 'handoffs')
    answer = []
    for node in utils.GreenthreadSafeIterator(nodes):
        answer.append([node['id'], node.get('index', -1), node.get('handoff_index', -1)])
        if node['id'] in q['failing']:
            limited.add(node['id'])
    return answer


for line in sys.stdin:
    print(json.dumps(walk(json.loads(line))))
