# SPDX-License-Identifier: Apache-2.0
"""A plugin of pytest for Swift's probe tests: the nursery forks the servers.

The tests start thirteen servers each, with swift.common.manager. A fork of the
nursery (swiftcluster/nursery.py) takes a hundredth of the time of a new Python.
Programs that stand in for Swift's, in the cluster's own folder bin, start as they do
without the plugin.
"""
import itertools
import json
import os
import shutil
import socket

from swift.common import manager
from swift.common.utils import write_file

plain_spawn = manager.Server.spawn
serial = itertools.count()


class Forked:
    """What manager.Server wants of subprocess.Popen, behind a connection to the nursery."""

    def __init__(self, request):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.connect('/run/swift/control.sock')
        self.connection.sendall(json.dumps(request).encode() + b'\n')
        self.lines = self.connection.makefile('rb')
        first = json.loads(self.lines.readline())
        if 'error' in first:
            raise OSError(first['error'])
        self.pid = first['pid']
        self.returncode = None
        self.stdout = self

    closed = False

    def read(self):
        """Returns the output of a process that has ended, and nothing once it is ready."""
        answer = json.loads(self.lines.readline())
        if not answer.get('ended'):
            return b''
        self.returncode = answer['code']
        return answer['output'].encode()

    def close(self):
        self.closed = True
        self.lines.close()
        self.connection.close()

    def poll(self):
        return self.returncode

    def wait(self):
        return self.returncode


def spawn(self, conf_file, once=False, wait=True, daemon=True, additional_args=None, **kwargs):
    path = shutil.which(self.cmd)
    if not daemon or not path or os.path.realpath(path) not in FORKED:
        return plain_spawn(self, conf_file, once, wait, daemon, additional_args, **kwargs)
    arguments = [conf_file] + (['once'] if once else [])
    if additional_args:
        arguments += [additional_args] if isinstance(additional_args, str) else additional_args
    process = Forked({'do': 'once' if once else 'start', 'early': True, 'program': self.cmd, 'arguments': arguments,
                      'name': 'probe-%d-%s' % (next(serial), self.server)})
    write_file(self.get_pid_file_name(conf_file), process.pid)
    if wait:
        self.procs.append(process)
    return process.pid


def programs():
    """The programs that are Swift's own: on the path but not in the folder bin, or in
    that folder and written for a checkout."""
    found = set()
    for server in manager.ALL_SERVERS:
        path = shutil.which('swift-' + server)
        if path:
            with open(path, 'rb') as f:
                if b'python3' in f.read(4096):
                    found.add(os.path.realpath(path))
    return found


FORKED = programs()
manager.Server.spawn = spawn
