#!/usr/bin/python3
"""Asks OpenStack Swift's own ring code; see README.md.

  swiftring.py golden DIR         write the golden rings and their lookups
  swiftring.py lookup RING NAMES  print the lookups of NAMES, a JSON file of
                                  [account, container, object] with null for
                                  what is not there; one line each:
                                  [partition, [node ids], [handoff ids]]
  swiftring.py rewrite RING NEW V write a ring again, in format V
  swiftring.py formats            print the formats that this Swift writes
"""
import inspect
import json
import os
import sys

import swift.common.ring.ring as ring_module
import swift.common.utils as utils
from swift.common.ring import Ring, RingBuilder
from swift.common.ring.ring import RingData

PREFIX, SUFFIX = 'changeme', 'too-much'


def formats():
    v2 = 'format_version' in inspect.signature(RingData.save).parameters
    return [1, 2] if v2 else [1]


def save(data, path, version):
    path = os.path.abspath(path)
    os.chdir(os.path.dirname(path))
    if version == 1:
        data.save(path)
    else:
        data.save(path, format_version=version)


def open_ring(path):
    modules = [utils]
    try:
        import swift.common.utils.config as config
        modules.append(config)
    except ImportError:
        pass
    for module in modules:
        module.HASH_PATH_PREFIX = PREFIX.encode()
        module.HASH_PATH_SUFFIX = SUFFIX.encode()
    ring_module.validate_configuration = lambda: None
    return Ring(path, reload_time=10 ** 6)


def lookups(path, names):
    ring, handoffs = open_ring(path), {}
    for account, container, obj in names:
        part, nodes = ring.get_nodes(account, container, obj)
        if part not in handoffs:
            handoffs[part] = [n['id'] for n in ring.get_more_nodes(part)]
        yield [part, [n['id'] for n in nodes], handoffs[part]]


def device(i, region, zone, server, weight=100.0, **more):
    return dict(dict(id=i, region=region, zone=zone, port=6200, device='sd%d' % i,
                     ip='10.%d.%d.%d' % (region, zone, server), weight=weight), **more)


def build(power, replicas, devices, remove=()):
    builder = RingBuilder(power, replicas, 0)
    for dev in devices:
        builder.add_dev(dev)
    builder.rebalance(seed=1)
    for i in remove:
        builder.remove_dev(i)
    builder.rebalance(seed=2)
    return builder.get_ring()


def golden():
    """Names, formats and builders of the golden rings."""
    spread = [device(i, i % 3 + 1, i % 4, i % 5, 50.0 + 10 * i) for i in range(14)]
    yield 'three-zones', 1, lambda: build(6, 3, [device(i, 1, i % 3 + 1, i, meta='m\u00e9t\U0001f600a') for i in range(6)])
    yield 'fraction-and-holes', 1, lambda: build(7, 2.5, spread, remove=(3, 13))
    yield 'one-device', 1, lambda: build(0, 1, [device(0, 1, 1, 1)])
    yield 'ipv6', 1, lambda: build(5, 3.25, [device(i, 1, 1, i, ip='fe80::%x' % (i + 1), replication_ip='fe81::%x' % (i + 1),
                                                     replication_port=6300) for i in range(5)])
    yield 'two', 2, lambda: build(7, 3.25, spread, remove=(0,))
    wide = [device(70000 + i if i % 2 else i, i % 2 + 1, i % 3, i % 4) for i in range(9)]
    yield 'two-wide', 2, lambda: build(6, 2.75, wide, remove=(4,))


def names():
    for i in range(60):
        yield ['AUTH_t%d' % (i % 5), None if i % 20 == 7 else 'c/\u00fc%d' % (i % 3), None if i % 10 == 7 else 'o/%d \u2603' % i]


def main(verb, *args):
    if verb == 'formats':
        print(json.dumps(formats()))
    elif verb == 'lookup':
        with open(args[1]) as f:
            for line in lookups(args[0], json.load(f)):
                print(json.dumps(line))
    elif verb == 'rewrite':
        save(RingData.load(args[0]), args[1], int(args[2]))
    elif verb == 'golden':
        for name, version, make in golden():
            if version not in formats():
                continue
            data = make()
            path = os.path.join(os.path.abspath(args[0]), name)
            save(data, path + '.ring.gz', version)
            with open(path + '.json', 'w') as f:
                for name, found in zip(names(), lookups(path + '.ring.gz', list(names()))):
                    f.write(json.dumps([name] + found) + '\n')
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main(*sys.argv[1:])
