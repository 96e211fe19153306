#!/usr/bin/python3
"""Asks OpenStack Swift's own code. Standard input has questions, one a line in
JSON; the answer to each is a line in JSON. Answers have the numbers of replies
as Swift's reasons, so that the choice among equal statuses is told too."""
import inspect
import json
import sys
from unittest import mock

import swift.common.utils as utils
from swift.common import storage_policy
from swift.common.swob import Request
from swift.proxy.controllers import base, obj

controller = base.Controller(mock.MagicMock())


def chosen(resp):
    """[status, number of the answer or -1]"""
    reason = resp.status.split(' ', 1)[1]
    return [resp.status_int, int(reason) if reason.isdigit() else -1]


def best(statuses, quorum, overrides):
    n = len(statuses)
    resp = controller.best_response(
        Request.blank('/'), statuses, [str(i) for i in range(n)], [b''] * n, 'test',
        headers=[{}] * n, overrides={int(k): v for k, v in overrides.items()},
        quorum_size=quorum)
    return chosen(resp)


def have(statuses, quorum):
    return controller.have_quorum(statuses, len(statuses), quorum=quorum)


class Answer:
    """What http_connect returns, and the response of it."""
    def __init__(self, number, reply):
        self.status, self.reason = reply['status'], str(number)
        self.headers = list((reply['headers'] or {}).items())

    def getresponse(self):
        return self

    def getheaders(self):
        return self.headers

    def getheader(self, name, default=None):
        for k, v in self.headers:
            if k.lower() == name.lower():
                return v
        return default

    def read(self):
        return b''

    def close(self):
        pass

    swift_conn = mock.MagicMock()


class Nodes:
    def __init__(self, replies, primaries):
        self.num_primary_nodes = primaries
        self.nodes = []
        for i, r in enumerate(replies):
            node = {'ip': '127.0.0.1', 'port': i, 'device': 'd', 'replication_ip': '', 'replication_port': 0}
            node['handoff_index' if r['handoff'] else 'index'] = i
            self.nodes.append(node)

    def __iter__(self):
        return iter(self.nodes)


def search(server, newest, primaries, suppression, replies):
    """[good, status, number of the answer or -1, number of the first good one]"""
    app = mock.MagicMock()
    app.get_policy_options.return_value.rebalance_missing_suppression_count = suppression
    app.get_policy_options.return_value.concurrency_timeout = 1
    app.node_timeout = app.recoverable_node_timeout = app.conn_timeout = 10
    req = Request.blank('/v1/a/c/o', headers={'X-Newest': str(newest)})
    handler = base.GetOrHeadHandler(app, req, server, Nodes(replies, primaries), 1, '/a/c/o', {})

    def connect(ip, port, *args, **kwargs):
        return Answer(port, replies[port])

    with mock.patch.object(base, 'http_connect', connect):
        if hasattr(handler, '_find_source'):
            source = handler.source.resp if handler._find_source() else None
        else:
            source, _node = handler._get_source_and_node()
    if source:
        return [True, source.status, int(source.reason)]
    # Swift's body of an answer that it made up is a str, at which it would fail.
    resp = controller.best_response(
        req, handler.statuses, handler.reasons, [b''] * len(handler.statuses), 'test', headers=handler.source_headers)
    return [False] + chosen(resp)


def updates(containers, objects, quorum):
    return obj.num_container_updates(containers, utils.quorum_size(containers), objects, quorum)


def deal(containers, objects, quorum):
    """For each request its container devices and its devices of the queue; null
    if this Swift cannot be asked."""
    parameters = inspect.signature(obj.BaseObjectController._backend_requests).parameters
    if 'containers' not in parameters:
        return None
    c = obj.ReplicatedObjectController(mock.MagicMock(), 'a', 'c', 'o')
    req = Request.blank('/v1/a/c/o', headers={'X-Backend-Storage-Policy-Index': '0'})
    nodes = [{'ip': 'h%d' % i, 'port': 1, 'device': str(i)} for i in range(containers)]
    policy = mock.MagicMock(quorum=quorum)
    with mock.patch.object(obj, 'POLICIES') as policies:
        policies.get_by_index.return_value = policy
        headers = c._backend_requests(req, objects, 1, nodes, '1', 1, nodes)
    return [[[int(d) for d in h.get(n, '').split(',') if d] for n in ('X-Container-Device', 'X-Delete-At-Device')]
            + [h['X-Backend-Clean-Expiring-Object-Queue'] == 't'] for h in headers]


def queue(account, container, name, delete_at):
    utils.HASH_PATH_PREFIX, utils.HASH_PATH_SUFFIX = b'changeme', b'too-much'
    if hasattr(utils, 'get_expirer_container'):
        return utils.get_expirer_container(delete_at, 86400, account, container, name)
    from swift.obj.expirer import ExpirerConfig
    return ExpirerConfig({}, container_ring=mock.MagicMock()).get_expirer_container(delete_at, account, container, name)


assert storage_policy.POLICIES
for line in sys.stdin:
    function, args = json.loads(line)
    print(json.dumps(globals()[function](*args)))
