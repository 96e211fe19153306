#!/usr/bin/python3
"""Asks OpenStack Swift's own code. Standard input has questions, one a line in
JSON: ["conf", text of a swift.conf], ["read", affinity, [[region, zone]...]],
["write", affinity, [[region, zone]...]], ["count", text, replicas]. The answer to
each is a line in JSON; null stands for an error."""
import json
import os
import shutil
import sys
import tempfile
from configparser import ConfigParser, Error
from unittest import mock

import swift.common.utils as utils
from swift.common import constraints, storage_policy

try:
    import swift.common.utils.config as config
except ImportError:
    config = utils

# The codes that are installed do not matter.
storage_policy.VALID_EC_TYPES = ['isa_l_rs_vand', 'isa_l_rs_cauchy', 'liberasurecode_rs_vand', 'jerasure_rs_vand',
                                 'jerasure_rs_cauchy', 'flat_xor_hd_3', 'flat_xor_hd_4', 'shss', 'libphazr']
storage_policy.ECDriver = mock.MagicMock()
directory = tempfile.mkdtemp()
path = os.path.join(directory, 'swift.conf')


def conf(text):
    with open(path, 'w', encoding='utf-8', newline='') as f:
        f.write(text)
    utils.SWIFT_CONF_FILE = path
    utils.HASH_PATH_PREFIX = utils.HASH_PATH_SUFFIX = b''
    utils.validate_hash_conf()
    constraints.reload_constraints()
    parser = ConfigParser(strict=False)
    parser.read(path)
    policies = []
    for p in storage_policy.parse_storage_policies(parser):
        policies.append([p.idx, p.alias_list, p.is_default, p.is_deprecated] + (
            [p.ec_type, p.ec_ndata, p.ec_nparity, p.ec_segment_size, p.ec_duplication_factor]
            if hasattr(p, 'ec_type') else ['', 0, 0, 0, 0]))
    limits = dict(constraints.EFFECTIVE_CONSTRAINTS)
    limits.pop('max_request_line', None)  # not in older versions
    return {'prefix': utils.HASH_PATH_PREFIX.decode('latin1'), 'suffix': utils.HASH_PATH_SUFFIX.decode('latin1'),
            'limits': limits, 'policies': sorted(policies)}


def read(text, places):
    key = config.affinity_key_function(text)
    return [key({'region': r, 'zone': z}) for r, z in places]


def write(text, places):
    local = config.affinity_locality_predicate(text)
    return [local is not None and local({'region': r, 'zone': z}) for r, z in places]


def count(text, replicas):
    return config.config_request_node_count_value(text)(replicas)


for line in sys.stdin:
    function, *args = json.loads(line)
    try:
        answer = globals()[function](*args)
    except (Error, ValueError, KeyError, utils.InvalidHashPathConfigError, SystemExit, IndexError):
        answer = None
    print(json.dumps(answer))
shutil.rmtree(directory)
