# SPDX-License-Identifier: Apache-2.0
"""Swift's own side of the cache: one JSON request per line on standard input,
one JSON answer per line on standard output. Arguments: the memcached servers."""
import json
import logging
import sys
import tempfile

from urllib.parse import quote

from swift.common import memcached, storage_policy, utils
from swift.common.swob import Request, Response
from swift.proxy.controllers import base

# A policy of our own. Swift does not find the counters of a policy whose name
# has a capital letter.
with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
    conf.write("[storage-policy:0]\nname = gold\ndefault = yes\n")
    conf.flush()
    utils.SWIFT_CONF_FILE = conf.name
    storage_policy.reload_storage_policies()


class Log(logging.LoggerAdapter):
    """Swift's loggers also take times."""

    def timing_since(self, *args, **kwargs):
        pass


ring = memcached.MemcacheRing(sys.argv[1:], logger=Log(logging.getLogger(), {}))


class App(object):
    """An application that is asked for nothing: all answers must be cached."""

    def __call__(self, env, start_response):
        raise AssertionError("the cache missed: %s" % env["PATH_INFO"])


def set_info(account, container, status, headers):
    """Caches an answer as a proxy of either version does."""
    env = {"swift.cache": ring, "swift.infocache": {}}
    resp = Response(status=status, headers=headers, request=Request.blank("/"))
    try:
        return base.set_info_cache(env, account, container, resp)
    except TypeError:  # 2.30 also wants the application
        return base.set_info_cache(App(), env, account, container, resp)


def get_info(account, container):
    path = "/v1/" + account + ("/" + container if container else "")
    env = Request.blank(quote(path), environ={"swift.cache": ring}).environ
    if not container:
        return base.get_account_info(env, App())
    # An absent account would be asked for, were the container not cached.
    return base.get_container_info(env, App())


def headers_of(account, container):
    info = ring.get(base.get_cache_key(account, container))
    return dict(base.headers_from_container_info(info))


def namespaces(use, account, container, name):
    """What a proxy of this version reads, and where it sends an update."""
    value = ring.get(base.get_cache_key(account, container, shard=use))
    if hasattr(utils, "NamespaceBoundList"):
        bounds = utils.NamespaceBoundList(value)
        found = bounds.get_namespace(name)
        return [[n.name, n.lower_str, n.upper_str] for n in bounds.get_namespaces()], found.name
    ranges = [utils.ShardRange.from_dict(r) for r in value]
    found = utils.find_shard_range(name, ranges)
    return [[r.name, r.lower_str, r.upper_str] for r in ranges], found.name


def set_namespaces(use, account, container, triples):
    if hasattr(utils, "NamespaceBoundList"):
        value = utils.NamespaceBoundList.parse([utils.Namespace(*t) for t in triples]).bounds
    else:
        value = [dict(utils.ShardRange(t[0], "1700000000.00001", t[1], t[2])) for t in triples]
    ring.set(base.get_cache_key(account, container, shard=use), value, time=600)


def populate(account, container, tokens, fetched):
    """Fetches updating namespaces as a proxy does: who fetched, and whether with
    a token. Without fetched the fetch fails."""
    asked = []

    class Populator(utils.CooperativeCachePopulator):
        def do_fetch_backend(self):
            asked.append(True)
            return fetched and utils.NamespaceBoundList.parse([utils.Namespace(*t) for t in fetched]), None

        def cache_encoder(self, bounds):
            return bounds.bounds

        def cache_decoder(self, bounds):
            return utils.NamespaceBoundList(bounds)

    class Proxy(object):
        logger = logging.getLogger()

        class statsd(object):
            increment = staticmethod(lambda *args, **kwargs: None)

    key = base.get_cache_key(account, container, shard="updating")
    p = Populator(Proxy, None, ring, key, 3600, 0.3, tokens)
    got = p.fetch_data()
    return [got and got.bounds, bool(asked), p.token_acquired]


calls = {
    "populate": populate, "tokens": lambda: hasattr(utils, "CooperativeCachePopulator"),
    "set": lambda name, value: ring.set(name, value, time=60),
    "get": lambda name: ring.get(name),
    "incr": lambda name, delta: ring.incr(name, delta=delta, time=60),
    "delete": lambda name: ring.delete(name),
    "raw": lambda name, flags, text: raw_set(name, flags, text),
    "set_info": set_info, "get_info": get_info, "headers_of": headers_of,
    "namespaces": namespaces, "set_namespaces": set_namespaces,
    "key": lambda account, container, use: base.get_cache_key(account, container or None, shard=use or None),
    "modern": lambda: hasattr(memcached, "MemcacheCommand"),
}


def raw_set(name, flags, text):
    """Stores bytes with flags, as an old or foreign client might."""
    key = memcached.md5hash(name)
    modern = hasattr(memcached, "MemcacheCommand")
    where = memcached.MemcacheCommand("set", name) if modern else key
    for server, fp, sock in ring._get_conns(where):
        sock.sendall(b"set %s %d 60 %d\r\n%s\r\n" % (key, flags, len(text), text.encode()))
        assert fp.readline().strip() == b"STORED"
        ring._return_conn(server, fp, sock)
        return


for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(calls[request[0]](*request[1:])), flush=True)
