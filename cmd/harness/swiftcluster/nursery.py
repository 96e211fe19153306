# SPDX-License-Identifier: Apache-2.0
"""The first process of a cluster's namespaces, and the parent of all its servers.

    nursery.py DIR PADDING

DIR/nursery.json says what to mount and which rings to build. The nursery imports
Swift once and forks a process for each server and daemon: a fork costs a hundredth
of a start of Python. It answers requests on DIR/run/control.sock, a JSON object a
line: see answer(). It reaps all children, also those of swift-init.

File descriptor 3 gets "ready" when requests are taken. Standard input is a pipe or
/dev/null: the end of a pipe ends the cluster, because the kernel kills all processes
of a namespace with its first one.
"""
import ctypes
import fcntl
import gc
import importlib
import json
import os
import resource
import runpy
import selectors
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
import traceback

MAX_REQUEST = 1 << 16      # bytes of a request
MAX_CHILDREN = 200         # at a time
MAX_TAIL = 1 << 14         # bytes of a child's output in an answer
MAX_LOG = 64 << 20         # bytes of swift.log; then it begins anew
START_SECONDS = 60         # until a server says that it is ready
STOP_SECONDS = 10          # between SIGTERM and SIGKILL

PRELOAD = """
swift.common.wsgi swift.common.daemon swift.common.manager swift.common.ring.builder
swift.account.server swift.account.replicator swift.account.auditor swift.account.reaper
swift.container.server swift.container.replicator swift.container.auditor swift.container.updater
swift.container.sync swift.container.sharder swift.container.reconciler
swift.obj.server swift.obj.replicator swift.obj.auditor swift.obj.updater swift.obj.reconstructor
swift.obj.expirer swift.proxy.server swift.common.middleware.recon swift.common.middleware.healthcheck
swift.common.middleware.memcache swift.common.middleware.tempauth swift.common.middleware.slo
swift.common.middleware.dlo swift.common.middleware.versioned_writes swift.common.middleware.symlink
swift.common.middleware.bulk swift.common.middleware.tempurl swift.common.middleware.formpost
swift.common.middleware.copy swift.common.middleware.staticweb swift.common.middleware.container_sync
pkg_resources paste.deploy
""".split()


