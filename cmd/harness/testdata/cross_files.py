# SPDX-License-Identifier: Apache-2.0
"""Tells of all files of objects on a cluster's devices: a JSON object a line, with
path, size, MD5 and metadata as Swift reads the metadata. Files in quarantine and
updates that wait have their paths alone. Swift's own notes are left out."""
import hashlib
import json
import os
import sys

from swift.obj.diskfile import read_metadata


def text(value):
    return value.decode('utf8', 'surrogateescape') if isinstance(value, bytes) else str(value)


def tell(path):
    digest, size = hashlib.md5(), 0
    with open(path, 'rb') as f:
        while True:
            block = f.read(1 << 20)
            if not block:
                break
            size += len(block)
            digest.update(block)
        metadata = {text(k): text(v) for k, v in read_metadata(f).items()}
    return {'path': path, 'size': size, 'md5': digest.hexdigest(), 'metadata': metadata}


for folder, _, names in os.walk('/srv'):
    part = folder.split('/')  # '', srv, N, node, DEVICE, objects-N, PARTITION, SUFFIX, HASH
    kind = part[5].split('-')[0] if len(part) > 5 else ''
    for name in names:
        path = os.path.join(folder, name)
        if kind in ('quarantined', 'async_pending'):
            print(json.dumps({'path': path}))
        elif kind == 'objects' and len(part) == 9:
            print(json.dumps(tell(path)))
sys.stdout.flush()