class Nursery:
    def __init__(self, folder):
        self.folder = folder
        self.children = {}  # pid: Child
        self.arguments = argument_area()
        self.log = open(os.path.join(folder, 'log', 'swift.log'), 'ab', buffering=0)
        self.selector = selectors.DefaultSelector()

    def listen(self):
        run = os.path.join(self.folder, 'run')
        self.control = socket.socket(socket.AF_UNIX)
        self.control.bind(os.path.join(run, 'control.sock'))
        self.control.listen(64)
        self.notify_path = '/run/swift/notify.sock'
        self.notify = datagrams(self.notify_path)
        self.notify.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.syslog = datagrams('/run/swift/log.sock')
        self.wake, wake_end = socket.socketpair()
        for s in (self.control, self.notify, self.syslog, self.wake, wake_end):
            s.setblocking(False)
        signal.set_wakeup_fd(wake_end.fileno(), warn_on_full_buffer=False)
        self.wake_end = wake_end
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for source, handler in ((self.control, self.accept), (self.notify, self.notified),
                                (self.syslog, self.logged), (self.wake, self.woken)):
            self.selector.register(source, selectors.EVENT_READ, handler)
        if stat.S_ISFIFO(os.fstat(0).st_mode):
            self.selector.register(0, selectors.EVENT_READ, lambda: os._exit(0))

    def serve(self):
        os.write(3, b'ready\n')
        os.close(3)
        while True:
            for key, _ in self.selector.select(0.5):
                key.data()
            now = time.monotonic()
            for child in list(self.children.values()):
                if child.deadline and now > child.deadline:
                    child.deadline = None
                    kill_group(child.pid, signal.SIGKILL)

    def accept(self):
        connection, _ = self.control.accept()
        connection.settimeout(5)
        try:
            request = b''
            while not request.endswith(b'\n') and len(request) < MAX_REQUEST:
                more = connection.recv(MAX_REQUEST)
                if not more:
                    break
                request += more
            self.answer(connection, json.loads(request))
        except Exception as e:
            reply(connection, error=repr(e))

    def answer(self, connection, request):
        """Requests, by their member "do". Times are bounded by START_SECONDS and
        STOP_SECONDS, except for once.

            start   name, program, arguments, exec: forks; answers with the pid when ready
            once    the same; answers with the exit code and the output at the end
            signal  name, signal: to the process group
            stop    name: SIGTERM, SIGKILL later; answers at the end
            list    answers with names and pids

        A start or once with "early" has a line before the answer, with the pid.
        """
        do, name = request['do'], request.get('name')
        found = [c for c in self.children.values() if c.name == name]
        if do == 'list':
            reply(connection, servers={c.name: c.pid for c in self.children.values()})
        elif do in ('start', 'once'):
            if found:
                raise ValueError('%s runs already' % name)
            if len(self.children) >= MAX_CHILDREN:
                raise ValueError('%d processes run already' % MAX_CHILDREN)
            self.fork(connection, request)
        elif not found:
            raise ValueError('%s does not run' % name)
        elif do == 'signal':
            kill_group(found[0].pid, request['signal'])
            reply(connection, pid=found[0].pid)
        elif do == 'stop':
            found[0].waiting.append(connection)
            found[0].deadline = time.monotonic() + STOP_SECONDS
            kill_group(found[0].pid, signal.SIGTERM)
            kill_group(found[0].pid, signal.SIGCONT)
        else:
            raise ValueError('no request %s' % do)

    def fork(self, connection, request):
        name = request['name']
        out = os.path.join(self.folder, 'log', name.replace('/', '-') + '.out')
        pid = os.fork()
        if pid == 0:
            self.child(connection, request, out)
        child = Child(pid, name, out)
        self.children[pid] = child
        child.waiting.append(connection)
        if request.get('early'):
            connection.sendall(json.dumps({'pid': pid}).encode() + b'\n')
        if request['do'] == 'start':
            child.pid_file = os.path.join('/run/swift', name + '.pid')
            os.makedirs(os.path.dirname(child.pid_file), exist_ok=True)
            with open(child.pid_file, 'w') as f:
                f.write('%d\n' % pid)
            if request.get('exec'):
                child.is_ready()
            else:
                child.deadline = time.monotonic() + START_SECONDS

    def child(self, connection, request, out):
        code = 1
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.selector.close()
            for s in (self.control, self.notify, self.syslog, self.wake, self.wake_end, self.log, connection):
                s.close()
            for other in self.children.values():
                for s in other.waiting:
                    s.close()
            null = os.open(os.devnull, os.O_RDONLY)
            to = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(null, 0)
            os.dup2(to, 1)
            os.dup2(to, 2)
            program, arguments = request['program'], request.get('arguments', [])
            if request['do'] == 'start':
                os.environ['NOTIFY_SOCKET'] = self.notify_path
            path = shutil.which(program) or program
            if request.get('exec'):
                os.execv(path, [program] + arguments)
            sys.argv = [path] + arguments
            self.name_process(['/usr/bin/python3', path] + arguments)
            run(program, path)
            code = 0
        except SystemExit as e:
            code = e.code if isinstance(e.code, int) else 1 if e.code else 0
            if isinstance(e.code, str):
                print(e.code, file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        finally:
            for stream in (sys.stdout, sys.stderr):
                try:
                    stream.flush()
                except Exception:
                    pass
            os._exit(code)

    def name_process(self, arguments):
        """Shows the arguments in ps, and to swift-init, which looks there before it
        takes a process for its own. The text lies where the nursery's own was."""
        start, end = self.arguments
        text = b'\0'.join(a.encode() for a in arguments)[:end - start - 1]
        ctypes.memset(start, 0, end - start)
        ctypes.memmove(start, text, len(text))

    def notified(self):
        message, ancillary, _, _ = self.notify.recvmsg(256, socket.CMSG_SPACE(12))
        for _, kind, data in ancillary:
            if kind == socket.SCM_CREDENTIALS and message.startswith(b'READY=1'):
                child = self.children.get(struct.unpack('3i', data[:12])[0])
                if child:
                    child.is_ready()

    def logged(self):
        if self.log.tell() > MAX_LOG:
            self.log.truncate(0)
        line = self.syslog.recv(1 << 16).rstrip(b'\0\n')
        self.log.write(line.partition(b'>')[2] + b'\n')  # without <PRIORITY>

    def woken(self):
        self.wake.recv(1 << 12)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = self.children.pop(pid, None)
            if child:
                child.ended(os.waitstatus_to_exitcode(status))


class Child:
    def __init__(self, pid, name, out):
        self.pid, self.name, self.out = pid, name, out
        self.deadline = None
        self.pid_file = None
        self.waiting = []  # connections that want to know of the start or of the end

    def is_ready(self):
        self.deadline = None
        for connection in self.waiting:
            reply(connection, pid=self.pid)
        self.waiting = []

    def ended(self, code):
        if self.pid_file:
            try:
                os.unlink(self.pid_file)
            except FileNotFoundError:
                pass  # swift-init removes it too
        with open(self.out, 'rb') as f:
            f.seek(max(0, os.fstat(f.fileno()).st_size - MAX_TAIL))
            tail = f.read(MAX_TAIL).decode('utf8', 'replace')
        for connection in self.waiting:
            reply(connection, ended=True, code=code, output=tail)


def reply(connection, **members):
    try:
        connection.sendall(json.dumps(members).encode() + b'\n')
    except OSError:
        pass  # the asker has gone
    connection.close()


def kill_group(pid, number):
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        pass
    try:
        os.kill(pid, number)  # setsid may not have been called yet
    except ProcessLookupError:
        pass


def datagrams(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    return s


def run(program, path):
    """Runs a script, or the entry point of a checkout that has no scripts."""
    entry = ENTRIES.get(program)
    if not entry:
        runpy.run_path(path, run_name='__main__')
        return
    module, function = entry.split(':')
    sys.exit(getattr(importlib.import_module(module), function)())


def argument_area():
    """Returns the addresses of the process's arguments (proc(5): arg_start, arg_end)."""
    with open('/proc/self/stat') as f:
        fields = f.read().rsplit(')', 1)[1].split()
    return int(fields[45]), int(fields[46])


def loopback_up():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    flags = struct.pack('16sh', b'lo', 1)  # IFF_UP
    fcntl.ioctl(s, 0x8914, flags)          # SIOCSIFFLAGS
    s.close()
    with open('/proc/sys/net/unix/max_dgram_qlen', 'w') as f:
        f.write('512')


def mount(plan):
    subprocess.check_call(['mount', '--make-rprivate', '/'])
    subprocess.check_call(['mount', '-t', 'proc', 'proc', '/proc'])
    for point, what in plan.items():
        os.makedirs(point, exist_ok=True)
        if what.startswith('tmpfs:'):
            subprocess.check_call(['mount', '-t', 'tmpfs', '-o', 'size=' + what[6:], 'cluster', point])
        else:
            subprocess.check_call(['mount', '--bind', what, point])


def check_attributes(folder):
    """Swift keeps metadata in user attributes, of up to some ten KiB a file."""
    probe = os.path.join(folder, 'attributes')
    with open(probe, 'w') as f:
        os.setxattr(f.fileno(), 'user.swift.metadata', b'x' * 3000)
        try:
            os.setxattr(f.fileno(), 'user.swift.metadata1', b'x' * 30000)
        except OSError:
            print('the file system of', folder, 'takes little metadata a file: large headers will get 507')
    os.unlink(probe)


def build_rings(rings):
    from swift.common.ring import RingBuilder
    for ring in rings:
        builder = RingBuilder(ring['part_power'], ring['replicas'], 1)
        for device in ring['devices']:
            builder.add_dev(device)
        builder.rebalance(seed='cluster')
        builder.validate()
        base = os.path.join('/etc/swift', ring['name'])
        builder.save(base + '.builder')
        builder.get_ring().save(base + '.ring.gz')


def main():
    global ENTRIES
    folder = sys.argv[1]
    sys.path.pop(0)  # the folder of this file
    with open(os.path.join(folder, 'nursery.json')) as f:
        plan = json.load(f)
    ENTRIES = plan.get('entries') or {}
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    mount(plan['mounts'])
    loopback_up()
    check_attributes('/srv')
    for path in plan['folders']:
        os.makedirs(path, exist_ok=True)
    nursery = Nursery(folder)
    nursery.listen()
    build_rings(plan['rings'])
    for module in PRELOAD:
        try:
            importlib.import_module(module)
        except ImportError as e:
            print('not loaded beforehand:', module, e)
    gc.collect()
    gc.freeze()
    nursery.serve()


main()
